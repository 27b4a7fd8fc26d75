"""The form of the search: a field for each thing a visitor may say ([STD j340])."""

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QComboBox, QFormLayout, QFrame, QLineEdit, QVBoxLayout, QWidget

from client.domain.query import Match
from ui.screens.counter.find import FindModel
from ui.text import Words
from ui.widgets.choices import check, choice
from ui.widgets.parts import caption_for
from ui.widgets.taken_out import gone_when_taken_out

_FIELD_EMS = 9  # 葛城町一丁目2-3
_ABOVE, _UNDERLINE = (
    4,
    2,
)  # pixels about the letters of a caption: to the field's middle, and for the mark of its key
_FIELDS = ("name", "birth", "place", "number")
_SEXES = (("any", ""), ("male", "男"), ("female", "女"))


class FindForm(QFrame):
    """Paints the fields of a FindModel's query."""

    def __init__(self, model: FindModel, words: Words) -> None:
        super().__init__()
        self._model = model
        self._fields = {name: self._field(name) for name in _FIELDS}
        matches = tuple((words(f"find.match_{match.value}"), match) for match in Match)
        self._match = choice("findMatch", "", matches, self._on_match)
        sexes = tuple((words(f"find.sex_{name}"), value) for name, value in _SEXES)
        self._sex = choice("findSex", "", sexes, lambda sex: model.fill_in("sex", str(sex)))
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        self._form = form = QFormLayout()
        self._rows: list[tuple[QWidget, QWidget]] = []
        form.setFieldGrowthPolicy(QFormLayout.FieldGrowthPolicy.AllNonFixedFieldsGrow)
        form.setLabelAlignment(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter)
        form.setVerticalSpacing(5)
        name, *others = self._fields.items()
        for key, field in (name, ("match", self._match), *others, ("sex", self._sex)):
            field.setMinimumWidth(field.fontMetrics().horizontalAdvance("世") * _FIELD_EMS)
            caption = caption_for(words(f"find.form_{key}"), field)
            caption.setContentsMargins(0, _ABOVE, 0, _UNDERLINE)
            self._rows.append((caption, field))
            form.addRow(caption, field)
        column.addLayout(form)
        self._removed = check(words("find.removed"), "findRemoved", model.set_removed)
        self._past = check(words("find.past"), "findPast", model.set_past)
        column.addWidget(self._removed)
        column.addWidget(self._past)

    def paint(self) -> None:
        """Show the query as it is."""
        for name, field in self._fields.items():
            text = getattr(self._model.query, name)
            if field.text() != text:
                field.setText(text)
        _point(self._match, self._model.query.match)
        _point(self._sex, self._model.query.sex)
        self._removed.setChecked(self._model.query.removed)
        self._past.setChecked(self._model.query.past)

    def fit(self, width: int) -> None:
        """Put the fields beside their captions; below them where letters are so large that this width is not enough."""
        captions = max(caption.sizeHint().width() for caption, _ in self._rows)
        fields = max(field.minimumWidth() for _, field in self._rows)
        beside = captions + self._form.horizontalSpacing() + fields <= width
        wrap = QFormLayout.RowWrapPolicy
        self._form.setRowWrapPolicy(wrap.DontWrapRows if beside else wrap.WrapAllRows)

    def begin(self) -> None:
        """Go to the first field."""
        self._fields["name"].setFocus(Qt.FocusReason.ShortcutFocusReason)

    def _field(self, name: str) -> QLineEdit:
        made = QLineEdit()
        made.setObjectName(f"find_{name}")
        made.textChanged.connect(lambda text: self._model.fill_in(name, text))
        made.returnPressed.connect(self._model.find_now)
        gone_when_taken_out(made)
        return made

    def _on_match(self, match: object) -> None:
        if isinstance(match, Match):
            self._model.set_match(match)


def _point(choices: QComboBox, value: object) -> None:
    place = choices.findData(value)
    if place >= 0 and place != choices.currentIndex():
        choices.setCurrentIndex(place)
