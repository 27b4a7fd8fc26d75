"""Variants of a kanji are found by each other on this disk, also where the index was folded by an older version."""

from pathlib import Path

import pytest

from offline.store import door, search
from offline.store.migrations import migrate
from offline.store.replica_file import STEPS
from offline.store.rows import table_named
from tests.builders import NOW
from tests.store_builders import Row, a_person, a_register, fill, store_keys, stores_in

KEYS = store_keys()
PEOPLE = (
    "浜　一",
    "滨　二",
    "濵　三",
    "藤　四",
    "籐　五",
    "德永　六",
    "徳永　七",
    "渕　八",
    "淵　九",
    "山\ue000　十",
)
FOUND = {
    "浜": "浜滨濵",
    "濱": "浜滨濵",
    "籘": "藤籐",
    "徳": "德徳",
    "德": "德徳",
    "渕": "渕淵",
    "淵": "渕淵",
    "山\ue000": "山",
    "山\ue001": "",
}


def people() -> list[Row]:
    return [a_person(number, full_name=name, furigana="ヒト") for number, name in enumerate(PEOPLE)]


@pytest.mark.parametrize("typed", FOUND)
@pytest.mark.asyncio
async def test_variants_are_found_by_each_other(tmp_path: Path, typed: str) -> None:
    stores = stores_in(tmp_path)
    await stores.open(KEYS)
    register = a_register(people())
    register.key = KEYS.digest
    await fill(stores, register)
    hits = (await stores.replica.find(typed, limit=20)).value
    assert "".join(hit.name[0] for hit in hits) == FOUND[typed]
    await stores.close()


def test_an_index_of_an_older_version_is_folded_anew(tmp_path: Path) -> None:
    path = tmp_path / "replica.db"
    migrate(path, KEYS.replica, STEPS[:2], NOW)
    with door.open_connection(path, KEYS.replica) as connection:
        table_named("resident").insert(connection, KEYS.digest, people())
        search.rebuild(connection)
        before = connection.execute("SELECT names FROM person ORDER BY atena_no").fetchall()
        connection.execute("UPDATE person SET names = '德'")
    connection.close()
    migrate(path, KEYS.replica, STEPS, NOW)
    connection = door.open_connection(path, KEYS.replica)
    assert connection.execute("SELECT names FROM person ORDER BY atena_no").fetchall() == before
    assert search.find(connection, "滨", limit=20, removed=False) == [
        "1000000000",
        "1000000001",
        "1000000002",
    ]
    connection.close()
