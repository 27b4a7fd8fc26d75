"""The gate behind ./test and .ci/run: static checks, then the tests in groups, then one line of counts.

    gate.py quick            under three minutes, before each commit
    gate.py                  the whole gate
    gate.py full [STAGE …]   the gate and every stage; with names, those stages alone
    gate.py changed          the gate and the stages whose paths changed: what .ci/run does

Everything is tried, also after a failure; the last line is ``N passed, N failed``. The whole of it has a budget: a
stage that would not end within what is left of it is not begun, and that is said.
"""

import io
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TextIO
from xml.etree import ElementTree

from installer.dev import now, processes, services
from installer.dev.groups import CHECKS, GROUPS, LANES, PY, QUICK, WORKERS, Check, Group
from installer.dev.processes import run
from installer.dev.stages import STAGES, Stage, called_for, changed_paths, chosen_stages

ROOT = Path(__file__).resolve().parents[2]
REPORTS = ROOT / "build" / "reports"
# Seconds from the first word of ./test on; .ci/run may take 80 minutes, its checkout too.
WHOLE_BUDGET = 72 * 60
ROOM = 1.5  # times its estimate must be left before a stage is begun: one cut off in the middle is red
GATE_TARGET = 20 * 60  # seconds; what ./test should take
EMPTY_GROUP = 5  # pytest: no test was collected


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a check or a group of tests came to."""

    name: str
    passed: int
    failed: int
    skipped: int
    seconds: float
    words: str = ""
    told: tuple[str, ...] = ()


_MEMORY_NEEDED = 6 << 30


class Clock:
    """The time the whole run may take, and what is left of it."""

    def __init__(self, budget: float, already: float = 0.0) -> None:
        self.start = time.monotonic() - already
        self.budget = budget

    def spent(self) -> float:
        """Return the seconds since the start."""
        return time.monotonic() - self.start

    def left(self) -> float:
        """Return the seconds that are left."""
        return self.budget - self.spent()

    def allow(self, seconds: float) -> float:
        """Return how long the next step may take."""
        return max(1.0, min(seconds, self.left()))


def set_up_took() -> float:
    """Return the seconds since ./test began: a cold set-up counts too."""
    began = os.environ.get("GATE_BEGAN", "")
    return max(0.0, time.time() - float(began)) if began else 0.0


def title(clock: Clock, name: str, out: TextIO | None = None) -> None:
    """Announce a step."""
    print(f"\n== [{clock.spent():4.0f} s] {name}", file=out, flush=True)


def do_check(check: Check, clock: Clock) -> Outcome:
    """Run a static check."""
    title(clock, check.name)
    start = time.monotonic()
    code = run(check.command, env=dict(os.environ), seconds=clock.allow(600))
    seconds = time.monotonic() - start
    return Outcome(
        check.name, int(code == 0), int(code != 0), 0, seconds, "" if code == 0 else f"exit {code}"
    )


def counts(report: Path) -> tuple[int, int, int]:
    """Read passed, failed and skipped from a JUnit report."""
    passed = failed = skipped = 0
    for suite in ElementTree.parse(report).getroot().iter("testsuite"):  # noqa: S314 -- written by our pytest
        bad = int(suite.get("failures", 0)) + int(suite.get("errors", 0))
        left = int(suite.get("skipped", 0))
        passed += int(suite.get("tests", 0)) - bad - left
        failed += bad
        skipped += left
    return passed, failed, skipped


def judge(
    group: Group,
    code: int,
    found: tuple[int, int, int],
    seconds: float,
    told: Sequence[str] = (),
    *,
    ci: bool,
) -> Outcome:
    """Say what a group came to. An empty group fails: a marker was lost. So does a crash without a red test.

    ``told`` is where its tests were when it was ended.
    """
    passed, failed, skipped = found
    words = []
    if code == EMPTY_GROUP:
        failed, words = failed + 1, ["no test bears these markers"]
    elif code != 0 and failed == 0:
        failed, words = 1, [f"pytest ended with {code}"]
    if group.real and skipped and ci:
        failed, words = failed + skipped, [*words, f"{skipped} skipped, which counts as failed under CI"]
    return Outcome(group.name, passed, failed, skipped, seconds, "; ".join(words), tuple(told))


@contextmanager
def surroundings(group: Group, out: TextIO | None = None) -> Iterator[tuple[list[str], dict[str, str]]]:
    """Start what a group needs; yields the words to put before its command, and its variables."""
    env, before = dict(os.environ), list[str]()
    env["QT_QPA_PLATFORM"] = "xcb" if group.screen else "offscreen"
    for name in ("WAYLAND_DISPLAY", "DISPLAY", "DBUS_SESSION_BUS_ADDRESS"):
        env.pop(name, None)  # a developer's own desk must not take part
    with ExitStack() as stack:
        where = None if group.services or group.root else memory()
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="gate-", dir=where)))
        if where is not None:
            env["TMPDIR"] = str(folder)
            folder.chmod(0o711)  # the user postgres passes through
        if group.services:
            folder.chmod(0o711)  # the user postgres passes through
            if group.printers:
                env |= started(stack, "print queue", lambda: services.dns_sd(folder), out)
            room = folder / "postgresql"
            env |= started(
                stack, "PostgreSQL", lambda: named_url(services.postgresql(room, durable=False)), out
            )
            before += ["sh", "installer/dev/with-session", str(folder / "keyring")]
        if group.screen:
            env |= started(stack, "X screen", lambda: services.screen(folder), out)
        yield before, env


def memory() -> str | None:
    """Return a folder in memory, where there is room for what tests write and throw away; a disk takes twice as long.

    Tests with real services and of full disks stay on a disk.
    """
    there = Path("/dev/shm")  # noqa: S108 - a folder of a new name is made in it
    if os.access(there, os.W_OK) and shutil.disk_usage(there).free > _MEMORY_NEEDED:
        return str(there)
    return None


@contextmanager
def named_url(database: "AbstractContextManager[str]") -> Iterator[dict[str, str]]:
    """Hand a database's address to the tests in the variable they look for."""
    with database as url:
        yield {"TEST_POSTGRESQL_URL": url}


