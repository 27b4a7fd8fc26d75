import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
import pytest_asyncio
from hypothesis import given, settings
from hypothesis import strategies as st

from client.domain.errors import RefusedError, StoreError
from client.domain.feed import Feed, FeedPosition, Position
from client.domain.query import Query
from client.domain.resident import AtenaNo
from client.jobs.feed_ports import ReplicaFiles
from client.jobs.ports import OwnRegister
from client.rules.digest import bucket_bytes, bucket_of, mids_of
from offline.store import door
from offline.store.stores import FileStores
from tests.builders import NOW
from tests.store_builders import SmallRegister, a_person, a_register, fill, store_keys, stores_in

KEYS = store_keys()


def a_town() -> SmallRegister:
    register = a_register(a_person(number) for number in range(30))
    register.key = KEYS.digest
    return register


@pytest_asyncio.fixture
async def stores(tmp_path: Path) -> AsyncIterator[FileStores]:
    opened = stores_in(tmp_path)
    await opened.open(KEYS)
    yield opened
    await opened.close()


async def equal(stores: FileStores, register: SmallRegister) -> bool:
    """Tell whether the replica is the register: digests, and the rows themselves read anew."""
    for feed in Feed:
        if await stores.replica.mids(feed) != mids_of(register.sums(feed)):
            return False
        if await stores.replica.wrong_buckets(feed, tuple(range(4096))):
            return False
    return True


@pytest.mark.asyncio
async def test_the_replica_fulfils_its_ports(stores: FileStores) -> None:
    register: OwnRegister = stores.replica
    files: ReplicaFiles = stores.replica
    assert callable(register.find)
    assert callable(files.apply)


@pytest.mark.asyncio
async def test_before_the_first_fill_there_is_nothing_and_that_is_said(stores: FileStores) -> None:
    assert await stores.replica.position() == Position(None, None)
    with pytest.raises(StoreError, match="not_filled"):
        await stores.replica.find(Query(typed="ジュウミン"), limit=5)


@pytest.mark.asyncio
async def test_a_filled_replica_is_the_register_and_stays_so_over_a_restart(stores: FileStores) -> None:
    register = a_town()
    await fill(stores, register)
    assert await equal(stores, register)
    await stores.close()
    await stores.open(KEYS)
    assert await equal(stores, register)
    assert await stores.replica.position() == Position(FeedPosition(1, NOW), FeedPosition(1, NOW))


@pytest.mark.asyncio
async def test_an_index_of_an_older_program_is_made_anew_at_opening_and_how_far_it_is_told(
    stores: FileStores, tmp_path: Path
) -> None:
    await fill(stores, a_town())
    people = await stores.replica.find(Query(typed="ジュウミン"), limit=50)
    await stores.close()
    connection = door.open_connection(tmp_path / "replica.db", KEYS.replica)
    connection.execute("UPDATE search_state SET rules = 'of old'")
    connection.execute("DELETE FROM person")
    connection.close()
    told: list[tuple[int, int]] = []
    stores.replica.indexing = lambda done, of: told.append((done, of))
    await stores.open(KEYS)
    assert told[0] == (0, 3000)
    assert told == sorted(told)
    assert await stores.replica.find(Query(typed="ジュウミン"), limit=50) == people


@pytest.mark.asyncio
async def test_a_fill_goes_on_after_a_restart_where_it_was(stores: FileStores, tmp_path: Path) -> None:
    register = a_town()
    manifest, chunks = register.snapshot(size=10)
    assert await stores.replica.begin_fill(manifest) == frozenset()
    first = list(chunks)[:3]
    for sha256 in first:
        await stores.replica.add_chunk(sha256, chunks[sha256])
    await stores.close()
    await stores.open(KEYS)
    assert await stores.replica.begin_fill(manifest) == frozenset(first)
    for sha256, rows in chunks.items():
        await stores.replica.add_chunk(sha256, rows)  # those already here change nothing
    await stores.replica.finish_fill(manifest)
    assert await equal(stores, register)
    assert sorted(path.name for path in tmp_path.glob("replica*")) == [
        "replica.db",
        "replica.db-shm",
        "replica.db-wal",
    ]


