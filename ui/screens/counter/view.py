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

_ANY = (1 << 24) - 1  # Qt's word for no limit
_SIDE_EMS = (22, 25)  # of the two outer columns, in letters of the screen
_GAPS = 56  # pixels round and between the three columns, a scroll bar included
_MIDDLE_EMS = 24  # what the resident needs beside them; with less, the basket stands under the resident
_UNDER_EMS = 40  # the height of the resident's column then: everything scrolls together


class CounterView(QWidget):
    """Paints a CounterModel; the columns paint their parts."""

    def __init__(self, model: CounterModel, words: Words, letters: Letters) -> None:
        super().__init__()
        self.setObjectName("page")
        self._model = model
        self._words = words
        self._letters = letters
        self._under = False
        self.find_pane = FindPane(model.find, words, letters)
        self.resident_pane = ResidentPane(model, words, letters)
        self.basket_pane = BasketPane(model, words)
        self._notice = NoticeBar(words("common.close"))
        self._notice.closed.connect(model.dismiss)
        self.resident_pane.zoom_wished.connect(self.zoom)
        self.find_pane.zoom_wished.connect(self.zoom_text)
        self._right = scrolled(self.basket_pane)
        row = QHBoxLayout()
        row.setSpacing(10)
        row.addWidget(self.find_pane)
        middle = QWidget()
        self._middle = QVBoxLayout(middle)
        self._middle.setContentsMargins(0, 0, 0, 0)
        self._middle.setSpacing(10)
        self._middle.addWidget(self.resident_pane, 1)
        self._rest = QVBoxLayout()
        self._rest.setSpacing(8)
        self._rest.addWidget(scrolled(middle), 1)
        row.addLayout(self._rest, 1)
        row.addWidget(self._right)
        self._row = row
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
        self._fit_columns()

    def begin(self) -> None:
        """Go to the search field (F2)."""
        self.find_pane.begin()

    def zoom(self) -> None:
        """Show the letters of the resident's name large."""
        if (resident := self._model.resident) is not None:
            self.zoom_text(resident.shown_name, resident.name.furigana or "")

    def zoom_text(self, text: str, reading: str = "") -> None:
        """Show the letters of any name large, its reading above them; only over this screen."""
        if self.isVisible():
            ZoomDialog(text, self._words, self._letters, self, reading=reading).open()

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Give the outer columns their share: in letters, and no more than the window has."""
        super().resizeEvent(event)
        self._fit_columns()

    def _fit_columns(self) -> None:
        em = self.fontMetrics().horizontalAdvance("世")
        left, right = (min(em * ems, int(self.width() * 0.24)) for ems in _SIDE_EMS)
        left = max(left, self.find_pane.least_width())
        right = max(right, self.basket_pane.least_width())
        self.find_pane.setFixedWidth(left)
        needed = max(em * _MIDDLE_EMS, self.resident_pane.minimumSizeHint().width() + _GAPS)
        self._stand(under=self.width() - left - right < needed, right=right, em=em)

    def _stand(self, *, under: bool, right: int, em: int) -> None:
        """Put the basket beside the resident, or under them where letters are large and the window small."""
        self._right.setMinimumWidth(0 if under else right)
        self._right.setMaximumWidth(_ANY if under else right)
        self.resident_pane.setMinimumHeight(em * _UNDER_EMS if under else 0)
        if under is not self._under:
            self._under = under
            if under:
                self._middle.addWidget(self._right)
                self._rest.addWidget(self.basket_pane.foot)  # never out of sight
            else:
                self._row.addWidget(self._right)
                self.basket_pane.take_foot()
        self._fit_basket()

    def _fit_basket(self) -> None:
        """Give the basket all its height where everything scrolls together, so that it does not scroll by itself."""
        self._right.setMinimumHeight(self.basket_pane.sizeHint().height() if self._under else 0)
