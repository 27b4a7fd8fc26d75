"""A replica and a register in memory, each plain enough to be believed: the two ends of the sync conversation."""

import copy
import hashlib
from collections.abc import Callable, Coroutine, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, TypeVar

from client.domain.errors import LinkDownError, StoreError
from client.domain.feed import (
    Bucket,
    BucketList,
    BucketRows,
    Chunk,
    ChunkRows,
    Feed,
    FeedBatch,
    FeedDigest,
    FeedPosition,
    Manifest,
    Mended,
    Position,
    RowChange,
    RowDiff,
)
from client.jobs.ports import JournalEntry
from client.rules import digest
from tests.builders import NOW

T = TypeVar("T")
Key = tuple[str, tuple[str | int, ...]]  # table and primary key
Row = Mapping[str, object]
DIGEST_KEY = b"k" * 32
TABLES = {Feed.BLOCKS: "block", Feed.REGISTER: "resident"}
_EMPTY_MID = digest.mid_over([bytes(16)] * 64)


def at_once(work: Coroutine[Any, Any, T]) -> T:
    """Run a coroutine that never has to wait, without a loop."""
    try:
        work.send(None)
    except StopIteration as end:
        result: T = end.value
        return result
    work.close()
    raise AssertionError("it waited")


def sums_of(rows: Mapping[Key, Row], key: bytes = DIGEST_KEY) -> dict[int, int]:
    """Return the bucket sums of rows, re-read and re-hashed; buckets without rows are left out."""
    sums: dict[int, int] = {}
    for (table, primary), row in rows.items():
        bucket = digest.bucket_of(table, primary)
        sums[bucket] = digest.plus(sums.get(bucket, 0), digest.row_digest(key, table, row))
    return sums


def mids_of(rows: Mapping[Key, Row], key: bytes = DIGEST_KEY) -> tuple[bytes, ...]:
    """Return the 64 middle digests of rows."""
    sums = sums_of(rows, key)
    touched = {digest.mid_above(bucket) for bucket in sums}
    return tuple(
        digest.mid_of([sums.get(bucket, 0) for bucket in digest.buckets_below(mid)])
        if mid in touched
        else _EMPTY_MID
        for mid in range(digest.MIDS)
    )


def buckets_of(rows: Mapping[Key, Row], mids: Iterable[int]) -> tuple[Bucket, ...]:
    """Return the buckets below some middle digests, empty ones too."""
    sums = sums_of(rows)
    numbers = [number for mid in mids for number in digest.buckets_below(mid)]
    return tuple(Bucket(number, digest.bucket_bytes(sums.get(number, 0))) for number in numbers)


def changed(rows: Mapping[Key, Row], changes: Iterable[RowChange | RowDiff]) -> dict[Key, Row]:
    """Return rows after some changes. StoreError where a base row is not there."""
    after = dict(rows)
    for one in changes:
        if isinstance(one, RowDiff):
            if (one.table, one.base) not in rows:
                raise StoreError("store.damaged_replica")
            change = one.over(rows[one.table, one.base])
        else:
            change = one
        if change.row is None:
            after.pop((change.table, change.key), None)
        else:
            after[change.table, change.key] = dict(change.row)
    return after


@dataclass
class Stand:
    """A feed as it stands somewhere."""

    version: int = 0
    at: datetime = NOW
    rows: dict[Key, Row] = field(default_factory=dict)


