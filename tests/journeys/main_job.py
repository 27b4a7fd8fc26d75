"""The main job: a visitor is served, the line is cut three times, the work goes on, everything arrives."""

import argparse
import asyncio
import sqlite3
import time
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QWidget

from client.domain.calendar import short_wareki
from client.domain.feed import Feed
from client.rules.digest import root_of
from tests.journeys.clerk import Clerk, Played
from tests.journeys.gestures import NotShownError
from tests.journeys.judge import audit
from tests.journeys.training_cloud import TrainingCloud

if TYPE_CHECKING:
    from ui.assembly import Counter

STAFF = "s001"
NEW_TOWN, NEW_BANCHI = "みどり県あおぞら市𠮷野町二丁目", "1番5号"
PLAYS = ("killed", "stopped", "dropped")
IN_THE_MIDDLE = 0.25  # seconds after F12 at which the line is cut, while the cloud still thinks
CLOUD_THINKS_MS = 1500


class MainJob(Clerk):
    """One clerk, one visitor, three cuts of the line."""

    def __init__(
        self, counter: "Counter", cloud: TrainingCloud, played: Played, options: argparse.Namespace
    ) -> None:
        super().__init__(counter, played, without=options.without)
        self.cloud = cloud
        self.plays: tuple[str, ...] = options.plays

    async def play(self) -> None:
        """Play it all."""
        await self.step("sign_in", self.enter, "the training sign-in was shown and the counter is open")
        await self.step("fill", self.filled, "the replica is there")
        await self.step("find_by_kana", self.find, "typed in kana, the resident stands first")
        await self.step("issue_online", self.issue_online, "a paper from the cloud's record, handed over")
        for play in self.plays:
            await self.step(f"cut_{play}", partial(self.cut, play), "cut in mid-request, paper within 3 s")
            if play == self.plays[-1]:
                await self.step("accept_tenkyo", self.accept, "taken in as 仮受付 while the line is down")
                await self.step(
                    "work_goes_on", self.find_offline, "found and shown from the replica, with its age"
                )
            await self.step(f"line_returns_{play}", partial(self.restore, play), "the line is good again")
        await self.step("all_arrives", self.arrives, "nothing waits, and the replica is proven equal")
        await self.step(
            "audit_before", self.heard_before, "the auditor: all arrived, the register has not moved"
        )
        await self.step(
            "office_decides", self.decide, "the back office registers; the counter shows the new address"
        )
        await self.step("at_the_end", self.at_rest, "replica and register agree")

    async def enter(self) -> dict[str, object] | None:
        """Sign in; the window has to show how."""
        await self.hands.wait_for("logInTraining")
        shown = self.training_sign_in()
        person = next(one for one in self.cloud.ready["staff"] if one["staff_id"] == STAFF)
        if STAFF not in shown or person["password"] not in shown:
            raise NotShownError("the training sign-in")
        await self.sign_in(self.cloud.ready["staff"], STAFF)
        return None

    async def issue_online(self) -> dict[str, object] | None:
        """Issue from the cloud's record."""
        await self.ask_for_paper()
        self.hands.photograph("basket")
        await self.hands.press(Qt.Key.Key_F12)
        await self.hands.until(lambda: self.hands.sees("previewPrint"), "the preview", 15)
        self.hands.photograph("preview_online")
        await self.print_it()
        await self.hand_over()
        return None

    async def cut(self, play: str) -> dict[str, object] | None:
        """Cut the line while the cloud thinks, and go on to the paper; the stop-watch runs from the cut."""
        papers = self.played.out / "papers"
        await self.find()
        await self.ask_for_paper()
        await self.cloud.slow_down(CLOUD_THINKS_MS)
        before = self.papers(papers)
        await self.hands.press(Qt.Key.Key_F12)
        await asyncio.sleep(IN_THE_MIDDLE)
        began = time.monotonic()
        {"killed": self.cloud.kill, "stopped": self.cloud.freeze, "dropped": self.cloud.drop}[play]()
        await self.print_it()
        await self.hands.until(lambda: self.papers(papers) > before, "the paper", 15)
        rto = time.monotonic() - began
        self.hands.photograph(f"paper_{play}")
        await self.hand_over()
        await self.hands.until(lambda: not self.counter.watch.usable, "the outage on the screen", 30)
        return {"rto_seconds": round(rto, 3)}

    async def accept(self) -> dict[str, object] | None:
        """Take in the 転居届."""
        today = short_wareki(datetime.now(ZoneInfo("Asia/Tokyo")).date()).replace("令", "R")
        await self.tenkyo(town=NEW_TOWN, banchi=NEW_BANCHI, day=today)
        return None

    async def find_offline(self) -> dict[str, object] | None:
        """Find the same resident from the replica."""
        facts = await self.find()
        age = self.hands.find(QWidget, "replicaAge")
        await self.hands.until(lambda: "時点" in age.accessibleName(), "the replica's age", 10)
        return facts

    async def restore(self, play: str) -> dict[str, object] | None:
        """Bring the line back."""
        if play == "killed":
            await self.cloud.start()
        else:
            {"stopped": self.cloud.thaw, "dropped": self.cloud.pass_again}[play]()
        await self.cloud.slow_down(0)
        seconds = await self.hands.until(lambda: self.counter.watch.usable, "the line", 90)
        return {"back_after_seconds": round(seconds, 2)}

    async def arrives(self) -> dict[str, object] | None:
        """Wait until all has arrived, and look at the outbox."""
        await self.hands.until(lambda: self.counter.rounds.facts.waiting == 0, "an empty outbox", 90)
        await self.hands.until(lambda: self.counter.watch.mode.name == "NORMAL", "通常", 90)
        await self.hands.press(Qt.Key.Key_F5)
        await self.hands.wait_for("outboxList")
        await self.quiet()
        self.hands.photograph("outbox")
        await self.hands.press(Qt.Key.Key_Escape)
        await self.hands.until(lambda: self.hands.sees("search"), "the counter", 10)
        return None

    async def decide(self) -> dict[str, object] | None:
        """Let the back office register the move, and see it at the counter."""
        for intake in (await self.cloud.office("GET", "/intakes"))["intakes"]:
            decision = {"decision": "register", "decided_by": "office"}
            await self.cloud.office("POST", f"/intakes/{intake['key']}/decision", decision)
        self.counter.rounds.wake()
        await self.find()
        if self.resident is None or NEW_BANCHI not in self.resident.address.text:
            raise NotShownError("the new address")
        return None

    async def at_rest(self) -> dict[str, object] | None:
        """Wait until the replica has followed, and write down what it says of itself."""
        replica = self.counter.doors.stores.replica
        heads: dict[Feed, int] = {}
        for _ in range(600):
            position = await replica.position()
            heads = {feed: getattr(position, feed.value).version for feed in Feed}
            if heads == cloud_heads(self.cloud.database):
                break
            self.counter.rounds.wake()
            await asyncio.sleep(0.1)
        for feed in Feed:
            root = root_of(await replica.mids(feed)).hex()
            self.played.replica[feed.value] = {"version": heads[feed], "root": root}
        self.played.waiting = self.counter.rounds.facts.waiting
        return None

    async def heard_before(self) -> dict[str, object] | None:
        """Ask the auditor before the back office acts."""
        if await asyncio.to_thread(audit, "before", self.cloud.database, self.played.out, self.plays):
            raise NotShownError("the auditor's consent")
        return None


def cloud_heads(database: Path) -> dict[Feed, int]:
    """Return the newest version of each feed, from the cloud's own database."""
    base = sqlite3.connect(f"file:{database}?mode=ro", uri=True)
    try:
        return {Feed(feed): version for feed, version in base.execute("SELECT feed, version FROM feed_head")}
    finally:
        base.close()
