from collections.abc import AsyncIterator
from datetime import date
from pathlib import Path

import pytest
import pytest_asyncio

from client.domain.certificate import CertificateKind
from client.domain.errors import RefusedError, StoreError
from client.domain.feed import Feed
from client.domain.gaiji import Gaiji
from client.domain.nhi import Insured
from client.domain.resident import AtenaNo
from offline.store import doubt, residents
from offline.store.stores import FileStores
from tests.builders import TODAY
from tests.offline.search_builders import index_of
from tests.store_builders import SmallRegister, a_person, a_register, fill, store_keys, stores_in

KEYS = store_keys()
COPY = CertificateKind.JUMINHYO_COPY


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


@pytest.mark.asyncio
async def test_a_household_comes_in_its_stored_order(stores: FileStores) -> None:
    register = a_register(a_person(number, household_no="h1", order_no=9 - number) for number in range(3))
    register.key = KEYS.digest
    await fill(stores, register)
    answer = await stores.replica.household_of(AtenaNo("1000000001"))
    assert [member.atena_no for member in answer.value.members] == ["1000000002", "1000000001", "1000000000"]
    assert answer.as_of.register_version == 1


@pytest.mark.asyncio
async def test_who_moved_to_another_household_is_no_longer_in_the_old_one(stores: FileStores) -> None:
    register = a_register(a_person(number, household_no="h1") for number in range(3))
    register.key = KEYS.digest
    await fill(stores, register)
    await stores.replica.apply(register.put("resident", a_person(1, history_no=2, household_no="h2")))
    old = (await stores.replica.household_of(AtenaNo("1000000000"))).value
    new = (await stores.replica.household_of(AtenaNo("1000000001"))).value
    assert [member.atena_no for member in old.members] == ["1000000000", "1000000002"]
    assert [member.history_no for member in new.members] == [2]


@pytest.mark.asyncio
async def test_blocks_concern_person_and_household_and_outlive_their_end_date(stores: FileStores) -> None:
    register = a_register(a_person(number, household_no="h1") for number in range(2))
    register.key = KEYS.digest
    await fill(stores, register)
    for row in (
        {
            "block_id": "b1",
            "atena_no": "1000000001",
            "process": "issue",
            "level": "error",
            "ends": "2020-01-01",
        },
        {"block_id": "b2", "household_no": "h1", "process": "view", "level": "alert"},
        {"block_id": "b3", "household_no": "h9", "process": "view", "level": "alert"},
    ):
        await stores.replica.apply(register.put("block", dict(row)))
    await stores.replica.apply(
        register.put("shien_sochi", {"measure_id": "m1", "atena_no": "1000000000", "provisional": True})
    )
    household = (await stores.replica.household_of(AtenaNo("1000000000"))).value
    found = (await stores.replica.restrictions_of(household)).value
    assert sorted(block.block_id for block in found.blocks) == ["b1", "b2"]
    assert [measure.provisional for measure in found.shien_sochi] == [True]


@pytest.mark.asyncio
async def test_words_on_paper_change_with_the_day(stores: FileStores) -> None:
    await fill(stores, a_town())
    today = (await stores.replica.form_words(COPY, whole=True, on=TODAY)).value
    assert (today.certifier.name, today.attestation, today.fee_yen) == ("青空　晴子", "世帯全員の写し", 300)
    assert today.seal is not None
    assert today.seal.image == b"\x89PNG-one"
    acting = (await stores.replica.form_words(COPY, whole=False, on=TODAY.replace(month=12, day=5))).value
    assert (acting.certifier.title, acting.attestation) == ("市長職務代理者　副市長", "世帯一部の写し")
    assert acting.seal is None
    before = (await stores.replica.form_words(COPY, whole=True, on=TODAY.replace(month=3, day=31))).value
    assert before.fee_yen == 200


