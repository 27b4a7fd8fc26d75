"""What the register sends so that a replica may follow it: versions, batches, digests, snapshots."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import Enum


class Feed(Enum):
    """The two feeds, each with its own gap-free version; blocks go first in every mode."""

    BLOCKS = "blocks"
    REGISTER = "register"


@dataclass(frozen=True, slots=True)
class FeedPosition:
    """The version a replica has reached in one feed, and when that was known to be the newest (UTC)."""

    version: int
    at: datetime


@dataclass(frozen=True, slots=True)
class Position:
    """Where a replica stands; None before the first fill."""

    blocks: FeedPosition | None
    register: FeedPosition | None


@dataclass(frozen=True, slots=True)
class RowChange:
    """A row as it now stands in the register; ``row`` is None for a row that is gone (tombstone)."""

    table: str
    key: tuple[str | int, ...]
    row: Mapping[str, object] | None = field(repr=False)


Recipe = tuple[tuple[str, str], ...]  # pieces of a text: what stands before, and a column


@dataclass(frozen=True, slots=True)
class RowDiff:
    """A row as it now stands, told by what differs from a base row of the same table as it was before the batch.

    ``columns`` are put in the place of the base's; None takes a column away. A new version of a record has the
    version before it as its base. ``made`` are columns put together from the base's: each piece is what stands before
    it and a column; one without a value is left out.
    """

    table: str
    key: tuple[str | int, ...]
    columns: Mapping[str, object] = field(repr=False)
    base: tuple[str | int, ...]
    made: Mapping[str, Recipe] = field(default_factory=dict)

    def over(self, base: Mapping[str, object]) -> RowChange:
        """Return the change, given the base row."""
        row = {**base, **self.columns}
        for name, recipe in self.made.items():
            row[name] = "".join(f"{before}{base[of]}" for before, of in recipe if base.get(of) is not None)
        return RowChange(
            self.table, self.key, {column: value for column, value in row.items() if value is not None}
        )


@dataclass(frozen=True, slots=True)
class FeedBatch:
    """Changes that take a feed from one version to another, with the digest root reached there.

    ``head`` is the feed's newest version when the cloud answered, at ``at`` (UTC).
    """

    feed: Feed
    after: int
    to: int
    head: int
    at: datetime
    changes: tuple[RowChange | RowDiff, ...]
    root: bytes


@dataclass(frozen=True, slots=True)
class Bucket:
    """One of 4,096 buckets and the digest over its rows (16 bytes)."""

    index: int
    digest: bytes


@dataclass(frozen=True, slots=True)
class FeedDigest:
    """What the register says of itself at a version: root and the 64 digests below it."""

    feed: Feed
    version: int
    at: datetime
    root: bytes
    mids: tuple[bytes, ...]


@dataclass(frozen=True, slots=True)
class BucketList:
    """The buckets below some of the 64 digests, as the register has them at a version."""

    feed: Feed
    version: int
    buckets: tuple[Bucket, ...]


@dataclass(frozen=True, slots=True)
class BucketRows:
    """Every row of some buckets, as the register has them at a version."""

    feed: Feed
    version: int
    at: datetime
    root: bytes
    rows: tuple[RowChange, ...]


@dataclass(frozen=True, slots=True)
class Chunk:
    """One immutable, sealed piece of a snapshot; whoever has its key can read it."""

    sha256: str  # of the sealed bytes, as is their size
    series: str  # core | history | seals
    table: str
    rows: int
    size: int
    key: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class Manifest:
    """What a snapshot consists of, and the versions and roots it stands for; in memory only, for its chunks' keys."""

    snapshot_id: str
    register_version: int
    blocks_version: int
    at: datetime
    register_root: bytes
    blocks_root: bytes
    chunks: tuple[Chunk, ...]


@dataclass(frozen=True, slots=True)
class ChunkRows:
    """What a chunk holds, columnar: one tuple of values a column; None where a row has no value.

    Feed and key columns are told for those who do not know the table; a cloud of before told neither.
    """

    table: str
    columns: tuple[str, ...]
    data: tuple[list[object], ...] = field(repr=False)
    feed: Feed | None = None
    key: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Mended:
    """What was saved of a damaged replica: broken pages found, rows saved, buckets the register must renew."""

    pages: int
    rows: int
    buckets: int
