"""The audit of the journals: every run read anew from what is kept, held against its terminal's key and against the
commands that brought it, so that also who can write to the database leaves a trace (P12).

It trusts no column that was worked out when a run arrived, and finds what ``journals`` cannot: a run that was taken
away whole, written anew with all its hashes, or put in by somebody who has no terminal's key.
"""

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import groupby
from uuid import UUID

import msgspec
import sqlalchemy as sa
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import load_pem_public_key
from msgspec import UNSET

from cloud import storage, tally
from cloud.journals import GENESIS, links_of
from cloud.payloads.facts import JournalSegment
from cloud.payloads.kinds import read_kept

_KIND = "fact.journal"
_SIGNED = b"madoguchi-journal-v1\n"
_SIZE = len(GENESIS)
_ROWS = 100
_pack = msgspec.msgpack.Encoder().encode
Keys = Mapping[str, tuple[ec.EllipticCurvePublicKey, ...]]
Row = sa.Row[tuple[object, ...]]


@dataclass(frozen=True, slots=True)
class Trouble:
    """Where a terminal's journal is not what the terminal wrote; numbers are 0 where they are not known.

    gap: entries have not come; fork: an entry has another hash than before; broken: entries do not lead to their head;
    forged: no key of the terminal signed it; unsigned: it bears no signature and stands after one that does;
    rewritten: what is kept beside the entries is not theirs; removed: it arrived and is not here; stray: no command
    brought it; pruned: a line says that the terminal took lines out after their time, and they are not those that are
    here; uncounted: commands of the terminal were taken away or put in.
    """

    terminal: str
    trouble: str
    first: int
    last: int
    command_key: str


@dataclass(slots=True)
class Journal:
    """What is here of one terminal's journal."""

    terminal: str
    runs: int = 0
    signed: int = 0
    last: int = 0
    head: bytes = GENESIS
    troubles: list[Trouble] = field(default_factory=list)


def audit(connection: sa.Connection, municipality: str) -> list[Journal]:
    """Return the journals of a town's terminals and all that is wrong with them."""
    keys = _keys(connection, municipality)
    brought = _brought(connection, municipality)
    found: dict[str, Journal] = {}
    table = storage.journal_segment
    query = sa.select(table).where(table.c.municipality == municipality)
    lines = connection.execute(
        query.order_by(table.c.terminal, table.c.first, table.c.last, table.c.command_key).execution_options(
            yield_per=_ROWS
        )
    )
    for terminal, runs in groupby(lines, key=lambda line: str(line.terminal)):
        walk = _Walk(municipality, terminal, keys.get(terminal, ()))
        for line in runs:
            walk.add(line, brought.pop(line.command_key, None))
        found[terminal] = walk.journal
    for key, terminal in brought.items():
        journal = found.setdefault(terminal, Journal(terminal))
        journal.troubles.append(Trouble(terminal, "removed", 0, 0, key))
    for terminal in keys:
        if not _is_counted_right(connection, municipality, terminal):
            journal = found.setdefault(terminal, Journal(terminal))
            journal.troubles.append(Trouble(terminal, "uncounted", 0, 0, ""))
    return [found[terminal] for terminal in sorted(found)]


