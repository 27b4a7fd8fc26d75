"""The same files into and out of a real PostgreSQL server."""

from pathlib import Path

import pytest

from tests.cloud import postgres
from tests.cloud.cloud_builders import CODE, tiny_town
from tests.cloud.layout_builders import (
    a_delivery,
    a_register,
    a_town,
    everything,
    export,
    load,
    person,
    roots,
)

pytestmark = pytest.mark.database


def test_a_town_moves_from_sqlite_to_postgresql_and_back(server: postgres.Server, tmp_path: Path) -> None:
    rows = [(table, dict(row)) for table, row in tiny_town()]
    rows += [
        ("juminzei", {"atena_no": "1000000014", "fiscal_year": year, "annual_tax": 2**62 * (-1) ** year})
        for year in (2023, 2024, 2025, 2027)
    ]
    first = a_town(a_register(tmp_path, "first"), rows)
    out = export(first, tmp_path / "out.zip")
    with server.database() as url:
        middle = a_register(tmp_path, "middle", url=url)
        loaded = load(middle, out)
        assert loaded.told.loaded, loaded.causes
        assert everything(middle) == everything(first)
        assert roots(middle) == roots(first)
        assert export(middle, tmp_path / "again.zip").read_bytes() == out.read_bytes()
        merged = load(middle, a_delivery(tmp_path / "in", [person("1000000065")]), new=False)
        assert merged.told.loaded, merged.causes
        assert load(middle, out, new=False, replace=True).told.loaded
        assert roots(middle) == roots(first)
        assert middle.municipality == CODE
        middle.engine.dispose()
