"""The sign-in window: the first thing painted, so it asks for nothing heavy.

Not even for the namespace ``Qt``: its many enums cost 14 ms of the first paint.
"""

from typing import TYPE_CHECKING

from PySide6.QtGui import QShowEvent
from PySide6.QtWidgets import QHBoxLayout, QLineEdit, QVBoxLayout, QWidget

from ui.screens.log_in.model import LogInModel
from ui.text import Words
from ui.widgets.parts import button, card, field_grid, label, restyle, wrapped
from ui.widgets.secret_field import SecretField

if TYPE_CHECKING:
    from collections.abc import Callable

    from PySide6.QtWidgets import QLabel

    from ui.notices import Note
    from ui.screens.log_in.training_card import TrainingCard
    from ui.widgets.notice import NoticeBar

_WIDTHS = {"box": (460, 24), "notice": (760, 44)}  # the least in pixels, and in letters of the screen
_LATIN = 0x200000 | 0x40  # Qt.ImhLatinOnly | Qt.ImhNoPredictiveText: ids, passwords and codes are ASCII


class LogInView(QWidget):
    """Paints a LogInModel."""

    def __init__(self, model: LogInModel, words: Words, *, town: str, terminal: str) -> None:
        super().__init__()
        self.setObjectName("page")
        self._model = model
        self._words = words
        self._staff = _field("logInStaff")
        self._password = SecretField("logInPassword")
        self._code = _field("logInCode") if model.second == "code" else SecretField("logInCode")
        if model.second == "code":
            self._code.setMaxLength(6)
        self._button = button(words("log_in.button"), "logInButton", self._on_submitted, primary=True)
        self._notice: NoticeBar | None = None
        self._declared: QLabel | None = None
        self.declared: Callable[[], str] = lambda: ""
        self._above = QHBoxLayout()
        self._training: TrainingCard | None = None
        self._beside = QVBoxLayout()
        self._lay_out(town, terminal)
        for field in (self._staff, self._password, self._code):
            field.setMinimumWidth(250)
            field.returnPressed.connect(self._on_submitted)
        model.changed = self.paint
        model.forget_secrets = self._forget_secrets
        self.paint()

    def _lay_out(self, town: str, terminal: str) -> None:
        words = self._words
        second = self._model.second
        fields = (("staff", self._staff), ("password", self._password), (second, self._code))
        form = field_grid(tuple((words(f"log_in.{key}"), field) for key, field in fields), "quiet")
        box = card()
        box.setFixedWidth(self._wide("box"))
        inner = QVBoxLayout(box)
        inner.setContentsMargins(28, 22, 28, 24)
        inner.setSpacing(14)
        self._town = label(role="title", name="logInTown")
        self.show_town(town)
        inner.addWidget(self._town)
        inner.addWidget(label(terminal, "quiet"))
        inner.addLayout(form)
        inner.addWidget(wrapped(words(f"log_in.{second}_help"), "caption"))
        inner.addWidget(self._button)
        self._inner = inner
        row = QHBoxLayout()
        row.setSpacing(16)
        row.addStretch(1)
        row.addWidget(box)
        self._beside.addStretch(1)
        row.addLayout(self._beside)
        row.addStretch(1)
        self._above.addStretch(1)
        self._above.addStretch(1)
        page = QVBoxLayout(self)
        page.setContentsMargins(20, 20, 20, 20)
        page.addStretch(2)
        page.addLayout(self._above)
        page.addSpacing(12)
        page.addLayout(row)
        page.addStretch(3)

    def _wide(self, part: str) -> int:
        pixels, letters = _WIDTHS[part]
        return max(pixels, letters * self.fontMetrics().horizontalAdvance("世"))

    def paint(self) -> None:
        """Show the model as it is."""
        model = self._model
        self._show_note(model.note)
        self._button.setText(model.button_text)
        self._button.setEnabled(not model.busy)
        for name, field in (("staff", self._staff), ("password", self._password), ("code", self._code)):
            restyle(field, wrong=name in model.wrong)

    def _show_note(self, note: "Note | None") -> None:
        if self._notice is None:
            if note is None:
                return
            from ui.widgets.notice import NoticeBar  # only when there is something to say

            self._notice = NoticeBar(self._words("common.close"))
            self._notice.closed.connect(self._model.dismiss)
            self._notice.setFixedWidth(self._wide("notice"))
            self._above.insertWidget(1, self._notice)
        self._notice.show_note(note)

    def show_town(self, town: str) -> None:
        """Show whose counter this is, once it is known."""
        self._town.setText("　".join(filter(None, (town, self._words("app.title")))))

    def show_declared(self) -> None:
        """Show a declaration of disaster that holds at this terminal."""
        text = self.declared()
        if text and self._declared is None:
            self._declared = wrapped(role="strong", name="logInDeclared")
            self._inner.insertWidget(2, self._declared)
        if self._declared is not None:
            self._declared.setText(text)
            self._declared.setVisible(bool(text))

    def show_training(self, staff_id: str, password: str, code: str) -> None:
        """Show a training sign-in beside the fields; the code changes every half minute."""
        if self._training is None:
            from ui.screens.log_in.training_card import TrainingCard  # after the paint

            self._training = TrainingCard(self._words, self._on_filled)
            self._beside.insertWidget(0, self._training)
        self._training.show_values(staff_id, password, code)

    def offer(self, text: str, pressed: "Callable[[], object]") -> None:
        """Offer what helps who cannot sign in, below the button; after the first paint."""
        self._inner.addWidget(button(text, "logInOffer", pressed))

    def clear(self) -> None:
        """Forget what was typed and begin at the first field."""
        for field in (self._staff, self._password, self._code):
            field.clear()
        self._staff.setFocus()

    def _forget_secrets(self) -> None:
        self._password.clear()
        self._code.clear()
        self._password.setFocus()

    def showEvent(self, event: QShowEvent) -> None:
        """Begin at the first field whenever the screen comes up, and say what is declared here."""
        super().showEvent(event)
        self.show_declared()
        self._staff.setFocus()

    def _on_filled(self, values: tuple[str, str, str]) -> None:
        for field, value in zip((self._staff, self._password, self._code), values, strict=True):
            field.setText(value)
        self._button.setFocus()

    def _on_submitted(self) -> None:
        if not self._model.busy:
            self._model.submit(self._staff.text(), self._password.text(), self._code.text())


def _field(name: str) -> QLineEdit:
    made = QLineEdit()
    made.setObjectName(name)
    made.setProperty("inputMethodHints", _LATIN)
    return made
