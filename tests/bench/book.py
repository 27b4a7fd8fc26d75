"""``book.*``: a book of many lines looked through and analysed, with the loop as free as before.

    python -P tests/bench/book.py [--lines 100000] [--quick] [--json]

The ledger is a real one on the disk, under its key. A page of what hardly occurs goes through the whole book; so do the
analyses. Beside them a clock beats every millisecond on the same loop: the longest gap is what a window would feel.
"""
# ruff: noqa: E402 -- found only through the path that is set here

import argparse
import asyncio
import gc
import sqlite3
import sys
import tempfile
import time
from collections.abc import Awaitable
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))

from client.domain.clerk import Right
from client.domain.journal import Wanted
from client.domain.resident import AtenaNo
from client.jobs.analyse_book import AnalyseBook
from client.jobs.look_in_book import LookInBook
from client.jobs.ports import JournalEntry
from client.rules.book_analyses import Thresholds
from offline.store import journal
from offline.store.ledger import LedgerFile
from tests.bench._figures import Figure, tell
from tests.builders import NOW, a_sign_in
from tests.store_builders import IDENTITY, facts
from tests.ui.world import World

LINES, QUICK_LINES = 100_000, 20_000
OFFICER = a_sign_in(Right.VIEW, Right.OFFICER, staff_id="s009")
RARE = AtenaNo("1999999999")
PAGE_S, ANALYSES_S, GAP_S = 2.0, 10.0, 0.1  # at 100,000 lines


def main() -> int:
    """Measure and tell."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--lines", type=int, default=LINES)
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--json", action="store_true")
    asked = parser.parse_args()
    gc.disable()  # as the window does: its own collector runs between two events (ui/collector.py)
    lines = QUICK_LINES if asked.quick else asked.lines
    with tempfile.TemporaryDirectory() as folder:
        figures = asyncio.run(measured(Path(folder), lines))
    return tell("book", figures, {}, as_json=asked.json)


async def measured(folder: Path, lines: int) -> list[Figure]:
    """Fill a book and go through it."""
    world = World()
    ledger = LedgerFile(folder, facts(), lambda: NOW, IDENTITY.sign)
    await ledger.open(b"l" * 32, begun=False)
    try:
        await ledger._commit(lambda c: fill(c, lines))
        look = LookInBook(ledger.journal, ledger.journal, ledger, world.replica, now=lambda: NOW)
        analyse = AnalyseBook(
            ledger.journal, ledger, world.doubts, now=lambda: NOW, thresholds=Thresholds(), folder=folder
        )
        scale, share = f"{lines:,} lines", lines / LINES
        newest, _ = await beside(look.page(OFFICER, Wanted()))
        rare, gap = await beside(look.page(OFFICER, Wanted(subject=RARE)))
        five, gap_of_five = await beside(analyse.analyse(OFFICER, Wanted()))
        whole, gap_of_file = await beside(
            analyse.export_lines(OFFICER, Wanted(), lambda line: (str(line.seq), line.actor), ["a", "b"])
        )
    finally:
        await ledger.close()
    return [
        Figure("newest page, s", newest, scale, 0.5),
        Figure("whole book for one person, s", rare, scale, PAGE_S * share),
        Figure("five analyses, s", five, scale, ANALYSES_S * share),
        Figure("extract of all lines, s", whole, scale, ANALYSES_S * share),
        Figure("longest gap of the loop: person, s", gap, scale, GAP_S),
        Figure("… analyses, s", gap_of_five, scale, GAP_S),
        Figure("… extract, s", gap_of_file, scale, GAP_S),
    ]


def fill(connection: sqlite3.Connection, lines: int) -> None:
    """Write lines as a counter does: most are searches and records shown."""
    for n in range(lines):
        who = tuple(AtenaNo(f"{1_000_000_000 + 7 * n + k}") for k in range(n % 5))
        told: dict[str, str | int] = {
            "source": "cloud",
            "version": n,
            "by": ("name", "number")[n % 7 == 0],
            "hits": len(who),
            "more": 0,
            "how": "online",
        }
        kind = ("look_up", "view", "look_up", "issue", "sign_in")[n % 5]
        journal.append(connection, JournalEntry(kind, f"s{n % 40:03d}", who, told), NOW)


async def beside(work: Awaitable[object]) -> tuple[float, float]:
    """Return how long some work took, and the longest the loop was held meanwhile, both in seconds."""
    longest, ended = 0.0, asyncio.Event()

    async def beat() -> None:
        nonlocal longest
        last = time.perf_counter()
        while not ended.is_set():
            await asyncio.sleep(0.001)
            now = time.perf_counter()
            longest, last = max(longest, now - last), now

    pulse = asyncio.ensure_future(beat())
    begun = time.perf_counter()
    await work
    took = time.perf_counter() - begun
    ended.set()
    await pulse
    return took, longest


if __name__ == "__main__":
    sys.exit(main())
