"""The release screen: why, and the secrets of whoever releases; off line of a second person too."""

from PySide6.QtCore import Qt
from PySide6.QtGui import QHideEvent
from PySide6.QtWidgets import QGridLayout, QHBoxLayout, QLineEdit, QVBoxLayout, QWidget

from client.jobs.release_issue import MOST_LETTERS
from ui.screens.release.model import ReleaseModel, Typed
from ui.text import Words
from ui.widgets.notice import NoticeBar
from ui.widgets.parts import button, card, field_grid, label, restyle, wrapped
from ui.widgets.scrolled import scrolled
from ui.widgets.secret_field import SecretField

_LATIN = Qt.InputMethodHint.ImhLatinOnly | Qt.InputMethodHint.ImhNoPredictiveText
_WIDE, _WIDE_EMS = 760, 40  # the least in pixels, and in letters of the screen
_PARTS = ("Staff", "Password", "Code")


class ReleaseView(QWidget):
    """Paints a ReleaseModel."""

    def __init__(self, model: ReleaseModel, words: Words) -> None:
        super().__init__()
        self.setObjectName("page")
        self._model = model
        self._words = words
        self._notice = NoticeBar(words("common.close"))
        self._notice.closed.connect(model.dismiss)
        self._summary = wrapped(role="strong", name="releaseSummary")
        self._explain = wrapped(name="releaseExplain")
        self._reason = _field("releaseReason", MOST_LETTERS)
        self._asking = (_field("releaseAskingName", 100), _field("releaseAskingBirth", 40))
        self._officer = tuple(_secret_field(f"releaseOfficer{part}", part) for part in _PARTS)
        self._second = tuple(_secret_field(f"releaseSecond{part}", part) for part in _PARTS)
        self._beside = QWidget()
        self._do = button(words("release.button"), "releaseButton", self._on_submitted, primary=True)
        self._back = button(words("common.back"), "releaseBack", model.back)
        for field in (self._reason, *self._asking, *self._officer, *self._second):
            field.returnPressed.connect(self._on_submitted)
        self._lay_out()
        model.changed = self.paint
        model.forget_secrets = self._forget_secrets
        self.paint()

    def _lay_out(self) -> None:
        words = self._words
        sheet = card()
        sheet.setMaximumWidth(max(_WIDE, _WIDE_EMS * self.fontMetrics().horizontalAdvance("世")))
        inner = QWidget()
        column = QVBoxLayout(inner)
        column.setContentsMargins(22, 18, 22, 12)
        column.setSpacing(12)
        column.addWidget(label(words("release.heading"), "title"))
        column.addWidget(self._summary)
        column.addWidget(self._explain)
        first = (words("release.reason"), self._reason)
        asking = zip((words("release.asking_name"), words("release.asking_birth")), self._asking, strict=True)
        column.addLayout(field_grid((first, *asking)))
        column.addWidget(label(words("release.officer"), "heading"))
        column.addLayout(_grid(words, "officer", self._officer))
        beside = QVBoxLayout(self._beside)
        beside.setContentsMargins(0, 0, 0, 0)
        beside.setSpacing(12)
        beside.addWidget(label(words("release.second"), "heading"))
        beside.addLayout(_grid(words, "second", self._second))
        column.addWidget(self._beside)
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
        self._beside.setVisible(model.wants_second)
        self._do.setEnabled(not model.busy)
        self._back.setEnabled(not model.busy)
        restyle(self._reason, wrong="reason" in model.wrong)
        for name, field in zip(("askingName", "askingBirth"), self._asking, strict=True):
            restyle(field, wrong=name in model.wrong)
        for who, fields in (("officer", self._officer), ("second", self._second)):
            for part, field in zip(_PARTS, fields, strict=True):
                restyle(field, wrong=f"{who}{part}" in model.wrong)

    def begin(self) -> None:
        """Begin with the reason, every field empty."""
        for field in (self._reason, *self._asking, *self._officer, *self._second):
            field.clear()
        self._reason.setFocus(Qt.FocusReason.OtherFocusReason)

    def hideEvent(self, event: QHideEvent) -> None:
        """Forget the secrets and who asked whenever the screen goes: left, locked, or covered."""
        super().hideEvent(event)
        for field in (*self._asking, *self._officer, *self._second):
            field.clear()

    def _forget_secrets(self) -> None:
        for fields in (self._officer, self._second):
            for field in fields[1:]:  # the id stays: it is no secret
                field.clear()
        if self.isVisible():
            self._officer[1].setFocus(Qt.FocusReason.OtherFocusReason)

    def _on_submitted(self) -> None:
        officer, second = (
            (staff.text(), password.text(), code.text())
            for staff, password, code in (self._officer, self._second)
        )
        name, birth = (field.text() for field in self._asking)
        self._model.submit(Typed(self._reason.text(), name, birth, officer, second))


def _grid(words: Words, who: str, fields: tuple[QLineEdit, ...]) -> QGridLayout:
    keys = (f"release.{who}_staff", f"release.{who}_password", f"release.{who}_code")
    return field_grid(tuple((words(key), field) for key, field in zip(keys, fields, strict=True)))


def _field(name: str, most: int) -> QLineEdit:
    made = QLineEdit()
    made.setObjectName(name)
    made.setMaxLength(most)
    return made


def _secret_field(name: str, part: str) -> QLineEdit:
    # Where the town uses cards, the code is a PIN.
    made = _field(name, 200) if part == "Staff" else SecretField(name)
    made.setInputMethodHints(made.inputMethodHints() | _LATIN)
    made.setMaxLength(16 if part == "Code" else 200)
    return made
