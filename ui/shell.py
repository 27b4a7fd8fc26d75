"""The main window: header, one screen at a time, status bar. It places screens, nothing more."""

from collections.abc import Callable
from datetime import datetime
from typing import TYPE_CHECKING

from PySide6.QtCore import QEvent, QObject, Signal
from PySide6.QtGui import QCloseEvent, QInputEvent, QKeyEvent
from PySide6.QtWidgets import QApplication, QMainWindow, QStackedWidget, QWidget

from ui.text import Words
from ui.widgets.header import Header
from ui.widgets.stripes import StripedFrame

if TYPE_CHECKING:  # the first window is painted without them
    from ui import status
    from ui.widgets.status_line import StatusLine

LEAST_SIZE = (960, 540)  # 1366 × 768 at 125 %, 1920 × 1080 at 200 %
USUAL_SIZE = (1366, 768)
_GESTURES = frozenset({QEvent.Type.KeyPress, QEvent.Type.MouseButtonPress, QEvent.Type.Wheel})


class Shell(QMainWindow):
    """Holds the screens by name; keys that work everywhere are heard here."""

    close_wished = Signal()  # somebody wants the window closed; nothing has been put away yet
    touched = Signal()  # a key or the mouse was used

    def __init__(self, words: Words, *, title: str, place: str, training: bool, mark: str = "") -> None:
        super().__init__()
        self._words = words
        self.setWindowTitle(title)
        self.setMinimumSize(*LEAST_SIZE)
        self.resize(*USUAL_SIZE)
        self.header = Header(title, place, words("app.training") if training else mark)
        self.frame = StripedFrame()
        self.frame.set_striped(training)
        self._pages = QStackedWidget()
        self._by_name: dict[str, QWidget] = {}
        self.frame.body.addWidget(self.header)
        self.frame.body.addWidget(self._pages, 1)
        self.setCentralWidget(self.frame)
        self.status_line: StatusLine | None = None
        self._may_close = False
        self._over_all: tuple[int, Callable[[], object]] | None = None

    def add(self, name: str, screen: QWidget) -> None:
        """Put a screen in."""
        self._by_name[name] = screen
        self._pages.addWidget(screen)

    def show_screen(self, name: str) -> None:
        """Bring a screen to the front."""
        self._pages.setCurrentWidget(self._by_name[name])

    @property
    def present(self) -> str:
        """Return the name of the screen in front."""
        current = self._pages.currentWidget()
        return next((name for name, screen in self._by_name.items() if screen is current), "")

    def show_status(self, facts: "status.Facts", now: datetime) -> None:
        """Show how line, replica, outbox and printer stand, and the time."""
        if self.status_line is None:
            from ui.widgets.status_line import StatusLine  # as above

            self.status_line = StatusLine(self._words)
            self.setStatusBar(self.status_line)
        self.status_line.show_facts(facts, now)
        self.header.show_time(now)

    def on_key(self, key: str, pressed: Callable[[], object]) -> None:
        """Hear a key on every screen. A key the IME is using for what is being typed never arrives here."""
        from PySide6.QtGui import QKeySequence, QShortcut  # after the first paint

        shortcut = QShortcut(QKeySequence(key), self)
        shortcut.setAutoRepeat(False)
        shortcut.activated.connect(pressed)

    def on_key_over_all(self, key: int, pressed: Callable[[], object]) -> None:
        """Hear a key also while a dialog or a menu has the keyboard, once gestures are watched."""
        self._over_all = (key, pressed)

    def watch_gestures(self) -> None:
        """Begin to tell of every key and mouse press, for the idle lock."""
        app = QApplication.instance()
        if app is not None:
            app.installEventFilter(self)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Tell of a gesture; takes none away but the key that is heard over all.

        What is watched is not touched: where its address was another's, PySide6 hands over what is gone, and an
        error here ends the program.
        """
        if isinstance(event, QInputEvent) and event.type() in _GESTURES:
            self.touched.emit()
            if self._over_all is not None and isinstance(event, QKeyEvent) and _floats():
                key, pressed = self._over_all
                if event.key() == key:
                    pressed()
                    return True
        return False

    def closeEvent(self, event: QCloseEvent) -> None:
        """Pass the wish on; the window goes when everything has been put away."""
        if self._may_close:
            event.accept()
            return
        event.ignore()
        self.close_wished.emit()

    def close_for_good(self) -> None:
        """Close now."""
        self._may_close = True
        self.close()


def _floats() -> bool:
    return QApplication.activeModalWidget() is not None or QApplication.activePopupWidget() is not None
