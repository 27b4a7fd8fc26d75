"""The peers of the search: LIKE on a plain file without any index of ours, and DuckDB reading all from memory."""

import statistics
import tempfile
import time
from pathlib import Path
from random import Random
from typing import Any

from client.domain.query import Query
from tests.bench import _search_queries as asked
from tests.bench._search_asked import Asked, Seen, encrypted, plain

ADDRESS = "address_town"
_SMALL = 200_000
_PLACES = ("address_town", "address_banchi", "address_katagaki")
_NAMES = ("full_name", "tsusho", "former_surname", "latin_name", *_PLACES)
_STANDS_IN = {
    "furigana": ("furigana", "tsusho_furigana", "former_surname_furigana", *_PLACES),
    "full_name": _NAMES,
    ADDRESS: _NAMES,
}


def like(folder: Path, count: int) -> dict[str, Any]:
    """Ask the plain file by LIKE, without any index of ours, and ours the same: a word in every column it may stand in."""
    own, peer = Asked(encrypted(folder / "e.db")), plain(folder / "p.db")
    ratios = []
    for column, query in _infixes(folder, 3 if count > _SMALL else 8):
        ours, times = Seen(), []
        for _ in range(3):
            own.time(query, ours)
        begun = time.thread_time()
        columns = _STANDS_IN[column]
        held = " OR ".join(f"{name} LIKE ?" for name in columns)
        peer.execute(
            f"SELECT * FROM resident WHERE {held} ORDER BY furigana LIMIT 50",
            [f"%{query.typed}%"] * len(columns),
        ).fetchall()
        times.append(1e3 * (time.thread_time() - begun))
        ratios.append(statistics.median(times) / statistics.median(ours.cpu))
    return {"ratio": statistics.geometric_mean(ratios), "queries": len(ratios)}


def duckdb(folder: Path, count: int) -> dict[str, Any]:
    """Ask DuckDB, in memory and in kana order, by reading all; and ours the same."""
    import duckdb as engine  # type: ignore[import-not-found]  # a peer, installed for the benches alone

    own, source = Asked(encrypted(folder / "e.db")), plain(folder / "p.db")
    base = engine.connect()
    base.execute("SET threads = 2")
    base.execute(f"CREATE TABLE person (rk BIGINT, furigana VARCHAR, full_name VARCHAR, {ADDRESS} VARCHAR)")
    rows = source.execute(
        "SELECT rk, r.furigana, r.full_name, r.address_town || r.address_banchi || coalesce(r.address_katagaki, '')"
        " FROM person p JOIN resident r ON r.atena_no = p.atena_no AND r.history_no = p.history_no ORDER BY rk"
    )
    with tempfile.NamedTemporaryFile("w", suffix=".csv", encoding="utf-8") as file:
        file.writelines("\t".join(str(value or "") for value in row) + "\n" for row in rows)
        file.flush()
        base.execute(f"COPY person FROM '{file.name}' (DELIMITER '\t', QUOTE '', ESCAPE '')")
    ratios = []
    for column, query in _infixes(folder, 12):
        ours, times, word = Seen(), [], query.typed
        for _ in range(5):
            own.time(query, ours)
            begun = time.perf_counter()
            base.execute(
                f"SELECT * FROM person WHERE contains({column}, ?) ORDER BY rk LIMIT 50", [word]
            ).fetchall()
            times.append(1e3 * (time.perf_counter() - begun))
        ratios.append(statistics.median(times) / statistics.median(ours.wall))
    return {"ratio": statistics.geometric_mean(ratios), "queries": len(ratios), "version": engine.__version__}


def _infixes(folder: Path, each: int) -> list[tuple[str, Query]]:
    """Return pieces of readings, names and addresses, with the column they are of."""
    dice = Random(5)  # noqa: S311 - what to type
    rows = [
        row
        for row in asked.sampled(plain(folder / "p.db"), each * 3, dice)
        if row["furigana"] and row["full_name"]
    ]
    found = []
    for row in rows[:each]:
        found.append(("furigana", Query(typed=row["furigana"].split("　")[0][-2:])))
        found.append(("full_name", Query(typed=row["full_name"].split("　")[1])))
        found.append((ADDRESS, Query(typed=row["address_town"].split("市")[-1][:3])))
    return found
