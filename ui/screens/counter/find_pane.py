"""The left column: search field, results, those looked at lately."""

from PySide6.QtCore import QStringListModel, Qt, Signal
from PySide6.QtGui import QInputMethodEvent, QKeyEvent
from PySide6.QtWidgets import QFrame, QLineEdit, QListView, QVBoxLayout, QWidget

from ui.screens.counter.find import FindModel
from ui.screens.counter.hit_list import HitDelegate, HitList
from ui.text import Words
from ui.widgets.letters import Letters
from ui.widgets.name_label import NameDelegate
from ui.widgets.notice import NoticeBar
from ui.widgets.parts import label, wrapped

_MARGINS = 22  # of the column, left and right, and its frame


class SearchField(QLineEdit):
    """A field that knows when the IME is still composing; Enter then belongs to the IME."""

    entered = Signal()  # Enter, with nothing being composed
    down = Signal()  # the arrow to the results

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._composing = False

    @property
    def composing(self) -> bool:
        """Tell whether the IME holds text that is not committed."""
        return self._composing

    def inputMethodEvent(self, event: QInputMethodEvent) -> None:
        """Note whether a composition is open."""
        self._composing = bool(event.preeditString())
        super().inputMethodEvent(event)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Hear Enter and the arrow down."""
        if not self._composing and event.key() in {Qt.Key.Key_Return, Qt.Key.Key_Enter}:
            self.entered.emit()
        elif not self._composing and event.key() == Qt.Key.Key_Down:
            self.down.emit()
        else:
            super().keyPressEvent(event)


class FindPane(QFrame):
    """Paints a FindModel."""

    def __init__(self, model: FindModel, words: Words, letters: Letters) -> None:
        super().__init__()
        self.setProperty("card", True)
        self._model = model
        self.search = SearchField()
        self.search.setObjectName("search")
        self.search.setProperty("big", True)
        self.search.setPlaceholderText(words("find.placeholder"))
        self.search.setAccessibleName(words("find.search"))
        self.search.setClearButtonEnabled(True)
        self._count = wrapped(role="caption", name="resultCount")
        self._hits = HitList(words, self)
        self.results = _list("results", words("find.results"))
        self.results.setModel(self._hits)
        self.results.setItemDelegate(HitDelegate(letters, words, self.results))
        self._recent_rows = QStringListModel(self)
        self.recent = _list("recent", words("find.recent"))
        self.recent.setModel(self._recent_rows)
        self.recent.setItemDelegate(NameDelegate(letters, 11, self.recent))
        self._notice = NoticeBar(words("common.close"))
        self._notice.closed.connect(self._on_read)
        self._lay_out(words)
        self.search.textChanged.connect(model.type)
        self.search.entered.connect(self._on_entered)
        self.search.down.connect(self._on_down)
        self.results.activated.connect(lambda index: model.choose(index.row()))
        self.results.clicked.connect(lambda index: model.choose(index.row()))
        self.recent.activated.connect(lambda index: model.choose_recent(index.row()))
        model.changed = self.paint
        self.paint()

    def _lay_out(self, words: Words) -> None:
        column = QVBoxLayout(self)
        column.setContentsMargins(10, 9, 10, 10)
        column.setSpacing(7)
        self._heading = label(words("find.heading"), "heading")
        column.addWidget(self._heading)
        column.addWidget(self.search)
        column.addWidget(self._count)
        column.addWidget(self._notice)
        column.addWidget(self.results, 5)
        column.addWidget(label(words("find.recent"), "heading"))
        column.addWidget(self.recent, 2)

    def least_width(self) -> int:
        """Return the width at which its heading is whole."""
        return self._heading.sizeHint().width() + _MARGINS

    def paint(self) -> None:
        """Show the model as it is."""
        self._count.setText(self._model.count_text)
        self._notice.show_note(self._model.note)
        if self.search.text() != self._model.typed:
            self.search.setText(self._model.typed)
        if self._model.lines != self._hits.lines:
            self._hits.show_lines(self._model.lines)
            self.results.setCurrentIndex(self._hits.index(0, 0))
        recent = [self._model.recent_text(line) for line in self._model.recent]
        if recent != self._recent_rows.stringList():
            self._recent_rows.setStringList(recent)

    def begin(self) -> None:
        """Go to the search field, what is in it marked (F2)."""
        self.search.setFocus(Qt.FocusReason.ShortcutFocusReason)
        self.search.selectAll()

    def _on_entered(self) -> None:
        if self._model.lines and not self._model.busy:
            self._model.choose(max(0, self.results.currentIndex().row()))
        else:
            self._model.find_now()

    def _on_down(self) -> None:
        if self._model.lines:
            self.results.setFocus(Qt.FocusReason.ShortcutFocusReason)

    def _on_read(self) -> None:
        self._model.note = None
        self.paint()


def _list(name: str, spoken: str) -> QListView:
    made = QListView()
    made.setObjectName(name)
    made.setAccessibleName(spoken)
    made.setEditTriggers(QListView.EditTrigger.NoEditTriggers)
    made.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
    made.setUniformItemSizes(True)
    return made
