"""The household as a table: whom to put on the paper, and what each member's state is."""

from PySide6.QtCore import QAbstractTableModel, QModelIndex, QObject, QPersistentModelIndex, Qt
from PySide6.QtGui import QFontMetrics, QKeyEvent, QPalette, QResizeEvent
from PySide6.QtWidgets import QAbstractItemView, QApplication, QHeaderView, QTableView, QWidget

from ui.screens.counter.model import CounterModel
from ui.screens.counter.shown import MemberRow
from ui.text import Words
from ui.widgets.columns import fit_columns
from ui.widgets.letters import Letters
from ui.widgets.name_label import NameDelegate

_NOWHERE = QModelIndex()
Index = QModelIndex | QPersistentModelIndex
_CHECK, _RELATIONSHIP, _NAME, _BIRTH, _SINCE, _STATE = range(6)
_NAME_EMS = 7.5  # what the name needs at least, in letters of the screen
_FIRST_TO_GO = (_SINCE, _RELATIONSHIP)
_HEADS = (
    "resident.column_check",
    "resident.relationship",
    "resident.name",
    "resident.birth",
    "resident.column_since",
    "resident.column_state",
)


class MemberTable(QAbstractTableModel):
    """The rows as Qt reads them; ticking a box is a gesture passed on."""

    def __init__(self, model: CounterModel, words: Words, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._model = model
        self._words = words
        self.rows: tuple[MemberRow, ...] = ()

    def show_rows(self, rows: tuple[MemberRow, ...]) -> bool:
        """Show other rows; returns whether they are other people."""
        other = [row.atena_no for row in rows] != [row.atena_no for row in self.rows]
        if other:
            self.beginResetModel()
            self.rows = rows
            self.endResetModel()
        elif rows != self.rows:
            self.rows = rows
            self.dataChanged.emit(self.index(0, 0), self.index(len(rows) - 1, len(_HEADS) - 1))
        return other

    def rowCount(self, parent: Index = _NOWHERE) -> int:
        """Return how many members there are."""
        return 0 if parent.isValid() else len(self.rows)

    def columnCount(self, parent: Index = _NOWHERE) -> int:
        """Return how many columns there are."""
        return 0 if parent.isValid() else len(_HEADS)

    def headerData(
        self, section: int, side: Qt.Orientation, role: int = Qt.ItemDataRole.DisplayRole
    ) -> object:
        """Return a heading."""
        if side == Qt.Orientation.Horizontal and role == Qt.ItemDataRole.DisplayRole:
            return self._words(_HEADS[section])
        if role == Qt.ItemDataRole.TextAlignmentRole:
            return int(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter)
        return None

    def flags(self, index: Index) -> Qt.ItemFlag:
        """Tell what can be done with a cell."""
        flags = Qt.ItemFlag.ItemIsEnabled | Qt.ItemFlag.ItemIsSelectable
        if index.column() == _CHECK and self.rows[index.row()].may_check:
            flags |= Qt.ItemFlag.ItemIsUserCheckable
        return flags

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> object:
        """Return a cell."""
        row = self.rows[index.row()]
        if role == Qt.ItemDataRole.DisplayRole:
            return ("", row.relationship, row.name, row.birth, row.since, row.state)[index.column()]
        if role == Qt.ItemDataRole.CheckStateRole and index.column() == _CHECK and row.may_check:
            return Qt.CheckState.Checked if row.checked else Qt.CheckState.Unchecked
        if role == Qt.ItemDataRole.ForegroundRole and not row.may_check:
            return QApplication.palette().color(QPalette.ColorRole.PlaceholderText)
        if role == Qt.ItemDataRole.AccessibleTextRole and index.column() == _CHECK:
            return f"{self._words('resident.column_check')} {row.name}"
        return None

    def setData(self, index: Index, value: object, role: int = Qt.ItemDataRole.EditRole) -> bool:
        """Pass a tick on."""
        if role != Qt.ItemDataRole.CheckStateRole or index.column() != _CHECK:
            return False
        self._model.check(self.rows[index.row()].atena_no, on=Qt.CheckState(value) == Qt.CheckState.Checked)
        return True


class HouseholdTable(QTableView):
    """Paints the household; Space ticks the row wherever the cursor stands, Tab leads out."""

    def __init__(
        self, model: CounterModel, words: Words, letters: Letters, parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self.setObjectName("household")
        self.setAccessibleName(words("resident.household"))
        self._model = model
        self._members = MemberTable(model, words, self)
        self.setModel(self._members)
        self.setItemDelegateForColumn(_NAME, NameDelegate(letters, 14, self))
        self.setTabKeyNavigation(False)
        self.setShowGrid(False)
        self.setWordWrap(False)
        self.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.verticalHeader().hide()
        self.verticalHeader().setDefaultSectionSize(self._row_height())
        self._size_columns()
        self.selectionModel().currentRowChanged.connect(self._on_row_changed)

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Fit the columns to the room there is."""
        super().resizeEvent(event)
        self._fit_columns()

    def _fit_columns(self) -> None:
        """Give up the columns the details repeat before the names get small: no text is ever cut."""
        fit_columns(self, _NAME, _NAME_EMS, _FIRST_TO_GO)

    def _row_height(self) -> int:
        return int(QFontMetrics(QApplication.font()).height() * 2.0) + 4

    def _size_columns(self) -> None:
        header = self.horizontalHeader()
        header.setHighlightSections(False)
        header.setMinimumSectionSize(24)
        header.setSectionResizeMode(_NAME, QHeaderView.ResizeMode.Stretch)

    def paint_rows(self) -> None:
        """Show the household as it is."""
        if self._members.show_rows(self._model.rows()):
            subject = next((n for n, row in enumerate(self._members.rows) if row.subject), 0)
            self.setCurrentIndex(self._members.index(subject, _NAME))
        self._fit_columns()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Tick with Space, wherever in the row the cursor stands."""
        row = self.currentIndex().row()
        if event.key() == Qt.Key.Key_Space and 0 <= row < len(self._members.rows):
            member = self._members.rows[row]
            self._model.check(member.atena_no, on=not member.checked)
            return
        super().keyPressEvent(event)

    def _on_row_changed(self, current: QModelIndex) -> None:
        if 0 <= current.row() < len(self._members.rows):
            self._model.highlight(self._members.rows[current.row()].atena_no)
