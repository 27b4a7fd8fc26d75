"""The form of 転居届: who, where to, when; what is typed is shown by glyph beside it."""

from collections.abc import Callable
from itertools import pairwise

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QCheckBox, QFrame, QGridLayout, QHBoxLayout, QLineEdit, QVBoxLayout, QWidget

from client.domain.intake import Filer
from client.domain.resident import AtenaNo
from ui.screens.change.model import DAYS, TenkyoModel
from ui.text import Words
from ui.widgets.choices import choice
from ui.widgets.letters import Letters
from ui.widgets.name_label import NameLabel
from ui.widgets.notice import NoticeBar
from ui.widgets.parts import button, caption_for, card, label, restyle, wrapped
from ui.widgets.scrolled import scrolled
from ui.widgets.taken_out import gone_when_taken_out

_LONGEST_DAY, _FIELD_EDGES = "令和88年88月88日", 26
_SHEET_EMS = 78  # how wide the form becomes at most, in letters of the screen
_NAMES = {
    "town": "tenkyoTown",
    "banchi": "tenkyoBanchi",
    "katagaki": "tenkyoKatagaki",
    "postcode": "tenkyoPostcode",
    "ido_date": "tenkyoDate",
    "todoke_date": "tenkyoTodokeDate",
}
_HINTS = {
    "town": "change.town_hint",
    "banchi": "change.banchi_hint",
    "katagaki": "change.katagaki_hint",
    "ido_date": "change.date_hint",
}


