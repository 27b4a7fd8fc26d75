"""The replica's screen: its age, what is under way, and the proof."""

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QHBoxLayout, QProgressBar, QVBoxLayout, QWidget

from ui.screens.replica.model import ReplicaModel
from ui.text import Words
from ui.widgets.notice import NoticeBar
from ui.widgets.parts import button, card, label, rule, wrapped

_WIDTH, _EMS = 760, 46  # the least in pixels, and in letters of the screen
_STEPS = 1000  # of the bar


class ReplicaView(QWidget):
    """Paints a ReplicaModel."""

    def __init__(self, model: ReplicaModel, words: Words) -> None:
        super().__init__()
        self.setObjectName("page")
        self._model = model
        self._words = words
        self._notice = NoticeBar(words("common.close"))
        self._notice.closed.connect(model.dismiss)
        self._age = wrapped(role="strong", name="replicaAsOf")
        self._bar = QProgressBar()
        self._bar.setObjectName("replicaProgress")
        self._bar.setTextVisible(False)
        self._bar.setRange(0, _STEPS)
        self._doing = wrapped(name="replicaDoing")
        self._series = wrapped(role="quiet", name="replicaSeries")
        self._reason = wrapped(role="quiet", name="replicaReason")
        self._start = button(words("replica.start"), "replicaStart", self._started, primary=True)
        self._stop = button(words("replica.stop"), "replicaStop", model.stop)
        self._follow = button(words("replica.follow"), "replicaFollow", model.follow_back)
        self._back = button(words("common.back"), "replicaBack", model.back)
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
        column.addWidget(label(words("replica.heading"), "title"))
        for part in (self._age, self._series, rule(), wrapped(words("replica.explain"), "quiet")):
            column.addWidget(part)
        column.addWidget(self._doing)
        column.addWidget(self._bar)
        column.addStretch(1)
        column.addWidget(self._reason)
        buttons = QHBoxLayout()
        buttons.addWidget(self._back)
        buttons.addStretch(1)
        for one in (self._follow, self._stop, self._start):
            buttons.addWidget(one)
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
        self._age.setText(model.age)
        for part, text in (
            (self._doing, model.doing),
            (self._series, model.series),
            (self._reason, model.reason),
        ):
            part.setText(text)
            part.setVisible(bool(text))
        done, of = model.progress
        self._bar.setRange(0, _STEPS if of else 0)  # 0 to 0: busy, nobody knows how long
        self._bar.setValue(_STEPS * done // of if of else 0)
        self._bar.setAccessibleName(model.doing or model.age)
        self._bar.setVisible(model.shows_progress)
        self._start.setEnabled(not model.reason)
        self._start.setAccessibleDescription(model.reason)
        goes = self._stop.hasFocus() and not model.running
        self._stop.setVisible(model.running)
        self._follow.setVisible(model.went_back)
        self._follow.setEnabled(not model.reason)
        if goes:
            self.begin()

    def begin(self) -> None:
        """Begin at the button that does something."""
        first = next(
            (one for one in (self._start, self._stop) if one.isEnabled() and not one.isHidden()), self._back
        )
        first.setFocus(Qt.FocusReason.OtherFocusReason)

    def _started(self) -> None:
        self._model.start()
        self.begin()
