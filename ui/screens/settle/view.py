"""A conflict or a refusal on the screen: three words side by side, item by item, and the decisions below."""

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
from ui.screens.settle.model import COLUMNS, SettleLine, SettleModel
from ui.text import Words
from ui.widgets.choices import withdrawn_for
from ui.widgets.letters import Letters
from ui.widgets.line_table import LineTable, line_view
from ui.widgets.name_label import NameDelegate, NameLabel
from ui.widgets.notice import NoticeBar
from ui.widgets.parts import button, caption_for, card, label, wrapped

_NOWHERE = QModelIndex()
Index = QModelIndex | QPersistentModelIndex
_SIGNS = {Mark.SQUARE: "■", Mark.TRIANGLE: "▲", Mark.UP: "↑", Mark.CIRCLE: "●", Mark.DOCUMENT: "―"}
_TONES = {"bad": QPalette.ColorRole.BrightText, "warn": QPalette.ColorRole.LinkVisited}
_VALUES = ("was", "wrote", "now")
_PT = 10.5
_MOST_LETTERS = 200  # of a reason, as the contract takes it


class SettleView(QWidget):
    """Paints a SettleModel."""

    def __init__(self, model: SettleModel, words: Words, letters: Letters) -> None:
        super().__init__()
        self.setObjectName("page")
        self._model = model
        self._words = words
        self._notice = NoticeBar(words("common.close"))
        self._notice.closed.connect(model.dismiss)
        self._heading = label(role="title", name="settleHeading")
        self._taken_in = wrapped(name="settleTakenIn")
        self._said = wrapped(role="reason", name="settleSaid")
        self._versions = wrapped(role="quiet", name="settleVersions")
        self._why_not = wrapped(role="quiet", name="settleWhyNot")
        self._lines: LineTable[SettleLine] = LineTable(words, "settle", COLUMNS, parent=self)
        self._table = line_view("settleList", words("settle.list"))
        self._table.setModel(self._lines)
        header = self._table.horizontalHeader()
        header.setHighlightSections(False)
        for name in _VALUES:
            column = COLUMNS.index(name)
            self._table.setItemDelegateForColumn(column, NameDelegate(letters, _PT, self._table))
            header.setSectionResizeMode(column, QHeaderView.ResizeMode.Stretch)
        self._whole = NameLabel(letters, _PT, wrap=True)
        self._whole.setObjectName("settleWhole")
        self._reason = QLineEdit()
        self._reason.setObjectName("settleReason")
        self._reason.setMaxLength(_MOST_LETTERS)
        self._why = withdrawn_for("settleWhy", words)
        self._rewrite = button(words("settle.rewrite"), "settleRewrite", model.rewrite)
        self._reopen = button(words("settle.reopen"), "settleReopen", model.reopen, primary=True)
        self._withdraw = button(words("settle.withdraw"), "settleWithdraw", self._on_withdrawn)
        self._office = button(words("settle.to_office"), "settleOffice", self._on_handed_over)
        self._back = button(words("common.back"), "settleBack", model.back)
        self._lay_out()
        self._table.selectionModel().currentRowChanged.connect(self._on_row_changed)
        model.changed = self.paint
        self.paint()

    def _lay_out(self) -> None:
        sheet = card()
        column = QVBoxLayout(sheet)
        column.setContentsMargins(18, 14, 18, 14)
        column.setSpacing(8)
        for part in (self._heading, self._taken_in, self._said, self._versions):
            column.addWidget(part)
        column.addWidget(self._table, 1)
        column.addWidget(self._whole)
        settle = QHBoxLayout()
        settle.setSpacing(10)
        settle.addWidget(caption_for(self._words("settle.reason"), self._reason))
        settle.addWidget(self._reason, 1)
        settle.addWidget(self._why)
        column.addLayout(settle)
        column.addWidget(self._why_not)
        ends = QHBoxLayout()
        ends.setSpacing(10)
        ends.addWidget(self._back)
        ends.addStretch(1)
        for way in (self._reopen, self._rewrite, self._withdraw, self._office):
            ends.addWidget(way)
        column.addLayout(ends)
        page = QVBoxLayout(self)
        page.setContentsMargins(10, 10, 10, 10)
        page.setSpacing(8)
        page.addWidget(self._notice)
        page.addWidget(sheet, 1)

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Fit the columns to the room there is."""
        super().resizeEvent(event)
        self._fit()

    def _fit(self) -> None:
        for column in range(len(COLUMNS) - len(_VALUES)):
            self._table.resizeColumnToContents(column)

    def paint(self) -> None:
        """Show the model as it is."""
        model = self._model
        self._notice.show_note(model.note)
        self._heading.setText(model.heading)
        for part, text in (
            (self._taken_in, model.taken_in),
            (self._said, model.said),
            (self._why_not, model.why_not or model.why_kept),
        ):
            part.setText(text)
            part.setVisible(bool(text))
        self._lines.show_lines(model.lines)
        self._fit()
        if self._lines.lines and not self._table.currentIndex().isValid():
            self._table.setCurrentIndex(self._lines.index(0, 0))
        self._show_whole(self._table.currentIndex().row())
        self._reopen.setVisible(model.returned is not None)
        self._reopen.setEnabled(model.may_reopen)
        for of_a_no in (self._rewrite, self._withdraw):
            of_a_no.setVisible(model.returned is None)
        self._rewrite.setEnabled(model.may_rewrite)
        self._withdraw.setEnabled(model.may_withdraw)
        self._office.setEnabled(model.may_hand_over)
        self._why.setVisible(model.returned is None)
        self._why.setEnabled(model.may_withdraw)
        self._reason.setEnabled(model.may_withdraw or model.may_hand_over)

    def begin(self) -> None:
        """Begin in the list."""
        self._reason.clear()
        self._table.setFocus(Qt.FocusReason.OtherFocusReason)

    def _on_row_changed(self, current: QModelIndex) -> None:
        self._show_whole(current.row())

    def _show_whole(self, row: int) -> None:
        """Show a line in full, and the versions of its record: the table shrinks what it has no room for."""
        there = 0 <= row < len(self._lines.lines)
        line = self._lines.lines[row] if there else None
        self._versions.setText(self._model.version(line.atena_no if line else ""))
        self._versions.setVisible(bool(self._versions.text()))
        if line is None:
            self._whole.set_text("")
        else:
            cells = line.cells
            told = zip(_VALUES, cells[-len(_VALUES) :], strict=True)
            said = [f"{self._words(f'settle.column_{name}')}：{text}" for name, text in told if text]
            self._whole.set_text("　".join((cells[1], *said)))

    def _on_withdrawn(self) -> None:
        self._model.withdraw(self._reason.text(), self._why.currentData())

    def _on_handed_over(self) -> None:
        self._model.hand_over(self._reason.text())
