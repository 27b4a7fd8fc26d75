"""One question, two searches: the cloud's and the replica's answers are the same, in the same order."""

import sqlite3
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import contextmanager
from dataclasses import fields
from datetime import UTC, date, datetime
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory
from typing import Any

import msgspec
import pytest
import pytest_asyncio
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from client.api.codec import WireHit
from client.domain.feed import Feed
from client.domain.letters import kana_key
from client.domain.query import Match, Query
from client.domain.resident import AtenaNo, Hit
from client.rules import gate
from cloud.residents import search
from cloud.search_words import Asked
from cloud.tenant import Tenant, open_tenant
from cloud.town import STORY, generate
from offline.store import door, replica_file, residents, sums
from offline.store import search as store_search
from offline.store.replica import Replica
from offline.store.rows import contract
from offline.store.search import Finder
from tests.cloud.shaped import shaped
from tests.offline.search_builders import people, queries, several
from tests.store_builders import Row, SmallRegister, a_person, fill, store_keys, stores_in

pytestmark = pytest.mark.long

ISHIKAWA = AtenaNo("1000000990")  # イシカワ　タロウ: across the two parts of the name stands ワタ
ROWS: list[tuple[str, Row]] = [
    *generate(1000, 7, date(2026, 11, 20)),
    ("resident", a_person(990, atena_no=ISHIKAWA, full_name="石川　太郎", furigana="イシカワ　タロウ")),
]
CODE = next(str(row["code"]) for table, row in ROWS if table == "town")
RESIDENTS = [row for table, row in ROWS if table == "resident"]
FAMILY = [STORY.householder, STORY.wife, STORY.son, STORY.daughter, STORY.mother]
FindLive = Callable[[Query], tuple[Hit, ...]]


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def replica(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Replica]:
    register = SmallRegister(key=store_keys().digest)
    for table, row in ROWS:
        register.rows[table][register._key(table, row)] = row
    stores = stores_in(tmp_path_factory.mktemp("replica"))
    await stores.open(store_keys())
    await fill(stores, register)
    yield stores.replica
    await stores.close()


@pytest.fixture(scope="module")
def live(tmp_path_factory: pytest.TempPathFactory) -> Iterator[FindLive]:
    with found_cloud(tmp_path_factory.mktemp("cloud"), ROWS) as tenant:
        yield lambda query: hits_of(tenant, query)


def replica_of(rows: list[tuple[str, Row]]) -> sqlite3.Connection:
    """Return a replica's file in memory, with these rows and the index made over them."""
    connection = door.open_connection(Path(":memory:"), store_keys().replica)
    replica_file.first_shape(connection)
    for table, row in rows:
        contract()[table].insert(connection, store_keys().digest, [row])
    store_search.rebuild(connection)
    store_search.index(connection)
    for feed in Feed:
        sums.set_position(connection, feed, 1, datetime.now(UTC))
    return connection


@contextmanager
def found_cloud(folder: Path, rows: list[tuple[str, Row]]) -> Iterator[Tenant]:
    tenant = open_tenant(folder, CODE, town=lambda: rows, engine=shaped(folder))
    yield tenant
    tenant.close()


def hits_of(tenant: Tenant, query: Query, limit: int = 200) -> tuple[Hit, ...]:
    """Return the cloud's hits as a terminal reads them."""
    own = {
        "match",
        "sheltered",
        "unplaced",
        "cardless",
    }  # said otherwise to the cloud, or to the replica alone
    words = {one.name: getattr(query, one.name) for one in fields(Query) if one.name not in own}
    asked = Asked(**words, match=query.match.value, shelters=query.sheltered, cards=not query.cardless)
    with tenant.register.reading() as connection:
        hits = search(connection, CODE, asked, limit=limit)
    return tuple(msgspec.convert(hit, WireHit).value() for hit in hits)


def words_of(row: Row, dice: Random) -> list[str]:
    """Return what somebody might type to find a person: pieces of all that is on record, in every form."""
    kana = str(row.get("furigana") or row.get("latin_name") or row.get("full_name")).split()
    begins, ends = sorted((dice.randint(0, len(kana[0])), dice.randint(0, len(kana[0]))))
    written = str(row.get("full_name") or row.get("tsusho") or "A").replace("　", "")
    place = "".join(str(row.get(f"address_{part}", "")) for part in ("town", "banchi", "katagaki"))
    at = dice.randint(0, len(place) - 1)
    birth = str(row["birth_text"])
    return [
        kana[0][: dice.randint(1, 3)],
        kana[-1][begins : ends + 1],
        "".join(word[:2] for word in kana),
        written[: dice.randint(1, 3)],
        written,
        birth,
        birth.partition("年")[0] + "年",
        birth.partition("月")[0] + "月",
        str(row.get("birth_sort", "不詳")),
        str(row.get("birth_sort", "不詳")).replace("-", "")[: dice.choice((4, 6, 8))],
        place[at : at + dice.randint(1, 8)],
        str(row.get("address_banchi", "1番")),
        str(row["address_town"])[-4:],
        str(row["atena_no"]),
        str(row["household_no"]),
        str(row.get("residence_card_no", "AB12345678CD")),
    ]


