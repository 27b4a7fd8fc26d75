"""A day at a counter on a machine of its own, and how it ends: closed, in a bug, killed, crashed, out of disk.

    day.py WAY ROOT

Whatever a clerk does here is done with names and places that are then searched for. Exit code 0 for a day that was
closed as it should; what crashes ends by its signal.
"""

import asyncio
import ctypes
import json
import os
import resource
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Callable
from contextlib import suppress
from dataclasses import fields
from pathlib import Path
from typing import NoReturn

from PySide6.QtCore import Qt, QTimer
from PySide6.QtGui import QClipboard, QGuiApplication
from PySide6.QtWidgets import QApplication, QLineEdit, QWidget

from offline.store.terminal_file import read_facts
from tests.journeys.leaks import people_of
from tests.journeys.real_terminal import ENVIRONMENT, Staff, Terminal, Visit, opened
from tests.leak_search import LeakSearch
from ui.__main__ import main

SOUGHT = "鸕鶿草葺不合蟠龍斎"
TOWN, BANCHI, KATAGAKI = (
    "みどり県あおぞら市𠮷野町二丁目",
    "九百九十九番地七七七",
    "蜃気楼ハイツ邊\U000e0101棟",
)
SCANNED, WITHIN = (
    "蟠桃園御前試合控帳",
    "胡蝶蘭瑠璃光院殿遺言",
)  # a file somebody attaches: its name, and what is in it
OPPONENT, LIVES, ASKING, REASON = (
    "蟷螂斧之介權太夫",
    "みどり県みなと市鸚鵡町八百八番地",
    "鼈甲院　靄子",
    "瑠璃色の傘と写真付きの書類で本人と確かめた",
)  # whom somebody is to be protected from; who asks for a blocked paper, and why they get it
TYPED = (
    *(SOUGHT, TOWN + BANCHI, BANCHI, KATAGAKI, SCANNED, WITHIN),
    *(OPPONENT, LIVES, ASKING, REASON),
)
MODES = (QClipboard.Mode.Clipboard, QClipboard.Mode.Selection)


def _touch_nothing() -> NoReturn:
    ctypes.string_at(0)
    raise AssertionError("still there")


def _send(number: int) -> Callable[[], object]:
    return lambda: os.kill(os.getpid(), number)


def _quit() -> None:
    # A shell that began the tests behind it has them ignore it, as no desktop does.
    signal.signal(signal.SIGQUIT, signal.SIG_DFL)
    os.kill(os.getpid(), signal.SIGQUIT)


CRASHES: dict[str, Callable[[], object]] = {
    "killed": _send(signal.SIGKILL),
    "aborted": os.abort,
    "segfault": _touch_nothing,
    "quit": _quit,
    "terminated": _send(signal.SIGTERM),
    "hung up": _send(signal.SIGHUP),
}
WAYS = ("closed", "slot", "full", *CRASHES)


