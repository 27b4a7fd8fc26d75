"""The list of procedures: a key for each, and beside what cannot be begun the reason."""

from PySide6.QtCore import QAbstractListModel, QModelIndex, QPersistentModelIndex, Qt
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QListView, QVBoxLayout, QWidget

from ui.screens.change.choose import ChooseModel, Procedure
from ui.text import Words
from ui.widgets.letters import Letters
from ui.widgets.name_label import NameLabel
from ui.widgets.parts import button, label, wrapped

KEYS = "1234567890ABCDEFGHIJKLMNOPQRSTUVWXYZ"
_NOWHERE = QModelIndex()
Index = QModelIndex | QPersistentModelIndex


class _Lines(QAbstractListModel):
    """The procedures as Qt reads them."""

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self.lines: tuple[Procedure, ...] = ()

    def show_lines(self, lines: tuple[Procedure, ...]) -> None:
        """Show other lines."""
        if lines != self.lines:
            self.beginResetModel()
            self.lines = lines
            self.endResetModel()

    def rowCount(self, parent: Index = _NOWHERE) -> int:
        """Return how many lines there are."""
        return 0 if parent.isValid() else len(self.lines)

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> object:
        """Return a line's text: its key before it, or behind it why it cannot be begun."""
        if role != Qt.ItemDataRole.DisplayRole:
            return None
        line = self.lines[index.row()]
        if line.why_not:
            return f"―　{line.text}　（{line.why_not}）"
        return f"{KEYS[index.row()]}　{line.text}"

    def flags(self, index: Index) -> Qt.ItemFlag:
        """Return whether a line can be chosen."""
        usable = Qt.ItemFlag.ItemIsEnabled | Qt.ItemFlag.ItemIsSelectable
        return Qt.ItemFlag.NoItemFlags if self.lines[index.row()].why_not else usable


class _List(QListView):
    """A list whose lines are chosen by a key of their own too."""

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Choose the line whose key it is; all else as ever."""
        pressed = event.text().upper()
        plain = event.modifiers() in {Qt.KeyboardModifier.NoModifier, Qt.KeyboardModifier.KeypadModifier}
        place = KEYS.find(pressed) if pressed and plain else -1
        if 0 <= place < self.model().rowCount():
            chosen = self.model().index(place, 0)
            if chosen.flags() & Qt.ItemFlag.ItemIsEnabled:
                self.setCurrentIndex(chosen)
                self.activated.emit(chosen)
            return
        super().keyPressEvent(event)


class ChooseView(QWidget):
    """Paints a ChooseModel."""

    def __init__(self, model: ChooseModel, words: Words, letters: Letters) -> None:
        super().__init__()
        self.setObjectName("page")
        self._model = model
        self._words = words
        self._name = NameLabel(letters, 18)
        self._list = _List()
        self._lines = _Lines(self._list)
        self._list.setModel(self._lines)
        self._list.setObjectName("procedures")
        self._list.setAccessibleName(words("choose.heading"))
        self._list.activated.connect(self._on_activated)
        self._list.clicked.connect(self._on_activated)
        self._back = button(words("common.back"), "chooseBack", model.back)
        body = QWidget()
        column = QVBoxLayout(body)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(8)
        column.addWidget(label(words("choose.heading"), "title"))
        column.addWidget(self._name)
        column.addWidget(wrapped(words("choose.explain"), "caption"))
        column.addWidget(self._list, 1)
        column.addWidget(self._back, 0, Qt.AlignmentFlag.AlignLeft)
        page = QVBoxLayout(self)
        page.setContentsMargins(24, 14, 24, 14)
        page.addWidget(body)
        model.changed = self.paint
        self.paint()

    def paint(self) -> None:
        """Show the model as it is."""
        self._name.set_text(self._model.resident or self._words("choose.nobody"))
        self._lines.show_lines(self._model.lines())

    def begin(self) -> None:
        """Begin at the first line that can be begun."""
        usable = (n for n, line in enumerate(self._lines.lines) if not line.why_not)
        self._list.setCurrentIndex(self._lines.index(next(usable, 0), 0))
        self._list.setFocus(Qt.FocusReason.OtherFocusReason)

    def _on_activated(self, chosen: QModelIndex) -> None:
        if 0 <= chosen.row() < len(self._lines.lines):
            self._model.choose(self._lines.lines[chosen.row()].name)
