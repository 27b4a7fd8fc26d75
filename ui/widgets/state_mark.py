"""A state as a shape and a colour, so that it survives colour blindness and a black-and-white screen."""

from PySide6.QtCore import QPointF, QRectF, QSize
from PySide6.QtGui import QPainter, QPaintEvent, QPalette, QPolygonF
from PySide6.QtWidgets import QWidget

from ui.marks import Mark

_CORNERS = {
    Mark.TRIANGLE: ((8, 1), (15.5, 14.5), (0.5, 14.5)),
    Mark.UP: ((8, 1), (14, 8), (10.3, 8), (10.3, 15), (5.7, 15), (5.7, 8), (2, 8)),
}


class StateMark(QWidget):
    """One mark; its colour is the style sheet's, by the property ``tone``."""

    def __init__(self, mark: Mark = Mark.CIRCLE, tone: str = "quiet", parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._mark = mark
        self.setProperty("tone", tone)
        self.setFixedSize(self.sizeHint())

    @property
    def mark(self) -> Mark:
        """Return the shape shown."""
        return self._mark

    def show_state(self, mark: Mark, tone: str) -> None:
        """Show another state."""
        if (mark, tone) == (self._mark, self.property("tone")):
            return
        self._mark = mark
        self.setProperty("tone", tone)
        self.style().unpolish(self)
        self.style().polish(self)
        self.update()

    def sizeHint(self) -> QSize:
        """Return a square as high as a line of text."""
        side = self.fontMetrics().height()
        return QSize(side, side)

    def paintEvent(self, _event: QPaintEvent) -> None:
        """Draw the shape."""
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        ink = self.palette().color(QPalette.ColorRole.WindowText)
        painter.setPen(ink)
        painter.setBrush(ink)
        painter.scale(self.width() / 16, self.height() / 16)
        if corners := _CORNERS.get(self._mark):
            painter.drawPolygon(QPolygonF([QPointF(x, y) for x, y in corners]))
        elif self._mark is Mark.CIRCLE:
            painter.drawEllipse(QRectF(2, 2, 12, 12))
        elif self._mark is Mark.SQUARE:
            painter.drawRect(QRectF(2, 2, 12, 12))
        else:
            painter.drawRoundedRect(QRectF(3, 1, 10, 14), 2, 2)
        painter.end()
