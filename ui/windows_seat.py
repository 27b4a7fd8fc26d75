"""What Windows says of the seat to the main window: this PC is about to sleep, the session was locked or left.

Source: WM_POWERBROADCAST and WM_WTSSESSION_CHANGE of the Windows API. Tried with messages made up, not on a Windows PC.
"""

import ctypes
import sys
import threading
import time
from ctypes.wintypes import MSG

from PySide6.QtCore import QAbstractNativeEventFilter, QByteArray, QCoreApplication, QEventLoop
from PySide6.QtWidgets import QWidget

from client import logs
from offline.seat.signs import Heard, Sign

KIND = b"windows_generic_MSG"
WM_POWERBROADCAST, PBT_APMSUSPEND = 0x0218, 0x0004
WM_WTSSESSION_CHANGE = 0x02B1
_LEFT = frozenset({0x2, 0x4, 0x7})  # WTS_CONSOLE_DISCONNECT, WTS_REMOTE_DISCONNECT, WTS_SESSION_LOCK
_HOLD_S = 1.8  # Windows lets a program take about two seconds before it sleeps all the same
_SLICE_MS = 20
_FAULTS = (
    AttributeError,
    LookupError,
    OSError,
    RuntimeError,
    TypeError,
    ValueError,
)  # whatever it is, the counter goes on
_Events = QEventLoop.ProcessEventsFlag


class WindowsSeat(QAbstractNativeEventFilter):
    """Hears the messages of the main window; a sleep is held up until all is put away, as long as Windows lets us."""

    def __init__(self, window: QWidget, *, hold: float = _HOLD_S) -> None:
        super().__init__()
        self._window = window
        self._hold = hold
        self._heard: Heard | None = None

    def start(self, heard: Heard) -> None:
        """Begin to listen; on the thread of the window."""
        self._heard = heard
        if app := QCoreApplication.instance():
            app.installNativeEventFilter(self)
        if sys.platform == "win32":
            told = ctypes.windll.wtsapi32.WTSRegisterSessionNotification(int(self._window.winId()), 0)
            logs.logger().info("sleep watched", state="delayed" if told else "no session")

    def close(self) -> None:
        """Listen no more."""
        self._heard = None
        if app := QCoreApplication.instance():
            app.removeNativeEventFilter(self)
        if sys.platform == "win32":
            ctypes.windll.wtsapi32.WTSUnRegisterSessionNotification(int(self._window.winId()))

    def nativeEventFilter(
        self, kind: QByteArray | bytes | bytearray | memoryview, message: int
    ) -> tuple[bool, int]:
        """Look at a message; takes none away. An error here would end the program."""
        try:
            if self._heard is not None and _bytes(kind) == KIND:
                self._look(self._heard, MSG.from_address(int(message)))
        except _FAULTS as error:
            logs.logger().error("seat message not read", **logs.facts_of(error))
        return False, 0

    def _look(self, heard: Heard, told: MSG) -> None:
        if (told.message, told.wParam) == (WM_POWERBROADCAST, PBT_APMSUSPEND):
            done = threading.Event()
            heard(Sign.SLEEP, done.set)
            self._wait(done)
        elif told.message == WM_WTSSESSION_CHANGE and told.wParam in _LEFT:
            heard(Sign.LOCK, _nothing)

    def _wait(self, done: threading.Event) -> None:
        """Let the loop work here: when this returns, Windows sleeps."""
        end = time.monotonic() + self._hold
        while not done.is_set() and time.monotonic() < end:
            QCoreApplication.processEvents(_Events.ExcludeUserInputEvents, _SLICE_MS)
            done.wait(0.001)  # with no event there is nothing to wait for in there


def _bytes(kind: QByteArray | bytes | bytearray | memoryview) -> bytes:
    return bytes(kind.data() if isinstance(kind, QByteArray) else kind)


def _nothing() -> None:
    """Nobody waits."""
