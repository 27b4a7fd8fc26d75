"""A page that is one sheet in the middle: heading, parts, and at the foot why something cannot be pressed, and buttons."""

from collections.abc import Sequence

from PySide6.QtWidgets import QHBoxLayout, QLayout, QVBoxLayout, QWidget

from ui.widgets.parts import card, label

_WIDTH, _EMS = 760, 46  # the least in pixels, and in letters of the screen


def lay_sheet(
    page: QWidget, heading: str, parts: Sequence[QWidget | QLayout], foot: QWidget, buttons: Sequence[QWidget]
) -> QVBoxLayout:
    """Lay a sheet out on a page and return the page's column; the first button stands apart: the way back."""
    sheet = card()
    sheet.setMaximumWidth(max(_WIDTH, _EMS * page.fontMetrics().horizontalAdvance("世")))
    column = QVBoxLayout(sheet)
    column.setContentsMargins(26, 20, 26, 18)
    column.setSpacing(12)
    column.addWidget(label(heading, "title"))
    for part in parts:
        if isinstance(part, QLayout):
            column.addLayout(part)
        else:
            column.addWidget(part)
    column.addStretch(1)
    column.addWidget(foot)
    row = QHBoxLayout()
    for place, one in enumerate(buttons):
        row.addWidget(one)
        if place == 0:
            row.addStretch(1)
    column.addLayout(row)
    middle = QHBoxLayout()
    middle.addStretch(1)
    middle.addWidget(sheet, 8)
    middle.addStretch(1)
    whole = QVBoxLayout(page)
    whole.setContentsMargins(10, 10, 10, 10)
    whole.addLayout(middle, 1)
    return whole
