"""The bar that says what happened, why, what to do now and what is safe."""

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QFrame, QHBoxLayout, QPushButton, QVBoxLayout, QWidget

from ui.marks import Mark
from ui.notices import Note
from ui.widgets.parts import label, restyle, wrapped
from ui.widgets.state_mark import StateMark

_MARKS = {"bad": Mark.SQUARE, "warn": Mark.TRIANGLE, "info": Mark.CIRCLE, "ok": Mark.CIRCLE}


class NoticeBar(QFrame):
    """One note at a time; hidden when there is none."""

    closed = Signal()  # the clerk has read it

    def __init__(self, close_text: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("notice")
        self._mark = StateMark()
        self._what = wrapped(role="strong", name="noticeWhat")
        self._more = wrapped(name="noticeMore")
        self._close = QPushButton(close_text)
        self._close.setObjectName("noticeClose")
        self._close.setAccessibleName(close_text.replace("&", ""))
        self._close.clicked.connect(self.closed)
        words = QVBoxLayout()
        words.setSpacing(2)
        words.addWidget(self._what)
        words.addWidget(self._more)
        row = QHBoxLayout(self)
        row.setContentsMargins(12, 7, 10, 7)
        row.setSpacing(10)
        row.addWidget(self._mark)
        row.addLayout(words, 1)
        row.addWidget(self._close)
        self.hide()

    def show_note(self, note: Note | None) -> None:
        """Show a note, or none."""
        self.setVisible(note is not None)
        if note is None:
            return
        restyle(self, tone=note.tone)
        self._mark.show_state(_MARKS[note.tone], note.tone)
        self._what.setText(note.what)
        self._more.setText(note.more)
        self._more.setVisible(bool(note.more))
        self.setAccessibleName(f"{note.what} {note.more}")


class Banner(QFrame):
    """A standing word above the data: 支援措置, 抑止."""

    def __init__(self, tone: str, head: str, text: str, name: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName(name)
        self.setProperty("tone", tone)
        self.setAccessibleName(f"{head} {text}")
        row = QHBoxLayout(self)
        row.setContentsMargins(12, 6, 12, 6)
        row.setSpacing(10)
        row.addWidget(StateMark(_MARKS[tone], tone))
        row.addWidget(label(head, "strong"))
        row.addWidget(wrapped(text), 1)
