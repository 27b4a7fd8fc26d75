"""``load.*``: a town from the wire into the replica, until the first search answers; beside plain SQLite.

    python -P tests/bench/replica_load.py [--residents 100000] [--rounds 3] [--quick] [--json]

A cloud in a process of its own serves a synthetic town over TLS on this machine. The product fills its replica as at
the first start. Then the same chunks are fetched, decoded, inserted, proved, indexed and made searchable by the same
code into an encrypted and into a plain file in turn: the ratio is what the encryption costs of the whole way.
"""
# ruff: noqa: E402 -- found only through the path that is set here

import argparse
import asyncio
import json
import os
import platform
import resource
import signal
import sqlite3
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding

from client.api.enrolment import EnrolmentDesk
from client.api.http import Http
from client.api.sync import HttpFeeds
from client.domain.enrolment import Enrolled
from client.domain.query import Query
from client.jobs.sync_replica import SyncReplica
from offline.store import door, replica_file, search
from offline.store.identity import TerminalIdentity
from offline.store.replica import Replica
from tests.replica_fakes import LandingBook

TARGETS = {
    "load.ratio_plain": (0.8, "higher"),
    "load.ratio_plain_cpu": (0.8, "higher"),
    "load.searchable_s": (30.0, "lower"),
}
TARGET_TOWN = 100_000  # whose seconds the target is of
SEED, DAY = 1, date(2026, 11, 20)
KEY = bytes(range(32))
Open = Callable[[Path], sqlite3.Connection]


@dataclass(frozen=True)
class Fill:
    """One fill: seconds from the first byte asked for to the first search answered, and of what."""

    whole: float
    cpu: float
    wire: float
    rows: float
    finish: float


def now() -> datetime:
    return datetime.now(UTC)


def found_town(folder: Path, residents: int) -> str:
    """Make the town and its snapshot; returns a token to enrol with."""
    from cloud.tenants import Tenants
    from cloud.town import generate
    from cloud.town.addresses import CODE

    towns = Tenants(folder, None)
    town = towns.open(CODE, town=lambda: generate(residents, SEED, DAY))
    town.snapshots.refresh()
    token = town.terminals.new_token()
    towns.close()
    return f"{CODE} {token}"


@contextmanager
def served(folder: Path) -> Iterator[dict[str, object]]:
    """Serve the town as an operator would; yields what the ready file says."""
    ready = folder / "ready.json"
    words = ["serve", "--data", str(folder), "--ready", str(ready), "--port", "0"]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(
            [sys.executable, "-P", "-m", "cloud", *words], cwd=ROOT, stdout=log, stderr=log, env=environment
        )
    try:
        until = time.monotonic() + 120
        while not ready.exists():
            if process.poll() is not None or time.monotonic() > until:
                raise SystemExit(f"the cloud did not start: {(folder / 'log').read_text('utf-8')[-2000:]}")
            time.sleep(0.05)
        yield json.loads(ready.read_text("utf-8"))
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(30)


