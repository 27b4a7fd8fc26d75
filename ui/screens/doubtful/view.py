"""停止中発行 要確認一覧: a list, what is done about a line, the list on paper and in a file."""

from functools import partial

from PySide6.QtCore import QModelIndex, QPersistentModelIndex, Qt
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import (
    QHBoxLayout,
    QHeaderView,
    QLineEdit,
    QVBoxLayout,
    QWidget,
)

from client.domain.doubtful import Done
from client.jobs.settle_doubtful import MOST_LETTERS
from ui.marks import Mark
from ui.screens.doubtful.model import COLUMNS, DoubtfulLine, DoubtfulModel
from ui.text import Words
from ui.widgets.columns import fit_columns
from ui.widgets.file_dialog import ask_where_to_save
from ui.widgets.line_table import LineTable, line_view
from ui.widgets.notice import NoticeBar
from ui.widgets.parts import button, caption_for, card, label, wrapped

_NOWHERE = QModelIndex()
Index = QModelIndex | QPersistentModelIndex
_SIGNS = {Mark.SQUARE: "■", Mark.DOCUMENT: "―"}
_WHY, _WHY_EMS = COLUMNS.index("why"), 14
_FIRST_TO_GO = (COLUMNS.index("kind"), COLUMNS.index("done"))
_WAYS = {
    Done.REPLACED: ("doubtful.replaced", "doubtfulReplaced"),
    Done.CONTACTED: ("doubtful.contacted", "doubtfulContacted"),
    Done.NOTHING: ("doubtful.nothing_wrong", "doubtfulNothing"),
}
_LONG = frozenset({"why", "done"})


class DoubtfulView(QWidget):
    """Paints a DoubtfulModel."""

    def __init__(self, model: DoubtfulModel, words: Words) -> None:
        super().__init__()
        self.setObjectName("page")
        self._model = model
        self._words = words
        self._notice = NoticeBar(words("common.close"))
        self._notice.closed.connect(model.dismiss)
        self._summary = label(role="quiet", name="doubtfulSummary")
        self._why_not = wrapped(role="quiet", name="doubtfulReason")
        self._whole = wrapped(name="doubtfulWhole")
        self._lines: LineTable[DoubtfulLine] = LineTable(words, "doubtful", COLUMNS, long=_LONG, parent=self)
        self._table = line_view("doubtfulList", words("doubtful.list"))
        self._table.setModel(self._lines)
        header = self._table.horizontalHeader()
        header.setHighlightSections(False)
        header.setSectionResizeMode(_WHY, QHeaderView.ResizeMode.Stretch)
        self._remark = QLineEdit()
        self._remark.setObjectName("doubtfulRemark")
        self._remark.setMaxLength(MOST_LETTERS)
        self._ways = tuple(
            button(words(key), name, partial(self._on_settled, done)) for done, (key, name) in _WAYS.items()
        )
        self._print = button(words("doubtful.print"), "doubtfulPrint", model.print_list, primary=True)
        self._export = button(words("doubtful.export"), "doubtfulExport", self._on_export)
        self._back = button(words("common.back"), "doubtfulBack", model.back)
        self._lay_out()
        self._table.selectionModel().currentRowChanged.connect(self._on_row_changed)
        model.changed, model.settled = self.paint, self.begin
        self.paint()

    def _lay_out(self) -> None:
        sheet = card()
        column = QVBoxLayout(sheet)
        column.setContentsMargins(18, 14, 18, 14)
        column.setSpacing(10)
        head = QHBoxLayout()
        head.addWidget(label(self._words("doubtful.heading"), "title"))
        head.addSpacing(16)
        head.addWidget(self._summary)
        head.addStretch(1)
        column.addLayout(head)
        column.addWidget(wrapped(self._words("doubtful.explain"), "quiet"))
        column.addWidget(self._table, 1)
        column.addWidget(self._whole)
        settle = QHBoxLayout()
        settle.setSpacing(10)
        settle.addWidget(caption_for(self._words("doubtful.remark"), self._remark))
        settle.addWidget(self._remark, 1)
        for way in self._ways:
            settle.addWidget(way)
        column.addLayout(settle)
        column.addWidget(self._why_not)
        ends = QHBoxLayout()
        ends.setSpacing(10)
        ends.addWidget(self._back)
        ends.addStretch(1)
        ends.addWidget(self._export)
        ends.addWidget(self._print)
        column.addLayout(ends)
        page = QVBoxLayout(self)
        page.setContentsMargins(10, 10, 10, 10)
        page.setSpacing(8)
        page.addWidget(self._notice)
        page.addWidget(sheet, 1)

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Fit the columns to the room there is."""
        super().resizeEvent(event)
        fit_columns(self._table, _WHY, _WHY_EMS, _FIRST_TO_GO)

    def paint(self) -> None:
        """Show the model as it is."""
        model = self._model
        self._notice.show_note(model.note)
        self._summary.setText(model.summary)
        chosen = model.chosen
        self._lines.show_lines(model.lines())
        fit_columns(self._table, _WHY, _WHY_EMS, _FIRST_TO_GO)
        row = next((n for n, line in enumerate(self._lines.lines) if line.serial == chosen), 0)
        if self._lines.lines and self._table.currentIndex().row() != row:
            self._table.setCurrentIndex(self._lines.index(row, 0))
        self._whole.setText(model.whole)
        for part in (*self._ways, self._remark):
            part.setEnabled(model.may_settle)
        self._print.setEnabled(model.may_print)
        self._export.setEnabled(model.may_print)
        self._why_not.setText(model.reason)
        self._why_not.setVisible(bool(model.reason))

    def begin(self) -> None:
        """Begin in the list."""
        self._remark.clear()
        self._table.setFocus(Qt.FocusReason.OtherFocusReason)

    def _on_row_changed(self, current: QModelIndex) -> None:
        if 0 <= current.row() < len(self._lines.lines):
            self._model.choose(self._lines.lines[current.row()].serial)

    def _on_settled(self, done: Done) -> None:
        self._model.settle(done, self._remark.text())

    def _on_export(self) -> None:
        model = self._model
        ask_where_to_save(
            self,
            self._words,
            "doubtfulSave",
            title=self._words("doubtful.save"),
            suggested=model.suggested,
            chosen=model.export,
        )