@pytest.mark.asyncio
async def test_another_snapshot_begins_anew(stores: FileStores) -> None:
    register = a_town()
    manifest, chunks = register.snapshot()
    await stores.replica.begin_fill(manifest)
    sha256, rows = next(iter(chunks.items()))
    await stores.replica.add_chunk(sha256, rows)
    assert await stores.replica.begin_fill(replace(manifest, snapshot_id="another")) == frozenset()
    await fill(stores, register)
    assert await equal(stores, register)


@pytest.mark.asyncio
async def test_a_snapshot_that_does_not_prove_is_never_swapped_in(stores: FileStores, tmp_path: Path) -> None:
    register = a_town()
    await fill(stores, register)
    manifest, chunks = register.snapshot()
    forged = replace(manifest, snapshot_id="forged", register_version=9)
    await stores.replica.begin_fill(forged)
    for sha256, rows in chunks.items():
        changed = tuple(["x" if cell == "男" else cell for cell in column] for column in rows.data)
        await stores.replica.add_chunk(sha256, replace(rows, data=changed))
    with pytest.raises(StoreError, match="damaged_replica"):
        await stores.replica.finish_fill(forged)
    assert await equal(stores, register)
    assert not (tmp_path / "replica.next.db").exists()
    await fill(stores, register)


@pytest.mark.asyncio
async def test_a_fill_with_a_chunk_missing_does_not_end(stores: FileStores) -> None:
    register = a_town()
    manifest, _ = register.snapshot()
    await stores.replica.begin_fill(manifest)
    with pytest.raises(StoreError, match="not_filled"):
        await stores.replica.finish_fill(manifest)


@pytest.mark.asyncio
async def test_while_it_is_filled_anew_the_old_one_answers(stores: FileStores) -> None:
    register = a_town()
    await fill(stores, register)
    register.put("resident", a_person(5, history_no=2, full_name="新　太郎", furigana="アタラシ　タロウ"))
    asked = [asyncio.create_task(stores.replica.find(Query(typed="ジュウミン"), limit=5)) for _ in range(20)]
    await fill(stores, register)
    assert {len((await answer).value) for answer in asked} == {5}
    assert [hit.name for hit in (await stores.replica.find(Query(typed="アタラシ"), limit=5)).value] == [
        "新　太郎"
    ]


@pytest.mark.asyncio
async def test_a_batch_brings_new_versions_closed_records_and_people_who_are_gone(stores: FileStores) -> None:
    register = a_town()
    await fill(stores, register)
    await stores.replica.apply(
        register.put("resident", a_person(1, history_no=2, full_name="青葉　太郎", furigana="アオバ　タロウ"))
    )
    await stores.replica.apply(
        register.put("resident", a_person(2, history_no=2, status="death", removed_date="2026-11-19"))
    )
    await stores.replica.apply(register.drop("resident", ("1000000003", 1)))
    await stores.replica.apply(
        register.put("resident", a_person(99, full_name="緑川　渚", furigana="ミドリカワ　ナギサ"))
    )
    assert await equal(stores, register)
    names = [hit.name for hit in (await stores.replica.find(Query(typed="アオバ"), limit=50)).value]
    assert names == ["青葉　太郎"]
    everyone = (await stores.replica.find(Query(typed="ジュウミン"), limit=50)).value
    assert len(everyone) == 27
    assert len((await stores.replica.find(Query(typed="ジュウミン", removed=True), limit=50)).value) == 28
    assert (await stores.replica.find(Query(typed="ミドリカワ"), limit=5)).value[0].atena_no == "1000000099"
    position = await stores.replica.position()
    assert position.register == FeedPosition(5, NOW)


@pytest.mark.asyncio
async def test_a_batch_applied_already_changes_nothing(stores: FileStores) -> None:
    register = a_town()
    await fill(stores, register)
    first = register.put("resident", a_person(1, history_no=2))
    second = register.put("resident", a_person(1, history_no=3))
    for batch in (first, second, first, second, second):
        await stores.replica.apply(batch)
    assert await equal(stores, register)


