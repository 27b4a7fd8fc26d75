"""The striped frame round everything that is not real."""

from typing import TYPE_CHECKING

from PySide6.QtCore import QMargins
from PySide6.QtGui import QPainter, QPaintEvent
from PySide6.QtWidgets import QFrame, QVBoxLayout, QWidget

if TYPE_CHECKING:
    from PySide6.QtGui import QBrush

_WIDTH = 6


class StripedFrame(QFrame):
    """Holds the whole window's content; ``striped`` puts a black and amber frame round it."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("root")
        self._brush: QBrush | None = None
        self.body = QVBoxLayout(self)
        self.body.setSpacing(0)
        self.body.setContentsMargins(0, 0, 0, 0)

    @property
    def striped(self) -> bool:
        """Tell whether the frame is shown."""
        return self._brush is not None

    def set_striped(self, striped: bool) -> None:
        """Show or hide the frame."""
        if striped:
            from ui.widgets.stripe_tile import (
                stripe_brush,  # most counters are real, and paint sooner without
            )

            self._brush = stripe_brush()
        else:
            self._brush = None
        self.body.setContentsMargins(
            QMargins(_WIDTH, _WIDTH, _WIDTH, _WIDTH) if striped else QMargins(0, 0, 0, 0)
        )
        self.update()

    def paintEvent(self, event: QPaintEvent) -> None:
        """Draw the stripes along the edges."""
        super().paintEvent(event)
        if self._brush is None:
            return
        painter = QPainter(self)
        width, height = self.width(), self.height()
        for edge in (
            (0, 0, width, _WIDTH),
            (0, height - _WIDTH, width, _WIDTH),
            (0, 0, _WIDTH, height),
            (width - _WIDTH, 0, _WIDTH, height),
        ):
            painter.fillRect(*edge, self._brush)
        painter.end()
