"""A replica that follows its neighbours and the cloud at once: whoever comes first, it ends equal to the register (P09)."""

import asyncio
import sqlite3
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, suppress
from pathlib import Path
from random import Random

import pytest
import pytest_asyncio

from client.api.neighbours import NeighbourFeeds
from client.api.peers import PeerDesk
from client.api.sync import HttpFeeds
from client.domain.errors import LinkDownError
from client.domain.feed import Feed
from client.domain.peer import PeerPapers
from client.jobs.sync_replica import SyncReplica
from cloud.register import put
from offline.store.replica import Replica
from tests.api.small_cloud import protect, small_cloud
from tests.builders import HANAKO
from tests.jobs.test_neighbours_with_cloud import House, a_house
from tests.jobs.test_sync_with_cloud import REPLICA_KEY, Follower

pytestmark = [pytest.mark.asyncio, pytest.mark.long]
ROUNDS = 25


@pytest_asyncio.fixture
async def house(tmp_path: Path) -> AsyncIterator[House]:
    with small_cloud(tmp_path / "cloud") as cloud:
        await cloud.enrol()
        assert cloud.enrolled
        replica = Replica(tmp_path / "replica.db", cloud.clock)
        await replica.open(REPLICA_KEY, cloud.enrolled.digest_key)
        papers = PeerPapers(await PeerDesk(cloud.http).lease())
        yield await a_house(Follower(cloud, replica), papers, tmp_path / "hall")
        await replica.close()


class Slow:
    """Feeds whose answers are a while on their way, so that much happens meanwhile."""

    def __init__(self, feeds: HttpFeeds | NeighbourFeeds, pause: Callable[[], float]) -> None:
        self._feeds = feeds
        self._pause = pause

    def __getattr__(self, name: str) -> object:
        ask = getattr(self._feeds, name)

        async def asked(*words: object, **more: object) -> object:
            await asyncio.sleep(self._pause())
            answer = await ask(*words, **more)
            await asyncio.sleep(self._pause())
            return answer

        return asked


def spoil(connection: sqlite3.Connection) -> None:
    connection.execute(
        "UPDATE resident SET full_name = 'spoilt' WHERE rowid IN (SELECT max(rowid) FROM resident)"
    )


@pytest.mark.parametrize("seed", range(2))
async def test_two_that_follow_at_once_end_at_the_register(house: House, seed: int) -> None:
    follower, random = house.follower, Random(seed)  # noqa: S311 - it jitters a test
    async with AsyncExitStack() as stack:
        assert (await follower.sync.round()).proven
        await house.keep.follow(0)
        near = house.neighbour_feeds(await house.serve(stack))
        stack.push_async_callback(house.http.close)

        def pause() -> float:
            return random.random() * 0.02

        cloud = SyncReplica(Slow(follower.cloud.feeds(), pause), follower.replica, follower.book)  # type: ignore[arg-type]  # any feeds
        beside = SyncReplica(
            Slow(near, pause),  # type: ignore[arg-type]  # any feeds
            follower.replica,
            follower.book,
            metered=lambda: True,
        )

        repaired = 0

        async def holds_rounds(sync: SyncReplica) -> None:
            nonlocal repaired
            for _ in range(ROUNDS):
                with suppress(LinkDownError):
                    repaired += (await sync.round()).repaired

        async def moves_on() -> None:
            for turn in range(ROUNDS):
                follower.commit("register", follower.resident(history_no=4 + turn, full_name=f"山田　{turn}"))
                if turn % 5 == 0:
                    follower.commit("blocks", put(*protect(HANAKO)))
                if turn % 2:
                    await house.keep.follow(0)
                if turn % 7 == 3:
                    await follower.replica._write(spoil)  # as a disk would
                    for feed in Feed:
                        await follower.replica.distrust(feed, tuple(range(4096)))
                await asyncio.sleep(pause())

        await asyncio.gather(holds_rounds(cloud), holds_rounds(beside), moves_on())
        assert repaired
        assert (await follower.sync.round()).proven
        assert await follower.equal()


async def test_a_batch_of_a_neighbour_that_comes_after_the_replica_went_back_is_left(house: House) -> None:
    """The cloud's round repaired it at an older version while the neighbour's answer was on its way."""
    follower = house.follower
    async with AsyncExitStack() as stack:
        assert (await follower.sync.round()).proven
        follower.commit("register", follower.resident(history_no=4))
        assert (await follower.sync.round()).proven
        follower.commit("register", follower.resident(history_no=5))
        await house.keep.follow(0)
        near = house.neighbour_feeds(await house.serve(stack))
        stack.push_async_callback(house.http.close)
        there = (await follower.replica.position()).register
        assert there
        before = there.version - 1

        class WentBack:
            def __getattr__(self, name: str) -> object:
                return getattr(near, name)

            async def both(self, *words: int, **more: int) -> object:
                told = await near.both(*words, **more)
                await follower.replica.replace_buckets(Feed.REGISTER, before, (), ())
                return told

        beside = SyncReplica(WentBack(), follower.replica, follower.book, metered=lambda: True)  # type: ignore[arg-type]  # any feeds
        with pytest.raises(LinkDownError, match=r"link\.unreachable"):  # only the cloud proves
            await beside.round()
        assert (await follower.sync.round()).proven
        assert await follower.equal()
