"""The permanent status bar: line, replica, what waits, printer; always there, never a dialog."""

from datetime import datetime

from PySide6.QtCore import QSize
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QStatusBar, QWidget

from ui import status
from ui.line_report import line_report
from ui.text import Words
from ui.widgets.link_badge import StatusCell
from ui.widgets.parts import label

_BETWEEN = 14  # pixels between two parts, and at the ends
_WELL = frozenset({"ok", "quiet"})


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
        self._cells = (self._link, self._replica, self._waiting, self._printer)
        self._said: tuple[str, ...] = ()
        for cell in self._cells[:-1]:
            self.addWidget(cell)
        self.addPermanentWidget(self._printer)
        self._keys = label(words("common.keys"), "key")
        self._keys.setContentsMargins(0, 0, 14, 0)
        self.addPermanentWidget(self._keys)

    def minimumSizeHint(self) -> QSize:
        """Ask for no width: the bar fits the window, never the window the bar."""
        return QSize(1, super().minimumSizeHint().height())

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Fit what is said to the room there is."""
        super().resizeEvent(event)
        self._fit()

    def _fit(self) -> None:
        """Leave out what matters least until nothing is cut: the keys (F1 tells them), then details of what is well."""
        self._keys.show()
        for cell in self._cells:
            cell.set_brief(False)
        self._replica.set_wordless(False)
        if self._wanted() > self.width():
            self._keys.hide()
        for cell in self._expendable():
            if self._wanted() > self.width():
                cell.set_brief(True)
        self._replica.set_wordless(self._wanted() > self.width())

    def _wanted(self) -> int:
        parts = (*self._cells, *((self._keys,) if self._keys.isVisibleTo(self) else ()))
        return sum(part.sizeHint().width() + _BETWEEN for part in parts)

    def _expendable(self) -> tuple[StatusCell, ...]:
        return (*((self._printer,) if self._printer.tone in _WELL else ()), self._link)

    def show_facts(self, facts: status.Facts, now: datetime) -> None:
        """Show how things stand."""
        self._link.show_cell(status.link_cell(facts, self._words, now))
        self._link.setToolTip(line_report(facts, self._words))
        self._replica.show_cell(status.replica_cell(facts, self._words, now))
        self._waiting.show_cell(status.waiting_cell(facts, self._words, now))
        self._printer.show_cell(status.printer_cell(facts, self._words))
        said = tuple(cell.text for cell in self._cells)
        if said != self._said:
            self._said = said
            self._fit()
