"""The bar at the top: town, who is at the counter, the time; and 訓練 where nothing is real."""

from datetime import datetime
from typing import TYPE_CHECKING

from PySide6.QtWidgets import QFrame, QHBoxLayout, QWidget

from ui.widgets.parts import label

if TYPE_CHECKING:  # the first window is painted without them
    from ui.widgets.letters import Letters
    from ui.widgets.name_label import NameLabel

_NAME_PT = 12.0


class Header(QFrame):
    """Says where one is and who one is."""

    def __init__(self, title: str, place: str, training: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("bar")
        self._title = label(title, "heading", "headerTitle")
        self._training = label(training, name="trainingMark")
        self._training.setVisible(bool(training))
        self._place = label(place)
        self._clerk = label(name="headerClerk")
        self._clerk.setObjectName("headerClerk")
        self._name: NameLabel | None = None
        self._time = label(name="headerTime")
        self._row = QHBoxLayout(self)
        self._row.setContentsMargins(14, 5, 14, 5)
        self.setMinimumHeight(int(self.fontMetrics().height() * 2.2))
        self._row.setSpacing(16)
        self._row.addWidget(self._title)
        self._row.addWidget(self._training)
        self._row.addStretch(1)
        for part in (self._place, self._clerk, self._time):
            self._row.addWidget(part)

    def show_town(self, title: str) -> None:
        """Show the town's name, once it is known."""
        self._title.setText(title)

    def show_clerk(self, section: str, name: str, letters: "Letters | None") -> None:
        """Show who is signed in, the name by glyph; empty when nobody is."""
        self._clerk.setText(section)
        if self._name is None and letters is not None:
            from ui.widgets.name_label import NameLabel  # as above

            self._name = NameLabel(letters, _NAME_PT, hug=True)
            self._name.setObjectName("headerName")
            self._row.insertWidget(self._row.indexOf(self._clerk) + 1, self._name)
        if self._name is not None:
            self._name.set_text(name)
            self._name.setVisible(bool(name))

    def show_time(self, now: datetime) -> None:
        """Show the time."""
        from ui.clock import header_time  # as above

        self._time.setText(header_time(now))
