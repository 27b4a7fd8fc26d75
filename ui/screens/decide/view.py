"""The decision screen: what is decided, and the secrets of whoever decides."""

from PySide6.QtCore import Qt
from PySide6.QtGui import QHideEvent
from PySide6.QtWidgets import QHBoxLayout, QLineEdit, QVBoxLayout, QWidget

from ui.screens.decide.model import PARTS, DecideModel
from ui.text import Words
from ui.widgets.notice import NoticeBar
from ui.widgets.parts import button, card, field_grid, label, restyle, wrapped
from ui.widgets.scrolled import scrolled

_LATIN = Qt.InputMethodHint.ImhLatinOnly | Qt.InputMethodHint.ImhNoPredictiveText
_WIDE, _WIDE_EMS = 760, 40  # the least in pixels, and in letters of the screen


class DecideView(QWidget):
    """Paints a DecideModel. Whatever takes it off the screen drops what was asked."""

    def __init__(self, model: DecideModel, words: Words) -> None:
        super().__init__()
        self.setObjectName("page")
        self._model = model
        self._notice = NoticeBar(words("common.close"))
        self._notice.closed.connect(model.dismiss)
        self._summary = wrapped(role="strong", name="decideSummary")
        self._explain = wrapped(name="decideExplain")
        self._fields = {name: _field(name) for name in PARTS}
        self._do = button(words("decide.button"), "decideButton", self._on_submitted, primary=True)
        self._back = button(words("decide.back"), "decideBack", model.drop)
        for field in self._fields.values():
            field.returnPressed.connect(self._on_submitted)
        self._lay_out(words)
        model.changed = self.paint
        model.forget_secrets = self._forget_secrets
        self.paint()

    def _lay_out(self, words: Words) -> None:
        sheet = card()
        sheet.setMaximumWidth(max(_WIDE, _WIDE_EMS * self.fontMetrics().horizontalAdvance("世")))
        inner = QWidget()
        column = QVBoxLayout(inner)
        column.setContentsMargins(22, 18, 22, 12)
        column.setSpacing(12)
        column.addWidget(label(words("decide.heading"), "title"))
        column.addWidget(self._summary)
        column.addWidget(self._explain)
        rows = tuple((words(f"decide.{name}"), field) for name, field in self._fields.items())
        column.addLayout(field_grid(rows))
        column.addStretch(1)
        whole = QVBoxLayout(sheet)
        whole.setContentsMargins(2, 2, 2, 14)
        whole.addWidget(scrolled(inner), 1)
        ends = QHBoxLayout()
        ends.setContentsMargins(22, 0, 22, 0)
        ends.addWidget(self._back)
        ends.addStretch(1)
        ends.addWidget(self._do)
        whole.addLayout(ends)
        row = QHBoxLayout()
        row.addStretch(1)
        row.addWidget(sheet, 8)
        row.addStretch(1)
        page = QVBoxLayout(self)
        page.setContentsMargins(10, 10, 10, 10)
        page.setSpacing(8)
        page.addWidget(self._notice)
        page.addLayout(row, 1)

    def paint(self) -> None:
        """Show the model as it is."""
        model = self._model
        self._notice.show_note(model.note)
        self._summary.setText(model.summary)
        self._explain.setText(model.explain)
        self._do.setEnabled(not model.working)
        self._back.setEnabled(not model.working)
        for name, field in self._fields.items():
            restyle(field, wrong=name in model.wrong)

    def begin(self) -> None:
        """Begin with the staff id, every field empty."""
        self._clear()
        self._fields["staff"].setFocus(Qt.FocusReason.OtherFocusReason)

    def hideEvent(self, event: QHideEvent) -> None:
        """Forget the secrets whenever the screen goes: left, locked, or covered."""
        super().hideEvent(event)
        self._clear()
        self._model.drop()

    def _clear(self) -> None:
        for field in self._fields.values():
            field.clear()

    def _forget_secrets(self) -> None:
        for name in PARTS[1:]:  # the id stays: it is no secret
            self._fields[name].clear()
        if self.isVisible():
            self._fields["password"].setFocus(Qt.FocusReason.OtherFocusReason)

    def _on_submitted(self) -> None:
        self._model.submit(*(self._fields[name].text() for name in PARTS))


def _field(name: str) -> QLineEdit:
    made = QLineEdit()
    made.setObjectName(f"decide_{name}")
    made.setMaxLength(16 if name == "code" else 200)
    made.setInputMethodHints(_LATIN)
    if name != "staff":  # where the town uses cards, the code is a PIN
        made.setEchoMode(QLineEdit.EchoMode.Password)
    return made
