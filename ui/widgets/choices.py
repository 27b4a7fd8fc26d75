"""Things to choose by: check boxes and drop-downs."""

from collections.abc import Callable

from PySide6.QtWidgets import QCheckBox, QComboBox

from client.domain.change import WithdrawnFor
from ui.text import Words
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


def withdrawn_for(name: str, words: Words) -> QComboBox:
    """Make the drop-down of why something is taken back; words beside it are needed for the first alone."""
    order = (WithdrawnFor.OTHER, WithdrawnFor.APPLICANT, WithdrawnFor.MISTAKE, WithdrawnFor.TWICE)
    entries = tuple((words(f"withdrawn_for.{one.value}"), one) for one in order)
    return choice(name, words("withdrawn_for.spoken"), entries, lambda _: None)
