"""The black and amber stripes of everything that is not real."""

from PySide6.QtCore import QPoint
from PySide6.QtGui import QBrush, QColor, QPainter, QPixmap, QPolygon

_TILE = 16
_AMBER, _BLACK = "#e8a400", "#17212b"


def stripe_brush() -> QBrush:
    """Return a brush that paints the stripes."""
    return QBrush(_tile())


def _tile() -> QPixmap:
    tile = QPixmap(_TILE, _TILE)
    tile.fill(QColor(_AMBER))
    half = _TILE // 2
    painter = QPainter(tile)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.setPen(QColor(_BLACK))
    painter.setBrush(QColor(_BLACK))
    painter.drawPolygon(QPolygon([QPoint(0, half), QPoint(half, 0), QPoint(_TILE, 0), QPoint(0, _TILE)]))
    painter.drawPolygon(QPolygon([QPoint(half, _TILE), QPoint(_TILE, half), QPoint(_TILE, _TILE)]))
    painter.end()
    return tile
