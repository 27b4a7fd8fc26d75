"""``snapshot.*``: how large the first fill of a town is, and what making it costs while the cloud goes on.

    python -P tests/bench/snapshot.py [--quick] [--json]

A synthetic town is founded in a folder of its own. Then, each in a process of its own: the snapshot is made and its
memory watched; the same rows are written as JSON lines, compressed; and the snapshot is made again beside a writer.
The target is that of a 100,000-resident town; at another scale it is in proportion.
"""

import argparse
import json
import os
import platform
import resource
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))

if TYPE_CHECKING:
    from cloud.tenant import Tenant

RESIDENTS, QUICK = 100_000, 10_000
TARGET_BYTES = 3_300_000  # of the text core of a town of RESIDENTS
TARGET_RATIO = 3.3 / 4.35  # of the same, against JSON lines and zstd: what the target was set beside
TEXT_CORE = ("resident", "juminzei", "nhi_member")
PEER_LEVEL = 9
SEED, DAY = 1, date(2026, 11, 20)
BETWEEN_COMMITS_S = 0.02
MB = 1e6


@dataclass(frozen=True)
class Figure:
    """One line of the result."""

    name: str
    value: float
    target: float | None
    scale: str

    @property
    def ok(self) -> bool:
        """Tell whether the target is met; lower is better in every one."""
        return self.target is None or self.value <= self.target


def tenant_in(folder: Path, residents: int) -> "Tenant":
    """Open the bench's town, founding it the first time."""
    from cloud.tenant import open_tenant
    from cloud.town import generate
    from cloud.town.addresses import CODE

    return open_tenant(folder, CODE, town=lambda: generate(residents, SEED, DAY))


