"""The permanent status bar: line, replica, what waits, printer; always there, never a dialog."""

from datetime import datetime

from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QStatusBar, QWidget

from ui import status
from ui.text import Words
from ui.widgets.link_badge import StatusCell
from ui.widgets.parts import label

_ROOM_EMS = 85


class StatusLine(QStatusBar):
    """Paints status Facts."""

    def __init__(self, words: Words, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setSizeGripEnabled(False)
        self._words = words
        self._link = StatusCell("linkState")
        self._replica = StatusCell("replicaAge")
        self._waiting = StatusCell("waiting")
        self._printer = StatusCell("printerState")
        for cell in (self._link, self._replica, self._waiting):
            self.addWidget(cell)
        self.addPermanentWidget(self._printer)
        self._keys = label(words("common.keys"), "key")
        self._keys.setContentsMargins(0, 0, 14, 0)
        self.addPermanentWidget(self._keys)

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Leave the keys out where states would be cut; F1 tells them."""
        super().resizeEvent(event)
        self._keys.setVisible(self.width() > _ROOM_EMS * self.fontMetrics().horizontalAdvance("世"))

    def show_facts(self, facts: status.Facts, now: datetime) -> None:
        """Show how things stand."""
        self._link.show_cell(status.link_cell(facts, self._words, now))
        self._replica.show_cell(status.replica_cell(facts, self._words, now))
        self._waiting.show_cell(status.waiting_cell(facts, self._words, now))
        self._printer.show_cell(status.printer_cell(facts, self._words))
