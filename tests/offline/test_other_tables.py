"""Tables this program does not know: their rows are kept, proved and repaired, and moved once a version knows them."""

import asyncio
import sqlite3
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio
from hypothesis import given, settings
from hypothesis import strategies as st

from client.domain.errors import StoreError
from client.domain.feed import ChunkRows, Feed
from client.domain.query import Query
from client.rules.digest import bucket_of, mids_of
from offline.store import door, migrations, other_rows, replica, replica_file, side_file
from offline.store.rows import Table, contract
from offline.store.stores import FileStores
from tests.store_builders import SmallRegister, a_person, a_register, fill, store_keys, stores_in

KEYS = store_keys()
MOON = Table(
    "moon", Feed.REGISTER, ("moon_no", "phase"), ("moon_no", "phase", "name", "full"), frozenset({"full"})
)
TIDE = Table("tide", Feed.BLOCKS, ("tide_id",), ("tide_id", "level"), frozenset())
SEEN: dict[str, object] = {"moon_no": 1, "phase": "朔", "name": "月", "full": False, "picture": b"\x00\xff"}


def a_later_register(people: int = 0) -> SmallRegister:
    """Return a register of a later contract: it has two tables more than this program knows."""
    register = a_register(a_person(number) for number in range(people))
    register.key = KEYS.digest
    for table in (MOON, TIDE):
        register.tables[table.name] = table
        register.rows[table.name] = {}
    return register


@pytest.fixture
def later() -> SmallRegister:
    return a_later_register(9)


@pytest_asyncio.fixture
async def stores(tmp_path: Path) -> AsyncIterator[FileStores]:
    opened = stores_in(tmp_path)
    await opened.open(KEYS)
    yield opened
    await opened.close()


async def equal(stores: FileStores, register: SmallRegister) -> bool:
    for feed in Feed:
        if await stores.replica.mids(feed) != mids_of(register.sums(feed)):
            return False
        if await stores.replica.wrong_buckets(feed, tuple(range(4096))):
            return False
    return True


def look(folder: Path, sql: str) -> list[tuple[object, ...]]:
    connection = door.open_connection(folder / "replica.db", KEYS.replica)
    try:
        return connection.execute(sql).fetchall()
    finally:
        connection.close()


@pytest.mark.asyncio
async def test_a_batch_with_rows_of_a_table_of_tomorrow_is_applied_and_proved(
    stores: FileStores, later: SmallRegister, tmp_path: Path
) -> None:
    await fill(stores, later)
    await stores.replica.apply(later.put("moon", SEEN, SEEN | {"phase": "望", "full": True}))
    await stores.replica.apply(later.put("tide", {"tide_id": "t1", "level": 3}))
    await stores.replica.apply(later.put("moon", SEEN | {"name": "つき"}))
    await stores.replica.apply(later.drop("moon", (1, "望")))
    assert await equal(stores, later)
    await stores.close()
    await stores.open(KEYS)
    assert await equal(stores, later)
    assert look(tmp_path, "SELECT feed, name FROM other_row ORDER BY name") == [
        ("register", "moon"),
        ("blocks", "tide"),
    ]


@pytest.mark.asyncio
async def test_a_fill_keeps_the_rows_of_tables_of_tomorrow(stores: FileStores, later: SmallRegister) -> None:
    later.put("moon", SEEN, SEEN | {"phase": "望"})
    later.put("tide", {"tide_id": "t1"})
    await fill(stores, later)
    assert await equal(stores, later)
    assert len((await stores.replica.find(Query(typed="ジュウミン"), limit=50)).value) == 9


@pytest.mark.asyncio
async def test_a_chunk_that_does_not_say_what_its_key_is_cannot_be_kept(
    stores: FileStores, later: SmallRegister
) -> None:
    manifest, _ = later.snapshot()
    await stores.replica.begin_fill(manifest)
    with pytest.raises(StoreError, match="newer"):
        await stores.replica.add_chunk("0", ChunkRows("moon", ("moon_no",), ([1],)))


@pytest.mark.asyncio
async def test_such_a_row_that_is_wrong_or_gone_is_found_and_repaired_by_its_bucket(
    stores: FileStores, later: SmallRegister, tmp_path: Path
) -> None:
    later.put("moon", SEEN, SEEN | {"phase": "望"})
    await fill(stores, later)
    await stores.close()
    look(tmp_path, "DELETE FROM other_row WHERE key = (SELECT max(key) FROM other_row)")
    look(tmp_path, "UPDATE other_row SET row = x'80'")
    await stores.open(KEYS)
    wrong = await stores.replica.wrong_buckets(Feed.REGISTER, tuple(range(4096)))
    assert set(wrong) == {bucket_of("moon", (1, "朔")), bucket_of("moon", (1, "望"))}
    rows = later.rows_of(Feed.REGISTER, wrong)
    await stores.replica.replace_buckets(Feed.REGISTER, later.versions[Feed.REGISTER], wrong, rows)
    assert await equal(stores, later)