@pytest.mark.asyncio
async def test_letters_of_the_towns_own_are_those_in_force(stores: FileStores) -> None:
    register = a_town()
    await fill(stores, register)
    assert (await stores.replica.gaiji(on=TODAY)).value == ()
    rows: list[dict[str, object]] = [
        {"code": "E002", "outline": b"M0 0H9V9Z", "mj_code": "MJ026190", "in_force_from": "2012-07-09"},
        {"code": "E001", "reading": "カツラ", "outline": b"M0 0H9V9Z", "in_force_from": "2012-07-09"},
        {"code": "E003", "in_force_from": "2026-12-01"},
        {"code": "E004", "in_force_from": "2012-07-09", "in_force_until": "2026-10-31"},
        {"code": "E005"},
    ]
    await stores.replica.apply(register.put("gaiji", *rows))
    found = (await stores.replica.gaiji(on=TODAY)).value
    assert found == (
        Gaiji("E001", "カツラ", "", b"M0 0H9V9Z"),
        Gaiji("E002", "", "MJ026190", b"M0 0H9V9Z"),
        Gaiji("E005"),
    )


@pytest.mark.asyncio
async def test_words_that_are_missing_are_named(stores: FileStores) -> None:
    register = a_town()
    register.rows["attestation"] = {}
    await fill(stores, register)
    with pytest.raises(RefusedError) as caught:
        await stores.replica.form_words(COPY, whole=True, on=TODAY)
    assert caught.value.facts == {"what": "attestation"}


@pytest.mark.asyncio
async def test_what_became_of_an_intake_is_there_to_ask(stores: FileStores) -> None:
    register = a_town()
    await fill(stores, register)
    row = {
        "command_key": "k1",
        "kind": "todoke.tenkyo",
        "atena_no": "1000000001",
        "state": "received",
        "changed_at": "2026-11-20T05:32:00Z",
    }
    await stores.replica.apply(register.put("intake", dict(row)))
    assert (await stores.replica.intakes_of(AtenaNo("1000000001"))).value == (row,)


@pytest.mark.asyncio
async def test_intakes_are_told_by_key_and_those_returned_last_besides(stores: FileStores) -> None:
    register = a_town()
    await fill(stores, register)
    fates = {"k1": "received", "k2": "returned", "k3": "registered", "k4": "returned", "k5": "reviewing"}
    for n, (key, state) in enumerate(fates.items()):
        row: dict[str, object] = {"command_key": key, "atena_no": "1000000001", "state": state}
        await stores.replica.apply(register.put("intake", row | {"changed_at": f"2026-11-20T05:3{n}:00Z"}))
    told = (await stores.replica.intakes_told(["k1", "k3", "strange"], returned=1)).value
    assert {row["command_key"] for row in told} == {"k1", "k3", "k4"}
    told = (await stores.replica.intakes_told([], returned=9)).value
    assert {row["command_key"] for row in told} == {"k2", "k4"}


@pytest.mark.asyncio
async def test_who_is_insured_comes_with_every_spell_and_as_of_when_and_nothing_more(
    stores: FileStores,
) -> None:
    register = a_town()
    await fill(stores, register)
    taro, nobody = AtenaNo("1000000001"), AtenaNo("1000000002")
    for acquired, lost in (("2020-04-01", "2022-03-31"), ("2025-04-01", None)):
        row = {"atena_no": taro, "acquired": acquired, "lost": lost, "householder_atena_no": "1000000003"}
        await stores.replica.apply(register.put("nhi_member", {k: v for k, v in row.items() if v}))
    told = await stores.replica.insured((taro, nobody))
    spells = ((date(2020, 4, 1), date(2022, 3, 31)), (date(2025, 4, 1), None))
    assert told.value == Insured({taro: spells}, told.as_of.register_at)
    assert told.as_of.register_version == 3


def test_nobody_is_said_to_be_no_member_where_a_row_may_be_missing() -> None:
    connection = index_of([a_person(1)])
    doubt.write(connection, [doubt.of_bucket(Feed.REGISTER, 7)])
    with pytest.raises(StoreError, match=r"store\.damaged_replica"):
        residents.insured(connection, (AtenaNo("1000000001"),))
