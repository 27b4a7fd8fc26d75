"""Journals of terminals as the cloud got them: each entry's hash worked out anew, and where a chain does not hold.

The rule of a link is the contract's: BLAKE2b-256 over the hash before and the msgpack of the entry, maps sorted at
every depth. Facts come in any order, so a gap is a gap only until the segment that fills it is here.
"""

from collections.abc import Iterator
from hashlib import blake2b

import msgspec
import sqlalchemy as sa

from cloud import storage
from cloud.payloads.facts import JournalSegment

GENESIS = bytes(32)  # stands before a journal's first entry
_SIZE = len(GENESIS)
_pack = msgspec.msgpack.Encoder(order="deterministic").encode


def links_of(segment: JournalSegment) -> bytes:
    """Return the hashes its entries have when they follow what the segment says stands before them."""
    prev, links = segment.prev, bytearray()
    for seq, entry in enumerate(segment.entries, segment.first):
        prev = blake2b(prev + _pack({"seq": seq, **msgspec.to_builtins(entry)}), digest_size=_SIZE).digest()
        links += prev
    return bytes(links)


def journal_trouble(connection: sa.Connection, municipality: str) -> list[dict[str, object]]:
    """Return where the journals do not hold together: ``gap``, ``fork``, or ``broken`` inside a segment."""
    table = storage.journal_segment
    needed = ("terminal", "command_key", "first", "last", "prev", "links", "head")  # not what the entries say
    query = sa.select(*(table.c[name] for name in needed)).where(table.c.municipality == municipality)
    found: list[dict[str, object]] = []
    walk = _Walk("")
    for line in connection.execute(
        query.order_by(table.c.terminal, table.c.first, table.c.last, table.c.command_key)
    ):
        if line.terminal != walk.terminal:
            walk = _Walk(line.terminal)
        found += walk.troubles(line)
    return found


class _Walk:
    """One terminal's chain, walked from its first entry: which hash each number has."""

    def __init__(self, terminal: str) -> None:
        self.terminal = terminal
        self._known: dict[int, bytes] = {0: GENESIS}
        self._last = 0

    def troubles(self, line: sa.Row[tuple[object, ...]]) -> Iterator[dict[str, object]]:
        """Yield what is wrong with a segment beside those before it."""
        links = [line.links[place : place + _SIZE] for place in range(0, len(line.links), _SIZE)]
        told = {"terminal": self.terminal, "command_key": line.command_key}
        if line.first > self._last + 1:
            yield {**told, "trouble": "gap", "first": self._last + 1, "last": line.first - 1}
        if links[-1] != line.head:
            yield {**told, "trouble": "broken", "first": line.first, "last": line.last}
            return
        hashes = {line.first - 1: line.prev, **dict(enumerate(links, line.first))}
        parted = [seq for seq, link in hashes.items() if self._known.get(seq, link) != link]
        self._last = max(self._last, line.last)
        if parted:
            yield {**told, "trouble": "fork", "first": max(1, parted[0]), "last": line.last}
            return
        self._known |= hashes
