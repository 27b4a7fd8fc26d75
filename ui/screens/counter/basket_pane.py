"""The right column: what is issued, to whom, for how much, and the one filled button of the screen."""

from collections.abc import Callable
from dataclasses import replace

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QFrame, QGridLayout, QHBoxLayout, QLineEdit, QSpinBox, QVBoxLayout, QWidget

from client.domain.certificate import IdentityCheck, Requester
from ui.screens.counter.model import CounterModel
from ui.text import Words
from ui.widgets.choices import check, choice
from ui.widgets.parts import button, caption_for, card, field_grid, label, rule, wrapped

_MARGINS = 26  # of the column, left and right, and its frame
_OPTIONS = (
    ("optRelationship", "relationship", "basket.opt_relationship"),
    ("optHonseki", "honseki", "basket.opt_honseki"),
    ("optFurigana", "furigana", "basket.opt_furigana"),
    ("optForeign", "foreign_items", "basket.opt_foreign"),
)


class BasketPane(QFrame):
    """Paints the basket of a CounterModel."""

    def __init__(self, model: CounterModel, words: Words) -> None:
        super().__init__()
        self.setProperty("card", True)
        self._model = model
        self._words = words
        self._painting = False
        self._add = button(words("basket.add_juminhyo"), "addJuminhyo", model.add_juminhyo)
        self._add.setProperty("start", True)
        self._paper = self._paper_card()
        requesters = tuple((words(f"requester.{one.value}"), one) for one in Requester)
        self._requester = choice("requester", "", requesters, self._on_requester)
        identities = tuple((words(f"identity.{one.value}"), one) for one in _identities())
        self._identity = choice("identity", "", identities, self._on_identity)
        self._purpose = QLineEdit()
        self._purpose.setObjectName("purpose")
        self._purpose.setPlaceholderText(words("basket.purpose_hint"))
        self._purpose.textChanged.connect(self._on_purpose)
        self._warnings = wrapped(role="caption", name="issueWarnings")
        self._fee_of = label(role="quiet", name="feeOf")
        self._total = label(role="total", name="total")
        self.issue = button(words("basket.issue"), "issue", model.issue, primary=True)
        self._reason = wrapped(role="reason", name="issueReason")
        self._release = button(words("basket.release"), "askRelease", model.ask_release)
        self._lay_out()

    def _paper_card(self) -> QFrame:
        words = self._words
        made = card()
        made.setObjectName("paperCard")
        self._scope = label(role="caption", name="scope")
        self._copies = QSpinBox()
        self._copies.setObjectName("copies")
        self._copies.setRange(1, 20)
        self._copies.setSuffix(words("basket.copies_unit"))
        self._copies.setMinimumWidth(92)
        self._copies.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self._copies.valueChanged.connect(lambda n: self._change(copies=n))
        self._remove = button(words("basket.remove"), "removeJuminhyo", self._model.remove_juminhyo)
        self._options = {
            field: check(words(key), name, self._option_setter(field)) for name, field, key in _OPTIONS
        }
        grid = QGridLayout(made)
        grid.setContentsMargins(10, 8, 10, 9)
        grid.setVerticalSpacing(4)
        grid.addWidget(label(words("basket.juminhyo"), "strong"), 0, 0)
        grid.addWidget(self._remove, 0, 1, Qt.AlignmentFlag.AlignRight)
        grid.addWidget(self._scope, 1, 0, 1, 2)
        for number, box in enumerate(self._options.values()):
            grid.addWidget(box, 2 + number // 2, number % 2)
        grid.addWidget(caption_for(words("basket.copies"), self._copies), 5, 0)
        grid.addWidget(self._copies, 5, 1, Qt.AlignmentFlag.AlignLeft)
        grid.setColumnStretch(0, 1)
        return made

    def _lay_out(self) -> None:
        words = self._words
        column = self._column = QVBoxLayout(self)
        column.setContentsMargins(10, 9, 10, 10)
        column.setSpacing(8)
        column.addWidget(label(words("basket.heading"), "heading"))
        column.addWidget(self._add)
        column.addWidget(self._paper)
        fields = (
            (words("basket.requester"), self._requester),
            (words("basket.identity"), self._identity),
            (words("basket.purpose"), self._purpose),
        )
        column.addLayout(field_grid(fields))
        column.addWidget(self._warnings)
        column.addStretch(1)
        self.foot = QWidget()
        below = QVBoxLayout(self.foot)
        below.setContentsMargins(0, 0, 0, 0)
        below.setSpacing(8)
        below.addWidget(rule())
        total = QHBoxLayout()
        total.addWidget(self._fee_of)
        total.addStretch(1)
        total.addWidget(self._total)
        below.addLayout(total)
        below.addWidget(self.issue)
        below.addWidget(self._reason)
        below.addWidget(self._release)
        self.take_foot()

    def take_foot(self) -> None:
        """Have the fee and the button at the end of the column; a screen with little room keeps them elsewhere."""
        self._column.addWidget(self.foot)

    def least_width(self) -> int:
        """Return the width at which nothing is cut, with the paper's card shown."""
        parts = (self.foot.minimumSizeHint().width(), self._paper.minimumSizeHint().width())
        return max(self.minimumSizeHint().width(), max(parts) + _MARGINS)

    def paint(self) -> None:
        """Show the model as it is."""
        model, basket = self._model, self._model.basket
        self._painting = True
        follow = basket.juminhyo and self._add.hasFocus()
        self._paper.setVisible(basket.juminhyo)
        if follow:
            self._options["relationship"].setFocus(Qt.FocusReason.OtherFocusReason)
        self._add.setVisible(not basket.juminhyo)
        self._add.setEnabled(model.subject is not None)
        self._scope.setText(model.scope_text)
        self._copies.setValue(basket.copies)
        for field, box in self._options.items():
            box.setChecked(bool(getattr(basket.options, field)))
        self._options["foreign_items"].setVisible(model.has_foreigner)
        self._requester.setCurrentIndex(self._requester.findData(basket.requester))
        self._identity.setCurrentIndex(self._identity.findData(basket.identity))
        if self._purpose.text() != basket.purpose:
            self._purpose.setText(basket.purpose)
        self._warnings.setText("\n".join(f"▲ {text}" for text in model.warnings))
        self._warnings.setVisible(bool(model.warnings))
        copies = self._words("certificate.copies_n", n=basket.copies) if basket.juminhyo else ""
        self._fee_of.setText(f"{self._words('basket.fee')}　{copies}")
        self._total.setText(model.total_text)
        reason = model.reason
        self.issue.setEnabled(not reason)
        self._reason.setText(reason)
        self.issue.setAccessibleDescription(reason)
        self._release.setVisible(model.may_ask_release)
        self._painting = False

    def _option_setter(self, field: str) -> Callable[[bool], None]:
        def set_option(on: bool) -> None:
            if not self._painting:
                self._model.set_basket(self._model.basket.with_option(field, on))

        return set_option

    def _change(self, **values: object) -> None:
        if not self._painting:
            self._model.set_basket(replace(self._model.basket, **values))  # type: ignore[arg-type]  # fields of Basket by name

    def _on_requester(self, requester: object) -> None:
        self._change(requester=requester)

    def _on_identity(self, identity: object) -> None:
        self._change(identity=identity)

    def _on_purpose(self, text: str) -> None:
        self._change(purpose=text)


def _identities() -> tuple[IdentityCheck, ...]:
    """Not checked first: how it was checked is said by hand every time."""
    return (IdentityCheck.NONE, *(one for one in IdentityCheck if one is not IdentityCheck.NONE))
