"""Attachments: what lies beside a request, sealed by the terminal, brought in parts in any order over any number of days.

Parts stand in the database, so what was acknowledged survives a restart. A part brought again is the same part; while
not all is there a part may be brought anew. It is whole when every part is there and the hash of all of it holds. Whose
it is follows from its command: it waits for one not heard yet, and stays aside with one that was put aside.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from http import HTTPStatus

import sqlalchemy as sa

from cloud import storage
from cloud.attachment_state import ATTACHED, OPEN, QUARANTINE, Line, state_of
from cloud.clock import Now, stamp
from cloud.envelopes import UnreadableError, open_attachment
from cloud.keys import TenantKeys
from cloud.office.log import By, OfficeLog
from cloud.problems import ProblemError, forbidden, malformed, not_found
from cloud.register import Register


@dataclass(frozen=True, slots=True)
class Limits:
    """How much the cloud can be made to hold."""

    part: int = 256 * 1024
    whole: int = 20_000_000
    parts: int = 2000
    outstanding: int = 200_000_000  # of one terminal, until its commands have taken effect
    waiting: int = 1000  # of one terminal, however small: each is looked at when another is announced
    of_command: int = 20


@dataclass(frozen=True, slots=True)
class Announced:
    """An attachment as its terminal announces it."""

    key: str
    command_key: str
    media_type: str
    size: int
    sha256: str
    parts: int


class Attachments:
    """The attachments of one municipality."""

    def __init__(self, register: Register, keys: TenantKeys, now: Now, limits: Limits | None = None) -> None:
        self._register = register
        self._log = OfficeLog(register, now)
        self._keys = keys
        self._now = now
        self.limits = limits or Limits()

    def announce(self, terminal: str, told: Announced) -> dict[str, object]:
        """Begin an attachment; the same words again change nothing, other words under its key are refused."""
        self._check(told)
        with self._register.writing() as connection:
            line = self._line(connection, told.key)
            if line is None:
                self._check_room(connection, terminal, told)
                values = {
                    "municipality": self._register.municipality,
                    "terminal": terminal,
                    "begun_at": stamp(self._now()),
                    **{name: getattr(told, name) for name in told.__slots__},
                }
                connection.execute(sa.insert(storage.attachment), [values])
                line = self._own(connection, terminal, told.key)
            elif line.terminal != terminal:
                raise forbidden("attachment.not_yours")
            elif any(getattr(line, name) != getattr(told, name) for name in told.__slots__):
                raise ProblemError(HTTPStatus.CONFLICT, "attachment.other")
            return self._status(connection, line)

    def status(self, terminal: str, key: str) -> dict[str, object]:
        """Return which parts are there, and where the attachment stands."""
        with self._register.reading() as connection:
            return self._status(connection, self._own(connection, terminal, key))

    def put_part(self, terminal: str, key: str, place: int, content: bytes, digest: str) -> dict[str, object]:
        """Keep a part whose hash holds; the last one only where the whole holds too, the others stay."""
        if not 1 <= len(content) <= self.limits.part:
            raise ProblemError(
                HTTPStatus.REQUEST_ENTITY_TOO_LARGE, "attachment.part_size", most=self.limits.part
            )
        if sha256(content).hexdigest() != digest:
            raise malformed("the part does not have its hash")
        with self._register.writing() as connection:
            line = self._own(connection, terminal, key)
            if not 1 <= place <= line.parts:
                raise not_found()
            parts = self._parts(connection, key)
            if parts.get(place, (0, ""))[1] == digest:
                return self._status(connection, line)
            if line.whole_at is not None:
                raise ProblemError(HTTPStatus.CONFLICT, "attachment.other")
            others = sum(size for other, (size, _) in parts.items() if other != place)
            if others + len(content) > line.size:
                raise ProblemError(HTTPStatus.CONFLICT, "attachment.size")
            here = self._part(key, place)
            connection.execute(sa.delete(storage.attachment_part).where(here))
            values = {
                "municipality": self._register.municipality,
                "key": key,
                "place": place,
                "size": len(content),
                "sha256": digest,
                "content": content,
            }
            connection.execute(sa.insert(storage.attachment_part), [values])
            if len(parts.keys() | {place}) == line.parts:
                self._close(connection, line)
            return self._status(connection, self._own(connection, terminal, key))

    def withdraw(self, terminal: str, key: str) -> None:
        """Take an attachment back; one that lies with its command, or was put aside with it, stays."""
        with self._register.writing() as connection:
            line = self._own(connection, terminal, key)
            if state_of(connection, self._register.municipality, line) in {ATTACHED, QUARANTINE}:
                raise ProblemError(HTTPStatus.CONFLICT, "attachment.whole")
            for table in (storage.attachment_part, storage.attachment):
                mine = sa.and_(table.c.municipality == self._register.municipality, table.c.key == key)
                connection.execute(sa.delete(table).where(mine))

    def listed(self, command_key: str | None = None) -> list[dict[str, object]]:
        """Return attachments as the office sees them, oldest first."""
        table = storage.attachment
        query = sa.select(table).where(table.c.municipality == self._register.municipality)
        if command_key is not None:
            query = query.where(table.c.command_key == command_key)
        with self._register.reading() as connection:
            lines = connection.execute(query.order_by(table.c.begun_at, table.c.key)).all()
            return [self._status(connection, line) | {"terminal": line.terminal} for line in lines]

    def named(self, command_key: str, notes: Sequence[Mapping[str, object]]) -> list[dict[str, object]]:
        """Return what a request names with its hash, and what was brought for the command it takes the place of."""
        table = storage.attachment
        hashes = {str(note["key"]): note["sha256"] for note in notes}
        query = sa.select(table).where(
            table.c.municipality == self._register.municipality,
            table.c.key.in_(hashes),
            table.c.command_key != command_key,
        )
        with self._register.reading() as connection:
            lines = connection.execute(query.order_by(table.c.begun_at, table.c.key)).all()
            return [
                self._status(connection, line)
                | {"terminal": line.terminal, "state": ATTACHED if line.whole_at else OPEN}
                for line in lines
                if hashes[line.key] == line.sha256
            ]

    def opened(self, key: str, who: str) -> bytes:
        """Return an attachment's content, opened with the town's key; who opened it is written down first."""
        with self._register.writing() as connection:
            line = self._line(connection, key)
            if line is None or line.whole_at is None:
                raise not_found()
            self._log.note(connection, By(who), "attachment.opened", key)
            sealed = self._content(connection, key)
        try:
            return open_attachment(self._keys, sealed, (line.key, line.command_key, line.terminal))
        except UnreadableError:
            raise ProblemError(HTTPStatus.CONFLICT, "attachment.unreadable") from None

    def _check(self, told: Announced) -> None:
        limits = self.limits
        if not 1 <= told.size <= limits.whole:
            raise ProblemError(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, "attachment.too_large", most=limits.whole)
        fewest = -(-told.size // limits.part)
        if not fewest <= told.parts <= min(limits.parts, told.size):
            raise malformed("parts: as many as the size takes, none empty")

    def _check_room(self, connection: sa.Connection, terminal: str, told: Announced) -> None:
        lines = self._outstanding(connection, terminal)
        waiting = sum(
            line.size for line in lines if state_of(connection, self._register.municipality, line) != ATTACHED
        )
        if waiting + told.size > self.limits.outstanding:
            raise ProblemError(
                HTTPStatus.REQUEST_ENTITY_TOO_LARGE, "attachment.no_room", most=self.limits.outstanding
            )
        for count, most in (
            (len(lines), self.limits.waiting),
            (self._beside(connection, terminal, told.command_key), self.limits.of_command),
        ):
            if count >= most:
                raise ProblemError(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, "attachment.too_many", most=most)

    def _outstanding(self, connection: sa.Connection, terminal: str) -> Sequence[Line]:
        """Return a terminal's attachments but those that surely lie with a command of its own: they grow by the year."""
        table, heard, aside = storage.attachment, storage.command, storage.quarantine
        town = self._register.municipality
        taken = sa.exists().where(
            heard.c.municipality == town,
            heard.c.key == table.c.command_key,
            heard.c.terminal == table.c.terminal,
            heard.c.outcome == "accepted",
        )
        put_aside = sa.exists().where(
            aside.c.municipality == town,
            aside.c.command_key == table.c.command_key,
            aside.c.state != "released",
        )
        query = sa.select(table).where(
            table.c.municipality == town,
            table.c.terminal == terminal,
            sa.or_(table.c.whole_at.is_(None), ~taken, put_aside),
        )
        return connection.execute(query).all()

    def _beside(self, connection: sa.Connection, terminal: str, command_key: str) -> int:
        table = storage.attachment
        query = sa.select(sa.func.count()).where(
            table.c.municipality == self._register.municipality,
            table.c.command_key == command_key,
            table.c.terminal == terminal,
        )
        return int(connection.execute(query).scalar_one())

    def _close(self, connection: sa.Connection, line: Line) -> None:
        """Call an attachment whole; where it is not what was announced, the part just brought is not kept."""
        content = self._content(connection, line.key)
        if len(content) != line.size or sha256(content).hexdigest() != line.sha256:
            raise ProblemError(HTTPStatus.CONFLICT, "attachment.whole_hash")
        here = self._of(line.key)
        connection.execute(sa.update(storage.attachment).where(here).values(whole_at=stamp(self._now())))

    def _status(self, connection: sa.Connection, line: Line) -> dict[str, object]:
        have = sorted(self._parts(connection, line.key))
        told = {name: getattr(line, name) for name in ("key", "command_key", "media_type", "size", "parts")}
        return told | {"have": have, "state": state_of(connection, self._register.municipality, line)}

    def _parts(self, connection: sa.Connection, key: str) -> dict[int, tuple[int, str]]:
        table = storage.attachment_part
        query = sa.select(table.c.place, table.c.size, table.c.sha256).where(
            table.c.municipality == self._register.municipality, table.c.key == key
        )
        return {line.place: (line.size, line.sha256) for line in connection.execute(query)}

    def _content(self, connection: sa.Connection, key: str) -> bytes:
        table = storage.attachment_part
        query = sa.select(table.c.content).where(
            table.c.municipality == self._register.municipality, table.c.key == key
        )
        return b"".join(connection.execute(query.order_by(table.c.place)).scalars())

    def _own(self, connection: sa.Connection, terminal: str, key: str) -> Line:
        line = self._line(connection, key)
        if line is None:
            raise not_found()
        if line.terminal != terminal:
            raise forbidden("attachment.not_yours")
        return line

    def _line(self, connection: sa.Connection, key: str) -> Line | None:
        return connection.execute(sa.select(storage.attachment).where(self._of(key))).one_or_none()

    def _of(self, key: str) -> sa.ColumnElement[bool]:
        table = storage.attachment
        return sa.and_(table.c.municipality == self._register.municipality, table.c.key == key)

    def _part(self, key: str, place: int) -> sa.ColumnElement[bool]:
        table = storage.attachment_part
        mine = sa.and_(table.c.municipality == self._register.municipality, table.c.key == key)
        return sa.and_(mine, table.c.place == place)
