"""What was asked for on F5 or in a form and comes late: it is shown to who asked, where they asked, or not at all."""

import asyncio
from collections.abc import Callable
from typing import Any

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QLabel, QLineEdit, QPushButton

from client.domain.change import ChangeState
from tests.ui import settle_states as states
from tests.ui.drive import Counter
from tests.ui.test_settle import requests

pytestmark = [pytest.mark.long, pytest.mark.qt_log_ignore("propagateSizeHints")]
Drive = Callable[..., None]
Key = Qt.Key


class Held:
    """A job that answers when it is let go."""

    def __init__(self, job: object, name: str) -> None:
        self.asked, self._go_on = asyncio.Event(), asyncio.Event()
        self._real = getattr(job, name)
        setattr(job, name, self)

    async def __call__(self, *what: Any, **more: Any) -> Any:
        self.asked.set()
        await self._go_on.wait()
        return await self._real(*what, **more)

    async def let_go(self, counter: Counter) -> None:
        self._go_on.set()
        await counter.quiet()


async def reopening(counter: Counter) -> Held:
    """A returned one whose form is being opened: the line is slow."""
    await states.returned(counter)
    held = Held(counter.world.jobs.returned, "open")
    await counter.hands.push("settleReopen")
    await held.asked.wait()
    return held


def test_a_form_that_opens_behind_the_lock_is_not_shown_over_it(drive: Drive) -> None:
    async def play(counter: Counter) -> None:
        held = await reopening(counter)
        await counter.hands.press(Key.Key_F9)
        await held.let_go(counter)
        assert counter.shell.present == "log_in"
        assert counter.face.taking_in.change.instead_of == ""

    drive(play)


def test_a_form_that_opens_late_is_not_shown_to_the_next_clerk(drive: Drive) -> None:
    async def play(counter: Counter) -> None:
        held = await reopening(counter)
        await counter.hands.press(Key.Key_F9)
        await counter.sign_in("s002")
        await held.let_go(counter)
        assert counter.shell.present == "counter"
        assert counter.face.taking_in.change.form is None

    drive(play)


def test_a_form_that_opens_late_does_not_fall_over_what_is_typed_meanwhile(drive: Drive) -> None:
    async def play(counter: Counter) -> None:
        held = await reopening(counter)
        await counter.hands.press(Key.Key_F2)
        await counter.hands.begin_form()
        await counter.hands.type("tenkyoBanchi", "9番9号")
        await held.let_go(counter)
        assert counter.hands.find(QLineEdit, "tenkyoBanchi").text() == "9番9号"
        assert counter.face.taking_in.change.instead_of == ""

    drive(play)


def test_what_is_decided_behind_the_lock_opens_nothing_over_it(drive: Drive) -> None:
    async def play(counter: Counter) -> None:
        await states.conflict(counter)
        held = Held(counter.world.jobs.settle, "withdraw")
        await counter.hands.type("settleReason", "本人が取り下げ")
        await counter.hands.push("settleWithdraw")
        await held.asked.wait()
        await counter.hands.press(Key.Key_F9)
        await held.let_go(counter)
        assert counter.shell.present == "log_in"
        assert requests(counter)[-1].state is ChangeState.WITHDRAWN

    drive(play)


def test_a_change_that_is_read_late_is_not_shown_in_the_place_of_another(drive: Drive) -> None:
    async def play(counter: Counter) -> None:
        await states.calls(counter)
        outbox = counter.face.outbox
        back = next(one for one in outbox.calls if one.state is ChangeState.LANDED)
        refused = next(one for one in outbox.calls if one.state is ChangeState.REFUSED)
        held = Held(counter.world.live, "household_of")
        outbox.choose(refused.key)
        await counter.hands.push("outboxSettle")
        await held.asked.wait()
        await counter.hands.press(Key.Key_Escape)
        await counter.hands.until(lambda: any(one.key == back.key for one in outbox.changes), "the list", 5)
        outbox.choose(back.key)
        await counter.hands.push("outboxSettle")
        await held.let_go(counter)
        assert back.key[-8:] in counter.hands.find(QLabel, "settleHeading").text()
        assert counter.hands.find(QPushButton, "settleReopen").isEnabled()

    drive(play)


async def accepting(counter: Counter) -> Held:
    """A move that is being taken in: the line is slow."""
    await states.filled_in(counter)
    held = Held(counter.world.jobs.queue, "take")
    await counter.hands.push("tenkyoAccept")
    await held.asked.wait()
    return held


@pytest.mark.parametrize("key", [Key.Key_Escape, Key.Key_F2, Key.Key_F5, Key.Key_F9])
def test_the_form_stays_until_it_is_known_whether_it_was_taken_in(drive: Drive, key: Qt.Key) -> None:
    async def play(counter: Counter) -> None:
        held = await accepting(counter)
        await counter.hands.press(key)
        assert counter.shell.present == "change"
        assert "お待ちください" in counter.hands.find(QLabel, "noticeWhat").text()
        await held.let_go(counter)
        change = counter.face.taking_in.change
        assert [one.key for one in requests(counter)] == [change.accepted.key if change.accepted else ""]
        assert "仮受付しました" in counter.hands.find(QLabel, "noticeWhat").text()
        await counter.hands.press(key)
        assert counter.shell.present != "change"

    drive(play)
