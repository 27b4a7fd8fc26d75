"""Sign-in of persons: both factors, lockout, and access tokens bound to the terminal."""

import secrets
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from hashlib import sha256
from math import ceil

import sqlalchemy as sa

from cloud import storage
from cloud.clock import Now, day_in_tokyo, read_stamp, stamp
from cloud.problems import sign_in_again
from cloud.seen import Seen, seen_of
from cloud.staff import Clerk, clerk_of, password_is_right
from cloud.totp import matching_step

SESSION = timedelta(hours=8)
LEASE = timedelta(days=7)
FAILURES_ALLOWED = 5
FIRST_LOCK = timedelta(minutes=5)
LONGEST_LOCK = timedelta(minutes=60)
_LOCKED = "sign_in.locked_out"


@dataclass(frozen=True, slots=True)
class Opened:
    """A session just opened, and what the terminal needs to let the same person in without the cloud."""

    clerk: Clerk
    access_token: str = field(repr=False)
    expires_at: datetime
    lease_until: datetime
    totp_seed: bytes = field(repr=False)
    totp_step: int
    deposit: bytes | None = field(repr=False)
    seen: Seen
    now: datetime


class Sessions:
    """Sessions of one municipality."""

    def __init__(self, engine: sa.Engine, municipality: str, now: Now) -> None:
        self._engine = engine
        self._municipality = municipality
        self._now = now

    def open(self, terminal_no: str, staff_id: str, password: str, code: str) -> Opened:
        """Check both factors and open a session; a problem never says which factor was wrong."""
        now = self._now()
        known = self._locked_or_hash(staff_id, now)
        if known == _LOCKED:
            raise sign_in_again(_LOCKED, **self._minutes_locked(staff_id, now))
        # Slow on purpose, so before the transaction: nobody waits for it, and the counters are read again inside.
        right = password_is_right(known, password)
        with storage.writing(self._engine) as connection:
            refusal = self._check(connection, staff_id, known if right else None, code, now)
            opened = (
                None if isinstance(refusal, str) else self._begin(connection, terminal_no, staff_id, refusal)
            )
        if opened is None:  # raised only after the count of failures is safe
            raise sign_in_again(str(refusal), **self._minutes_locked(staff_id, now))
        return opened

    def _locked_or_hash(self, staff_id: str, now: datetime) -> str | None:
        """Return the hash to hold a password against, ``_LOCKED``, or None where nobody has this id."""
        people = storage.staff
        query = sa.select(people.c.password_hash, people.c.locked_until).where(self._person(staff_id))
        with storage.reading(self._engine) as connection:
            person = connection.execute(query).one_or_none()
        if person is None:
            return None
        is_locked = person.locked_until and read_stamp(person.locked_until) > now
        return _LOCKED if is_locked else str(person.password_hash)

    def _person(self, staff_id: str) -> sa.ColumnElement[bool]:
        people = storage.staff
        return sa.and_(people.c.municipality == self._municipality, people.c.staff_id == staff_id)

    def _check(
        self, connection: sa.Connection, staff_id: str, right_hash: str | None, code: str, now: datetime
    ) -> str | int:
        """Return the TOTP step used, or the code of the refusal; writes failures and steps.

        ``right_hash`` is the one the password was found right for; it counts while the person still has it.
        """
        people, here = storage.staff, self._person(staff_id)
        person = connection.execute(sa.select(people).where(here).with_for_update()).one_or_none()
        if person is None:
            return "sign_in.wrong_secret"
        if person.locked_until and read_stamp(person.locked_until) > now:
            return _LOCKED
        step = matching_step(person.totp_seed, code, now)
        if right_hash != person.password_hash or step is None:
            return self._count_failure(connection, here, person, now)
        if step <= person.totp_last_step:
            return "sign_in.code_used"
        fresh = {"totp_last_step": step, "failures": 0, "lockouts": 0, "locked_until": None}
        connection.execute(sa.update(people).where(here).values(fresh))
        return step

    def _count_failure(
        self,
        connection: sa.Connection,
        here: sa.ColumnElement[bool],
        person: sa.Row[tuple[object, ...]],
        now: datetime,
    ) -> str:
        failures = person.failures + 1
        values: dict[str, object] = {"failures": failures}
        if failures >= FAILURES_ALLOWED:
            term = min(FIRST_LOCK * 2**person.lockouts, LONGEST_LOCK)
            values = {"failures": 0, "lockouts": person.lockouts + 1, "locked_until": stamp(now + term)}
        connection.execute(sa.update(storage.staff).where(here).values(values))
        return _LOCKED if "locked_until" in values else "sign_in.wrong_secret"

    def _minutes_locked(self, staff_id: str, now: datetime) -> dict[str, object]:
        people = storage.staff
        query = sa.select(people.c.locked_until).where(
            people.c.municipality == self._municipality, people.c.staff_id == staff_id
        )
        with storage.reading(self._engine) as connection:
            until = connection.execute(query).scalar_one_or_none()
        if until is None or read_stamp(until) <= now:
            return {}
        return {"minutes": ceil((read_stamp(until) - now).total_seconds() / 60)}

    def _begin(self, connection: sa.Connection, terminal_no: str, staff_id: str, step: int) -> Opened:
        now = self._now()
        clerk = clerk_of(connection, self._municipality, staff_id, day_in_tokyo(now))
        if clerk is None:
            raise sign_in_again("sign_in.wrong_secret")
        token = secrets.token_urlsafe(32)
        expires = now + SESSION
        line = {
            "municipality": self._municipality,
            "token_hash": _hash(token),
            "staff_id": staff_id,
            "terminal_no": terminal_no,
            "made_at": stamp(now),
            "expires_at": stamp(expires),
        }
        connection.execute(sa.insert(storage.session), [line])
        people, machines = storage.staff, storage.terminal
        seed = sa.select(people.c.totp_seed).where(
            people.c.municipality == self._municipality, people.c.staff_id == staff_id
        )
        deposit = sa.select(machines.c.deposit).where(
            machines.c.municipality == self._municipality, machines.c.terminal_no == terminal_no
        )
        return Opened(
            clerk=clerk,
            access_token=token,
            expires_at=expires,
            lease_until=now + LEASE,
            totp_seed=connection.execute(seed).scalar_one(),
            totp_step=step,
            deposit=connection.execute(deposit).scalar_one_or_none(),
            seen=seen_of(connection, self._municipality, terminal_no),
            now=now,
        )

    def clerk(self, terminal_no: str, token: str) -> Clerk:
        """Return who holds a token on this terminal; problem ``sign_in.expired`` otherwise."""
        now = self._now()
        table = storage.session
        with storage.reading(self._engine) as connection:
            staff_id = connection.execute(
                sa.select(table.c.staff_id).where(
                    self._of(table, token),
                    table.c.terminal_no == terminal_no,
                    table.c.expires_at > stamp(now),
                )
            ).scalar_one_or_none()
            clerk = staff_id and clerk_of(connection, self._municipality, staff_id, day_in_tokyo(now))
        if not clerk:
            raise sign_in_again("sign_in.expired")
        return clerk

    def close(self, token: str) -> None:
        """End a session."""
        with storage.writing(self._engine) as connection:
            connection.execute(sa.delete(storage.session).where(self._of(storage.session, token)))

    def _of(self, table: sa.Table, token: str) -> sa.ColumnElement[bool]:
        return sa.and_(table.c.municipality == self._municipality, table.c.token_hash == _hash(token))


def _hash(token: str) -> str:
    return sha256(token.encode("utf-8")).hexdigest()
