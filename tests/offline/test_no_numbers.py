"""No 個人番号 and no 住民票コード is on a terminal: known ones are planted at every entrance, then every page is opened.

Entrances there are: snapshots, batches, repairs; requests, reasons, searches; the cloud's answers. The terminal takes
in no attachment, scan or carried file; there is none to plant in.
"""

import logging
from collections.abc import AsyncIterator, Callable
from dataclasses import replace
from pathlib import Path
from uuid import UUID

import pytest
import pytest_asyncio

from client.domain.change import ChangeKind, ChangeState, NewChange, Receipt
from client.domain.errors import RefusedError, StoreError
from client.domain.feed import ChunkRows, Feed, FeedBatch, RowChange
from client.domain.intake import Entry
from client.domain.query import Query
from client.domain.resident import AtenaNo
from client.jobs.find_resident import FindResident
from client.jobs.queue_change import QueueChange
from client.jobs.reach import Reach
from client.jobs.settle_change import SettleChange
from client.rules.digest import bucket_of, mids_of
from client.rules.intakes.moves import TENKYO
from offline.store.number_guard import look_at_changes, look_at_chunk
from offline.store.rows import Table
from offline.store.stores import FileStores
from tests.builders import ELSEWHERE, NOW, TODAY, a_sign_in, an_entry
from tests.fakes import FakeClock, MemoryLink, counted_random
from tests.jobs.test_settle_change import OneAnswer
from tests.opened_pages import opened_pages
from tests.store_builders import (
    MemoryKeyring,
    Row,
    SmallRegister,
    a_change,
    a_person,
    a_register,
    fill,
    store_keys,
    stores_in,
)

pytestmark = pytest.mark.long

NUMBER, CODE = "379474484458", "24727059608"
HARMLESS = "379474484459"  # the same digits with another last one: nobody's number
KEYS = store_keys()
FULL_WIDTH = str.maketrans("0123456789", "０１２３４５６７８９")
Places = dict[str, tuple[str, str, Row]]  # what is wrong -> table, column it is told by, row

PERSON = a_person(7)
MOON = Table("moon", Feed.REGISTER, ("moon_id",), ("moon_id", "words"), frozenset())
PLACES: Places = {
    "a remark": ("resident", "remarks", PERSON | {"remarks": f"個人番号 {NUMBER} 確認済"}),
    "a room": ("resident", "address_katagaki", PERSON | {"address_katagaki": f"寮{CODE}号"}),
    "a name": ("resident", "full_name", PERSON | {"full_name": NUMBER.translate(FULL_WIDTH)}),
    "a removed address": ("resident", "tenshutsu_to", PERSON | {"tenshutsu_to": "3794-7448-4458"}),
    "a reason": ("delivery_address", "reason", {"delivery_id": "d1", "reason": f"{NUMBER[:4]} 7448 4458"}),
    "a column of tomorrow": ("resident", "hobby", PERSON | {"hobby": NUMBER}),
    "a whole number of tomorrow": ("resident", "hobby", PERSON | {"hobby": int(NUMBER)}),
    "a column by its name": ("resident", "individual_number", PERSON | {"individual_number": "sealed"}),
    "a sealed name in the clear": ("resident", "mynumber_sealed", PERSON | {"mynumber_sealed": "x"}),
    "a column called as the number": ("resident", "?", PERSON | {NUMBER: "x"}),
    "a table of tomorrow": ("moon", "words", {"moon_id": "m1", "words": f"番号{CODE}"}),
    "a column there by its name": ("moon", "juminhyo_code", {"moon_id": "m1", "juminhyo_code": 1}),
    "a table by its name": ("mynumber", "moon_id", {"moon_id": "m1"}),
}


def spellings(number: str) -> set[bytes]:
    """Return how a number may lie in a file."""
    grouped = {number, f"{number[:4]}-{number[4:8]}-{number[8:]}", f"{number[:4]} {number[4:8]} {number[8:]}"}
    texts = grouped | {text.translate(FULL_WIDTH) for text in grouped}
    found = {text.encode(code) for text in texts for code in ("utf-8", "utf-16-le", "cp932")}
    return found | {int(number).to_bytes(6), int(number).to_bytes(8)}


