"""Nobody is signed in: what the town says is laid by, sealed, and is there in the morning with the line cut."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import pytest
import pytest_asyncio

from client.api.parcels import ParcelDoor
from client.domain.errors import LinkDownError
from client.domain.feed import Feed
from client.jobs.keep_at_night import KeepAtNight
from client.jobs.sync_replica import SyncReplica
from client.rules.sync import RoundReport
from cloud.faults import Line
from cloud.register import put
from offline.store.arrived import Arrived
from offline.store.replica import Replica
from offline.store.shelf import Shelf
from tests.api.small_cloud import SmallCloud, WrongClock, protect, small_cloud
from tests.builders import HANAKO, TARO
from tests.replica_fakes import LandingBook

pytestmark = pytest.mark.asyncio
REPLICA_KEY = b"r" * 32
HIDEOUT = "隠れ家荘405号"


@dataclass
class Counter:
    """A terminal's replica and shelf, and the cloud they follow."""

    cloud: SmallCloud
    replica: Replica
    shelf: Shelf
    metered: bool = False

    async def unlock(self) -> None:
        assert self.cloud.enrolled
        await self.replica.open(REPLICA_KEY, self.cloud.enrolled.digest_key)

    @property
    def sync(self) -> SyncReplica:
        laid_by = Arrived(self.shelf, self.replica.digest_key)
        return SyncReplica(self.cloud.feeds(), self.replica, LandingBook(), laid_by=laid_by)

    async def night(self) -> int:
        assert self.cloud.enrolled
        door = ParcelDoor(self.cloud.http, self.cloud.enrolled.feed_keys)
        return await KeepAtNight(door, self.shelf, metered=lambda: self.metered).round()

    def move(self, katagaki: str) -> None:
        register = self.cloud.tenant.register
        with register.writing() as connection:
            row = register.row(connection, "resident", (TARO, 3))
            assert row
            register.commit(connection, "register", [put("resident", {**row, "address_katagaki": katagaki})])

    def shelter(self) -> None:
        register = self.cloud.tenant.register
        with register.writing() as connection:
            register.commit(connection, "blocks", [put(*protect(HANAKO))])

    async def katagaki(self) -> object:
        return (await self.replica.history_of(TARO)).value[0].get("address_katagaki")

    async def reached(self) -> dict[str, int]:
        stand = await self.replica.position()
        assert stand.blocks
        assert stand.register
        return {"blocks": stand.blocks.version, "register": stand.register.version}


@pytest_asyncio.fixture
async def counter(tmp_path: Path) -> AsyncIterator[Counter]:
    """A counter that was open by day and is locked now."""
    clock = WrongClock()
    with small_cloud(tmp_path / "cloud", now=clock) as cloud:
        cloud.clock = cloud.http._now = clock  # one time for both
        await cloud.enrol()
        told = cloud.enrolled
        assert told
        shelf = Shelf(tmp_path / "counter" / "shelf", lambda: told.feed_keys)
        counter = Counter(cloud, Replica(tmp_path / "counter" / "replica.db", cloud.clock), shelf)
        (tmp_path / "counter").mkdir(exist_ok=True)
        await counter.unlock()
        assert (await counter.sync.round()).proven
        await counter.replica.close()
        yield counter
        await counter.replica.close()


async def test_what_came_at_night_is_there_in_the_morning_without_a_line(counter: Counter) -> None:
    counter.move("泉荘101")
    counter.shelter()
    assert await counter.night() == 2
    counter.move("泉荘102")
    assert await counter.night() == 1
    counter.cloud.clock.off += timedelta(hours=8)
    counter.cloud.faults.line = Line.CUT
    with pytest.raises(LinkDownError):
        await counter.night()
    await counter.unlock()
    assert await counter.reached() != counter.cloud.tenant.feeds.heads()
    assert await counter.sync.take_in() == 3
    assert await counter.reached() == counter.cloud.tenant.feeds.heads()
    for feed in Feed:
        assert await counter.replica.wrong_buckets(feed, tuple(range(4096))) == ()


