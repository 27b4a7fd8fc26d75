"""The rolling scrub: every bucket has its turn, and what is wrong is told."""

from collections import Counter
from dataclasses import dataclass, field
from datetime import timedelta

import pytest

from client.domain.errors import StoreError
from client.domain.feed import Feed
from client.jobs.scrub_replica import A_STEP, EVERY, ScrubReplica
from client.rules.digest import BUCKETS

pytestmark = pytest.mark.asyncio


@dataclass
class Rows:
    """feed_ports.OwnRows with some buckets damaged."""

    damaged: set[tuple[Feed, int]] = field(default_factory=set)
    looked_at: Counter[tuple[Feed, int]] = field(default_factory=Counter)
    distrusted: list[tuple[Feed, tuple[int, ...]]] = field(default_factory=list)
    trouble: StoreError | None = None
    checks: int = 0

    async def check(self) -> None:
        if self.trouble:
            raise self.trouble
        self.checks += 1

    async def wrong_buckets(self, feed: Feed, buckets: tuple[int, ...]) -> tuple[int, ...]:
        if self.trouble:
            raise self.trouble
        self.looked_at.update((feed, bucket) for bucket in buckets)
        return tuple(bucket for bucket in buckets if (feed, bucket) in self.damaged)

    async def distrust(self, feed: Feed, buckets: tuple[int, ...]) -> None:
        self.distrusted.append((feed, buckets))


@dataclass
class Sync:
    woken: int = 0

    def wake(self) -> None:
        self.woken += 1


@pytest.mark.parametrize("begin", [0, 4090, 8191, 60000])
async def test_every_bucket_of_both_feeds_has_its_turn_within_a_day(begin: int) -> None:
    rows, sync = Rows(), Sync()
    scrub = ScrubReplica(rows, wake=sync.wake, begin=begin)
    for _ in range(timedelta(hours=24) // EVERY):
        await scrub.step()
        if len(rows.looked_at) == 2 * BUCKETS:
            break
    assert set(rows.looked_at) == {(feed, bucket) for feed in Feed for bucket in range(BUCKETS)}
    assert max(rows.looked_at.values()) <= 2
    assert sync.woken == 0


async def test_a_wrong_bucket_is_distrusted_and_the_sync_woken() -> None:
    rows, sync = Rows({(Feed.REGISTER, 5), (Feed.BLOCKS, 2)}), Sync()
    scrub = ScrubReplica(rows, wake=sync.wake)
    found = [await scrub.step() for _ in range(2 * BUCKETS // A_STEP)]
    assert sum(found) == 2
    assert sorted(buckets for _, buckets in rows.distrusted) == [(2,), (5,)]
    assert sync.woken == 2


async def test_on_demand_everything_is_looked_at_at_once() -> None:
    rows, sync = Rows({(Feed.REGISTER, 4095)}), Sync()
    told: list[tuple[int, int]] = []
    assert await ScrubReplica(rows, wake=sync.wake).everything(lambda done, of: told.append((done, of))) == 1
    assert set(rows.looked_at.values()) == {1}
    assert len(rows.looked_at) == 2 * BUCKETS
    assert (told[0], told[-1]) == ((0, 2 * BUCKETS), (2 * BUCKETS, 2 * BUCKETS))


async def test_once_a_round_every_page_is_checked_and_damage_stops_the_round_until_it_is_mended() -> None:
    rows = Rows(trouble=StoreError("store.damaged_replica"))
    scrub = ScrubReplica(rows, wake=Sync().wake)
    with pytest.raises(StoreError, match=r"store\.damaged_replica"):
        await scrub.step()
    rows.trouble = None
    for _ in range(2 * BUCKETS // A_STEP):
        await scrub.step()
    assert rows.checks == 1
    await scrub.step()
    assert rows.checks == 2


async def test_without_a_replica_the_scrub_waits_and_goes_on_where_it_was() -> None:
    rows, sync = Rows(trouble=StoreError("store.not_filled")), Sync()
    scrub = ScrubReplica(rows, wake=sync.wake)
    await scrub.idle_step()
    rows.trouble = None
    await scrub.idle_step()
    assert sorted(bucket for _, bucket in rows.looked_at) == list(range(A_STEP))
