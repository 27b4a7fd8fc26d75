"""Who is editing whose record: one at a time, for a few minutes, by the cloud's clock [STD j1380].

A lease is for people: it keeps two clerks from editing side by side. It refuses no command, for a command may have been
written where nobody could ask; the office's own decisions heed it.
"""

import secrets
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import timedelta
from hashlib import sha256
from http import HTTPStatus

import sqlalchemy as sa

from cloud import storage
from cloud.clock import Now, stamp
from cloud.hearing import Hearing
from cloud.households import present_row
from cloud.problems import ProblemError, not_found
from cloud.register import Register

LEASE_TIME = timedelta(minutes=5)


@dataclass(frozen=True, slots=True)
class Holder:
    """Who edits: a person at a terminal; in the office there is none."""

    staff_id: str
    name: str
    section: str
    terminal: str


@dataclass(frozen=True, slots=True)
class Held:
    """A lease just taken or renewed."""

    until: str
    token: str = field(repr=False)


class Leases:
    """The leases of one municipality."""

    def __init__(self, register: Register, now: Now, term: timedelta = LEASE_TIME) -> None:
        self._register = register
        self._now = now
        self._term = term

    def take(self, atena_no: str, holder: Holder, token: str = "") -> Held:
        """Take a lease, or renew one by its token; 409 ``lease.held`` where somebody else has it."""
        with self._register.writing() as connection:
            if present_row(self._register, connection, atena_no) is None:
                raise not_found()
            return self.take_in(connection, atena_no, holder, token)

    def take_in(self, connection: sa.Connection, atena_no: str, holder: Holder, token: str = "") -> Held:
        """Take or renew a lease inside a writing transaction, in which nobody else can."""
        table, here = storage.edit_lease, self._of(atena_no)
        line = connection.execute(sa.select(table).where(here)).one_or_none()
        if line is not None and line.until > stamp(self._now()) and not _is_theirs(line, holder, token):
            raise ProblemError(HTTPStatus.CONFLICT, "lease.held", "", **_told(line))
        kept = token if token and line is not None and line.token_hash == _hash(token) else ""
        held = Held(stamp(self._now() + self._term), kept or secrets.token_urlsafe(16))
        connection.execute(sa.delete(table).where(here))
        values = {
            "municipality": self._register.municipality,
            "atena_no": atena_no,
            "token_hash": _hash(held.token),
            "held_by": holder.staff_id,
            "name": holder.name,
            "section": holder.section,
            "terminal": holder.terminal,
            "until": held.until,
        }
        connection.execute(sa.insert(table), [values])
        return held

    def give_back(self, atena_no: str, token: str) -> None:
        """Give a lease back; one that is not held by this token stays as it is."""
        table = storage.edit_lease
        mine = sa.and_(self._of(atena_no), table.c.token_hash == _hash(token))
        with self._register.writing() as connection:
            connection.execute(sa.delete(table).where(mine))

    def standing(self, connection: sa.Connection, atena_nos: Iterable[str]) -> list[dict[str, object]]:
        """Return the leases on some residents that have not ended."""
        table = storage.edit_lease
        query = sa.select(table).where(
            table.c.municipality == self._register.municipality,
            table.c.atena_no.in_(list(atena_nos)),
            table.c.until > stamp(self._now()),
        )
        lines = connection.execute(query.order_by(table.c.atena_no))
        return [{"atena_no": line.atena_no, **_told(line)} for line in lines]

    def free(self, connection: sa.Connection, atena_nos: Iterable[str], holder: Holder) -> None:
        """Give back what the office holds of some residents."""
        table = storage.edit_lease
        for atena_no in atena_nos:
            theirs = sa.and_(table.c.held_by == holder.staff_id, table.c.terminal == holder.terminal)
            connection.execute(sa.delete(table).where(self._of(atena_no), theirs))

    def _of(self, atena_no: str) -> sa.ColumnElement[bool]:
        table = storage.edit_lease
        return sa.and_(table.c.municipality == self._register.municipality, table.c.atena_no == atena_no)


def leased(hearing: Hearing) -> bool:
    """Tell whether somebody else than a command's author was editing whom it is about when it came."""
    table = storage.edit_lease
    others = sa.or_(table.c.held_by != hearing.command.made_by, table.c.terminal != hearing.command.terminal)
    query = sa.select(table.c.atena_no).where(
        table.c.municipality == hearing.register.municipality,
        table.c.atena_no.in_(hearing.command.residents),
        table.c.until > hearing.at,
        others,
    )
    return hearing.connection.execute(query).first() is not None


def _is_theirs(line: sa.Row[tuple[object, ...]], holder: Holder, token: str) -> bool:
    """Tell whether a lease is held by this token, or by the same person at the same place (whose answer was lost)."""
    is_same = (line.held_by, line.terminal) == (holder.staff_id, holder.terminal)
    return is_same or secrets.compare_digest(str(line.token_hash), _hash(token))


def _told(line: sa.Row[tuple[object, ...]]) -> dict[str, object]:
    return {"by": line.name, "section": line.section, "terminal": line.terminal, "until": line.until}


def _hash(token: str) -> str:
    return sha256(token.encode("utf-8")).hexdigest()
