"""Sessions and their access tokens in the database: tokens as hashes only, renewed one after the other.

A renewed token ends some seconds after its successor is first used, not when it was renewed: an answer that was lost
throws nobody out, the same renewal is asked again and brings another good token. Of several successors the one that is
used stays. So at any time one token is in use.
"""

import secrets
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from hashlib import sha256

import sqlalchemy as sa

from cloud import storage
from cloud.clock import read_stamp, stamp
from cloud.sign_in_rules import SignInRules

_REMEMBERED = timedelta(days=1)  # how long an ended token can still be told why it ended


@dataclass(frozen=True, slots=True)
class Token:
    """An access token just made: until when it works, and until when its session may be renewed."""

    value: str = field(repr=False)
    expires_at: datetime
    session_until: datetime


@dataclass(frozen=True, slots=True)
class Held:
    """A token that was shown, with its session."""

    token_hash: str = field(repr=False)
    replaces: str | None = field(repr=False)
    is_confirmed: bool
    expires_at: datetime
    session_id: str
    session_until: datetime
    staff_id: str
    terminal_no: str
    end_reason: str | None

    def ended(self, now: datetime) -> str | None:
        """Return why the token is good no more, or None: ended (by somebody), over (its time), idle."""
        if self.end_reason:
            return "ended"
        if self.session_until <= now:
            return "over"
        return "idle" if self.expires_at <= now else None


class Tokens:
    """Sessions and tokens of one municipality; every method inside a transaction."""

    def __init__(self, municipality: str, rules: SignInRules) -> None:
        self._municipality = municipality
        self._rules = rules

    def begin(
        self,
        connection: sa.Connection,
        staff_id: str,
        terminal_no: str,
        factor: str,
        *,
        now: datetime,
        latest: datetime | None,
    ) -> Token:
        """Open a session, never longer than ``latest``."""
        self._forget_old(connection, now)
        until = _earlier(now + self._rules.session_life, latest)
        session_id = secrets.token_hex(16)
        line = {
            "municipality": self._municipality,
            "session_id": session_id,
            "staff_id": staff_id,
            "terminal_no": terminal_no,
            "factor": factor,
            "made_at": stamp(now),
            "ends_at": stamp(until),
        }
        connection.execute(sa.insert(storage.session), [line])
        return self._make(connection, session_id, until, now, used_at=stamp(now))

    def held(self, connection: sa.Connection, token: str) -> Held | None:
        """Return a token with its session, ended or not; None where it is none of ours."""
        tokens, sessions = storage.access_token, storage.session
        query = (
            sa.select(
                tokens.c.token_hash,
                tokens.c.replaces,
                tokens.c.used_at,
                tokens.c.expires_at,
                sessions.c.session_id,
                sessions.c.ends_at,
                sessions.c.staff_id,
                sessions.c.terminal_no,
                sessions.c.end_reason,
            )
            .join_from(
                tokens,
                sessions,
                sa.and_(
                    tokens.c.municipality == sessions.c.municipality,
                    tokens.c.session_id == sessions.c.session_id,
                ),
            )
            .where(self._mine(tokens), tokens.c.token_hash == _hash(token))
        )
        line = connection.execute(query).one_or_none()
        return line and Held(
            token_hash=line.token_hash,
            replaces=line.replaces,
            is_confirmed=line.used_at is not None,
            expires_at=read_stamp(line.expires_at),
            session_id=line.session_id,
            session_until=read_stamp(line.ends_at),
            staff_id=line.staff_id,
            terminal_no=line.terminal_no,
            end_reason=line.end_reason,
        )

    def renew(
        self, connection: sa.Connection, held: Held, now: datetime, latest: datetime | None
    ) -> Token | None:
        """Return a successor of a good token; None where one is in use already: two hold the same token."""
        table = storage.access_token
        taken = sa.select(table.c.token_hash).where(
            self._mine(table), table.c.replaces == held.token_hash, table.c.used_at.is_not(None)
        )
        if connection.execute(taken).first() is not None:
            return None
        until = _earlier(held.session_until, latest)
        return self._make(connection, held.session_id, until, now, replaces=held.token_hash)

    def confirm(self, connection: sa.Connection, held: Held, now: datetime) -> None:
        """Note that a successor has arrived: the one before ends soon, others made for the same answer at once."""
        table = storage.access_token
        here, siblings = self._token(held.token_hash), table.c.replaces == held.replaces
        connection.execute(sa.update(table).where(here).values(used_at=stamp(now)))
        connection.execute(sa.delete(table).where(self._mine(table), siblings, table.c.used_at.is_(None)))
        soon = stamp(now + self._rules.handover)
        before = sa.and_(self._token(str(held.replaces)), table.c.expires_at > soon)
        connection.execute(sa.update(table).where(before).values(expires_at=soon))

    def end(
        self,
        connection: sa.Connection,
        session_id: str,
        reason: str,
        now: datetime,
        shown_by: str | None = None,
    ) -> None:
        """End a session that has not ended."""
        table = storage.session
        here = sa.and_(self._mine(table), table.c.session_id == session_id, table.c.ended_at.is_(None))
        values = {"ended_at": stamp(now), "end_reason": reason, "shown_by": shown_by}
        connection.execute(sa.update(table).where(here).values(values))

    def _make(
        self,
        connection: sa.Connection,
        session_id: str,
        until: datetime,
        now: datetime,
        *,
        replaces: str | None = None,
        used_at: str | None = None,
    ) -> Token:
        value, expires = secrets.token_urlsafe(32), min(now + self._rules.token_life, until)
        line = {
            "municipality": self._municipality,
            "token_hash": _hash(value),
            "session_id": session_id,
            "replaces": replaces,
            "made_at": stamp(now),
            "expires_at": stamp(expires),
            "used_at": used_at,
        }
        connection.execute(sa.insert(storage.access_token), [line])
        return Token(value, expires, until)

    def _forget_old(self, connection: sa.Connection, now: datetime) -> None:
        table = storage.access_token
        old = table.c.expires_at < stamp(now - _REMEMBERED)
        connection.execute(sa.delete(table).where(self._mine(table), old))

    def _token(self, token_hash: str) -> sa.ColumnElement[bool]:
        return sa.and_(self._mine(storage.access_token), storage.access_token.c.token_hash == token_hash)

    def _mine(self, table: sa.Table) -> sa.ColumnElement[bool]:
        return table.c.municipality == self._municipality


def end_sessions(
    connection: sa.Connection,
    municipality: str,
    staff_id: str,
    reason: str,
    now: datetime,
    *,
    but: str = "",
) -> None:
    """End every session of a person, but one where it is named; those of the office's pages too."""
    table = storage.session
    here = sa.and_(
        table.c.municipality == municipality,
        table.c.staff_id == staff_id,
        table.c.session_id != but,
        table.c.ended_at.is_(None),
    )
    connection.execute(sa.update(table).where(here).values(ended_at=stamp(now), end_reason=reason))
    pages = storage.office_session
    theirs = sa.and_(pages.c.municipality == municipality, pages.c.staff_id == staff_id)
    connection.execute(sa.delete(pages).where(theirs))


def take_turn(connection: sa.Connection, municipality: str) -> None:
    """Wait until no other sign-in, renewal or change of staff of this municipality is being written."""
    table = storage.tenant
    mine = sa.select(table.c.municipality).where(table.c.municipality == municipality)
    connection.execute(mine.with_for_update()).all()


def _earlier(one: datetime, other: datetime | None) -> datetime:
    return min(one, other) if other else one


def _hash(token: str) -> str:
    return sha256(token.encode("utf-8", "surrogatepass")).hexdigest()
