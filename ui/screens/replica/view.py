"""The replica's screen: its age, what is under way, and the proof; in its place a bundle, while one is at hand."""

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QHBoxLayout, QProgressBar, QStackedWidget, QWidget

from ui.screens.replica.carry import Stage
from ui.screens.replica.carry_view import CarryView
from ui.screens.replica.model import ReplicaModel
from ui.text import Words
from ui.widgets.file_dialog import ask_for_file
from ui.widgets.notice import NoticeBar
from ui.widgets.parts import button, rule, wrapped
from ui.widgets.sheet import lay_sheet

_STEPS = 1000  # of the bar


class ReplicaView(QStackedWidget):
    """Shows the replica's own page, or the bundle's."""

    def __init__(self, model: ReplicaModel, words: Words) -> None:
        super().__init__()
        self._model = model
        self._own = OwnPage(model, words)
        self._bundle = CarryView(model.carry, words, model.back)
        self.addWidget(self._own)
        self.addWidget(self._bundle)
        model.changed = model.carry.changed = self.paint
        self.paint()

    def paint(self) -> None:
        """Show the model as it is; where the page changes, begin on the new one."""
        page = self._own if self._model.carry.stage is Stage.AWAY else self._bundle
        page.paint()
        if page is not self.currentWidget():
            self._bundle.paint()  # what was typed there is gone
            self.setCurrentWidget(page)
            if self.isVisible():
                page.begin()

    def begin(self) -> None:
        """Begin on the page in front."""
        (self._own if self.currentWidget() is self._own else self._bundle).begin()


class OwnPage(QWidget):
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
        self._carry = button(words("carry.open"), "replicaCarry", self._ask)
        self._back = button(words("common.back"), "replicaBack", model.back)
        self._lay_out()
        self.paint()

    def _lay_out(self) -> None:
        explain = wrapped(self._words("replica.explain"), "quiet")
        brought = wrapped(self._words("carry.explain"), "quiet")
        follow = QHBoxLayout()  # beside the three others it would be cut
        follow.addWidget(self._follow)
        follow.addStretch(1)
        parts = (self._age, self._series, follow, rule(), explain, brought, self._doing, self._bar)
        buttons = (self._back, self._carry, self._stop, self._start)
        page = lay_sheet(self, self._words("replica.heading"), parts, self._reason, buttons)
        page.insertWidget(0, self._notice)

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
        self._carry.setEnabled(not model.carry_reason)
        self._carry.setAccessibleDescription(model.carry_reason)
        goes = self._stop.hasFocus() and not model.running
        self._stop.setVisible(model.running)
        self._follow.setVisible(model.went_back)
        self._follow.setEnabled(not model.reason)
        if goes:
            self.begin()

    def begin(self) -> None:
        """Begin at the button that does something."""
        first = next(
            (one for one in (self._start, self._stop, self._carry) if one.isEnabled() and not one.isHidden()),
            self._back,
        )
        first.setFocus(Qt.FocusReason.OtherFocusReason)

    def _ask(self) -> None:
        words = self._words
        ask_for_file(self, words, "carryPick", words("carry.pick_bundle"), self._model.take_in)

    def _started(self) -> None:
        self._model.start()
        self.begin()
