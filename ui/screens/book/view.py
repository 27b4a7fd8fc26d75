"""操作記録: fields to look by, a page of lines, the chosen one in full."""

from PySide6.QtCore import QModelIndex, Qt
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QHBoxLayout, QHeaderView, QLineEdit, QVBoxLayout, QWidget

from client.rules.book_analyses import Analysis
from ui.screens.book.model import COLUMNS, BookModel, ShownLine, Typed
from ui.screens.book.told import KINDS, kind_word
from ui.text import Words
from ui.widgets.choices import choice
from ui.widgets.columns import fit_columns
from ui.widgets.line_table import LineTable, line_view
from ui.widgets.notice import NoticeBar
from ui.widgets.parts import button, caption_for, card, label, wrapped

_TOLD, _TOLD_EMS = COLUMNS.index("told"), 16
_FIRST_TO_GO = (COLUMNS.index("subjects"),)
_LONGEST = 20  # letters of a number, a staff id, a day


class BookView(QWidget):
    """Paints a BookModel."""

    def __init__(self, model: BookModel, words: Words) -> None:
        super().__init__()
        self.setObjectName("page")
        self._model = model
        self._words = words
        self._notice = NoticeBar(words("common.close"))
        self._notice.closed.connect(model.dismiss)
        self._summary = label(role="quiet", name="bookSummary")
        self._why_not = wrapped(role="quiet", name="bookReason")
        self._whole = wrapped(name="bookWhole")
        self._subject = self._field("bookSubject")
        self._staff = self._field("bookStaff")
        self._since = self._field("bookSince")
        self._until = self._field("bookUntil")
        kinds = ((words("book.every_kind"), ""), *((kind_word(kind, words), kind) for kind in KINDS))
        self._kind = choice("bookKind", words("book.kind").replace("&", ""), kinds, lambda _: None)
        ways = (
            (words("book.all_lines"), None),
            *((words(f"book_analysis.{one.value}"), one) for one in Analysis),
        )
        self._way = choice("bookWay", words("book.way").replace("&", ""), ways, lambda _: None)
        self._look = button(words("book.look"), "bookLook", self._on_look, primary=True)
        self._name = button(words("book.name"), "bookName", model.name)
        self._behind = button(words("book.behind"), "bookBehind", model.see_behind)
        self._export = button(words("book.export"), "bookExport", model.export)
        self._newer = button(words("book.newer"), "bookNewer", model.turn_back)
        self._older = button(words("book.older"), "bookOlder", model.turn)
        self._back = button(words("common.back"), "bookBack", model.back)
        self._lines: LineTable[ShownLine] = LineTable(
            words, "book", COLUMNS, long=frozenset({"told", "subjects"}), parent=self
        )
        self._table = line_view("bookList", words("book.list"))
        self._table.setModel(self._lines)
        header = self._table.horizontalHeader()
        header.setHighlightSections(False)
        header.setSectionResizeMode(_TOLD, QHeaderView.ResizeMode.Stretch)
        self._lay_out()
        self._table.selectionModel().currentRowChanged.connect(self._on_row_changed)
        model.changed, model.found = self.paint, self._go_to_list
        self.paint()

    def _field(self, name: str) -> QLineEdit:
        made = QLineEdit()
        made.setObjectName(name)
        made.setMaxLength(_LONGEST)
        made.returnPressed.connect(self._on_look)
        return made

    def _lay_out(self) -> None:
        words, sheet = self._words, card()
        column = QVBoxLayout(sheet)
        column.setContentsMargins(18, 14, 18, 14)
        column.setSpacing(10)
        head = QHBoxLayout()
        head.addWidget(label(words("book.heading"), "title"))
        head.addSpacing(16)
        head.addWidget(self._summary)
        head.addStretch(1)
        column.addLayout(head)
        who, when = QHBoxLayout(), QHBoxLayout()
        for row in (who, when):
            row.setSpacing(10)
            column.addLayout(row)
        for row, key, field in (
            (who, "subject", self._subject),
            (who, "staff", self._staff),
            (who, "kind", self._kind),
            (when, "way", self._way),
            (when, "since", self._since),
            (when, "until", self._until),
        ):
            row.addWidget(caption_for(words(f"book.{key}"), field))
            row.addWidget(field, 1)
        when.addWidget(self._look)
        column.addWidget(self._why_not)
        column.addWidget(self._table, 1)
        column.addWidget(self._whole)
        ends = QHBoxLayout()
        ends.setSpacing(10)
        ends.addWidget(self._back)
        ends.addStretch(1)
        for part in (self._export, self._behind, self._name, self._newer, self._older):
            ends.addWidget(part)
        column.addLayout(ends)
        page = QVBoxLayout(self)
        page.setContentsMargins(10, 10, 10, 10)
        page.setSpacing(8)
        page.addWidget(self._notice)
        page.addWidget(sheet, 1)

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Fit the columns to the room there is."""
        super().resizeEvent(event)
        fit_columns(self._table, _TOLD, _TOLD_EMS, _FIRST_TO_GO)

    def paint(self) -> None:
        """Show the model as it is."""
        model = self._model
        self._notice.show_note(model.note)
        self._summary.setText(model.summary)
        chosen = model.chosen
        self._lines.show_lines(model.lines())
        fit_columns(self._table, _TOLD, _TOLD_EMS, _FIRST_TO_GO)
        row = next((n for n, line in enumerate(self._lines.lines) if line.seq == chosen), 0)
        if self._lines.lines and self._table.currentIndex().row() != row:
            self._table.setCurrentIndex(self._lines.index(row, 0))
        self._whole.setText(model.whole)
        for field in (self._subject, self._staff, self._kind, self._way, self._since, self._until):
            field.setEnabled(not model.reason)
        for part, may in (
            (self._look, model.may_look),
            (self._name, model.may_name),
            (self._behind, model.may_see_behind),
            (self._export, model.may_export),
            (self._newer, model.may_turn_back),
            (self._older, model.may_turn),
        ):
            part.setEnabled(may)
        self._why_not.setText(model.reason)
        self._why_not.setVisible(bool(model.reason))

    def begin(self) -> None:
        """Begin in the first field."""
        self._subject.setFocus(Qt.FocusReason.OtherFocusReason)

    def _go_to_list(self) -> None:
        self._table.setFocus(Qt.FocusReason.OtherFocusReason)

    def _on_look(self) -> None:
        self._model.look(
            Typed(
                self._subject.text(),
                self._staff.text(),
                str(self._kind.currentData()),
                self._since.text(),
                self._until.text(),
                self._way.currentData(),
            )
        )

    def _on_row_changed(self, current: QModelIndex) -> None:
        if 0 <= current.row() < len(self._lines.lines):
            self._model.choose(self._lines.lines[current.row()].seq)
