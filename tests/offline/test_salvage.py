"""A damaged replica: what proves itself is saved, what may be missing is refused, and only that is fetched."""

import asyncio
import random
from contextlib import suppress
from pathlib import Path

import pytest

from client.domain.errors import RefusedError, StoreError
from client.domain.feed import Feed, Position
from client.domain.query import Query
from client.domain.resident import AtenaNo
from client.jobs.ports import JournalEntry
from offline.store import door
from offline.store.migrations import backup_path
from offline.store.rows import contract
from offline.store.salvage import Salvage
from tests.builders import NOW
from tests.offline.torn_town import HARMS, KEYS, PAGE, Town, a_town, flip

pytestmark = [pytest.mark.asyncio, pytest.mark.long]
EACH_TIME = {"one_bit", "a_zeroed_page", "cut_short"}


@pytest.fixture(scope="module")
def town(tmp_path_factory: pytest.TempPathFactory) -> Town:
    return a_town(tmp_path_factory.mktemp("town") / "terminal")


@pytest.mark.parametrize(
    ("kind", "seed"),
    [
        pytest.param(kind, seed, marks=[] if seed == 0 and kind in EACH_TIME else pytest.mark.slow)
        for kind in HARMS
        for seed in range(4)
    ],
)
async def test_whatever_is_damaged_nothing_false_is_answered_and_a_round_makes_it_equal(
    town: Town, tmp_path: Path, kind: str, seed: int
) -> None:
    content = bytearray(town.whole)
    HARMS[kind](content, random.Random(f"{kind} {seed}"))  # noqa: S311 - where the damage is, no secret
    async with town.damaged(tmp_path / "harmed", bytes(content)) as harmed:
        await harmed.mend()
        await harmed.answers(every=3)
        assert await harmed.tells_no_place_it_should_not()
        report = await harmed.sync()
        assert report.proven
        assert await harmed.equals_the_register()
        assert not {path.name for path in harmed.folder.glob("replica.*.db*")}


async def test_of_one_lost_page_only_its_rows_are_fetched_and_all_others_are_answered_meanwhile(
    town: Town, tmp_path: Path
) -> None:
    async with town.flipped(tmp_path / "harmed", town.leaf_of_residents) as harmed:
        mended = await harmed.mend()
        assert mended
        assert (mended.pages, 0 < mended.buckets < 25) == (1, True)
        assert 0.7 * len(town.truth) < await harmed.answers() < len(town.truth)
        position = await harmed.replica.position()
        assert position.register
        assert position.register.version == town.register.versions[Feed.REGISTER]
        report = await harmed.sync()
        assert (report.filled, report.repaired, harmed.feeds.snapshots) == (False, mended.buckets, 0)
        assert len(harmed.feeds.buckets_fetched) == mended.buckets
        assert len(harmed.feeds.rows_fetched) < PAGE // 100
        assert await harmed.answers() == len(town.truth)
        assert await harmed.equals_the_register()


@pytest.mark.parametrize(
    "name",
    [
        "resident_bucket",
        *(
            pytest.param(name, marks=pytest.mark.slow)
            for name in ("sqlite_autoindex_resident_1", "token_data", "person", "person_kana", "block_bucket")
        ),
    ],
)
async def test_damage_beside_the_rows_costs_no_fetching_and_no_answer(
    town: Town, tmp_path: Path, name: str
) -> None:
    async with town.flipped(tmp_path / "harmed", town.root_of(name)) as harmed:
        mended = await harmed.mend()
        assert mended
        assert mended.buckets == 0
        assert await harmed.answers() == len(town.truth)
        report = await harmed.sync()
        assert (report.filled, report.repaired) == (False, 0)
        assert not harmed.feeds.rows_fetched


async def test_the_root_of_all_residents_hides_them_all_and_nothing_is_issued_until_they_are_back(
    town: Town, tmp_path: Path
) -> None:
    async with town.flipped(tmp_path / "harmed", town.root_of("resident")) as harmed:
        assert await harmed.mend()
        assert await harmed.answers() == 0
        report = await harmed.sync()
        assert (report.filled, harmed.feeds.snapshots) == (False, 0)
        assert not {row.table for row in harmed.feeds.rows_fetched} & {"fee_rule", "attestation"}
        assert await harmed.equals_the_register()


@pytest.mark.parametrize(
    "name", ["block", *(pytest.param(name, marks=pytest.mark.slow) for name in ("shien_sochi", "bucket"))]
)
async def test_while_a_block_may_be_missing_there_is_no_paper_and_no_place_for_anybody(
    town: Town, tmp_path: Path, name: str
) -> None:
    async with town.flipped(tmp_path / "harmed", town.root_of(name)) as harmed:
        assert await harmed.mend()
        assert await harmed.answers() == 0
        hits = (await harmed.replica.find(Query(typed="ジュウミン"), limit=1000)).value
        assert len(hits) == len(town.places)
        assert {hit.address for hit in hits} == {None}
        rows = (await harmed.replica.history_of(hits[0].atena_no)).value
        assert not any(row["address_town"] or "address_banchi" in row for row in rows)
        assert (await harmed.sync()).proven
        assert await harmed.answers() == len(town.truth)


@pytest.mark.parametrize(
    "name",
    [
        "attestation",
        *(
            pytest.param(name, marks=pytest.mark.slow)
            for name in ("certifier", "fee_rule", "official_seal", "town")
        ),
    ],
)
async def test_while_a_form_word_may_be_missing_there_is_no_paper(
    town: Town, tmp_path: Path, name: str
) -> None:
    async with town.flipped(tmp_path / "harmed", town.root_of(name)) as harmed:
        assert await harmed.mend()
        assert await harmed.answers() == 0
        assert (await harmed.sync()).filled is False
        assert await harmed.answers() == len(town.truth)


