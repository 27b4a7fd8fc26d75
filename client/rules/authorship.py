"""What the author of a command signs: every word beside the envelope, and the envelope by its hash.

Whoever relays a command, a neighbour or the hall, then cannot change who did what and when (openapi.yaml,
POST /v1/commands). Both sides make these bytes from what they have; they are not sent.
"""

from datetime import UTC, datetime
from hashlib import sha256

import msgspec

from client.domain.change import NewChange

_DOMAIN = b"madoguchi-command-v1\n"  # before what is signed, so that no other signature fits
_encode = msgspec.msgpack.Encoder().encode


def moment_text(moment: datetime) -> str:
    """Write a moment as the wire has it and as it is signed: UTC, with Z."""
    if moment.tzinfo is None:
        raise ValueError("a moment must know its time zone")
    return moment.astimezone(UTC).replace(tzinfo=None).isoformat() + "Z"


def signed_words(change: NewChange, terminal_no: str, sealed: bytes) -> bytes:
    """Return what a terminal signs of a change it has just sealed: a list, so that there is one way to write it."""
    words = (
        change.key,
        change.kind.value,
        list(change.residents),
        sorted(change.base.items()),
        moment_text(change.made_at),
        change.clock_offset_ms,
        change.made_by,
        terminal_no,
        change.todoke_date.isoformat() if change.todoke_date else None,
        change.supersedes,
        sha256(sealed).digest(),
    )
    return _DOMAIN + _encode(words)
