"""The middle column: who stands at the window, what stands against it, the household, one member's details."""

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import (
    QBoxLayout,
    QFrame,
    QGridLayout,
    QHBoxLayout,
    QScrollArea,
    QStackedWidget,
    QVBoxLayout,
    QWidget,
)

from client.domain.resident import Resident
from ui.screens.counter.household_table import HouseholdTable
from ui.screens.counter.model import CounterModel
from ui.screens.counter.shown import BannerLine
from ui.text import Words
from ui.widgets.letters import Letters
from ui.widgets.name_label import NameLabel
from ui.widgets.notice import Banner
from ui.widgets.parts import button, card, label

_NAME_PT, _ADDRESS_PT, _DETAIL_PT = 24.0, 13.0, 11.5
_WIDE_EMS = 72  # of the column, in letters: from here the details stand beside the household
_CARD_MARGINS = 30  # of the person's card, left and right, and its frame
_FACTS = ("birth", "sex", "relationship", "atena_no")


class ResidentPane(QWidget):
    """Paints the resident and the household of a CounterModel."""

    zoom_wished = Signal()  # to see the letters of the name large

    def __init__(self, model: CounterModel, words: Words, letters: Letters) -> None:
        super().__init__()
        self._model = model
        self._words = words
        self._letters = letters
        self._shown_banners: tuple[BannerLine, ...] = ()
        self._shown_details: tuple[tuple[str, str], ...] = ()
        self._pages = QStackedWidget()
        self._empty_title = label(words("resident.none_title"), "title", "residentEmpty")
        self._pages.addWidget(self._empty_page())
        self._pages.addWidget(self._resident_page())
        whole = QVBoxLayout(self)
        whole.setContentsMargins(0, 0, 0, 0)
        whole.addWidget(self._pages)

    def _empty_page(self) -> QWidget:
        page = card()
        column = QVBoxLayout(page)
        column.addStretch(2)
        column.addWidget(self._empty_title, 0, Qt.AlignmentFlag.AlignHCenter)
        column.addWidget(label(self._words("resident.none_text"), "quiet"), 0, Qt.AlignmentFlag.AlignHCenter)
        column.addStretch(3)
        return page

    def _resident_page(self) -> QWidget:
        page = QWidget()
        column = QVBoxLayout(page)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(8)
        column.addWidget(self._person_card())
        self._banners = QVBoxLayout()
        self._banners.setSpacing(6)
        column.addLayout(self._banners)
        column.addWidget(self._household_card(), 1)
        return page

    def _person_card(self) -> QFrame:
        words = self._words
        self._furigana = label(role="quiet", name="residentFurigana")
        self._name = NameLabel(self._letters, _NAME_PT)
        self._name.setObjectName("residentName")
        self._address = NameLabel(self._letters, _ADDRESS_PT, wrap=True)
        self._address.setObjectName("residentAddress")
        self._zoom = button(words("resident.zoom"), "residentZoom", self.zoom_wished.emit)
        self._tenkyo = button(words("resident.change"), "changeOpen", self._model.begin_change)
        made = card()
        grid = QGridLayout(made)
        grid.setContentsMargins(16, 9, 12, 11)
        grid.setHorizontalSpacing(20)
        grid.setVerticalSpacing(4)
        grid.addWidget(self._furigana, 0, 0, 1, 4)
        grid.addWidget(self._name, 1, 0, 1, 4)
        actions = QVBoxLayout()
        actions.setSpacing(6)
        actions.addWidget(self._tenkyo)
        actions.addWidget(self._zoom)
        actions.addStretch(1)
        grid.addLayout(actions, 0, 4, 2, 1)
        grid.addLayout(self._fact_row(), 2, 0, 1, 5)
        grid.addWidget(label(words("resident.address"), "caption"), 3, 0)
        grid.addWidget(self._address, 4, 0, 1, 5)
        grid.setColumnStretch(0, 1)
        return made

    def _fact_row(self) -> QGridLayout:
        self._fact_grid = QGridLayout()
        self._fact_grid.setHorizontalSpacing(20)
        self._fact_grid.setVerticalSpacing(2)
        self._facts = {fact: label(name=f"resident_{fact}") for fact in _FACTS}
        self._captions = {fact: label(self._words(f"resident.{fact}"), "caption") for fact in _FACTS}
        self._place_facts(len(_FACTS))
        return self._fact_grid

    def _place_facts(self, across: int) -> None:
        """Put so many facts beside each other, the rest under them."""
        self._facts_across = across
        for number, fact in enumerate(_FACTS):
            row, column = divmod(number, across)
            self._fact_grid.addWidget(self._captions[fact], row * 2, column)
            self._fact_grid.addWidget(self._facts[fact], row * 2 + 1, column)
        for column in range(len(_FACTS) + 1):
            self._fact_grid.setColumnStretch(column, 1 if column == across else 0)

    def _fit_facts(self) -> None:
        """Break the facts over two rows where they would be cut on one."""
        room = self.width() - _CARD_MARGINS
        pairs = [(self._facts[fact], self._captions[fact]) for fact in _FACTS]
        wanted = sum(max(part.sizeHint().width() for part in pair) + 20 for pair in pairs)
        across = len(_FACTS) if wanted <= room else len(_FACTS) // 2
        if across != self._facts_across:
            self._place_facts(across)

    def _household_card(self) -> QFrame:
        words = self._words
        self._heading = label(role="heading", name="householdHeading")
        self._all = button(words("resident.all"), "checkAll", self._model.check_all)
        self.table = HouseholdTable(self._model, words, self._letters)
        self._details_of = NameLabel(self._letters, _DETAIL_PT)
        self._details_of.setObjectName("detailsOf")
        inner = QWidget()
        self._details = QGridLayout(inner)
        self._details.setContentsMargins(0, 0, 0, 0)
        self._details.setHorizontalSpacing(18)
        self._details.setVerticalSpacing(4)
        scroll = QScrollArea()
        scroll.setObjectName("details")
        scroll.setAccessibleName(words("resident.details_of", name=""))
        scroll.setWidgetResizable(True)
        scroll.setWidget(inner)
        scroll.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        scroll.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        made = card()
        column = QVBoxLayout(made)
        column.setContentsMargins(12, 8, 12, 10)
        column.setSpacing(6)
        head = QHBoxLayout()
        head.addWidget(self._heading)
        head.addStretch(1)
        head.addWidget(self._all)
        column.addLayout(head)
        detail = QVBoxLayout()
        detail.setSpacing(6)
        detail.addWidget(self._details_of)
        detail.addWidget(scroll, 1)
        self._body = QBoxLayout(QBoxLayout.Direction.TopToBottom)
        self._body.setSpacing(14)
        self._body.addWidget(self.table, 3)
        self._body.addLayout(detail, 2)
        column.addLayout(self._body, 1)
        return made

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Put the details beside the table where there is room, else under it."""
        super().resizeEvent(event)
        beside = self.width() > _WIDE_EMS * self.fontMetrics().horizontalAdvance("世")
        direction = QBoxLayout.Direction
        self._body.setDirection(direction.LeftToRight if beside else direction.TopToBottom)
        self._fit_facts()

    def paint(self) -> None:
        """Show the model as it is."""
        model, words = self._model, self._words
        resident = model.resident
        opening = model.opening and resident is None
        self._empty_title.setText(words("resident.opening" if opening else "resident.none_title"))
        self._pages.setCurrentIndex(0 if resident is None else 1)
        if resident is None:
            self._forget_person()
        else:
            self._paint_person(resident)
        self._paint_banners(model.banners())
        self._heading.setText(words("resident.household_n", n=len(model.rows())))
        self._tenkyo.setEnabled(model.may_accept)
        self.table.paint_rows()
        self._paint_details()

    def _paint_person(self, resident: Resident) -> None:
        words = self._words
        self._furigana.setText(resident.name.furigana or "")
        spoken = f"{words('resident.name')} {resident.name.furigana or resident.shown_name}"
        self._name.set_text(resident.shown_name, spoken=spoken)
        self._facts["birth"].setText(self._model.birth_text(resident))
        self._facts["sex"].setText(resident.sex or "")
        self._facts["relationship"].setText(resident.relationship or "")
        self._facts["atena_no"].setText(resident.atena_no)
        self._fit_facts()
        hidden = self._model.masked
        self._address.set_text(words("resident.masked") if hidden else resident.address.text)

    def _forget_person(self) -> None:
        """Empty what is not in front either: a screen reader reaches it, for the next clerk too."""
        self._furigana.setText("")
        for shown in (self._name, self._address, self._details_of):
            shown.set_text("")
        for fact in self._facts.values():
            fact.setText("")

    def _paint_banners(self, lines: tuple[BannerLine, ...]) -> None:
        if lines == self._shown_banners:
            return
        self._shown_banners = lines
        while item := self._banners.takeAt(0):
            if (old := item.widget()) is not None:
                old.hide()
                old.deleteLater()
        for number, line in enumerate(lines):
            self._banners.addWidget(Banner(line.tone, line.head, line.text, f"banner{number}"))

    def _paint_details(self) -> None:
        details = self._model.details()
        detail = self._model.detail
        if detail is not None:
            self._details_of.set_text(self._words("resident.details_of", name=detail.shown_name))
        if details == self._shown_details:
            return
        self._shown_details = details
        while item := self._details.takeAt(0):
            if (old := item.widget()) is not None:
                old.hide()
                old.deleteLater()
        for row, (caption, value) in enumerate(details):
            text = NameLabel(self._letters, _DETAIL_PT, wrap=True)
            text.set_text(value, spoken=f"{caption} {value}")
            self._details.addWidget(label(caption, "caption"), row, 0, Qt.AlignmentFlag.AlignTop)
            self._details.addWidget(text, row, 1)
        self._details.setColumnStretch(1, 1)
        self._details.setRowStretch(len(details), 1)
