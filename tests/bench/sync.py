"""``delta.*``, ``idle.*``, ``proof.*``, ``sync.*``: what it costs to fill a replica, to follow the register, to prove it.

    python -P tests/bench/sync.py [--residents 100000] [--quick] [--json]

A town is served over TLS by a process of its own. A terminal with an encrypted replica fills, follows and proves itself
by the product's own job; a door on the loopback counts every byte of TLS both ways. Then 1,000 residents change as in a
day at the office, an act and a version each: six in ten move, two take another surname, two another given name. The
CouchDB protocol carries the same changed residents as documents (PouchDB, 20,000 of them at most), rsync the encrypted
file as it was before and is after.
"""
# ruff: noqa: E402 -- found only through the path that is set here

import argparse
import asyncio
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))

from client.domain.feed import Feed
from client.jobs.scrub_replica import ScrubReplica
from client.rules.digest import root_of
from tests.bench import _pouch
from tests.bench._counting import Counted, counting
from tests.bench._figures import Figure, tell
from tests.bench._terminal import Call, Terminal
from tests.bench._town import Changed, Office, founded, served

RESIDENTS, QUICK = 100_000, 5_000
CHANGES = 1_000
DOCUMENTS = 20_000
ROUNDS = 7
DELTA_BYTES, DELTA_MS, IDLE_BYTES, PROOF_MS = 20_000, 1_000, 1_000, 50
COUCHDB_BYTES = 189_000  # of such changes, when the target was set beside it
FILL_S = 30
Told = dict[str, Any]


class Measure:
    """One terminal beside its cloud, and what each thing it does costs."""

    def __init__(self, folder: Path, terminal: Terminal, counted: Counted) -> None:
        self.folder = folder
        self.terminal = terminal
        self._counted = counted

    async def fill(self) -> Told:
        """Fill the replica until a search answers."""
        before, began = self._counted.bytes, time.perf_counter()
        await self.terminal.equal()
        await self.terminal.finds("サトウ", "")
        return {"seconds": time.perf_counter() - began, "bytes": self._counted.bytes - before}

    async def idle(self) -> Told:
        """Hold rounds with nothing new on a connection that is open, then one on a new connection."""
        kept, spent = list[int](), list[float]()
        for _ in range(ROUNDS):
            before, began = self._counted.bytes, time.perf_counter()
            await self.terminal.equal()
            spent.append(time.perf_counter() - began)
            await asyncio.sleep(0.05)  # the door has seen the last of it
            kept.append(self._counted.bytes - before)
        calls = self._made(await self._calls())
        await self.terminal.http.close()
        before = self._counted.bytes
        await self.terminal.equal()
        await asyncio.sleep(0.05)
        cold = self._counted.bytes - before
        return {
            "bytes": statistics.median(kept[1:]),
            "ms": 1e3 * statistics.median(spent[1:]),
            "cold_bytes": cold,
            "calls": calls,
        }

    async def _calls(self) -> Sequence[Call]:
        already = len(self.terminal.http.calls)
        await self.terminal.equal()
        return self.terminal.http.calls[already:]

    async def delta(self, changed: Sequence[Changed]) -> Told:
        """Follow until a search shows the last that changed its name."""
        named = [one for one in changed if one.what != "move"][-1]
        already, before = len(self.terminal.http.calls), self._counted.bytes
        began, worked = time.perf_counter(), time.process_time()
        await self.terminal.equal()
        followed = time.perf_counter() - began
        if not await self.terminal.finds(named.row["full_name"].replace("　", " "), named.atena_no):
            raise SystemExit("the last change is not found")
        spent, worked = time.perf_counter() - began, time.process_time() - worked
        await asyncio.sleep(0.05)
        calls = self._made(self.terminal.http.calls[already:])
        return {
            "bytes": self._counted.bytes - before,
            "ms": 1e3 * spent,
            "round_ms": 1e3 * followed,
            "cpu_ms": 1e3 * worked,
            "calls": calls,
        }

    def _made(self, calls: Sequence[Call]) -> dict[str, Any]:
        counts, told = Counter(call.what for call in calls), dict[str, Any]()
        for what, count in counts.items():
            mine = [call for call in calls if call.what == what]
            told[what] = [count, sum(call.sent for call in mine), sum(call.received for call in mine)]
        return told

    async def proof(self) -> Told:
        """Compare what stands beside the rows with the register's word, then read and hash every row."""
        spent = list[float]()
        for _ in range(ROUNDS):
            began = time.perf_counter()
            for feed in Feed:
                root_of(await self.terminal.replica.mids(feed))
            spent.append(time.perf_counter() - began)
        began, worked = time.perf_counter(), time.process_time()
        wrong = await ScrubReplica(self.terminal.replica, wake=lambda: None).everything()
        if wrong:
            raise SystemExit(f"{wrong} buckets are wrong")
        return {
            "ms": 1e3 * statistics.median(spent),
            "all_s": time.perf_counter() - began,
            "all_cpu_s": time.process_time() - worked,
        }

    async def copy(self, name: str) -> Path:
        """Return a copy of the replica's file, with nothing of it in a side file."""
        await self.terminal.replica.close()
        shutil.copy(self.folder / "terminal" / "replica.db", self.folder / name)
        await self.terminal.open()
        await self.terminal.finds("サトウ", "")
        return self.folder / name