@pytest.mark.parametrize("page", ["first", "feed"])
async def test_where_nothing_can_be_saved_it_is_filled_anew_as_ever(
    town: Town, tmp_path: Path, page: str
) -> None:
    async with town.flipped(tmp_path / "harmed", 1 if page == "first" else town.root_of("feed")) as harmed:
        assert await harmed.mend() is None
        assert await harmed.replica.position() == Position(None, None)
        assert (await harmed.sync()).filled
        assert await harmed.equals_the_register()


@pytest.mark.slow
async def test_damage_met_in_mid_work_is_mended_by_the_next_round_and_is_in_the_book(
    town: Town, tmp_path: Path
) -> None:
    async with town.flipped(tmp_path / "harmed", town.leaf_of_residents) as harmed:
        with pytest.raises(StoreError, match=r"store\.damaged_replica"):
            await harmed.replica.wrong_buckets(Feed.REGISTER, tuple(range(4096)))
        assert harmed.replica.damage_found
        with pytest.raises(StoreError, match=r"store\.damaged_replica"):  # it takes no more in
            await harmed.replica.distrust(Feed.REGISTER, (1,))
        report = await harmed.sync()
        assert (report.filled, report.proven, report.repaired > 0) == (False, True, True)
        first, then = harmed.book.entries
        assert (first.kind, first.actor) == ("verify", "terminal")
        assert first.facts["broken_pages"] == 1
        assert first.facts["wrong_buckets"] == report.repaired == then.facts["repaired_buckets"]
        assert isinstance(first, JournalEntry)


@pytest.mark.slow
async def test_a_household_in_doubt_stays_so_over_a_restart_and_a_second_damage(
    town: Town, tmp_path: Path
) -> None:
    async with town.flipped(tmp_path / "harmed", town.leaf_of_residents) as harmed:
        await harmed.mend()
        given = await harmed.answers()
        await harmed.stores.close()
        path = harmed.folder / "replica.db"
        again = bytearray(path.read_bytes())
        flip(again, town.root_of("sqlite_autoindex_resident_1"))
        path.write_bytes(bytes(again))
        await harmed.stores.open(KEYS)
        assert harmed.replica.damage_found  # who signs in next is told too
        mended = await harmed.mend()
        assert mended
        assert mended.buckets > 0
        assert await harmed.answers() == given < len(town.truth)
        assert (await harmed.sync()).proven
        assert await harmed.answers() == len(town.truth)


async def test_who_was_lost_is_not_called_unknown(town: Town, tmp_path: Path) -> None:
    async with town.flipped(tmp_path / "harmed", town.leaf_of_residents) as harmed:
        await harmed.mend()
        with pytest.raises(StoreError, match=r"store\.damaged_replica"):
            await harmed.replica.household_of(AtenaNo("9999999999"))
        await harmed.sync()
        with pytest.raises(RefusedError, match=r"refused\.not_found"):
            await harmed.replica.household_of(AtenaNo("9999999999"))


async def test_a_file_of_an_old_shape_that_is_damaged_keeps_nobody_out(town: Town, tmp_path: Path) -> None:
    content = bytearray(town.whole)
    async with town.damaged(tmp_path / "harmed", bytes(content)) as harmed:
        await harmed.stores.close()
        path = harmed.folder / "replica.db"
        connection = door.open_connection(path, KEYS.replica)
        connection.execute("PRAGMA user_version = 1")
        connection.close()
        old = bytearray(path.read_bytes())
        flip(old, town.leaf_of_residents)
        path.write_bytes(bytes(old))
        await harmed.stores.open(KEYS)
        assert harmed.replica.damage_found
        assert not backup_path(path, 1).exists()
        assert (await harmed.sync()).filled
        assert await harmed.equals_the_register()


async def test_a_mending_that_is_stopped_leaves_nothing_half(town: Town, tmp_path: Path) -> None:
    damaged, side = tmp_path / "replica.db", tmp_path / "replica.mended.db"
    content = bytearray(town.whole)
    flip(content, town.leaf_of_residents)
    damaged.write_bytes(bytes(content))
    begun: list[Salvage] = []
    for stage in (0, 1, len(contract())):

        def tell(done: int, _of: int, stage: int = stage) -> None:
            if done == stage:
                begun[-1].stop()

        begun.append(Salvage(damaged, side, KEYS.replica, KEYS.digest, lambda: NOW, tell))
        with pytest.raises(StoreError, match=r"store\.no_keys"):
            await asyncio.to_thread(begun[-1].run)
        assert not side.exists()
        assert damaged.read_bytes() == bytes(content)


async def test_whoever_closes_or_gives_up_in_mid_mending_finds_the_old_file_or_the_new(
    town: Town, tmp_path: Path
) -> None:
    async with town.flipped(tmp_path / "harmed", town.leaf_of_residents) as harmed:
        with pytest.raises(StoreError, match=r"store\.damaged_replica"):
            await harmed.replica.check()
        mending = asyncio.create_task(harmed.replica.mend(lambda done, of: None))
        await asyncio.sleep(0)
        mending.cancel()
        with pytest.raises(asyncio.CancelledError):
            await mending
        mending = asyncio.create_task(harmed.replica.mend(lambda done, of: None))
        await asyncio.sleep(0)
        await harmed.stores.close()
        with suppress(StoreError):
            await mending
        assert sorted(path.name for path in harmed.folder.glob("replica*")) == ["replica.db"]
        await harmed.stores.open(KEYS)
        await harmed.mend()
        await harmed.answers(every=5)
        assert (await harmed.sync()).proven
