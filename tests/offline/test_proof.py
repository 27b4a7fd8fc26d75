"""Rows are re-hashed apart from the sums beside them (P09): a cell turned under intact sums is found and fetched."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio

from client.domain.errors import StoreError
from client.domain.feed import Feed
from client.domain.resident import AtenaNo
from client.jobs.scrub_replica import ScrubReplica
from client.rules.digest import BUCKETS
from offline.store import door
from offline.store.stores import FileStores
from tests.store_builders import SmallRegister, a_person, a_register, fill, store_keys, stores_in

pytestmark = pytest.mark.asyncio
KEYS = store_keys()
ALL = tuple(range(BUCKETS))


@pytest_asyncio.fixture
async def stores(tmp_path: Path) -> AsyncIterator[FileStores]:
    made = stores_in(tmp_path)
    await made.open(KEYS)
    yield made
    await made.close()


def a_town() -> SmallRegister:
    register = a_register(a_person(number) for number in range(30))
    register.key = KEYS.digest
    for number in (1, 2):
        key = (f"b{number}",)
        register.rows["block"][key] = {
            "block_id": f"b{number}",
            "atena_no": f"{1000000000 + number}",
            "process": "issue",
            "level": "error",
        }
    return register


async def turn(stores: FileStores, folder: Path, *statements: str) -> None:
    """Change rows behind the program's back; no sum changes with them."""
    await stores.close()
    connection = door.open_connection(folder / "replica.db", KEYS.replica)
    for statement in statements:
        connection.execute(statement)
    connection.close()
    await stores.open(KEYS)


@pytest.mark.parametrize(
    "harm",
    [
        "UPDATE resident SET full_name = '住民　次郎' WHERE atena_no = '1000000001'",
        "UPDATE resident SET sex = NULL WHERE atena_no = '1000000001'",
        "UPDATE certifier SET name = '別人' WHERE certifier_id = 'c1'",
        "UPDATE fee_rule SET yen = 1 WHERE rule_id = 'f2'",
        "DELETE FROM block WHERE block_id = 'b1'",
        "UPDATE block SET atena_no = '1000000029' WHERE block_id = 'b1'",
    ],
)
async def test_no_paper_rests_on_a_row_that_was_turned(stores: FileStores, tmp_path: Path, harm: str) -> None:
    register = a_town()
    await fill(stores, register)
    household = (await stores.replica.household_of(AtenaNo("1000000001"))).value
    await stores.replica.prove(household)
    await turn(stores, tmp_path, harm)
    with pytest.raises(StoreError, match=r"store\.damaged_replica"):
        await stores.replica.prove(household)
    await mend(stores, register)
    await stores.replica.prove(household)


async def test_an_old_page_put_back_is_found(stores: FileStores, tmp_path: Path) -> None:
    register = a_town()
    await fill(stores, register)
    await stores.replica.apply(register.put("resident", a_person(1, history_no=2, full_name="住民　花子")))
    await turn(
        stores,
        tmp_path,
        "DELETE FROM resident WHERE atena_no = '1000000001' AND history_no = 2",
        "UPDATE person SET history_no = 1 WHERE atena_no = '1000000001'",
    )
    household = (await stores.replica.household_of(AtenaNo("1000000001"))).value
    assert household.members[1].history_no == 1
    with pytest.raises(StoreError, match=r"store\.damaged_replica"):
        await stores.replica.prove(household)
    await mend(stores, register)
    found = (await stores.replica.household_of(AtenaNo("1000000001"))).value
    assert found.members[1].history_no == 2
    await stores.replica.prove(found)


async def test_other_peoples_rows_do_not_stop_a_paper_but_the_scrub_finds_them(
    stores: FileStores, tmp_path: Path
) -> None:
    register = a_town()
    await fill(stores, register)
    await turn(
        stores,
        tmp_path,
        "UPDATE resident SET sex = '女' WHERE atena_no = '1000000020'",
        "DELETE FROM resident WHERE atena_no = '1000000025'",
    )
    await stores.replica.prove((await stores.replica.household_of(AtenaNo("1000000001"))).value)
    woken: list[bool] = []
    scrub = ScrubReplica(stores.replica, wake=lambda: woken.append(True))
    assert await scrub.everything() == 2
    assert woken
    await mend(stores, register)
    assert await scrub.everything() == 0


@pytest.mark.parametrize(
    "harm",  # filed with the row it was copied from
    [
        "INSERT INTO resident (atena_no, history_no, full_name, household_no, status, _bucket, _digest)"
        " SELECT atena_no, 9, full_name, household_no, status, _bucket, _digest FROM resident"
        " WHERE atena_no = '1000000001'",
        "INSERT INTO block (block_id, atena_no, process, level, _bucket, _digest)"
        " SELECT 'b9', atena_no, process, level, _bucket, _digest FROM block WHERE atena_no = '1000000001'",
    ],
    ids=["resident", "block"],
)
async def test_a_row_added_behind_the_programs_back_is_found_and_gone(
    stores: FileStores, tmp_path: Path, harm: str
) -> None:
    register = a_town()
    await fill(stores, register)
    await turn(stores, tmp_path, harm)
    household = (await stores.replica.household_of(AtenaNo("1000000001"))).value
    with pytest.raises(StoreError, match=r"store\.damaged_replica"):
        await stores.replica.prove(household)
    await mend(stores, register)
    await stores.replica.prove((await stores.replica.household_of(AtenaNo("1000000001"))).value)


@pytest.mark.parametrize(
    "harm",
    [
        "UPDATE resident SET _extra = x'c1' WHERE atena_no = '1000000020'",
        "UPDATE resident SET _extra = x'01' WHERE atena_no = '1000000020'",
        "UPDATE resident SET _extra = 'a text' WHERE atena_no = '1000000020'",
    ],
)
async def test_further_columns_that_cannot_be_read_are_a_row_that_is_wrong(
    stores: FileStores, tmp_path: Path, harm: str
) -> None:
    register = a_town()
    await fill(stores, register)
    await turn(stores, tmp_path, harm)
    assert (await stores.replica.history_of(AtenaNo("1000000020"))).value
    assert await ScrubReplica(stores.replica, wake=lambda: None).everything() == 1
    await mend(stores, register)


async def mend(stores: FileStores, register: SmallRegister) -> None:
    """Do what a round of sync does: compare the sums kept here with the register's, and fetch what differs."""
    for feed in Feed:
        theirs = register.sums(feed)
        mids = tuple(range(64))
        mine = await stores.replica.bucket_sums(feed, mids)
        wrong = tuple(
            bucket.index for bucket in mine if int.from_bytes(bucket.digest) != theirs[bucket.index]
        )
        if wrong:
            version = register.versions[feed]
            await stores.replica.replace_buckets(feed, version, wrong, register.rows_of(feed, wrong))
        assert await stores.replica.wrong_buckets(feed, ALL) == ()