def a_query(dice: Random) -> Query:
    """Ask something: mostly in the one field, of one or two people."""
    words = words_of(dice.choice(RESIDENTS), dice)
    other = words_of(dice.choice(RESIDENTS), dice)
    common: dict[str, Any] = {
        "match": dice.choice([Match.INFIX, Match.INFIX, Match.PREFIX, Match.EXACT]),
        "past": dice.random() < 0.4,
        "removed": dice.random() < 0.4,
        "sheltered": dice.random() < 0.4,
    }
    if dice.random() < 0.6:
        typed = dice.sample(words, dice.choice([1, 1, 2, 3])) + dice.sample(other, dice.choice([0, 0, 0, 1]))
        return Query(" ".join(typed), **common)
    form: dict[str, list[str]] = {
        "name": words[:5],
        "birth": words[5:10],
        "place": words[10:13],
        "number": words[13:],
        "sex": ["男", "f"],
    }
    chosen = dice.sample(list(form), dice.choice([1, 1, 2, 3]))
    return Query(**common | {name: dice.choice(form[name]) for name in chosen})


@pytest.mark.asyncio(loop_scope="module")
@pytest.mark.parametrize("seed", [0, *(pytest.param(seed, marks=pytest.mark.slow) for seed in range(1, 5))])
async def test_both_find_the_same_people_in_the_same_order(
    replica: Replica, live: FindLive, seed: int
) -> None:
    dice = Random(seed)  # noqa: S311 - what to ask
    empty = 0
    for _ in range(200):
        query = a_query(dice)
        hits = (await replica.find(query, limit=200)).value
        assert gate.masked_hits(live(query)) == gate.masked_hits(hits), query  # as a list shows them
        empty += not hits
    assert empty < 140


@pytest.mark.parametrize(
    "typed", ["わた", "わ", "ワタ", "渡", "邉", "たろう", "S58.4.12", "S58", "不詳", "町", "ー"]
)
@pytest.mark.asyncio(loop_scope="module")
async def test_both_read_what_is_often_typed_alike(replica: Replica, live: FindLive, typed: str) -> None:
    for removed in (False, True):
        query = Query(typed, removed=removed)
        assert live(query) == (await replica.find(query, limit=200)).value


@pytest.mark.slow
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    town=people() | st.just(several()),
    asked=st.lists(queries(), min_size=1, max_size=20),
    protected=st.lists(st.integers(0, 12), max_size=2),
    limit=st.integers(1, 6),
)
def test_in_any_town_both_answer_alike(
    town: list[Row], asked: list[Query], protected: list[int], limit: int
) -> None:
    numbers = tuple(f"{1000000000 + number}" for number in protected)
    measures: list[tuple[str, Row]] = [
        ("shien_sochi", {"measure_id": f"m{at}", "atena_no": one}) for at, one in enumerate(numbers)
    ]
    rows: list[tuple[str, Row]] = [*(("resident", row) for row in town), *measures]
    rows += [(table, row) for table, row in ROWS if table in {"town", "certifier"}]
    connection, finder = replica_of(rows), Finder()
    with TemporaryDirectory() as folder, found_cloud(Path(folder), rows) as tenant:
        for query in asked:
            hits = residents.find(connection, finder, query, limit=limit).value
            assert hits_of(tenant, query, limit) == hits, query
    connection.close()


@pytest.mark.asyncio(loop_scope="module")
@pytest.mark.parametrize("typed", ["わた", "ワタ", "ﾜﾀ", "わたな", "はた"])
async def test_who_begins_with_what_was_typed_stands_before_who_only_holds_it(
    replica: Replica, live: FindLive, typed: str
) -> None:
    hits = (await replica.find(Query(typed), limit=200)).value
    begins = [_begins(hit, typed) for hit in hits]
    assert begins == sorted(begins, reverse=True)
    assert set(FAMILY) <= {str(hit.atena_no) for hit, leads in zip(hits, begins, strict=True) if leads}
    for part in (True, False):
        keys = [kana_key(hit.furigana or "") for hit in hits if _begins(hit, typed) is part]
        assert keys == sorted(keys)
    if typed != "わたな":
        assert not begins[[hit.atena_no for hit in hits].index(ISHIKAWA)]
    assert live(Query(typed)) == hits


def _begins(hit: Hit, typed: str) -> bool:
    return kana_key(hit.furigana or "").startswith(kana_key(typed))
