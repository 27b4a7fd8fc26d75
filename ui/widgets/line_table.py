"""A list of lines in columns, the state of each by shape, word and colour in the first; one line is chosen at a time."""

from typing import Generic, Protocol, TypeVar

from PySide6.QtCore import QAbstractTableModel, QModelIndex, QObject, QPersistentModelIndex, Qt
from PySide6.QtGui import QFontMetrics, QPalette
from PySide6.QtWidgets import QAbstractItemView, QApplication, QTableView

from ui.marks import Mark
from ui.text import Words

_NOWHERE = QModelIndex()
Index = QModelIndex | QPersistentModelIndex
_SIGNS = {Mark.UP: "↑", Mark.TRIANGLE: "▲", Mark.CIRCLE: "●", Mark.SQUARE: "■", Mark.DOCUMENT: "―"}
_TONES = {"bad": QPalette.ColorRole.BrightText, "warn": QPalette.ColorRole.LinkVisited}


class Line(Protocol):
    """A line: its state as a shape and a tone, and its texts, the state's word first."""

    @property
    def mark(self) -> Mark:
        """Return the shape."""
        ...

    @property
    def tone(self) -> str:
        """Return the tone."""
        ...

    @property
    def cells(self) -> tuple[str, ...]:
        """Return the texts, a column each."""
        ...


L = TypeVar("L", bound=Line)


class LineTable(QAbstractTableModel, Generic[L]):
    """The lines as Qt reads them; ``screen`` is where the headings stand among the texts, ``long`` what has a tip."""

    def __init__(
        self,
        words: Words,
        screen: str,
        columns: tuple[str, ...],
        *,
        long: frozenset[str] = frozenset(),
        parent: QObject | None = None,
    ) -> None:
        super().__init__(parent)
        self._heads = tuple(words(f"{screen}.column_{name}") for name in columns)
        self._long = frozenset(columns.index(name) for name in long)
        self.lines: tuple[L, ...] = ()

    def show_lines(self, lines: tuple[L, ...]) -> None:
        """Show other lines."""
        if lines != self.lines:
            self.beginResetModel()
            self.lines = lines
            self.endResetModel()

    def rowCount(self, parent: Index = _NOWHERE) -> int:
        """Return how many lines there are."""
        return 0 if parent.isValid() else len(self.lines)

    def columnCount(self, parent: Index = _NOWHERE) -> int:
        """Return how many columns there are."""
        return 0 if parent.isValid() else len(self._heads)

    def headerData(
        self, section: int, side: Qt.Orientation, role: int = Qt.ItemDataRole.DisplayRole
    ) -> object:
        """Return a heading."""
        if side == Qt.Orientation.Horizontal and role == Qt.ItemDataRole.DisplayRole:
            return self._heads[section]
        if role == Qt.ItemDataRole.TextAlignmentRole:
            return int(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter)
        return None

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> object:
        """Return a cell."""
        line, column = self.lines[index.row()], index.column()
        if role == Qt.ItemDataRole.DisplayRole:
            return f"{_SIGNS[line.mark]} {line.cells[0]}" if column == 0 else line.cells[column]
        if role == Qt.ItemDataRole.AccessibleTextRole:
            return f"{self._heads[column]} {line.cells[column]}"
        if role == Qt.ItemDataRole.ToolTipRole and column in self._long:
            return line.cells[column]
        if role == Qt.ItemDataRole.ForegroundRole and column == 0 and line.tone in _TONES:
            return QApplication.palette().color(_TONES[line.tone])
        return None


def line_view(name: str, spoken: str) -> QTableView:
    """Make the view of such a list: whole lines are chosen, Tab goes on, nothing scrolls sideways."""
    made = QTableView()
    made.setObjectName(name)
    made.setAccessibleName(spoken)
    made.setTabKeyNavigation(False)
    made.setShowGrid(False)
    made.setWordWrap(False)
    made.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
    made.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
    made.verticalHeader().hide()
    made.verticalHeader().setDefaultSectionSize(int(QFontMetrics(QApplication.font()).height() * 2) + 4)
    made.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
    return made
