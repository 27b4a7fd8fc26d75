"""Variants of a kanji are found by each other on this disk, also where the index was folded by an older version."""

from pathlib import Path

import pytest

from client.domain.query import Query
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
    hits = (await stores.replica.find(Query(typed=typed), limit=20)).value
    assert "".join(hit.name[0] for hit in hits) == FOUND[typed]
    await stores.close()
