"""A list under a text field: Down goes into it, Enter takes, Esc closes; the field keeps the keyboard all the while."""

from collections.abc import Callable, Sequence

from PySide6.QtCore import QEvent, QObject, QPoint, Qt, Signal
from PySide6.QtGui import QFocusEvent, QKeyEvent
from PySide6.QtWidgets import QFrame, QLineEdit, QListWidget, QWidget

from ui.widgets.letters import Letters
from ui.widgets.name_label import NameDelegate

_ROWS = 8  # that are seen at once
_KEYS = frozenset({Qt.Key.Key_Escape, Qt.Key.Key_Return, Qt.Key.Key_Enter, Qt.Key.Key_Up, Qt.Key.Key_Down})


class Suggestions(QListWidget):
    """Lies over its page, not in a window of its own, so that it never takes the keyboard nor Tab."""

    taken = Signal(int)
    closed = Signal()

    def __init__(self, page: QWidget, letters: Letters, name: str) -> None:
        super().__init__(page)
        self.setObjectName("suggestions")
        self.setAccessibleName(name)
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.setFrameShape(QFrame.Shape.Box)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setItemDelegate(NameDelegate(letters, 12, self))
        self.clicked.connect(lambda place: self.taken.emit(place.row()))
        self._page = page
        self._asking: dict[QObject, Callable[[], None]] = {}
        self._field: QLineEdit | None = None
        self.hide()

    def lead(self, fields: Sequence[tuple[QLineEdit, Callable[[], None]]]) -> None:
        """Serve these fields, and no others; each is told how to ask for what may be meant in it."""
        self.close_list()
        self._asking = {}
        for field, ask in fields:
            self._asking[field] = ask
            field.installEventFilter(self)
            field.textEdited.connect(lambda _text, of=field, asks=ask: self._begin(of, asks))

    def offer(self, lines: Sequence[str]) -> None:
        """Show a list under the field that asked; none where it is empty or the keyboard has gone on."""
        self.clear()
        self.addItems(list(lines))
        field = self._field
        if not lines or field is None or not field.hasFocus():
            self.hide()
            return
        page = self._page
        below = field.mapTo(page, QPoint(0, field.height()))
        height = self.sizeHintForRow(0) * min(_ROWS, len(lines)) + 2 * self.frameWidth()
        top = below.y() if below.y() + height <= page.height() else below.y() - field.height() - height
        self.setGeometry(below.x(), top, field.width(), height)
        self.raise_()
        self.show()

    def close_list(self) -> None:
        """Close it; the field stays as it is."""
        self._field = None
        self.hide()
        self.clear()

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Take the list's keys while it is there, and Down to open it; everything else is the field's."""
        if isinstance(event, QFocusEvent):
            if event.type() == QEvent.Type.FocusOut and watched is self._field:
                self.close_list()
                self.closed.emit()
        elif isinstance(event, QKeyEvent) and watched in self._asking:
            if event.type() == QEvent.Type.ShortcutOverride:  # else Esc would leave the form
                return self._is_ours(event) and self._keep(event)
            if event.type() == QEvent.Type.KeyPress:
                return self._press(watched, event)
        return False

    def _begin(self, field: QLineEdit, ask: Callable[[], None]) -> None:
        self._field = field
        ask()

    def _is_ours(self, event: QKeyEvent) -> bool:
        plain = event.modifiers() in {Qt.KeyboardModifier.NoModifier, Qt.KeyboardModifier.KeypadModifier}
        return self.isVisible() and plain and Qt.Key(event.key()) in _KEYS

    @staticmethod
    def _keep(event: QKeyEvent) -> bool:
        event.accept()
        return True

    def _press(self, field: QObject, event: QKeyEvent) -> bool:
        if not self._is_ours(event):
            if event.key() == Qt.Key.Key_Down and not self.isVisible() and isinstance(field, QLineEdit):
                self._begin(field, self._asking[field])
                return True
            return False
        match event.key():
            case Qt.Key.Key_Down:
                self.setCurrentRow(min(self.currentRow() + 1, self.count() - 1))
            case Qt.Key.Key_Up:
                self.setCurrentRow(max(self.currentRow() - 1, 0))
            case Qt.Key.Key_Escape:
                self.close_list()
                self.closed.emit()
            case _ if self.currentRow() >= 0:
                self.taken.emit(self.currentRow())
            case _:
                return False
        return True
