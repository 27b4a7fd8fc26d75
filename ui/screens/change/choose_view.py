"""The list of procedures: a key for each, and beside what cannot be begun the reason."""

from PySide6.QtCore import Qt
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QListWidget, QListWidgetItem, QVBoxLayout, QWidget

from ui.screens.change.choose import ChooseModel
from ui.text import Words
from ui.widgets.letters import Letters
from ui.widgets.name_label import NameLabel
from ui.widgets.parts import button, label, wrapped

KEYS = "1234567890ABCDEFGHIJKLMNOPQRSTUVWXYZ"
_NAME = Qt.ItemDataRole.UserRole


class _List(QListWidget):
    """A list whose lines are chosen by a key of their own too."""

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Choose the line whose key it is; all else as ever."""
        pressed = event.text().upper()
        plain = event.modifiers() in {Qt.KeyboardModifier.NoModifier, Qt.KeyboardModifier.KeypadModifier}
        place = KEYS.find(pressed) if pressed and plain else -1
        if 0 <= place < self.count():
            item = self.item(place)
            if item.flags() & Qt.ItemFlag.ItemIsEnabled:
                self.setCurrentItem(item)
                self.itemActivated.emit(item)
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
        self._list.setObjectName("procedures")
        self._list.setAccessibleName(words("choose.heading"))
        self._list.itemActivated.connect(self._on_activated)
        self._list.itemClicked.connect(self._on_activated)
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
        self._list.clear()
        for key, line in zip(KEYS, self._model.lines(), strict=False):
            text = f"{key}　{line.text}" if not line.why_not else f"―　{line.text}　（{line.why_not}）"
            item = QListWidgetItem(text)
            item.setData(_NAME, line.name)
            if line.why_not:
                item.setFlags(item.flags() & ~Qt.ItemFlag.ItemIsEnabled)
            self._list.addItem(item)

    def begin(self) -> None:
        """Begin at the first line that can be begun."""
        usable = (
            n for n in range(self._list.count()) if self._list.item(n).flags() & Qt.ItemFlag.ItemIsEnabled
        )
        self._list.setCurrentRow(next(usable, 0))
        self._list.setFocus(Qt.FocusReason.OtherFocusReason)

    def _on_activated(self, item: QListWidgetItem) -> None:
        self._model.choose(str(item.data(_NAME)))