def found_in(folder: Path, *numbers: str) -> list[str]:
    """Return where numbers lie: on any page of replica and ledger, in any other file, in any file's name."""
    forms = {form for number in numbers for form in spellings(number)}
    found = []
    for path in (path for path in folder.rglob("*") if path.is_file()):
        parts = [path.read_bytes(), path.name.encode()]
        if path.suffix == ".db":
            key = KEYS.ledger if path.stem == "ledger" else KEYS.replica
            parts += opened_pages(path, key)
        found += [path.name for part in parts if any(form in part for form in forms)]
    return found


@pytest_asyncio.fixture
async def stores(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[FileStores]:
    (tmp_path / "tmp").mkdir()
    for name in ("TMPDIR", "SQLITE_TMPDIR", "TEMP"):  # whatever is written beside the stores is looked at too
        monkeypatch.setenv(name, str(tmp_path / "tmp"))
    opened = stores_in(tmp_path, MemoryKeyring())
    await opened.open(KEYS)
    yield opened
    await opened.close()


@pytest.fixture
def register() -> SmallRegister:
    made = a_register(a_person(number) for number in range(60))
    made.key = KEYS.digest
    made.tables |= {name: replace(MOON, name=name) for name in ("moon", "mynumber")}
    made.rows |= {"moon": {}, "mynumber": {}}
    return made


async def refusal(stores: FileStores, work: Callable[[], object]) -> StoreError:
    """Do what must be refused, and see that the replica stands where it stood."""
    before = [await stores.replica.position(), *[await stores.replica.mids(feed) for feed in Feed]]
    with pytest.raises(StoreError) as refused:
        await work()  # type: ignore[misc]  # a coroutine of the replica
    assert [await stores.replica.position(), *[await stores.replica.mids(feed) for feed in Feed]] == before
    assert refused.value.code == "store.forbidden_number"
    assert NUMBER not in f"{refused.value!r} {refused.value.facts}"
    return refused.value


@pytest.mark.asyncio
@pytest.mark.parametrize("place", PLACES)
async def test_a_batch_with_one_is_refused_whole_and_the_counter_goes_on(
    stores: FileStores, register: SmallRegister, place: str, tmp_path: Path
) -> None:
    await fill(stores, register)
    table, column, row = PLACES[place]
    good = a_person(8) | {"full_name": "善良　花子", "history_no": 2}
    register.rows["resident"][good["atena_no"], 2] = good  # type: ignore[index]  # a key of this table
    batch = register.put(table, row)
    both = replace(batch, changes=(*register.put("resident", good).changes, *batch.changes))
    error = await refusal(stores, lambda: stores.replica.apply(both))
    assert error.facts == {"table": table, "column": column}
    found = await stores.replica.find(Query(typed="住民　太郎"), limit=50)
    assert found.value  # what is there goes on being found
    assert not (
        await stores.replica.find(Query(typed="善良　花子"), limit=50)
    ).value  # nothing of the batch was written
    await stores.close()
    assert found_in(tmp_path, NUMBER, CODE) == []


@pytest.mark.asyncio
@pytest.mark.parametrize("place", PLACES)
async def test_a_repair_and_a_snapshot_with_one_are_refused_too(
    stores: FileStores, register: SmallRegister, place: str, tmp_path: Path
) -> None:
    await fill(stores, register)
    table, column, row = PLACES[place]
    batch = register.put(table, row)
    bucket = bucket_of(table, batch.changes[0].key)
    rows = register.rows_of(Feed.REGISTER, [bucket])
    error = await refusal(
        stores,
        lambda: stores.replica.replace_buckets(Feed.REGISTER, batch.to, (bucket,), rows),
    )
    assert error.facts == {"table": table, "column": column}
    manifest, chunks = register.snapshot(size=20)
    await stores.replica.begin_fill(manifest)
    told = []
    for sha256, chunk in chunks.items():
        try:
            await stores.replica.add_chunk(sha256, chunk)
        except StoreError as refused:
            told.append((refused.code, refused.facts))
    assert told == [(error.code, error.facts)]
    assert found_in(tmp_path, NUMBER, CODE) == []  # the side file and its WAL, while they are open
    await stores.close()
    assert found_in(tmp_path, NUMBER, CODE) == []


async def bring_in_by_hand(stores: FileStores, number: str) -> list[str]:
    """Type a number wherever a clerk can type, with the real jobs; return the codes of the refusals."""
    clock, who, reach = FakeClock(), a_sign_in(token=None), Reach(MemoryLink(), wait=0.05)
    queue = QueueChange(
        stores.replica,
        stores.replica,
        reach,
        stores.ledger,
        now=clock,
        random=counted_random(),
        clock_offset_ms=lambda: 0,
    )
    settle = SettleChange(
        OneAnswer(), stores.ledger, now=clock, random=counted_random(), clock_offset_ms=lambda: 0
    )
    find = FindResident(stores.replica, stores.replica, reach, stores.ledger, now=clock)
    taken = await stores.ledger.queue(a_change(AtenaNo("1000000001")))
    household = (await stores.replica.household_of(AtenaNo("1000000003"))).value

    def draft(katagaki: str) -> Entry:
        members = tuple(member.atena_no for member in household.living)
        there = replace(ELSEWHERE, katagaki=katagaki)
        return an_entry(household, members[0], members, there, TODAY)

    codes = []
    for attempt in (
        lambda: queue.take(who, TENKYO, draft(f"寮 {number}")),
        lambda: settle.withdraw(who, taken.key, reason=f"番号 {number}"),
        lambda: find.find(who, Query(typed=number)),
        lambda: stores.ledger.queue(
            NewChange(str(UUID(int=7)), ChangeKind.TENKYO, (AtenaNo("1"),), {}, {"note": number}, NOW, "s001")
        ),
    ):
        try:
            await attempt()
        except RefusedError as refused:
            codes.append(refused.code)
    (waiting,) = await stores.ledger.ready(NOW, limit=1, alone_after=9) or (taken,)
    await stores.ledger.lease((waiting.key,), now=NOW)
    await stores.ledger.settle(waiting.key, ChangeState.ACCEPTED, receipt=Receipt(9, NOW, f"受付 {number}"))
    return codes


@pytest.mark.asyncio
@pytest.mark.parametrize("number", [NUMBER, CODE])
async def test_what_a_clerk_types_and_the_cloud_answers_leaves_none_behind(
    stores: FileStores,
    register: SmallRegister,
    number: str,
    tmp_path: Path,
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.DEBUG)
    await fill(stores, register)
    codes = await bring_in_by_hand(stores, number)
    expected = ["refused.forbidden_number"] * 3
    expected.insert(2, "refused.number_search")
    assert codes == expected
    assert found_in(tmp_path, number) == []
    await stores.close()
    assert found_in(tmp_path, number) == []
    assert number not in caplog.text


@pytest.mark.asyncio
@pytest.mark.parametrize(
    ("place", "end"), [("a remark", "0"), ("a table of tomorrow", "1"), ("a whole number of tomorrow", "2")]
)
async def test_a_harmless_number_planted_the_same_way_is_found(
    stores: FileStores, register: SmallRegister, place: str, end: str, tmp_path: Path
) -> None:
    """The control: were one let in, the pages would show it, in the WAL and in the file."""
    harmless = HARMLESS[:-1] + end
    await fill(stores, register)
    table, column, row = PLACES[place]
    marker: object = int(harmless) if isinstance(row[column], int) else f"番号{harmless}"
    assert found_in(tmp_path, harmless) == []
    await stores.replica.apply(register.put(table, row | {column: marker}))
    assert "replica.db" in found_in(tmp_path, harmless)
    await stores.close()
    assert set(found_in(tmp_path, harmless)) == {"replica.db"}


@pytest.mark.asyncio
async def test_a_harmless_number_typed_the_same_way_is_found(
    stores: FileStores, register: SmallRegister, tmp_path: Path
) -> None:
    await fill(stores, register)
    assert await bring_in_by_hand(stores, HARMLESS) == []
    await stores.close()
    assert "ledger.db" in found_in(tmp_path, HARMLESS)


@pytest.mark.asyncio
async def test_an_early_row_of_a_refused_batch_is_not_written_before_the_refusal(
    stores: FileStores, register: SmallRegister
) -> None:
    await fill(stores, register)
    table, _, row = PLACES["a remark"]
    batch: FeedBatch = register.put(table, row)
    await refusal(stores, lambda: stores.replica.apply(batch))
    mended = register.put(table, PERSON | {"remarks": "確認済"})
    await stores.replica.apply(replace(mended, after=batch.after))  # the cloud was mended: it goes on
    assert await stores.replica.mids(Feed.REGISTER) == mids_of(register.sums(Feed.REGISTER))


DORMITORY = f"寮 {NUMBER}"
KEYED: dict[str, RowChange] = {
    "words as a key": RowChange("moon", (DORMITORY,), {"words": "x"}),
    "words as a key, in the column of a code": RowChange("moon", (DORMITORY,), {"moon_id": DORMITORY}),
    "a key no column bears": RowChange("moon", (NUMBER,), {"moon_id": "m1"}),
    "a whole number as a key": RowChange("moon", ("m1", int(CODE)), {"moon_id": "m1"}),
    "words as the key of a removal": RowChange("moon", (f"番号{CODE}",), None),
}


@pytest.mark.asyncio
@pytest.mark.parametrize("place", KEYED)
async def test_none_comes_in_by_the_key_of_a_row_of_a_table_of_tomorrow(
    stores: FileStores, register: SmallRegister, place: str, tmp_path: Path
) -> None:
    await fill(stores, register)
    change = KEYED[place]
    batch = replace(register.put("moon", {"moon_id": "m9"}), changes=(change,))
    bucket = bucket_of("moon", change.key)
    for work in (
        lambda: stores.replica.apply(batch),
        lambda: stores.replica.replace_buckets(Feed.REGISTER, batch.to, (bucket,), (change,)),
    ):
        error = await refusal(stores, work)
        assert error.facts == {"table": "moon", "column": "key"}
    await stores.close()
    assert found_in(tmp_path, NUMBER, CODE) == []


@pytest.mark.asyncio
async def test_none_comes_in_by_the_key_of_a_chunk_nor_by_a_table_of_no_columns(
    stores: FileStores, register: SmallRegister, tmp_path: Path
) -> None:
    manifest, _ = register.snapshot()
    await stores.replica.begin_fill(manifest)
    words = ChunkRows("moon", ("moon_id",), (["m1", DORMITORY],), Feed.REGISTER, ("moon_id",))
    with pytest.raises(StoreError) as refused:
        await stores.replica.add_chunk("moon-0", words)
    assert refused.value.facts == {"table": "moon", "column": "moon_id"}
    with pytest.raises(StoreError):
        look_at_changes([RowChange(NUMBER, ("m1",), {})])
    with pytest.raises(StoreError):
        look_at_chunk(ChunkRows(NUMBER, (), ()))
    await stores.close()
    assert found_in(tmp_path, NUMBER, CODE) == []


@pytest.mark.asyncio
async def test_a_row_of_a_known_table_under_another_key_is_written_nowhere(
    stores: FileStores, register: SmallRegister, tmp_path: Path
) -> None:
    await fill(stores, register)
    row: Row = {"phone_id": "p1", "atena_no": "1000000001"}
    change = RowChange("phone", (NUMBER,), row)
    batch = replace(register.put("phone", row), changes=(change,))
    bucket = bucket_of("phone", (NUMBER,))
    with pytest.raises(ValueError, match="another key"):
        await stores.replica.apply(batch)
    with pytest.raises(ValueError, match="another key"):
        await stores.replica.replace_buckets(Feed.REGISTER, batch.to, (bucket,), (change,))
    await stores.close()
    assert found_in(tmp_path, NUMBER) == []


@pytest.mark.asyncio
@pytest.mark.parametrize("code", [CODE, NUMBER, f"0a-{NUMBER}"])
async def test_a_code_as_the_key_of_a_table_of_tomorrow_comes_and_goes(
    stores: FileStores, register: SmallRegister, code: str
) -> None:
    await fill(stores, register)
    row: Row = {"moon_id": code, "words": "x"}
    await stores.replica.apply(register.put("moon", row))
    await stores.replica.apply(register.drop("moon", (code,)))
    assert await stores.replica.mids(Feed.REGISTER) == mids_of(register.sums(Feed.REGISTER))


@pytest.mark.asyncio
async def test_what_only_looks_like_one_is_taken_in(stores: FileStores, register: SmallRegister) -> None:
    await fill(stores, register)
    codes = {"address_code": CODE, "postcode": "9990001", "residence_card_no": f"AB{NUMBER}"}
    await stores.replica.apply(register.put("resident", PERSON | codes | {"mynumber_sealed": b"ciphertext"}))
    phone: Row = {"phone_id": NUMBER, "atena_no": "1", "number": CODE}
    await stores.replica.apply(register.put("phone", phone))
    await stores.replica.apply(register.drop("phone", (NUMBER,)))
    empty = ChunkRows("resident", ("mynumber_sealed",), ([None],))
    look_at_chunk(empty)
    assert await stores.replica.mids(Feed.REGISTER) == mids_of(register.sums(Feed.REGISTER))
