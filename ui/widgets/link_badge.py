"""A cell of the status bar: a state by shape, word and colour, and a detail beside it."""

from PySide6.QtWidgets import QFrame, QHBoxLayout, QWidget

from ui.status import Cell
from ui.widgets.parts import label
from ui.widgets.state_mark import StateMark


class StatusCell(QFrame):
    """Shows a Cell; the whole of it is one thing to a screen reader."""

    def __init__(self, name: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName(name)
        self._mark = StateMark()
        self._word = label(role="strong")
        self._detail = label(role="quiet")
        row = QHBoxLayout(self)
        row.setContentsMargins(10, 0, 12, 0)
        row.setSpacing(6)
        for part in (self._mark, self._word, self._detail):
            row.addWidget(part)

    @property
    def text(self) -> str:
        """Return what is shown, for people and for tests."""
        return f"{self._word.text()} {self._detail.text()}".strip()

    @property
    def tone(self) -> str:
        """Return how grave the state is."""
        return str(self._mark.property("tone"))

    def set_brief(self, brief: bool) -> None:
        """Leave the detail out, where the room is needed for what matters more."""
        self._detail.setVisible(not brief)

    def set_wordless(self, wordless: bool) -> None:
        """Leave the word out too: the mark and the detail stay."""
        self._word.setVisible(not wordless)

    def show_cell(self, cell: Cell) -> None:
        """Show a state."""
        self._mark.show_state(cell.mark, cell.tone)
        self._word.setText(cell.word)
        self._detail.setText(cell.detail)
        self.setAccessibleName(self.text)
