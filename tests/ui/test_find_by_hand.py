"""The search column by the keyboard alone: the form, what was searched before, a result's letters large."""

from collections.abc import Callable

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QApplication, QLineEdit, QListView, QMenu, QPushButton

from tests.ui.drive import Counter
from ui.screens.counter.zoom import ZoomDialog

pytestmark = [
    pytest.mark.long,
    # offscreen has no window manager, and a menu asks for its services
    pytest.mark.qt_log_ignore("propagateSizeHints", "raise", "grabbing the keyboard"),
]
Drive = Callable[..., None]
Key = Qt.Key
NUMBER = "379474484458"


async def searched(counter: Counter, typed: str) -> None:
    await counter.sign_in()
    await counter.hands.type("search", typed)
    await counter.hands.until(lambda: bool(counter.face.counter.find.lines), "hits", 5)
    await counter.quiet()


def test_the_letters_of_a_result_are_shown_large_with_f7(drive: Drive) -> None:
    async def play(counter: Counter) -> None:
        await searched(counter, "わたなべ")
        results = counter.hands.find(QListView, "results")
        results.setFocus()
        await counter.hands.press(Key.Key_F7, results)
        shown = counter.shell.findChildren(ZoomDialog)
        assert len(shown) == 1
        await counter.hands.press(Key.Key_Escape, shown[0])
        assert counter.face.counter.resident is None  # nobody was opened by it

    drive(play)


def test_the_form_opens_takes_what_is_typed_and_closes_with_the_keyboard(drive: Drive) -> None:
    async def play(counter: Counter) -> None:
        await counter.sign_in()
        await counter.hands.push("findDetails")
        name = counter.hands.find(QLineEdit, "find_name")
        assert QApplication.focusWidget() is name
        await counter.hands.type("find_birth", "昭和58年")
        assert counter.face.counter.find.query.birth == "昭和58年"
        await counter.hands.push("findDetails")
        assert counter.face.counter.find.query.is_empty
        assert QApplication.focusWidget() is counter.hands.find(QLineEdit, "search")

    drive(play)


def test_a_search_of_before_is_asked_again_from_the_history(drive: Drive) -> None:
    async def play(counter: Counter) -> None:
        await searched(counter, "わたなべ はなこ")
        button = counter.hands.find(QPushButton, "findHistory")
        assert not button.isEnabled()
        counter.face.counter.find.choose(0)
        await counter.quiet()
        counter.face.counter.find.type("")
        await counter.quiet()
        assert button.isEnabled()
        await counter.hands.push("findHistory")
        menu = counter.shell.findChild(QMenu, "findHistoryMenu")
        assert menu is not None
        assert [action.text() for action in menu.actions()] == ["わたなべ はなこ"]
        menu.actions()[0].trigger()
        await counter.hands.until(lambda: bool(counter.face.counter.find.lines), "hits", 5)
        assert counter.hands.find(QLineEdit, "search").text() == "わたなべ はなこ"
        menu.close()

    drive(play)


@pytest.mark.parametrize("name", ["search", "find_name", "find_number"])
def test_a_number_taken_out_of_a_field_is_brought_back_by_nothing(drive: Drive, name: str) -> None:
    async def play(counter: Counter) -> None:
        await counter.sign_in()
        if name != "search":
            await counter.hands.push("findDetails")
        await counter.hands.type(name, NUMBER)
        field = counter.hands.find(QLineEdit, name)
        await counter.hands.press(Key.Key_Return, field)
        await counter.hands.until(lambda: counter.face.counter.find.note is not None, "the refusal", 5)
        assert field.text() == NUMBER  # until it is corrected
        assert not counter.hands.find(QPushButton, "findHistory").isEnabled()
        await counter.hands.type(name, "わたなべ")
        for _ in range(3):
            await counter.hands.press(Key.Key_Z, field, Qt.KeyboardModifier.ControlModifier)
            assert NUMBER[:11] not in field.text()
        await counter.quiet()
        assert NUMBER not in repr(counter.face.counter.find.query)
        assert counter.face.counter.find.history == ()
        assert counter.world.ledger.journal == [] or NUMBER not in repr(counter.world.ledger.journal)

    drive(play)


def test_half_a_letter_in_the_field_keeps_nobody_waiting(drive: Drive) -> None:
    async def play(counter: Counter) -> None:
        await counter.sign_in()
        await counter.hands.type("search", "わたなべ\ud800")
        await counter.quiet()
        find = counter.face.counter.find
        assert find.lines
        assert (find.busy, find.asking) == (False, False)
        for register in (counter.world.live, counter.world.replica):
            assert {query.typed for query in register.queries} == {"わたなべ"}

    drive(play)
