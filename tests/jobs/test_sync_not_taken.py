"""Answers that are not to be believed: refused with the reason, and the good replica is as it was (P09)."""

import shutil
from collections.abc import AsyncIterator, Callable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

from client.api.reply import Reply
from client.domain.errors import LinkDownError
from client.domain.feed import Feed
from client.jobs.sync_replica import SyncReplica
from cloud.register import put
from offline.store.replica import Replica
from tests.api.small_cloud import SmallCloud, WrongClock, protect, small_cloud
from tests.builders import HANAKO
from tests.jobs.test_sync_with_cloud import REPLICA_KEY, Follower

pytestmark = [pytest.mark.asyncio, pytest.mark.long]
Change = Callable[[str, Reply], Reply]


@pytest_asyncio.fixture
async def follower(tmp_path: Path) -> AsyncIterator[Follower]:
    with small_cloud(tmp_path / "cloud") as cloud:
        await cloud.enrol()
        assert cloud.enrolled
        cloud.http.identity = cloud.identity
        replica = Replica(tmp_path / "replica.db", cloud.clock)
        await replica.open(REPLICA_KEY, cloud.enrolled.digest_key)
        yield Follower(cloud, replica)
        await replica.close()


@pytest.fixture
def clock() -> WrongClock:
    return WrongClock()


@pytest_asyncio.fixture
async def timed(tmp_path: Path, clock: WrongClock) -> AsyncIterator[Follower]:
    """A follower of a cloud that goes by a clock the test sets."""
    with small_cloud(tmp_path / "cloud", now=clock) as cloud:
        await cloud.enrol()
        assert cloud.enrolled
        cloud.http._now, cloud.http.identity = clock, cloud.identity
        replica = Replica(tmp_path / "replica.db", clock)
        await replica.open(REPLICA_KEY, cloud.enrolled.digest_key)
        yield Follower(cloud, replica)
        await replica.close()


def on_the_way(cloud: SmallCloud, change: Change) -> None:
    """Have somebody on the line who changes what the cloud says."""
    call = cloud.http.call

    async def changed(method: str, path: str, **more: Any) -> Reply:
        return change(path, await call(method, path, **more))

    cloud.http.call = changed  # type: ignore[method-assign]  # the line, in this test


async def held(replica: Replica) -> object:
    """Return what a replica stands at, and the sums of all its rows."""
    every, position = tuple(range(64)), await replica.position()
    assert position.blocks
    assert position.register
    versions = position.blocks.version, position.register.version
    return versions, [await replica.bucket_sums(feed, every) for feed in Feed]


async def refused(follower: Follower, code: str) -> None:
    before = await held(follower.replica)
    with pytest.raises(LinkDownError) as caught:
        await follower.sync.round()
    assert caught.value.code == code
    assert await held(follower.replica) == before


async def test_the_server_of_another_town_is_not_believed(follower: Follower, tmp_path: Path) -> None:
    await follower.sync.round()
    with small_cloud(tmp_path / "another") as another:
        await another.enrol()
        another.http.identity = another.identity
        said: dict[str, Reply] = {}

        def its_own(path: str, _: Reply) -> Reply:
            return said[path]

        paths: list[str] = []
        ask = follower.cloud.http.call

        async def asked(method: str, path: str, **more: Any) -> Reply:
            paths.append(path)
            said[path] = await another.http.call(method, path, **more)
            return said[path]

        follower.cloud.http.call = asked  # type: ignore[method-assign]  # the line leads there
        await refused(follower, "link.unsigned")
        assert paths
        follower.cloud.http.call = ask  # type: ignore[method-assign]  # and back
    assert (await follower.sync.round()).proven


