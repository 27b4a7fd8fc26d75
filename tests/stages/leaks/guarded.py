"""A day with the guarded things: whom a measure is to protect from, and a protected person's paper that two release.

guarded.py WAY ROOT
"""

import asyncio
import sys
import tempfile
from pathlib import Path

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QLineEdit, QListView, QWidget

from tests.journeys.real_terminal import Visit
from tests.stages.leaks.day import ASKING, CRASHES, LIVES, OPPONENT, REASON, Day, play

PROTECTED = "ミヤザキ メグミ"


class Guarded(Day):
    """Two sign in to be known here, the line goes; an application, a release that is refused, and one that is not."""

    async def morning(self, visit: Visit) -> None:
        """Let everybody be known here who will answer for something without a line."""
        await visit.enter(self.staff, "s002")
        await visit.filled()
        for staff_id in ("s003", "s001"):
            await visit.lock()
            await visit.enter(self.staff, staff_id)

    async def outage(self, visit: Visit) -> None:
        """Take an application for a measure in, with whom it is to protect from."""
        self.terminal.cloud.kill()
        await visit.line_is("オフライン")
        await visit.find_resident()
        await visit.push("changeOpen")
        await visit.wait_for("procedures")
        listed = visit.find(QListView, "procedures")
        names = [one.name for one in listed.model().lines]  # type: ignore[attr-defined]  # the screen's own lines
        for _ in range(names.index("shien") - listed.currentIndex().row()):
            await visit.press(Qt.Key.Key_Down, listed)
        await visit.press(Qt.Key.Key_Return, listed)
        await visit.wait_for("shienAccept")
        await visit.type("shienOpponent", f"{OPPONENT}　{LIVES}")
        await visit.push("shienAccept")
        await visit.until(
            lambda: not visit.sees("shienAccept") or not visit.find(QWidget, "shienAccept").isEnabled(),
            "the application is taken in",
        )
        await visit.back_to_counter()
        await visit.until(lambda: "1件" in visit.waiting(), "the application in the outbox")

    async def at_the_worst(self, visit: Visit) -> None:
        """Ask for a protected person's paper; two answer, one of them wrongly, and it may end there."""
        await visit.press(Qt.Key.Key_F2, visit.window())
        await visit.type("search", PROTECTED)
        await asyncio.sleep(1)  # what is listed is of this search, and of the whole of it
        await visit.press(Qt.Key.Key_Return, visit.find(QLineEdit, "search"))
        await asyncio.sleep(0.5)
        await visit.push("addJuminhyo")
        await visit.choose("requester", "self")
        await visit.choose("identity", "photo")
        await visit.push("askRelease")
        await self.answer(visit, wrong=True)
        await visit.push("releaseButton")
        await visit.told("違")
        await self.answer(visit, wrong=False)
        self.look_at_titles()
        if self.way in CRASHES:
            CRASHES[self.way]()
        await visit.push("releaseButton")
        await visit.until(lambda: visit.sees("previewPrint"), "the preview of what was released")
        self.look_at_titles()
        await visit.push("previewPrint")
        await visit.hand_over()

    async def answer(self, visit: Visit, *, wrong: bool) -> None:
        """Type who asks and why, and what both show who answer for it."""
        await visit.type("releaseReason", REASON)
        await visit.type("releaseAskingName", ASKING)
        for who, staff_id in (("Officer", "s002"), ("Second", "s003")):
            password = self.staff.password(staff_id)
            await visit.type(f"release{who}Staff", staff_id)
            await visit.type(f"release{who}Password", password[:-1] if wrong else password)
            code = await asyncio.to_thread(self.staff.code, staff_id)
            await visit.type(f"release{who}Code", code)


if __name__ == "__main__":
    tempfile.tempdir = None
    sys.exit(play(sys.argv[1], Path(sys.argv[2]), Guarded))
