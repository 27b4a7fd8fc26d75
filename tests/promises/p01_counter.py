"""A counter to be killed: a clerk works at its windows by gestures and says what the screen has acknowledged.

    p01_counter.py --data DIR --ready FILE --staff ID --step N --seed S [--calm FILE]

Each line on stdout is one acknowledgment. With ``--calm`` nothing new is begun: what is open is answered, what
waits is sent, and the terminal's own book is written into FILE.
"""

import argparse
import asyncio
import json
import os
import random
import re
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QLabel

from client.config import Config
from client.domain.calendar import short_wareki, tokyo_day
from client.rules import totp
from tests.journeys.clerk import Clerk, Played
from tests.journeys.gestures import NotShownError
from tests.promises.p01_people import person_of

if TYPE_CHECKING:
    from ui.assembly import Counter

NEW_TOWN = "みどり県あおぞら市𠮷野町二丁目"
_NUMBER = re.compile(r"-(\d{6})\b")


def say(*words: object) -> None:
    """Tell at once: the next moment may be the last."""
    os.write(1, (" ".join(map(str, words)) + "\n").encode())


class Mortal(Clerk):
    """A clerk whose counter may die at any moment."""

    def __init__(self, counter: "Counter", played: Played, asked: argparse.Namespace) -> None:
        super().__init__(counter, played)
        self.asked = asked
        self.chance = random.Random(asked.seed)  # noqa: S311 what a visitor wants next
        self.today = short_wareki(tokyo_day(datetime.now(UTC))).replace("令", "R")

    async def play(self) -> None:
        """Sign in, answer what is open, and work until killed."""
        await self.enter()
        await self.answer_open()
        if self.asked.calm:
            await self.filled()
            await self.come_to_rest()
            return
        for number in range(1000):
            if self.chance.random() < 0.7:
                await self.serve()
            else:
                await self.take_in(f"{self.asked.seed}番{number}号")

    async def enter(self) -> None:
        """Sign in with the code of a given half minute."""
        person = person_of(self.asked.ready, self.asked.staff)
        await self.hands.wait_for("logInTraining")
        await self.hands.type("logInStaff", self.asked.staff)
        await self.hands.type("logInPassword", person["password"])
        await self.hands.type("logInCode", totp.code(person["seed"], self.asked.step))
        await self.hands.press(Qt.Key.Key_Return)
        await self.hands.until(lambda: self.sees("search") or self.sees("handedOver"), "the counter", 30)
        say("signed", self.counter.sign_in.how.value if self.counter.sign_in else "?")
        await self.quiet()

    def sees(self, name: str) -> bool:
        """Tell whether something is on the screen."""
        return self.hands.sees(name)

    def number(self) -> str:
        """Return the number of the sheet the screen asks about, empty where it asks about none."""
        if not self.sees("presentCopy"):
            return ""
        found = _NUMBER.search(self.hands.find(QLabel, "presentCopy").text())
        return found.group(1) if found else ""

    async def answer_open(self) -> None:
        """Say what became of each sheet the last life left; nothing may come out by itself."""
        while number := self.number():
            say("asked", number)
            await self.answer(number)
        if self.sees("certificateBack"):
            await self.hands.press(Qt.Key.Key_Escape)
        await self.hands.until(lambda: self.sees("search"), "the counter", 10)

    async def answer(self, number: str) -> None:
        """Hand over or spoil, and wait until the screen takes the word."""
        handed = self.chance.random() < 0.8
        await self.hands.push("handedOver" if handed else "spoiled")
        await self.hands.until(lambda: self.number() != number, "the word is taken", 10)
        say("handed" if handed else "spoiled", number)

    async def serve(self) -> None:
        """Issue a paper."""
        await self.find()
        await self.ask_for_paper()
        await self.hands.press(Qt.Key.Key_F12)
        await self.print_it()
        await self.hands.until(lambda: bool(self.number()), "the sheet", 20)
        number = self.number()
        say("sheet", number)
        await self.answer(number)
        await self.hands.press(Qt.Key.Key_Escape)
        await self.hands.until(lambda: self.sees("search"), "the counter", 10)

    async def take_in(self, banchi: str) -> None:
        """Take in a 転居届 that nobody else files; accepted is what the form says."""
        await self.find()
        await self.hands.begin_form()
        await self.hands.wait_for("tenkyoTown")
        await self.hands.type("tenkyoTown", NEW_TOWN)
        await self.hands.type("tenkyoBanchi", banchi)
        await self.hands.type("tenkyoIdoDate", self.today)
        form = self.counter.face.taking_in.change
        await self.hands.push("tenkyoAccept")
        await self.hands.until(lambda: form.accepted is not None, "仮受付", 20)
        say("taken", banchi)
        await self.hands.press(Qt.Key.Key_Escape)
        await self.hands.until(lambda: self.sees("search"), "the counter", 10)

    async def come_to_rest(self) -> None:
        """Wait until nothing waits, and write the terminal's own book down."""
        ledger = self.counter.doors.stores.ledger
        for _ in range(900):
            waiting = [one for one in await ledger.outbox() if one.receipt is None]
            if not waiting and self.counter.rounds.facts.waiting == 0:
                break
            self.counter.rounds.wake()
            await asyncio.sleep(0.1)
        verdict = await ledger.verify_journal()
        changes = await ledger.outbox(settled=True)
        lines = await ledger.journal_tail(1_000_000)
        told: dict[str, Any] = {
            "states": {change.key: change.state.value for change in changes},
            "copies": {
                copy.serial.key: copy.state.value
                for copy in await ledger.copies(tokyo_day(datetime.now(UTC)))
            },
            "journal": [str(line.entry.facts["serial"]) for line in lines if line.entry.kind == "issue"],
            "journal_bad": verdict.first_bad,
            "outbox_bad": await ledger.verify_outbox(),
        }
        self.asked.calm.write_text(json.dumps(told), "utf-8")
        say("rest")


def main() -> int:
    """Open the counter with the clerk at it."""
    parser = argparse.ArgumentParser()
    for name in ("data", "ready", "calm"):
        parser.add_argument(f"--{name}", type=Path, required=name != "calm")
    parser.add_argument("--staff", required=True)
    parser.add_argument("--step", type=int, required=True)
    parser.add_argument("--seed", type=int, required=True)
    asked = parser.parse_args()
    from ui.window import open_counter

    ready = json.loads(asked.ready.read_text("utf-8"))
    token = asked.data / "token"
    asked.data.mkdir(parents=True, exist_ok=True)
    if not token.exists():
        token.write_text(ready["enrolment_tokens"][0], "utf-8")
    config = Config(
        environment="trial",
        data_dir=asked.data / "terminal",
        cloud_url=ready["url"],
        ca_file=ready["ca_file"],
        terminal_name="本庁1",
        printer_uri=f"file:{(asked.data / 'papers').resolve()}",
        printer_name="プリンタ001",
        training_hint=str(asked.ready),
        enrolment_token_file=str(token),
        sync_seconds=2,
        theme="light",
    )

    async def driver(counter: "Counter") -> int:
        try:
            clerk = Mortal(counter, Played(asked.data), asked)
            clerk.hands._camera_dir = None  # no pictures: a life is short
            await clerk.play()
        except NotShownError as trouble:
            say("stuck", str(trouble).replace(" ", "_"))
            return 1
        return 0

    return open_counter(config, driver=driver)


if __name__ == "__main__":
    os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
    sys.exit(main())