@pytest.mark.asyncio
async def test_a_batch_whose_digests_do_not_come_out_is_not_applied(stores: FileStores) -> None:
    register = a_town()
    await fill(stores, register)
    before = register.root(Feed.REGISTER)
    batch = register.put("resident", a_person(1, history_no=2, full_name="誰か"))
    with pytest.raises(StoreError, match="damaged_replica"):
        await stores.replica.apply(replace(batch, root=before))
    assert (await stores.replica.position()).register == FeedPosition(1, NOW)
    assert (await stores.replica.find(Query(typed="誰か"), limit=5)).value == ()
    await stores.replica.apply(batch)
    assert await equal(stores, register)


@pytest.mark.asyncio
async def test_a_gap_or_a_row_in_the_wrong_feed_is_not_applied(stores: FileStores) -> None:
    register = a_town()
    await fill(stores, register)
    register.put("resident", a_person(1, history_no=2))
    with pytest.raises(StoreError, match="damaged_replica"):
        await stores.replica.apply(register.put("resident", a_person(1, history_no=3)))
    block = register.put(
        "block", {"block_id": "b1", "atena_no": "1000000001", "process": "issue", "level": "error"}
    )
    with pytest.raises(ValueError, match="feed"):
        await stores.replica.apply(replace(block, feed=Feed.REGISTER, after=1))
    assert (await stores.replica.position()).register == FeedPosition(1, NOW)


@pytest.mark.asyncio
async def test_its_age_is_when_it_was_last_known_to_be_the_newest(stores: FileStores) -> None:
    register = a_town()
    await fill(stores, register)
    register.at = NOW + timedelta(hours=1)
    first = register.put("resident", a_person(1, history_no=2))
    second = register.put("resident", a_person(1, history_no=3))
    await stores.replica.apply(replace(first, head=3))  # not yet the newest: still as old as before
    assert (await stores.replica.position()).register == FeedPosition(2, NOW)
    await stores.replica.apply(second)
    assert (await stores.replica.position()).register == FeedPosition(3, NOW + timedelta(hours=1))
    await stores.replica.confirm(Feed.REGISTER, 3, NOW + timedelta(hours=2))
    await stores.replica.confirm(
        Feed.REGISTER, 2, NOW + timedelta(hours=9)
    )  # of another version: tells nothing
    assert (await stores.replica.position()).register == FeedPosition(3, NOW + timedelta(hours=2))


@pytest.mark.asyncio
async def test_a_column_of_tomorrow_is_kept_and_proved(stores: FileStores) -> None:
    register = a_town()
    await fill(stores, register)
    await stores.replica.apply(
        register.put("resident", a_person(1, history_no=2, pet="猫", pets=2, stray=False))
    )
    assert await equal(stores, register)
    rows = (await stores.replica.history_of(AtenaNo("1000000001"))).value
    assert (rows[0]["pet"], rows[0]["pets"], rows[0]["stray"]) == ("猫", 2, False)


@pytest.mark.asyncio
async def test_a_wrong_bit_in_a_row_is_found_and_repaired_by_its_bucket(
    stores: FileStores, tmp_path: Path
) -> None:
    register = a_town()
    await fill(stores, register)
    await stores.close()
    connection = door.open_connection(tmp_path / "replica.db", KEYS.replica)
    connection.execute("UPDATE resident SET sex = '女' WHERE atena_no = '1000000007'")
    connection.execute("DELETE FROM resident WHERE atena_no = '1000000009'")
    connection.close()
    await stores.open(KEYS)
    wrong = await stores.replica.wrong_buckets(Feed.REGISTER, tuple(range(4096)))
    assert set(wrong) == {bucket_of("resident", (f"100000000{number}", 1)) for number in (7, 9)}
    await stores.replica.replace_buckets(Feed.REGISTER, 1, wrong, register.rows_of(Feed.REGISTER, wrong))
    assert await equal(stores, register)