def started(
    stack: ExitStack,
    what: str,
    start: "Callable[[], AbstractContextManager[dict[str, str]]]",
    out: TextIO | None = None,
) -> dict[str, str]:
    """Start a service, or say why it is not there; its tests then skip, which is red under CI."""
    try:
        return stack.enter_context(start())
    except (services.NotHereError, OSError, subprocess.SubprocessError) as why:
        print(f"{what}: not started: {why}", file=out, flush=True)
        return {}


def do_group(group: Group, clock: Clock, *, ci: bool, out: TextIO | None = None) -> Outcome:
    """Run a group of tests; what it says goes to ``out``, a real file, or is printed."""
    title(clock, group.name, out)
    if (group.root or group.only_root) and os.geteuid() != 0:
        words = "left out: not root"
        print(words, file=out)
        return Outcome(group.name, 0, int(ci), 1, 0.0, words)
    REPORTS.mkdir(parents=True, exist_ok=True)
    report = REPORTS / f"{group.name.replace(' ', '-')}.xml"
    report.unlink(missing_ok=True)
    start = time.monotonic()
    told = list[str]()
    with surroundings(group, out) as (before, env), tempfile.TemporaryDirectory(prefix="now-") as there:
        tests = [
            PY,
            "-P",
            "-m",
            "pytest",
            "-m",
            group.markers,
            f"--junitxml={report}",
            "-rs",
            "--durations=5",
        ]
        command = [*before, *tests, *group.options, *group.where]
        seconds = clock.allow(group.minutes * 60)
        code = run(
            command,
            env=env | {now.FOLDER: there},
            seconds=seconds,
            out=out.fileno() if out else None,
            late=lambda: told.extend(now.ask(Path(there))),
        )
    found = counts(report) if report.exists() else (0, 0, 0)
    return judge(group, code, found, time.monotonic() - start, told, ci=ci)


def do_lanes(lanes: Sequence[Sequence[Group]], clock: Clock, *, ci: bool) -> list[Outcome]:
    """Run lanes at once and their groups in turn; what each lane says is printed whole when it has ended."""
    over = threading.Event()

    def follow(lane: Sequence[Group]) -> list[Outcome]:
        with tempfile.TemporaryFile("w+", encoding="utf-8", errors="replace") as out:
            outcomes = [do_group(group, clock, ci=ci, out=out) for group in lane if not over.is_set()]
            out.seek(0, io.SEEK_SET)
            sys.stdout.write(out.read())
            sys.stdout.flush()
            return outcomes

    with ThreadPoolExecutor(len(lanes)) as pool:
        followed = [pool.submit(follow, lane) for lane in lanes]
        try:
            return [outcome for lane in followed for outcome in lane.result()]
        except BaseException:
            over.set()
            processes.end_all()
            raise


