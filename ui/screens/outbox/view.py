"""The outbox screen: a list, and what can be done with a line."""

from PySide6.QtCore import QModelIndex, QPersistentModelIndex, Qt
from PySide6.QtGui import QPalette, QResizeEvent
from PySide6.QtWidgets import (
    QHBoxLayout,
    QHeaderView,
    QLineEdit,
    QVBoxLayout,
    QWidget,
)

from ui.marks import Mark
from ui.screens.outbox.line import OutboxLine
from ui.screens.outbox.model import OutboxModel
from ui.text import Words
from ui.widgets.choices import withdrawn_for
from ui.widgets.columns import fit_columns
from ui.widgets.line_table import LineTable, line_view
from ui.widgets.notice import NoticeBar
from ui.widgets.parts import button, caption_for, card, label, wrapped

_NOWHERE = QModelIndex()
Index = QModelIndex | QPersistentModelIndex
_WORDS_EMS = 12  # what the last column needs at least, in letters of the screen
_FIRST_TO_GO = (5, 6, 4)
_HEADS = ("state", "fate", "kind", "residents", "made", "attempts", "next", "words")
_SIGNS = {Mark.UP: "↑", Mark.TRIANGLE: "▲", Mark.CIRCLE: "●", Mark.SQUARE: "■", Mark.DOCUMENT: "―"}
_TONES = {"bad": QPalette.ColorRole.BrightText, "warn": QPalette.ColorRole.LinkVisited}


class OutboxView(QWidget):
    """Paints an OutboxModel."""

    def __init__(self, model: OutboxModel, words: Words) -> None:
        super().__init__()
        self.setObjectName("page")
        self._model = model
        self._words = words
        self._notice = NoticeBar(words("common.close"))
        self._notice.closed.connect(model.dismiss)
        self._summary = label(role="quiet", name="outboxSummary")
        self._lines: LineTable[OutboxLine] = LineTable(
            words, "outbox", _HEADS, long=frozenset({"words"}), parent=self
        )
        self._table = line_view("outboxList", words("outbox.list"))
        self._table.setModel(self._lines)
        self._size_columns()
        self._send = button(words("outbox.send_now"), "outboxSend", model.send_now, primary=True)
        self._stop = wrapped(role="reason", name="outboxStop")
        self._again = button(words("outbox.send_again"), "outboxAgain", model.send_again)
        self._settle = button(words("outbox.settle"), "outboxSettle", model.settle)
        self._called = button(words("outbox.called_now"), "outboxCalled", model.note_call)
        self._calls = button(words("outbox.calls"), "outboxCalls", model.list_calls)
        self._slip = button(words("change.slip"), "outboxSlip", model.print_slip)
        self._whole = wrapped(
            role="quiet", name="outboxWhole"
        )  # the last column in full, for who has no mouse
        self._reason = QLineEdit()
        self._reason.setObjectName("outboxReason")
        self._why = withdrawn_for("outboxWhy", words)
        self._withdraw = button(words("outbox.withdraw"), "outboxWithdraw", self._on_withdrawn)
        self._kept = wrapped(role="reason", name="outboxKept")
        self._back = button(words("common.back"), "outboxBack", model.back)
        self._lay_out()
        self._table.activated.connect(lambda _index: model.settle())
        self._table.selectionModel().currentRowChanged.connect(self._on_row_changed)
        model.changed = self.paint
        self.paint()

    def _lay_out(self) -> None:
        sheet = card()
        column = QVBoxLayout(sheet)
        column.setContentsMargins(18, 14, 18, 14)
        column.setSpacing(10)
        head = QHBoxLayout()
        head.addWidget(label(self._words("outbox.heading"), "title"))
        head.addSpacing(16)
        head.addWidget(self._summary)
        head.addStretch(1)
        column.addLayout(head)
        column.addWidget(self._stop)
        column.addWidget(self._table, 1)
        column.addWidget(self._whole)
        settle = QHBoxLayout()
        settle.setSpacing(10)
        settle.addWidget(caption_for(self._words("outbox.reason"), self._reason))
        settle.addWidget(self._reason, 1)
        settle.addWidget(self._why)
        settle.addWidget(self._withdraw)
        settle.addWidget(self._settle)
        column.addLayout(settle)
        column.addWidget(self._kept)
        ends = QHBoxLayout()
        ends.setSpacing(10)
        ends.addWidget(self._back)
        ends.addWidget(self._calls)
        ends.addWidget(self._called)
        ends.addStretch(1)
        ends.addWidget(self._slip)
        ends.addWidget(self._again)
        ends.addWidget(self._send)
        column.addLayout(ends)
        page = QVBoxLayout(self)
        page.setContentsMargins(10, 10, 10, 10)
        page.setSpacing(8)
        page.addWidget(self._notice)
        page.addWidget(sheet, 1)

    def _size_columns(self) -> None:
        header = self._table.horizontalHeader()
        header.setHighlightSections(False)
        header.setSectionResizeMode(len(_HEADS) - 1, QHeaderView.ResizeMode.Stretch)

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Fit the columns to the room there is."""
        super().resizeEvent(event)
        self._fit_columns()

    def _fit_columns(self) -> None:
        """Give every column what its texts need; the least needed go before the cloud's own words are cut short."""
        fit_columns(self._table, len(_HEADS) - 1, _WORDS_EMS, _FIRST_TO_GO)

    def paint(self) -> None:
        """Show the model as it is."""
        model = self._model
        self._notice.show_note(model.note)
        self._summary.setText(model.summary)
        self._stop.setText(model.stop)
        self._stop.setVisible(bool(model.stop))
        chosen = model.chosen
        self._lines.show_lines(model.lines())
        self._fit_columns()
        row = next((n for n, line in enumerate(self._lines.lines) if line.key == chosen), 0)
        if self._lines.lines and self._table.currentIndex().row() != row:
            self._table.setCurrentIndex(self._lines.index(row, 0))
        whole = next((line.words for line in self._lines.lines if line.key == chosen), "")
        self._whole.setText(whole)
        self._whole.setVisible(bool(whole))
        self._send.setText(self._words("outbox.sending" if model.sending else "outbox.send_now"))
        self._send.setEnabled(not model.sending)
        self._again.setVisible(model.may_send_again)
        self._again.setEnabled(model.may_send_again and not model.sending)
        self._slip.setEnabled(model.may_print)
        self._settle.setEnabled(model.may_settle)
        self._called.setEnabled(model.may_note_call)
        self._calls.setText(
            self._words("outbox.all" if model.only_calls else "outbox.calls", n=len(model.calls))
        )
        self._kept.setText(model.why_kept)
        self._kept.setVisible(bool(model.why_kept))
        self._withdraw.setEnabled(model.may_withdraw)
        self._reason.setEnabled(model.may_withdraw)
        self._why.setEnabled(model.may_withdraw)

    def begin(self) -> None:
        """Begin in the list."""
        self._table.setFocus(Qt.FocusReason.OtherFocusReason)

    def _on_row_changed(self, current: QModelIndex) -> None:
        if 0 <= current.row() < len(self._lines.lines):
            self._model.choose(self._lines.lines[current.row()].key)

    def _on_withdrawn(self) -> None:
        self._model.withdraw(self._reason.text(), self._why.currentData())