@dataclass
class MemoryReplica:
    """ports.ReplicaFiles in memory. It re-hashes its rows whenever it is asked, so damage shows at once."""

    stands: dict[Feed, Stand] = field(default_factory=dict)
    side: dict[str, ChunkRows] = field(default_factory=dict)
    side_of: str = ""
    mended: Mended | None = None  # what the next mending will have saved

    async def position(self) -> Position:
        blocks, register = (self.stands.get(feed) for feed in (Feed.BLOCKS, Feed.REGISTER))
        return Position(
            FeedPosition(blocks.version, blocks.at) if blocks else None,
            FeedPosition(register.version, register.at) if register else None,
        )

    async def apply(self, batch: FeedBatch) -> None:
        stand = self._stand(batch.feed)
        if batch.to <= stand.version:
            return
        rows = changed(stand.rows, batch.changes)
        if batch.after > stand.version or digest.root_of(mids_of(rows)) != batch.root:
            raise StoreError("store.damaged_replica")
        stand.rows, stand.version = rows, batch.to

    async def confirm(self, feed: Feed, version: int, at: datetime) -> None:
        stand = self._stand(feed)
        assert version == stand.version
        stand.at = max(stand.at, at)

    async def mids(self, feed: Feed) -> tuple[bytes, ...]:
        return mids_of(self._stand(feed).rows)

    async def bucket_sums(self, feed: Feed, mids: tuple[int, ...]) -> tuple[Bucket, ...]:
        return buckets_of(self._stand(feed).rows, mids)

    async def replace_buckets(
        self, feed: Feed, version: int, buckets: tuple[int, ...], rows: tuple[RowChange, ...]
    ) -> None:
        stand = self._stand(feed)
        kept = {key: row for key, row in stand.rows.items() if digest.bucket_of(*key) not in buckets}
        stand.rows, stand.version = changed(kept, rows), version

    async def mend(self, tell: Callable[[int, int], None]) -> Mended | None:
        mended, self.mended = self.mended, None
        if mended:
            tell(1, 2)
        return mended

    async def begun(self) -> str | None:
        return self.side_of or None

    async def begin_fill(self, manifest: Manifest) -> frozenset[str]:
        if self.side_of != manifest.snapshot_id:
            self.side, self.side_of = {}, manifest.snapshot_id
        return frozenset(self.side)

    async def add_chunk(self, sha256: str, rows: ChunkRows) -> None:
        self.side[sha256] = rows

    async def finish_fill(self, manifest: Manifest) -> None:
        stands = {}
        for feed, version, root in (
            (Feed.BLOCKS, manifest.blocks_version, manifest.blocks_root),
            (Feed.REGISTER, manifest.register_version, manifest.register_root),
        ):
            rows = {
                key: row
                for chunk in self.side.values()
                if chunk.table == TABLES[feed]
                for key, row in _rows_of(chunk)
            }
            if digest.root_of(mids_of(rows)) != root:
                self.side, self.side_of = {}, ""
                raise StoreError("store.damaged_replica")
            stands[feed] = Stand(version, manifest.at, rows)
        self.stands, self.side, self.side_of = stands, {}, ""

    def rows(self, feed: Feed) -> dict[Key, Row]:
        return self._stand(feed).rows

    def _stand(self, feed: Feed) -> Stand:
        if feed not in self.stands:
            raise StoreError("store.not_filled")
        return self.stands[feed]


@dataclass
class ModelRegister:
    """ports.CloudFeeds over a register in plain Python: every version it ever had, whole, in a list."""

    history: dict[Feed, list[dict[Key, Row]]] = field(
        default_factory=lambda: {feed: [{}] for feed in Feed}
    )  # index = version
    log_from: dict[Feed, int] = field(default_factory=lambda: dict.fromkeys(Feed, 0))
    at: datetime = NOW
    kept: tuple[Manifest, dict[str, ChunkRows]] | None = None
    backup: dict[Feed, list[dict[Key, Row]]] | None = None
    asked: list[str] = field(default_factory=list)

    def commit(self, feed: Feed, *changes: RowChange) -> None:
        """Make one version."""
        self.history[feed].append(changed(self.rows_now(feed), changes))
        self.at += timedelta(seconds=1)

    def rows_now(self, feed: Feed) -> dict[Key, Row]:
        return self.history[feed][-1]

    def head(self, feed: Feed) -> int:
        return len(self.history[feed]) - 1

    def forget_log(self, feed: Feed) -> None:
        """Keep no changes before now."""
        self.log_from[feed] = self.head(feed)

    def back_up(self) -> None:
        self.backup = copy.deepcopy(self.history)

    def restore(self) -> None:
        """Be again as at the last backup: versions given since are given anew."""
        if self.backup is not None:
            self.history = copy.deepcopy(self.backup)
            self.log_from = {feed: min(self.log_from[feed], self.head(feed)) for feed in Feed}
            self.kept = None

    def make_snapshot(self, rows_a_chunk: int = 2) -> None:
        chunks: dict[Chunk, ChunkRows] = {}
        for feed in Feed:
            rows = list(self.rows_now(feed).values())
            for start in range(0, len(rows), rows_a_chunk):
                part = _columnar(TABLES[feed], rows[start : start + rows_a_chunk])
                sha256 = hashlib.sha256(repr(part).encode() + bytes([len(chunks)])).hexdigest()
                count = len(rows[start : start + rows_a_chunk])
                chunks[Chunk(sha256, "core", part.table, count, 100, bytes(32))] = part
        roots = {feed: digest.root_of(mids_of(self.rows_now(feed))) for feed in Feed}
        manifest = Manifest(
            snapshot_id=f"s{self.head(Feed.REGISTER)}-{self.head(Feed.BLOCKS)}-{self.at:%H%M%S}",
            register_version=self.head(Feed.REGISTER),
            blocks_version=self.head(Feed.BLOCKS),
            at=self.at,
            register_root=roots[Feed.REGISTER],
            blocks_root=roots[Feed.BLOCKS],
            chunks=tuple(chunks),
        )
        self.kept = manifest, {chunk.sha256: part for chunk, part in chunks.items()}

    async def feed(self, feed: Feed, after: int, limit: int) -> FeedBatch | None:
        self.asked.append(f"feed {feed.value} {after}")
        head = self.head(feed)
        if after > head or after < self.log_from[feed]:
            return None
        to = min(head, after + limit)  # here every version is one row or so
        before, rows = self.history[feed][after], self.history[feed][to]
        changes = [
            _told(table, key, before.get((table, key)), rows.get((table, key)))
            for table, key in sorted({*before, *rows})
            if before.get((table, key)) != rows.get((table, key))
        ]
        return FeedBatch(feed, after, to, head, self.at, tuple(changes), digest.root_of(mids_of(rows)))

    async def both(
        self, blocks: int, register: int, limit: int, *, wait_s: int = 0
    ) -> tuple[FeedBatch | None, FeedBatch | None]:
        return await self.feed(Feed.BLOCKS, blocks, limit), await self.feed(Feed.REGISTER, register, limit)

    async def digest(self, feed: Feed) -> FeedDigest:
        self.asked.append(f"digest {feed.value}")
        mids = mids_of(self.rows_now(feed))
        return FeedDigest(feed, self.head(feed), self.at, digest.root_of(mids), mids)

    async def buckets(self, feed: Feed, mids: tuple[int, ...]) -> BucketList:
        self.asked.append(f"buckets {feed.value}")
        return BucketList(feed, self.head(feed), buckets_of(self.rows_now(feed), mids))

    async def rows(self, feed: Feed, buckets: tuple[int, ...]) -> BucketRows:
        self.asked.append(f"rows {feed.value} {len(buckets)}")
        rows = self.rows_now(feed)
        found = tuple(
            RowChange(table, key, row)
            for (table, key), row in rows.items()
            if digest.bucket_of(table, key) in buckets
        )
        return BucketRows(feed, self.head(feed), self.at, digest.root_of(mids_of(rows)), found)

    async def manifest(self, begun: str | None = None) -> Manifest:
        self.asked.append("manifest")
        if self.kept is None:
            self.make_snapshot()
        assert self.kept
        return self.kept[0]

    async def chunk(self, chunk: Chunk) -> ChunkRows:
        self.asked.append("chunk")
        if self.kept is None or chunk.sha256 not in self.kept[1]:
            raise LinkDownError("link.fault")
        return self.kept[1][chunk.sha256]