class TenkyoView(QWidget):
    """Paints a TenkyoModel."""

    def __init__(self, model: TenkyoModel, words: Words, letters: Letters) -> None:
        super().__init__()
        self.setObjectName("page")
        self._model = model
        self._words = words
        self._letters = letters
        self._notice = NoticeBar(words("common.close"))
        self._notice.closed.connect(model.dismiss)
        self._name = NameLabel(letters, 20)
        self._current = NameLabel(letters, 12, wrap=True)
        self._new = NameLabel(letters, 16, wrap=True)
        self._new.setObjectName("tenkyoNew")
        self._hint = wrapped(role="quiet", name="tenkyoHint")
        self._led: frozenset[str] = frozenset()
        self._done = False
        self._boxes: dict[AtenaNo, QCheckBox] = {}
        self._box_column = QVBoxLayout()
        self._fields = {field: self._field(field, name) for field, name in _NAMES.items()}
        filers = tuple((words(f"filer.{one.value}"), one) for one in Filer)
        self._filer = choice("tenkyoFiler", "", filers, self._on_filer)
        self._accept = button(words("change.accept"), "tenkyoAccept", model.accept, primary=True)
        self._slip = button(words("change.slip"), "tenkyoSlip", model.print_slip)
        self._back = button(words("common.back"), "tenkyoBack", model.back)
        self._lay_out()
        model.changed = self.paint

    def _field(self, field: str, name: str) -> QLineEdit:
        made = QLineEdit()
        made.setObjectName(name)
        if field in _HINTS:
            made.setPlaceholderText(self._words(_HINTS[field]))
        if field in DAYS:
            made.setMinimumWidth(made.fontMetrics().horizontalAdvance(_LONGEST_DAY) + _FIELD_EDGES)
        made.textChanged.connect(lambda text: self._model.set(field, text))
        gone_when_taken_out(made)
        return made

    def _lay_out(self) -> None:
        words = self._words
        fields = QWidget()
        column = QVBoxLayout(fields)
        column.setContentsMargins(24, 14, 24, 6)
        column.setSpacing(10)
        column.addWidget(label(words("change.heading"), "title"))
        column.addWidget(self._name)
        column.addWidget(label(words("change.current"), "caption"))
        column.addWidget(self._current)
        column.addLayout(self._form())
        column.addWidget(label(words("change.new"), "caption"))
        column.addWidget(self._new)
        column.addWidget(self._hint)
        column.addStretch(1)
        column.addWidget(wrapped(words("change.explain"), "caption"))
        sheet = card()
        whole = QVBoxLayout(sheet)  # the fields scroll where there is little room; the buttons never do
        whole.setContentsMargins(2, 2, 2, 14)
        whole.addWidget(scrolled(fields), 1)
        whole.addLayout(self._buttons())
        page = QVBoxLayout(self)
        page.setContentsMargins(10, 10, 10, 10)
        page.addWidget(self._notice)
        sheet.setMaximumWidth(_SHEET_EMS * self.fontMetrics().horizontalAdvance("世"))
        middle = QHBoxLayout()
        middle.addWidget(sheet)
        page.addLayout(middle, 1)

    def _buttons(self) -> QHBoxLayout:
        row = QHBoxLayout()
        row.setContentsMargins(24, 0, 24, 0)
        row.setSpacing(10)
        row.addWidget(self._back)
        row.addStretch(1)
        row.addWidget(self._slip)
        row.addWidget(self._accept)
        return row

    def _form(self) -> QGridLayout:
        words = self._words
        grid = QGridLayout()
        grid.setHorizontalSpacing(14)
        grid.setVerticalSpacing(8)
        members = QFrame()
        members.setLayout(self._box_column)
        self._box_column.setContentsMargins(0, 0, 0, 0)
        grid.addWidget(label(words("change.members"), "caption"), 0, 0, Qt.AlignmentFlag.AlignTop)
        grid.addWidget(members, 0, 1, 1, 3)
        left = ("town", "banchi", "katagaki")
        right = ("ido_date", "todoke_date")
        for row, field in enumerate(left, start=1):
            grid.addWidget(caption_for(words(f"change.{field}"), self._fields[field]), row, 0)
            grid.addWidget(self._fields[field], row, 1)
        for row, field in enumerate(right, start=1):
            grid.addWidget(caption_for(words(f"change.{field}"), self._fields[field]), row, 2)
            grid.addWidget(self._fields[field], row, 3)
        grid.addWidget(caption_for(words("change.filer"), self._filer), 3, 2)
        grid.addWidget(self._filer, 3, 3)
        grid.addWidget(caption_for(words("change.postcode"), self._fields["postcode"]), 4, 0)
        grid.addWidget(self._fields["postcode"], 4, 1)
        grid.setColumnStretch(1, 3)
        grid.setColumnStretch(3, 1)
        return grid

    def _order_tabs(self) -> None:
        fields = ("town", "banchi", "katagaki", "postcode", "ido_date", "todoke_date")
        order = [
            *self._boxes.values(),
            *(self._fields[one] for one in fields),
            self._filer,
            self._accept,
            self._slip,
            self._back,
        ]
        for before, after in pairwise(order):
            QWidget.setTabOrder(before, after)

    def paint(self) -> None:
        """Show the model as it is."""
        model = self._model
        self._notice.show_note(model.note)
        resident = model.resident
        self._name.set_text(resident.shown_name if resident else "")
        address = resident.address.text if resident else ""
        self._current.set_text(address or self._words("resident.masked"))
        self._paint_members()
        for field, line in self._fields.items():
            if line.text() != model.values[field]:
                line.setText(model.values[field])
            restyle(line, wrong=field in model.wrong)
            line.setEnabled(model.may_accept)
        self._filer.setCurrentIndex(self._filer.findData(model.filer))
        self._filer.setEnabled(model.may_accept)
        self._new.set_text(model.new_address.text)
        self._hint.setText(model.hint)
        self._accept.setEnabled(model.may_accept)
        self._accept.setVisible(model.accepted is None)
        self._slip.setVisible(model.accepted is not None)
        self._slip.setEnabled(model.may_print)
        self._lead_to_gap(model.wrong)
        if model.accepted is not None and not self._done:
            self._back.setFocus(Qt.FocusReason.OtherFocusReason)
        self._done = model.accepted is not None

    def _lead_to_gap(self, wrong: frozenset[str]) -> None:
        """Go to the first field that is wrong, once, when it is found."""
        if wrong and wrong != self._led and not wrong < self._led:
            first = next(field for field in _NAMES if field in wrong)
            self._fields[first].setFocus(Qt.FocusReason.OtherFocusReason)
        self._led = wrong

    def begin(self) -> None:
        """Begin at the first field."""
        self._fields["town"].setFocus(Qt.FocusReason.OtherFocusReason)

    def _paint_members(self) -> None:
        people = self._model.candidates
        if list(self._boxes) != [one.atena_no for one in people]:
            self._rebuild_members()
        for atena_no, box in self._boxes.items():
            box.setChecked(atena_no in self._model.members)
            box.setEnabled(self._model.may_accept)

    def _rebuild_members(self) -> None:
        while item := self._box_column.takeAt(0):
            if (old := item.widget()) is not None:
                old.hide()
                old.deleteLater()
        self._boxes = {}
        for number, one in enumerate(self._model.candidates):
            row = QFrame()
            line = QHBoxLayout(row)
            line.setContentsMargins(0, 0, 0, 0)
            box = QCheckBox(one.relationship or "")
            box.setObjectName(f"tenkyoMember{number}")
            box.setAccessibleName(f"{self._words('change.members')} {one.shown_name}")
            box.toggled.connect(self._member_setter(one.atena_no))
            name = NameLabel(self._letters, 13)
            name.set_text(one.shown_name)
            box.setMinimumWidth(110)
            line.addWidget(box)
            line.addWidget(name, 1)
            self._box_column.addWidget(row)
            self._boxes[one.atena_no] = box
        self._order_tabs()

    def _member_setter(self, atena_no: AtenaNo) -> Callable[[bool], None]:
        return lambda on: self._model.check(atena_no, on=on)

    def _on_filer(self, filer: object) -> None:
        if isinstance(filer, Filer) and filer is not self._model.filer:
            self._model.set_filer(filer)