def moon_landing(connection: sqlite3.Connection) -> None:
    """Stand for the step of a later version."""
    replica_file.take_in_what_is_new(connection)


@pytest.mark.asyncio
async def test_a_later_version_moves_them_into_a_table_of_their_own(
    stores: FileStores, later: SmallRegister, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    later.put("moon", SEEN, SEEN | {"phase": "望"})
    later.put("tide", {"tide_id": "t1", "level": 3})
    await fill(stores, later)
    await stores.close()
    monkeypatch.setitem(contract(), "moon", MOON)
    for module in (replica_file, replica, side_file):
        monkeypatch.setattr(module, "STEPS", (*module.STEPS, moon_landing))
    await stores.open(KEYS)
    assert await equal(stores, later)
    assert look(tmp_path, "SELECT name FROM other_row") == [("tide",)]
    await stores.replica.apply(later.put("moon", SEEN | {"name": "つき"}))
    assert await equal(stores, later)
    connection = door.open_connection(tmp_path / "replica.db", KEYS.replica)
    assert MOON.where(connection, "WHERE phase = '朔'") == [SEEN | {"name": "つき"}]
    connection.close()
    assert door.is_whole(migrations.backup_path(tmp_path / "replica.db", 2), KEYS.replica)


@pytest.mark.asyncio
async def test_a_later_version_gives_a_column_of_tomorrow_a_place_of_its_own(
    stores: FileStores, later: SmallRegister, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first: dict[str, object] = {"terminal_no": "T0001", "since": "2026-11-20T05:00:00Z"}
    second = first | {"terminal_no": "T0002"}
    later.put("terminal_revocation", first | {"why": "紛失", "wiped": True}, second)
    await fill(stores, later)
    await stores.close()
    known = contract()["terminal_revocation"]
    columns = ("why", *known.columns, "by")  # wherever a later contract names them
    newer = Table(known.name, known.feed, known.key, columns, frozenset({"wiped"}))
    monkeypatch.setitem(contract(), "terminal_revocation", newer)
    for module in (replica_file, replica, side_file):
        monkeypatch.setattr(module, "STEPS", (*module.STEPS, moon_landing))
    await stores.open(KEYS)
    assert await equal(stores, later)
    assert look(tmp_path, "SELECT why FROM terminal_revocation ORDER BY terminal_no") == [("紛失",), (None,)]
    await stores.replica.apply(later.put("terminal_revocation", second | {"why": "盗難", "by": "o001"}))
    assert await equal(stores, later)
    connection = door.open_connection(tmp_path / "replica.db", KEYS.replica)
    rows = newer.where(connection, "ORDER BY terminal_no")
    connection.close()
    assert rows == [first | {"why": "紛失", "wiped": True}, second | {"why": "盗難", "by": "o001"}]


@pytest.mark.asyncio
async def test_a_row_of_a_known_table_is_not_taken_from_the_other_feed() -> None:
    assert other_rows.table_for("block", Feed.BLOCKS) is contract()["block"]
    with pytest.raises(ValueError, match="feed"):
        other_rows.table_for("block", Feed.REGISTER)


acts = st.lists(
    st.tuples(st.sampled_from(["moon", "tide", "drop", "restart"]), st.integers(0, 5), st.text(max_size=3)),
    max_size=10,
)


@settings(max_examples=10, deadline=None)
@given(acts=acts)
def test_whatever_is_told_of_tables_of_tomorrow_the_replica_is_the_register(
    tmp_path_factory: pytest.TempPathFactory, acts: list[tuple[str, int, str]]
) -> None:
    async def play() -> None:
        register = a_later_register()
        stores = stores_in(tmp_path_factory.mktemp("data"))
        await stores.open(KEYS)
        await fill(stores, register)
        for act, number, word in acts:
            if act == "restart":
                await stores.close()
                await stores.open(KEYS)
                continue
            if act == "moon":
                batch = register.put("moon", {"moon_no": number, "phase": "朔", "name": word})
            elif act == "tide":
                batch = register.put("tide", {"tide_id": f"t{number}", "level": word})
            else:
                batch = register.drop("moon", (number, "朔"))
            await stores.replica.apply(batch)
        assert await equal(stores, register)
        await stores.close()

    asyncio.run(play())
