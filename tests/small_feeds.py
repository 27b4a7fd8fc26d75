"""The feeds of a SmallRegister, as the sync asks them; it counts what was fetched."""

from dataclasses import dataclass, field

from client.domain.errors import LinkDownError
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
    RowChange,
)
from client.rules.digest import bucket_bytes, buckets_below, mids_of
from tests.store_builders import SmallRegister


@dataclass
class SmallFeeds:
    """Fulfils feed_ports.CloudFeeds: a register that goes on from the newest version, or is cut off."""

    register: SmallRegister
    down: bool = False
    buckets_fetched: set[tuple[Feed, int]] = field(default_factory=set)
    rows_fetched: list[RowChange] = field(default_factory=list)
    snapshots: int = 0

    async def feed(self, feed: Feed, after: int, limit: int) -> FeedBatch | None:
        if self.down:
            raise LinkDownError("link.down")
        head = self.register.versions[feed]
        if after != head:
            return None  # its log does not go back: it is to be compared
        root = self.register.root(feed)
        return FeedBatch(feed, after, head, head, self.register.at, (), root)

    async def both(
        self, blocks: int, register: int, limit: int, *, wait_s: int = 0
    ) -> tuple[FeedBatch | None, FeedBatch | None]:
        return await self.feed(Feed.BLOCKS, blocks, limit), await self.feed(Feed.REGISTER, register, limit)

    async def digest(self, feed: Feed) -> FeedDigest:
        mids, version = mids_of(self.register.sums(feed)), self.register.versions[feed]
        return FeedDigest(feed, version, self.register.at, self.register.root(feed), mids)

    async def buckets(self, feed: Feed, mids: tuple[int, ...]) -> BucketList:
        sums = self.register.sums(feed)
        below = tuple(Bucket(no, bucket_bytes(sums[no])) for mid in mids for no in buckets_below(mid))
        return BucketList(feed, self.register.versions[feed], below)

    async def rows(self, feed: Feed, buckets: tuple[int, ...]) -> BucketRows:
        found = self.register.rows_of(feed, buckets)
        self.buckets_fetched |= {(feed, bucket) for bucket in buckets}
        self.rows_fetched += found
        version, root = self.register.versions[feed], self.register.root(feed)
        return BucketRows(feed, version, self.register.at, root, found)

    async def manifest(self, begun: str | None = None) -> Manifest:
        if self.down:
            raise LinkDownError("link.down")
        self.snapshots += 1
        return self.register.snapshot()[0]

    async def chunk(self, chunk: Chunk) -> ChunkRows:
        return self.register.snapshot()[1][chunk.sha256]
