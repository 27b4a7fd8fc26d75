"""P01, P02, P05, P06 with the whole counter under kill -9: the real windows, the real cloud, and both are killed.

A clerk works by gestures and says what the screen has acknowledged. Meanwhile files, papers and the cloud's book are
watched, and terminal or cloud dies at a moment that was seen, or at any. In the end everything that was ever
acknowledged stands in the cloud's book exactly once.
"""

import asyncio
import collections
import json
import os
import random
import re
import signal
import sqlite3
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import pypdf
import pytest

from tests.journeys.training_cloud import TrainingCloud
from tests.promises.p01_people import Roster, hire

ROOT = Path(__file__).resolve().parents[2]
LONGEST_LIFE = 7.0
SLIP = "仮受付票_"
Moment = Callable[[], bool]


@contextmanager
def session_in(folder: Path) -> Iterator[dict[str, str]]:
    """Give the surroundings of a session bus with a keyring that outlives every counter."""
    script = 'echo "$DBUS_SESSION_BUS_ADDRESS"; cat'
    words = ["sh", str(ROOT / "installer/dev/with-session"), str(folder / "keys"), "sh", "-c", script]
    with subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as bus:
        assert bus.stdin is not None
        assert bus.stdout is not None
        yield {
            **os.environ,
            "DBUS_SESSION_BUS_ADDRESS": bus.stdout.readline().strip(),
            "PYTHONPATH": str(ROOT),
            "QT_QPA_PLATFORM": "offscreen",
        }
        bus.stdin.close()
        bus.wait(20)


class World:
    """A cloud, a terminal's folder, and all that was ever acknowledged."""

    def __init__(self, folder: Path, session: dict[str, str], seed: int) -> None:
        self.terminal = folder / "terminal"
        hire(folder / "cloud", residents=300)
        self.cloud = TrainingCloud(folder / "cloud", residents=300)
        self.chance = random.Random(seed)  # noqa: S311 when to kill
        self.roster = Roster()
        self.told: dict[str, list[str]] = collections.defaultdict(list)
        self.moments: collections.Counter[str] = collections.Counter()
        self._session = session

    def start_cloud(self) -> None:
        asyncio.run(self.cloud.start())

    def life(self, *, calm: Path | None = None, offline: bool = False) -> "Life":
        staff_id, step = self.roster.next_known() if offline else self.roster.next_new()
        words = ["--data", str(self.terminal), "--ready", str(self.cloud.ready_file), "--staff", staff_id]
        words += ["--step", str(step), "--seed", str(self.chance.randrange(1, 1_000_000))]
        words += ["--calm", str(calm)] if calm else []
        return Life(self, words, staff_id, self._session)

    def files(self, pattern: str) -> tuple[tuple[str, int, int], ...]:
        """Return what of the terminal's files can be seen from outside."""
        seen = []
        for path in self.terminal.glob(pattern):
            try:
                found = path.stat()
            except FileNotFoundError:
                continue
            seen.append((path.name, found.st_size, found.st_mtime_ns))
        return tuple(sorted(seen))

    def crash(self) -> str:
        """Return where a counter ended that nobody had killed, if one did."""
        return "\n".join(path.read_text("utf-8") for path in self.terminal.rglob("crash*.txt"))

    def book(self, query: str) -> list[dict[str, Any]]:
        with closing(sqlite3.connect(f"file:{self.cloud.database}?mode=ro", uri=True)) as base:
            base.row_factory = sqlite3.Row
            return [dict(row) for row in base.execute(query)]

    def moment(self) -> tuple[str, Moment]:
        """Choose a moment to kill at: a change that is seen a number of times, or any time at all."""
        kind = self.chance.choice(("wal", "mark", "paper begun", "paper", "cloud's book", "time", "time"))
        if kind == "time":
            at = time.monotonic() + self.chance.uniform(0, 4)
            return kind, lambda: time.monotonic() > at
        look: Callable[[], object] = {
            "wal": lambda: self.files("**/ledger.db-wal"),
            "mark": lambda: self.files("**/ledger.slots"),
            "paper begun": lambda: self.files("papers/.*"),
            "paper": lambda: self.files("papers/*.pdf"),
            "cloud's book": lambda: self.book("SELECT count(*) AS n FROM command")[0]["n"],
        }[kind]
        left = self.chance.randint(1, 3 if "paper" in kind else 25)
        last = look()

        def seen() -> bool:
            nonlocal last, left
            now = look()
            if now != last:
                last, left = now, left - 1
            return left <= 0

        return kind, seen


