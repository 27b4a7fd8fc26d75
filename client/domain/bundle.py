"""Bundles: what a terminal needs, carried by hand in one file that two persons open together."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import Enum

from client.domain.feed import Feed, Position


class BundleKind(Enum):
    """All rows, what was changed from a version on, or what a terminal had not sent yet."""

    WHOLE = "whole"
    DELTA = "delta"
    OUTBOX = "outbox"  # takes a replica nowhere: 0 to 0


@dataclass(frozen=True, slots=True)
class BundlePart:
    """A part as it lies in the file: its sealed bytes' size and SHA-256."""

    name: str  # snapshot | chunks | rows | parcels | changes | attachments
    size: int
    sha256: bytes


@dataclass(frozen=True, slots=True)
class Span:
    """The versions of a feed a bundle takes a replica through; from nothing where ``after`` is None."""

    after: int | None
    to: int


@dataclass(frozen=True, slots=True)
class Signer:
    """Who made a bundle: the town's cloud by a feed key, or a terminal by its certificate (PEM)."""

    key: bytes = b""
    certificate: str = field(default="", repr=False)

    @property
    def is_cloud(self) -> bool:
        """Tell whether the cloud made it."""
        return bool(self.key)


@dataclass(frozen=True, slots=True)
class Bundle:
    """What a bundle says of itself in the clear; nothing personal. ``wrapped`` is its content key, sealed to the town."""

    bundle_id: str  # 32 hex digits
    municipality: str
    environment: str
    kind: BundleKind
    made_at: datetime
    made_by: str  # "cloud", or the number of a terminal
    spans: Mapping[Feed, Span]
    escrow_id: str
    wrapped: bytes = field(repr=False)
    signer: Signer
    parts: tuple[BundlePart, ...]

    @property
    def size(self) -> int:
        """Return the bytes of all parts."""
        return sum(part.size for part in self.parts)

    def part(self, name: str) -> BundlePart | None:
        """Return a part by its name."""
        return next((part for part in self.parts if part.name == name), None)


@dataclass(frozen=True, slots=True)
class EscrowCard:
    """What a town tells everybody about its escrow: the public key bundles are sealed to, and whom to know it by."""

    municipality: str
    name: str
    key_id: str  # 16 hex digits
    key: bytes = field(repr=False)
    made_at: datetime
    feed_keys: tuple[bytes, ...] = field(repr=False)
    ca: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class ShareLetter:
    """An officer's share of the town's escrow key as it stands on paper: closed, a passphrase opens it."""

    number: int
    of: int
    threshold: int
    key_id: str
    head: bytes = field(repr=False)  # bound into the seal
    salt: bytes = field(repr=False)
    time: int
    memory_kib: int
    lanes: int
    box: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class Share:
    """An opened share: a point on the line whose height at zero is the key."""

    number: int
    key_id: str
    value: bytes = field(repr=False)


def versions_of(position: Position) -> dict[Feed, int] | None:
    """Return the versions a replica stands at, or None where there is none."""
    if position.blocks is None or position.register is None:
        return None
    return {Feed.BLOCKS: position.blocks.version, Feed.REGISTER: position.register.version}
