"""The lock covers the visit whole: nothing that floats over the window stays, and the next clerk finds nothing of it."""

import asyncio
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import (
    QApplication,
    QComboBox,
    QLabel,
    QLineEdit,
    QMenu,
    QMessageBox,
    QPushButton,
    QToolTip,
    QWidget,
)

from client.domain.clerk import SignIn
from client.domain.query import Query
from tests.ui import states
from tests.ui.drive import Counter

pytestmark = [
    pytest.mark.long,
    # offscreen has no window manager, and a menu asks for its services
    pytest.mark.qt_log_ignore("propagateSizeHints", "raise", "grabbing the keyboard", "without screen"),
]
Drive = Callable[..., None]
Key = Qt.Key
WATANABE = "わたなべ はなこ"


def afloat(counter: Counter) -> list[str]:
    return [
        f"{type(one).__name__} {one.objectName()}"
        for one in QApplication.topLevelWidgets()
        if one.isVisible() and one is not counter.shell
    ]


async def the_keyboard_is_the_sign_in_s(counter: Counter) -> None:
    """The lock shows, nothing floats over it, and what is typed goes into its first field."""
    await counter.quiet()
    assert counter.shell.present == "log_in"
    assert afloat(counter) == []
    assert QApplication.activeModalWidget() is QApplication.activePopupWidget() is None
    staff = counter.hands.find(QLineEdit, "logInStaff")
    await counter.hands.until(lambda: QApplication.focusWidget() is staff, "the keyboard", 5)
    await counter.hands.press(Key.Key_S)
    assert staff.text() == "s"


async def the_history(counter: Counter) -> None:
    await counter.open_resident()
    await counter.hands.push("findHistory")
    assert afloat(counter) == ["QMenu findHistoryMenu"]


async def the_large_letters(counter: Counter) -> None:
    await counter.open_resident()
    await counter.hands.press(Key.Key_Z, modifier=Qt.KeyboardModifier.AltModifier)
    await counter.hands.wait_for("zoom")
    assert afloat(counter) == ["ZoomDialog zoom"]


async def the_help(counter: Counter) -> None:
    await counter.open_resident()
    await counter.hands.press(Key.Key_F1)
    assert afloat(counter) == ["QMessageBox help"]


async def a_list_of_choices(counter: Counter) -> None:
    await states.basket(counter)
    identity = counter.hands.find(QComboBox, "identity")
    identity.setFocus()
    await counter.hands.press(Key.Key_Down, identity, Qt.KeyboardModifier.AltModifier)
    assert QApplication.activePopupWidget() is not None


async def a_field_s_menu(counter: Counter) -> None:
    await counter.open_resident()
    search = counter.hands.find(QLineEdit, "search")
    menu = search.createStandardContextMenu()
    menu.popup(search.mapToGlobal(search.rect().bottomLeft()))
    await asyncio.sleep(0.02)
    assert QApplication.activePopupWidget() is menu


async def a_tip(counter: Counter) -> None:
    await counter.open_resident()
    QToolTip.showText(counter.shell.mapToGlobal(counter.shell.rect().center()), "渡邉　花子", counter.shell)
    await counter.hands.until(lambda: bool(afloat(counter)), "the tip", 5)


@pytest.mark.parametrize(
    "show", [the_history, the_large_letters, the_help, a_list_of_choices, a_field_s_menu, a_tip]
)
def test_what_floats_over_the_visit_goes_with_it(drive: Drive, show: Any) -> None:
    async def play(counter: Counter) -> None:
        await counter.sign_in()
        await show(counter)
        counter.face.lock()  # as the idle lock does, whatever has the keyboard
        await the_keyboard_is_the_sign_in_s(counter)

    async def basket(counter: Counter) -> None:  # signs in by itself
        await show(counter)
        counter.face.lock()
        await the_keyboard_is_the_sign_in_s(counter)

    drive(basket if show is a_list_of_choices else play)


@pytest.mark.parametrize("show", [the_history, the_large_letters, the_help])
def test_f9_locks_also_while_a_menu_or_a_dialog_has_the_keyboard(drive: Drive, show: Any) -> None:
    async def play(counter: Counter) -> None:
        await counter.sign_in()
        counter.shell.watch_gestures()
        await show(counter)
        await counter.hands.press(Key.Key_F9, QApplication.activePopupWidget() or QApplication.focusWidget())
        await the_keyboard_is_the_sign_in_s(counter)

    drive(play)


def test_a_question_asked_before_the_lock_is_answered_as_its_esc_does(drive: Drive) -> None:
    async def play(counter: Counter) -> None:
        await counter.sign_in()
        box = QMessageBox(counter.shell)
        leave = box.addButton("leave", QMessageBox.ButtonRole.AcceptRole)
        back = box.addButton("back", QMessageBox.ButtonRole.RejectRole)
        answered: list[int] = []
        box.finished.connect(answered.append)
        box.open()
        await asyncio.sleep(0.02)
        counter.face.lock()
        await the_keyboard_is_the_sign_in_s(counter)
        assert len(answered) == 1
        assert box.clickedButton() in {None, back}
        assert box.clickedButton() is not leave

    drive(play)


def test_nothing_opens_over_the_lock_from_the_visit_behind_it(drive: Drive) -> None:
    async def play(counter: Counter) -> None:
        await counter.sign_in()
        await counter.open_resident()
        counter.face.lock()
        counter.face.counter_view.zoom()  # a key that was on its way
        await the_keyboard_is_the_sign_in_s(counter)

    drive(play)


