"""A clerk at the counter: signs in, finds, asks for papers, hands over; a driver of the real windows."""

import argparse
import asyncio
import json
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QComboBox, QLabel, QLineEdit, QListView, QWidget

from tests.journeys import totp
from tests.journeys.gestures import Hands, NotShownError

if TYPE_CHECKING:
    from client.domain.resident import Resident
    from ui.assembly import Counter

KANA = "わたなべ たかたろう"


@dataclass
class Played:
    """What was done so far, as summary.json will say it."""

    out: Path
    steps: list[dict[str, Any]] = field(default_factory=list)
    replica: dict[str, Any] = field(default_factory=dict)
    waiting: int = -1
    screens: list[str] = field(default_factory=list)

    def write(self, *, ok: bool) -> None:
        """Write summary.json."""
        sheets = sorted((self.out / "papers").glob("*.pdf"))
        slips = [str(path) for path in sheets if path.name.startswith("仮受付票")]
        summary = {
            "ok": ok,
            "steps": self.steps,
            "papers": [str(path) for path in sheets if str(path) not in slips],
            "slips": slips,
            "screens": self.screens,
            "replica": self.replica,
            "waiting": self.waiting,
        }
        (self.out / "summary.json").write_text(json.dumps(summary, ensure_ascii=False, indent=1), "utf-8")


class Clerk:
    """Hands, eyes and a stop-watch at one open counter."""

    def __init__(self, counter: "Counter", played: Played, *, without: str = "") -> None:
        self.counter = counter
        self.played = played
        self.without = without
        self.hands = Hands(played.out / "screens")
        self.hands.screens = played.screens

    async def step(
        self, name: str, act: Callable[[], Awaitable[dict[str, object] | None]], shows: str
    ) -> None:
        """Do one step, time it, photograph it; what it asserted is in ``shows``."""
        if name == self.without:
            print(f"[play] {name}: left out, as asked", flush=True)
            return
        began = time.monotonic()
        entry: dict[str, Any] = {"name": name, "shows": shows, "ok": False}
        self.played.steps.append(entry)
        try:
            facts = await act() or {}
            entry.update(facts, ok=True)
        finally:
            entry["seconds"] = round(time.monotonic() - began, 3)
            self.hands.photograph(name if entry["ok"] else f"{name}-failed")
        print(f"[play] {name}: {entry['seconds']:.2f} s  {facts or ''}", flush=True)

    @property
    def resident(self) -> "Resident | None":
        """Return who is open in the middle of the screen."""
        return self.counter.face.counter.resident

    async def quiet(self) -> None:
        """Wait as a clerk does: until nothing moves any more."""
        await asyncio.sleep(0.15)  # the search waits for the next key before it begins
        lasting = {"drill_under_way"}
        running = self.counter.tasks.names_running
        await self.hands.until(lambda: not running() - lasting, "rest", 15)

    async def sign_in(self, staff: Sequence[dict[str, Any]], staff_id: str) -> None:
        """Sign in as a clerk of the training town, with what the screen shows for them."""
        person = next(one for one in staff if one["staff_id"] == staff_id)
        await self.hands.wait_for("logInTraining")
        self.hands.photograph("sign_in_window")
        await self.hands.type("logInStaff", staff_id)
        await self.hands.type("logInPassword", person["password"])
        await self.hands.type("logInCode", totp.code(person["totp_seed"]))
        await self.hands.press(Qt.Key.Key_Return)
        await self.hands.until(lambda: self.hands.sees("search"), "the counter", 30)

    def training_sign_in(self) -> str:
        """Return what the sign-in window says of the training sign-in."""
        return self.hands.find(QLabel, "logInTraining").text()

    async def filled(self) -> dict[str, object] | None:
        """Wait for the replica's first fill."""
        replica = self.counter.doors.stores.replica
        for _ in range(1200):
            if (await replica.position()).register is not None:
                return None
            await asyncio.sleep(0.05)
        raise NotShownError("a filled replica")

    async def find(self) -> dict[str, object] | None:
        """Find the resident by kana as typed, and open them."""
        await self.hands.press(Qt.Key.Key_F2)
        await self.hands.type("search", KANA)
        await self.quiet()
        results = self.hands.find(QListView, "results")
        await self.hands.until(
            lambda: results.model() is not None and results.model().rowCount() > 0, "a hit", 10
        )
        await self.hands.press(Qt.Key.Key_Return, self.hands.find(QLineEdit, "search"))
        await self.hands.until(lambda: self.resident is not None, "the resident", 10)
        await self.quiet()
        return {"atena_no": str(self.resident.atena_no) if self.resident else ""}

    async def ask_for_paper(self) -> None:
        """Put a 住民票の写し with 続柄 into the basket, for the person themselves, with photo identity."""
        await self.hands.push("addJuminhyo")
        await self.hands.push("optRelationship")
        await self.choose("requester", "self")
        await self.choose("identity", "photo")
        await self.hands.type("purpose", "年金の手続き")
        await self.hands.until(lambda: self.hands.find(QWidget, "issue").isEnabled(), "F12 allowed", 10)

    async def choose(self, name: str, value: str) -> None:
        """Go down a choice by keys until it says a value."""
        box = self.hands.find(QComboBox, name)
        box.setFocus(Qt.FocusReason.TabFocusReason)
        for _ in range(box.count() + 1):
            if getattr(box.currentData(), "value", box.currentData()) == value:
                return
            await self.hands.press(Qt.Key.Key_Down, box)
        raise NotShownError(f"{name}={value}")

    async def print_it(self) -> None:
        """Print from the preview."""
        await self.hands.until(lambda: self.hands.sees("previewPrint"), "the preview", 15)
        await self.hands.push("previewPrint", 15)

    async def hand_over(self) -> None:
        """Say that the sheet is in the visitor's hand, and go back to the counter."""
        await self.hands.push("handedOver", 15)
        await self.hands.until(lambda: not self.hands.sees("handedOver"), "the copy is settled", 10)
        await self.hands.press(Qt.Key.Key_Escape)
        await self.hands.until(lambda: self.hands.sees("search"), "the counter", 10)

    async def issue(self) -> None:
        """Issue one copy from beginning to end."""
        await self.find()
        await self.ask_for_paper()
        await self.hands.press(Qt.Key.Key_F12)
        await self.print_it()
        await self.hand_over()

    async def tenkyo(self, *, town: str, banchi: str, day: str) -> None:
        """Take in a 転居届 of the whole household."""
        await self.find()
        await self.hands.begin_form()
        await self.hands.wait_for("tenkyoTown")
        await self.hands.type("tenkyoTown", town)
        await self.hands.type("tenkyoBanchi", banchi)
        await self.hands.type("tenkyoKatagaki", "")
        await self.hands.type("tenkyoIdoDate", day)
        self.hands.photograph("tenkyo_form")
        await self.hands.push("tenkyoAccept")
        await self.hands.until(self._taken, "the intake is taken", 10)
        await self.hands.go_back()

    def _taken(self) -> bool:
        return not self.hands.sees("tenkyoAccept") or not self.hands.find(QWidget, "tenkyoAccept").isEnabled()

    def papers(self, folder: Path) -> int:
        """Return how many papers there are."""
        return len(list(folder.glob("*.pdf")))


def common_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the words every play takes."""
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--without", default="", help="a step to leave out; the verdict must then be bad")
