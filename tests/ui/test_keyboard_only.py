"""The whole main job by keys alone: Tab, mnemonics, F-keys and arrows, as a clerk without a mouse would.

Nothing here puts the focus anywhere by name: it goes where keys lead, and a clerk must be able to see where.
"""

import asyncio
from collections.abc import Callable

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QImage, QInputMethodEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import (
    QAbstractButton,
    QAbstractItemView,
    QAbstractScrollArea,
    QAbstractSpinBox,
    QApplication,
    QComboBox,
    QLineEdit,
    QWidget,
)

from client.domain.certificate import IdentityCheck
from client.domain.change import ChangeKind, ChangeState
from tests.journeys.gestures import NotShownError
from tests.ui import states
from tests.ui.attached_states import ATTACHED_STATES
from tests.ui.book_states import BOOK_STATES
from tests.ui.carry_states import CARRY_STATES
from tests.ui.change_states import CHANGE_STATES
from tests.ui.doubtful_states import DOUBTFUL_STATES
from tests.ui.drive import Counter
from tests.ui.settle_states import SETTLE_STATES
from tests.ui.two_states import TWO_STATES
from ui.screens.certificate.model import Phase

pytestmark = pytest.mark.long

Drive = Callable[..., None]
Key = Qt.Key
ALT, SHIFT = Qt.KeyboardModifier.AltModifier, Qt.KeyboardModifier.ShiftModifier
INTERACTIVE = (QAbstractButton, QLineEdit, QComboBox, QAbstractSpinBox, QAbstractItemView)
EVERY = (
    states.STATES
    | BOOK_STATES
    | CARRY_STATES
    | CHANGE_STATES
    | TWO_STATES
    | DOUBTFUL_STATES
    | ATTACHED_STATES
    | SETTLE_STATES
)
MOST = 70  # presses of Tab in which everything must have been reached


class Keys:
    """Ten fingers and a keyboard."""

    def __init__(self, counter: Counter) -> None:
        self.counter = counter
        self.until = counter.hands.until

    @property
    def here(self) -> QWidget:
        """Return what has the focus."""
        widget = QApplication.focusWidget()
        if widget is None:
            raise NotShownError("nothing has the focus")
        return widget

    async def press(
        self, key: Qt.Key, modifier: Qt.KeyboardModifier = Qt.KeyboardModifier.NoModifier
    ) -> None:
        """Press a key where the focus is."""
        QTest.keyClick(self.here, key, modifier)
        await asyncio.sleep(0.02)

    async def alt(self, letter: str) -> None:
        """Press Alt and an underlined letter; a button answers after the moment it is shown pressed."""
        await self.press(getattr(Key, f"Key_{letter}"), ALT)
        await asyncio.sleep(0.15)
        await self.counter.quiet()

    async def tab_to(self, name: str, *, back: bool = False) -> None:
        """Go on with Tab until a part has the focus."""
        for _ in range(MOST):
            if self.here.objectName() == name:
                return
            await self.press(
                Key.Key_Backtab if back else Key.Key_Tab, SHIFT if back else Qt.KeyboardModifier(0)
            )
        raise NotShownError(f"{name} by Tab")

    async def write(self, text: str) -> None:
        """Type, by keys or as an input method commits, into what has the focus."""
        if text.isascii():
            QTest.keyClicks(self.here, text)
        else:
            commit = QInputMethodEvent("", [])
            commit.setCommitString(text)
            QApplication.sendEvent(self.here, commit)
        await asyncio.sleep(0.02)

    async def sees(self, screen: str) -> None:
        """Wait for a screen."""
        await self.until(lambda: self.counter.shell.present == screen, screen, 5)
        await self.counter.quiet()


async def signed_in(keys: Keys) -> None:
    """Sign in: the focus begins in the first field."""
    assert keys.here.objectName() == "logInStaff"
    for text in ("s001", "aozora", "123456"):
        await keys.write(text)
        await keys.press(Key.Key_Tab)
    assert keys.here.objectName() == "logInButton"
    await keys.press(Key.Key_Space)
    await keys.sees("counter")


async def found(keys: Keys, kana: str) -> None:
    """Find somebody: type, go down the list, Enter."""
    await keys.press(Key.Key_F2)
    await keys.write(kana)
    await keys.until(lambda: bool(keys.counter.face.counter.find.lines), "hits", 5)
    await keys.press(Key.Key_Down)
    assert keys.here.objectName() == "results"
    await keys.press(Key.Key_Return)
    await keys.until(lambda: keys.counter.face.counter.resident is not None, "the resident", 5)
    await keys.counter.quiet()


async def issued(keys: Keys) -> None:
    """Ask for a paper of the whole household, print it, hand it over."""
    counter = keys.counter
    await keys.alt("A")  # the whole household
    await keys.alt("1")  # 住民票の写し
    assert counter.face.counter.basket.juminhyo
    await keys.alt("R")  # with relationships
    await keys.alt("I")  # to the identity check, by its caption
    assert keys.here.objectName() == "identity"
    await keys.press(Key.Key_Down)
    assert counter.face.counter.basket.identity is IdentityCheck.PHOTO
    await counter.quiet()
    await keys.press(Key.Key_F12)
    await keys.sees("certificate")
    assert keys.here.objectName() == "previewPrint"
    await keys.press(Key.Key_Space)
    await keys.until(lambda: counter.face.certificate.phase is Phase.CONFIRM, "the sheet", 5)
    await counter.quiet()
    assert keys.here.objectName() == "handedOver"
    await keys.press(Key.Key_Space)
    await keys.until(lambda: counter.face.certificate.phase is Phase.DONE, "its word", 5)
    await counter.quiet()
    await keys.press(Key.Key_Escape)
    await keys.sees("counter")