class Life:
    """One running counter, and what it says."""

    def __init__(self, world: World, words: list[str], staff_id: str, session: dict[str, str]) -> None:
        self._world = world
        self._staff_id = staff_id
        self.signed = threading.Event()
        self.words: list[str] = []
        with (world.terminal.parent / "counter.log").open("ab") as log:
            self._process = subprocess.Popen(
                [sys.executable, "-P", str(ROOT / "tests/promises/p01_counter.py"), *words],
                stdout=subprocess.PIPE, stderr=log, text=True, env=session, cwd=ROOT,
            )  # fmt: skip
        self._listener = threading.Thread(target=self._listen)
        self._listener.start()

    def _listen(self) -> None:
        assert self._process.stdout is not None
        for line in self._process.stdout:
            word, _, what = line.strip().partition(" ")
            self.words.append(line.strip())
            self._world.told[word].append(what)
            if word == "signed":
                self._world.roster.was_let_in(self._staff_id)
                self.signed.set()

    def until(self, seen: Moment, seconds: float) -> None:
        end = time.monotonic() + seconds
        while not seen() and time.monotonic() < end and self._process.poll() is None:
            time.sleep(0.0005)

    def kill(self) -> None:
        self._process.send_signal(signal.SIGKILL)
        code = self.wait(10)
        assert code >= 0 or code == -signal.SIGKILL, (code, self._world.crash())

    def wait(self, seconds: float) -> int:
        code = self._process.wait(seconds)
        self._listener.join(10)
        assert self._process.stdout is not None
        self._process.stdout.close()
        return code


def live_and_die(world: World) -> None:
    """Let a counter live until a moment comes, and kill it or its cloud."""
    offline = world.roster.somebody_known and world.chance.random() < 0.25
    if offline:
        world.cloud.kill()
    life = world.life(offline=offline)
    early = world.chance.random() < 0.15  # while it opens, signs in, or asks
    if not early:
        life.until(life.signed.is_set, 20)
    kind, seen = world.moment()
    victim = "terminal" if offline or world.chance.random() < 0.7 else "cloud"
    world.moments[f"{victim}: {kind}"] += 1
    life.until(seen, LONGEST_LIFE)
    if victim == "cloud":
        world.cloud.kill()
        life.until(lambda: False, world.chance.uniform(0, 2.5))
        if world.chance.random() < 0.5:
            world.start_cloud()
            life.until(lambda: False, world.chance.uniform(0, 2))
    life.kill()
    if not world.cloud.running:
        world.start_cloud()


def play(world: World, rounds: int) -> dict[str, Any]:
    """Live and die, then come to rest; returns the terminal's own book."""
    world.start_cloud()
    rest = world.terminal.parent / "rest.json"
    try:
        assert world.life(calm=rest).wait(90) == 0, "the replica was not filled"
        for _ in range(rounds):
            live_and_die(world)
        last = world.life(calm=rest)
        assert last.wait(150) == 0, (last.words, world.crash())
    finally:
        world.cloud.close()
    told: dict[str, Any] = json.loads(rest.read_text("utf-8"))
    return told


