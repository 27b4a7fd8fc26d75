"""The training sign-in beside the fields: staff id, password, and the code of this half minute."""

from collections.abc import Callable

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QFrame, QVBoxLayout

from ui.text import Words
from ui.widgets.parts import button, label, wrapped

_WIDTH, _EMS = 300, 18  # the least in pixels, and in letters of the screen


class TrainingCard(QFrame):
    """Shows a TrainingSignIn; its button puts it into the fields."""

    def __init__(self, words: Words, fill: Callable[[tuple[str, str, str]], None]) -> None:
        super().__init__()
        self._words = words
        self._values = ("", "", "")
        self.setProperty("tone", "warn")
        self.setFixedWidth(max(_WIDTH, _EMS * self.fontMetrics().horizontalAdvance("世")))
        self._text = wrapped(name="logInTraining")
        self._text.setTextInteractionFlags(
            Qt.TextInteractionFlag.TextSelectableByKeyboard | Qt.TextInteractionFlag.TextSelectableByMouse
        )
        inner = QVBoxLayout(self)
        inner.setContentsMargins(18, 14, 18, 16)
        inner.setSpacing(8)
        inner.addWidget(label(words("log_in.training_head"), "strong"))
        inner.addWidget(self._text)
        inner.addWidget(
            button(words("log_in.training_fill"), "logInTrainingFill", lambda: fill(self._values))
        )

    def show_values(self, staff_id: str, password: str, code: str) -> None:
        """Show a sign-in."""
        if (staff_id, password, code) != self._values:
            self._values = (staff_id, password, code)
            self._text.setText(
                self._words("log_in.training", staff_id=staff_id, password=password, code=code)
            )
