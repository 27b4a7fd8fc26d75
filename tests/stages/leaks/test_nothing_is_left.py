"""P10: a day at the counter, ended in every way there is; then the whole machine is searched for everybody of the town."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from installer.dev import services
from tests.journeys.leaks import own_folders, people_of
from tests.leak_search import LeakSearch
from tests.stages.leaks.day import CRASHES, TYPED

ROOT = Path(__file__).resolve().parents[3]
pytestmark = [pytest.mark.slow, pytest.mark.service, pytest.mark.timeout(400)]
# The town itself, and what a printer to files is asked to leave.
NOT_SEARCHED = ("cloud/", "papers/")
PASTE = """
from PySide6.QtGui import QClipboard
from PySide6.QtWidgets import QApplication
clipboard = QApplication([]).clipboard()
for mode in (QClipboard.Mode.Clipboard, QClipboard.Mode.Selection):
    print(clipboard.text(mode))
"""
SIGNALS = {
    "killed": signal.SIGKILL,
    "aborted": signal.SIGABRT,
    "segfault": signal.SIGSEGV,
    "quit": signal.SIGQUIT,
    "terminated": signal.SIGTERM,
    "hung up": signal.SIGHUP,
}


@dataclass(frozen=True)
class Machine:
    """A machine of its own: home, places of a desktop, temporary files, spool of words a desktop keeps."""

    root: Path
    screen: Mapping[str, str]

    def day(self, way: str, player: str = "day") -> subprocess.CompletedProcess[str]:
        """Play a day on it, on its screen; what the program says is kept as a desktop keeps it."""
        return self.play(f"tests.stages.leaks.{player}", way, str(self.root))

    def play(self, *program: str) -> subprocess.CompletedProcess[str]:
        """Run a player as a module."""
        here = {**os.environ, **own_folders(self.root), **self.screen, "PYTHONPATH": str(ROOT)}
        words = (sys.executable, "-P", "-m", *program)
        done = subprocess.run(
            ["sh", str(ROOT / "installer/dev/with-session"), str(self.root / "keys"), *words],
            cwd=self.root, env=here, capture_output=True, text=True, check=False, timeout=300,
        )  # fmt: skip
        with (self.root / ".xsession-errors").open("a", encoding="utf-8") as kept:
            kept.write(done.stdout + done.stderr)
        return done

    def carry_out(self) -> Path:
        """Write what is unsent into a file that is carried by hand, as of a PC nobody signs in to any more."""
        told = json.loads((self.root / "cloud/told.json").read_text("utf-8"))
        bundle = self.root / "unsent.bundle"
        one = replace(self, screen={**self.screen, **told, "MADOGUCHI_CONFIG": os.devnull})
        done = one.play("ui", "outbox", "export", "--sealed", str(bundle))
        assert done.returncode == 0, done.stdout + done.stderr
        return bundle

    def pasted(self) -> str:
        """Return what another program finds on the clipboard and in the selection."""
        done = subprocess.run(
            [sys.executable, "-P", "-c", PASTE],
            env={**os.environ, **self.screen}, capture_output=True, text=True, check=True, timeout=60,
        )  # fmt: skip
        return done.stdout.strip()

    def why(self) -> str:
        """Return what kept the day from being played."""
        told = self.root / "cloud/why.txt"
        return (
            told.read_text("utf-8") if told.exists() else (self.root / ".xsession-errors").read_text("utf-8")
        )

    def end_cloud(self) -> None:
        """End the cloud of a day that could not do so itself."""
        with suppress(OSError, ValueError):
            pid = json.loads((self.root / "cloud/ready.json").read_text("utf-8"))["pid"]
            if b"-m\0cloud\0" in Path(f"/proc/{pid}/cmdline").read_bytes():
                os.kill(pid, signal.SIGKILL)

    def leaks(self, town: Path | None = None, leave_out: tuple[str, ...] = NOT_SEARCHED) -> list[str]:
        """Search all of it for everybody of a town."""
        people = people_of(town or self.root / "cloud/cloud.db") | set(TYPED)
        search = LeakSearch(people)
        assert len(search) > 10_000
        return list(search.in_folder(self.root, leave_out))

    def cores(self) -> list[str]:
        """Name what the kernel left of a process."""
        return [
            path.name
            for path in self.root.rglob("*core*")
            if path.is_file() and b"\x7fELF" in path.read_bytes()[:4]
        ]


@pytest.fixture
def machine(tmp_path: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Machine]:
    try:  # a screen of its own: what is on its clipboard belongs to somebody, which it does not on a platform without
        with services.screen(tmp_path_factory.mktemp("screen")) as display:
            one = Machine(tmp_path, {**display, "QT_QPA_PLATFORM": "xcb"})
            try:
                yield one
            finally:
                one.end_cloud()
    except services.NotHereError as why:
        pytest.skip(str(why))


@pytest.mark.parametrize("way", ["closed", "slot"])
def test_a_day_that_was_closed_leaves_nobody_s_name(machine: Machine, way: str) -> None:
    done = machine.day(way)
    assert done.returncode == 0, machine.why()
    assert machine.pasted() == ""
    assert machine.leaks() == []
    assert list((machine.root / "terminal").rglob("erased-*.json")), "it was not wiped in the end"
    assert ("ValueError" in done.stderr) == (way == "slot")  # the bug was told, its message was not


@pytest.mark.parametrize("way", CRASHES)
def test_a_counter_that_crashed_leaves_nobody_s_name_and_no_core(machine: Machine, way: str) -> None:
    done = machine.day(way)
    assert done.returncode == 128 + SIGNALS[way], machine.why()
    assert machine.cores() == []
    assert machine.pasted() == ""
    assert machine.carry_out().stat().st_size > 1000, "nothing was waiting"
    assert machine.leaks() == []


@pytest.mark.parametrize("way", ["closed", "killed", "segfault"])
def test_what_a_measure_protects_from_and_why_a_paper_was_released_are_nowhere_left(
    machine: Machine, way: str
) -> None:
    done = machine.day(way, "guarded")
    assert done.returncode == (128 + SIGNALS[way] if way in SIGNALS else 0), machine.why()
    assert machine.cores() == []
    assert way == "closed" or machine.carry_out().stat().st_size > 1000, "nothing was waiting"
    assert machine.leaks() == []


@pytest.mark.root
def test_a_full_disk_leaves_nobody_s_name(machine: Machine) -> None:
    small = machine.root / "terminal"
    small.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=24M", "tmpfs", str(small)], check=True)
    try:
        done = machine.day("full")
        assert done.returncode == 0, machine.why()
        assert machine.leaks() == []
    finally:
        subprocess.run(["umount", "--lazy", str(small)], check=True)


def test_a_drill_leaves_nobody_s_name(machine: Machine) -> None:
    desk = replace(machine, screen={"QT_QPA_PLATFORM": "offscreen"})  # its player is one for that
    out = machine.root / "drill"
    done = desk.play("tests.journeys.play", "--out", str(out), "--drill", "cut")
    assert done.returncode == 0, done.stdout + done.stderr
    (town,) = out.rglob("cloud.db")
    made_up = (town.parent, out / "screens", *out.rglob("papers"))
    assert machine.leaks(town, tuple(f"{one.relative_to(machine.root).as_posix()}/" for one in made_up)) == []