async def test_an_answer_changed_on_the_way_is_not_believed(follower: Follower) -> None:
    await follower.sync.round()
    follower.commit("blocks", put(*protect(HANAKO)))

    def one_bit(_path: str, reply: Reply) -> Reply:
        signed = bytearray(reply.body)
        signed[len(signed) // 2] ^= 1
        return replace(reply, body=bytes(signed))

    on_the_way(follower.cloud, one_bit)
    before = await held(follower.replica)
    with pytest.raises(LinkDownError) as caught:
        await follower.sync.round()
    assert caught.value.code in {"link.unsigned", "link.fault"}  # the bit may be one of the envelope
    assert await held(follower.replica) == before


async def test_answers_of_a_cache_are_told_as_old_ones(clock: WrongClock, timed: Follower) -> None:
    kept: dict[str, Reply] = {}

    def keep(path: str, reply: Reply) -> Reply:
        return kept.setdefault(path, reply)

    await timed.sync.round()
    honest = timed.cloud.http.call
    on_the_way(timed.cloud, keep)
    assert (await timed.sync.round()).proven
    timed.cloud.http.call = honest  # type: ignore[method-assign]  # past the cache
    clock.off += timedelta(minutes=10)
    assert (await timed.sync.round()).proven
    on_the_way(timed.cloud, keep)
    clock.off += timedelta(minutes=10)
    await refused(timed, "link.stale")


async def test_a_cloud_whose_clock_ran_ahead_is_followed_again_once_it_is_right(
    clock: WrongClock, timed: Follower
) -> None:
    sync = SyncReplica(timed.cloud.feeds(), timed.replica, timed.book, now=WrongClock())  # this PC's is right
    clock.off = timedelta(days=1)
    assert (await sync.round()).proven
    clock.off = timedelta(hours=-1)
    with pytest.raises(LinkDownError, match=r"link\.stale"):
        await sync.round()  # an old answer is not believed for that
    clock.off = timedelta(0)
    timed.commit("blocks", put(*protect(HANAKO)))
    assert (await sync.round()).proven
    position = await timed.replica.position()
    for feed in (position.blocks, position.register):
        assert feed
        assert abs(feed.at - clock()) < timedelta(minutes=1)


async def test_a_register_restored_from_its_backup_waits_for_a_person(
    follower: Follower, tmp_path: Path
) -> None:
    await follower.sync.round()
    shutil.copytree(tmp_path / "cloud", tmp_path / "backup")
    follower.commit("register", follower.resident(history_no=4, full_name="渡邊󠄐　太郎"))
    assert (await follower.sync.round()).proven
    with small_cloud(tmp_path / "backup") as restored:
        restored.enrolled, restored.key = follower.cloud.enrolled, follower.cloud.key
        restored.http.identity = restored.identity
        behind = Follower(restored, follower.replica)
        await refused(behind, "link.backwards")
        assert (await behind.sync.round(follow_back=True)).proven
        assert await behind.equal()


@pytest.mark.parametrize("spoilt", ["damaged", "swapped", "cut"])
async def test_a_spoilt_chunk_is_not_taken_and_the_others_are_kept(follower: Follower, spoilt: str) -> None:
    first: list[Reply] = []
    taken: list[str] = []
    honest = follower.cloud.http.call

    def spoil(path: str, reply: Reply) -> Reply:
        if "/chunks/" not in path:
            return reply
        taken.append(path)
        if not first:
            first.append(reply)
            return reply
        if spoilt == "swapped":
            return first[0]
        damaged = reply.body[:-1] if spoilt == "cut" else reply.body[:-1] + bytes([reply.body[-1] ^ 1])
        return replace(reply, body=damaged)

    on_the_way(follower.cloud, spoil)
    with pytest.raises(LinkDownError, match=r"link\.fault"):
        await follower.sync.round()
    assert (await follower.replica.position()).register is None
    follower.cloud.http.call = honest  # type: ignore[method-assign]  # the line is honest again
    again: list[str] = []
    on_the_way(follower.cloud, lambda path, reply: again.append(path) or reply)  # type: ignore[func-returns-value]  # noted
    assert (await follower.sync.round()).proven
    assert taken[0] not in again, "what came before is not fetched again"
    assert await follower.equal()
