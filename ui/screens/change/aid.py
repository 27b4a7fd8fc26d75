"""What helps with a form, joined to its fields: places under those of an address, and the note on a 再転入."""

from collections.abc import Callable, Mapping

from PySide6.QtWidgets import QFrame, QHBoxLayout, QLineEdit, QPushButton, QVBoxLayout, QWidget

from ui.screens.change.places import PlacesModel
from ui.screens.change.questions import Asked
from ui.screens.change.reentry import ReentryModel, Warned
from ui.text import Words
from ui.widgets.letters import Letters
from ui.widgets.parts import button, wrapped
from ui.widgets.suggestions import Suggestions


class PlaceAid:
    """Lays the list of places under the fields of a form."""

    def __init__(self, model: PlacesModel, words: Words, page: QWidget, letters: Letters) -> None:
        self._model = model
        self._list = Suggestions(page, letters, words("places.list"))
        self._list.taken.connect(model.take)
        self._list.closed.connect(model.drop)
        model.changed = lambda: self._list.offer([self._line(n) for n in range(len(model.found))])

    def lead(self, asked: Mapping[str, Asked]) -> None:
        """Help with those fields of a form that the register can help with."""
        self._list.lead(
            [
                (control, self._asker(name))
                for name, one in asked.items()
                if isinstance(control := one.control, QLineEdit) and self._model.helps(name)
            ]
        )

    def _asker(self, name: str) -> Callable[[], None]:
        return lambda: self._model.ask(name)

    def _line(self, number: int) -> str:
        place = self._model.found[number]
        digits = place.postcode.replace("-", "")
        return f"{place.text}　〒{digits[:3]}-{digits[3:]}" if digits else place.text


class ReentryNote(QFrame):
    """Paints a ReentryModel: a line each, and a button beside those with a number."""

    def __init__(self, model: ReentryModel, words: Words, lead: Callable[[str], None]) -> None:
        super().__init__()
        self._lead = lead  # to the field a number was put into
        self.setObjectName("reentry")
        self._model = model
        self._words = words
        self._column = QVBoxLayout(self)
        self._column.setContentsMargins(24, 4, 24, 4)
        self._column.setSpacing(4)
        self._shown: tuple[Warned, ...] = ()
        self.buttons: list[QPushButton] = []
        self.hide()

    def paint(self) -> None:
        """Show the model as it is; made anew only where it says something else."""
        lines = self._model.lines
        if lines == self._shown:
            return
        self._shown = lines
        while item := self._column.takeAt(0):
            if (old := item.widget()) is not None:
                old.hide()
                old.deleteLater()
        self.buttons = []
        for number, line in enumerate(lines):
            self._column.addWidget(self._row(number, line))
        self.setVisible(bool(lines))

    def _put(self, line: Warned) -> None:
        self._model.put(line)
        self._lead(f"{line.newcomer}.former")

    def _row(self, number: int, line: Warned) -> QWidget:
        row = QFrame()
        row.setProperty("tone", "warn" if line.newcomer else "info")
        across = QHBoxLayout(row)
        across.setContentsMargins(10, 3, 6, 3)
        across.addWidget(wrapped(line.text, "strong", f"reentryLine{number}"), 1)
        if line.number is not None:
            put = button(self._words("reentry.put"), f"reentryPut{number}", lambda: self._put(line))
            put.setAccessibleDescription(line.text)
            self.buttons.append(put)
            across.addWidget(put)
        return row
