"""Sign-in: both factors judged in one transaction, failures counted, a session opened."""

import logging
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from http import HTTPStatus
from threading import BoundedSemaphore

import sqlalchemy as sa

from cloud import database, storage
from cloud.clock import Now, day_in_tokyo
from cloud.credentials import hash_of, write_hash
from cloud.factors import Verdict, open_factors
from cloud.factors.desk import FactorDesk, Proof
from cloud.lockouts import Lockouts
from cloud.passwords import Passwords, password_is_right
from cloud.problems import ProblemError, sign_in_again
from cloud.seen import Seen, seen_of
from cloud.sign_in_rules import DEFAULT_RULES, SignInRules
from cloud.staff import Clerk, Standing, standing_of
from cloud.tokens import Token, Tokens, take_turn

_log = logging.getLogger(__name__)
_AT_ONCE, _WAITING = (
    2,
    12,
)  # hashes of passwords; strangers' guesses must not take the threads of everybody's calls
_hashing, _here = BoundedSemaphore(_AT_ONCE), BoundedSemaphore(_AT_ONCE + _WAITING)


@dataclass(frozen=True, slots=True)
class Opened:
    """A session just opened, and what the terminal needs to let the same person in without the cloud."""

    clerk: Clerk
    token: Token
    lease_until: datetime
    totp_seed: bytes | None = field(repr=False)
    totp_step: int | None
    deposit: bytes | None = field(repr=False)
    seen: Seen
    now: datetime


@contextmanager
def _in_turn() -> Iterator[None]:
    """Wait for a turn at hashing; problem 503 where too many wait already."""
    if not _here.acquire(blocking=False):
        raise ProblemError(HTTPStatus.SERVICE_UNAVAILABLE, "link.busy")
    try:
        with _hashing:
            yield
    finally:
        _here.release()


@dataclass(frozen=True, slots=True)
class _Attempt:
    """Somebody at a terminal who says who they are."""

    terminal_no: str
    staff_id: str
    proof: Proof
    now: datetime
    right_hash: str | None = field(repr=False)  # the one the password was found right for
    rehashed: str | None = field(repr=False)


class SignInDesk:
    """Where people of one municipality sign in. For an id nobody has the same is done, and takes as long."""

    def __init__(
        self, engine: sa.Engine, municipality: str, now: Now, rules: SignInRules = DEFAULT_RULES
    ) -> None:
        self._engine = engine
        self._municipality = municipality
        self._now = now
        self._rules = rules
        self._passwords = Passwords(rules)
        self._lockouts = Lockouts(municipality, rules)
        self._tokens = Tokens(municipality, rules)
        self._factors = FactorDesk(municipality, open_factors(rules), rules)

    def challenge(
        self, terminal_no: str, staff_id: str, kind: str
    ) -> tuple[Mapping[str, object] | None, datetime]:
        """Ask a second factor of somebody, known or not; returns what it is asked, and until when it may answer."""
        now = self._now()
        self._factors.factor(kind)
        with database.writing(self._engine) as connection:
            take_turn(connection, self._municipality)
            if locked := self._lockouts.locked(connection, terminal_no, staff_id, now):
                raise locked
            return self._factors.ask(connection, terminal_no, staff_id, kind, now)

    def open(self, terminal_no: str, staff_id: str, password: str, proof: Proof) -> Opened:
        """Check both factors and open a session; a problem never says which factor was wrong."""
        now = self._now()
        self._factors.factor(proof.kind)
        with database.reading(self._engine) as connection:
            if locked := self._lockouts.locked(connection, terminal_no, staff_id, now):
                raise locked
            known = hash_of(connection, self._municipality, staff_id)
        # Slow on purpose, so before the transaction: nobody waits for it, and the counters are read again inside.
        with _in_turn():
            right = known if password_is_right(known or self._passwords.nobody, password) else None
            rehashed = self._passwords.hashed_anew(right, password) if right else None
        attempt = _Attempt(terminal_no, staff_id, proof, now, right, rehashed)
        with database.writing(self._engine) as connection:
            take_turn(connection, self._municipality)
            outcome = self._judge(connection, attempt)
        if isinstance(outcome, ProblemError):
            raise outcome  # only now: the count of failures is safe
        return outcome

    def _judge(self, connection: sa.Connection, attempt: _Attempt) -> Opened | ProblemError:
        """Open a session, or return the refusal; writes failures and what factors keep."""
        now, staff_id, terminal_no = attempt.now, attempt.staff_id, attempt.terminal_no
        if locked := self._lockouts.locked(connection, terminal_no, staff_id, now):
            return locked
        checked = self._factors.check(connection, terminal_no, staff_id, attempt.proof, now)
        standing = standing_of(connection, self._municipality, staff_id, day_in_tokyo(now))
        unchanged = attempt.right_hash == hash_of(connection, self._municipality, staff_id)
        if checked.verdict is Verdict.CLONED:
            _log.warning("a second factor of %s was shown with an old counter: copied?", staff_id)
        elif attempt.right_hash and unchanged and standing and checked.verdict is Verdict.USED:
            return sign_in_again("sign_in.code_used")
        elif attempt.right_hash and unchanged and standing and checked.verdict is Verdict.GOOD:
            self._factors.keep(connection, staff_id, attempt.proof.kind, checked.state)
            self._lockouts.forget(connection, staff_id, terminal_no)
            if attempt.rehashed:
                write_hash(connection, self._municipality, staff_id, attempt.rehashed)
            return self._begin(connection, attempt, standing)
        return self._lockouts.failure(connection, terminal_no, staff_id, now)

    def _begin(self, connection: sa.Connection, attempt: _Attempt, standing: Standing) -> Opened:
        now, machines = attempt.now, storage.terminal
        token = self._tokens.begin(
            connection,
            attempt.staff_id,
            attempt.terminal_no,
            attempt.proof.kind,
            now=now,
            latest=standing.ends(),
        )
        deposit = sa.select(machines.c.deposit).where(
            machines.c.municipality == self._municipality, machines.c.terminal_no == attempt.terminal_no
        )
        totp = self._factors.enrolled(connection, attempt.staff_id, "totp")
        lease, lease_end = now + self._rules.lease, standing.lease_end()
        return Opened(
            clerk=standing.clerk,
            token=token,
            lease_until=min(lease, lease_end) if lease_end else lease,
            totp_seed=totp.secret if totp else None,
            totp_step=int(totp.state) if totp else None,
            deposit=connection.execute(deposit).scalar_one_or_none(),
            seen=seen_of(connection, self._municipality, attempt.terminal_no),
            now=now,
        )