def group_of(stage: Stage, slower: float) -> Group:
    """Turn a stage into a group of tests."""
    marker = "slow" if os.geteuid() == 0 else "slow and not root"
    return Group(
        f"stage {stage.name}",
        marker,
        round(max(20, ROOM * stage.minutes) * slower),
        stage.where,
        options=WORKERS if stage.apart else (),
        screen=not stage.apart,
        services=not stage.apart,
        printers=not stage.apart,
        only_root=stage.root,
        real=True,
    )


def slowness(gate_took: float) -> float:
    """Return how much slower this machine is than those the stages' minutes are of, by the gate's seconds."""
    return max(1.0, gate_took / GATE_TARGET)


def do_stage(stage: Stage, clock: Clock, *, ci: bool, slower: float = 1.0) -> Outcome:
    """Run a stage, or say that there is no time left for it."""
    minutes = stage.minutes * slower
    if clock.left() < ROOM * minutes * 60:
        title(clock, f"stage {stage.name}")
        left = max(clock.left(), 0) / 60
        words = f"not begun: it may take {ROOM * minutes:.0f} min, and {left:.0f} min are left"
        print(words, flush=True)
        return Outcome(f"stage {stage.name}", 0, 0, 1, 0.0, words)
    return do_group(group_of(stage, slower), clock, ci=ci)


def tell(outcomes: Sequence[Outcome]) -> int:
    """Print a line for each step and the counts; return the exit code."""
    print("\n" + "-" * 78)
    for one in outcomes:
        mark = "FAILED" if one.failed else "ok"
        print(
            f"{mark:7}{one.name:34}{one.passed:6} passed{one.failed:4} failed{one.skipped:4} skipped"
            f"{one.seconds:7.1f} s  {one.words}"
        )
        for line in one.told:
            print(f"       {line}")
    passed, failed = sum(one.passed for one in outcomes), sum(one.failed for one in outcomes)
    print(f"{passed} passed, {failed} failed", flush=True)
    return 1 if failed else 0


def ended(_signal: int, _frame: object) -> None:
    """Leave in order when told to end: what was started is ended on the way out."""
    raise SystemExit(143)


def main(words: Sequence[str]) -> int:
    """Run what was asked for."""
    signal.signal(signal.SIGTERM, ended)
    ci, clock = bool(os.environ.get("CI")), Clock(WHOLE_BUDGET, set_up_took())
    what, rest = (words[0], words[1:]) if words else ("gate", ())
    if what not in {"gate", "quick", "full", "changed"} or (rest and what != "full"):
        print("usage: ./test [quick | full [STAGE …] | changed]", file=sys.stderr)
        return 64
    stages = chosen_stages(rest)
    if isinstance(stages, str):
        print(stages, file=sys.stderr)
        return 64
    if what == "full" and not rest:
        stages = list(STAGES)
    elif what == "changed":
        changed = changed_paths()
        stages = called_for(STAGES, changed)
        why = "what changed is not known" if changed is None else f"{len(set(changed))} paths changed"
        print(f"stages called for ({why}): {' '.join(one.name for one in stages) or 'none'}", flush=True)
    outcomes = []
    if not rest:
        outcomes += [do_check(check, clock) for check in CHECKS]
        outcomes += [do_group(group, clock, ci=ci) for group in ((QUICK,) if what == "quick" else GROUPS)]
        if what != "quick":
            outcomes += do_lanes(LANES, clock, ci=ci)
        if clock.spent() > GATE_TARGET:
            print(
                f"the gate took {clock.spent() / 60:.0f} minutes; it should take {GATE_TARGET // 60} at most"
            )
    slower = slowness(clock.spent() if outcomes else 0.0)
    outcomes += [do_stage(stage, clock, ci=ci, slower=slower) for stage in stages]
    return tell(outcomes)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
