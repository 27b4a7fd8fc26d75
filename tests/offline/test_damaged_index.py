"""A page of a replica whose seal does not hold: every search tells the whole truth or that the file is damaged."""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from client.domain.as_of import Answer
from client.domain.certificate import CertificateKind
from client.domain.errors import StoreError
from client.domain.feed import FeedBatch, Position
from client.domain.query import Query
from client.domain.resident import AtenaNo
from client.jobs.sync_replica import SyncReplica
from offline.store import door, search
from offline.store.replica import Replica
from tests.builders import NOW, TODAY
from tests.offline.torn_town import KEYS, PAGE, PEOPLE, the_register
from tests.replica_fakes import LandingBook
from tests.small_feeds import SmallFeeds
from tests.store_builders import SmallRegister, a_person, fill, stores_in

pytestmark = pytest.mark.long

QUERIES = (
    Query(typed="住民", removed=True),
    Query(typed="葛城町", past=True),
    Query(typed="ジュウミン"),
    Query(typed="旧姓", past=True),
    Query(typed="S58.4.12"),
    Query(typed="7番3号"),
    Query(typed="タロウ"),
    Query(place="葛城町一丁目", name="太郎"),
    Query(typed="ゼン"),
)
SMALL_LEAVES = 64  # bytes: the lists go over many leaves, and both tables of the index have inner pages
Found = tuple[str, ...]


@dataclass(frozen=True)
class Whole:
    """A replica that is whole, what it answers, and what the register would send it next."""

    content: bytes
    truth: dict[Query, Found]
    pages: tuple[int, ...]  # of the index
    batch: FeedBatch


async def find(replica: Replica, query: Query) -> Found | None:
    """Return who is found, None where it is said that the file is damaged."""
    try:
        hits = (await replica.find(query, limit=999)).value
    except StoreError as error:
        if error.code != "store.damaged_replica":
            raise
        return None
    return tuple(hit.atena_no for hit in hits)


async def opened(path: Path) -> Replica:
    replica = Replica(path, lambda: NOW)
    await replica.open(KEYS.replica, KEYS.digest)
    return replica


def write_index_anew(path: Path, leaf: int) -> None:
    """Make the index with leaves of another size, and bring some people up to date after it."""
    with closing(door.open_connection(path, KEYS.replica)) as connection, door.transaction(connection):
        connection.execute("INSERT INTO token (token, rank) VALUES ('pgsz', ?)", (leaf,))
        search.rebuild(connection)
    with closing(door.open_connection(path, KEYS.replica)) as connection:
        for number in range(0, PEOPLE, 40):
            with door.transaction(connection):
                search.renew(connection, [f"{1000000000 + number}"])
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")


def is_of_the_index(content: bytes, page: int, path: Path) -> bool:
    """Tell whether whoever reads the tables of the index from end to end meets a page, and who opens it does not."""
    path.write_bytes(spoilt(content, page, "flipped"))
    try:
        connection = door.open_connection(path, KEYS.replica, reading=True)
        door.must_be_sound(connection)
    except door.ForeignError:
        return False
    with closing(connection):
        try:
            connection.execute("SELECT sum(length(hex(block))) FROM token_data").fetchall()
            connection.execute("SELECT sum(length(hex(term)) + pgno) FROM token_idx").fetchall()
            connection.execute("SELECT * FROM token_config").fetchall()
            door.must_be_sound(connection)
        except door.ForeignError:
            return True
    return False


def spoilt(content: bytes, page: int, how: str) -> bytes:
    """Return a file with one page, counted from 1, that is not as it was written."""
    begin = (page - 1) * PAGE
    bad = bytearray(content)
    if how == "zeroed":
        bad[begin : begin + PAGE] = bytes(PAGE)
    else:
        bad[begin + 2000] ^= 1
    return bytes(bad)