def peak_mb() -> float:
    """Return the most memory this process ever held."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def found(folder: Path, residents: int) -> dict[str, Any]:
    """Make the town."""
    begun = time.perf_counter()
    tenant = tenant_in(folder, residents)
    tenant.close()
    return {"seconds": time.perf_counter() - begun}


def make(folder: Path, residents: int) -> dict[str, Any]:
    """Make the snapshot, alone in this process, and tell what is in it."""
    import msgspec
    import zstandard

    tenant = tenant_in(folder, residents)
    before, begun, worked = peak_mb(), time.perf_counter(), time.process_time()
    tenant.snapshots.refresh()
    told: dict[str, Any] = {
        "seconds": time.perf_counter() - begun,
        "cpu_s": time.process_time() - worked,
        "peak_mb": peak_mb() - before,
    }
    envelope = msgspec.msgpack.decode(tenant.snapshots.manifest())
    chunks = msgspec.msgpack.decode(zstandard.decompress(envelope["body"]))["chunks"]
    tenant.close()
    names = ("series", "table", "rows", "size")
    return told | {
        "manifest": len(envelope["body"]),
        "chunks": [[one[name] for name in names] for one in chunks],
    }


def peer(folder: Path, residents: int) -> dict[str, Any]:
    """Write the same rows of the text core as JSON lines, compressed as one stream."""
    import msgspec
    import zstandard

    from cloud.chunks import pieces

    def lines(tenant: "Tenant") -> Iterator[bytes]:
        with tenant.register.reading() as connection:
            for piece in pieces(connection, tenant.municipality):
                if piece.series == "core" and piece.table in TEXT_CORE:
                    for row in piece.rows:
                        pairs = zip(piece.contract.columns, row, strict=True)
                        yield msgspec.json.encode({name: value for name, value in pairs if value is not None})

    tenant, size, begun = tenant_in(folder, residents), 0, time.perf_counter()
    stream = zstandard.ZstdCompressor(level=PEER_LEVEL).compressobj()
    for line in lines(tenant):
        size += len(stream.compress(line + b"\n"))
    size += len(stream.flush())
    tenant.close()
    return {"bytes": size, "seconds": time.perf_counter() - begun, "peak_mb": peak_mb()}


def beside(folder: Path, residents: int) -> dict[str, Any]:
    """Make the snapshot anew while a writer commits: how long a commit takes, and how far the WAL grows."""
    import shutil

    from cloud.register import put

    tenant = tenant_in(folder, residents)
    shutil.rmtree(folder / "snapshots")
    wal, over, times = folder / "cloud.db-wal", threading.Event(), list[float]()
    with tenant.register.reading() as connection:
        atena_no = tenant.register.rows(connection, "juminzei")[0]["atena_no"]

    def write() -> None:
        while not over.wait(BETWEEN_COMMITS_S):
            row = {"atena_no": atena_no, "fiscal_year": 2026, "annual_tax": len(times)}
            begun = time.perf_counter()
            with tenant.register.writing() as connection:
                tenant.register.commit(connection, "register", [put("juminzei", row)])
            times.append(time.perf_counter() - begun)

    writer = threading.Thread(target=write)
    writer.start()
    tenant.snapshots.refresh()
    over.set()
    writer.join()
    grown = wal.stat().st_size
    tenant.close()
    times.sort()
    return {
        "commits": len(times),
        "p99_ms": 1e3 * times[int(0.99 * (len(times) - 1))],
        "max_ms": 1e3 * times[-1],
        "wal_mb": grown / MB,
    }


STEPS = {"found": found, "make": make, "peer": peer, "beside": beside}


def in_a_process(step: str, folder: Path, residents: int) -> dict[str, Any]:
    """Run one step in a process of its own."""
    call = [sys.executable, "-P", __file__, "--step", step, str(folder), str(residents)]
    done = subprocess.run(call, check=True, stdout=subprocess.PIPE, text=True, cwd=ROOT)
    told: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return told


def size_of(chunks: list[list[Any]], series: str, *tables: str) -> int:
    """Return the bytes of a series, or of some of its tables."""
    return sum(size for one, table, _, size in chunks if one == series and (not tables or table in tables))


def figures(told: dict[str, dict[str, Any]], residents: int) -> list[Figure]:
    """Return the figures."""
    made, chunks = told["make"], told["make"]["chunks"]
    rows = sum(count for one, table, count, _ in chunks if one == "core" and table in TEXT_CORE)
    town = f"{residents:,} residents"
    text = size_of(chunks, "core", *TEXT_CORE)
    scale = f"{town}, text core, {rows:,} rows"
    return [
        Figure("snapshot.bytes", text, TARGET_BYTES * residents / RESIDENTS, scale),
        Figure("snapshot.ratio_json", text / told["peer"]["bytes"], TARGET_RATIO, "the same rows, one run"),
        Figure("snapshot.bytes_per_row", text / rows, None, scale),
        Figure("snapshot.core_bytes", size_of(chunks, "core"), None, f"{town}, whole series"),
        Figure("snapshot.history_bytes", size_of(chunks, "history"), None, f"{town}, whole series"),
        Figure("snapshot.seals_bytes", size_of(chunks, "seals"), None, f"{town}, whole series"),
        Figure("snapshot.manifest_bytes", made["manifest"], None, f"{len(chunks)} chunks"),
        Figure("snapshot.seconds", made["seconds"], None, f"{town}, all series"),
        Figure("snapshot.cpu_s", made["cpu_s"], None, f"{town}, all series"),
        Figure("snapshot.peak_mb", made["peak_mb"], None, "growth while it is made"),
        Figure("snapshot.commit_p99_ms", told["beside"]["p99_ms"], None, "a writer beside it, one process"),
        Figure(
            "snapshot.wal_mb",
            told["beside"]["wal_mb"],
            None,
            f"{told['beside']['commits']} commits beside it",
        ),
        Figure("snapshot.town_seconds", told["found"]["seconds"], None, f"founding {town}"),
    ]


def show(told: dict[str, dict[str, Any]], found_figures: list[Figure]) -> None:
    """Print the tables for people."""
    by_table: dict[tuple[str, str], list[int]] = {}
    for series, table, rows, size in told["make"]["chunks"]:
        line = by_table.setdefault((series, table), [0, 0, 0])
        by_table[series, table] = [line[0] + 1, line[1] + rows, line[2] + size]
    print(f"{'series':10}{'table':20}{'chunks':>7}{'rows':>10}{'bytes':>12}")
    for (series, table), (count, rows, size) in by_table.items():
        print(f"{series:10}{table:20}{count:7}{rows:10,}{size:12,}")
    other = told["peer"]
    print(f"JSON lines + zstd {PEER_LEVEL}, text core: {other['bytes']:,} bytes, {other['seconds']:.1f} s")
    for figure in found_figures:
        target = "" if figure.target is None else f"target ≤ {figure.target:,.2f}"
        verdict = "ok" if figure.ok else "MISSED"
        print(f"{figure.name:26}{figure.value:15,.2f}  {target:24}{verdict:7} {figure.scale}")


def as_json(told: dict[str, dict[str, Any]], found_figures: list[Figure]) -> dict[str, Any]:
    """Return the line for machines."""
    import zstandard

    lines = [
        {
            "name": figure.name,
            "value": round(figure.value, 3),
            "target": figure.target,
            "better": "lower",
            "scale": figure.scale,
            "ok": figure.ok,
        }
        for figure in found_figures
    ]
    peers = {"json_zstd": told["peer"] | {"level": PEER_LEVEL, "version": zstandard.__version__}}
    machine = {"python": platform.python_version(), "system": platform.platform(), "cores": os.cpu_count()}
    return {"bench": "snapshot", "figures": lines, "peers": peers, "machine": machine}


def main() -> int:
    """Run, print the tables, and with --json the last line for machines."""
    options = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    options.add_argument("--quick", action="store_true", help=f"a town of {QUICK:,}: end within 45 s")
    options.add_argument("--json", action="store_true", help="one last line for machines")
    chosen = options.parse_args()
    residents = QUICK if chosen.quick else RESIDENTS
    with tempfile.TemporaryDirectory(prefix="madoguchi-bench-") as folder:
        told = {step: in_a_process(step, Path(folder), residents) for step in STEPS}
    found_figures = figures(told, residents)
    show(told, found_figures)
    if chosen.json:
        print(json.dumps(as_json(told, found_figures), ensure_ascii=False))
    return 0 if all(figure.ok for figure in found_figures) else 1


if __name__ == "__main__":
    match sys.argv[1:]:
        case ["--step", step, folder, residents]:
            print(json.dumps(STEPS[step](Path(folder), int(residents))))
        case _:
            sys.exit(main())