@dataclass
class LandingBook:
    """ports.Landing that keeps what it was told."""

    entries: list[JournalEntry] = field(default_factory=list)
    landed: list[int] = field(default_factory=list)

    async def record(self, entry: JournalEntry) -> None:
        self.entries.append(entry)

    async def land(self, register_version: int) -> int:
        self.landed.append(register_version)
        return 0


def key_columns(table: str) -> tuple[str, ...]:
    """Return the primary key of the two tables the model knows."""
    return {"block": ("block_id",), "resident": ("atena_no", "history_no")}[table]


def a_row_change(feed: Feed, number: int, **columns: object) -> RowChange:
    """Return a change that writes the row with a number."""
    table = TABLES[feed]
    key: tuple[str | int, ...] = (f"{number:010d}", 1) if table == "resident" else (f"b{number}",)
    return RowChange(table, key, {**dict(zip(key_columns(table), key, strict=True)), **columns})


def _told(table: str, key: tuple[str | int, ...], before: Row | None, now: Row | None) -> RowChange | RowDiff:
    """Return how a row's change is told: by what differs, where the row was there before."""
    if before is None or now is None:
        return RowChange(table, key, now)
    columns = {name: now.get(name) for name in {*before, *now} if before.get(name) != now.get(name)}
    return RowDiff(table, key, columns, key)


def a_tombstone(feed: Feed, number: int) -> RowChange:
    """Return a change that takes the row with a number away."""
    change = a_row_change(feed, number)
    return RowChange(change.table, change.key, None)


def _columnar(table: str, rows: list[Row]) -> ChunkRows:
    columns = tuple(sorted({column for row in rows for column in row}))
    return ChunkRows(table, columns, tuple([row.get(column) for row in rows] for column in columns))


def _rows_of(chunk: ChunkRows) -> Iterable[tuple[Key, Row]]:
    for values in zip(*chunk.data, strict=True):
        pairs = zip(chunk.columns, values, strict=True)
        row = {column: value for column, value in pairs if value is not None}
        key = tuple(value for name in key_columns(chunk.table) if isinstance(value := row[name], str | int))
        yield (chunk.table, key), row