@pytest.fixture(scope="module", params=[None, SMALL_LEAVES], ids=["leaves", "small leaves"])
def whole(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Whole:
    folder = tmp_path_factory.mktemp("whole")
    path = folder / "replica.db"

    register = the_register()

    async def make() -> dict[Query, Found]:
        for number in range(0, PEOPLE, 7):
            row = a_person(number, history_no=3, full_name="善良　花子", furigana="ゼンリョウ　ハナコ")
            register.rows["resident"][str(row["atena_no"]), 3] = row
            old = a_person(number, full_name="旧姓　太郎")
            register.rows["resident"][str(old["atena_no"]), 1] = old
        stores = stores_in(folder)
        await stores.open(KEYS)
        await fill(stores, register)
        await stores.close()
        if request.param:
            write_index_anew(path, request.param)
        replica = await opened(path)
        truth = {query: await find(replica, query) or () for query in QUERIES}
        await replica.close()
        return truth

    truth = asyncio.run(make())
    content = path.read_bytes()
    pages = range(2, len(content) // PAGE + 1)
    of_index = tuple(page for page in pages if is_of_the_index(content, page, folder / "tried.db"))
    batch = register.put("resident", a_person(3, furigana="ゼン　イチ"), a_person(4, full_name="善　二"))
    return Whole(content, truth, of_index, batch)


def test_the_searches_find_some_and_the_index_has_pages_of_every_kind(whole: Whole) -> None:
    assert sum(bool(found) for found in whole.truth.values()) >= 7
    assert max(map(len, whole.truth.values())) > PEOPLE // 2
    assert len(whole.pages) > 12


@pytest.mark.slow
@pytest.mark.asyncio
@pytest.mark.parametrize("how", ["flipped", "zeroed"])
async def test_with_any_page_of_the_index_damaged_nobody_is_missing_from_an_answer(
    whole: Whole, how: str, tmp_path: Path
) -> None:
    path, met = tmp_path / "replica.db", set()
    for page in whole.pages:
        for first in range(len(QUERIES)):  # each is once the first that is asked
            path.write_bytes(spoilt(whole.content, page, how))
            replica = await opened(path)
            for query in QUERIES[first:] + QUERIES[:first]:
                found = await find(replica, query)
                assert found in {None, whole.truth[query]}, (page, query)
                assert found is not None or replica.damage_found
                met |= {page} if found is None else set()
            await replica.close()
    assert len(met) > len(whole.pages) // 2


@pytest.mark.asyncio
async def test_a_batch_over_a_damaged_index_is_taken_in_whole_or_not_at_all(
    whole: Whole, tmp_path: Path
) -> None:
    path, refused = tmp_path / "replica.db", 0
    for page in whole.pages:
        path.write_bytes(spoilt(whole.content, page, "flipped"))
        replica = await opened(path)
        before = await replica.position()
        try:
            await replica.apply(whole.batch)
        except StoreError as error:
            if error.code != "store.damaged_replica":
                raise
            assert replica.damage_found
            refused += 1
            await replica.close()
            replica = await opened(path)
            assert await replica.position() in {before, Position(None, None)}
        else:
            assert await find(replica, Query(typed="ゼン　イチ")) in {None, ("1000000003",)}
        await replica.close()
    assert refused > 2


@pytest.mark.asyncio
async def test_a_search_that_met_a_bad_page_leads_to_the_mending_and_then_finds_all(
    whole: Whole, tmp_path: Path
) -> None:
    path = tmp_path / "replica.db"
    for page in whole.pages[::5] + whole.pages[-1:]:
        path.write_bytes(spoilt(whole.content, page, "flipped"))
        replica = await opened(path)
        answers = [await find(replica, query) for query in QUERIES]
        assert replica.damage_found is (None in answers)
        mended = await replica.mend(lambda done, of: None)
        assert (mended is not None) is replica.damage_found
        if mended:
            assert mended.buckets == 0  # of the register itself nothing is lost
            assert [await find(replica, query) for query in QUERIES] == list(whole.truth.values())
        await replica.close()


async def with_long_values(folder: Path) -> tuple[SmallRegister, Path]:
    """Fill a replica with a picture, an outline and a remark that each lie over several pages."""
    register = the_register()
    register.put("resident", a_person(1, remarks="長い備考" * 2000))
    seal = {"seal_id": "k1", "certifier_id": "c1", "image": bytes(range(1, 255)) * 60, "side_mm": 24}
    register.put("official_seal", seal)
    register.put("gaiji", {"code": "E001", "mj_code": "MJ060248", "outline": bytes(range(1, 255)) * 40})
    stores = stores_in(folder)
    await stores.open(KEYS)
    await fill(stores, register)
    await stores.close()
    return register, folder / "replica.db"


async def answers(replica: Replica) -> list[str | None]:
    """Ask for what has long values; None where it is said that the file is damaged."""
    asked: tuple[Callable[[], Awaitable[Answer[Any]]], ...] = (
        lambda: replica.form_words(CertificateKind.JUMINHYO_COPY, whole=True, on=TODAY),
        lambda: replica.gaiji(on=TODAY),
        lambda: replica.history_of(AtenaNo("1000000001")),
        lambda: replica.household_of(AtenaNo("1000000001")),
    )
    said: list[str | None] = []
    for ask in asked:
        try:
            said.append(repr((await ask()).value))
        except StoreError as error:
            if error.code != "store.damaged_replica":
                raise
            said.append(None)
    return said


@pytest.mark.slow
@pytest.mark.asyncio
async def test_no_long_value_loses_its_tail_in_silence_and_every_damage_can_be_mended(tmp_path: Path) -> None:
    register, path = await with_long_values(tmp_path)
    content = path.read_bytes()
    replica = await opened(path)
    truth, met, mended = await answers(replica), 0, 0
    await replica.close()
    for page in range(2, len(content) // PAGE + 1):
        path.write_bytes(spoilt(content, page, "flipped"))
        replica = await opened(path)
        said = await answers(replica)
        assert all(one in {None, true} for one, true in zip(said, truth, strict=True)), page
        met += None in said
        if None in said and await replica.mend(lambda done, of: None):
            mended += 1
            assert (await SyncReplica(SmallFeeds(register), replica, LandingBook()).round()).proven
            assert await answers(replica) == truth
        await replica.close()
    assert (met > 30, mended > 20) == (True, True)
