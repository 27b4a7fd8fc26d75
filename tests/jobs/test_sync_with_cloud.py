"""Sync with everything real: the replica on disk, signed feeds over HTTP, the reference cloud and its faults (P09)."""

from collections.abc import AsyncIterator
from dataclasses import dataclass, field, replace
from datetime import timedelta
from pathlib import Path

import pytest
import pytest_asyncio

from client.domain.errors import LinkDownError, StoreError
from client.domain.feed import Feed
from client.jobs.scrub_replica import ScrubReplica
from client.jobs.sync_replica import SyncReplica
from client.rules.digest import bucket_of, root_of
from cloud.faults import Fault, FaultKind, Line
from cloud.register import Change, put
from offline.store import door
from offline.store.replica import Replica
from tests.api.small_cloud import SmallCloud, protect, small_cloud
from tests.builders import HANAKO, TARO
from tests.replica_fakes import LandingBook

pytestmark = [pytest.mark.asyncio, pytest.mark.long]
REPLICA_KEY = b"r" * 32


@dataclass
class Follower:
    """A terminal that does nothing but follow."""

    cloud: SmallCloud
    replica: Replica
    book: LandingBook = field(default_factory=LandingBook)

    @property
    def sync(self) -> SyncReplica:
        assert self.cloud.enrolled
        return SyncReplica(self.cloud.feeds(), self.replica, self.book)

    def commit(self, feed: str, *changes: Change) -> None:
        register = self.cloud.tenant.register
        with register.writing() as connection:
            register.commit(connection, feed, changes)

    def resident(self, **more: object) -> Change:
        register = self.cloud.tenant.register
        with register.reading() as connection:
            row = register.row(connection, "resident", (TARO, 3))
        assert row
        return put("resident", {**row, **more})

    async def equal(self) -> bool:
        register = self.cloud.tenant.register
        for feed in Feed:
            with register.reading() as connection:
                head = register.head(connection, feed.value)
            position = await self.replica.position()
            reached = position.blocks if feed is Feed.BLOCKS else position.register
            if reached is None or reached.version != head.version:
                return False
            if root_of(await self.replica.mids(feed)) != head.root:
                return False
            kept = await self.replica.bucket_sums(feed, tuple(range(64)))
            filled = tuple(bucket.index for bucket in kept if any(bucket.digest))
            if await self.replica.wrong_buckets(feed, filled):
                return False
        return True


@pytest_asyncio.fixture
async def follower(tmp_path: Path) -> AsyncIterator[Follower]:
    with small_cloud(tmp_path / "cloud") as cloud:
        await cloud.enrol()
        assert cloud.enrolled
        replica = Replica(tmp_path / "replica.db", cloud.clock)
        await replica.open(REPLICA_KEY, cloud.enrolled.digest_key)
        yield Follower(cloud, replica)
        await replica.close()


async def test_a_first_fill_then_changes_of_both_feeds(follower: Follower) -> None:
    report = await follower.sync.round()
    assert (report.filled, report.proven) == (True, True)
    assert await follower.equal()
    follower.commit("register", follower.resident(history_no=4, full_name="渡邊󠄐　太郎"))
    follower.commit("blocks", put(*protect(HANAKO)))
    report = await follower.sync.round()
    assert (report.filled, report.proven, report.changes) == (False, True, 2)
    assert await follower.equal()
    household = (await follower.replica.household_of(TARO)).value
    assert household.members[0].name.text == "渡邊󠄐　太郎"
    assert (await follower.replica.restrictions_of(household)).value.shien_sochi
    assert follower.book.landed[-1] == follower.cloud.register_version()


@pytest.mark.parametrize(
    "kind", [FaultKind.LOST_ANSWER, FaultKind.ANSWER_TWICE, FaultKind.BUSY, FaultKind.CUT_MIDWAY]
)
@pytest.mark.parametrize(
    "path", ["/v1/snapshot", "/v1/snapshot/chunks", "/v1/feeds/blocks", "/v1/feeds/register"]
)
async def test_a_fault_on_any_call_is_gone_on_from(follower: Follower, kind: FaultKind, path: str) -> None:
    follower.cloud.faults.plan(Fault(kind, path, times=2))
    for _ in range(4):
        try:
            report = await follower.sync.round()
        except LinkDownError:
            continue
        assert report.proven
    assert await follower.equal()


