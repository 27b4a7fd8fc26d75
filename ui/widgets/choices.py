"""Things to choose by: check boxes and drop-downs."""

from collections.abc import Callable

from PySide6.QtWidgets import QCheckBox, QComboBox

from ui.widgets.parts import plain


def check(text: str, name: str, toggled: Callable[[bool], object]) -> QCheckBox:
    """Make a check box."""
    made = QCheckBox(text)
    made.setObjectName(name)
    made.setAccessibleName(plain(text))
    made.toggled.connect(toggled)
    return made


def choice(
    name: str, spoken: str, entries: tuple[tuple[str, object], ...], chosen: Callable[[object], object]
) -> QComboBox:
    """Make a drop-down; each entry is a text and the value it stands for."""
    made = QComboBox()
    made.setObjectName(name)
    made.setAccessibleName(spoken)
    for text, value in entries:
        made.addItem(text, value)
    made.currentIndexChanged.connect(lambda index: chosen(made.itemData(index)))
    return made
