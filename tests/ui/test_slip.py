"""仮受付票 at the counter, by gestures: out at once, again when the printer failed; the intake stands."""

import asyncio
from collections.abc import Callable

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QApplication, QLabel, QPushButton, QTableView

from client.domain.certificate import SheetState
from client.domain.change import ChangeState
from client.domain.errors import PaperError
from client.domain.slip import IntakeSlip
from client.jobs.ports import Printed
from tests.ui import states
from tests.ui.drive import Counter
from tests.ui.world import PaperPress, World

pytestmark = pytest.mark.long

Drive = Callable[..., None]
ALT = Qt.KeyboardModifier.AltModifier


class SlowPress(PaperPress):
    """A press that takes its time over a slip."""

    async def print_slip(self, slip: IntakeSlip) -> Printed:
        await asyncio.sleep(0.3)
        return await super().print_slip(slip)


def note(counter: Counter) -> str:
    hands = counter.hands
    return f"{hands.find(QLabel, 'noticeWhat').text()} {hands.find(QLabel, 'noticeMore').text()}"


def test_the_slip_is_out_when_the_notification_is_taken_in(drive: Drive) -> None:
    async def play(counter: Counter) -> None:
        await states.tenkyo_done(counter)
        (slip,) = counter.world.press.slips
        (change,) = counter.world.ledger.changes.values()
        assert slip.number == change.key
        assert slip.address is not None
        assert "二丁目4番5号" in slip.address
        assert "お渡しください" in note(counter)

    drive(play)


def test_a_printer_that_refuses_leaves_the_intake_and_alt_p_prints_again(drive: Drive) -> None:
    async def play(counter: Counter) -> None:
        counter.world.press.trouble = PaperError(
            "paper.printer_refused", printer="プリンタ1", words="用紙がありません"
        )
        await states.tenkyo_done(counter)
        assert [one.state for one in counter.world.ledger.changes.values()] == [ChangeState.QUEUED]
        assert "印刷できません" in note(counter)
        assert "保存済み" in note(counter)
        counter.world.press.trouble = None
        await counter.hands.press(Qt.Key.Key_P, modifier=ALT)
        await counter.hands.until(lambda: len(counter.world.press.slips) == 1, "the slip", 5)
        await counter.quiet()
        assert "お渡しください" in note(counter)

    drive(play)


def test_a_printer_that_does_not_know_asks_the_clerk_to_look(drive: Drive) -> None:
    async def play(counter: Counter) -> None:
        counter.world.press.state = SheetState.UNKNOWN
        await states.tenkyo_done(counter)
        assert "確かめてください" in note(counter)
        assert counter.hands.find(QPushButton, "tenkyoSlip").isEnabled()

    drive(play)


def test_a_slip_that_failed_after_the_clerk_went_on_is_told_at_the_counter_and_printed_from_the_outbox(
    drive: Drive,
) -> None:
    async def play(counter: Counter) -> None:
        await states.tenkyo(counter)
        counter.world.press.trouble = PaperError("paper.printer_unreachable")
        await counter.hands.press(Qt.Key.Key_F12)
        await counter.hands.until(lambda: bool(counter.world.ledger.changes), "the intake", 5)
        await counter.hands.press(Qt.Key.Key_Escape)
        assert counter.shell.present == "counter"
        await counter.quiet()
        assert "印刷できません" in note(counter)
        counter.world.press.trouble = None
        await counter.hands.press(Qt.Key.Key_F5)
        await counter.quiet()
        assert QApplication.focusWidget() is counter.hands.find(QTableView, "outboxList")
        await counter.hands.press(Qt.Key.Key_P, modifier=ALT)
        await counter.hands.until(lambda: len(counter.world.press.slips) == 1, "the slip", 5)
        await counter.quiet()

    drive(play, world=World(press=SlowPress()))


@pytest.mark.parametrize("percent", [100, 150, 200])
@pytest.mark.parametrize("size", [(1168, 620), (1366, 768), (1920, 1080)])
def test_the_form_keeps_its_buttons_on_the_screen_whatever_else_is_on_it(
    drive: Drive, size: tuple[int, int], percent: int
) -> None:
    async def play(counter: Counter) -> None:
        await states.tenkyo_gaps(counter)
        for name in ("tenkyoAccept", "tenkyoBack"):
            assert_whole(counter.hands.find(QPushButton, name))

    drive(play, size=size, percent=percent)


def assert_whole(button: QPushButton) -> None:
    shown = button.visibleRegion().boundingRect()
    assert shown == button.rect(), f"{button.objectName()} is cut: {shown} of {button.rect()}"
