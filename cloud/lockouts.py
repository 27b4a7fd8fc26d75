"""Wrong secrets are counted, by person and by terminal: guessing at one id, or one password at many ids, is stopped.

An id nobody has is counted as well, or the lock-out would tell which ids there are. It is counted under two bytes of
its hash: what is typed there may be a password, and is not kept.

The back office's page has no terminal that proves itself: anybody on the network may guess there. So its guesses are
counted by person only, apart from those at counters, and apart for each browser that signed this person in before:
a stranger's guesses keep neither a clerk from the counter nor an officer from the browser at the officer's own desk.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import sha256
from math import ceil

import sqlalchemy as sa

from cloud import storage
from cloud.clock import read_stamp, stamp
from cloud.credentials import hash_of
from cloud.problems import ProblemError, sign_in_again
from cloud.sign_in_rules import SignInRules

_FOR_GOOD = timedelta(days=36500)
OFFICE = "office"  # begins what stands in place of a terminal's number at the office's page


@dataclass(frozen=True, slots=True)
class Counter:
    """What is counted together: the wrong secrets of a person, at a terminal, or of a person at the office's page."""

    whose: str  # person | terminal | officer
    name: str
    allowed: int
    quiet: timedelta  # without a failure, after which all is forgotten


class Lockouts:
    """The counters of one municipality; every method inside a transaction."""

    def __init__(self, municipality: str, rules: SignInRules) -> None:
        self._municipality = municipality
        self._rules = rules

    def locked(
        self, connection: sa.Connection, terminal_no: str, staff_id: str, now: datetime
    ) -> ProblemError | None:
        """Return the refusal to even look at a secret, or None."""
        counters = self._counters(connection, terminal_no, staff_id)
        ends = [line.locked_until for one in counters if (line := self._line(connection, one)) is not None]
        left = max(((read_stamp(end) - now).total_seconds() for end in ends if end), default=0)
        return sign_in_again("sign_in.locked_out", minutes=ceil(left / 60)) if left > 0 else None

    def failure(
        self, connection: sa.Connection, terminal_no: str, staff_id: str, now: datetime
    ) -> ProblemError:
        """Count a failure, of the person and at the terminal; returns what is answered."""
        for one in self._counters(connection, terminal_no, staff_id):
            self._count(connection, one, now)
        locked = self.locked(connection, terminal_no, staff_id, now)
        return locked or sign_in_again("sign_in.wrong_secret")

    def forget(self, connection: sa.Connection, staff_id: str, terminal_no: str) -> None:
        """Forget a person's failures; those at the terminal stand, or one's own sign-in would hide guessing."""
        self._clear(connection, self._of_person(connection, staff_id, terminal_no))

    def forget_all(self, connection: sa.Connection, staff_id: str) -> None:
        """Forget a person's failures wherever they were made."""
        self._clear(connection, self._of_person(connection, staff_id, ""))
        table = storage.sign_in_count
        pages = sa.and_(
            table.c.municipality == self._municipality,
            table.c.whose == "officer",
            table.c.name.startswith(f"{staff_id} {OFFICE}", autoescape=True),
        )
        connection.execute(sa.delete(table).where(pages))

    def _counters(self, connection: sa.Connection, terminal_no: str, staff_id: str) -> tuple[Counter, ...]:
        rules, person = self._rules, self._of_person(connection, staff_id, terminal_no)
        if person.whose == "officer":
            return (person,)
        terminal = Counter("terminal", terminal_no, rules.terminal_failures_allowed, rules.terminal_quiet)
        return person, terminal

    def _of_person(self, connection: sa.Connection, staff_id: str, terminal_no: str) -> Counter:
        known = hash_of(connection, self._municipality, staff_id) is not None
        name = staff_id if known else "?" + sha256(staff_id.encode("utf-8", "surrogatepass")).hexdigest()[:4]
        if terminal_no.startswith(OFFICE):
            return Counter("officer", f"{name} {terminal_no}", self._rules.failures_allowed, _FOR_GOOD)
        return Counter("person", name, self._rules.failures_allowed, _FOR_GOOD)

    def _count(self, connection: sa.Connection, counter: Counter, now: datetime) -> None:
        line = self._line(connection, counter)
        failures, lockouts = (line.failures, line.lockouts) if line else (0, 0)
        if line and read_stamp(line.locked_until or line.last_at) + counter.quiet <= now:
            failures, lockouts = 0, 0
        at, failures = stamp(now), failures + 1
        values = {"failures": failures, "lockouts": lockouts, "last_at": at, "locked_until": None}
        if failures >= counter.allowed:
            term = min(self._rules.first_lock * 2**lockouts, self._rules.longest_lock)
            values |= {"failures": 0, "lockouts": lockouts + 1, "locked_until": stamp(now + term)}
        self._clear(connection, counter)
        mine = {"municipality": self._municipality, "whose": counter.whose, "name": counter.name}
        connection.execute(sa.insert(storage.sign_in_count), [mine | values])

    def _clear(self, connection: sa.Connection, counter: Counter) -> None:
        connection.execute(sa.delete(storage.sign_in_count).where(self._here(counter)))

    def _line(self, connection: sa.Connection, counter: Counter) -> sa.Row[tuple[object, ...]] | None:
        query = sa.select(storage.sign_in_count).where(self._here(counter))
        return connection.execute(query).one_or_none()

    def _here(self, counter: Counter) -> sa.ColumnElement[bool]:
        table = storage.sign_in_count
        return sa.and_(
            table.c.municipality == self._municipality,
            table.c.whose == counter.whose,
            table.c.name == counter.name,
        )
