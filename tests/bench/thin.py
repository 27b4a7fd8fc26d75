"""``thin.*``: the same over lines that are slow, far and lossy, and with twenty terminals behind one of them.

    python -P tests/bench/thin.py [--residents 1000] [--terminals 20] [--line thin|mobile|both] [--quick] [--json]

The cloud and the terminals stand on two hosts of this machine (tests/net/line.py); every packet between them is counted
where it passes, heads, TLS and what is sent again included. A terminal fills, rests, follows 1,000 changes and issues
papers by the product's own jobs. Then all terminals of a house rest at once, follow 100 changes at once, and on the
mobile line fill at once: each by itself, and then through a hall server, whose own line to the cloud is the emulated one
and who is reached without. What it says to the cloud on its own counts too. It needs root.
"""
# ruff: noqa: E402 -- found only through the path that is set here

import argparse
import asyncio
import shutil
import statistics
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))

from tests.bench._figures import Figure, tell
from tests.bench._house import HallServer, Housed
from tests.bench._issuing import IssuingCounter
from tests.bench._terminal import Terminal
from tests.bench._town import Office, founded, served
from tests.net.line import FAR, MOBILE, NEAR, THIN, Line, Profile, why_not

RESIDENTS, QUICK = 1_000, 200
TERMINALS, QUICK_TERMINALS = 20, 4
CHANGES, CROWD_CHANGES = 1_000, 100
ISSUES, QUICK_ISSUES = 20, 5
ISSUE_S, ISSUE_BYTES = 5.0, 10_000
SILENT_S, SILENT = 3.0, "from the question to the paper, the line silent meanwhile"
PATIENCE_S = 300
LINES = {"thin": THIN, "mobile": MOBILE}
WAYS = ("cloud", "hall")  # whom the terminals of a house ask
REST_S, QUICK_REST_S = 60, 4  # the hall server asks every 25 s
SAID = {
    "idle": "a round each with nothing new",
    "rest": "at rest for a while, listening",
    "delta": f"follow {CROWD_CHANGES} changes, until the last is equal",
    "fill": "fill at once, until the last is equal",
}


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
    rest_s: int = REST_S
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

    async def terminal(self, name: str) -> Housed:
        """Enrol one more, beside the cloud: what is enrolled once is not measured."""
        token = self.office.tokens(1)[0]
        with self.line.here(FAR):
            one = await Housed.enrolled(self.ready, int(self.ready["port"]), token, self.folder / name)
            await one.lease(self.folder / name)
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
        await self.cut(one, counter, count)
        await counter.close()
        mobile = "" if self.line.profile is THIN else "mobile."
        scale = f"p90 of {count}, {on_line} of {count + 1} by the cloud's word; {self.line.profile.name}"
        seconds, sizes = ninth([one.seconds for one in costs[1:]]), ninth([one.bytes for one in costs[1:]])
        self.found.append(Figure(f"thin.{mobile}issue_s", seconds, scale, ISSUE_S))
        self.found.append(Figure(f"thin.{mobile}issue_bytes", sizes, scale, ISSUE_BYTES))

    async def cut(self, one: Terminal, counter: IssuingCounter, count: int) -> None:
        """Issue where the connection was cut before, and where the line falls silent in the middle of a question."""
        costs, on_line = list[Cost](), 0
        for row in self.office.residents(count, seed=4):
            await one.equal_at_last(PATIENCE_S)
            await one.http.close()
            async with self.cost() as cost:
                on_line += await counter.issue(row["atena_no"])
            costs.append(cost)
        name = "thin." if self.line.profile is THIN else "thin.mobile."
        scale = f"p90 of {count}, {on_line} by the cloud's word, each on a new connection; {self.line.profile.name}"
        self.found.append(
            Figure(f"{name}reopened_s", ninth([cost.seconds for cost in costs]), scale, ISSUE_S)
        )
        share = 1 - on_line / count
        self.found.append(Figure(f"{name}reopened_off_line", share, f"share of {count} from the replica"))
        row = self.office.residents(1, seed=5)[0]
        for _ in range(PATIENCE_S):  # a line that is known to be down is not waited for
            if await counter.issue(row["atena_no"]):
                break
            await asyncio.sleep(1)
        self.line.silence()
        began = time.perf_counter()
        await counter.issue(row["atena_no"])
        self.found.append(Figure(f"{name}silent_s", time.perf_counter() - began, SILENT, SILENT_S))
        self.line.speak()

    async def crowd(self, one: Terminal, count: int, ways: Sequence[str]) -> None:
        """Let a house play, each terminal by itself, and then led by a hall server, side by side."""
        await one.close()
        house = [await self.copied(f"house{number}") for number in range(count)]
        told = {}
        if "cloud" in ways:
            told["cloud"] = await self.alike(house, seed=2)
            if self.line.profile is not THIN:
                told["cloud"]["fill"] = await self.filled(count)
        if "hall" in ways:
            told["hall"] = await self.led(house)
        for each in house:
            await each.close()
        for way, costs in told.items():
            for what, cost in costs.items():
                who = "each by itself" if way == "cloud" else "by a hall server"
                self.note(
                    f"{way.replace('cloud', 'crowd')}_{what}", cost, f"{count} terminals {who}, {SAID[what]}"
                )
        if len(told) == len(WAYS):
            self.compare(told["hall"], told["cloud"])

    async def alike(self, house: Sequence[Housed], seed: int) -> dict[str, Cost]:
        """Let a house hold a round, follow changes, and rest for a while."""
        await self.at_once(house)
        async with self.cost() as idle:
            await self.at_once(house)
        async with self.cost() as delta:  # a hall server follows while the office is at work
            began = time.perf_counter()
            self.office.change(CROWD_CHANGES, seed=seed)
            at_work = time.perf_counter() - began
            await self.at_once(house)
        delta.seconds -= at_work
        async with self.cost() as rest:
            await resting(house, self.rest_s)
        return {"idle": idle, "rest": rest, "delta": delta}

    async def filled(self, count: int) -> Cost:
        """Fill a house that has nothing, each terminal by itself."""
        empty = [await self.terminal(f"empty{number}") for number in range(count)]
        async with self.cost() as cost:
            await self.at_once(empty)
        for each in empty:
            await each.close()
        return cost

    async def led(self, house: Sequence[Housed]) -> dict[str, Cost]:
        """Let a house do the same by a hall server, which was taken in and filled beside the cloud."""
        server = HallServer(self.folder / "server", self.office.hall_token(), self.ready)
        with server.served(self.line.prefix(FAR)):
            await server.filled(house[0].told.feed_keys)
        with server.served(self.line.prefix(NEAR)) as address:
            await self.ask_first(house, address)
            told = await self.alike(house, seed=3)
        if self.line.profile is not THIN:
            told["fill"] = await self.filled_by(server, len(house))
        return told

    async def filled_by(self, server: HallServer, count: int) -> Cost:
        """Fill a house that has nothing, its hall server neither."""
        empty = [await self.terminal(f"new{number}") for number in range(count)]
        server.empty()
        async with self.cost() as cost:
            with server.served(self.line.prefix(NEAR)) as address:
                await server.filled(empty[0].told.feed_keys)
                await self.ask_first(empty, address)
                await self.at_once(empty)
        for each in empty:
            await each.close()
        return cost

    async def ask_first(self, house: Sequence[Housed], address: str) -> None:
        """Let all terminals ask the hall server first."""
        heads = self.office.heads()
        for each in house:
            await each.ask_first(address, str(self.ready["url"]), heads)

    async def at_once(self, house: Sequence[Housed]) -> None:
        """Let all follow at the same time, until the last is equal to what the register is now."""
        heads = self.office.heads()
        await asyncio.gather(*(each.follow(heads, PATIENCE_S) for each in house))

    async def copied(self, name: str) -> Housed:
        """Enrol one more, with the replica of the first as it was, so that nothing is filled here."""
        (self.folder / name).mkdir()
        shutil.copy(self.folder / "one" / "replica.db", self.folder / name / "replica.db")
        return await self.terminal(name)

    def compare(self, led: Mapping[str, Cost], alone: Mapping[str, Cost]) -> None:
        """Take the share of the bytes that a hall server leaves."""
        name = "thin." if self.line.profile is THIN else "thin.mobile."
        for what in ("rest", "delta", "fill"):
            if what in led:
                share = led[what].bytes / alone[what].bytes
                scale = f"bytes by a hall server for each byte without; {self.line.profile.name}"
                self.found.append(Figure(f"{name}hall_{what}_ratio", share, scale))


async def resting(house: Sequence[Housed], seconds: float) -> None:
    """Let all follow as a counter does all day: a round, then listening."""
    loops = [asyncio.create_task(each.sync.run(lambda: True, asyncio.sleep)) for each in house]
    await asyncio.sleep(seconds)
    for loop in loops:
        loop.cancel()
    for told in await asyncio.gather(*loops, return_exceptions=True):
        if isinstance(told, Exception):
            raise told


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
            bench = Bench(line, folder, ready, office, QUICK_REST_S if chosen.quick else REST_S)
            asyncio.run(played(bench, chosen))
        office.close()
    return bench.found


async def played(bench: Bench, chosen: argparse.Namespace) -> None:
    """Play it all."""
    one = await bench.alone(chosen.residents, chosen.changes, chosen.issues)
    await bench.crowd(one, chosen.terminals, WAYS if chosen.through == "both" else (chosen.through,))


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
    parser.add_argument("--through", choices=(*WAYS, "both"), default="both", help="whom a house asks")
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
