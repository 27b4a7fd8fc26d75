"""What lies on the shelf may be of a register that is gone, or may not be taken in: the morning goes on without it."""

import asyncio
import shutil
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio

from client.api.sync import HttpFeeds
from client.domain.errors import LinkDownError
from client.jobs.sync_replica import SyncReplica
from client.rules.sync import RoundReport
from offline.store.arrived import Arrived
from tests.api.small_cloud import SmallCloud, small_cloud
from tests.jobs.test_keep_at_night import Counter, counter
from tests.replica_fakes import LandingBook

__all__ = ["counter"]
pytestmark = pytest.mark.asyncio
FORBIDDEN = "泉荘 123456789018"  # reads as an individual number


def syncing(counter: Counter, cloud: SmallCloud) -> SyncReplica:
    """Return the upkeep as it is by day: what came is laid on the shelf too."""
    told = counter.cloud.enrolled
    assert told
    feeds = HttpFeeds(
        cloud.http, told.feed_keys, digest_key=lambda: told.digest_key, on_parcel=counter.shelf.put
    )
    laid_by = Arrived(counter.shelf, counter.replica.digest_key)
    return SyncReplica(feeds, counter.replica, LandingBook(), laid_by=laid_by)


@pytest_asyncio.fixture
async def restored(counter: Counter, tmp_path: Path) -> AsyncIterator[SmallCloud]:
    """The cloud as it was restored from a backup, after the counter had followed it two versions further."""
    shutil.copytree(tmp_path / "cloud", tmp_path / "backup")
    await counter.unlock()
    for katagaki in ("泉荘101", "泉荘102"):
        counter.move(katagaki)
        assert (await syncing(counter, counter.cloud).round()).proven
    with small_cloud(tmp_path / "backup", now=counter.cloud.clock) as cloud:
        cloud.enrolled, cloud.key = counter.cloud.enrolled, counter.cloud.key
        cloud.http._now, cloud.http.identity = counter.cloud.clock, cloud.identity
        yield cloud


async def night_and_morning(counter: Counter, cloud: SmallCloud) -> None:
    """Lock, let something change in the night, unlock with the line cut, and see the night's change."""
    counter.cloud = cloud
    await counter.replica.close()
    counter.move("泉荘999")
    assert await counter.night() == 1
    await counter.unlock()
    assert await syncing(counter, cloud).take_in() == 1
    assert await counter.katagaki() == "泉荘999"
    assert (await syncing(counter, cloud).round()).proven


async def test_who_has_gone_back_with_a_restored_register_is_not_led_forward_again_by_the_shelf(
    counter: Counter, restored: SmallCloud
) -> None:
    sync = syncing(counter, restored)
    with pytest.raises(LinkDownError, match=r"link\.backwards"):
        await sync.round()
    assert (await sync.round(follow_back=True)).proven
    await night_and_morning(counter, restored)


async def test_who_was_filled_anew_from_a_restored_register_is_not_led_on_by_what_was_before(
    counter: Counter, restored: SmallCloud, tmp_path: Path
) -> None:
    sync = syncing(counter, restored)
    await counter.replica.close()
    (tmp_path / "counter" / "replica.db").unlink()
    await counter.unlock()
    report = await sync.round()
    assert (report.filled, report.proven) == (True, True)
    await night_and_morning(counter, restored)


async def first_report(sync: SyncReplica) -> RoundReport:
    """Run the upkeep until it tells of a round."""
    told = asyncio.Queue[RoundReport]()
    running = asyncio.create_task(sync.run(lambda: True, asyncio.sleep, on_report=told.put_nowait))
    report = asyncio.create_task(told.get())
    await asyncio.wait([running, report], return_when=asyncio.FIRST_COMPLETED)
    if running.done():
        running.result()
    running.cancel()
    await asyncio.wait([running])
    return await report


async def test_what_may_not_be_taken_in_off_the_shelf_holds_nothing_up_once_the_cloud_is_mended(
    counter: Counter, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as of_before:
        of_before.setattr("cloud.register.look_at", lambda _rows: None)
        counter.move(FORBIDDEN)
    assert await counter.night() == 1
    counter.move("泉荘101")  # the town has mended it, and the terminal is unlocked
    await counter.unlock()
    assert (await first_report(counter.sync)).proven
    assert await counter.katagaki() == "泉荘101"
