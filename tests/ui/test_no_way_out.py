"""P10: no screen has a way to print, save or drag out a record past the book: no key, no menu, no text to be marked."""

from collections.abc import Callable, Iterator

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QAction, QKeySequence, QShortcut
from PySide6.QtWidgets import (
    QAbstractItemView,
    QApplication,
    QLabel,
    QLineEdit,
    QMenu,
    QPlainTextEdit,
    QTextEdit,
    QWidget,
)

from tests.ui.drive import Counter
from tests.ui.test_look import EVERY

pytestmark = pytest.mark.qt_log_ignore("propagateSizeHints")  # Qt's offscreen platform, of a dialog
Drive = Callable[..., None]
# What Qt puts into the menus of its fields; none of it leaves the program but by the clipboard, which is cleared.
HARMLESS = {
    "edit-undo", "edit-redo", "edit-cut", "edit-copy", "edit-paste", "edit-delete", "select-all",
}  # fmt: skip
WAYS_OUT = {"Ctrl+P", "Ctrl+Shift+P", "Ctrl+S", "Ctrl+Shift+S", "Print"}
# A secret to be typed elsewhere; what training shows; what the program says of itself (keys, errors: ids and no names).
OPEN_TO_ALL = {"twoKey", "logInTraining", "qt_msgbox_label"}
BY_MOUSE = Qt.TextInteractionFlag.TextSelectableByMouse


def ways_out(widgets: list[QWidget]) -> Iterator[str]:
    """Name every way out of some widgets."""
    for one in widgets:
        name = f"{type(one).__name__} {one.objectName()}"
        actions = [*one.actions(), *one.findChildren(QAction)]
        keys = [key.toString() for action in actions for key in action.shortcuts()]
        keys += [key.toString() for short in one.findChildren(QShortcut) for key in QShortcut.keys(short)]
        yield from (f"{name}: {key}" for key in keys if key in WAYS_OUT)
        yield from (f"{name}: menu {entry}" for entry in entries(one) if entry not in HARMLESS)
        if isinstance(one, QLabel) and one.textInteractionFlags() & BY_MOUSE:
            yield f"{name}: can be marked and dragged out"
        if isinstance(one, QAbstractItemView | QLineEdit) and one.dragEnabled():
            yield f"{name}: can be dragged out"


def entries(widget: QWidget) -> list[str]:
    """Return what the menu of a right click has, by Qt's own names."""
    if widget.contextMenuPolicy() is Qt.ContextMenuPolicy.ActionsContextMenu:
        return [action.objectName() or action.text() for action in widget.actions()]
    if widget.contextMenuPolicy() is not Qt.ContextMenuPolicy.DefaultContextMenu:
        return []
    menu: QMenu | None = None
    if isinstance(widget, QLineEdit | QTextEdit | QPlainTextEdit):
        menu = widget.createStandardContextMenu()
    if menu is None:
        return []
    said = [action.objectName() or action.text() for action in menu.actions() if not action.isSeparator()]
    menu.deleteLater()
    return said


def shown() -> list[QWidget]:
    return [one for one in QApplication.allWidgets() if one.window().isVisible()]


def has_no_way_out(drive: Drive, state: str) -> None:
    async def play(counter: Counter) -> None:
        await EVERY[state](counter)
        widgets = shown()
        assert len(widgets) > 20
        found = [way for way in ways_out(widgets) if not OPEN_TO_ALL & set(way.replace(":", "").split())]
        assert found == []

    drive(play)


@pytest.mark.parametrize("state", ["counter-ready", "certificate-preview"])
def test_a_screen_with_a_record_has_no_way_out(drive: Drive, state: str) -> None:
    has_no_way_out(drive, state)


@pytest.mark.slow
@pytest.mark.parametrize("state", sorted(EVERY))
def test_no_screen_has_a_way_out(drive: Drive, state: str) -> None:
    has_no_way_out(drive, state)


def test_a_way_out_would_be_seen(qapp: QApplication) -> None:
    window = QWidget()
    label = QLabel("渡邉", window)
    label.setTextInteractionFlags(BY_MOUSE)
    field = QLineEdit(window)
    field.setDragEnabled(True)
    QShortcut(QKeySequence("Ctrl+P"), window)
    listed = QTextEdit(window)
    listed.setContextMenuPolicy(Qt.ContextMenuPolicy.ActionsContextMenu)
    listed.addAction(QAction("印刷", listed))
    found = list(ways_out([window, label, field, listed]))
    assert len(found) == 4, found
    window.deleteLater()