async def test_a_cut_fill_goes_on_with_its_snapshot_after_a_newer_one_was_made(
    follower: Follower, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("cloud.snapshots.FAR", 1)
    monkeypatch.setattr("cloud.snapshots.EVERY", timedelta(0))
    assert follower.cloud.enrolled
    last = (await follower.cloud.feeds().manifest()).chunks[-1]
    follower.cloud.faults.plan(Fault(FaultKind.CUT_MIDWAY, f"/v1/snapshot/chunks/{last.sha256}"))
    with pytest.raises(LinkDownError):
        await follower.sync.round()
    begun = await follower.replica.begun()
    assert begun
    follower.commit("register", follower.resident(history_no=4, full_name="渡邊󠄐　太郎"))
    assert follower.cloud.tenant.snapshots.refresh()
    await follower.replica.close()  # and the program started anew
    await follower.replica.open(REPLICA_KEY, follower.cloud.enrolled.digest_key)
    assert await follower.replica.begun() == begun
    report = await follower.sync.round()
    assert (report.filled, report.proven, report.changes) == (True, True, 1)
    assert await follower.equal()
    assert await follower.replica.begun() is None


async def test_a_cut_line_is_told_and_the_replica_stays_as_it_was(follower: Follower) -> None:
    await follower.sync.round()
    before = await follower.replica.position()
    follower.commit("register", follower.resident(history_no=4))
    follower.cloud.faults.line = Line.CUT
    with pytest.raises(LinkDownError):
        await follower.sync.round()
    assert await follower.replica.position() == before
    follower.cloud.faults.clear()
    assert (await follower.sync.round()).proven
    assert await follower.equal()


async def test_a_row_that_is_missing_on_disk_is_repaired_by_fetching_only_its_bucket(
    follower: Follower,
) -> None:
    await follower.sync.round()
    bucket = bucket_of("resident", (TARO, 3))
    version = follower.cloud.register_version()
    await follower.replica.replace_buckets(Feed.REGISTER, version, (bucket,), ())
    assert not await follower.equal()
    report = await follower.sync.round()
    assert (report.repaired, report.proven, report.filled) == (1, True, False)
    assert await follower.equal()
    assert follower.book.entries[-1].facts["repaired_buckets"] == 1


async def test_a_feed_signed_by_somebody_else_is_not_followed(follower: Follower) -> None:
    await follower.sync.round()
    follower.commit("blocks", put(*protect(HANAKO)))
    assert follower.cloud.enrolled
    wrong = [replace(key, key=bytes(31) + b"\1") for key in follower.cloud.enrolled.feed_keys]
    stranger = follower.cloud.feeds(wrong)
    with pytest.raises(LinkDownError):
        await SyncReplica(stranger, follower.replica, follower.book).round()
    assert not await follower.equal()


async def test_a_cell_turned_under_intact_sums_is_found_by_the_scrub_and_fetched_again(
    follower: Follower, tmp_path: Path
) -> None:
    assert follower.cloud.enrolled
    await follower.sync.round()
    await follower.replica.close()
    connection = door.open_connection(tmp_path / "replica.db", REPLICA_KEY)
    connection.execute("UPDATE resident SET sex = 'X' WHERE atena_no = ?", (TARO,))
    connection.close()
    await follower.replica.open(REPLICA_KEY, follower.cloud.enrolled.digest_key)
    assert (await follower.sync.round()).repaired == 0  # the sums beside the rows know nothing of it
    woken: list[bool] = []
    assert await ScrubReplica(follower.replica, wake=lambda: woken.append(True)).everything() > 0
    assert woken
    follower.commit("register", follower.resident(history_no=4))  # the register moves on before the repair
    report = await follower.sync.round()
    assert (report.repaired > 0, report.proven, report.filled) == (True, True, False)
    assert await follower.equal()


async def test_a_number_no_terminal_may_have_stops_the_register_and_neither_the_blocks_nor_the_counter(
    follower: Follower, monkeypatch: pytest.MonkeyPatch
) -> None:
    """番号法: the batch is refused whole until the cloud is mended; what is here goes on being answered."""
    await follower.sync.round()
    before = (await follower.replica.position()).register
    with monkeypatch.context() as careless:  # a cloud that does not look, as another maker's may be
        careless.setattr("cloud.register.look_at", lambda _rows: None)
        follower.commit("register", follower.resident(history_no=4, remarks="個人番号 3794 7448 4458"))
    follower.commit("blocks", put(*protect(HANAKO)))
    for _ in range(2):
        with pytest.raises(StoreError) as refused:
            await follower.sync.round()
        assert refused.value.code == "store.forbidden_number"
        assert refused.value.facts == {"table": "resident", "column": "remarks"}
    position = await follower.replica.position()
    assert position.register == before
    assert len(follower.book.landed) == 3
    household = (await follower.replica.household_of(TARO)).value
    assert household.members[0].history_no == 3
    assert (await follower.replica.restrictions_of(household)).value.shien_sochi
    follower.commit("register", follower.resident(history_no=4, remarks="確認済"))
    assert (await follower.sync.round()).proven
    assert await follower.equal()
