"""What following the register needs from the world: its feeds, the replica's file, and a word in the ledger."""

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Protocol

from client.domain.feed import (
    Bucket,
    BucketList,
    BucketRows,
    Chunk,
    ChunkRows,
    Feed,
    FeedBatch,
    FeedDigest,
    Manifest,
    Mended,
    Position,
    RowChange,
)
from client.domain.parcel import CannotGoOn, Parcel
from client.domain.terminal import TerminalOrder
from client.jobs.ports import JournalEntry
from client.rules.orders import Obedience, Result


class CloudOrders(Protocol):
    """Where the town's orders to this terminal are."""

    async def orders(self) -> tuple[TerminalOrder, ...]:
        """Return those that are open, oldest first, each signed by the town. LinkDownError, RefusedError."""
        ...

    async def done(self, order_id: str, result: Result) -> None:
        """Say what became of one. LinkDownError, RefusedError."""
        ...


class OrderKeeper(Protocol):
    """Where this terminal remembers what it was ordered."""

    def read(self) -> Obedience:
        """Return it at once, as a file says that anybody may have changed."""
        ...

    async def known(self) -> Obedience:
        """Return it as it was kept, whatever became of the file. StoreError."""
        ...

    async def keep(self, stand: Obedience) -> None:
        """Keep it. StoreError."""
        ...


class Landing(Protocol):
    """The part of the ledger that sync needs."""

    async def record(self, entry: JournalEntry) -> None:
        """Append a line to the journal."""
        ...

    async def land(self, register_version: int) -> int:
        """Mark accepted changes whose version the replica has reached; returns how many."""
        ...


class CloudFeeds(Protocol):
    """What the register sends for a replica to follow; every answer's signature has been checked. LinkDownError."""

    async def both(
        self, blocks: int, register: int, limit: int, *, wait_s: int = 0
    ) -> tuple[FeedBatch | None, FeedBatch | None]:
        """Return what ``feed`` does of both feeds, blocks first, for one request."""
        ...

    async def feed(self, feed: Feed, after: int, limit: int) -> FeedBatch | None:
        """Return changes after a version, at most about ``limit`` rows, never a part of a version.

        None where the register cannot go on from there: its log begins later, or it is behind.
        """
        ...

    async def digest(self, feed: Feed) -> FeedDigest:
        """Return the root and the 64 digests below it at the newest version."""
        ...

    async def buckets(self, feed: Feed, mids: tuple[int, ...]) -> BucketList:
        """Return the bucket digests below some of the 64."""
        ...

    async def rows(self, feed: Feed, buckets: tuple[int, ...]) -> BucketRows:
        """Return every row of some buckets."""
        ...

    async def manifest(self, begun: str | None = None) -> Manifest:
        """Return what a snapshot consists of: that of a fill begun before where it is still kept, or the newest."""
        ...

    async def chunk(self, chunk: Chunk) -> ChunkRows:
        """Return one chunk of a snapshot, its hash checked."""
        ...


class ParcelSource(Protocol):
    """Whoever has parcels: the cloud, a neighbour, the hall server; every signature has been checked. LinkDownError."""

    async def parcels(
        self, after: Mapping[Feed, int], *, limit: int, wait_s: int = 0
    ) -> tuple[Parcel | CannotGoOn, ...]:
        """Return what each feed has after a version, blocks first; held back up to ``wait_s`` while nothing is new."""
        ...


class ParcelShelf(Protocol):
    """Where parcels lie, sealed, whether the stores are open or not. StoreError."""

    async def put(self, parcel: Parcel) -> None:
        """Keep a parcel."""
        ...

    async def position(self) -> Position | None:
        """Return where the replica stood when that was last written down."""
        ...

    async def reached(self, feed: Feed, after: int) -> int:
        """Return the version that parcels here lead to from a version."""
        ...


class LaidBy(Protocol):
    """What was laid by while the stores were shut, as the sync takes it in."""

    async def next(self, feed: Feed, after: int) -> FeedBatch | None:
        """Return what leads on from a version, or the word that it was the newest; None where nothing lies there."""
        ...

    async def note(self, position: Position) -> None:
        """Write down where the replica stands, for the time when it is shut."""
        ...

    async def clear(self) -> None:
        """Take everything away that was laid by, and where the replica stood."""
        ...


class ReplicaFiles(Protocol):
    """The replica as the sync conversation needs it."""

    async def position(self) -> Position:
        """Return the versions reached, and when each was known to be the newest."""
        ...

    async def apply(self, batch: FeedBatch) -> None:
        """Apply rows, version and digests in one transaction; a batch already applied changes nothing.

        StoreError ``store.damaged_replica``, and nothing changed, where the digests do not come out as the
        batch says; the sync conversation then repairs.
        """
        ...

    async def confirm(self, feed: Feed, version: int, at: datetime) -> None:
        """Write down that a version was the newest at a moment."""
        ...

    async def mids(self, feed: Feed) -> tuple[bytes, ...]:
        """Return the 64 middle digests of a feed, 16 bytes each."""
        ...

    async def bucket_sums(self, feed: Feed, mids: tuple[int, ...]) -> tuple[Bucket, ...]:
        """Return the bucket digests below some of the 64."""
        ...

    async def replace_buckets(
        self, feed: Feed, version: int, buckets: tuple[int, ...], rows: tuple[RowChange, ...]
    ) -> None:
        """Replace all rows of some buckets by the register's, in one transaction; the repair of P09."""
        ...

    async def mend(self, tell: Callable[[int, int], None]) -> Mended | None:
        """Save what can be read of a damaged file, and go on with that; None where there was nothing to be done.

        ``tell`` hears how far it is. What is missing then is found by the next comparison, and what rests on it is
        refused until it was fetched. StoreError ``store.full`` and others: the damaged file stays.
        """
        ...

    async def begun(self) -> str | None:
        """Return which snapshot a fill was begun from and not ended, or None."""
        ...

    async def begin_fill(self, manifest: Manifest) -> frozenset[str]:
        """Open (or go on with) the side file of a first fill; returns the chunks already in it."""
        ...

    async def add_chunk(self, sha256: str, rows: ChunkRows) -> None:
        """Write one chunk, columnar, into the side file."""
        ...

    async def finish_fill(self, manifest: Manifest) -> None:
        """Index, verify the roots and the file, swap it in. StoreError where it does not verify."""
        ...


class OwnRows(Protocol):
    """The rows of the replica as they lie on the disk, apart from the sums kept beside them (P09)."""

    async def check(self) -> None:
        """Check the seal of every page. StoreError ``store.damaged_replica`` where one is broken."""
        ...

    async def wrong_buckets(self, feed: Feed, buckets: tuple[int, ...]) -> tuple[int, ...]:
        """Read and hash the rows of some buckets anew; returns those that are not what they should be."""
        ...

    async def distrust(self, feed: Feed, buckets: tuple[int, ...]) -> None:
        """Count some buckets as their rows are, so that the next comparison finds what differs."""
        ...
