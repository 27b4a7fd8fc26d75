"""Attachments: what lies beside a request, sealed by the terminal, brought in parts in any order over any number of days.

Parts stand in the database, so what was acknowledged survives a restart. A part brought again is the same part; while
not all is there a part may be brought anew. It is whole when every part is there and the hash of all of it holds. Whose
it is follows from its command: it waits for one not heard yet, and stays aside with one that was put aside.

What a terminal carries for another lies apart, under ``carrier/key`` and its author's number, until it is the whole its
author named and sealed; so nobody changes a byte of what another one brings, and nobody's key is taken by who is first.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from http import HTTPStatus

import sqlalchemy as sa

from cloud import storage
from cloud.attachment_state import ATTACHED, OPEN, QUARANTINE, REFUSED, Line, author_naming, state_of
from cloud.clock import Now, stamp
from cloud.envelopes import UnreadableError, open_attachment
from cloud.keys import TenantKeys
from cloud.office.log import By, OfficeLog
from cloud.office.reading import UNKNOWN, Reading
from cloud.problems import ProblemError, forbidden, malformed, not_found
from cloud.register import Register

_APART = "/"  # in no key


@dataclass(frozen=True, slots=True)
class Limits:
    """How much the cloud can be made to hold."""

    part: int = 256 * 1024
    whole: int = 20_000_000
    parts: int = 2000
    outstanding: int = 200_000_000  # of one terminal, until they are whole and their commands were answered
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
        self._reading = Reading(register, self._log, now)
        self._keys = keys
        self._now = now
        self.limits = limits or Limits()

    def announce(self, terminal: str, told: Announced, named_in: str | None = None) -> dict[str, object]:
        """Begin an attachment; the same words again change nothing, other words under its key are refused.

        With ``named_in`` it is that request's author's, whoever brings it.
        """
        self._check(told)
        with self._register.writing() as connection:
            key, author = self._whose(connection, terminal, told, named_in)
            line = self._line(connection, key)
            if line is None:
                self._check_room(connection, terminal, told)
                line = self._begun(connection, key, author, told)
            elif any(getattr(line, name) != getattr(told, name) for name in _words(line)):
                raise ProblemError(HTTPStatus.CONFLICT, "attachment.other")
            return self._status(connection, line) | ({"terminal": author} if named_in else {})

    def status(self, terminal: str, key: str) -> dict[str, object]:
        """Return which parts are there, and where the attachment stands."""
        with self._register.reading() as connection:
            return self._status(connection, self._own(connection, terminal, key))

    def put_part(
        self, terminal: str, key: str, place: int, content: bytes, digest: str, *, own_alone: bool = False
    ) -> dict[str, object]:
        """Keep a part whose hash holds; the last one only where the whole holds too, the others stay.

        ``own_alone``: a terminal that was taken out brings nothing for another.
        """
        if not 1 <= len(content) <= self.limits.part:
            raise ProblemError(
                HTTPStatus.REQUEST_ENTITY_TOO_LARGE, "attachment.part_size", most=self.limits.part
            )
        if sha256(content).hexdigest() != digest:
            raise malformed("the part does not have its hash")
        with self._register.writing() as connection:
            line = self._own(connection, terminal, key)
            if own_alone and line.key != key:
                raise forbidden("terminal.revoked")
            if not 1 <= place <= line.parts:
                raise not_found()
            parts = self._parts(connection, line.key)
            if parts.get(place, (0, ""))[1] == digest:
                return self._status(connection, line)
            if line.whole_at is not None:
                raise ProblemError(HTTPStatus.CONFLICT, "attachment.other")
            others = sum(size for other, (size, _) in parts.items() if other != place)
            if others + len(content) > line.size:
                raise ProblemError(HTTPStatus.CONFLICT, "attachment.size")
            here = sa.and_(
                self._of(storage.attachment_part, line.key), storage.attachment_part.c.place == place
            )
            connection.execute(sa.delete(storage.attachment_part).where(here))
            values = {
                "municipality": self._register.municipality,
                "key": line.key,
                "place": place,
                "size": len(content),
                "sha256": digest,
                "content": content,
            }
            connection.execute(sa.insert(storage.attachment_part), [values])
            stands = line.key
            if len(parts.keys() | {place}) == line.parts:
                stands = self._close(connection, line)
            return self._status(connection, self._at(connection, stands))

    def withdraw(self, terminal: str, key: str) -> None:
        """Take an attachment back; one that lies with its command, or was put aside with it, stays."""
        with self._register.writing() as connection:
            line = self._own(connection, terminal, key)
            if state_of(connection, self._register.municipality, line) in {ATTACHED, QUARANTINE}:
                raise ProblemError(HTTPStatus.CONFLICT, "attachment.whole")
            self._remove(connection, line.key)

    def listed(self, command_key: str | None = None) -> list[dict[str, object]]:
        """Return attachments as the office sees them, oldest first."""
        table = storage.attachment
        query = sa.select(table).where(
            table.c.municipality == self._register.municipality, ~table.c.key.contains(_APART)
        )
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
        """Return an attachment's content, opened with the town's key; who opened it is written down first.

        403 for whom its request's words are not for; of one whose request never came nobody knows that.
        """
        self._reading.must(who, self._kinds(key), key)
        with self._register.writing() as connection:
            line = self._line(connection, key)
            if line is None or line.whole_at is None:
                raise not_found()
            self._log.note(connection, By(who), "attachment.opened", key)
            sealed = self._content(connection, key)
        return self._open(line, sealed)

    def _kinds(self, key: str) -> Sequence[str]:
        """Return of what kinds the command is that an attachment was brought for; another's may bear its key."""
        heard, aside, town = storage.command, storage.quarantine, self._register.municipality
        with self._register.reading() as connection:
            line = self._line(connection, key)
            if line is None:
                raise not_found()
            kinds = sa.union(
                sa.select(heard.c.kind).where(heard.c.municipality == town, heard.c.key == line.command_key),
                sa.select(aside.c.kind).where(
                    aside.c.municipality == town, aside.c.command_key == line.command_key
                ),
            )
            return connection.execute(kinds).scalars().all() or [UNKNOWN]

    def _whose(
        self, connection: sa.Connection, terminal: str, told: Announced, named_in: str | None
    ) -> tuple[str, str]:
        """Return the key a line stands under, and whose it is. Problem where another's is not named by its author."""
        line = self._line(connection, told.key)
        is_free = line is None or line.terminal == terminal
        if named_in is None and is_free:
            return told.key, terminal
        words = told.key, told.sha256, told.media_type
        author = author_naming(connection, self._register.municipality, named_in or told.command_key, words)
        if author is None or (named_in is None and author != terminal):
            raise forbidden("attachment.not_yours")
        theirs = line if line is not None and line.terminal == author else None
        is_there = theirs is not None and theirs.whole_at is not None and theirs.sha256 == told.sha256
        if is_there or (is_free and author == terminal):
            return told.key, author
        return _apart(terminal, told.key), author

    def _begun(self, connection: sa.Connection, key: str, author: str, told: Announced) -> Line:
        """Write a line; one that is carried begins with the parts its author brought in the same words."""
        values = {
            **{name: getattr(told, name) for name in told.__slots__},
            "municipality": self._register.municipality,
            "key": key,
            "terminal": author,
            "begun_at": stamp(self._now()),
        }
        connection.execute(sa.insert(storage.attachment), [values])
        if key != told.key:
            self._copy_parts(connection, self._line(connection, told.key), self._at(connection, key))
        return self._at(connection, key)

    def _copy_parts(self, connection: sa.Connection, own: Line | None, carried: Line) -> None:
        names = ("terminal", *_words(carried))
        if own is None or any(getattr(own, name) != getattr(carried, name) for name in names):
            return
        parts = storage.attachment_part
        columns = [sa.literal(carried.key) if name == "key" else column for name, column in parts.c.items()]
        copied = sa.select(*columns).where(self._of(parts, own.key))
        connection.execute(sa.insert(parts).from_select(parts.c.keys(), copied))

    def _check(self, told: Announced) -> None:
        limits = self.limits
        if not 1 <= told.size <= limits.whole:
            raise ProblemError(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, "attachment.too_large", most=limits.whole)
        fewest = -(-told.size // limits.part)
        if not fewest <= told.parts <= min(limits.parts, told.size):
            raise malformed("parts: as many as the size takes, none empty")

    def _check_room(self, connection: sa.Connection, terminal: str, told: Announced) -> None:
        lines = self._outstanding(connection, terminal)
        town = self._register.municipality
        settled = {ATTACHED, REFUSED}
        waiting = sum(line.size for line in lines if state_of(connection, town, line) not in settled)
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
        """Return what a terminal brings but what surely lies with an answered command of its own: that grows by the year."""
        table, heard, aside = storage.attachment, storage.command, storage.quarantine
        town = self._register.municipality
        answered = sa.exists().where(
            heard.c.municipality == town,
            heard.c.key == table.c.command_key,
            heard.c.terminal == table.c.terminal,
        )
        put_aside = sa.exists().where(
            aside.c.municipality == town,
            aside.c.command_key == table.c.command_key,
            aside.c.state != "released",
        )
        query = sa.select(table).where(
            table.c.municipality == town,
            _brought_by(terminal),
            sa.or_(table.c.whole_at.is_(None), ~answered, put_aside),
        )
        return connection.execute(query).all()

    def _beside(self, connection: sa.Connection, terminal: str, command_key: str) -> int:
        table = storage.attachment
        query = sa.select(sa.func.count()).where(
            table.c.municipality == self._register.municipality,
            table.c.command_key == command_key,
            _brought_by(terminal),
        )
        return int(connection.execute(query).scalar_one())

    def _close(self, connection: sa.Connection, line: Line) -> str:
        """Call an attachment whole; where it is not what was announced, the part just brought is not kept.

        Returns the key it stands under from now on: its own, where it lay apart.
        """
        content = self._content(connection, line.key)
        if len(content) != line.size or sha256(content).hexdigest() != line.sha256:
            raise ProblemError(HTTPStatus.CONFLICT, "attachment.whole_hash")
        key = _key_of(line)
        if key != line.key:
            self._open(line, content)
        self._let_go_of_others(connection, line)
        here = self._of(storage.attachment, line.key)
        whole = {"key": key, "whole_at": stamp(self._now())}
        connection.execute(sa.update(storage.attachment).where(here).values(**whole))
        if key != line.key:
            parts = storage.attachment_part
            connection.execute(sa.update(parts).where(self._of(parts, line.key)).values(key=key))
        return key

    def _let_go_of_others(self, connection: sa.Connection, line: Line) -> None:
        """Remove what else was begun for the same author, and what stands under the key a carried one comes to."""
        table, key = storage.attachment, _key_of(line)
        begun = sa.select(table.c.key).where(
            table.c.municipality == self._register.municipality,
            table.c.command_key == line.command_key,
            table.c.terminal == line.terminal,
            table.c.key.endswith(_APART + key),
        )
        for other in {key, *connection.execute(begun).scalars()} - {line.key}:
            self._remove(connection, other)

    def _remove(self, connection: sa.Connection, key: str) -> None:
        for table in (storage.attachment_part, storage.attachment):
            connection.execute(sa.delete(table).where(self._of(table, key)))

    def _open(self, line: Line, sealed: bytes) -> bytes:
        try:
            return open_attachment(self._keys, sealed, (_key_of(line), line.command_key, line.terminal))
        except UnreadableError:
            raise ProblemError(HTTPStatus.CONFLICT, "attachment.unreadable") from None

    def _status(self, connection: sa.Connection, line: Line) -> dict[str, object]:
        have = sorted(self._parts(connection, line.key))
        told = {name: getattr(line, name) for name in ("command_key", "media_type", "size", "parts")}
        told["key"] = _key_of(line)
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
        """Return what a terminal brings under a key: where it carries that for another, what lies apart."""
        carried = self._line(connection, _apart(terminal, key))
        line = carried if carried is not None else self._line(connection, key)
        if line is None:
            raise not_found()
        if carried is None and line.terminal != terminal:
            raise forbidden("attachment.not_yours")
        return line

    def _line(self, connection: sa.Connection, key: str) -> Line | None:
        table = storage.attachment
        return connection.execute(sa.select(table).where(self._of(table, key))).one_or_none()

    def _at(self, connection: sa.Connection, key: str) -> Line:
        table = storage.attachment
        return connection.execute(sa.select(table).where(self._of(table, key))).one()

    def _of(self, table: sa.Table, key: str) -> sa.ColumnElement[bool]:
        return sa.and_(table.c.municipality == self._register.municipality, table.c.key == key)


def _apart(carrier: str, key: str) -> str:
    return f"{carrier}{_APART}{key}"


def _key_of(line: Line) -> str:
    """Return the key an attachment was announced under."""
    return str(line.key).rpartition(_APART)[2]


def _words(line: Line) -> Sequence[str]:
    """Return what must be said alike of one that was begun; of a whole one, no longer in how many parts."""
    said = ["command_key", "media_type", "size", "sha256"]
    return said if line.whole_at is not None else [*said, "parts"]


def _brought_by(terminal: str) -> sa.ColumnElement[bool]:
    """Return what picks what a terminal brings: its own, whoever carries it, and what it carries for others."""
    key = storage.attachment.c.key
    own = sa.and_(storage.attachment.c.terminal == terminal, ~key.contains(_APART))
    after = chr(ord(_APART) + 1)
    return sa.or_(own, sa.and_(key >= terminal + _APART, key < terminal + after))