def hold(counter: Counter, name: str) -> tuple[asyncio.Event, asyncio.Event]:
    """Let a job of the counter wait at its door; returns what says that it is there, and what lets it on."""
    jobs = counter.face.counter._jobs
    asked, go_on = asyncio.Event(), asyncio.Event()
    real = getattr(jobs, name)

    async def held(*what: Any) -> Any:
        answer = asyncio.ensure_future(real(*what))  # asked for by whoever is signed in now
        asked.set()
        await go_on.wait()
        return await answer

    held_one: dict[str, Any] = {name: held}
    counter.face.counter._jobs = replace(jobs, **held_one)
    return asked, go_on


def test_a_paper_that_is_decided_behind_the_lock_is_not_shown_over_it(drive: Drive) -> None:
    async def play(counter: Counter) -> None:
        await states.ready(counter)
        asked, go_on = hold(counter, "prepare")
        await counter.hands.press(Key.Key_F12)
        await asked.wait()
        await counter.hands.press(Key.Key_F9)
        go_on.set()
        await counter.quiet()
        await the_keyboard_is_the_sign_in_s(counter)
        await counter.sign_in()
        assert counter.face.counter.reason == ""  # the visit is there, and F12 asks again

    drive(play)


@pytest.mark.parametrize("name", ["prepare", "household"])
def test_an_answer_to_the_last_clerk_is_not_shown_to_the_next(drive: Drive, name: str) -> None:
    async def play(counter: Counter) -> None:
        await states.ready(counter)
        asked, go_on = hold(counter, name)
        if name == "prepare":
            await counter.hands.press(Key.Key_F12)
        else:
            counter.face.counter.refresh()
        await asked.wait()
        await counter.hands.press(Key.Key_F9)
        await counter.sign_in("s002")
        go_on.set()
        await counter.quiet()
        assert counter.shell.present == "counter"
        assert counter.face.counter.resident is None
        assert not counter.face.counter.preparing

    drive(play)


def texts_of(window: QWidget) -> str:
    """Return all that is shown in a window, and what its fields and menus hold, shown or not."""
    labels = [one.text() + one.accessibleName() for one in window.findChildren(QLabel) if one.isVisible()]
    buttons = [one.text() for one in window.findChildren(QPushButton) if one.isVisible()]
    actions = [action.text() for menu in window.findChildren(QMenu) for action in menu.actions()]
    return "\n".join([*labels, *buttons, *actions, *(one.text() for one in window.findChildren(QLineEdit))])


def test_the_next_clerk_reaches_nothing_of_the_last_one_s_visit(drive: Drive) -> None:
    async def play(counter: Counter) -> None:
        await counter.sign_in()
        await counter.open_resident()
        await counter.hands.push("findHistory")
        counter.face.lock()
        await counter.sign_in("s002")
        find = counter.face.counter.find
        assert (find.history, find.recent, find.lines, find.query) == ((), (), (), Query())
        assert not counter.hands.find(QPushButton, "findHistory").isEnabled()
        assert WATANABE not in texts_of(counter.shell)
        counter.face.lock()
        await counter.sign_in("s001")
        assert [query.typed for query in find.history] == [WATANABE]  # their own is there again

    drive(play)


def test_an_unfinished_notification_is_not_left_in_its_fields_for_the_next_clerk(drive: Drive) -> None:
    async def play(counter: Counter) -> None:
        await counter.sign_in()
        await counter.open_resident()
        await counter.hands.begin_form()
        await counter.hands.type("tenkyoTown", "みどり県あおぞら市青空町")
        counter.face.lock()
        await counter.sign_in("s002")
        assert counter.shell.present == "counter"
        assert counter.face.taking_in.change.household is None
        held = texts_of(counter.shell)
        assert "青空町" not in held
        assert "渡邉" not in held

    drive(play)


def test_what_was_typed_and_taken_out_comes_back_for_nobody_else(drive: Drive) -> None:
    async def play(counter: Counter) -> None:
        await counter.sign_in()
        for name in ("search", "findDetails", "find_name"):
            if name == "findDetails":
                await counter.hands.push(name)
                continue
            await counter.hands.type(name, "秘密")
            await counter.hands.type(name, "")
            assert counter.hands.find(QLineEdit, name).isUndoAvailable()
        counter.face.lock()
        await counter.sign_in("s002")
        for name in ("search", "find_name"):
            field = counter.hands.find(QLineEdit, name)
            await counter.hands.press(Key.Key_Z, field, Qt.KeyboardModifier.ControlModifier)
            assert field.text() == ""

    drive(play)


def test_a_search_under_way_at_the_lock_is_asked_again_by_the_clerk_who_comes_back(drive: Drive) -> None:
    async def play(counter: Counter) -> None:
        await counter.sign_in()
        await counter.hands.type("search", "わたなべ")
        counter.face.lock()  # before the pause after which the cloud is asked is over
        await the_keyboard_is_the_sign_in_s(counter)
        await counter.sign_in()
        await counter.quiet()
        find = counter.face.counter.find
        assert find.lines
        assert (find.busy, find.asking, find.failed) == (False, False, False)

    drive(play)


def test_a_second_clerk_s_keys_go_while_the_cloud_is_still_being_told_that_the_first_has_left(
    drive: Drive,
) -> None:
    async def play(counter: Counter) -> None:
        sessions, told, go_on = counter.world.jobs.log_in._sessions, asyncio.Event(), asyncio.Event()

        async def slow(_sign_in: SignIn) -> None:
            told.set()
            await go_on.wait()

        sessions.sign_out = slow  # type: ignore[method-assign, assignment]  # a slow line
        await counter.sign_in()
        counter.face.lock()
        await told.wait()
        await counter.sign_in("s002")
        counter.face.lock()
        await counter.hands.until(lambda: counter.world.stores.keys is None, "the keys to go", 2)
        go_on.set()
        await counter.quiet()

    drive(play)