@pytest.mark.asyncio
async def test_a_bucket_repaired_to_a_later_version_takes_names_and_absences_with_it(
    stores: FileStores,
) -> None:
    register = a_town()
    await fill(stores, register)
    register.put("resident", a_person(1, history_no=2, full_name="青葉　太郎", furigana="アオバ　タロウ"))
    register.drop("resident", ("1000000003", 1))
    buckets = (bucket_of("resident", ("1000000001", 2)), bucket_of("resident", ("1000000003", 1)))
    await stores.replica.replace_buckets(Feed.REGISTER, 3, buckets, register.rows_of(Feed.REGISTER, buckets))
    assert await equal(stores, register)
    assert (await stores.replica.position()).register == FeedPosition(3, NOW)
    assert len((await stores.replica.find(Query(typed="アオバ"), limit=5)).value) == 1
    with pytest.raises(RefusedError):
        await stores.replica.household_of(AtenaNo("1000000003"))


@pytest.mark.asyncio
async def test_bucket_sums_are_those_below_the_digests_asked_for(stores: FileStores) -> None:
    register = a_town()
    await fill(stores, register)
    sums = register.sums(Feed.REGISTER)
    found = await stores.replica.bucket_sums(Feed.REGISTER, (0, 63))
    assert [(one.index, one.digest) for one in found] == [
        (no, bucket_bytes(sums[no])) for no in (*range(64), *range(63 * 64, 4096))
    ]


@pytest.mark.asyncio
async def test_a_damaged_file_says_so_and_can_be_filled_anew(stores: FileStores, tmp_path: Path) -> None:
    register = a_town()
    await fill(stores, register)
    await stores.close()
    path = tmp_path / "replica.db"
    content = bytearray(path.read_bytes())
    content[20] ^= 1
    path.write_bytes(content)
    await stores.open(KEYS)
    with pytest.raises(StoreError, match="damaged_replica"):
        await stores.replica.find(Query(typed="ジュウミン"), limit=5)
    assert await stores.replica.position() == Position(None, None)
    await stores.ledger.open_sheets()  # the ledger works on
    await fill(stores, register)
    assert await equal(stores, register)


@pytest.mark.asyncio
async def test_a_bad_page_met_on_the_way_asks_for_a_new_fill(stores: FileStores, tmp_path: Path) -> None:
    register = a_town()
    await fill(stores, register)
    await stores.close()
    path = tmp_path / "replica.db"
    content = bytearray(path.read_bytes())
    for page in range(2, len(content) // 4096):
        content[page * 4096 + 100] ^= 1
    path.write_bytes(content)
    await stores.open(KEYS)
    with pytest.raises(StoreError, match="damaged_replica"):
        await stores.replica.find(Query(typed="ジュウミン"), limit=5)
    assert await stores.replica.position() == Position(None, None)
    await fill(stores, register)
    assert await equal(stores, register)


steps = st.lists(
    st.tuples(st.sampled_from(["put", "drop", "block", "restart"]), st.integers(0, 12), st.integers(1, 3)),
    max_size=12,
)


@settings(max_examples=15, deadline=None)
@given(steps=steps)
def test_whatever_the_feed_tells_the_replica_is_the_register(
    tmp_path_factory: pytest.TempPathFactory, steps: list[tuple[str, int, int]]
) -> None:
    async def play() -> None:
        register = a_register(a_person(number) for number in range(6))
        register.key = KEYS.digest
        stores = stores_in(tmp_path_factory.mktemp("data"))
        await stores.open(KEYS)
        await fill(stores, register)
        for act, number, history_no in steps:
            if act == "put":
                await stores.replica.apply(
                    register.put(
                        "resident",
                        a_person(number, history_no=history_no, furigana=f"ア{'イウエ'[history_no - 1]}　カ"),
                    )
                )
            elif act == "drop":
                await stores.replica.apply(register.drop("resident", (f"{1000000000 + number}", history_no)))
            elif act == "block":
                await stores.replica.apply(
                    register.put(
                        "block",
                        {
                            "block_id": f"b{number}",
                            "atena_no": f"{1000000000 + number}",
                            "process": "issue",
                            "level": "error",
                        },
                    )
                )
            else:
                await stores.close()
                await stores.open(KEYS)
        assert await equal(stores, register)
        newest = {atena_no: history_no for atena_no, history_no in sorted(register.rows["resident"])}
        found = (await stores.replica.find(Query(typed="ア"), limit=50)).value + (
            await stores.replica.find(Query(typed="ジュウミン"), limit=50)
        ).value
        assert {hit.atena_no for hit in found} == set(newest)
        await stores.close()

    asyncio.run(play())
