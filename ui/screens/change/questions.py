"""The questions of a form as fields on the screen: a caption with its key, a field, what is typed led to the model."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

from PySide6.QtCore import Qt
from PySide6.QtGui import QFocusEvent
from PySide6.QtWidgets import QCheckBox, QComboBox, QGridLayout, QLineEdit, QPlainTextEdit, QWidget

from client.domain.intake import Ask, Field
from client.rules.relationships import OFFERED
from ui.screens.change.model import ChangeModel
from ui.text import Words
from ui.widgets.choices import check, choice
from ui.widgets.parts import caption_for, restyle
from ui.widgets.secret_field import SecretField
from ui.widgets.taken_out import gone_when_taken_out

_KEYS = "123456789BCEGHIJKLMOQRTUVWZ"  # with Alt; A, D, F, N, P, S, X and Y are the form's own
_LONGEST_DAY, _FIELD_EDGES, _LONG_LINES = "令和88年88月88日", 26, 3
_HALF = frozenset({Ask.DAY, Ask.TIME, Ask.YEAR, Ask.CHOICE, Ask.CHECK, Ask.PHONE, Ask.RESIDENT, Ask.NUMBER})


class NumberField(SecretField):
    """A number that no eye and no disk may keep: masked, and taken away to be sealed as soon as it is left."""

    def __init__(self, name: str, model: ChangeModel, words: Words) -> None:
        super().__init__("")  # it is named as every question is
        self.setInputMethodHints(self.inputMethodHints() | Qt.InputMethodHint.ImhDigitsOnly)
        self._name = name
        self._model = model
        self._words = words
        self.textEdited.connect(lambda _text: model.unseal(name))
        self.returnPressed.connect(self._seal)
        self.show_state()

    def focusOutEvent(self, event: QFocusEvent) -> None:
        """Seal what was typed."""
        self._seal()
        super().focusOutEvent(event)

    def show_state(self) -> None:
        """Say whether a number lies sealed behind the field."""
        sealed = self._name in self._model.sealed
        self.setPlaceholderText(self._words("change.number_sealed" if sealed else "change.number_hint"))

    def _seal(self) -> None:
        typed = self.text()
        if typed:
            self.clear()
            self._model.seal(self._name, typed)


Control = QLineEdit | QPlainTextEdit | QComboBox | QCheckBox


@dataclass(frozen=True, slots=True)
class Asked:
    """A question on the screen."""

    field: Field
    control: Control


def object_name(form: str, field: str) -> str:
    """Return what a field is called among the widgets: tenkyoTown, tennyuHonseki2 for the second person."""
    pieces = field.removeprefix("to.").replace(".", "_").replace(":", "_").split("_")
    return form + "".join(piece[:1].upper() + piece[1:] for piece in pieces)


class Questions:
    """Makes the fields of a form, keeps them as the model is, and leads what is typed to it."""

    def __init__(self, model: ChangeModel, words: Words, shown: Callable[[str], None]) -> None:
        self._model = model
        self._words = words
        self._shown = shown  # what is typed, to be drawn by glyph
        self.asked: dict[str, Asked] = {}

    def rebuild(self, grid: QGridLayout, fields: tuple[Field, ...], headings: Mapping[str, QWidget]) -> None:
        """Lay the fields of a form into a grid; a person's begin under a heading of their own."""
        self.asked = {}
        keys: Iterator[str] = iter(_KEYS)
        row, left, person = 0, True, ""
        for field in fields:
            if field.of != person and field.of in headings:
                row, left, person = row + 1, True, field.of
                grid.addWidget(headings[field.of], row, 0, 1, 4)
                row += 1
            control = self._control(field)
            self.asked[field.name] = Asked(field, control)
            half = field.ask in _HALF or field.text == "relationship"
            if not half and not left:
                row, left = row + 1, True
            column = 0 if left else 2
            caption = caption_for(self._caption(field, next(keys, "")), control)
            if isinstance(control, QCheckBox):
                caption.setText("")
                grid.addWidget(control, row, column + 1)
            else:
                grid.addWidget(caption, row, column)
                grid.addWidget(control, row, column + 1, 1, 1 if half else 3)
            row, left = (row, False) if half and left else (row + 1, True)

    def paint(self) -> None:
        """Show the model as it is."""
        model = self._model
        for name, asked in self.asked.items():
            control, said = asked.control, model.values.get(name, "")
            match control:
                case NumberField():
                    control.show_state()
                case QLineEdit():
                    if control.text() != said:
                        control.setText(said)
                case QPlainTextEdit():
                    if control.toPlainText() != said:
                        control.setPlainText(said)
                case QComboBox():
                    _choose(control, said)
                case QCheckBox():
                    control.setChecked(bool(said))
            restyle(control, wrong=name in model.wrong)
            control.setEnabled(model.may_accept)

    def clear(self) -> None:
        """Empty every field at once: widgets that are thrown away live on for a moment."""
        for asked in self.asked.values():
            if isinstance(asked.control, QLineEdit | QPlainTextEdit):
                asked.control.blockSignals(True)
                asked.control.clear()

    def controls(self) -> list[QWidget]:
        """Return the fields in the order of the form."""
        return [asked.control for asked in self.asked.values()]

    def _caption(self, field: Field, key: str) -> str:
        text = self._words(f"field.{field.text}")
        needed = self._words("change.needed") if field.needed else ""
        return f"{text}{needed}" + (f" (&{key})" if key else "")

    def _control(self, field: Field) -> Control:
        name = object_name(self._model.form.name if self._model.form else "", self._numbered(field))
        match field.ask:
            case Ask.CHOICE:
                made: Control = self._choice(field)
            case Ask.CHECK:
                made = check(
                    self._words(f"field.{field.text}"), name, lambda on: self._set(field, "1" if on else "")
                )
            case Ask.LONG | Ask.SEALED:
                made = self._long(field)
            case Ask.NUMBER:
                made = NumberField(field.name, self._model, self._words)
            case _:
                made = self._line(field)
        made.setObjectName(name)
        return made

    def _numbered(self, field: Field) -> str:
        """Name a person's field by the person's place, never by an id."""
        people = self._model.newcomers
        if field.of in people:
            return f"{field.name.rpartition('.')[2]}{people.index(field.of) + 1}"
        if field.of:
            members = [one.atena_no for one in self._model.household.living] if self._model.household else []
            place = next((n for n, one in enumerate(members, 1) if one == field.of), 0)
            return f"{field.text}{place}"
        return field.name

    def _line(self, field: Field) -> QLineEdit:
        made = QLineEdit()
        if self._words.has(f"field_hint.{field.text}"):
            made.setPlaceholderText(self._words(f"field_hint.{field.text}"))
        if field.ask is Ask.DAY:
            made.setMinimumWidth(made.fontMetrics().horizontalAdvance(_LONGEST_DAY) + _FIELD_EDGES)
        if field.text == "relationship":
            made.setToolTip("　".join(OFFERED))
        made.textChanged.connect(lambda text: self._set(field, text))
        gone_when_taken_out(made)
        return made

    def _long(self, field: Field) -> QPlainTextEdit:
        made = QPlainTextEdit()
        made.setTabChangesFocus(True)
        made.setMaximumHeight(made.fontMetrics().lineSpacing() * (_LONG_LINES + 1))
        made.textChanged.connect(lambda: self._set(field, made.toPlainText()))
        return made

    def _choice(self, field: Field) -> QComboBox:
        entries = tuple((self._choice_text(field, value), value) for value in field.choices)
        if not field.default:  # what nobody chose is not sent as if somebody had
            entries = ((self._words("change.not_said"), ""), *entries)
        return choice("", "", entries, lambda value: self._set(field, str(value)))

    def _choice_text(self, field: Field, value: str) -> str:
        key = f"field_choice.{field.text}_{value}"
        if self._words.has(key):
            return self._words(key)
        household = self._model.household
        member = next((one for one in household.living if one.atena_no == value), None) if household else None
        return member.shown_name if member else value

    def _set(self, field: Field, said: str) -> None:
        self._model.set(field.name, said)
        if field.ask is Ask.TEXT:
            self._shown(said)


def _choose(control: QComboBox, said: str) -> None:
    place = control.findData(said)
    if place >= 0 and place != control.currentIndex():
        control.setCurrentIndex(place)
