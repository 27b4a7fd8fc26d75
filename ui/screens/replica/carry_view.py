"""A bundle on the screen: what it says of itself, two officers' shares typed unseen, how far it is."""

from collections.abc import Callable

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QGridLayout, QLabel, QProgressBar, QVBoxLayout, QWidget

from ui.screens.replica.carry import CarryModel, Stage
from ui.text import Words
from ui.widgets.file_dialog import ask_for_file
from ui.widgets.notice import NoticeBar
from ui.widgets.parts import button, caption_for, label, plain, restyle, wrapped
from ui.widgets.scrolled import scrolled
from ui.widgets.secret_field import SecretField
from ui.widgets.sheet import lay_sheet

_STEPS = 1000  # of the bar
_FACTS = 7
_MOST = 100


class CarryView(QWidget):
    """Paints a CarryModel."""

    def __init__(self, model: CarryModel, words: Words, back: Callable[[], object]) -> None:
        super().__init__()
        self.setObjectName("page")
        self._model = model
        self._words = words
        self._step: object = None  # what is asked for; typed letters do not outlive it
        self._notice = NoticeBar(words("common.close"))
        self._notice.closed.connect(model.dismiss)
        self._verdict = wrapped(role="strong", name="carryVerdict")
        self._verdict_more = wrapped(name="carryVerdictMore")
        self._share = SecretField("carryShare")
        self._share_asks = caption_for("", self._share, "strong")
        self._share.textEdited.connect(model.type)
        self._passphrase = SecretField("carryPassphrase")
        self._passphrase_asks = caption_for("", self._passphrase, "strong")
        self._passphrase.returnPressed.connect(self._said)
        self._state = wrapped(name="carryState")
        self._hidden = wrapped(words("carry.hidden"), "quiet")
        self._doing = wrapped(name="carryDoing")
        self._bar = QProgressBar()
        self._bar.setObjectName("carryProgress")
        self._bar.setTextVisible(False)
        self._meanwhile = wrapped(words("carry.meanwhile"), "quiet")
        self._back = button(words("common.back"), "carryBack", back)
        self._other = button(words("carry.other_file"), "carryOther", self.ask)
        self._file = button(words("carry.share_file"), "carryShareFile", self._ask_share)
        self._next = button(words("carry.next"), "carryNext", self._said, primary=True)
        self._stop = button(words("carry.stop"), "carryStop", model.stop)
        self._begin = button(words("carry.begin"), "carryBegin", model.begin, primary=True)
        self._facts = QWidget()
        self._values = self._fact_labels()
        self._lay_out()
        self.paint()

    def _fact_labels(self) -> list[tuple[QLabel, QLabel]]:
        grid = QGridLayout(self._facts)
        grid.setContentsMargins(0, 0, 0, 0)
        grid.setHorizontalSpacing(14)
        grid.setVerticalSpacing(7)
        grid.setColumnStretch(1, 1)
        made: list[tuple[QLabel, QLabel]] = []
        for row in range(_FACTS):
            pair = (
                label(role="quiet"),
                wrapped(role="number" if row == _FACTS - 1 else "", name=f"carryFact{row}"),
            )
            grid.addWidget(pair[0], row, 0)
            grid.addWidget(pair[1], row, 1)
            made.append(pair)
        return made

    def _lay_out(self) -> None:
        body = QWidget()
        column = QVBoxLayout(body)
        column.setContentsMargins(0, 0, 6, 0)
        column.setSpacing(10)
        for part in (
            self._facts,
            self._verdict,
            self._verdict_more,
            self._share_asks,
            self._share,
            self._passphrase_asks,
            self._passphrase,
            self._state,
            self._hidden,
            self._doing,
            self._bar,
            self._meanwhile,
        ):
            column.addWidget(part)
        column.addStretch(1)
        buttons = (self._back, self._other, self._file, self._stop, self._next, self._begin)
        area = scrolled(body)
        tall = area.sizePolicy()
        tall.setVerticalStretch(_MOST)  # the sheet's own stretch below it gets next to nothing
        area.setSizePolicy(tall)
        page = lay_sheet(self, self._words("carry.heading"), (area,), QWidget(), buttons)
        page.insertWidget(0, self._notice)

    def paint(self) -> None:
        """Show the model as it is."""
        model = self._model
        self._notice.show_note(model.note)
        self._paint_facts()
        self._paint_share()
        self._paint_progress()
        shown = model.stage is Stage.SHOWN
        self._other.setVisible(shown)
        self._begin.setVisible(shown and model.usable)
        if self._step != (step := self._present_step()):
            self._step = step
            for field in (self._share, self._passphrase):
                field.setText("")  # which ends the field's own memory too
            if self.isVisible():
                self.begin()

    def _paint_facts(self) -> None:
        model, verdict = self._model, self._model.verdict
        self._facts.setVisible(verdict is not None)
        for (caption, value), (named, said) in zip(self._values, model.facts, strict=False):
            caption.setText(named)
            value.setText(said)
        for part, text in (
            (self._verdict, verdict.what if verdict else ""),
            (self._verdict_more, verdict.more if verdict else ""),
        ):
            part.setText(text)
            part.setVisible(bool(text))

    def _paint_share(self) -> None:
        entry, busy = self._model.entry, self._model.busy
        letter = entry.letter if entry else None
        lines, passphrase = entry is not None and letter is None, letter is not None
        for asks, field, shown in (
            (self._share_asks, self._share, lines),
            (self._passphrase_asks, self._passphrase, passphrase),
        ):
            asks.setVisible(shown)
            field.setVisible(shown)
            if shown and entry is not None:
                asks.setText(entry.asks)
                field.setAccessibleName(plain(entry.asks))
        state = self._words("carry.checking") if busy else entry.state if entry else ""
        wrong = entry is not None and entry.wrong
        self._state.setText(state)
        restyle(self._state, role="reason" if wrong else "")
        restyle(self._share, wrong=wrong)
        self._share.setAccessibleDescription(state)
        self._passphrase.setEnabled(not busy)
        self._next.setEnabled(not busy)
        self._state.setVisible(entry is not None)
        self._hidden.setVisible(entry is not None)
        self._file.setVisible(lines)
        self._next.setVisible(passphrase)

    def _paint_progress(self) -> None:
        model = self._model
        done, of = model.progress
        self._doing.setText(model.doing)
        self._doing.setVisible(bool(model.doing))
        self._bar.setRange(0, _STEPS if of else 0)  # 0 to 0: busy, nobody knows how long
        self._bar.setValue(_STEPS * done // of if of else 0)
        self._bar.setAccessibleName(model.doing)
        self._bar.setVisible(bool(model.doing))
        self._meanwhile.setVisible(model.running)
        self._stop.setVisible(model.stage is Stage.OPENING)

    def _present_step(self) -> object:
        entry = self._model.entry
        if entry is None:
            return self._model.stage
        return (id(entry), entry.line, entry.letter is None, entry.tries, self._model.busy)

    def begin(self) -> None:
        """Begin where something is to be typed, or at the button that does something."""
        parts = (self._share, self._passphrase, self._begin, self._stop, self._other)
        first = next((one for one in parts if not one.isHidden() and one.isEnabled()), self._back)
        first.setFocus(Qt.FocusReason.OtherFocusReason)

    def ask(self) -> None:
        """Ask for the file of a bundle."""
        model, words = self._model, self._words
        ask_for_file(self, words, "carryPick", words("carry.pick_bundle"), model.choose_again)

    def _ask_share(self) -> None:
        words = self._words
        ask_for_file(self, words, "carryPickShare", words("carry.pick_share"), self._model.take_file)

    def _said(self) -> None:
        self._model.say(self._passphrase.text())
