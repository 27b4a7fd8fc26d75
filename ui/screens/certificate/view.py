"""The certificate screen: the very pages on the left, what to do on the right."""

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QFrame, QGridLayout, QHBoxLayout, QLabel, QVBoxLayout, QWidget

from client.domain.certificate import IssuedCopy
from ui.marks import Mark
from ui.screens.certificate.model import SPOIL_REASONS, CertificateModel, CopyLine, Phase
from ui.text import Words
from ui.widgets.choices import choice
from ui.widgets.notice import NoticeBar
from ui.widgets.page_view import PageView
from ui.widgets.parts import button, caption_for, card, label, wrapped
from ui.widgets.scrolled import scrolled
from ui.widgets.state_mark import StateMark

_SIDE, _SIDE_EMS = 380, 24  # the least in pixels, and in letters of the screen
_MARKS = {"ok": Mark.CIRCLE, "warn": Mark.TRIANGLE, "bad": Mark.SQUARE, "info": Mark.DOCUMENT}


class CertificateView(QWidget):
    """Paints a CertificateModel."""

    def __init__(self, model: CertificateModel, words: Words) -> None:
        super().__init__()
        self.setObjectName("page")
        self.setFocusPolicy(Qt.FocusPolicy.ClickFocus)  # where a key answers nothing
        self._model = model
        self._words = words
        self._notice = NoticeBar(words("common.close"))
        self._notice.closed.connect(model.dismiss)
        self._pages = PageView("preview", words("certificate.preview"))
        self._empty = label(words("certificate.previewing"), "quiet", "previewEmpty")
        self._heading = label(role="title", name="certificateHeading")
        self._facts = QGridLayout()
        self._facts.setHorizontalSpacing(14)
        self._facts.setVerticalSpacing(6)
        self._warnings = wrapped(name="certificateWarnings")
        self._copies = QVBoxLayout()
        self._ask = wrapped(role="strong", name="presentCopy")
        self._print = button(words("certificate.print"), "previewPrint", model.print_it, primary=True)
        self._handed = button(words("certificate.handed_over"), "handedOver", model.hand_over, primary=True)
        self._spoiled = button(words("certificate.spoiled"), "spoiled", self._on_spoiled)
        self._reason = choice(
            "spoilReason",
            "",
            tuple((words(f"certificate.spoil_{one}"), one) for one in SPOIL_REASONS),
            lambda _reason: None,
        )
        self._reason_caption = caption_for(words("certificate.spoil_reason"), self._reason)
        self._reprint = button(words("certificate.reprint"), "reprint", model.reprint)
        self._back = button(words("common.back"), "certificateBack", model.back)
        self._step: tuple[Phase, IssuedCopy | None] = (model.phase, None)
        self._lay_out()
        model.changed = self.paint
        self.paint()

    def _lay_out(self) -> None:
        side = card()
        side.setFixedWidth(max(_SIDE, _SIDE_EMS * self.fontMetrics().horizontalAdvance("世")))
        facts = QWidget()
        column = QVBoxLayout(facts)
        column.setContentsMargins(16, 12, 16, 6)
        column.setSpacing(10)
        column.addWidget(self._heading)
        column.addLayout(self._facts)
        column.addWidget(self._warnings)
        column.addLayout(self._copies)
        column.addStretch(1)
        whole = QVBoxLayout(
            side
        )  # what is known scrolls where there is little room; what can be done never does
        whole.setContentsMargins(2, 2, 2, 14)
        whole.addWidget(scrolled(facts), 1)
        column = QVBoxLayout()
        column.setContentsMargins(16, 0, 16, 0)
        column.setSpacing(10)
        whole.addLayout(column)
        column.addWidget(self._ask)
        for part in (self._print, self._handed):
            column.addWidget(part)
        spoil = QGridLayout()
        spoil.addWidget(self._reason_caption, 0, 0)
        spoil.addWidget(self._reason, 0, 1)
        spoil.addWidget(self._spoiled, 1, 1)
        spoil.setColumnStretch(1, 1)
        column.addLayout(spoil)
        column.addWidget(self._reprint)
        column.addWidget(self._back)
        paper = card()
        paper_column = QVBoxLayout(paper)
        paper_column.setContentsMargins(8, 8, 8, 8)
        paper_column.addWidget(self._empty, 0, Qt.AlignmentFlag.AlignCenter)
        paper_column.addWidget(self._pages, 1)
        row = QHBoxLayout()
        row.setSpacing(10)
        row.addWidget(paper, 1)
        row.addWidget(side)
        page = QVBoxLayout(self)
        page.setContentsMargins(10, 10, 10, 10)
        page.setSpacing(8)
        page.addWidget(self._notice)
        page.addLayout(row, 1)

    def paint(self) -> None:
        """Show the model as it is."""
        model = self._model
        self._notice.show_note(model.note)
        self._heading.setText(model.heading)
        self.setAccessibleName(model.heading)
        self._pages.show_pages(model.pictures, model.heading)
        self._pages.setVisible(bool(model.pictures))
        self._empty.setVisible(not model.pictures and model.prepared is not None)
        self._paint_facts()
        self._warnings.setText("\n".join(f"▲ {text}" for text in model.warnings))
        self._warnings.setVisible(bool(model.warnings))
        self._paint_copies()
        self._paint_buttons()

    def begin(self) -> None:
        """Put the focus where the next step is; on no answer where the question came unasked."""
        if self._model.resumed:
            self.setFocus(Qt.FocusReason.OtherFocusReason)
            return
        for step in (self._print, self._handed, self._reprint, self._back):
            if step.isVisible() and step.isEnabled():
                step.setFocus(Qt.FocusReason.OtherFocusReason)
                return

    def confirm(self) -> None:
        """Do the next step (F12): print, or say that the copy was handed over."""
        if self._model.may_print:
            self._model.print_it()
        else:
            self._model.hand_over()

    def _paint_buttons(self) -> None:
        model = self._model
        asking = model.present is not None
        self._print.setVisible(model.phase in {Phase.PREVIEW, Phase.PRINTING})
        self._print.setEnabled(model.may_print)
        self._print.setText(self._words(model.print_key))
        for part in (self._handed, self._spoiled, self._reason, self._reason_caption):
            part.setVisible(asking)
            part.setEnabled(asking and not model.saving)
        present = model.present
        number = present.serial.key if present else ""
        self._ask.setText(self._words("certificate.present", number=number) if asking else "")
        self._ask.setVisible(asking)
        self._reprint.setVisible(model.may_reprint)
        done = model.phase is Phase.DONE
        self._back.setText(self._words("certificate.to_counter" if done else "common.back"))
        self._back.setVisible(model.phase in {Phase.PREVIEW, Phase.DONE})
        step = (model.phase, present if model.resumed else None)
        if step != self._step:  # the next step is another button, or another sheet
            self._step = step
            self.begin()

    def _paint_facts(self) -> None:
        _clear(self._facts)
        for row, (caption, value) in enumerate(self._model.facts):
            self._facts.addWidget(label(caption, "caption"), row, 0)
            self._facts.addWidget(label(value, "strong"), row, 1)
        self._facts.setColumnStretch(1, 1)

    def _paint_copies(self) -> None:
        _clear(self._copies)
        for line in self._model.lines():
            self._copies.addWidget(_copy_row(line))

    def _on_spoiled(self) -> None:
        self._model.spoil(str(self._reason.currentData()))


def _copy_row(line: CopyLine) -> QFrame:
    made = QFrame()
    made.setProperty("tone" if line.present else "card", "info" if line.present else True)
    made.setAccessibleName(f"{line.number} {line.text}")
    row = QHBoxLayout(made)
    row.setContentsMargins(10, 6, 10, 6)
    row.addWidget(StateMark(_MARKS[line.tone], line.tone))
    row.addWidget(label(line.number, "strong"))
    row.addStretch(1)
    state: QLabel = label(line.text)
    row.addWidget(state)
    return made


def _clear(layout: QGridLayout | QVBoxLayout) -> None:
    while item := layout.takeAt(0):
        if (old := item.widget()) is not None:
            old.hide()
            old.deleteLater()
