"""The hall server asked before the cloud, so that a house of many terminals costs one line.

It is asked for what is young and for what is large: the newest changes, and the snapshot of a first fill. Where it is gone,
behind, or has no way on, the cloud itself is asked; and the cloud alone proves and repairs.
"""

import time
from collections.abc import Awaitable, Callable, Mapping
from datetime import datetime, timedelta
from typing import TypeVar

from client.api.parcels import ParcelDoor
from client.api.sync import HttpFeeds
from client.domain.errors import LinkDownError
from client.domain.feed import (
    BucketList,
    BucketRows,
    Chunk,
    ChunkRows,
    Feed,
    FeedBatch,
    FeedDigest,
    Manifest,
)
from client.domain.parcel import CannotGoOn, Parcel

T = TypeVar("T")
YOUNG = timedelta(seconds=90)  # of the cloud's word at the hall server, which listens for 25 s at a time
_LEFT_ALONE = 60.0  # seconds, where it did not answer


class _Hall:
    """The hall server as one that may be gone or behind: left alone for a while where it did not answer."""

    def __init__(self, now: Callable[[], datetime]) -> None:
        self._now = now
        self._not_before = 0.0

    async def __call__(self, ask: Callable[[], Awaitable[T]]) -> T | None:
        """Return its answer, or None."""
        if time.monotonic() < self._not_before:
            return None
        try:
            return await ask()
        except LinkDownError:
            self._not_before = time.monotonic() + _LEFT_ALONE
            return None

    def is_young(self, word: FeedBatch | Parcel | CannotGoOn | None) -> bool:
        """Tell whether a word leads on and was said by the cloud a moment ago."""
        return isinstance(word, FeedBatch | Parcel) and self._now() - word.at <= YOUNG


class ParcelsHallFirst:
    """The same for parcels that are kept unread; fulfils ``ParcelSource``."""

    def __init__(self, hall: ParcelDoor, cloud: ParcelDoor, *, now: Callable[[], datetime]) -> None:
        self._hall = hall
        self._cloud = cloud
        self._at_hall = _Hall(now)

    async def parcels(
        self, after: Mapping[Feed, int], *, limit: int, wait_s: int = 0
    ) -> tuple[Parcel | CannotGoOn, ...]:
        """Return what each feed has after a version, blocks first. LinkDownError."""
        told = await self._at_hall(lambda: self._hall.parcels(after, limit=limit, wait_s=wait_s))
        if told is not None and all(map(self._at_hall.is_young, told)):
            return told
        return await self._cloud.parcels(after, limit=limit, wait_s=0 if told else wait_s)


class HallFirst:
    """Two ways to the same words, each signed by the cloud, whoever brought it; fulfils ``CloudFeeds``."""

    def __init__(self, hall: HttpFeeds, cloud: HttpFeeds, *, now: Callable[[], datetime]) -> None:
        self._hall = hall
        self._cloud = cloud
        self._at_hall = _Hall(now)

    async def both(
        self, blocks: int, register: int, limit: int, *, wait_s: int = 0
    ) -> tuple[FeedBatch | None, FeedBatch | None]:
        """Return what both feeds have after two versions, blocks first."""
        told = await self._at_hall(lambda: self._hall.both(blocks, register, limit, wait_s=wait_s))
        if told is not None and all(map(self._at_hall.is_young, told)):
            return told
        return await self._cloud.both(blocks, register, limit, wait_s=0 if told else wait_s)

    async def feed(self, feed: Feed, after: int, limit: int) -> FeedBatch | None:
        """Return what a feed has after a version."""
        told = await self._at_hall(lambda: self._hall.feed(feed, after, limit))
        return (
            told
            if told is not None and self._at_hall.is_young(told)
            else await self._cloud.feed(feed, after, limit)
        )

    async def digest(self, feed: Feed) -> FeedDigest:
        """Return the cloud's own proof."""
        return await self._cloud.digest(feed)

    async def buckets(self, feed: Feed, mids: tuple[int, ...]) -> BucketList:
        """Return the cloud's own buckets."""
        return await self._cloud.buckets(feed, mids)

    async def rows(self, feed: Feed, buckets: tuple[int, ...]) -> BucketRows:
        """Return the cloud's own rows."""
        return await self._cloud.rows(feed, buckets)

    async def manifest(self, begun: str | None = None) -> Manifest:
        """Return what a snapshot consists of; a fill that was begun goes on with its own, wherever that is."""
        told = await self._at_hall(lambda: self._hall.manifest(begun))
        if told is not None and begun in {None, told.snapshot_id}:
            return told
        return await self._cloud.manifest(begun)

    async def chunk(self, chunk: Chunk) -> ChunkRows:
        """Return one chunk."""
        told = await self._at_hall(lambda: self._hall.chunk(chunk))
        return told if told is not None else await self._cloud.chunk(chunk)