async def moved(keys: Keys) -> None:
    """Take in a notification: the fields from top to bottom, by Tab, one by its letter."""
    await keys.press(Key.Key_F6)
    await keys.sees("choose")
    await keys.press(Key.Key_Return)
    await keys.sees("change")
    for text in ("みどり県あおぞら市本町二丁目", "4番5号", ""):
        await keys.write(text)
        await keys.press(Key.Key_Tab)
    await keys.alt("5")
    assert keys.here.objectName() == "tenkyoIdoDate"
    await keys.write("R8.11.20")
    await keys.press(Key.Key_F12)
    await keys.until(lambda: keys.counter.face.taking_in.change.accepted is not None, "仮受付", 5)
    await keys.counter.quiet()
    assert keys.here.objectName() == "tenkyoBack"
    await keys.press(Key.Key_Space)
    await keys.sees("counter")


async def sent(keys: Keys) -> None:
    """Send what waits."""
    await keys.press(Key.Key_F5)
    await keys.sees("outbox")
    await keys.tab_to("outboxSend")
    await keys.press(Key.Key_Space)
    await keys.counter.quiet()
    await keys.press(Key.Key_Escape)
    await keys.sees("counter")


def test_the_whole_main_job_without_a_mouse(drive: Drive) -> None:
    async def play(counter: Counter) -> None:
        keys = Keys(counter)
        await signed_in(keys)
        await found(keys, "わたなべ たかたろう")
        await issued(keys)
        counter.world.cut()
        await issued_offline(keys)
        await moved(keys)
        counter.world.link.usable, counter.world.live.down = True, None
        await sent(keys)
        changes = counter.world.ledger.changes.values()
        assert sum(change.kind is ChangeKind.HANDED_OVER for change in changes) == 2
        assert sum(change.kind is ChangeKind.TENKYO for change in changes) == 1
        assert {change.state for change in changes} <= {ChangeState.ACCEPTED, ChangeState.LANDED}
        assert len(counter.world.press.slips) == 1
        await keys.press(Key.Key_F9)
        await keys.sees("log_in")

    drive(play)


async def issued_offline(keys: Keys) -> None:
    """The same again from the replica."""
    await found(keys, "わたなべ たかたろう")
    await issued(keys)


def test_shift_tab_goes_the_same_way_back(drive: Drive) -> None:
    async def play(counter: Counter) -> None:
        await states.ready(counter)
        keys = Keys(counter)
        await keys.press(Key.Key_F2)
        there = [keys.here]
        for _ in range(12):
            await keys.press(Key.Key_Tab)
            there.append(keys.here)
        for before in reversed(there[:-1]):
            await keys.press(Key.Key_Backtab, SHIFT)
            assert keys.here is before

    drive(play)


# -- every screen, every state


def in_turn() -> list[object]:
    """Every state of every screen; one of each screen in the gate, the others in stage look."""
    screens = set[str]()
    states = list[object]()
    for state in sorted(EVERY):
        screen = state.partition("-")[0]
        states.append(pytest.param(state, marks=[pytest.mark.slow] if screen in screens else []))
        screens.add(screen)
    return states


# Qt's offscreen platform cannot tell a window manager the size of a dialog, and says so.
@pytest.mark.qt_log_ignore("propagateSizeHints")
@pytest.mark.parametrize("state", in_turn())
def test_keys_reach_everything_and_the_focus_can_be_seen(drive: Drive, state: str) -> None:
    async def play(counter: Counter) -> None:
        await EVERY[state](counter)
        await counter.quiet()
        window = QApplication.activeModalWidget() or counter.shell
        wanted = {one for one in usable(window) if one.focusPolicy() & Qt.FocusPolicy.TabFocus}
        assert [one.objectName() for one in wanted if not spoken(one)] == []
        reached: set[QWidget] = set()
        for _ in range(MOST):
            here = QApplication.focusWidget()
            assert here is not None, "the focus is nowhere"
            assert in_sight(here), f"{here.objectName()} has the focus and is out of sight"
            if here not in reached:
                assert differs(here), f"one cannot see that {here.objectName()} has the focus"
            reached.add(here)
            QTest.keyClick(here, Key.Key_Tab)
            await asyncio.sleep(0)
        assert {one.objectName() for one in wanted - reached} == set()

    drive(play)


def usable(window: QWidget) -> list[QWidget]:
    """Return what a clerk can use now."""
    return [
        one
        for one in window.findChildren(QWidget)
        if isinstance(one, INTERACTIVE)
        and one.isVisible()
        and one.isEnabled()
        and not one.objectName().startswith("qt_")
        and not isinstance(one.parent(), QAbstractSpinBox | QComboBox | QLineEdit)
        and one.focusProxy() is None
    ]


def spoken(widget: QWidget) -> str:
    """Return what a screen reader says of a part; a button of Qt's own says its text."""
    return widget.accessibleName() or (widget.text() if isinstance(widget, QAbstractButton) else "")


def in_sight(widget: QWidget) -> bool:
    return not widget.visibleRegion().isEmpty()


def differs(widget: QWidget) -> bool:
    """Tell whether a part looks different with the focus than without."""
    frame = widget.parentWidget() if isinstance(widget, QAbstractScrollArea) else None
    place = frame or widget
    with_focus = picture(place)
    widget.clearFocus()
    without = picture(place)
    widget.setFocus(Qt.FocusReason.TabFocusReason)
    return with_focus != without


def picture(widget: QWidget) -> QImage:
    QApplication.sendPostedEvents()
    return widget.grab().toImage()
