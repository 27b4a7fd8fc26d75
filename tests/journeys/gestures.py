"""A clerk's hands: keys and IME on the real widgets, eyes that wait for what is shown, and a camera."""

import asyncio
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import TypeVar

from PySide6.QtCore import QEvent, Qt
from PySide6.QtGui import QInputMethodEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QWidget

W = TypeVar("W", bound=QWidget)


class NotShownError(AssertionError):
    """What the clerk waited for did not appear."""


class Hands:
    """Types, presses and looks; every step returns to the event loop, as a person's does."""

    def __init__(self, camera_dir: Path | None = None) -> None:
        self._camera_dir = camera_dir
        self.screens: list[str] = []

    def find(self, kind: type[W], name: str) -> W:
        """Return the visible widget of a name; NotShownError when there is none."""
        for top in QApplication.topLevelWidgets():
            for widget in ([top] if top.objectName() == name else []) + top.findChildren(kind, name):
                if isinstance(widget, kind) and widget.isVisible():
                    return widget
        raise NotShownError(name)

    def sees(self, name: str) -> bool:
        """Tell whether a widget of that name is on the screen."""
        try:
            self.find(QWidget, name)
        except NotShownError:
            return False
        return True

    async def until(self, truth: Callable[[], bool], what: str, seconds: float = 20.0) -> float:
        """Wait until something is true; returns the seconds it took."""
        start = time.monotonic()
        while not truth():
            if time.monotonic() - start > seconds:
                raise NotShownError(f"{what} (after {seconds:.0f} s)")
            await asyncio.sleep(0.01)
        return time.monotonic() - start

    async def wait_for(self, name: str, seconds: float = 20.0) -> QWidget:
        """Wait until a widget is visible."""
        await self.until(lambda: self.sees(name), name, seconds)
        return self.find(QWidget, name)

    async def type(self, name: str, text: str) -> None:
        """Focus a field, clear it, and type: ASCII by keys, anything else as an IME commits it."""
        field = self.find(QWidget, name)
        field.setFocus(Qt.FocusReason.ShortcutFocusReason)
        await asyncio.sleep(0)
        QTest.keyClick(field, Qt.Key.Key_A, Qt.KeyboardModifier.ControlModifier)
        QTest.keyClick(field, Qt.Key.Key_Delete)
        if text.isascii():
            QTest.keyClicks(field, text)
        else:
            for size in range(1, len(text) + 1):
                QApplication.sendEvent(field, QInputMethodEvent(text[:size], []))
                await asyncio.sleep(0)
            commit = QInputMethodEvent("", [])
            commit.setCommitString(text)
            QApplication.sendEvent(field, commit)
        await asyncio.sleep(0.02)

    async def press(
        self,
        key: Qt.Key,
        where: QWidget | None = None,
        modifier: Qt.KeyboardModifier = Qt.KeyboardModifier.NoModifier,
    ) -> None:
        """Press a key where the focus is, or in a given widget."""
        target = where or QApplication.focusWidget() or QApplication.activeWindow()
        if target is None:
            raise NotShownError("no window has the focus")
        if QApplication.activeWindow() is None:  # no window manager here gives the keyboard to a window
            target.activateWindow()
            with suppress(NotShownError):
                await self.until(lambda: QApplication.activeWindow() is not None, "the keyboard", 1)
        QTest.keyClick(target, key, modifier)
        await asyncio.sleep(0.02)

    async def go_back(self, seconds: float = 20.0) -> None:
        """Press Esc until the counter is in front: while something is being taken in, its form stays."""
        ends = time.monotonic() + seconds
        while not self.sees("search"):
            if time.monotonic() > ends:
                raise NotShownError(f"the counter (after {seconds:.0f} s)")
            await self.press(Qt.Key.Key_Escape)
            await asyncio.sleep(0.1)

    async def push(self, name: str, seconds: float = 20.0) -> None:
        """Focus a button once it is enabled, and press Space."""
        await self.until(
            lambda: self.sees(name) and self.find(QWidget, name).isEnabled(), f"{name} enabled", seconds
        )
        button = self.find(QWidget, name)
        button.setFocus(Qt.FocusReason.TabFocusReason)
        await self.press(Qt.Key.Key_Space, button)

    async def begin_form(self, key: Qt.Key = Qt.Key.Key_1) -> None:
        """Go from the counter to the list of procedures, and choose one by its key; 転居届 is the first."""
        await self.push("changeOpen")
        await self.press(key, await self.wait_for("procedures"))

    def photograph(self, name: str) -> None:
        """Save what is on the screen, numbered: the top window, and any dialog over it."""
        if self._camera_dir is None:
            return
        self._camera_dir.mkdir(parents=True, exist_ok=True)
        window = QApplication.activeWindow() or next(
            (top for top in QApplication.topLevelWidgets() if top.isVisible() and top.isWindow()), None
        )
        if window is None:
            return
        QApplication.sendEvent(window, QEvent(QEvent.Type.LayoutRequest))
        path = self._camera_dir / f"{len(self.screens) + 1:02d}-{name}.png"
        if not window.grab().save(str(path)):
            raise OSError(f"no picture could be saved: {path.name}")
        self.screens.append(str(path))
