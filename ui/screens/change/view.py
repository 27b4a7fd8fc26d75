"""The form of a notification: who, what, when; what is typed is shown by glyph below it."""

from collections.abc import Callable
from itertools import pairwise

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QCheckBox, QFrame, QGridLayout, QHBoxLayout, QLineEdit, QVBoxLayout, QWidget

from client.domain.intake import Field, Filer
from client.domain.resident import AtenaNo
from ui.screens.change.aid import PlaceAid, ReentryNote
from ui.screens.change.model import TODOKE_DATE, ChangeModel
from ui.screens.change.places import PlacesModel
from ui.screens.change.questions import Questions
from ui.screens.change.reentry import ReentryModel
from ui.text import Words
from ui.widgets.attachment_list import AttachmentList
from ui.widgets.choices import choice
from ui.widgets.letters import Letters
from ui.widgets.name_label import NameLabel
from ui.widgets.notice import NoticeBar
from ui.widgets.parts import button, caption_for, card, label, restyle, wrapped
from ui.widgets.scrolled import scrolled

_LONGEST_DAY, _FIELD_EDGES = "令和88年88月88日", 26
_SHEET_EMS = 78  # how wide the form becomes at most, in letters of the screen


class ChangeView(QWidget):
    """Paints a ChangeModel, and what helps with it."""

    def __init__(
        self, model: ChangeModel, words: Words, letters: Letters, aids: tuple[PlacesModel, ReentryModel]
    ) -> None:
        super().__init__()
        self.setObjectName("page")
        self._model = model
        self._words = words
        self._letters = letters
        self._notice = NoticeBar(words("common.close"))
        self._notice.closed.connect(model.dismiss)
        self._heading = label("", "title")
        self._name = NameLabel(letters, 20)
        self._current = NameLabel(letters, 12, wrap=True)
        self._drawn = NameLabel(letters, 16, wrap=True)
        self._drawn.setObjectName("changeDrawn")
        self._hint = wrapped(role="quiet", name="changeHint")
        self._led: frozenset[str] = frozenset()
        self._done = False
        self._asked: tuple[object, ...] = ()
        self._boxes: dict[AtenaNo, QCheckBox] = {}
        self._members = QFrame()
        self._box_column = QVBoxLayout(self._members)
        self._box_column.setContentsMargins(0, 0, 0, 0)
        self._members_caption = label(words("change.members"), "caption")
        self._questions = Questions(model, words, self._drawn.set_text)
        self._place = QVBoxLayout()
        self._fields = QWidget()
        self._todoke = QLineEdit()
        self._todoke.setMinimumWidth(
            self._todoke.fontMetrics().horizontalAdvance(_LONGEST_DAY) + _FIELD_EDGES
        )
        self._todoke.textChanged.connect(lambda text: model.set(TODOKE_DATE, text))
        self._filer = choice(
            "", "", tuple((words(f"filer.{one.value}"), one) for one in Filer), self._on_filer
        )
        self._add = button(words("change.add_person"), "changeAdd", model.add_newcomer)
        self._remove = button(words("change.remove_person"), "changeRemove", model.remove_newcomer)
        self._attached = AttachmentList(model.attached, words)
        self._accept = button(words("change.accept"), "", model.accept, primary=True)
        self._slip = button(words("change.slip"), "", model.print_slip)
        self._back = button(words("common.back"), "", model.back)
        places, self._reentry = aids
        self._reentry_note = ReentryNote(self._reentry, words, self._lead_to)
        self._lay_out()
        self._place_aid = PlaceAid(places, words, self, letters)
        model.changed = self.paint
        self._reentry.changed = self._paint_reentry

    def _lay_out(self) -> None:
        words = self._words
        fields = QWidget()
        column = QVBoxLayout(fields)
        column.setContentsMargins(24, 14, 24, 6)
        column.setSpacing(10)
        column.addWidget(self._heading)
        column.addWidget(self._name)
        column.addWidget(self._current)
        column.addLayout(self._heads())
        column.addLayout(self._place)
        people = QHBoxLayout()
        people.addWidget(self._add)
        people.addWidget(self._remove)
        people.addStretch(1)
        column.addLayout(people)
        column.addWidget(self._attached)
        column.addWidget(self._drawn)
        column.addWidget(self._hint)
        column.addStretch(1)
        column.addWidget(wrapped(words("change.explain"), "caption"))
        sheet = card()
        whole = QVBoxLayout(sheet)  # the fields scroll where there is little room; the buttons never do
        whole.setContentsMargins(2, 2, 2, 14)
        whole.addWidget(scrolled(fields), 1)
        whole.addWidget(self._reentry_note)  # a warning is not to be scrolled to
        whole.addLayout(self._buttons())
        page = QVBoxLayout(self)
        page.setContentsMargins(10, 10, 10, 10)
        page.addWidget(self._notice)
        sheet.setMaximumWidth(_SHEET_EMS * self.fontMetrics().horizontalAdvance("世"))
        middle = QHBoxLayout()
        middle.addWidget(sheet)
        page.addLayout(middle, 1)

    def _heads(self) -> QGridLayout:
        """Lay out what every form asks: who is on it, who files, and the day at the counter."""
        grid = QGridLayout()
        grid.setHorizontalSpacing(14)
        grid.setVerticalSpacing(8)
        grid.addWidget(self._members_caption, 0, 0, Qt.AlignmentFlag.AlignTop)
        grid.addWidget(self._members, 0, 1, 1, 3)
        grid.addWidget(caption_for(self._words("change.filer"), self._filer), 1, 0)
        grid.addWidget(self._filer, 1, 1)
        grid.addWidget(caption_for(self._words("change.todoke_date"), self._todoke), 1, 2)
        grid.addWidget(self._todoke, 1, 3)
        grid.setColumnStretch(1, 1)
        return grid

    def _buttons(self) -> QHBoxLayout:
        row = QHBoxLayout()
        row.setContentsMargins(24, 0, 24, 0)
        row.setSpacing(10)
        row.addWidget(self._back)
        row.addStretch(1)
        row.addWidget(self._slip)
        row.addWidget(self._accept)
        return row

    def paint(self) -> None:
        """Show the model as it is."""
        model = self._model
        self._reentry.heed()
        self._notice.show_note(model.note)
        if model.form is None:
            self._empty()
            return
        resident = model.resident
        self._heading.setText(self._words("change.heading", form=self._words(f"form.{model.form.name}")))
        self._name.set_text(resident.shown_name if resident else self._words("choose.nobody"))
        self._current.setVisible(resident is not None)
        self._current.set_text((resident.address.text if resident else "") or self._words("resident.masked"))
        self._paint_members()
        self._rebuild_questions()
        self._questions.paint()
        if self._todoke.text() != model.todoke:
            self._todoke.setText(model.todoke)
        restyle(self._todoke, wrong=TODOKE_DATE in model.wrong)
        self._todoke.setEnabled(model.may_accept)
        self._filer.setCurrentIndex(self._filer.findData(model.filer))
        self._filer.setEnabled(model.may_accept)
        for one in (self._add, self._remove):
            one.setVisible(model.takes_newcomers)
            one.setEnabled(model.may_accept)
        self._remove.setEnabled(model.may_accept and len(model.newcomers) > 1)
        self._hint.setText(model.hint)
        self._attached.paint()
        self._attached.setVisible(model.accepted is None)
        self._accept.setEnabled(model.may_press)
        self._accept.setText(self._words(model.accept_key))
        self._accept.setVisible(model.accepted is None)
        self._slip.setVisible(model.accepted is not None)
        self._slip.setEnabled(model.may_print)
        self._lead_to_gap(model.wrong)
        if model.accepted is not None and not self._done:
            self._back.setFocus(Qt.FocusReason.OtherFocusReason)
        self._done = model.accepted is not None

    def _empty(self) -> None:
        """Leave nothing of what stood here in any field, for the next clerk and the next visitor (P08)."""
        for one in (self._name, self._current, self._drawn):
            one.set_text("")
        self._paint_members()
        self._questions.clear()
        self._rebuild_questions()
        self._todoke.setText("")

    def begin(self) -> None:
        """Begin at the first field."""
        self._drawn.set_text("")
        first = next(iter(self._questions.controls()), self._back)
        first.setFocus(Qt.FocusReason.OtherFocusReason)

    def _lead_to_gap(self, wrong: frozenset[str]) -> None:
        """Go to the first field that is wrong, once, when it is found."""
        if wrong and wrong != self._led and not wrong < self._led:
            asked = self._questions.asked
            first = next((asked[name].control for name in asked if name in wrong), self._todoke)
            first.setFocus(Qt.FocusReason.OtherFocusReason)
        self._led = wrong

    def _rebuild_questions(self) -> None:
        """Make the fields anew where the form asks others than before; what has the focus keeps it."""
        fields = self._model.fields
        asked = (self._model.form, fields)
        if asked == self._asked:
            return
        self._asked = asked
        here = next((name for name, one in self._questions.asked.items() if one.control.hasFocus()), "")
        old, self._fields = self._fields, QWidget()
        grid = QGridLayout(self._fields)
        grid.setContentsMargins(0, 0, 0, 0)
        grid.setHorizontalSpacing(14)
        grid.setVerticalSpacing(8)
        for column in (1, 3):
            grid.setColumnStretch(column, 1)
        self._questions.rebuild(grid, fields, self._headings(fields))
        self._place_aid.lead(self._questions.asked)
        self._place.addWidget(self._fields)
        old.hide()
        old.deleteLater()
        self._name_parts()
        self._order_tabs()
        self._lead_to(here)

    def _headings(self, fields: tuple[Field, ...]) -> dict[str, QWidget]:
        """Return, for each person asked about, the name or the place among those who come."""
        found: dict[str, QWidget] = {}
        for number in dict.fromkeys(one.of for one in fields if one.of):
            if number in self._model.newcomers:
                place = self._model.newcomers.index(AtenaNo(number)) + 1
                found[number] = label(self._words("change.person", n=place), "subtitle")
                continue
            household = self._model.household
            member = household.member(AtenaNo(number)) if household else None
            name = NameLabel(self._letters, 13)
            name.set_text(member.shown_name if member else number)
            found[number] = name
        return found

    def _lead_to(self, field: str) -> None:
        if field in self._questions.asked:
            self._questions.asked[field].control.setFocus(Qt.FocusReason.OtherFocusReason)

    def _paint_reentry(self) -> None:
        self._reentry_note.paint()
        self._order_tabs()

    def _name_parts(self) -> None:
        form = self._model.form.name if self._model.form else ""
        for widget, name in (
            (self._accept, "Accept"),
            (self._slip, "Slip"),
            (self._back, "Back"),
            (self._filer, "Filer"),
            (self._todoke, "TodokeDate"),
        ):
            widget.setObjectName(f"{form}{name}")

    def _order_tabs(self) -> None:
        order: list[QWidget] = [
            *self._boxes.values(),
            *self._questions.controls(),
            self._add,
            self._remove,
            *self._reentry_note.buttons,
            self._filer,
            self._todoke,
            *self._attached.controls(),
            self._accept,
            self._slip,
            self._back,
        ]
        for before, after in pairwise(order):
            QWidget.setTabOrder(before, after)

    def _paint_members(self) -> None:
        people = self._model.candidates
        if list(self._boxes) != [one.atena_no for one in people]:
            self._rebuild_members()
        self._members.setVisible(bool(people))
        self._members_caption.setVisible(bool(people))
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
            box.setObjectName(f"changeMember{number}")
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
