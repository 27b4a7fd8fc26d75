"""The letters of a name, large, each with its code points and its number; the arrows go from one to the next."""

from collections.abc import Callable, Sequence

from PySide6.QtCore import Qt
from PySide6.QtGui import QGuiApplication, QKeyEvent, QKeySequence
from PySide6.QtWidgets import QDialog, QFrame, QGridLayout, QHBoxLayout, QVBoxLayout, QWidget

from ui.screens.counter.zoom_lines import LetterLine, letter_lines
from ui.text import Words
from ui.widgets.letters import Letters
from ui.widgets.name_label import NameLabel
from ui.widgets.parts import button, label, wrapped
from ui.widgets.scrolled import scrolled
from ui.widgets.state_mark import StateMark

_LARGE_PT = 60.0
_MOST_IN_A_ROW = 6
_SHARE = 0.9  # of the window behind, at most
_AROUND = 110  # pixels of margins, a scroll bar, and the lines above and below the letters
_WHY_EMS = 8  # the width of the words under a letter no font has
_CENTRE = Qt.AlignmentFlag.AlignHCenter
_KEYS = {Qt.Key.Key_Left: (-1, 0), Qt.Key.Key_Right: (1, 0), Qt.Key.Key_Up: (0, -1), Qt.Key.Key_Down: (0, 1)}


class LetterTile(QFrame):
    """One letter, large; it takes the focus, so that a screen reader says it and Ctrl+C copies its code points."""

    def __init__(
        self, line: LetterLine, letters: Letters, pressed: Callable[["LetterTile", QKeyEvent], bool]
    ) -> None:
        super().__init__()
        self.line = line
        self._pressed = pressed
        self.setProperty("letter", True)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setAccessibleName(line.spoken)
        column = QVBoxLayout(self)
        column.setContentsMargins(10, 6, 10, 8)
        column.setSpacing(3)
        large = NameLabel(letters, _LARGE_PT, hug=True)
        large.set_text(line.letter, spoken=line.spoken)
        column.addWidget(large, 0, _CENTRE)
        for point in line.points.split():
            column.addWidget(label(point, "caption"), 0, _CENTRE)
        for called in line.called:
            column.addWidget(label(called), 0, _CENTRE)
        if line.mark is not None:
            said = QHBoxLayout()
            said.addWidget(StateMark(line.mark, "bad"), 0, Qt.AlignmentFlag.AlignTop)
            why = wrapped(line.missing, "reason")
            why.setFixedWidth(why.fontMetrics().horizontalAdvance("世") * _WHY_EMS)
            said.addWidget(why, 1)
            column.addLayout(said)
        column.addStretch(1)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Ask whoever holds the letters first; the area around them would scroll by the arrows."""
        if not self._pressed(self, event):
            super().keyPressEvent(event)


class ZoomDialog(QDialog):
    """Shows a name letter by letter; open() it, never exec."""

    def __init__(
        self, text: str, words: Words, letters: Letters, parent: QWidget, *, reading: str = ""
    ) -> None:
        super().__init__(parent)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setObjectName("zoom")
        self.setWindowTitle(words("zoom.title"))
        self.tiles = [LetterTile(line, letters, self._pressed) for line in letter_lines(text, letters, words)]
        self._across = 1
        column = QVBoxLayout(self)
        column.setContentsMargins(20, 16, 20, 14)
        column.setSpacing(10)
        column.addWidget(wrapped(reading, "quiet", "zoomReading"))
        column.addWidget(self._letters_area(parent.window()), 1)
        foot = QHBoxLayout()
        foot.addWidget(wrapped(words("zoom.keys"), "caption", "zoomKeys"), 1)
        foot.addWidget(button(words("common.close"), "zoomClose", self.close))
        column.addLayout(foot)
        if self.tiles:
            self.tiles[0].setFocus()

    def _letters_area(self, behind: QWidget) -> QWidget:
        inner = QWidget()
        grid = QGridLayout(inner)
        grid.setContentsMargins(0, 0, 0, 0)
        grid.setSpacing(8)
        for tile in self.tiles:  # as children they have the sizes of the style
            tile.setParent(inner)
            tile.ensurePolished()
        wide, high = _largest(self.tiles)
        room = int(behind.width() * _SHARE) - _AROUND
        self._across = max(1, min(_MOST_IN_A_ROW, len(self.tiles), room // (wide + grid.spacing())))
        for number, tile in enumerate(self.tiles):
            tile.setFixedWidth(wide)
            grid.addWidget(tile, *divmod(number, self._across))
        grid.setColumnStretch(self._across, 1)
        grid.setRowStretch(grid.rowCount(), 1)
        area = scrolled(inner)
        area.setMinimumWidth(self._across * (wide + grid.spacing()) + 16)
        rows = -(-len(self.tiles) // self._across)
        most = int(behind.height() * _SHARE) - _AROUND
        area.setMinimumHeight(max(high, min(rows * (high + grid.spacing()), most)))
        return area

    def _pressed(self, tile: LetterTile, event: QKeyEvent) -> bool:
        """Go from letter to letter; tells whether the key was one of those meant here."""
        here, key = self.tiles.index(tile), event.key()
        if event.matches(
            QKeySequence.StandardKey.Copy
        ):  # one letter's: those of a whole name would be the name
            QGuiApplication.clipboard().setText(tile.line.points)
        elif key in _KEYS:
            across, down = _KEYS[Qt.Key(key)]
            self._go(here + across + down * self._across)
        elif key in {Qt.Key.Key_Home, Qt.Key.Key_End}:
            self._go(0 if key == Qt.Key.Key_Home else len(self.tiles) - 1)
        else:
            return False
        return True

    def _go(self, place: int) -> None:
        if 0 <= place < len(self.tiles):
            self.tiles[place].setFocus(Qt.FocusReason.TabFocusReason)


def _largest(tiles: Sequence[QWidget]) -> tuple[int, int]:
    sizes = [tile.sizeHint() for tile in tiles]
    return max((one.width() for one in sizes), default=1), max((one.height() for one in sizes), default=1)
