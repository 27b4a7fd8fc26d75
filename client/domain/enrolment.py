"""What the cloud gives a terminal it takes in."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime

_ID_BYTES = 8


@dataclass(frozen=True, slots=True)
class TownKey:
    """A public key of the town, known by its id and used from a moment on; older ones stay good for what is old."""

    key_id: str  # 16 hex digits
    key: bytes = field(repr=False)
    since: datetime

    def __post_init__(self) -> None:
        if len(self.id_bytes) != _ID_BYTES or self.key_id != self.id_bytes.hex():
            raise ValueError("the id of a key is 16 hex digits")
        if self.since.tzinfo is None:
            raise ValueError("a moment without time zone")

    @property
    def id_bytes(self) -> bytes:
        """Return the id as envelopes carry it."""
        return bytes.fromhex(self.key_id)


def key_in_force(keys: Sequence[TownKey], at: datetime) -> TownKey:
    """Return the youngest key in force at a moment; the oldest where a clock stands before them all."""
    in_turn = sorted(keys, key=lambda one: one.since)
    return next((one for one in reversed(in_turn) if one.since <= at), in_turn[0])


@dataclass(frozen=True, slots=True)
class Enrolled:
    """The cloud's answer to an enrolment: a number never given before, and the keys to know it by.

    ``certificate`` and ``ca`` are PEM; ``feed_keys`` are Ed25519 and ``command_keys`` X25519, at least one of each;
    ``digest_key`` is the tenant's secret for row digests.
    """

    terminal_no: str
    terminal_name: str
    municipality_code: str
    municipality_name: str
    prefecture: str
    certificate: str
    ca: str
    feed_keys: tuple[TownKey, ...]
    command_keys: tuple[TownKey, ...]
    digest_key: bytes = field(repr=False)
