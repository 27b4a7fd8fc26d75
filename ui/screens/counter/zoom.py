"""The letters of a name, large, each with its code points."""

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QDialog, QGridLayout, QHBoxLayout, QVBoxLayout, QWidget

from client.domain.letters import clusters, code_points
from ui.text import Words
from ui.widgets.letters import Letters
from ui.widgets.name_label import NameLabel
from ui.widgets.parts import button, label

_LARGE_PT = 60.0
_A_ROW = 6


class ZoomDialog(QDialog):
    """Shows a name letter by letter; open() it, never exec."""

    def __init__(self, text: str, words: Words, letters: Letters, parent: QWidget) -> None:
        super().__init__(parent)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setObjectName("zoom")
        self.setWindowTitle(words("resident.zoom_title"))
        grid = QGridLayout()
        grid.setHorizontalSpacing(18)
        shown = [cluster for cluster in clusters(text) if not cluster.isspace()]
        for number, cluster in enumerate(shown):
            row, column = divmod(number, _A_ROW)
            large = NameLabel(letters, _LARGE_PT, hug=True)
            large.set_text(cluster)
            grid.addWidget(large, row * 2, column, Qt.AlignmentFlag.AlignHCenter)
            points = label(code_points(cluster).replace(" ", "\n"), "caption")
            points.setAlignment(Qt.AlignmentFlag.AlignHCenter | Qt.AlignmentFlag.AlignTop)
            grid.addWidget(points, row * 2 + 1, column)
        close = QHBoxLayout()
        close.addStretch(1)
        close.addWidget(button(words("common.close"), "zoomClose", self.close))
        column_of_all = QVBoxLayout(self)
        column_of_all.setContentsMargins(24, 20, 24, 16)
        column_of_all.addLayout(grid)
        column_of_all.addSpacing(8)
        column_of_all.addLayout(close)
