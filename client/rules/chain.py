"""Links of the journal: each entry's hash covers the one before, so nothing can be taken out or changed unseen.

What is cut off at the tail shows only against a head kept elsewhere: the mark beside the ledger, the cloud.
"""

from collections.abc import Iterable, Mapping
from hashlib import blake2b

import msgspec

GENESIS = bytes(32)  # stands before the first entry

# Keys sorted at every depth: the same entry has the same bytes, whoever made the map and in what order.
_encode = msgspec.msgpack.Encoder(order="deterministic").encode


def link(prev: bytes, entry: Mapping[str, object]) -> bytes:
    """Return the hash of an entry that follows ``prev``: BLAKE2b-256 over prev and the canonical msgpack."""
    if len(prev) != len(GENESIS):
        raise ValueError("a link is 32 bytes")
    return blake2b(prev + _encode(dict(entry)), digest_size=32).digest()


def first_break(links: Iterable[tuple[Mapping[str, object], bytes]], prev: bytes = GENESIS) -> int | None:
    """Return the place (from 0) of the first entry whose recorded hash does not follow; None where all do."""
    for place, (entry, recorded) in enumerate(links):
        if link(prev, entry) != recorded:
            return place
        prev = recorded
    return None
