"""The left column: search field, results, those looked at lately."""

from PySide6.QtCore import QStringListModel, Qt, Signal
from PySide6.QtGui import QInputMethodEvent, QKeyEvent, QResizeEvent
from PySide6.QtWidgets import (
    QFrame,
    QHBoxLayout,
    QLineEdit,
    QListView,
    QMenu,
    QSizePolicy,
    QVBoxLayout,
    QWidget,
)

from client.domain.query import Query
from ui.screens.counter.find import FindModel
from ui.screens.counter.find_form import FindForm
from ui.screens.counter.hit_list import HitDelegate, HitList
from ui.text import Words
from ui.widgets.letters import Letters
from ui.widgets.name_label import NameDelegate
from ui.widgets.notice import NoticeBar
from ui.widgets.parts import button, label, wrapped
from ui.widgets.scrolled import scrolled
from ui.widgets.taken_out import gone_when_taken_out

_MARGINS = 22  # of the column, left and right, and its frame
_BETWEEN = 8


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


class ResultList(QListView):
    """The results; Enter opens one, and a key shows its letters large."""

    zoom_wished = Signal(int)  # the row

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Hear the key of the large letters (F7)."""
        if event.key() == Qt.Key.Key_F7 and self.currentIndex().isValid():
            self.zoom_wished.emit(self.currentIndex().row())
        else:
            super().keyPressEvent(event)


class FindPane(QFrame):
    """Paints a FindModel."""

    zoom_wished = Signal(str, str)  # a name and its reading

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
        self.results = ResultList()
        _as_list(self.results, "results", words("find.results"))
        self.results.setModel(self._hits)
        self.results.setItemDelegate(HitDelegate(letters, words, self.results))
        self._recent_rows = QStringListModel(self)
        self.recent = QListView()
        _as_list(self.recent, "recent", words("find.recent"))
        self.recent.setModel(self._recent_rows)
        self.recent.setItemDelegate(NameDelegate(letters, 11, self.recent))
        self._notice = NoticeBar(words("common.close"))
        self._notice.closed.connect(self._on_read)
        self.form = FindForm(model, words)
        self._details = button(words("find.details"), "findDetails", self._on_details)
        self._details.setCheckable(True)
        self._history = button(words("find.history"), "findHistory", self._on_history)
        self._menu = QMenu(self)
        self._menu.setObjectName("findHistoryMenu")
        self._offered: tuple[Query, ...] = ()  # in the menu
        self._lay_out(words)
        self.search.textChanged.connect(model.type)
        gone_when_taken_out(self.search)
        self.search.entered.connect(self._on_entered)
        self.search.down.connect(self._on_down)
        self.results.activated.connect(lambda index: model.choose(index.row()))
        self.results.clicked.connect(lambda index: model.choose(index.row()))
        self.results.zoom_wished.connect(self._on_zoom)
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
        further = QHBoxLayout()
        further.setSpacing(_BETWEEN)
        further.addWidget(self._details, 1)
        further.addWidget(self._history, 1)
        column.addLayout(further)
        self._form_room = scrolled(self.form)
        self._form_room.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Maximum)
        self._form_room.hide()
        column.addWidget(self._form_room)
        column.addWidget(self._count)
        column.addWidget(self._notice)
        column.addWidget(self.results, 5)
        self._lately = label(words("find.recent"), "heading")
        column.addWidget(self._lately)
        column.addWidget(self.recent, 2)

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Let the form know how wide it may be."""
        super().resizeEvent(event)
        bar = self._form_room.verticalScrollBar().sizeHint().width()
        self.form.fit(event.size().width() - _MARGINS - bar)

    def least_width(self) -> int:
        """Return the width at which its heading and its buttons are whole."""
        buttons = self._details.sizeHint().width() + self._history.sizeHint().width() + _BETWEEN
        return max(self._heading.sizeHint().width(), buttons) + _MARGINS

    def paint(self) -> None:
        """Show the model as it is."""
        self._count.setText(self._model.count_text)
        self._notice.show_note(self._model.note)
        if self.search.text() != self._model.typed:
            self.search.setText(self._model.typed)
        self._history.setEnabled(bool(self._model.history))
        if self._offered != self._model.history:  # another clerk's, or one longer
            self._menu.close()
            self._menu.clear()
            self._offered = ()
        self.form.paint()
        if self._model.lines != self._hits.lines:
            self._show_lines()
        recent = [self._model.recent_text(line) for line in self._model.recent]
        if recent != self._recent_rows.stringList():
            self._recent_rows.setStringList(recent)

    def _show_lines(self) -> None:
        """Show other results; whoever was pointed at stays pointed at, where they are still there."""
        place = self.results.currentIndex().row()
        pointed = self._hits.lines[place].atena_no if 0 <= place < len(self._hits.lines) else None
        self._hits.show_lines(self._model.lines)
        places = {line.atena_no: row for row, line in enumerate(self._model.lines)}
        kept = places.get(pointed, 0) if pointed is not None and place > 0 else 0
        self.results.setCurrentIndex(self._hits.index(kept, 0))

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

    def _on_details(self) -> None:
        if self._details.isChecked():
            self._open_form(opened=True)
            self.form.begin()
        else:
            self._open_form(opened=False)
            self._model.clear_form()
            self.begin()

    def _open_form(self, *, opened: bool) -> None:
        """Show the form in the room of those looked at lately, or give it back."""
        self._details.setChecked(opened)
        self._form_room.setVisible(opened)
        self._lately.setVisible(not opened)
        self.recent.setVisible(not opened)

    def _on_history(self) -> None:
        self._menu.clear()
        self._offered = self._model.history
        for query in self._offered:
            text = self._model.history_text(query).replace("&", "&&")
            self._menu.addAction(text).triggered.connect(
                lambda _checked=False, asked=query: self._on_again(asked)
            )
        self._menu.popup(self._history.mapToGlobal(self._history.rect().bottomLeft()))

    def _on_again(self, query: Query) -> None:
        self._model.ask(query)
        self._open_form(opened=query != Query(typed=query.typed))
        self.begin()

    def _on_zoom(self, row: int) -> None:
        if 0 <= row < len(self._model.lines):
            line = self._model.lines[row]
            self.zoom_wished.emit(line.name, line.furigana)

    def _on_read(self) -> None:
        self._model.note = None
        self.paint()


def _as_list(made: QListView, name: str, spoken: str) -> None:
    made.setObjectName(name)
    made.setAccessibleName(spoken)
    made.setEditTriggers(QListView.EditTrigger.NoEditTriggers)
    made.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
    made.setUniformItemSizes(True)
