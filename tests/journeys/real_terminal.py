"""A terminal as a town has it: enrolled at a real cloud, its replica filled; copied for each trial, opened by hands.

The keyring is the session's own, so the trials run under ``installer/dev/with-session``. What differs between two
trials is copied folders and other settings, never another way through the program.
"""

import asyncio
import base64
import shutil
import time
from collections.abc import Awaitable, Callable
from contextlib import suppress
from copy import copy
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import msgspec
from PySide6.QtCore import QEvent, Qt, QTimer
from PySide6.QtWidgets import QApplication, QComboBox, QLabel, QLineEdit, QListView, QMessageBox, QWidget

from client.config import Config, Environment
from client.domain.calendar import short_wareki
from client.domain.terminal import TerminalFacts
from client.rules import totp
from offline.store.anchor import ANCHOR
from offline.store.device_secret import DEVICE
from offline.store.facts_file import FACTS, IDENTITY
from offline.store.keyring_door import KeyringDoor, system_backend
from offline.store.wrap_mark import WRAPS
from offline.store.wraps import WrapBook
from tests.journeys.gestures import Hands, NotShownError
from tests.journeys.training_cloud import TrainingCloud

RESIDENTS = 300
ENVIRONMENT: Environment = "trial"
KANA = "わたなべ たかたろう"
NAMES = (DEVICE, IDENTITY, ANCHOR, WRAPS, FACTS)
SHIFTED = """
import sys, cloud.clock as clock
from datetime import timedelta
right = clock.utc_now
clock.utc_now = lambda: right() + timedelta(seconds={seconds})
from cloud.__main__ import main
sys.exit(main(sys.argv[1:]))
"""
Script = Callable[["Visit"], Awaitable[None]]