class Day:
    """What a clerk does, in the order of a bad day."""

    def __init__(self, way: str, terminal: Terminal) -> None:
        self.way, self.terminal = way, terminal
        self.staff = Staff(terminal.cloud)
        self.titles: set[str] = set()
        self.search = LeakSearch(people_of(terminal.cloud.database) | set(TYPED))

    async def __call__(self, visit: Visit) -> None:
        """Play it."""
        for name in [one for one in os.environ if one.startswith("MADOGUCHI_")]:
            del os.environ[name]  # read by now; the town's own program would read them too
        QApplication.instance().focusWindowChanged.connect(self.look_at_titles)  # type: ignore[union-attr]  # there is one
        await self.morning(visit)
        await self.outage(visit)
        await self.at_the_worst(visit)
        await self.evening(visit)
        assert self.search.in_bytes("\n".join(self.titles).encode()) == [], "a window's title names somebody"

    async def morning(self, visit: Visit) -> None:
        """Sign in, look for somebody who is not there, issue, copy an address to the clipboard."""
        await visit.enter(self.staff, "s001")
        await visit.filled()
        await visit.press(Qt.Key.Key_F2, visit.window())
        await visit.type("search", SOUGHT)
        await asyncio.sleep(0.5)
        await self.copy(visit, "search")
        await visit.lock()
        assert not any(self.copied().values()), "the next clerk may be as quick as a key"
        await visit.enter(self.staff, "s002")
        field = visit.find(QLineEdit, "search")
        for key in (Qt.Key.Key_V, Qt.Key.Key_Z, Qt.Key.Key_Y):
            await visit.press(key, field, Qt.KeyboardModifier.ControlModifier)
            assert field.text() == "", "the next clerk found what was typed"
        await visit.issue()
        await self.copy(visit, "search", KATAGAKI)
        await visit.press(Qt.Key.Key_F10, visit.window())
        await visit.push("bookLook")
        await asyncio.sleep(0.5)
        await visit.back_to_counter()

    async def outage(self, visit: Visit) -> None:
        """Take a notification in while the line is down."""
        self.terminal.cloud.kill()
        await visit.line_is("オフライン")
        await visit.begin_tenkyo(BANCHI)
        await visit.type("tenkyoKatagaki", KATAGAKI)
        await self.attach(visit)
        await visit.accept_tenkyo()
        await visit.until(lambda: "1件" in visit.waiting(), "the intake in the outbox")

    async def at_the_worst(self, visit: Visit) -> None:
        """End here, with a half of a notification typed, or go on after a bug."""
        await visit.begin_tenkyo(BANCHI)
        await visit.type("tenkyoKatagaki", KATAGAKI)
        await self.attach(visit)
        await self.copy(visit, "tenkyoKatagaki")
        if self.way == "full":
            await self.fill_the_disk(visit)
        if self.way in CRASHES:
            CRASHES[self.way]()
        if self.way == "slot":
            QTimer.singleShot(0, _fails)
            asyncio.get_running_loop().call_soon(_fails)
            forgotten = asyncio.create_task(_fails_later(), name=KATAGAKI)
            await asyncio.sleep(0.2)
            del forgotten
        await visit.back_to_counter()
        await visit.ask_for_paper()
        await visit.preview()
        await visit.push("previewPrint")
        await visit.hand_over()

    async def copy(self, visit: Visit, name: str, typed: str = "") -> None:
        """Copy what stands in a field, or is typed into it: to the clipboard, and as what is marked."""
        if typed:
            await visit.type(name, typed)
        field = visit.find(QLineEdit, name)
        await visit.press(Qt.Key.Key_A, field, Qt.KeyboardModifier.ControlModifier)
        await visit.press(Qt.Key.Key_C, field, Qt.KeyboardModifier.ControlModifier)
        for mode, text in self.copied().items():
            assert self.search.in_bytes(text.encode()), f"{mode}: not copied, and this test would hold anyhow"

    async def attach(self, visit: Visit) -> None:
        """Attach what was scanned; the scanner's own copy is taken away by whoever scanned."""
        scanned = self.terminal.root / SCANNED / f"{SCANNED}.pdf"
        scanned.parent.mkdir()
        scanned.write_bytes(b"%PDF-1.4\n" + WITHIN.encode() * 9 + b"\n%%EOF\n")
        await visit.push("attachedAdd")
        await visit.wait_for("fileNameEdit")
        self.look_at_titles()
        for typed in (scanned.parent, scanned.name):  # into the folder first: Qt would remember where one was
            await visit.type("fileNameEdit", str(typed))
            await visit.press(Qt.Key.Key_Return, visit.find(QWidget, "fileNameEdit"))
            await asyncio.sleep(0.3)
        await visit.until(lambda: visit.sees("attachedList"), "what was attached")
        await visit.until(lambda: not visit.sees("fileNameEdit"), "the dialog is closed")
        self.look_at_titles()
        shutil.rmtree(scanned.parent)

    async def fill_the_disk(self, visit: Visit) -> None:
        """Take every byte that is left while the notification is taken in, then give it back."""
        filler = self.terminal.root / "terminal/filler"
        with filler.open("ab", buffering=0) as file, suppress(OSError):
            while True:
                file.write(bytes(4096))
        await visit.push("tenkyoAccept")
        await visit.told("端末の空き容量がありません。")
        filler.unlink()

    async def evening(self, visit: Visit) -> None:
        """Let everything arrive, and leave."""
        await self.terminal.serve()
        await visit.until(lambda: "0件" in visit.waiting(), "everything has gone", 90)
        await visit.lock()

    def look_at_titles(self, *_: object) -> None:
        """Remember what a window manager, a task bar or a recorder of screens was told."""
        self.titles |= {window.title() for window in QGuiApplication.allWindows()}
        self.titles |= {
            top.windowIconText() for top in QApplication.topLevelWidgets() if isinstance(top, QWidget)
        }

    def copied(self) -> dict[str, str]:
        """Return what is on the clipboard and in the selection."""
        clipboard = QGuiApplication.clipboard()
        return {mode.name: clipboard.text(mode) for mode in MODES}


def _fails() -> NoReturn:
    raise ValueError(f"{KATAGAKI} {BANCHI}")


async def _fails_later() -> NoReturn:
    raise ValueError(f"{KATAGAKI} {BANCHI}")


def after_hours(terminal: Terminal, told: dict[str, str]) -> int:
    """Do what the machine room does: look, take what is unsent away, and in the end wipe; returns the worst exit code."""
    facts = read_facts(terminal.folder / "terminal.json")
    assert facts is not None
    code = 0
    for verb in (("status",), ("doctor", "--json"), ("wipe", "--terminal", facts.terminal_no)):
        env = {**os.environ, **told, "MADOGUCHI_CONFIG": os.devnull}
        done = subprocess.run([sys.executable, "-P", "-m", "ui", *verb], env=env, check=False)
        code = max(
            code, done.returncode if verb[0] != "doctor" else 0
        )  # it finds something wrong on a test's PC
        if verb[0] == "doctor":
            shutil.copytree(terminal.root / "terminal", terminal.root / "before the wipe")
    return code


def play(way: str, root: Path, day: type[Day] = Day) -> int:
    """Enrol a terminal, play the day through the program as a person starts it; returns its exit code."""
    hard = resource.getrlimit(resource.RLIMIT_CORE)[1]
    resource.setrlimit(resource.RLIMIT_CORE, (hard, hard))  # the surroundings allow a core
    terminal = Terminal(root)
    asyncio.run(terminal.serve())
    try:
        token = root / "token"
        token.write_text(terminal.cloud.ready["enrolment_tokens"][0], "utf-8")
        config = terminal.config(enrolment_token_file=str(token))
        told = {f"MADOGUCHI_{one.name.upper()}": str(getattr(config, one.name)) for one in fields(config)}
        (root / "cloud/told.json").write_text(json.dumps(told), "utf-8")  # for who comes after a crash
        os.environ |= {**told, "MADOGUCHI_CONFIG": os.devnull, "MADOGUCHI_ENVIRONMENT": ENVIRONMENT}
        sys.argv = ["madoguchi"]
        return opened(main, day(way, terminal)) or after_hours(terminal, told)
    except (
        AssertionError
    ) as why:  # the program says no message of an error; where nothing is searched it may be said
        (root / "cloud/why.txt").write_text(str(why), "utf-8")
        raise
    finally:
        terminal.cloud.close()


if __name__ == "__main__":
    tempfile.tempdir = None
    sys.exit(play(sys.argv[1], Path(sys.argv[2])))