async def test_at_half_past_eight_the_replica_is_minutes_old_though_the_register_was_quiet(
    counter: Counter,
) -> None:
    counter.move("泉荘101")
    counter.cloud.clock.off += timedelta(hours=12)
    await counter.night()
    counter.cloud.clock.off += timedelta(minutes=2)
    await counter.night()  # the word that there is nothing new
    last_word = counter.cloud.clock()
    counter.cloud.clock.off += timedelta(minutes=2)
    counter.cloud.faults.line = Line.CUT
    await counter.unlock()
    assert await counter.sync.take_in() == 1
    stand = await counter.replica.position()
    for feed in (stand.blocks, stand.register):
        assert feed
        assert abs(feed.at - last_word) < timedelta(seconds=5)


async def test_what_lies_there_tells_a_thief_nothing(counter: Counter, tmp_path: Path) -> None:
    counter.move(HIDEOUT)
    await counter.night()
    found = [path for path in (tmp_path / "counter").rglob("*") if path.is_file()]
    assert any(path.suffix == ".parcel" for path in found)
    for path in found:
        content = path.read_bytes()
        for word in (HIDEOUT, TARO, "渡邉"):
            for encoding in ("utf-8", "utf-16-le", "utf-16-be", "shift_jis"):
                assert word.encode(encoding) not in content, path.name


async def test_a_parcel_somebody_changed_is_left_and_the_cloud_asked_instead(
    counter: Counter, tmp_path: Path
) -> None:
    counter.move("泉荘101")
    await counter.night()
    (path,) = (tmp_path / "counter" / "shelf").glob("register-*.parcel")
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)
    await counter.unlock()
    assert await counter.sync.take_in() == 0
    assert (await counter.sync.round()).proven
    assert await counter.katagaki() == "泉荘101"


async def test_on_a_metered_line_only_the_blocks_come_at_night(counter: Counter) -> None:
    counter.metered = True
    counter.move("泉荘101")
    counter.shelter()
    assert await counter.night() == 1
    await counter.unlock()
    await counter.sync.take_in()
    heads = counter.cloud.tenant.feeds.heads()
    assert await counter.reached() == {"blocks": heads["blocks"], "register": heads["register"] - 1}


async def test_before_the_first_fill_there_is_nothing_to_follow(counter: Counter) -> None:
    await counter.shelf.clear()
    counter.move("泉荘101")
    assert await counter.night() == 0


async def test_a_night_that_was_cut_goes_on_where_it_was(counter: Counter) -> None:
    for katagaki in ("泉荘101", "泉荘102", "泉荘103"):
        counter.move(katagaki)
        counter.cloud.faults.line = Line.CUT
        with pytest.raises(LinkDownError):
            await counter.night()
        counter.cloud.faults.line = Line.OK
        assert await counter.night() == 1
    await counter.unlock()
    assert await counter.sync.take_in() == 3
    assert await counter.katagaki() == "泉荘103"


async def test_by_day_news_come_as_they_are_made_and_not_only_when_it_is_asked_again(
    counter: Counter,
) -> None:
    await counter.unlock()
    sync, reports = counter.sync, asyncio.Queue[RoundReport]()
    asleep: list[float] = []

    async def sleep(seconds: float) -> None:
        asleep.append(seconds)
        if len(asleep) > 1:
            await asyncio.Event().wait()  # nobody asks a second time

    running = asyncio.create_task(sync.run(lambda: True, sleep, on_report=reports.put_nowait))
    try:
        assert (await reports.get()).changes == 0
        await asyncio.to_thread(counter.move, "泉荘101")
        report = await asyncio.wait_for(reports.get(), 10)
        assert (report.changes, report.proven) == (1, True)
        assert await counter.katagaki() == "泉荘101"
    finally:
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)
