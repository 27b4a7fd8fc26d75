"""Sessions of persons after sign-in: who holds a token, its renewal, a new password, the end."""

import logging
from datetime import datetime
from http import HTTPStatus

import sqlalchemy as sa

from cloud import database
from cloud.clock import Now, day_in_tokyo
from cloud.credentials import hash_of, past_hashes, set_password
from cloud.lockouts import Lockouts
from cloud.passwords import Passwords, password_is_right
from cloud.problems import ProblemError, sign_in_again
from cloud.sign_in_rules import DEFAULT_RULES, SignInRules
from cloud.staff import Clerk, Standing, standing_of
from cloud.tokens import Held, Token, Tokens, end_sessions, take_turn

_log = logging.getLogger(__name__)
_Good = tuple[Held, Standing]


class Sessions:
    """Sessions of one municipality."""

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

    def clerk(self, terminal_no: str, token: str) -> Clerk:
        """Return who holds a token on this terminal; problem ``sign_in.expired``, with the reason, otherwise.

        Rights are those of this moment: what was taken from a person is gone with their next call.
        """
        now = self._now()
        with database.reading(self._engine) as connection:
            held = self._tokens.held(connection, token)
            standing = held and self._standing(connection, held.staff_id, now)
        if (
            held
            and standing
            and held.is_confirmed
            and held.terminal_no == terminal_no
            and not held.ended(now)
        ):
            return standing.clerk
        return self._with_turn(terminal_no, token, now)[1].clerk

    def renew(self, terminal_no: str, token: str) -> Token:
        """Return a new token of the same session; problem ``sign_in.expired`` where there is nothing to renew."""
        return self.renewed(terminal_no, token)[0]

    def renewed(self, terminal_no: str, token: str) -> tuple[Token, Clerk]:
        """Return a new token of the same session, and who goes on with which rights; problem as ``renew``."""
        now, fresh = self._now(), None
        with database.writing(self._engine) as connection:
            take_turn(connection, self._municipality)
            good = self._good(connection, terminal_no, token, now)
            if not isinstance(good, ProblemError):
                fresh = self._tokens.renew(connection, good[0], now, good[1].ends())
        if isinstance(good, ProblemError):
            raise good
        if fresh is None:
            raise sign_in_again("sign_in.expired", reason="renewed")
        return fresh, good[1].clerk

    def close(self, terminal_no: str, token: str) -> None:
        """End a session; the problem of a token that is not good."""
        now = self._now()
        with database.writing(self._engine) as connection:
            take_turn(connection, self._municipality)
            good = self._good(connection, terminal_no, token, now)
            if not isinstance(good, ProblemError):
                self._tokens.end(connection, good[0].session_id, "signed_out", now)
        if isinstance(good, ProblemError):
            raise good

    def change_password(self, terminal_no: str, token: str, old: str, new: str) -> None:
        """Set a password of the person's own choice and end their other sessions.

        Problems: ``sign_in.wrong_secret`` and ``sign_in.locked_out`` as at sign-in, ``refused.password`` (reason).
        """
        now, staff_id = self._now(), self.clerk(terminal_no, token).staff_id
        with database.reading(self._engine) as connection:
            if locked := self._lockouts.locked(connection, terminal_no, staff_id, now):
                raise locked
            past = past_hashes(connection, self._municipality, staff_id)
        is_right = password_is_right(past[0], old)
        objection = self._passwords.objection(staff_id, new, past) if is_right else None
        hashed = self._passwords.hashed(new)
        with database.writing(self._engine) as connection:
            take_turn(connection, self._municipality)
            good = self._good(connection, terminal_no, token, now)
            refusal = good if isinstance(good, ProblemError) else None
            if refusal is None and not (
                is_right and past[0] == hash_of(connection, self._municipality, staff_id)
            ):
                refusal = self._lockouts.failure(connection, terminal_no, staff_id, now)
            if refusal is None and objection:
                refusal = ProblemError(HTTPStatus.FORBIDDEN, "refused.password", reason=objection)
            if refusal is None:
                self._set_password(connection, staff_id, hashed, now)
                keep = "" if isinstance(good, ProblemError) else good[0].session_id
                end_sessions(connection, self._municipality, staff_id, "password", now, but=keep)
        if refusal is not None:
            raise refusal

    def _set_password(self, connection: sa.Connection, staff_id: str, hashed: str, now: datetime) -> None:
        today = day_in_tokyo(now)
        set_password(connection, self._municipality, staff_id, hashed, rules=self._rules, today=today)
        self._lockouts.forget_all(connection, staff_id)

    def _with_turn(self, terminal_no: str, token: str, now: datetime) -> _Good:
        with database.writing(self._engine) as connection:
            take_turn(connection, self._municipality)
            good = self._good(connection, terminal_no, token, now)
        if isinstance(good, ProblemError):
            raise good  # only now: what was noted about the session is safe
        return good

    def _good(
        self, connection: sa.Connection, terminal_no: str, token: str, now: datetime
    ) -> _Good | ProblemError:
        """Return a token that is good here and now, or the problem; ends a session that must end for it."""
        held = self._tokens.held(connection, token)
        if held is None:
            return sign_in_again("sign_in.expired")
        if held.terminal_no != terminal_no:
            return self._stolen(connection, held, terminal_no, now)
        if why := held.ended(now):
            return sign_in_again("sign_in.expired", reason=why)
        standing = self._standing(connection, held.staff_id, now)
        if standing is None:
            self._tokens.end(connection, held.session_id, "left", now)
            return sign_in_again("sign_in.expired", reason="ended")
        if not held.is_confirmed:
            self._tokens.confirm(connection, held, now)
        return held, standing

    def _stolen(self, connection: sa.Connection, held: Held, terminal_no: str, now: datetime) -> ProblemError:
        """End a session whose token another terminal shows: 32 random bytes are not guessed, so it was taken."""
        _log.warning("a token of %s was shown by %s: session ended", held.terminal_no, terminal_no)
        self._tokens.end(connection, held.session_id, "other_terminal", now, shown_by=terminal_no)
        return sign_in_again("sign_in.expired", reason="ended")

    def _standing(self, connection: sa.Connection, staff_id: str, now: datetime) -> Standing | None:
        return standing_of(connection, self._municipality, staff_id, day_in_tokyo(now))
