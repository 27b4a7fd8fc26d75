"""``thin.*``: the same over lines that are slow, far and lossy, and with twenty terminals behind one of them.

    python -P tests/bench/thin.py [--residents 1000] [--terminals 20] [--line thin|mobile|both] [--quick] [--json]

The cloud and the terminals stand on two hosts of this machine (tests/net/line.py); every packet between them is counted
where it passes, heads, TLS and what is sent again included. A terminal fills, rests, follows 1,000 changes and issues
papers by the product's own jobs. Then all terminals of a hall rest at once, follow 100 changes at once, and on the
mobile line fill at once. It needs root.
"""
# ruff: noqa: E402 -- found only through the path that is set here

import argparse
import asyncio
import shutil
import statistics
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))

from tests.bench._figures import Figure, tell
from tests.bench._issuing import IssuingCounter
from tests.bench._terminal import Terminal
from tests.bench._town import Office, founded, served
from tests.net.line import FAR, MOBILE, NEAR, THIN, Line, Profile, why_not

RESIDENTS, QUICK = 1_000, 200
TERMINALS, QUICK_TERMINALS = 20, 4
CHANGES, CROWD_CHANGES = 1_000, 100
ISSUES, QUICK_ISSUES = 20, 5
ISSUE_S, ISSUE_BYTES = 5.0, 10_000
PATIENCE_S = 300
LINES = {"thin": THIN, "mobile": MOBILE}
# Whom the terminals of a hall ask. A server in the hall will be one more choice here: then its own line to the cloud is
# the emulated one, and the terminals reach it without.
WAYS = ("cloud",)


@dataclass
class Cost:
    """What one thing took: seconds, and bytes of all packets both ways."""

    seconds: float = 0.0
    bytes: int = 0


@dataclass
class Bench:
    """A cloud at the far end, terminals at the near one."""

    line: Line
    folder: Path
    ready: dict[str, Any]
    office: Office
    found: list[Figure] = field(default_factory=list)

    @asynccontextmanager
    async def cost(self) -> AsyncIterator[Cost]:
        """Count what happens inside."""
        cost, before, began = Cost(), self.line.told(), time.perf_counter()
        yield cost
        cost.seconds = time.perf_counter() - began
        cost.bytes = self.line.told().bytes - before.bytes

    def note(self, what: str, cost: Cost, scale: str) -> None:
        """Take a pair of figures."""
        name = "thin." if self.line.profile is THIN else "thin.mobile."
        self.found.append(Figure(f"{name}{what}_s", cost.seconds, f"{scale}; {self.line.profile.name}"))
        self.found.append(Figure(f"{name}{what}_bytes", cost.bytes, f"{scale}; {self.line.profile.name}"))

    async def terminal(self, name: str) -> Terminal:
        """Enrol one more, beside the cloud: what is enrolled once is not measured."""
        token = self.office.tokens(1)[0]
        with self.line.here(FAR):
            one = await Terminal.enrolled(self.ready, int(self.ready["port"]), token, self.folder / name)
            await one.http.close()
        return one

    async def alone(self, residents: int, changes: int, issues: int) -> Terminal:
        """Fill, rest, follow and issue with one terminal."""
        one, town = await self.terminal("one"), f"{residents:,} residents"
        async with self.cost() as cost:
            await one.equal_at_last(PATIENCE_S)
        self.note("fill", cost, f"first fill, {town}")
        async with self.cost() as cost:
            await one.equal_at_last(PATIENCE_S)
        self.note("idle", cost, "a round with nothing new, open connection")
        self.office.change(changes)
        async with self.cost() as cost:
            await one.equal_at_last(PATIENCE_S)
        self.note("delta", cost, f"{changes:,} changes, a version each")
        await self.issue(one, issues)
        return one

    async def issue(self, one: Terminal, count: int) -> None:
        """Issue papers one after the other; between two of them a round of sync, as at any counter."""
        counter = await IssuingCounter.opened(one, self.ready, self.folder / "one")
        costs, on_line = list[Cost](), 0
        for row in self.office.residents(count + 1):
            await one.equal_at_last(PATIENCE_S)
            async with self.cost() as cost:
                on_line += await counter.issue(row["atena_no"])
            costs.append(cost)
        await counter.close()
        mobile = "" if self.line.profile is THIN else "mobile."
        scale = f"p90 of {count}, {on_line} of {count + 1} by the cloud's word; {self.line.profile.name}"
        seconds, sizes = ninth([one.seconds for one in costs[1:]]), ninth([one.bytes for one in costs[1:]])
        self.found.append(Figure(f"thin.{mobile}issue_s", seconds, scale, ISSUE_S))
        self.found.append(Figure(f"thin.{mobile}issue_bytes", sizes, scale, ISSUE_BYTES))

    async def crowd(self, one: Terminal, count: int) -> None:
        """Let a hall rest, follow and, on a line that bears it, fill."""
        hall = await self.hall(one, count)
        await at_once(hall)
        async with self.cost() as cost:
            await at_once(hall)
        self.note("crowd_idle", cost, f"{count} terminals, a round each with nothing new")
        self.office.change(CROWD_CHANGES, seed=2)
        async with self.cost() as cost:
            await at_once(hall)
        self.note(
            "crowd_delta", cost, f"{count} terminals follow {CROWD_CHANGES} changes, until the last is equal"
        )
        for each in hall:
            await each.close()
        if self.line.profile is not THIN:
            empty = [await self.terminal(f"empty{number}") for number in range(count)]
            async with self.cost() as cost:
                await at_once(empty)
            self.note("crowd_fill", cost, f"{count} terminals fill at once, until the last is equal")
            for each in empty:
                await each.close()

    async def hall(self, one: Terminal, count: int) -> list[Terminal]:
        """Enrol a hall; each has the replica of the first as it was, so that nothing is filled here."""
        await one.close()
        hall = []
        for number in range(count):
            folder = self.folder / f"hall{number}"
            folder.mkdir()
            shutil.copy(self.folder / "one" / "replica.db", folder / "replica.db")
            hall.append(await self.terminal(folder.name))
        return hall


