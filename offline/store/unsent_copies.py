"""What of the ledger stands in ``unsent.log`` too: there before the commit of a change, struck out once the cloud has it."""

import json
import sqlite3
from collections.abc import Callable, Collection, Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

import msgspec

from client.api.codec import command_to_wire
from client.domain.attachment import Attachment, CarriedAttachment, MediaType
from client.domain.change import ChangeState, Fate, QueuedChange
from client.domain.enrolment import key_in_force
from client.domain.errors import StoreError
from client.domain.terminal import TerminalFacts
from client.jobs.ports import Now
from client.rules.outbox import NEEDS_A_PERSON, UNDER_WAY
from offline.store import attachments, heads, outbox
from offline.store.seal import sealed_batch
from offline.store.unsent import BESIDE, COPY, Unsent, UnsentLog

T = TypeVar("T")
# What was answered with no is in nobody's register either: a clerk would have settled it, and the office will.
_WANTED = tuple(state.value for state in sorted(UNDER_WAY | NEEDS_A_PERSON, key=lambda state: state.value))


@dataclass(frozen=True, slots=True)
class _Place:
    last_change: int
    last_beside: int


class _Beside(msgspec.Struct):
    key: str
    command_key: str
    media_type: MediaType
    size: int
    sha256: str
    named_in: str = ""  # the change whose envelope names it now; not in files of before


class UnsentCopies:
    """The copies beside one ledger; used on its writing thread alone."""

    def __init__(self, data_dir: Path, facts: TerminalFacts, now: Now) -> None:
        self._log = UnsentLog(data_dir)
        self._facts = facts
        self._now = now

    def begin(self, connection: sqlite3.Connection, *, after_loss: bool = False) -> None:
        """Let the file say what the ledger says, also after a program that wrote none. StoreError."""
        changes = [key for (key,) in connection.execute(_SELECT_WANTED, (json.dumps(_WANTED),))]
        beside = attachments.to_carry(connection)
        wanted = {*changes, *(one.attachment.key for one in beside)}
        there = self._log.standing(wanted)
        missing = (
            *map(self._copy, outbox.by_key(connection, set(changes) - there)),
            *map(_beside, beside),  # each anew: who names it may have been written anew
        )
        self._log.open(wanted, missing, after_loss=after_loss)

    def again(self, connection: sqlite3.Connection) -> None:
        """Do so after something was taken back, written anew or forgotten; a full disk leaves that to the next opening."""
        with suppress(StoreError):
            self.begin(connection)

    def beside(self, connection: sqlite3.Connection, work: Callable[[sqlite3.Connection], T]) -> T:
        """Do the work of one commit; what it adds to the outbox is on the disk, sealed, when this returns. StoreError."""
        before = _place(connection)
        result = work(connection)
        self._log.keep(self._new(connection, before))
        return result

    def answered(self, fates: Collection[Fate]) -> None:
        """Strike out what the cloud has taken; one that stays in the file would only be handed over a second time."""
        self.there([fate.key for fate in fates if fate.state is ChangeState.ACCEPTED])

    def there(self, keys: Collection[str]) -> None:
        """Strike out what the cloud has."""
        with suppress(StoreError):
            self._log.strike(keys)

    def close(self) -> None:
        """Close the file."""
        self._log.close()

    def _new(self, connection: sqlite3.Connection, before: _Place) -> Iterator[Unsent]:
        if heads.read(connection, outbox.CHAIN)[0] == before.last_change:
            return  # what lies beside a change is written with it
        seqs = connection.execute("SELECT seq FROM outbox WHERE seq > ?", (before.last_change,))
        yield from map(self._copy, outbox.some(connection, [seq for (seq,) in seqs.fetchall()]))
        yield from map(_beside, attachments.after(connection, before.last_beside))

    def _copy(self, change: QueuedChange) -> Unsent:
        command = command_to_wire(change, self._facts.terminal_no)
        batch = msgspec.json.encode({"commands": [command], "handing_over": True})
        to = key_in_force(self._facts.command_keys, self._now())
        return Unsent(change.key, COPY, sealed_batch(batch, to, self._facts.municipality_code))


_SELECT_WANTED = "SELECT key FROM outbox WHERE state IN (SELECT value FROM json_each(?)) ORDER BY seq"


def _place(connection: sqlite3.Connection) -> _Place:
    return _Place(heads.read(connection, outbox.CHAIN)[0], attachments.last_no(connection))


def _beside(carried: CarriedAttachment) -> Unsent:
    one = carried.attachment
    told = _Beside(one.key, one.command_key, one.media_type, one.size, one.sha256, carried.named_in)
    return Unsent(one.key, BESIDE, msgspec.json.encode(told))


def carried_of(unsent: Unsent) -> CarriedAttachment:
    """Return what such a record says of an attachment, and which change names it. StoreError ``store.unreadable``."""
    try:
        told = msgspec.json.decode(unsent.content, type=_Beside)
        one = Attachment(told.key, told.command_key, told.media_type, told.size, told.sha256)
    except (msgspec.DecodeError, ValueError) as error:
        raise StoreError("store.unreadable") from error
    return CarriedAttachment(one, told.named_in or told.command_key)


def attachment_of(unsent: Unsent) -> Attachment:
    """Return the attachment alone. StoreError ``store.unreadable``."""
    return carried_of(unsent).attachment
