"""One question, two searches: the cloud's and the replica's answers are the same, in the same order."""

from collections.abc import AsyncIterator, Callable, Iterator
from datetime import date
from pathlib import Path
from random import Random

import pytest
import pytest_asyncio

from client.domain.letters import kana_key
from client.domain.resident import AtenaNo, Hit
from cloud.residents import search
from cloud.tenant import open_tenant
from cloud.town import STORY, generate
from offline.store.replica import Replica
from tests.cloud.cloud_builders import staff
from tests.store_builders import Row, SmallRegister, a_person, fill, store_keys, stores_in

pytestmark = pytest.mark.long

ISHIKAWA = AtenaNo("1000000990")  # イシカワ　タロウ: across the two parts of the name stands ワタ
ROWS: list[tuple[str, Row]] = [
    *generate(1000, 7, date(2026, 11, 20)),
    ("resident", a_person(990, atena_no=ISHIKAWA, full_name="石川　太郎", furigana="イシカワ　タロウ")),
]
CODE = next(str(row["code"]) for table, row in ROWS if table == "town")
LIVING = {str(row["atena_no"]): row for table, row in ROWS if table == "resident"}
FAMILY = [STORY.householder, STORY.wife, STORY.son, STORY.daughter, STORY.mother]
FindLive = Callable[[str, bool], list[dict[str, object]]]


@pytest_asyncio.fixture
async def replica(tmp_path: Path) -> AsyncIterator[Replica]:
    register = SmallRegister(key=store_keys().digest)
    for table, row in ROWS:
        register.rows[table][register._key(table, row)] = row
    stores = stores_in(tmp_path)
    await stores.open(store_keys())
    await fill(stores, register)
    yield stores.replica
    await stores.close()


@pytest.fixture
def live(tmp_path: Path) -> Iterator[FindLive]:
    tenant = open_tenant(tmp_path / "cloud", CODE, town=lambda: ROWS, staff=staff())

    def find(typed: str, removed: bool) -> list[dict[str, object]]:
        with tenant.register.reading() as connection:
            return search(connection, CODE, typed, limit=200, removed=removed)

    yield find
    tenant.close()


def typings(count: int) -> list[str]:
    """Return what clerks might type: beginnings and middles of names, two words, letters by themselves."""
    dice = Random(20261120)  # noqa: S311 - what to type
    found = ["わた", "わ", "ワタ", "渡", "邉", "たろう", "いし", "S58.4.12"]
    people = list(LIVING.values())
    for _ in range(count):
        row = dice.choice(people)
        words = str(row.get("furigana") or row.get("latin_name") or row["full_name"]).split()
        begins, ends = sorted((dice.randint(0, len(words[0])), dice.randint(0, len(words[0]))))
        found += [
            words[0][: dice.randint(1, 3)],
            words[-1][begins : ends + 1],
            " ".join(word[:2] for word in words),
        ]
        found.append(str(row.get("full_name") or row.get("tsusho") or "A")[: dice.randint(1, 3)])
    return list(dict.fromkeys(filter(str.strip, found)))


@pytest.mark.asyncio
async def test_both_find_the_same_people_in_the_same_order(replica: Replica, live: FindLive) -> None:
    for typed in typings(40):
        for removed in (False, True):
            hits = (await replica.find(typed, limit=200, removed=removed)).value
            there = [(hit["atena_no"], hit["address"], hit["protected"]) for hit in live(typed, removed)]
            assert there == [(hit.atena_no, hit.address, hit.protected) for hit in hits], (typed, removed)


@pytest.mark.asyncio
@pytest.mark.parametrize("typed", ["わた", "ワタ", "ﾜﾀ", "わたな", "はた"])
async def test_who_begins_with_what_was_typed_stands_before_who_only_holds_it(
    replica: Replica, live: FindLive, typed: str
) -> None:
    hits = (await replica.find(typed, limit=200)).value
    begins = [_begins(hit, typed) for hit in hits]
    assert begins == sorted(begins, reverse=True)
    assert set(FAMILY) <= {str(hit.atena_no) for hit, leads in zip(hits, begins, strict=True) if leads}
    for part in (True, False):
        keys = [kana_key(hit.furigana or "") for hit in hits if _begins(hit, typed) is part]
        assert keys == sorted(keys)
    if typed != "わたな":
        assert not begins[[hit.atena_no for hit in hits].index(ISHIKAWA)]
    assert [hit["atena_no"] for hit in live(typed, False)] == [hit.atena_no for hit in hits]


def _begins(hit: Hit, typed: str) -> bool:
    return kana_key(hit.furigana or "").startswith(kana_key(typed))
