"""Everything that changes anything: commands, each taking effect exactly once by its key.

Effect and remembered answer are written in one transaction; whoever sends a key again, at the same time or after
years, gets the first answer. What is remembered was signed by the terminal it names: nobody takes another's key, and
the same key over other words is another command.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from http import HTTPStatus
from uuid import UUID

import sqlalchemy as sa

from cloud import facts, intakes, storage, tally
from cloud.clock import Now, stamp
from cloud.command import Answer, Command, accepted, quarantined, refused
from cloud.envelopes import UnreadableError, is_signed, open_payload, signed_words
from cloud.hearing import Hearing, Payload
from cloud.households import shown_rows
from cloud.keys import TenantKeys
from cloud.leases import leased
from cloud.payloads.kinds import REQUESTS
from cloud.points import Point, reached
from cloud.problems import ProblemError, not_found
from cloud.quarantine import PutAside, of_command, put_aside
from cloud.register import Register
from cloud.tally import Tally

MOST_IN_BATCH = 500
_REVOKED = "refused.terminal_revoked"
_LEFT = "handed_over"  # answered with no, by a terminal that has forgotten it since
_VERSION_OF_KEYS = 7  # UUIDs that sort by time (RFC 9562)


@dataclass(frozen=True, slots=True)
class _Author:
    """A terminal that commands name."""

    public_keys: tuple[
        bytes, ...
    ]  # of today and of before it renewed: an envelope may have waited since then
    revoked_since: str | None


@dataclass(frozen=True, slots=True)
class _Given:
    """An answer that was given, and to whom."""

    terminal: str
    words: bytes  # what it signed: the same key over other words is another command
    answer: Answer

    def is_of(self, command: Command) -> bool:
        """Tell whether it was given to this very command."""
        return self.terminal == command.terminal and self.words == signed_words(command)


@dataclass(frozen=True, slots=True)
class _Envelope:
    """A command as it was found before it was heard: whose it is not, what it says, or why that cannot be read."""

    stranger: str | None
    payload: Payload = field(repr=False)
    trouble: str | None


@dataclass(frozen=True, slots=True)
class Expected:
    """What a terminal believes to be held of its commands from a key on."""

    terminal: str
    since: int
    tally: Tally


class Commands:
    """The ear of one municipality for commands."""

    def __init__(self, register: Register, keys: TenantKeys, now: Now) -> None:
        self._register = register
        self._keys = keys
        self._now = now

    def take(
        self,
        batch: Sequence[Command],
        unread: Sequence[PutAside] = (),
        *,
        rows: bool = True,
        expected: Expected | None = None,
        handing_over: bool = False,
    ) -> list[Answer]:
        """Answer a batch in its order; all of it is written down before the first answer leaves.

        ``unread`` are facts that are not of the contract: they happened, so they are kept, and answered last. Without
        ``rows`` a conflict is told with no record: who asks has been taken out. Where something else is held than is
        ``expected``, nothing is taken: problem ``conflict.tally``. ``handing_over``: their terminal is about to forget
        them, so what is answered with no is kept for a person.
        """
        if len(batch) + len(unread) > MOST_IN_BATCH:
            raise ProblemError(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, "request.too_many", most=MOST_IN_BATCH)
        with self._register.writing() as connection:
            if expected is not None and expected.tally != self._held(connection, expected):
                raise ProblemError(HTTPStatus.CONFLICT, "conflict.tally")
            sitting = _Sitting(connection, self._register, self._keys, self._now(), batch)
            sitting.open(batch)
            answers = [sitting.answer(command) for command in batch]
            if handing_over:
                sitting.keep_refused(batch, answers)
            answers += [sitting.keep(item) for item in unread]
            sitting.remember()
            return [_with_rows(connection, self._register, answer, rows=rows) for answer in answers]

    def answer(self, key: str, *, rows: bool = True) -> Answer:
        """Return the remembered answer for a key; problem 404 where the key was never seen."""
        with self._register.reading() as connection:
            found = _remembered(connection, self._register.municipality, [key])
            if key not in found:
                raise not_found()
            answer = _with_rows(connection, self._register, found[key].answer, rows=rows)
            numbers = _numbers_given(connection, self._register.municipality, key)
        told = answer | {"terminal": found[key].terminal}
        return told | ({"provisional": numbers} if numbers else {})

    def tally(self, terminal: str, since: int, until: int, *, whole: bool) -> dict[str, object]:
        """Return what is held of a terminal's commands in a range of keys; unless ``whole``, in parts or key by key."""
        width = -(-(until - since) // tally.PARTS)
        bounds = sorted({min(since + place * width, until) for place in range(tally.PARTS + 1)})
        with self._register.reading() as connection:
            mine = connection, self._register.municipality, terminal
            parts = tally.tallies(*mine, [since, until] if whole else bounds)
            told = sum(parts[1:], start=parts[0])
            if not whole and told.held <= tally.MOST_LISTED:
                return _shown(told) | {"keys": tally.listed(*mine, since, until)}
        return _shown(told) | ({} if whole else {"parts": [_shown(part) for part in parts]})

    def _held(self, connection: sa.Connection, expected: Expected) -> Tally:
        bounds = [expected.since, tally.LAST]
        (held,) = tally.tallies(connection, self._register.municipality, expected.terminal, bounds)
        return held

    def hear_again(self, connection: sa.Connection, command: Command) -> Answer:
        """Give an author's command its effect after all, released from quarantine by a person.

        What was answered under its key stays, and is this where nothing was; what came of it is told by the feed. The
        signature must hold still.
        """
        sitting = _Sitting(connection, self._register, self._keys, self._now(), [command])
        return sitting.answer_released(command)


class _Sitting:
    """One batch being heard, with what is known of its keys and terminals; others wait until it ends."""

    def __init__(
        self,
        connection: sa.Connection,
        register: Register,
        keys: TenantKeys,
        now: datetime,
        batch: Sequence[Command],
    ) -> None:
        self._connection = connection
        self._register = register
        self._keys = keys
        self._now = now
        self._given = _remembered(connection, register.municipality, [command.key for command in batch])
        self._authors = self._known({command.terminal for command in batch})
        self._version = register.head(connection, "register").version
        self._book = facts.FactBook(connection, register.municipality)
        self._envelopes: dict[int, _Envelope] = {}
        self._lines: list[dict[str, object]] = []

    def open(self, batch: Sequence[Command]) -> None:
        """Open what has no answer yet, and read at once what the book knows of all of it."""
        for command in batch:
            if command.key not in self._given:
                self._envelopes[id(command)] = self._envelope(command)
        told = [
            (command, self._envelopes[id(command)].payload)
            for command in batch
            if id(command) in self._envelopes
        ]
        self._book.look_up(told)

    def _envelope(self, command: Command) -> _Envelope:
        stranger = self._stranger(command)
        return _Envelope(stranger, *(({}, None) if stranger else self._opened(command)))

    def answer(self, command: Command) -> Answer:
        """Give a command its effect, or the first answer where its key was seen before."""
        first = self._given.get(command.key)
        if first is not None and first.is_of(command):
            return {**first.answer, "outcome": "already", "first": first.answer["outcome"]}
        envelope = self._envelopes.get(id(command)) or self._envelope(command)
        stranger = envelope.stranger or ("key_taken" if first else None)
        if stranger is not None:  # not remembered: the key may be another's, who is still to be heard
            return self._aside(command, stranger) | {"remembered": False}
        hearing = Hearing(self._connection, self._register, command, envelope.payload, self._now)
        answer = self._effect(hearing, envelope.trouble)
        self._given[command.key] = _Given(command.terminal, signed_words(command), answer)
        self._lines.append(self._line(command, answer))
        reached(Point.MID_BATCH)
        return answer

    def keep_refused(self, batch: Sequence[Command], answers: Sequence[Answer]) -> None:
        """Put aside what was answered with no, now or the first time: nobody is left to write it anew."""
        for command, answer in zip(batch, answers, strict=True):
            if answer.get("first", answer["outcome"]) != "accepted":
                put_aside(
                    self._connection,
                    self._register.municipality,
                    of_command(command),
                    _LEFT,
                    stamp(self._now),
                )

    def answer_released(self, command: Command) -> Answer:
        """Give a command its effect whatever became of its terminal; an answer there was stays, nothing is put aside."""
        reason = self._stranger(command)
        first = self._given.get(command.key)
        if reason is None and first is not None and not first.is_of(command):
            reason = "key_taken"
        if reason is None:
            payload, reason = self._opened(command, released=True)
            hearing = Hearing(self._connection, self._register, command, payload, self._now)
        if reason is None and command.is_fact:
            self._book.look_up([(command, payload)])
            reason = facts.note(hearing, self._book)
        if reason is not None:
            return refused(command, reason)
        answer = accepted(command, self._version, hearing.at) if command.is_fact else intakes.take(hearing)
        if first is None and answer["outcome"] == "accepted":  # its author may still send it
            self._lines.append(self._line(command, answer))
        self.remember()
        return answer

    def keep(self, item: PutAside) -> Answer:
        """Put a fact aside that could not be read; what happened is not refused for how it was written."""
        put_aside(self._connection, self._register.municipality, item, "malformed", stamp(self._now))
        return quarantined(item.key, self._version, stamp(self._now)) | {"remembered": False}

    def remember(self) -> None:
        """Write book and answers down, in the transaction of the effects."""
        self._book.write()
        if self._lines:
            self._connection.execute(sa.insert(storage.command), self._lines)
            tally.note(self._connection, self._register.municipality, self._lines)

    def _opened(self, command: Command, *, released: bool = False) -> tuple[Payload, str | None]:
        """Return the payload, or why the envelope is put aside."""
        trouble = self._trouble(command, released=released)
        if trouble is None:
            try:
                return open_payload(self._keys, command), None
            except UnreadableError as error:
                trouble = str(error)
        return {}, trouble

    def _stranger(self, command: Command) -> str | None:
        """Return why a command is not the word of the terminal it names, if it is not."""
        author = self._authors.get(command.terminal)
        if author is None:
            return "unknown_terminal"
        if any(is_signed(command, key) for key in author.public_keys):
            return None
        return "wrong_signature"

    def _trouble(self, command: Command, *, released: bool) -> str | None:
        """Return why an envelope is put aside unopened, if it is."""
        if self._authors[command.terminal].revoked_since is not None and not released:
            return _REVOKED
        if not (command.is_fact or command.kind in REQUESTS):
            return "unknown_kind"
        return None if is_key(command.key) else "bad_key"

    def _effect(self, hearing: Hearing, trouble: str | None) -> Answer:
        """Give a command its effect; a fact happened, whatever we make of it."""
        command = hearing.command
        if trouble is None and command.kind in REQUESTS:
            answer = intakes.take(hearing)
            self._version = self._register.head(self._connection, "register").version
            warned = answer["outcome"] == "accepted" and leased(hearing)
            return answer | ({"warnings": ["warning.leased"]} if warned else {})
        if trouble is None:
            trouble = facts.note(hearing, self._book)
        if trouble is not None:
            return self._aside(command, trouble)
        return accepted(command, self._version, hearing.at)

    def _aside(self, command: Command, reason: str) -> Answer:
        """Put a command into quarantine; a request hears no, a fact happened all the same.

        A revoked terminal hands over both: it is about to forget them, and the town decides what they are worth.
        """
        put_aside(
            self._connection, self._register.municipality, of_command(command), reason, stamp(self._now)
        )
        if not command.is_fact and reason != _REVOKED:
            return refused(command, reason)
        return quarantined(command.key, self._version, stamp(self._now))

    def _known(self, numbers: set[str]) -> dict[str, _Author]:
        table, former = storage.terminal, storage.former_certificate
        query = sa.select(table.c.terminal_no, table.c.public_key, table.c.revoked_since).where(
            table.c.municipality == self._register.municipality, table.c.terminal_no.in_(numbers)
        )
        older = sa.select(former.c.terminal_no, former.c.public_key).where(
            former.c.municipality == self._register.municipality, former.c.terminal_no.in_(numbers)
        )
        had: dict[str, set[bytes]] = {}
        for line in self._connection.execute(older):
            had.setdefault(line.terminal_no, set()).add(line.public_key)
        return {
            line.terminal_no: _Author(
                (line.public_key, *(had.get(line.terminal_no, set()) - {line.public_key})), line.revoked_since
            )
            for line in self._connection.execute(query)
        }

    def _line(self, command: Command, answer: Answer) -> dict[str, object]:
        return {
            "municipality": self._register.municipality,
            "key": command.key,
            "terminal": command.terminal,
            "kind": command.kind,
            "made_by": command.made_by,
            "made_at": command.made_at,
            "clock_offset_ms": command.clock_offset_ms,
            "received_at": stamp(self._now),
            "outcome": answer["outcome"],
            "answer": json.dumps(answer, ensure_ascii=False),
            "words": signed_words(command),
            "signature": command.signature,
        }


def _remembered(connection: sa.Connection, municipality: str, keys: Sequence[str]) -> dict[str, _Given]:
    table = storage.command
    query = sa.select(table.c.key, table.c.terminal, table.c.words, table.c.answer).where(
        table.c.municipality == municipality, table.c.key.in_(keys)
    )
    return {
        line.key: _Given(line.terminal, line.words, json.loads(line.answer))
        for line in connection.execute(query)
    }


def _with_rows(connection: sa.Connection, register: Register, answer: Answer, *, rows: bool) -> Answer:
    """Return an answer as it is told: a conflict with the present rows, so that a clerk can see both, or with none."""
    current = answer.get("current")
    if not isinstance(current, dict):
        return answer
    return answer | {"rows": shown_rows(register, connection, current) if rows else []}


def _numbers_given(connection: sa.Connection, municipality: str, key: str) -> Mapping[str, str]:
    """Return which 宛名番号 each newcomer of a request has got."""
    table = storage.intake_case
    query = sa.select(table.c.provisional).where(
        table.c.municipality == municipality, table.c.command_key == key
    )
    return dict(json.loads(connection.execute(query).scalar_one_or_none() or "{}"))


def _shown(told: Tally) -> dict[str, object]:
    return {"held": told.held} | ({"total": told.octets} if told.held else {})


def is_key(key: str) -> bool:
    """Tell whether a text is a key as the contract wants it: a UUID version 7, written the usual way."""
    try:
        found = UUID(key)
    except ValueError:
        return False
    return str(found) == key.lower() and found.version == _VERSION_OF_KEYS
