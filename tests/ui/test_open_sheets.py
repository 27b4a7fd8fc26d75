"""After a restart, or trouble in mid-issue, the counter asks sheet by sheet what became of each; nothing prints itself."""

import asyncio
from collections.abc import Callable

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QApplication, QLabel, QPushButton, QWidget

from client.domain.certificate import Decided, SheetState
from client.domain.change import ChangeKind
from client.domain.errors import StoreError
from tests.builders import a_sign_in
from tests.store_builders import an_issue
from tests.ui import states
from tests.ui.drive import Counter
from tests.ui.world import World
from ui.screens.certificate.model import Phase

Drive = Callable[..., None]


def present(counter: Counter) -> str:
    return counter.hands.find(QLabel, "presentCopy").text()


async def signs_in(counter: Counter) -> None:
    """Sign in, and be asked before anything else."""
    for name, text in (("logInStaff", "s001"), ("logInPassword", "aozora"), ("logInCode", "123456")):
        await counter.hands.type(name, text)
    await counter.hands.push("logInButton")
    await counter.hands.until(lambda: counter.shell.present == "certificate", "the question", 5)


async def left_open(world: World, copies: int = 2) -> None:
    """Write numbers down and die: what a killed counter leaves."""
    for _ in range(copies):
        await world.ledger.issue(an_issue(), actor=a_sign_in().clerk.staff_id, clock_offset_ms=0)
    world.ledger.restart()


def states_of(world: World) -> list[SheetState]:
    return [copy.state for copy in world.ledger.copies.values()]


def test_after_a_restart_each_open_sheet_is_asked_about_by_itself(drive: Drive) -> None:
    async def play(counter: Counter) -> None:
        hands, world = counter.hands, counter.world
        await left_open(world)
        await signs_in(counter)
        await counter.quiet()
        assert "000001" in present(counter)
        assert "2通" in hands.find(QLabel, "noticeWhat").text()
        await hands.press(Qt.Key.Key_F12)  # meant for another screen
        await hands.press(Qt.Key.Key_Space)  # and so was this
        await counter.quiet()
        assert states_of(world) == [SheetState.UNKNOWN] * 2
        await hands.push("handedOver")
        await hands.until(lambda: "000002" in present(counter), "the second question", 5)
        await counter.quiet()
        await hands.press(Qt.Key.Key_Space)  # a press too many answers nothing
        await counter.quiet()
        assert states_of(world) == [SheetState.HANDED_OVER, SheetState.UNKNOWN]
        for key in (Qt.Key.Key_Escape, Qt.Key.Key_F2, Qt.Key.Key_F5):
            await hands.press(key)
            assert counter.shell.present == "certificate"
        await hands.push("spoiled")
        await hands.until(lambda: counter.face.certificate.phase is Phase.DONE, "the end", 5)
        assert states_of(world) == [SheetState.HANDED_OVER, SheetState.SPOILED]
        assert not world.press.printed
        assert not hands.sees("reprint")  # whoever wants the paper again asks for it as before
        await hands.press(Qt.Key.Key_Escape)
        assert counter.shell.present == "counter"
        await counter.quiet()
        assert counter.shell.present == "counter"
        facts = [one.kind for one in world.ledger.changes.values()]
        assert facts.count(ChangeKind.HANDED_OVER) == facts.count(ChangeKind.SPOILED) == 1

    drive(play)


def test_an_open_sheet_can_be_answered_by_the_keyboard_alone(drive: Drive) -> None:
    async def play(counter: Counter) -> None:
        await left_open(counter.world, 1)
        await signs_in(counter)
        await asyncio.sleep(0.7)
        await counter.hands.press(Qt.Key.Key_F12)
        await counter.hands.until(lambda: counter.face.certificate.phase is Phase.DONE, "the end", 5)
        assert states_of(counter.world) == [SheetState.HANDED_OVER]

    drive(play)


def test_whoever_looks_elsewhere_first_is_asked_on_the_way_back(drive: Drive) -> None:
    async def play(counter: Counter) -> None:
        await counter.sign_in()
        await counter.quiet()
        counter.face.show_outbox()
        await left_open(counter.world, 1)
        await counter.hands.press(Qt.Key.Key_Escape)
        await counter.hands.until(lambda: counter.shell.present == "certificate", "the question", 5)
        assert "000001" in present(counter)

    drive(play)


def test_a_mistake_of_ours_in_mid_issue_does_not_hang_the_screen_and_the_sheet_is_asked_about(
    drive: Drive,
) -> None:
    def mistake(_decided: Decided) -> None:
        raise RuntimeError("a mistake of ours")

    async def play(counter: Counter) -> None:
        await states.preview(counter)
        counter.world.press.before_print = mistake
        await counter.hands.push("previewPrint")
        await counter.hands.until(lambda: counter.face.certificate.present is not None, "the question", 5)
        assert counter.bugs
        counter.bugs.clear()
        assert not counter.face.busy  # it can be locked and closed
        await counter.hands.push("spoiled")
        await counter.hands.until(lambda: counter.face.certificate.phase is Phase.DONE, "the end", 5)
        assert SheetState.SPOILED in states_of(counter.world)
        assert not counter.world.press.printed

    drive(play)


def test_a_disk_that_fills_up_while_the_paper_comes_out_is_said_and_the_sheet_asked_about(
    drive: Drive,
) -> None:
    async def play(counter: Counter) -> None:
        world = counter.world

        def fill_up(_decided: Decided) -> None:
            world.ledger.full = True

        await states.preview(counter)
        world.press.before_print = fill_up
        await counter.hands.push("previewPrint")
        await counter.hands.until(lambda: counter.hands.sees("handedOver"), "the question", 5)
        expected = counter.words.error(StoreError("store.full").code, {}).what
        assert counter.hands.find(QLabel, "noticeWhat").text() == expected
        assert len(world.press.printed) == 1
        await counter.hands.push("handedOver")
        await counter.quiet()
        assert counter.hands.sees("handedOver")  # it could not be written: the question stays
        world.ledger.full = False
        await counter.hands.push("handedOver")
        await counter.quiet()
        assert counter.hands.find(QWidget, "certificateBack").isVisible()
        assert states_of(world)[-1] is SheetState.HANDED_OVER

    drive(play)


def test_a_question_does_not_put_the_answer_under_the_finger(drive: Drive) -> None:
    async def play(counter: Counter) -> None:
        await left_open(counter.world, 1)
        await signs_in(counter)
        await counter.quiet()
        assert not counter.hands.find(QPushButton, "handedOver").hasFocus()
        assert not counter.hands.find(QPushButton, "spoiled").hasFocus()
        assert counter.face.certificate_view.hasFocus()
        await counter.hands.press(Qt.Key.Key_Tab)
        focused = QApplication.focusWidget()
        assert focused is not None
        assert counter.face.certificate_view.isAncestorOf(focused)

    drive(play)