async def at_once(terminals: Sequence[Terminal]) -> None:
    """Let all follow at the same time, until the last is equal."""
    await asyncio.gather(*(one.equal_at_last(PATIENCE_S) for one in terminals))


def ninth(values: Sequence[float]) -> float:
    """Return the value that nine in ten do not exceed."""
    return statistics.quantiles(values, n=10, method="inclusive")[-1]


def measure(profile: Profile, chosen: argparse.Namespace) -> list[Figure]:
    """Measure everything over one line."""
    with tempfile.TemporaryDirectory(prefix="madoguchi-bench-") as place, Line(profile) as line:
        folder = Path(place)
        founded(folder / "cloud", chosen.residents)
        office = Office(folder / "cloud")
        with served(folder / "cloud", line.prefix(FAR), line.addresses[FAR]) as ready, line.here(NEAR):
            bench = Bench(line, folder, ready, office)
            asyncio.run(played(bench, chosen))
        office.close()
    return bench.found


async def played(bench: Bench, chosen: argparse.Namespace) -> None:
    """Play it all."""
    one = await bench.alone(chosen.residents, chosen.changes, chosen.issues)
    await bench.crowd(one, chosen.terminals)


def options() -> argparse.Namespace:
    """Return what was asked for."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--residents", type=int, default=RESIDENTS)
    parser.add_argument("--terminals", type=int, default=TERMINALS)
    parser.add_argument("--changes", type=int, default=0, help="half the residents at most")
    parser.add_argument("--issues", type=int, default=ISSUES)
    parser.add_argument("--line", choices=(*LINES, "both"), default="both")
    parser.add_argument("--through", choices=WAYS, default="cloud", help="whom the terminals of a hall ask")
    parser.add_argument(
        "--quick", action="store_true", help=f"{QUICK} residents, mobile line: end within 45 s"
    )
    parser.add_argument("--json", action="store_true", help="one last line for machines")
    chosen = parser.parse_args()
    if chosen.quick:
        chosen.residents, chosen.terminals, chosen.issues = QUICK, QUICK_TERMINALS, QUICK_ISSUES
        chosen.line = "mobile"  # on the thin one the fill alone takes as long
    chosen.changes = min(chosen.changes or CHANGES, chosen.residents // 3)
    return chosen


def main() -> int:
    """Measure and tell; returns 1 where a target is missed."""
    chosen = options()
    if why := why_not():
        print(f"left out: {why}")
        return tell("thin", (), {}, as_json=chosen.json)
    found: list[Figure] = []
    for name, profile in LINES.items():
        if chosen.line in {name, "both"}:
            found += measure(profile, chosen)
    return tell("thin", found, {}, as_json=chosen.json)


if __name__ == "__main__":
    sys.exit(main())
