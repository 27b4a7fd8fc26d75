"""The counter screen: three columns with fixed roles."""

from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QHBoxLayout, QVBoxLayout, QWidget

from ui.screens.counter.basket_pane import BasketPane
from ui.screens.counter.find_pane import FindPane
from ui.screens.counter.model import CounterModel
from ui.screens.counter.resident_pane import ResidentPane
from ui.screens.counter.zoom import ZoomDialog
from ui.text import Words
from ui.widgets.letters import Letters
from ui.widgets.notice import NoticeBar
from ui.widgets.scrolled import scrolled

_SIDE_EMS = (22, 25)  # of the two outer columns, in letters of the screen


class CounterView(QWidget):
    """Paints a CounterModel; the columns paint their parts."""

    def __init__(self, model: CounterModel, words: Words, letters: Letters) -> None:
        super().__init__()
        self.setObjectName("page")
        self._model = model
        self._words = words
        self._letters = letters
        self.find_pane = FindPane(model.find, words, letters)
        self.resident_pane = ResidentPane(model, words, letters)
        self.basket_pane = BasketPane(model, words)
        self._notice = NoticeBar(words("common.close"))
        self._notice.closed.connect(model.dismiss)
        self.resident_pane.zoom_wished.connect(self.zoom)
        self._right = scrolled(self.basket_pane)
        row = QHBoxLayout()
        row.setSpacing(10)
        row.addWidget(self.find_pane)
        row.addWidget(self.resident_pane, 1)
        row.addWidget(self._right)
        page = QVBoxLayout(self)
        page.setContentsMargins(10, 10, 10, 10)
        page.setSpacing(8)
        page.addWidget(self._notice)
        page.addLayout(row, 1)
        model.changed = self.paint
        self.paint()

    def paint(self) -> None:
        """Show the model as it is."""
        self._notice.show_note(self._model.note)
        self.resident_pane.paint()
        self.basket_pane.paint()

    def begin(self) -> None:
        """Go to the search field (F2)."""
        self.find_pane.begin()

    def zoom(self) -> None:
        """Show the letters of the name large."""
        if (resident := self._model.resident) is not None:
            ZoomDialog(resident.shown_name, self._words, self._letters, self).open()

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Give the outer columns their share: in letters, and no more than the window has."""
        super().resizeEvent(event)
        em = self.fontMetrics().horizontalAdvance("世")
        left, right = (min(em * ems, int(self.width() * 0.24)) for ems in _SIDE_EMS)
        self.find_pane.setFixedWidth(left)
        self._right.setFixedWidth(max(right, self.basket_pane.least_width()))