def check(world: World, rest: dict[str, Any]) -> None:
    """Hold the cloud's book against everything that was ever acknowledged."""
    told = world.told
    issued = world.book("SELECT * FROM issue_book")
    events = collections.Counter(
        (row["serial_key"], row["event"]) for row in world.book("SELECT * FROM sheet_event")
    )
    fees = collections.Counter(row["serial_key"] for row in world.book("SELECT serial_key FROM fee_book"))
    by_number = {f"{row['serial']:06d}": row for row in issued}

    # the terminal's book: whole, and the cloud's is the same
    assert rest["journal_bad"] is None
    assert rest["outbox_bad"] is None
    assert sorted(rest["journal"]) == sorted(rest["copies"])
    assert {row["serial_key"]: row["state"] for row in issued} == rest["copies"]
    assert set(rest["copies"].values()) <= {"handed_over", "spoiled"}, "a sheet was not asked about"

    # exactly once in the cloud's: each number, its fee, its end; nothing refused, nothing put aside
    assert world.book("SELECT * FROM quarantine") == []
    assert collections.Counter(row["outcome"] for row in world.book("SELECT outcome FROM command")) == {
        "accepted": len(rest["states"])
    }
    assert {row["key"] for row in world.book("SELECT key FROM command")} == set(rest["states"])
    assert fees == collections.Counter(row["serial_key"] for row in issued if row["fee_yen"])
    assert events == collections.Counter((row["serial_key"], row["state"]) for row in issued)

    # what the screen acknowledged
    assert set(told["sheet"]) <= by_number.keys()
    assert len(told["sheet"]) == len(set(told["sheet"])), "a number was given twice"
    assert all(by_number[number]["state"] == "handed_over" for number in told["handed"])
    assert all(by_number[number]["state"] == "spoiled" for number in told["spoiled"])
    moves = [
        json.loads(row["payload"])["to"]["banchi"] for row in world.book("SELECT payload FROM intake_case")
    ]
    assert len(moves) == len(set(moves)), "an intake took effect twice"
    assert set(told["taken"]) <= set(moves)

    # papers: none without its line, none twice, none gone that had come out before the screen showed its number
    out = [path.stem for path in (world.terminal / "papers").glob("*.pdf")]
    slips = {name.partition("_")[2][:36] for name in out if name.startswith(SLIP)}
    assert slips <= rest["states"].keys(), "a slip for nothing that was taken in"
    papers = [name for name in out if not name.startswith(SLIP)]
    assert set(papers) <= set(rest["journal"]), "a paper without a line in the journal"
    assert {f"{paper.rpartition('-')[2]}" for paper in papers} >= set(told["sheet"])
    for paper in papers:
        text = pypdf.PdfReader(world.terminal / "papers" / f"{paper}.pdf").pages[0].extract_text()
        assert re.search(rf"{paper.rpartition('-')[2]}\s*1\s*/\s*\d", text), paper


def run(folder: Path, rounds: int) -> World:
    seed = int.from_bytes(os.urandom(4))
    print("seed", seed)
    folder.mkdir(exist_ok=True)
    with session_in(folder) as session:
        world = World(folder, session, seed)
        rest = play(world, rounds)
    check(world, rest)
    print({word: len(what) for word, what in world.told.items()}, dict(world.moments))
    return world


@pytest.mark.service
@pytest.mark.timeout(300)
def test_a_few_kills_of_counter_and_cloud_lose_and_double_nothing(tmp_path: Path) -> None:
    world = run(tmp_path, 4)
    assert len(world.told["signed"]) >= 3


@pytest.mark.service
@pytest.mark.slow
@pytest.mark.timeout(3000)
def test_many_kills_of_counter_and_cloud_lose_and_double_nothing(tmp_path: Path) -> None:
    """Two towns at once, each with its own cloud and keyring: a counter waits more than it works."""
    with ThreadPoolExecutor(2) as pool:
        worlds = list(pool.map(lambda name: run(tmp_path / name, 60), ("one", "other")))
    assert sum(len(world.told["sheet"]) for world in worlds) > 60
    for world in worlds:
        assert world.told["taken"]
        assert world.told["asked"]
        assert world.told["stuck"] == []
