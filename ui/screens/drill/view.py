"""The drill screen: what will happen, what has happened, and the time reached."""

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QFrame, QHBoxLayout, QVBoxLayout, QWidget

from ui.marks import Mark
from ui.screens.drill.model import DrillModel, StepLine
from ui.text import Words
from ui.widgets.notice import NoticeBar
from ui.widgets.parts import button, label, wrapped
from ui.widgets.sheet import lay_sheet
from ui.widgets.state_mark import StateMark

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
        parts = (wrapped(self._words("drill.explain"), "quiet"), self._steps, self._rto)
        buttons = (self._back, self._end, self._report, self._start)
        page = lay_sheet(self, self._words("drill.heading"), parts, self._reason, buttons)
        page.insertWidget(0, self._notice)

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
