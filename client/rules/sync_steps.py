"""The steps of a sync conversation: questions to the register (Ask…), work for the replica (the others)."""

from dataclasses import dataclass, field
from typing import Generic, TypeVar

from client.domain.feed import (
    Bucket,
    BucketList,
    BucketRows,
    Chunk,
    Feed,
    FeedBatch,
    FeedDigest,
    FeedPosition,
    Manifest,
    RowChange,
)

T_co = TypeVar("T_co", covariant=True)


@dataclass(frozen=True, slots=True)
class Step(Generic[T_co]):
    """One thing to do, and the type of the answer it wants."""


@dataclass(frozen=True, slots=True)
class AskBoth(Step[tuple[FeedBatch | None, FeedBatch | None]]):
    """Ask the register for changes of both feeds at once, blocks first; None where one cannot go on from there."""

    blocks: int
    register: int
    limit: int


@dataclass(frozen=True, slots=True)
class AskFeed(Step[FeedBatch | None]):
    """Ask the register for changes after a version; None where it cannot go on from there."""

    feed: Feed
    after: int
    limit: int


@dataclass(frozen=True, slots=True)
class AskDigest(Step[FeedDigest]):
    """Ask the register for its 64 middle digests."""

    feed: Feed


@dataclass(frozen=True, slots=True)
class AskBuckets(Step[BucketList]):
    """Ask the register for the buckets below some of the 64."""

    feed: Feed
    mids: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class AskRows(Step[BucketRows]):
    """Ask the register for all rows of some buckets."""

    feed: Feed
    buckets: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class AskManifest(Step[Manifest]):
    """Ask the register what its snapshot consists of."""


@dataclass(frozen=True, slots=True)
class Apply(Step[bool]):
    """Apply a batch; the answer is False where the digests did not come out and nothing was changed."""

    batch: FeedBatch


@dataclass(frozen=True, slots=True)
class Confirm(Step[None]):
    """Write down that the replica stood equal to the newest version at a moment."""

    feed: Feed
    reached: FeedPosition


@dataclass(frozen=True, slots=True)
class OwnMids(Step[tuple[bytes, ...]]):
    """Read the replica's 64 middle digests."""

    feed: Feed


@dataclass(frozen=True, slots=True)
class OwnBuckets(Step[tuple[Bucket, ...]]):
    """Read the replica's buckets below some of the 64."""

    feed: Feed
    mids: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Replace(Step[None]):
    """Replace all rows of some buckets, and the version with them."""

    feed: Feed
    version: int
    buckets: tuple[int, ...]
    rows: tuple[RowChange, ...] = field(repr=False)


@dataclass(frozen=True, slots=True)
class BeginFill(Step[frozenset[str]]):
    """Open the side file; the answer is the chunks already in it."""

    manifest: Manifest


@dataclass(frozen=True, slots=True)
class TakeChunks(Step[None]):
    """Fetch chunks of the snapshot and write each into the side file as it comes, several at once if that is quicker."""

    chunks: tuple[Chunk, ...]


@dataclass(frozen=True, slots=True)
class FinishFill(Step[None]):
    """Verify the side file and swap it in."""

    manifest: Manifest
