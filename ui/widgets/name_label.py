"""A name or an address on the screen, drawn by glyph so that every variation sequence shows."""

from PySide6.QtCore import QModelIndex, QPersistentModelIndex, QRect, QSize, Qt
from PySide6.QtGui import QPainter, QPaintEvent, QPalette, QResizeEvent
from PySide6.QtWidgets import (
    QSizePolicy,
    QStyle,
    QStyledItemDelegate,
    QStyleOptionViewItem,
    QWidget,
)

from ui.widgets.letters import ASCENT_EM, LINE_EM, Letters, pixels


class NameLabel(QWidget):
    """Shows a text of the register; breaks it over lines where ``wrap`` is set, else shrinks it to fit.

    ``hug`` keeps it as wide as its text, for a place among other words.
    """

    def __init__(
        self,
        letters: Letters,
        pt: float,
        *,
        wrap: bool = False,
        hug: bool = False,
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self._letters = letters
        self._pt = pt
        self._wrap = wrap
        self._hug = hug
        self._text = ""
        across = QSizePolicy.Policy.Preferred if hug else QSizePolicy.Policy.Expanding
        self.setSizePolicy(across, QSizePolicy.Policy.Fixed)

    @property
    def text(self) -> str:
        """Return what is shown, as the register holds it."""
        return self._text

    def set_text(self, text: str, *, spoken: str = "") -> None:
        """Show a text; ``spoken`` is what a screen reader says instead, the reading of a name."""
        self._text = text
        self.setAccessibleName(spoken or text)
        self._fit()
        self.updateGeometry()
        self.update()

    def shown_share(self) -> float:
        """Return how large the text is drawn, as a share of its own size: less than 1 where it was shrunk to fit."""
        px = self._px()
        return 1.0 if self._wrap else self._letters.fitted(self._text, px, self.width()) / px

    def _px(self) -> float:
        return pixels(self._pt, self.logicalDpiY())

    def sizeHint(self) -> QSize:
        """Return the size on one line."""
        px = self._px()
        return QSize(int(self._letters.width(self._text, px)) + 2, int(px * LINE_EM))

    def minimumSizeHint(self) -> QSize:
        """Return the least size: a few letters wide, whatever is shown, or all of it where it hugs."""
        if self._hug:
            return self.sizeHint()
        px = self._px()
        return QSize(int(px * 4), int(px * LINE_EM))

    def height_for(self, width: int) -> int:
        """Return the height of all lines at a width."""
        px = self._px()
        return int(len(self._letters.lines(self._text, px, width)) * px * LINE_EM) + 1

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Take the height the lines need; layouts guess it badly from a width they have not settled."""
        super().resizeEvent(event)
        self._fit()

    def _fit(self) -> None:
        if self._wrap and self.width() > 0:
            self.setFixedHeight(self.height_for(self.width()))

    def paintEvent(self, _event: QPaintEvent) -> None:
        """Draw the text in the ink of the style."""
        painter = QPainter(self)
        painter.setPen(self.palette().color(QPalette.ColorRole.WindowText))
        px = self._px()
        if self._wrap:
            lines = self._letters.lines(self._text, px, self.width())
        else:
            lines = (self._text,)
            px = self._letters.fitted(self._text, px, self.width())
        top = (self.height() - len(lines) * px * LINE_EM) / 2
        for number, line in enumerate(lines):
            self._letters.draw(painter, 0, top + number * px * LINE_EM + px * (ASCENT_EM + 0.12), line, px)
        painter.end()


class NameDelegate(QStyledItemDelegate):
    """Draws the cells of a column by glyph."""

    def __init__(self, letters: Letters, pt: float, parent: QWidget) -> None:
        super().__init__(parent)
        self._letters = letters
        self._pt = pt

    def paint(
        self, painter: QPainter, option: QStyleOptionViewItem, index: QModelIndex | QPersistentModelIndex
    ) -> None:
        """Draw the cell as the style does, its text by glyph."""
        own = QStyleOptionViewItem(option)
        self.initStyleOption(own, index)
        text, own.text = own.text, ""
        widget: QWidget = own.widget
        rect: QRect = own.rect
        palette: QPalette = own.palette
        widget.style().drawControl(QStyle.ControlElement.CE_ItemViewItem, own, painter, widget)
        px = self._letters.fitted(text, pixels(self._pt, widget.logicalDpiY()), rect.width() - 12)
        painter.save()
        ink = index.data(Qt.ItemDataRole.ForegroundRole)
        painter.setPen(ink if ink is not None else palette.color(QPalette.ColorRole.WindowText))
        baseline = rect.y() + (rect.height() + px * 0.76) / 2
        self._letters.draw(painter, rect.x() + 6, baseline, text, px)
        painter.restore()
