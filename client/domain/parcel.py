"""Parcels: what the town said of a feed or a snapshot, sealed to its terminals and signed: anybody may carry them."""

from dataclasses import dataclass, field
from datetime import datetime

from client.domain.feed import Feed


@dataclass(frozen=True, slots=True)
class Parcel:
    """Changes that take a feed from one version to another, still sealed; its signature was verified.

    ``head`` was the feed's newest version at ``at`` (UTC), ``root`` is the digest root at ``to``. ``wire`` is all of it,
    as it came and as it is handed on; ``seal_id`` says which of the town's keys opens it.
    """

    feed: Feed
    after: int
    to: int
    head: int
    at: datetime
    root: bytes
    seal_id: bytes
    wire: bytes = field(repr=False)

    @property
    def is_news(self) -> bool:
        """Tell whether it brings changes, and not only the word that there are none."""
        return self.to > self.after


@dataclass(frozen=True, slots=True)
class SnapshotParcel:
    """What a snapshot consists of, its chunks' keys still sealed; its signature was verified.

    ``chunks`` are SHA-256 (hex) and size of the sealed bytes: enough to fetch and keep them, not to read them.
    """

    snapshot_id: str
    at: datetime
    register_version: int
    blocks_version: int
    chunks: tuple[tuple[str, int], ...]
    seal_id: bytes
    wire: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class CannotGoOn:
    """A feed that does not go on from the version asked for: its log begins later, or it is behind (restored)."""

    feed: Feed
    behind: bool
