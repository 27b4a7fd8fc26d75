"""A drill, played: what the director asks for is done by gestures, and the report comes out on paper."""

import json
from collections.abc import Awaitable, Callable
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QWidget

from client.config import Config
from client.domain.calendar import short_wareki
from tests.journeys.clerk import Clerk, Played
from tests.journeys.gestures import NotShownError
from ui.cli.drill import drill_config
from ui.training_cloud import TrainingCloud

if TYPE_CHECKING:
    from ui.assembly import Counter

OFFICER = "s002"


class DrillPlay(Clerk):
    """The officer starts the drill and serves the visitor as its steps say."""

    def __init__(self, counter: "Counter", cloud: TrainingCloud, played: Played) -> None:
        super().__init__(counter, played)
        self.cloud = cloud

    async def play(self) -> None:
        """Play it all."""
        await self.step("sign_in", self.enter, "the drill's own counter is open, striped")
        await self.step(
            "fill", self.filled, "the drill's replica is there, and the line is a metered router's"
        )
        await self.step("start", self.start, "the director is at work")
        await self.step("issue_online", self.one_copy, "a paper marked 訓練, on line")
        await self.step("cut", self.line_is_cut, "the director cut the line")
        await self.step("issue_offline", self.one_copy, "a paper marked 訓練, off line")
        await self.step("intake", self.intake, "a 転居 taken in")
        await self.step("restored", self.over, "the line came back and everything arrived")
        await self.step("report", self.report, "one page: timeline, RTO, what was accepted and what arrived")

    async def enter(self) -> dict[str, object] | None:
        """Sign in as the officer."""
        ready = json.loads(self.cloud.ready_file.read_text("utf-8"))
        await self.sign_in(ready["staff"], OFFICER)
        return None

    async def start(self) -> dict[str, object] | None:
        """Start the drill at its screen."""
        await self.hands.until(
            lambda: "モバイル" in self.hands.find(QWidget, "linkState").accessibleName(),
            "the mobile router",
            20,
        )
        await self.hands.press(Qt.Key.Key_F8)
        await self.hands.push("drillStart")
        await self.hands.until(lambda: bool(self.counter.face.drill.lines()), "the steps", 10)
        self.hands.photograph("drill_steps")
        await self.back()
        return None

    async def back(self) -> None:
        """Go back to the counter."""
        await self.hands.press(Qt.Key.Key_Escape)
        await self.hands.until(lambda: self.hands.sees("search"), "the counter", 10)

    async def one_copy(self) -> dict[str, object] | None:
        """Issue one copy."""
        await self.issue()
        return None

    async def line_is_cut(self) -> dict[str, object] | None:
        """Wait until the screen says that the line is gone."""
        await self.hands.until(lambda: not self.counter.watch.usable, "the outage on the screen", 60)
        return None

    async def intake(self) -> dict[str, object] | None:
        """Take in the 転居届."""
        today = short_wareki(datetime.now(ZoneInfo("Asia/Tokyo")).date()).replace("令", "R")
        await self.tenkyo(town="みどり県あおぞら市𠮷野町二丁目", banchi="1番5号", day=today)
        return None

    async def over(self) -> dict[str, object] | None:
        """Wait for the end of the drill."""
        await self.hands.until(lambda: self.counter.face.drill.over, "the end of the drill", 120)
        await self.hands.press(Qt.Key.Key_F8)
        await self.hands.wait_for("drillReport")
        drill = self.counter.face.drill.drill
        if drill is None or drill.rto is None:
            raise NotShownError("the RTO")
        return {"rto_seconds": drill.rto.total_seconds()}

    async def report(self) -> dict[str, object] | None:
        """Print the report."""
        folder = self.counter.config.terminal_dir / "papers"
        before = self.papers(folder)
        await self.hands.push("drillReport")
        await self.hands.until(lambda: self.papers(folder) > before, "the report on paper", 20)
        target = self.played.out / "papers"
        target.mkdir(exist_ok=True)
        for path in folder.glob("*.pdf"):
            (target / path.name).write_bytes(path.read_bytes())
        return None


def open_drill(played: Played, name: str, clerk: Callable[["Counter", TrainingCloud], Awaitable[int]]) -> int:
    """Open the drill's counter with a clerk at its keys."""
    from ui.window import open_counter  # Qt only where a window is wanted

    state = Path(played.out / "state")
    config = Config(data_dir=state, theme="light", printer_name="プリンタ001")
    with TrainingCloud(state / "drill" / "cloud") as cloud:

        async def driver(counter: "Counter") -> int:
            return await clerk(counter, cloud)

        return open_counter(drill_config(config, cloud, name), driver=driver)
