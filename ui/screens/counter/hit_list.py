"""Search results as Qt reads and paints them."""

from PySide6.QtCore import QAbstractListModel, QModelIndex, QObject, QPersistentModelIndex, QRect, QSize, Qt
from PySide6.QtGui import QPainter, QPalette
from PySide6.QtWidgets import QApplication, QStyle, QStyledItemDelegate, QStyleOptionViewItem, QWidget

from ui.screens.counter.find import HitLine
from ui.text import Words
from ui.widgets.letters import Letters, pixels

_NOWHERE = QModelIndex()
Index = QModelIndex | QPersistentModelIndex
_NAME_PT, _SMALL_PT = 15.0, 9.5
_TONES = {
    "protected": QPalette.ColorRole.BrightText,
    "unseen": QPalette.ColorRole.LinkVisited,
    "blocked": QPalette.ColorRole.LinkVisited,
}


class HitList(QAbstractListModel):
    """The results."""

    def __init__(self, words: Words, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._words = words
        self.lines: tuple[HitLine, ...] = ()

    def show_lines(self, lines: tuple[HitLine, ...]) -> None:
        """Show other results."""
        self.beginResetModel()
        self.lines = lines
        self.endResetModel()

    def rowCount(self, parent: Index = _NOWHERE) -> int:
        """Return how many results there are."""
        return 0 if parent.isValid() else len(self.lines)

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> object:
        """Return a line for painting, and what a screen reader says."""
        line = self.lines[index.row()]
        if role == Qt.ItemDataRole.UserRole:
            return line
        if role not in {Qt.ItemDataRole.AccessibleTextRole, Qt.ItemDataRole.DisplayRole}:
            return None
        mark = self._words(f"find.mark_{line.mark}") if line.mark else ""
        return " ".join(filter(None, (line.name, line.furigana, line.birth, line.address, mark)))


class HitDelegate(QStyledItemDelegate):
    """Paints a result: name and address by glyph, birth date and reading, and a mark where something stands."""

    def __init__(self, letters: Letters, words: Words, parent: QWidget) -> None:
        super().__init__(parent)
        self._letters = letters
        self._words = words

    def sizeHint(self, _option: QStyleOptionViewItem, _index: Index) -> QSize:
        """Return the height of two lines."""
        dpi = QApplication.primaryScreen().logicalDotsPerInchY()
        return QSize(120, int(pixels(_NAME_PT, dpi) * 1.25 + pixels(_SMALL_PT, dpi) * 1.5) + 12)

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: Index) -> None:
        """Paint one result."""
        own = QStyleOptionViewItem(option)
        self.initStyleOption(own, index)
        own.text = ""
        widget: QWidget = own.widget
        cell: QRect = own.rect
        chosen = bool(own.state & QStyle.StateFlag.State_Selected)
        widget.style().drawControl(QStyle.ControlElement.CE_ItemViewItem, own, painter, widget)
        painter.save()
        palette = QApplication.palette()
        if chosen:
            edge = QRect(cell.x(), cell.y(), 4, cell.height())
            painter.fillRect(edge, palette.color(QPalette.ColorRole.Highlight))
        self._paint_line(painter, cell.adjusted(12, 5, -8, -5), index.data(Qt.ItemDataRole.UserRole), widget)
        painter.setClipping(False)
        painter.setPen(palette.color(QPalette.ColorRole.Mid))
        painter.drawLine(cell.bottomLeft(), cell.bottomRight())
        painter.restore()

    def _paint_line(self, painter: QPainter, room: QRect, line: HitLine, widget: QWidget) -> None:
        palette = QApplication.palette()
        quiet = palette.color(QPalette.ColorRole.PlaceholderText)
        px, small = pixels(_NAME_PT, widget.logicalDpiY()), pixels(_SMALL_PT, widget.logicalDpiY())
        font = painter.font()
        font.setPixelSize(round(small))
        painter.setFont(font)
        right = self._words(f"find.mark_{line.mark}") if line.mark else ""
        taken = max(painter.fontMetrics().horizontalAdvance(line.birth), 1) + 8
        painter.setPen(palette.color(QPalette.ColorRole.WindowText))
        name_px = self._letters.fitted(line.name, px, room.width() - taken)
        self._letters.draw(painter, room.x(), room.y() + px * 0.98, line.name, name_px)
        painter.setPen(quiet)
        top_right = int(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignTop)
        painter.drawText(room.adjusted(0, int(px * 0.2), 0, 0), top_right, line.birth)
        baseline = room.y() + px * 1.25 + small * 1.15
        if right:
            painter.setPen(palette.color(_TONES.get(line.mark, QPalette.ColorRole.PlaceholderText)))
            font.setBold(True)
            painter.setFont(font)
            taken = painter.fontMetrics().horizontalAdvance(right)
            painter.drawText(int(room.right() - taken), int(baseline), right)
            font.setBold(False)
            painter.setFont(font)
            painter.setPen(quiet)
        painter.setClipRect(room.adjusted(0, 0, -(taken + 10) if right else 0, 6))
        painter.drawText(room.x(), int(baseline), line.furigana)
        x = room.x() + (painter.fontMetrics().horizontalAdvance(line.furigana + "　") if line.furigana else 0)
        left = room.right() - (taken + 10 if right else 0) - x
        self._letters.draw(painter, x, baseline, self._letters.elided(line.address, small, left), small)