async def enrolled(http: Http, token: str) -> Enrolled:
    """Enrol this process as a terminal."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "bench")])
    csr = x509.CertificateSigningRequestBuilder().subject_name(name).sign(key, SHA256())
    told = await EnrolmentDesk(http).enrol(token, csr.public_bytes(Encoding.PEM).decode(), "bench")
    http.identity = TerminalIdentity(told.terminal_no, key)
    return told


def encrypted(path: Path) -> sqlite3.Connection:
    return door.open_connection(path, KEY)


def plain(path: Path) -> sqlite3.Connection:
    """Open a file of the same library without a key, in the same mode."""
    import sqlcipher3.dbapi2 as cipher  # type: ignore[import-untyped]  # no types; opened here without a key

    connection = cipher.connect(str(path), isolation_level=None, check_same_thread=False)
    for pragma in ("temp_store = MEMORY", "secure_delete = ON", "foreign_keys = ON", "cache_size = -65536"):
        connection.execute(f"PRAGMA {pragma}")
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("PRAGMA synchronous = FULL")
    opened: sqlite3.Connection = connection
    return opened


async def fill(feeds: HttpFeeds, path: Path, digest_key: bytes, open_file: Open) -> Fill:
    """Fetch, decode, insert, prove, index and search once, into one kind of file."""
    connection = open_file(path)
    with door.transaction(connection):
        for step in replica_file.STEPS:
            step(connection)
    begun, worked = time.perf_counter(), time.process_time()
    wire = rows = 0.0
    manifest = await feeds.manifest()
    for chunk in manifest.chunks:
        at = time.perf_counter()
        content = await feeds.chunk(chunk)
        wire += time.perf_counter() - at
        at = time.perf_counter()
        with door.transaction(connection):
            replica_file.add_chunk(connection, digest_key, chunk.sha256, content)
        rows += time.perf_counter() - at
    at = time.perf_counter()
    with door.transaction(connection):
        replica_file.finish(connection, manifest)
    finish = time.perf_counter() - at
    assert search.Finder().find(connection, Query(typed="サトウ"), limit=50)
    told = Fill(time.perf_counter() - begun, time.process_time() - worked, wire, rows, finish)
    connection.close()
    for ending in ("", "-wal", "-shm"):
        path.with_name(path.name + ending).unlink(missing_ok=True)
    return told


async def product(feeds: HttpFeeds, folder: Path, digest_key: bytes) -> tuple[float, int]:
    """Fill a replica as the product does at its first start; returns seconds until a search answers, and bytes."""
    replica = Replica(folder / "replica.db", now)
    await replica.open(KEY, digest_key)
    begun = time.perf_counter()
    await SyncReplica(feeds, replica, LandingBook()).round()
    assert (await replica.find(Query(typed="サトウ"), limit=50)).value
    spent = time.perf_counter() - begun
    await replica.close()
    return spent, (folder / "replica.db").stat().st_size


async def measure(folder: Path, residents: int, rounds: int) -> dict[str, Any]:
    """Run it all and return what was seen."""
    code, token = found_town(folder, residents).split()
    with served(folder) as ready:
        http = Http(f"https://127.0.0.1:{ready['port']}/{code}", None, now=now, ca_file=str(ready["ca_file"]))
        told = await enrolled(http, token)
        feeds = HttpFeeds(http, told.feed_keys, digest_key=lambda: told.digest_key)
        seconds, size = await product(feeds, folder, told.digest_key)
        rows = sum(chunk.rows for chunk in (await feeds.manifest()).chunks)
        fills: dict[str, list[Fill]] = {"encrypted": [], "plain": []}
        for _ in range(rounds):
            fills["encrypted"].append(await fill(feeds, folder / "e.db", told.digest_key, encrypted))
            fills["plain"].append(await fill(feeds, folder / "p.db", told.digest_key, plain))
        received = http.used["main"].received
        await http.close()
    return {"seconds": seconds, "bytes": size, "rows": rows, "fills": fills, "received": received}


def figures(told: dict[str, Any], residents: int) -> list[dict[str, object]]:
    """Return the figures."""
    pairs = list(zip(told["fills"]["plain"], told["fills"]["encrypted"], strict=True))
    scale = f"{residents:,} residents, {told['rows']:,} rows"
    values: dict[str, float] = {
        "load.ratio_plain": statistics.median(plain.whole / own.whole for plain, own in pairs),
        "load.ratio_plain_cpu": statistics.median(plain.cpu / own.cpu for plain, own in pairs),
        "load.searchable_s": told["seconds"],
        "load.rows_per_s": told["rows"] / told["seconds"],
        "load.bytes_per_resident": told["bytes"] / residents,
        "load.rss_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
    }
    for part in ("wire", "rows", "finish"):
        values[f"load.{part}_s"] = statistics.median(getattr(own, part) for _, own in pairs)
    lines: list[dict[str, object]] = []
    for name, value in values.items():
        target, better = TARGETS.get(name, (None, "higher" if "per_s" in name else "lower"))
        if name == "load.searchable_s" and residents > TARGET_TOWN:
            target = None  # the target is of that town
        ok = target is None or (value <= target if better == "lower" else value >= target)
        lines.append(
            {
                "name": name,
                "value": round(value, 3),
                "target": target,
                "better": better,
                "scale": scale,
                "ok": ok,
            }
        )
    return lines


def main() -> int:
    """Measure and tell; returns 1 where a target is missed."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--residents", type=int, default=TARGET_TOWN)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--quick", action="store_true", help="10,000 residents: end within 45 s")
    parser.add_argument("--json", action="store_true", help="one last line for machines")
    chosen = parser.parse_args()
    if chosen.quick:
        chosen.residents = 10_000
    with tempfile.TemporaryDirectory(prefix="madoguchi-bench-") as folder:
        told = asyncio.run(measure(Path(folder), chosen.residents, chosen.rounds))
    lines = figures(told, chosen.residents)
    for line in lines:
        target = "" if line["target"] is None else f"target {line['target']}"
        print(
            f"{line['name']:26}{line['value']:12.3f}  {target:14}{'' if line['ok'] else 'MISSED':8}{line['scale']}"
        )
    machine = {"python": platform.python_version(), "system": platform.platform(), "cores": os.cpu_count()}
    if chosen.json:
        print(json.dumps({"bench": "replica_load", "figures": lines, "peers": {}, "machine": machine}))
    return 0 if all(line["ok"] for line in lines) else 1


if __name__ == "__main__":
    sys.exit(main())
