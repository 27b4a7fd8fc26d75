"""A town of a million: a search reads few of its people, holds little in memory, and is exact in a city too.

How long a keystroke takes is told by tests/bench/search.py, on a machine that does nothing else.
"""

import sqlite3
import statistics
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from offline.store import search
from tests.bench import search as bench
from tests.bench._search_asked import LINES, encrypted
from tests.offline import plain_search
from tests.offline.test_search_in_a_city import City

pytestmark = [pytest.mark.slow, pytest.mark.timeout(1100)]
PEOPLE = 1_000_000
READ_AT_MOST = 2_000  # people for one answer of fifty: the index must have kept the others out
MEMBERS_READ = 200_000  # plainly, in memory


class Counting:
    """A connection that counts the lines which are read through it."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection
        self.read = 0

    def execute(self, *asked: Any) -> "Counted":
        return Counted(self._connection.execute(*asked), self)


class Counted:
    """What one question finds."""

    def __init__(self, found: sqlite3.Cursor, owner: Counting) -> None:
        self._found, self._owner = found, owner

    def __iter__(self) -> Iterator[Any]:
        for line in self._found:
            self._owner.read += 1
            yield line

    def fetchone(self) -> Any:
        return self._found.fetchone()


@pytest.fixture(scope="module")
def town(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("million")
    bench.build(folder, PEOPLE)
    return folder


def test_in_no_class_does_a_search_read_more_than_a_few_of_a_million(town: Path) -> None:
    connection: Any = Counting(encrypted(town / "e.db"))
    finder = search.Finder()
    finder.warm(connection)
    read: dict[str, list[int]] = {}
    for name, queries in bench.workload(town, 80).items():
        for query in queries:
            connection.read = 0
            finder.lines(connection, query, limit=LINES)
            read.setdefault(name, []).append(connection.read)
    assert len(read) > 20
    assert {name: max(counts) for name, counts in read.items() if max(counts) > READ_AT_MOST} == {}
    assert {
        name: statistics.median(counts)
        for name, counts in read.items()
        if statistics.median(counts) > 2 * LINES
    } == {}


def test_at_a_million_the_search_holds_little_in_memory_and_costs_little_more_than_in_the_clear(
    town: Path,
) -> None:
    limit, _ = bench.TARGETS["search.rss_mb"]
    assert bench.in_a_process("opening", town, PEOPLE)["rss_mb"] <= limit
    limit, _ = bench.TARGETS["search.ratio_plain"]
    ratios = bench.in_a_process("quiet", town, PEOPLE)["ratios"].values()
    assert statistics.geometric_mean(ratios) <= limit


def test_nobody_is_missed_and_nobody_too_many_in_a_city_of_wards(tmp_path: Path) -> None:
    city = City(tmp_path / "replica.db", MEMBERS_READ)
    wrong = []
    for query in city.queries(3):
        found = city.finder.find(city.connection, query, limit=51)
        if found != plain_search.found_among(city.people, query)[:51]:
            wrong.append(query)
    city.connection.close()
    assert wrong == []
