"""The search in a town of thirty thousand, in the stage a city: exact against reading every record, by clerks' queries."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from random import Random

import pytest

from client.domain.query import Query
from offline.store import door, replica_file, search
from offline.store.rows import contract
from tests.bench import _crowd, _search_queries
from tests.offline import plain_search
from tests.store_builders import Row, store_keys

pytestmark = [pytest.mark.long, pytest.mark.timeout(400)]
RESIDENTS = 30_000
EACH = 4  # queries of each class
KEYS = store_keys()


class City:
    """A city on the disk and, plainly, in memory."""

    def __init__(self, path: Path, count: int) -> None:
        rows: list[Row] = list(_crowd.residents(count))
        columns = tuple(contract()["resident"].columns)
        dice = Random(3)  # noqa: S311 - who is protected
        self.protected = [str(dice.choice(rows)["atena_no"]) for _ in range(count // 500)]
        self.connection = door.open_connection(path, KEYS.replica)
        with door.transaction(self.connection):
            for step in replica_file.STEPS:
                step(self.connection)
            data = [[row.get(column) for row in rows] for column in columns]
            contract()["resident"].insert_columns(self.connection, KEYS.digest, columns, data)
            measures: list[Row] = [{"measure_id": one, "atena_no": one} for one in set(self.protected)]
            contract()["shien_sochi"].insert(self.connection, KEYS.digest, measures)
            replica_file.make_searchable(self.connection)
        self.people = plain_search.people_of(rows, self.protected)
        self.finder = search.Finder()

    def queries(self, each: int) -> list[Query]:
        """Return what clerks type, some of every class, with what may be switched on."""
        dice = Random(20261121)  # noqa: S311 - what is typed
        rows = [row for row in _search_queries.sampled(self.connection, 60, dice) if row["furigana"]]
        few = [
            row
            for column in ("latin_name", "tsusho", "former_surname")
            for row in _search_queries.some(self.connection, self._having(column))
        ]
        found = []
        for queries in _search_queries.classes(rows, few).values():
            for query in dice.sample(queries, min(each, len(queries))):
                found.append(replace(query, removed=dice.random() < 0.3, sheltered=dice.random() < 0.2))
        return found

    def _having(self, column: str) -> list[int]:
        query = f"SELECT rowid FROM resident WHERE {column} IS NOT NULL LIMIT 20"  # noqa: S608 - a column of ours
        return [rowid for (rowid,) in self.connection.execute(query)]


@pytest.fixture
def village(tmp_path: Path) -> Iterator[City]:
    made = City(tmp_path / "replica.db", 5_000)
    yield made
    made.connection.close()


@pytest.mark.slow
def test_in_a_town_the_search_finds_whom_reading_every_record_finds(tmp_path: Path) -> None:
    city, wrong = City(tmp_path / "replica.db", RESIDENTS), []
    for query in city.queries(EACH):
        found = city.finder.find(city.connection, query, limit=51)
        if found != plain_search.found_among(city.people, query)[:51]:
            wrong.append(query)
    city.connection.close()
    assert wrong == []


def test_nobody_is_found_by_an_address_that_is_hidden(village: City) -> None:
    hidden = [person for person in village.people if person.hides(person.now)]
    assert len(hidden) >= len(set(village.protected))
    for person in hidden[:40]:
        place = str(person.now.row["address_town"]) + str(person.now.row["address_banchi"])
        for typed in (place, f"{place[-4:]} {person.now.row.get('furigana', '')}"):
            found = village.finder.find(
                village.connection, Query(typed=typed, past=True, removed=True), limit=5000
            )
            by_name = plain_search.found_among([person], Query(name=typed, past=True, removed=True))
            assert by_name or person.order[1] not in found


def test_no_hidden_home_has_a_place_in_the_index(village: City) -> None:
    nowhere = village.connection.execute("SELECT count(*) FROM person WHERE town IS NULL").fetchone()
    hidden = sum(person.hides(person.now) for person in village.people)
    assert nowhere == (hidden,)
    assert hidden