def rsync(before: Path, after: Path) -> dict[str, Any]:
    """Bring a file to what it is elsewhere; returns the bytes of both directions."""
    if not shutil.which("rsync"):
        return {"left_out": "rsync is left out: it is not installed"}
    call = [
        "rsync",
        "--no-whole-file",
        "--inplace",
        "--ignore-times",
        "-z",
        "--stats",
        str(after),
        str(before),
    ]
    words = subprocess.run(call, check=True, capture_output=True, text=True, env={"LC_ALL": "C"}).stdout
    lines = dict(line.split(": ", 1) for line in words.splitlines() if ": " in line)
    counts = {name: int(lines[f"Total bytes {name}"].replace(",", "")) for name in ("sent", "received")}
    return {**counts, "bytes": sum(counts.values())}


def pouch(office: Office, before: list[dict[str, Any]], changed: Sequence[Changed]) -> dict[str, Any]:
    """Let PouchDB carry the same changes."""
    if why := _pouch.why_not():
        return {"left_out": why}
    return {**_pouch.compare(before, [one.row for one in changed]), "documents": len(before)}


async def measure(folder: Path, residents: int) -> Told:
    """Run it all and return what was seen."""
    founded(folder, residents)
    office = Office(folder)
    told: Told = {}
    before = office.residents(min(DOCUMENTS, residents // 2))
    with served(folder) as ready, counting(int(ready["port"])) as counted:
        terminal = await Terminal.enrolled(ready, counted.port, office.tokens(1)[0], folder / "terminal")
        at = Measure(folder, terminal, counted)
        told["fill"] = await at.fill()
        file_before = await at.copy("before.db")
        told["idle"] = await at.idle()
        began = time.perf_counter()
        changed = office.change(CHANGES)
        told["office_s"] = time.perf_counter() - began
        told["delta"] = await at.delta(changed)
        told["proof"] = await at.proof()
        file_after = await at.copy("after.db")
        await terminal.close()
    told["rsync"] = rsync(file_before, file_after)
    told["pouchdb"] = pouch(office, before, changed)
    office.close()
    return told


def figures(told: Told, residents: int) -> list[Figure]:
    """Return the figures."""
    town = f"{residents:,} residents"
    day = f"{CHANGES:,} changes, a version each, {town}"
    fill, idle, delta, proof = (told[name] for name in ("fill", "idle", "delta", "proof"))
    found = [
        Figure("sync.fill_bytes", fill["bytes"], f"first fill, all series, {town}"),
        Figure("sync.fill_s", fill["seconds"], f"until a search answers, {town}", FILL_S),
        Figure("delta.bytes", delta["bytes"], f"{day}, TLS both ways", DELTA_BYTES),
        Figure("delta.apply_ms", delta["ms"], f"{day}, from asking until a search shows the last", DELTA_MS),
        Figure("delta.round_ms", delta["round_ms"], f"{day}, until proven equal"),
        Figure("delta.cpu_ms", delta["cpu_ms"], "the same, processor of the terminal"),
        Figure(
            "idle.bytes",
            idle["bytes"],
            "a round with nothing new, open connection, TLS both ways",
            IDLE_BYTES,
        ),
        Figure("idle.ms", idle["ms"], "the same"),
        Figure("idle.cold_bytes", idle["cold_bytes"], "the same on a new connection"),
        Figure("proof.ms", proof["ms"], f"both feeds equal, {town}", PROOF_MS),
        Figure("proof.all_s", proof["all_s"], f"every page and row read and hashed anew, {town}"),
        Figure("proof.all_cpu_s", proof["all_cpu_s"], "the same, processor of the terminal"),
    ]
    for name, peer, target in (("couchdb", "pouchdb", DELTA_BYTES / COUCHDB_BYTES), ("rsync", "rsync", None)):
        other = told[peer]
        if "left_out" in other:
            print(other["left_out"])
            continue
        theirs = other.get("delta_bytes", other.get("bytes"))
        found.append(Figure(f"sync.ratio_{name}", delta["bytes"] / theirs, f"{day}, one run", target))
    return found


def show(told: Told) -> None:
    """Print what the rounds consisted of, and the peers."""
    for name in ("idle", "delta"):
        for what, (count, sent, received) in told[name]["calls"].items():
            print(f"{name:8}{what:40}{count:4} calls{sent:10,} sent{received:12,} received (HTTP)")
    for name in ("pouchdb", "rsync"):
        print(
            name,
            {key: round(value) if isinstance(value, float) else value for key, value in told[name].items()},
        )


def main() -> int:
    """Measure and tell; returns 1 where a target is missed."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--residents", type=int, default=RESIDENTS)
    parser.add_argument("--quick", action="store_true", help=f"{QUICK:,} residents: end within 45 s")
    parser.add_argument("--json", action="store_true", help="one last line for machines")
    chosen = parser.parse_args()
    if chosen.quick:
        chosen.residents = QUICK
    with tempfile.TemporaryDirectory(prefix="madoguchi-bench-") as folder:
        told = asyncio.run(measure(Path(folder), chosen.residents))
    show(told)
    peers = {name: told[name] for name in ("pouchdb", "rsync")}
    return tell("sync", figures(told, chosen.residents), peers, as_json=chosen.json)


if __name__ == "__main__":
    sys.exit(main())
