"""An act of two: one step after the other in the same fields, with who has confirmed so far above them."""

from collections.abc import Callable

from PySide6.QtCore import Qt, QTimer
from PySide6.QtGui import QHideEvent
from PySide6.QtWidgets import QComboBox, QGridLayout, QHBoxLayout, QLineEdit, QVBoxLayout, QWidget

from client.domain.declaration import Cause
from client.rules.staff_terms import WORD_LIFE
from ui.screens.two.model import Act, Step, TwoModel, Typed
from ui.text import Words
from ui.widgets.letters import Letters
from ui.widgets.name_label import NameLabel
from ui.widgets.notice import NoticeBar
from ui.widgets.parts import button, caption_for, card, label, restyle, wrapped
from ui.widgets.secret_field import SecretField

_NAME_PT = 14
_WIDTH, _EMS = 640, 36  # the least in pixels, and in letters of the screen
_FIELDS = ("staff", "password", "again", "code", "title", "name", "first", "last")
_OF_PAPER = frozenset({"title", "name", "first", "last"})  # typed in Japanese, and anything but secret
_LATIN = Qt.InputMethodHint.ImhLatinOnly | Qt.InputMethodHint.ImhNoPredictiveText
_SECRET = frozenset({"password", "again"})


class TwoView(QWidget):
    """Paints a TwoModel. Whatever takes it off the screen has it forget what was confirmed; so does time."""

    def __init__(self, model: TwoModel, words: Words, letters: Callable[[], Letters | None]) -> None:
        super().__init__()
        self.setObjectName("page")
        self._model = model
        self._words = words
        self._notice = NoticeBar(words("common.close"))
        self._notice.closed.connect(model.dismiss)
        self._step = label(role="strong", name="twoStep")
        self._explain = wrapped(role="quiet", name="twoExplain")
        self._heard = wrapped(name="twoHeard")
        self._key = wrapped(role="strong", name="twoKey")
        self._key.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByKeyboard)
        self._act, self._cause = _choice("twoAct"), _choice("twoCause")
        for cause in Cause:
            self._cause.addItem(words(f"disaster.{cause.value}"), cause)
        self._declared = wrapped(role="strong", name="twoDeclared")
        self._stands, self._typed = QVBoxLayout(), QVBoxLayout()
        self._letters = letters
        self._drawn: dict[
            str, NameLabel
        ] = {}  # on the screen from the first name on: the fonts come after it
        self._fields = {name: _field(name) for name in _FIELDS}
        self._captions = {
            name: caption_for(words(f"two.{name}"), field, "quiet") for name, field in self._fields.items()
        }
        self._captions |= {
            "act": caption_for(words("two.act"), self._act, "quiet"),
            "cause": caption_for(words("two.cause"), self._cause, "quiet"),
        }
        self._next = button("", "twoNext", self._on_submitted, primary=True)
        self._back = button(words("common.back"), "twoBack", model.back)
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.setInterval(int(WORD_LIFE.total_seconds() * 1000))
        self._timer.timeout.connect(model.forget)
        self._lay_out()
        for field in self._fields.values():
            field.returnPressed.connect(self._on_submitted)
        for name in ("title", "name"):
            self._fields[name].textChanged.connect(lambda _text: self._draw_typed())
        self._act.activated.connect(lambda _: model.choose(self._act.currentData()))
        self._cause.activated.connect(self._on_cause)
        model.changed, model.step_begun = self.paint, self.begin
        model.forget_secrets = self._forget_secrets
        self.paint()

    def _lay_out(self) -> None:
        sheet = card()
        sheet.setFixedWidth(max(_WIDTH, _EMS * self.fontMetrics().horizontalAdvance("世")))
        column = QVBoxLayout(sheet)
        column.setContentsMargins(24, 18, 24, 20)
        column.setSpacing(12)
        column.addWidget(label(self._words("two.heading"), "title"))
        column.addWidget(self._declared)
        column.addLayout(self._stands)
        for part in (self._step, self._explain, self._heard, self._key):
            column.addWidget(part)
        grid = QGridLayout()
        grid.setHorizontalSpacing(12)
        grid.setVerticalSpacing(8)
        grid.setColumnStretch(1, 1)
        asked: dict[str, QWidget] = {"act": self._act, **self._fields, "cause": self._cause}
        for row, (name, field) in enumerate(asked.items()):
            grid.addWidget(self._captions[name], row, 0)
            grid.addWidget(field, row, 1)
        column.addLayout(grid)
        column.addLayout(self._typed)
        ends = QHBoxLayout()
        ends.addWidget(self._back)
        ends.addStretch(1)
        ends.addWidget(self._next)
        column.addLayout(ends)
        middle = QHBoxLayout()
        middle.addStretch(1)
        middle.addWidget(sheet)
        middle.addStretch(1)
        page = QVBoxLayout(self)
        page.setContentsMargins(10, 10, 10, 10)
        page.addWidget(self._notice)
        page.addStretch(2)
        page.addLayout(middle)
        page.addStretch(3)

    def paint(self) -> None:
        """Show the model as it is."""
        model, words = self._model, self._words
        self._notice.show_note(model.note)
        self._step.setText(words(f"two.step_{model.text}"))
        self._explain.setText(words(f"two.explain_{model.text}"))
        declared = "\n".join(filter(None, (model.declared, model.deputy_days)))
        told = ((self._declared, declared), (self._heard, model.heard), (self._key, model.key_text))
        for part, text in told:
            part.setText(text)
            part.setVisible(bool(text))
        self._draw("twoDeputy", self._stands, model.deputy)
        shown = model.fields
        for name, field in self._fields.items():
            self._captions[name].setVisible(name in shown)
            field.setVisible(name in shown)
            restyle(field, wrong=name in model.wrong)
        self._draw_typed()
        self._paint_choices()
        third = words("two.new_password") if model.step is Step.THIRD else words("two.password")
        self._captions["password"].setText(third)
        self._next.setText(words("two.busy" if model.busy else f"two.next_{model.text}"))
        self._next.setVisible(model.step is not Step.DONE)
        self._next.setEnabled(not model.busy)

    def _paint_choices(self) -> None:
        model = self._model
        self._act.clear()
        for act in model.acts:
            self._act.addItem(self._words(f"two.act_{act.value}"), act)
        self._act.setCurrentIndex(max(self._act.findData(model.act), 0))
        choosing = {
            "act": model.step is Step.FIRST,
            "cause": model.step is Step.THIRD and model.act is Act.DECLARE,
        }
        for name, box in (("act", self._act), ("cause", self._cause)):
            self._captions[name].setVisible(choosing[name])
            box.setVisible(choosing[name])
            box.setEnabled(not model.busy)

    def begin(self) -> None:
        """Begin a step with empty fields, at the first of them; from the first confirmation on time runs."""
        for field in self._fields.values():
            field.setText("")  # ends the memory of the field too
        self._fields["first"].setText(self._model.today)
        if self._model.step in {Step.SECOND, Step.THIRD}:
            self._timer.start()
        else:
            self._timer.stop()
        self.paint()
        if self.isVisible():
            self._first_of_the_step().setFocus()

    def _first_of_the_step(self) -> QWidget:
        if self._model.step is Step.DONE:
            return self._back
        return self._fields[self._model.fields[0]] if self._model.fields else self._cause

    def _draw_typed(self) -> None:
        """Show what a paper would bear, by glyph: a field of the toolkit may show another form of a letter."""
        typed = "　　".join(self._fields[name].text().strip() for name in ("title", "name"))
        self._draw("twoOnPaper", self._typed, typed if "title" in self._model.fields else "")

    def _draw(self, name: str, place: QVBoxLayout, text: str) -> None:
        letters = self._letters()
        if name not in self._drawn and text.strip() and letters is not None:
            made = NameLabel(letters, _NAME_PT, wrap=True)
            made.setObjectName(name)
            place.addWidget(made)
            self._drawn[name] = made
        if name in self._drawn:
            self._drawn[name].set_text(text)
            self._drawn[name].setVisible(bool(text.strip()))

    def hideEvent(self, event: QHideEvent) -> None:
        """Forget: somebody has gone elsewhere, or the screen was locked."""
        super().hideEvent(event)
        if not event.spontaneous():  # a minimised window is still this screen
            self._model.forget()

    def _forget_secrets(self) -> None:
        for name in ("password", "again", "code"):
            self._fields[name].setText("")
        self._fields["title" if "title" in self._model.fields else "password"].setFocus()

    def _on_cause(self, _row: int) -> None:
        self._model.cause = self._cause.currentData()

    def _on_submitted(self) -> None:
        texts = {name: field.text() for name, field in self._fields.items()}
        self._model.submit(Typed(**texts))


def _choice(name: str) -> QComboBox:
    made = QComboBox()
    made.setObjectName(name)
    return made


def _field(name: str) -> QLineEdit:
    known_as = f"two{name.capitalize()}"
    made = SecretField(known_as) if name in _SECRET else QLineEdit()
    made.setObjectName(known_as)
    if name not in _OF_PAPER:
        made.setInputMethodHints(made.inputMethodHints() | _LATIN)
    if name == "code":
        made.setMaxLength(6)
    return made
