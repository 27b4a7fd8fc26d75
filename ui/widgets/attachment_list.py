"""The attachments of a form: a list, a button to add a file and one to take one off; all of it by keys alone."""

from pathlib import Path
from typing import Protocol

from PySide6.QtCore import Qt
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QHBoxLayout, QListWidget, QVBoxLayout, QWidget

from ui.notices import Note
from ui.text import Words
from ui.widgets.file_dialog import ask_for_file
from ui.widgets.notice import NoticeBar
from ui.widgets.parts import button, label, plain

_ROWS = 4  # that are seen at once


class Shown(Protocol):
    """What it paints and asks (ui/screens/change/attached.py)."""

    note: Note | None
    progress: str

    @property
    def lines(self) -> tuple[str, ...]:
        """Return a line for each."""
        ...

    @property
    def summary(self) -> str:
        """Return how many there are and how large."""
        ...

    def add(self, source: Path) -> None:
        """Take a file in."""
        ...

    def remove(self, place: int) -> None:
        """Take one off."""
        ...

    def dismiss(self) -> None:
        """Take the note away."""
        ...


class _Lines(QListWidget):
    """The list; Delete takes the line off."""

    def __init__(self, owner: "AttachmentList") -> None:
        super().__init__()
        self._owner = owner

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Take a line off by its key."""
        if event.key() == Qt.Key.Key_Delete:
            self._owner.remove_chosen()
        else:
            super().keyPressEvent(event)


class AttachmentList(QWidget):
    """Paints the attachments of a form; whoever places it calls ``paint`` when the model has changed."""

    def __init__(self, model: Shown, words: Words) -> None:
        super().__init__()
        self.setObjectName("attached")
        self._model = model
        self._words = words
        self._notice = NoticeBar(words("common.close"))
        self._notice.closed.connect(model.dismiss)
        self._summary = label(role="quiet", name="attachedSum")
        self._progress = label(role="quiet", name="attachedProgress")
        self._list = _Lines(self)
        self._list.setObjectName("attachedList")
        self._list.setAccessibleName(words("attached.list"))
        self._list.setTabKeyNavigation(False)
        self._list.setSpacing(3)
        self._list.setMinimumHeight(int(self._list.fontMetrics().height() * 1.8) * _ROWS)
        self._add = button(words("attached.add"), "attachedAdd", self._on_add)
        self._remove = button(words("attached.remove"), "attachedRemove", self.remove_chosen)
        self._shown: tuple[str, ...] = ()
        self._lay_out()
        self.paint()

    def _lay_out(self) -> None:
        head = QHBoxLayout()
        head.addWidget(label(self._words("attached.heading"), "strong"))
        head.addSpacing(12)
        head.addWidget(self._summary)
        head.addStretch(1)
        head.addWidget(self._progress)
        keys = QHBoxLayout()
        keys.setSpacing(10)
        keys.addWidget(self._add)
        keys.addWidget(self._remove)
        keys.addStretch(1)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(8)
        column.addLayout(head)
        column.addWidget(self._notice)
        column.addWidget(self._list)
        column.addLayout(keys)

    def paint(self) -> None:
        """Show the model as it is."""
        lines = self._model.lines
        if lines != self._shown:
            self._shown = lines
            row = self._list.currentRow()
            self._list.clear()
            self._list.addItems(list(lines))
            self._list.setCurrentRow(min(max(row, 0), len(lines) - 1))
        if not lines and self._list.hasFocus():
            self._add.setFocus(Qt.FocusReason.OtherFocusReason)
        self._list.setVisible(bool(lines))  # an empty one would take the room of the form's own fields
        self._summary.setText(self._model.summary)
        self._list.setAccessibleDescription(self._model.summary)
        self._progress.setText(self._model.progress)
        self._progress.setVisible(bool(self._model.progress))
        self._notice.show_note(self._model.note)
        self._remove.setEnabled(bool(lines))

    def controls(self) -> list[QWidget]:
        """Return what takes the focus, in order."""
        return [self._list, self._add, self._remove]

    def remove_chosen(self) -> None:
        """Take the chosen line off; the list keeps the focus."""
        self._model.remove(self._list.currentRow())

    def _on_add(self) -> None:
        title = plain(self._words("attached.pick"))
        ask_for_file(self, self._words, "attachedPick", title, self._model.add)
