"""A part that scrolls where large letters make it taller than the window."""

from PySide6.QtCore import Qt, QTimer
from PySide6.QtWidgets import QApplication, QFrame, QScrollArea, QWidget

_AROUND = 12  # pixels kept in sight around what has the focus


class Scrolled(QScrollArea):
    """Scrolls up and down, and brings what has the focus into sight, whichever way it came there."""

    def __init__(self, part: QWidget) -> None:
        super().__init__()
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setWidgetResizable(True)
        self.setWidget(part)
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        app = QApplication.instance()
        if isinstance(app, QApplication):
            app.focusChanged.connect(self._on_focus_changed)

    def _on_focus_changed(self, _before: QWidget | None, now: QWidget | None) -> None:
        part = self.widget()
        if now is not None and part is not None and part.isAncestorOf(now):
            self._show_focus()
            QTimer.singleShot(0, self, self._show_focus)  # what came with the focus may be laid out only now

    def _show_focus(self) -> None:
        part, now = self.widget(), QApplication.focusWidget()
        if part is not None and now is not None and part.isAncestorOf(now):
            self.ensureWidgetVisible(now, 0, _AROUND)


def scrolled(part: QWidget) -> Scrolled:
    """Put a part into an area that scrolls."""
    return Scrolled(part)
