"""``guard.*``: what it costs to look for 個人番号 and 住民票コード in a whole town as it is filled in.

    python -P tests/bench/guard.py [--quick] [--json]

The rows of a synthetic town, columnar and in chunks as a snapshot brings them, are written into a real replica and made
searchable; the look at the same chunks is timed apart, and is part of the fill.
"""
# ruff: noqa: E402 -- found only through the path that is set here

import argparse
import json
import platform
import sqlite3
import sys
import tempfile
import time
from datetime import UTC, date, datetime
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))

from client.domain.feed import ChunkRows, Feed, Manifest
from cloud.town import generate
from offline.store import door, number_guard, replica_file, sums
from offline.store.rows import contract

RESIDENTS, QUICK = 100_000, 5_000
CHUNK_ROWS = 5_000
TARGET = 0.03  # of the fill
SEED, DAY = 1, date(2026, 11, 20)
ROUNDS = 3


def chunks(residents: int) -> list[ChunkRows]:
    """Return a town as a snapshot brings it."""
    made: list[ChunkRows] = []
    waiting: dict[str, list[dict[str, object]]] = {}
    for table, row in generate(residents, SEED, DAY):
        rows = waiting.setdefault(table, [])
        rows.append(dict(row))
        if len(rows) == CHUNK_ROWS:
            made.append(chunk_of(table, waiting.pop(table)))
    return made + [chunk_of(table, rows) for table, rows in waiting.items()]


def chunk_of(table: str, rows: list[dict[str, object]]) -> ChunkRows:
    """Return rows column by column."""
    columns = tuple(sorted({column for row in rows for column in row}))
    data = tuple([row.get(column) for row in rows] for column in columns)
    return ChunkRows(table, columns, data, contract()[table].feed, contract()[table].key)


def fill_seconds(town: list[ChunkRows]) -> float:
    """Return how long all chunks take into a new replica, the look included."""
    with tempfile.TemporaryDirectory() as folder:
        connection = door.open_connection(Path(folder) / "replica.db", bytes(32))
        door.whole(connection, lambda c: [step(c) for step in replica_file.STEPS])
        begun = time.perf_counter()
        for number, chunk in enumerate(town):
            with door.transaction(connection):
                replica_file.add_chunk(connection, bytes(32), str(number), chunk)
        door.whole(connection, lambda c: replica_file.finish(c, manifest_of(connection)))
        seconds = time.perf_counter() - begun
        connection.close()
    return seconds


def manifest_of(connection: sqlite3.Connection) -> Manifest:
    """Return what a cloud would say of the rows that are there."""
    roots = {feed: sums.root(sums.from_digests(connection, feed)) for feed in Feed}
    at = datetime(2026, 11, 20, tzinfo=UTC)
    return Manifest("bench", 1, 1, at, roots[Feed.REGISTER], roots[Feed.BLOCKS], ())


def look_seconds(town: list[ChunkRows]) -> float:
    """Return how long the look takes, the best of some."""

    def once() -> float:
        begun = time.perf_counter()
        for chunk in town:
            number_guard.look_at_chunk(chunk)
        return time.perf_counter() - begun

    return min(once() for _ in range(ROUNDS))


def main() -> int:
    """Measure, print, and say whether the target is met."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--json", action="store_true")
    told = parser.parse_args()
    residents = QUICK if told.quick else RESIDENTS
    town = chunks(residents)
    look, fill = look_seconds(town), fill_seconds(town)
    scale = f"{residents} residents, {sum(len(chunk.data[0]) for chunk in town)} rows"
    figures = [
        {"name": "guard.seconds", "value": round(look, 3), "target": None, "better": "lower", "scale": scale},
        {"name": "guard.share_of_fill", "value": round(look / fill, 4), "target": TARGET, "better": "lower"},
        {"name": "guard.fill_s", "value": round(fill, 2), "target": None, "better": "lower", "scale": scale},
    ]
    for figure in figures:
        ok = figure["target"] is None or float(str(figure["value"])) <= TARGET
        figure |= {"scale": scale, "ok": ok}
        print(
            f"{figure['name']:<22} {figure['value']:>9}  {'target ' + str(TARGET) if figure['target'] else ''}"
        )
    if told.json:
        machine = {"python": platform.python_version(), "machine": platform.machine()}
        print(json.dumps({"bench": "guard", "figures": figures, "peers": {}, "machine": machine}))
    return 0 if all(figure["ok"] for figure in figures) else 1


if __name__ == "__main__":
    sys.exit(main())
