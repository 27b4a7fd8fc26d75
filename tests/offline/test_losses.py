"""What cannot be known to be whole is not trusted: sums that are gone too, homes nobody can name, lost doubts."""

from pathlib import Path

import pytest

from client.domain.errors import StoreError
from client.domain.feed import Feed
from offline.store import door, doubt
from offline.store.replica import Replica
from tests.offline.torn_town import KEYS, Town, a_town, flip

pytestmark = [pytest.mark.asyncio, pytest.mark.long]


@pytest.fixture(scope="module")
def town(tmp_path_factory: pytest.TempPathFactory) -> Town:
    return a_town(tmp_path_factory.mktemp("town") / "terminal")


def root_in(path: Path, name: str) -> int:
    connection = door.open_connection(path, KEYS.replica)
    try:
        return int(door.one(connection, "SELECT rootpage FROM sqlite_master WHERE name = ?", name))
    finally:
        connection.close()


def harm(path: Path, *pages: int) -> None:
    content = bytearray(path.read_bytes())
    for page in pages:
        flip(content, page)
    path.write_bytes(bytes(content))


async def test_where_rows_and_their_sums_are_gone_together_every_bucket_is_in_doubt(
    town: Town, tmp_path: Path
) -> None:
    async with town.flipped(tmp_path / "harmed", town.leaf_of_residents, town.root_of("bucket")) as harmed:
        mended = await harmed.mend()
        assert mended
        assert mended.buckets > 200
        assert await harmed.answers(every=3) == 0
        report = await harmed.sync()
        assert (report.filled, 0 < report.repaired < 30) == (False, True)
        assert await harmed.equals_the_register()


async def test_where_nobody_can_name_the_homes_of_the_lost_there_is_no_paper(
    town: Town, tmp_path: Path
) -> None:
    async with town.flipped(tmp_path / "harmed", town.leaf_of_residents, town.root_of("person")) as harmed:
        assert await harmed.mend()
        assert await harmed.answers(every=3) == 0
        report = await harmed.sync()
        assert (report.filled, 0 < report.repaired < 30) == (False, True)
        assert await harmed.equals_the_register()


async def test_a_search_of_another_shape_names_no_homes(town: Town, tmp_path: Path) -> None:
    async with town.damaged(tmp_path / "harmed", town.whole) as harmed:
        await harmed.stores.close()
        path = harmed.folder / "replica.db"
        connection = door.open_connection(path, KEYS.replica)
        connection.execute("ALTER TABLE person RENAME COLUMN household_no TO home")
        connection.close()
        harm(path, town.leaf_of_residents)
        await harmed.stores.open(KEYS)
        assert await harmed.mend()
        assert await harmed.answers(every=3) == 0
        assert (await harmed.sync()).filled is False
        assert await harmed.equals_the_register()


async def test_doubts_that_cannot_be_read_any_more_are_doubts_in_everything(
    town: Town, tmp_path: Path
) -> None:
    async with town.flipped(tmp_path / "harmed", town.leaf_of_residents) as harmed:
        await harmed.mend()
        assert await harmed.answers(every=3)
        await harmed.stores.close()
        path = harmed.folder / "replica.db"
        harm(path, root_in(path, "doubt"))
        await harmed.stores.open(KEYS)
        assert await harmed.mend()
        assert await harmed.answers(every=3) == 0
        report = await harmed.sync()
        assert (report.filled, report.proven) == (False, True)
        assert await harmed.equals_the_register()


async def test_doubts_end_feed_by_feed_once_each_is_proved_equal(tmp_path: Path) -> None:
    connection = door.open_connection(tmp_path / "a.db", KEYS.replica)
    homes = {"h1", "h2"}
    assert not doubt.is_any(connection)
    doubt.end(connection, Feed.BLOCKS)
    doubt.write(
        connection, [doubt.of_bucket(Feed.BLOCKS, 7), doubt.of_home("h1"), doubt.of_bucket(Feed.REGISTER, 9)]
    )
    assert doubt.among(connection, homes) == homes
    assert [set(doubt.buckets(connection, feed)) for feed in (Feed.BLOCKS, Feed.REGISTER)] == [{7}, {9}]
    doubt.end(connection, Feed.BLOCKS)
    assert doubt.among(connection, homes) == {"h1"}
    assert doubt.covers(connection, "h1") is not doubt.covers(connection, "h2")
    doubt.end(connection, Feed.REGISTER)
    assert not doubt.is_any(connection)
    doubt.write(connection, [doubt.of_everything(Feed.REGISTER)])
    assert doubt.among(connection, homes) == homes
    assert len(doubt.buckets(connection, Feed.REGISTER)) == 4096
    connection.close()


async def test_a_mended_file_that_does_not_open_at_once_is_opened_later_and_never_filled_for_that(
    town: Town, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def no_permission(_: Replica) -> None:
        raise StoreError("store.unreadable")

    async with town.flipped(tmp_path / "harmed", town.leaf_of_residents) as harmed:
        with monkeypatch.context() as patch:
            patch.setattr(Replica, "_migrate", no_permission)
            with pytest.raises(StoreError, match=r"store\.unreadable"):
                await harmed.mend()
        assert await harmed.mend()
        assert 0 < await harmed.answers() < len(town.truth)
        assert (await harmed.sync()).filled is False
        assert await harmed.equals_the_register()
