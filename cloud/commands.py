"""Everything that changes anything: commands, each taking effect exactly once by its key.

Effect and remembered answer are written in one transaction; whoever sends a key again, at the same time or after
years, gets the first answer. What is remembered was signed by the terminal it names: nobody takes another's key.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from http import HTTPStatus
from uuid import UUID

import sqlalchemy as sa

from cloud import facts, storage
from cloud.clock import Now, stamp
from cloud.command import Answer, Command, accepted, refused
from cloud.envelopes import UnreadableError, is_signed, open_payload, signed_words
from cloud.hearing import Hearing, Payload
from cloud.intakes import take_tenkyo
from cloud.keys import TenantKeys
from cloud.problems import ProblemError, not_found
from cloud.quarantine import PutAside, of_command, put_aside
from cloud.register import Register

MOST_IN_BATCH = 500
_REQUESTS = {"todoke.tenkyo": take_tenkyo}


@dataclass(frozen=True, slots=True)
class _Author:
    """A terminal that commands name."""

    public_key: bytes
    revoked_since: str | None


@dataclass(frozen=True, slots=True)
class _Given:
    """An answer that was given, and to whom."""

    terminal: str
    answer: Answer


class Commands:
    """The ear of one municipality for commands."""

    def __init__(self, register: Register, keys: TenantKeys, now: Now) -> None:
        self._register = register
        self._keys = keys
        self._now = now

    def take(self, batch: Sequence[Command], unread: Sequence[PutAside] = ()) -> list[Answer]:
        """Answer a batch in its order; all of it is written down before the first answer leaves.

        ``unread`` are facts that are not of the contract: they happened, so they are kept, and answered last.
        """
        if len(batch) + len(unread) > MOST_IN_BATCH:
            raise ProblemError(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, "request.too_many", most=MOST_IN_BATCH)
        with self._register.writing() as connection:
            sitting = _Sitting(connection, self._register, self._keys, self._now(), batch)
            answers = [sitting.answer(command) for command in batch]
            answers += [sitting.keep(item) for item in unread]
            sitting.remember()
        return answers

    def answer(self, key: str) -> Answer:
        """Return the remembered answer for a key; problem 404 where the key was never seen."""
        with self._register.reading() as connection:
            found = _remembered(connection, self._register.municipality, [key])
        if key not in found:
            raise not_found()
        return found[key].answer


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
        self._lines: list[dict[str, object]] = []

    def answer(self, command: Command) -> Answer:
        """Give a command its effect, or the first answer where its key was seen before."""
        first = self._given.get(command.key)
        if first is not None and first.terminal == command.terminal:
            return {**first.answer, "outcome": "already", "first": first.answer["outcome"]}
        stranger = self._stranger(command) or ("key_taken" if first else None)
        if stranger is not None:  # not remembered: the key may be another's, who is still to be heard
            return self._aside(command, stranger)
        payload, trouble = self._opened(command)
        answer = self._effect(Hearing(self._connection, self._register, command, payload, self._now), trouble)
        self._given[command.key] = _Given(command.terminal, answer)
        self._lines.append(self._line(command, answer))
        return answer

    def keep(self, item: PutAside) -> Answer:
        """Put a fact aside that could not be read; what happened is not refused for how it was written."""
        put_aside(self._connection, self._register.municipality, item, "malformed", stamp(self._now))
        receipt = {"register_version": self._version, "at": stamp(self._now), "text": ""}
        return {"key": item.key, "outcome": "accepted", "receipt": receipt}

    def remember(self) -> None:
        """Write the answers down, in the transaction of their effects."""
        if self._lines:
            self._connection.execute(sa.insert(storage.command), self._lines)

    def _opened(self, command: Command) -> tuple[Payload, str | None]:
        """Return the payload, or why the envelope is put aside."""
        trouble = self._trouble(command)
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
        return None if is_signed(command, author.public_key) else "wrong_signature"

    def _trouble(self, command: Command) -> str | None:
        """Return why an envelope is put aside unopened, if it is."""
        if self._authors[command.terminal].revoked_since is not None:
            return "refused.terminal_revoked"
        if not (command.is_fact or command.kind in _REQUESTS):
            return "unknown_kind"
        return None if _is_uuid(command.key) else "bad_key"

    def _effect(self, hearing: Hearing, trouble: str | None) -> Answer:
        """Give a command its effect; a fact happened, whatever we make of it."""
        command = hearing.command
        if trouble is None and command.kind in _REQUESTS:
            answer = _REQUESTS[command.kind](hearing)
            self._version = self._register.head(self._connection, "register").version
            return answer
        if trouble is None:
            trouble = facts.note(hearing)
        if trouble is not None:
            return self._aside(command, trouble)
        return accepted(command, self._version, hearing.at)

    def _aside(self, command: Command, reason: str) -> Answer:
        """Put a command into quarantine; a request hears no, a fact happened all the same."""
        put_aside(
            self._connection, self._register.municipality, of_command(command), reason, stamp(self._now)
        )
        if not command.is_fact:
            return refused(command, reason)
        return accepted(command, self._version, stamp(self._now))

    def _known(self, numbers: set[str]) -> dict[str, _Author]:
        table = storage.terminal
        query = sa.select(table.c.terminal_no, table.c.public_key, table.c.revoked_since).where(
            table.c.municipality == self._register.municipality, table.c.terminal_no.in_(numbers)
        )
        return {
            line.terminal_no: _Author(line.public_key, line.revoked_since)
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
    query = sa.select(table.c.key, table.c.terminal, table.c.answer).where(
        table.c.municipality == municipality, table.c.key.in_(keys)
    )
    return {line.key: _Given(line.terminal, json.loads(line.answer)) for line in connection.execute(query)}


def _is_uuid(key: str) -> bool:
    try:
        return str(UUID(key)) == key.lower()
    except ValueError:
        return False
