"""A town of a million: the targets of the search hold in every class, and the search is exact there too."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.offline import plain_search
from tests.offline.test_search_in_a_city import City

ROOT = Path(__file__).resolve().parents[3]
pytestmark = [pytest.mark.slow, pytest.mark.timeout(1100)]
MEMBERS_READ = 400_000  # plainly, in memory


def test_every_class_is_within_its_targets_at_a_million() -> None:
    call = [sys.executable, "-P", str(ROOT / "tests/bench/search.py"), "--without-peers", "--json"]
    done = subprocess.run(call, stdout=subprocess.PIPE, text=True, cwd=ROOT, check=False)
    print(done.stdout)
    figures = json.loads(done.stdout.splitlines()[-1])["figures"]
    by_cpu = [
        figure for figure in figures if "cpu" in figure["name"] or figure["name"].endswith(("plain", "mb"))
    ]
    assert len(by_cpu) > 20
    assert [figure for figure in by_cpu if not figure["ok"]] == []


def test_nobody_is_missed_and_nobody_too_many_in_a_city_of_wards(tmp_path: Path) -> None:
    city = City(tmp_path / "replica.db", MEMBERS_READ)
    wrong = []
    for query in city.queries(3):
        found = city.finder.find(city.connection, query, limit=51)
        if found != plain_search.found_among(city.people, query)[:51]:
            wrong.append(query)
    city.connection.close()
    assert wrong == []