class Staff:
    """The training town's people, each with an authenticator that never shows a code twice."""

    def __init__(self, cloud: TrainingCloud) -> None:
        self._people = {one["staff_id"]: one for one in cloud.ready["staff"]}
        self._used: dict[str, int] = {}

    def again(self) -> "Staff":
        """Return the same people, for a copy of their town as it is now."""
        other = copy(self)
        other._used = dict(self._used)
        return other

    def password(self, staff_id: str) -> str:
        """Return a password."""
        return str(self._people[staff_id]["password"])

    def code(self, staff_id: str) -> str:
        """Return a code that is good and was not given before; waits for one where it must."""
        early = time.time() % 30 < 15  # then the code of the half minute before is good for a while yet
        step = max(self._used.get(staff_id, 0) + 1, int(time.time()) // 30 - early)
        while step > int(time.time()) // 30 + 1:
            time.sleep(0.2)
        self._used[staff_id] = step
        return totp.code(base64.b32decode(self._people[staff_id]["totp_seed"]), step)

    def wrong_code(self, staff_id: str) -> str:
        """Return six digits that are good in none of the half minutes about now."""
        seed, now = base64.b32decode(self._people[staff_id]["totp_seed"]), int(time.time()) // 30
        good = {totp.code(seed, now + steps) for steps in range(-2, 4)}
        return next(code for code in ("000000", "111111", "222222", "333333") if code not in good)


class Secrets:
    """What the keyring holds of the terminals of a town; put back with the files, as with a copy of a whole PC."""

    def __init__(self, facts: TerminalFacts) -> None:
        self._facts = facts
        door = self._door(facts.terminal_no)
        self._kept = {name: secret for name in NAMES if (secret := door.get(name)) is not None}

    def put_back(self) -> None:
        """Let the keyring be as it was; what terminals enrolled later left there is gone."""
        for name in NAMES:
            self._door("T0002").forget(name)
        for name, secret in self._kept.items():
            self._door(self._facts.terminal_no).put(name, secret)

    def _door(self, terminal_no: str) -> KeyringDoor:
        return KeyringDoor(system_backend(), f"{ENVIRONMENT}/{self._facts.municipality_code}/{terminal_no}")


class Terminal:
    """A terminal's folder and the cloud it belongs to."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.cloud = TrainingCloud(root / "cloud", residents=RESIDENTS)
        self.papers = root / "papers"
        self.pictures = root / "pictures"

    @property
    def folder(self) -> Path:
        """Return the folder of its files."""
        return self.root / "terminal" / ENVIRONMENT

    def config(self, **other: object) -> Config:
        """Return its settings."""
        ready = self.cloud.ready
        config = Config(
            data_dir=self.root / "terminal",
            environment=ENVIRONMENT,
            cloud_url=ready["url"],
            ca_file=ready["ca_file"],
            terminal_name="本庁1",
            printer_uri=f"file:{self.papers}",
            printer_name="プリンタ001",
            sync_seconds=2,
            theme="light",
        )
        return replace(config, **other)  # type: ignore[arg-type]  # names and values of Config

    async def serve(self, *, clock_seconds: int = 0) -> None:
        """Serve the town, if wished with a clock that is off: its one clock function is replaced at the start."""
        shifted = ("-c", SHIFTED.format(seconds=clock_seconds))
        self.cloud.program = shifted if clock_seconds else ("-m", "cloud")
        await self.cloud.start()

    def copy_to(self, root: Path) -> "Terminal":
        """Return the same terminal and town somewhere else; nothing of this one runs."""
        shutil.copytree(self.root, root, dirs_exist_ok=True)
        return Terminal(root)

    def sheets(self) -> int:
        """Return how many papers came out."""
        return len(list(self.papers.glob("*.pdf")))

    def contents(self) -> dict[str, bytes]:
        """Return every file of the terminal but its log and lock, and what moves by itself: bytes and parcels that come."""
        by_itself = {"lock", "bytes.json", "position.json"}
        files = (path for path in self.folder.rglob("*") if path.is_file())
        return {
            path.relative_to(self.folder).as_posix(): path.read_bytes()
            for path in files
            if path.parent.name != "logs" and path.name not in by_itself and path.suffix != ".parcel"
        }

    def but_for_tries(self) -> tuple[dict[str, object], list[str]]:
        """Return the same with the file of keys read and without its list of wrong tries, and whose tries they were."""
        found = self.contents()
        book, copy = (
            msgspec.json.decode(found[name], type=WrapBook) for name in ("wraps.json", "wraps.copy.json")
        )
        assert copy == book
        whose = [note.staff_id for note in book.tries]
        plain = msgspec.structs.replace(book, generation=0, mac=b"", tried=book.tried - len(whose), tries=())
        return {**found, "wraps.json": plain, "wraps.copy.json": plain}, whose


class Visit(Hands):
    """A clerk in front of the real window."""

    def __init__(self, camera_dir: Path | None = None) -> None:
        super().__init__(camera_dir)
        self.cannot_open = ""

    def notice(self) -> str:
        """Return what the screen in front says has happened; empty where it says nothing."""
        for top in QApplication.topLevelWidgets():
            for bar in top.findChildren(QWidget, "notice"):
                if bar.isVisible():
                    words = (bar.findChild(QLabel, name) for name in ("noticeWhat", "noticeMore"))
                    return "\n".join(one.text() for one in words if isinstance(one, QLabel))
        return ""

    async def told(self, words: str, seconds: float = 20) -> str:
        """Wait until the screen says something; returns all of the notice."""
        try:
            await self.until(lambda: words in self.notice(), words, seconds)
        except NotShownError as error:
            raise NotShownError(f"{error}; the screen says: {self.notice()!r}") from None
        return self.notice()

    def typed(self, name: str) -> str:
        """Return what stands in a field."""
        return self.find(QLineEdit, name).text()

    async def ready(self) -> None:
        """Wait until the sign-in window has everything behind it."""
        await self.until(lambda: self.sees("logInButton") and self.sees("linkState"), "the sign-in window")

    async def sign_in(self, staff_id: str, password: str, code: str) -> None:
        """Type a sign-in, and wait for its answer."""
        await self.ready()
        await self.type("logInStaff", staff_id)
        await self.type("logInPassword", password)
        await self.type("logInCode", code)
        await self.press(Qt.Key.Key_Return, self.find(QLineEdit, "logInCode"))
        await asyncio.sleep(0.05)
        await self.until(
            lambda: (
                self.sees("search") or (bool(self.notice()) and self.find(QWidget, "logInButton").isEnabled())
            ),
            "an answer to the sign-in",
            30,
        )

    async def enter(self, staff: Staff, staff_id: str) -> None:
        """Sign in as one should."""
        await self.sign_in(staff_id, staff.password(staff_id), staff.code(staff_id))
        if not self.sees("search"):
            raise NotShownError(f"the counter; the window says: {self.notice()!r}")

    async def lock(self) -> None:
        """Leave the desk (F9)."""
        await self.press(Qt.Key.Key_F9, self.window())
        await self.until(lambda: self.sees("logInButton"), "the locked window")

    def window(self) -> QWidget:
        """Return the main window."""
        for top in QApplication.topLevelWidgets():
            if top.inherits("QMainWindow") and top.isVisible():
                return top
        raise NotShownError("the window")

    def line(self) -> str:
        """Return what the status bar says of the line."""
        return self.find(QWidget, "linkState").accessibleName() if self.sees("linkState") else ""

    async def line_is(self, word: str, seconds: float = 60) -> None:
        """Wait until the status bar says so."""
        await self.until(lambda: word in self.line(), word, seconds)

    def replica(self) -> str:
        """Return what the status bar says of the replica."""
        return self.find(QWidget, "replicaAge").accessibleName()

    async def filled(self, seconds: float = 60) -> None:
        """Wait until the replica has an age."""
        await self.until(lambda: "時点" in self.replica(), "a filled replica", seconds)

    def waiting(self) -> str:
        """Return what the status bar says of the outbox."""
        return self.find(QWidget, "waiting").accessibleName()

    async def look_up(self) -> None:
        """Type a name in kana."""
        await self.press(Qt.Key.Key_F2, self.window())
        await self.type("search", "")
        await self.type("search", KANA)

    async def find_resident(self) -> None:
        """Find the story's first resident, and open them."""
        await self.look_up()
        results = self.find(QListView, "results")
        await self.until(lambda: results.model() is not None and results.model().rowCount() > 0, "a hit", 10)
        await self.press(Qt.Key.Key_Return, self.find(QLineEdit, "search"))
        await self.until(lambda: self.sees("changeOpen"), "the resident", 10)
        await asyncio.sleep(0.3)

    async def choose(self, name: str, value: str) -> None:
        """Go down a choice by keys until it says a value."""
        box = self.find(QComboBox, name)
        for _ in range(box.count() + 1):
            if getattr(box.currentData(), "value", box.currentData()) == value:
                return
            await self.press(Qt.Key.Key_Down, box)
        raise NotShownError(f"{name}={value}")

    async def ask_for_paper(self) -> None:
        """Find somebody, and put a 住民票の写し into the basket."""
        await self.find_resident()
        await self.push("addJuminhyo")
        await self.push("optRelationship")
        await self.choose("requester", "self")
        await self.choose("identity", "photo")
        await self.until(lambda: self.find(QWidget, "issue").isEnabled(), "F12 allowed", 10)

    async def preview(self) -> None:
        """Go on to the preview."""
        await self.press(Qt.Key.Key_F12, self.window())
        await self.until(
            lambda: self.sees("previewPrint") and self.find(QWidget, "previewPrint").isEnabled(),
            "the preview",
        )

    async def hand_over(self) -> None:
        """Say that the sheet is in the visitor's hand."""
        await self.push("handedOver", 15)
        await self.until(lambda: not self.sees("handedOver"), "the copy is settled", 10)
        await self.press(Qt.Key.Key_Escape, self.window())
        await self.until(lambda: self.sees("search"), "the counter", 10)

    async def issue(self) -> None:
        """Issue a copy from beginning to end."""
        await self.ask_for_paper()
        await self.preview()
        await self.push("previewPrint")
        await self.hand_over()

    async def begin_tenkyo(self, banchi: str = "1番5号") -> None:
        """Fill in a 転居届 up to its last key."""
        await self.find_resident()
        await self.begin_form()
        await self.wait_for("tenkyoTown")
        today = short_wareki(datetime.now(ZoneInfo("Asia/Tokyo")).date()).replace("令", "R")
        await self.type("tenkyoTown", "みどり県あおぞら市𠮷野町二丁目")
        await self.type("tenkyoBanchi", banchi)
        await self.type("tenkyoIdoDate", today)

    async def accept_tenkyo(self) -> None:
        """Take the notification in, and go back to the counter."""
        await self.push("tenkyoAccept")
        await self.until(
            lambda: not self.sees("tenkyoAccept") or not self.find(QWidget, "tenkyoAccept").isEnabled(),
            "the intake is taken",
            10,
        )
        await self.back_to_counter()

    async def back_to_counter(self) -> None:
        """Go back (Esc)."""
        await self.go_back()

    async def close(self) -> None:
        """Close the window as a clerk does; read what a program that cannot open says, and let it end."""
        if (box := self._box("cannotOpen")) is not None:
            self.cannot_open = f"{box.text()}\n{box.informativeText()}"
            self.photograph("cannot_open")
            QTimer.singleShot(50, box.buttons()[0], box.buttons()[0].click)  # the program ends at once
            return
        for _ in range(100):  # early at the start nobody hears the wish yet
            self.window().close()
            await asyncio.sleep(0.1)
            if (quits := self._box("quit")) is not None:
                await self.press(Qt.Key.Key_Space, quits.buttons()[0])

    def _box(self, name: str) -> QMessageBox | None:
        try:
            return self.find(QMessageBox, name)
        except NotShownError:
            return None

    async def refused(self) -> str:
        """Wait until the program says that it cannot open; returns what it says."""
        await self.until(lambda: self._box("cannotOpen") is not None, "why it cannot open", 60)
        await self.close()
        return self.cannot_open


def opened(start: Callable[[], int], script: Script, camera_dir: Path | None = None) -> int:
    """Start the program in this process, with a clerk in front of it; returns its exit code.

    The clerk is a task of the program's own loop, begun as soon as that runs, and closes the window at the end.
    """
    app = QApplication.instance() or QApplication([])
    visit, failures = Visit(camera_dir), list[BaseException]()
    tasks = set[asyncio.Task[None]]()

    async def play() -> None:
        try:
            await script(visit)
        except asyncio.CancelledError as failure:  # the program has ended under the clerk's hands
            failures.append(failure)
            raise
        except Exception as failure:
            failures.append(failure)
            visit.photograph("failed")
        if not visit.cannot_open:
            with suppress(NotShownError):
                await visit.close()

    def begin() -> None:
        try:
            tasks.add(asyncio.get_running_loop().create_task(play()))
        except RuntimeError:
            QTimer.singleShot(5, app, begin)

    QTimer.singleShot(0, app, begin)
    try:
        code = start()
    finally:
        for top in QApplication.topLevelWidgets():  # the next one opens in the same process
            top.deleteLater()
        app.sendPostedEvents(None, QEvent.Type.DeferredDelete)
    if failures:
        raise failures[0]
    return code