class _Walk:
    """One terminal's runs, in the order of their numbers."""

    def __init__(self, municipality: str, terminal: str, keys: tuple[ec.EllipticCurvePublicKey, ...]) -> None:
        self.journal = Journal(terminal)
        self._municipality = municipality
        self._keys = keys
        self._known: dict[int, bytes] = {0: GENESIS}
        self._pruned: dict[int, int] = {}  # by the line that says so: up to which number

    def add(self, line: Row, brought_by: str | None) -> None:
        """Look at one run beside those before it."""
        journal = self.journal
        journal.runs += 1
        try:
            run = read_kept(JournalSegment, line.payload)
        except (msgspec.DecodeError, msgspec.ValidationError):
            self._say("rewritten", line, line.first, line.last)
            return
        last, links = run.first + len(run.entries) - 1, links_of(run)
        if (line.first, line.last, line.prev, line.head, line.links) != (
            run.first,
            last,
            run.prev,
            run.head,
            links,
        ):
            self._say("rewritten", line, run.first, last)
        if brought_by != journal.terminal:
            self._say("stray", line, run.first, last)
        self._look_at_signature(line, run, last)
        if run.first > journal.last + 1:
            self._say("gap", line, journal.last + 1, run.first - 1)
        if links[-_SIZE:] != run.head:
            self._say("broken", line, run.first, last)
            return
        hashes = {run.first - 1: run.prev} | {
            seq: links[place * _SIZE : (place + 1) * _SIZE]
            for place, seq in enumerate(range(run.first, last + 1))
        }
        parted = next((seq for seq, link in hashes.items() if self._known.get(seq, link) != link), None)
        if parted is not None:
            self._say("fork", line, max(1, parted), last)
            return
        self._known |= hashes
        self._look_at_prunings(line, run)
        if last >= journal.last:
            journal.last, journal.head = last, run.head

    def _look_at_prunings(self, line: Row, run: JournalSegment) -> None:
        """Hold each line that says what was taken out at the terminal against what came before it."""
        for seq, entry in enumerate(run.entries, run.first):
            if entry.kind != "pruned" or seq in self._pruned:
                continue
            told = entry.facts
            first, last = (told[name] if isinstance(told.get(name), int) else 0 for name in ("first", "last"))
            fits = (
                isinstance(first, int)
                and isinstance(last, int)
                and first == max(self._pruned.values(), default=0) + 1
                and first <= last < seq
                and told.get("count") == last - first + 1
                and self._is_known(first - 1, told.get("prev"))
                and self._is_known(last, told.get("head"))
                and all(number in self._known for number in range(first, last + 1))
            )
            if fits:
                self._pruned[seq] = int(last)
            else:
                self._say("pruned", line, seq, seq)

    def _is_known(self, seq: int, told: object) -> bool:
        known = self._known.get(seq)
        return known is not None and told == known.hex()

    def _look_at_signature(self, line: Row, run: JournalSegment, last: int) -> None:
        if run.signature is UNSET:
            if self.journal.signed:
                self._say("unsigned", line, run.first, last)
            return
        self.journal.signed += 1
        words = _SIGNED + _pack(
            [self._municipality, self.journal.terminal, run.first, last, run.prev, run.head]
        )
        if not any(_holds(key, run.signature, words) for key in self._keys):
            self._say("forged", line, run.first, last)

    def _say(self, trouble: str, line: Row, first: int, last: int) -> None:
        self.journal.troubles.append(
            Trouble(self.journal.terminal, trouble, first, last, str(line.command_key))
        )


def _holds(key: ec.EllipticCurvePublicKey, signature: bytes, words: bytes) -> bool:
    try:
        key.verify(signature, words, ec.ECDSA(SHA256()))
    except InvalidSignature:
        return False
    return True


def _keys(connection: sa.Connection, municipality: str) -> dict[str, tuple[ec.EllipticCurvePublicKey, ...]]:
    """Return the keys each terminal has and had before it renewed."""
    found: dict[str, list[ec.EllipticCurvePublicKey]] = {}
    for table in (storage.terminal, storage.former_certificate):
        query = sa.select(table.c.terminal_no, table.c.public_key).where(table.c.municipality == municipality)
        for line in connection.execute(query):
            key = load_pem_public_key(line.public_key)
            if isinstance(key, ec.EllipticCurvePublicKey):
                found.setdefault(line.terminal_no, []).append(key)
    return {terminal: tuple(keys) for terminal, keys in found.items()}


def _brought(connection: sa.Connection, municipality: str) -> dict[str, str]:
    """Return the commands that brought a run into the book, with their terminal; what lies in quarantine is none yet."""
    command, aside = storage.command, storage.quarantine
    kept = set(
        connection.scalars(
            sa.select(aside.c.command_key).where(
                aside.c.municipality == municipality, aside.c.kind == _KIND, aside.c.state != "released"
            )
        )
    )
    query = sa.select(command.c.key, command.c.terminal, command.c.answer).where(
        command.c.municipality == municipality, command.c.kind == _KIND, command.c.outcome == "accepted"
    )
    return {
        line.key: line.terminal
        for line in connection.execute(query)
        if not (json.loads(line.answer).get("quarantined") and line.key in kept)
    }


def _is_counted_right(connection: sa.Connection, municipality: str, terminal: str) -> bool:
    """Count a terminal's commands anew and hold them against what was counted as they came."""
    counted: dict[int, tally.Tally] = {}
    query = sa.select(storage.command.c.key, storage.command.c.outcome).where(
        storage.command.c.municipality == municipality, storage.command.c.terminal == terminal
    )
    for line in connection.execute(query):
        if tally.is_counted(line.key):
            place = UUID(line.key).int // tally.SLICE
            counted[place] = counted.get(place, tally.Tally()) + tally.entry(line.key, line.outcome)
    table = storage.command_tally
    kept = connection.execute(
        sa.select(table.c.slice, table.c.held, table.c.total).where(
            table.c.municipality == municipality, table.c.terminal == terminal
        )
    )
    return counted == {line.slice: tally.Tally(line.held, int.from_bytes(line.total)) for line in kept}


def all_troubles(journals: Iterable[Journal]) -> Iterator[Trouble]:
    """Return what is wrong, terminal by terminal."""
    for journal in journals:
        yield from journal.troubles
