"""The drill screen: what will happen, what has happened, and the time reached."""

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QFrame, QHBoxLayout, QVBoxLayout, QWidget

from ui.marks import Mark
from ui.screens.drill.model import DrillModel, StepLine
from ui.text import Words
from ui.widgets.notice import NoticeBar
from ui.widgets.parts import button, card, label, wrapped
from ui.widgets.state_mark import StateMark

_WIDTH, _EMS = 760, 46  # the least in pixels, and in letters of the screen
_LOOKS = {"done": (Mark.CIRCLE, "ok"), "present": (Mark.TRIANGLE, "warn"), "ahead": (Mark.DOCUMENT, "quiet")}


class DrillView(QWidget):
    """Paints a DrillModel."""

    def __init__(self, model: DrillModel, words: Words) -> None:
        super().__init__()
        self.setObjectName("page")
        self._model = model
        self._words = words
        self._notice = NoticeBar(words("common.close"))
        self._notice.closed.connect(model.dismiss)
        self._steps = QVBoxLayout()
        self._steps.setSpacing(6)
        self._rto = label(role="title", name="drillRto")
        self._reason = wrapped(role="quiet", name="drillReason")
        self._start = button(words("drill.start"), "drillStart", model.start, primary=True)
        self._report = button(words("drill.report"), "drillReport", model.report)
        self._end = button(words("drill.end"), "drillEnd", model.end)
        self._back = button(words("common.back"), "drillBack", model.back)
        self._lay_out()
        model.changed = self.paint
        self.paint()

    def _lay_out(self) -> None:
        words = self._words
        sheet = card()
        sheet.setMaximumWidth(max(_WIDTH, _EMS * self.fontMetrics().horizontalAdvance("世")))
        column = QVBoxLayout(sheet)
        column.setContentsMargins(26, 20, 26, 18)
        column.setSpacing(12)
        column.addWidget(label(words("drill.heading"), "title"))
        column.addWidget(wrapped(words("drill.explain"), "quiet"))
        column.addLayout(self._steps)
        column.addWidget(self._rto)
        column.addStretch(1)
        column.addWidget(self._reason)
        buttons = QHBoxLayout()
        buttons.addWidget(self._back)
        buttons.addStretch(1)
        for part in (self._end, self._report, self._start):
            buttons.addWidget(part)
        column.addLayout(buttons)
        middle = QHBoxLayout()
        middle.addStretch(1)
        middle.addWidget(sheet, 8)
        middle.addStretch(1)
        page = QVBoxLayout(self)
        page.setContentsMargins(10, 10, 10, 10)
        page.addWidget(self._notice)
        page.addLayout(middle, 1)

    def paint(self) -> None:
        """Show the model as it is."""
        model = self._model
        self._notice.show_note(model.note)
        while item := self._steps.takeAt(0):
            if (old := item.widget()) is not None:
                old.hide()
                old.deleteLater()
        for line in model.lines():
            self._steps.addWidget(self._row(line))
        self._rto.setText(model.rto_text)
        self._rto.setVisible(bool(model.rto_text))
        self._reason.setText(model.reason)
        self._start.setEnabled(not model.reason)
        self._start.setAccessibleDescription(model.reason)
        self._end.setVisible(model.drill is not None)
        self._report.setVisible(model.over)

    def begin(self) -> None:
        """Begin at the button that does something."""
        first = self._start if self._start.isEnabled() else self._back
        first.setFocus(Qt.FocusReason.OtherFocusReason)

    def _row(self, line: StepLine) -> QFrame:
        made = QFrame()
        if line.state == "present":
            made.setProperty("tone", "warn")
        made.setAccessibleName(f"{line.text} {self._words(f'drill.{line.state}')} {line.time}")
        row = QHBoxLayout(made)
        row.setContentsMargins(12, 7, 12, 7)
        row.addWidget(StateMark(*_LOOKS[line.state]))
        row.addWidget(label(line.text, "strong" if line.state == "present" else ""), 1)
        row.addWidget(label(line.time or self._words(f"drill.{line.state}"), "quiet"))
        return made
