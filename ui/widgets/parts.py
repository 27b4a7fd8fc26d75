"""Small shared parts: labels by role, cards, buttons, fields with their captions."""

from collections.abc import Callable

from PySide6.QtWidgets import QFrame, QGridLayout, QLabel, QPushButton, QWidget

_PLAIN = 0  # Qt.PlainText by its number: the namespace Qt is not loaded before the first paint


def label(text: str = "", role: str = "", name: str = "") -> QLabel:
    """Make a label; its role gives it size and colour."""
    made = QLabel(text)
    made.setProperty("textFormat", _PLAIN)
    if role:
        made.setProperty("role", role)
    if name:
        made.setObjectName(name)
    return made


def wrapped(text: str = "", role: str = "", name: str = "") -> QLabel:
    """Make a label that breaks its text over lines."""
    made = label(text, role, name)
    made.setWordWrap(True)
    return made


def card() -> QFrame:
    """Make a card."""
    made = QFrame()
    made.setProperty("card", True)
    return made


def rule() -> QFrame:
    """Make a thin line across."""
    made = QFrame()
    made.setProperty("rule", True)
    return made


def button(text: str, name: str, pressed: Callable[[], object], *, primary: bool = False) -> QPushButton:
    """Make a button; ``&`` before a letter makes it the key to press with Alt."""
    made = QPushButton(text)
    made.setObjectName(name)
    made.setAccessibleName(plain(text))
    made.setProperty("primary", primary)
    made.setAutoDefault(False)
    made.clicked.connect(lambda _checked=False: pressed())
    return made


def caption_for(text: str, field: QWidget, role: str = "caption") -> QLabel:
    """Make the caption of a field; its mnemonic leads to the field."""
    made = QLabel(text)  # not plain text: Qt reads the mnemonic
    made.setProperty("role", role)
    made.setBuddy(field)
    if not field.accessibleName():
        field.setAccessibleName(plain(text))
    return made


def field_grid(fields: tuple[tuple[str, QWidget], ...], role: str = "caption") -> QGridLayout:
    """Lay fields out under each other, each behind its caption."""
    grid = QGridLayout()
    grid.setHorizontalSpacing(12)
    grid.setVerticalSpacing(8)
    grid.setColumnStretch(1, 1)
    for row, (text, field) in enumerate(fields):
        grid.addWidget(caption_for(text, field, role), row, 0)
        grid.addWidget(field, row, 1)
    return grid


def plain(text: str) -> str:
    """Return a text without its mnemonic."""
    return text.replace("&&", "\0").replace("&", "").replace("\0", "&")


def restyle(widget: QWidget, **properties: object) -> None:
    """Set properties the style sheet looks at, and let it look again."""
    # Never set is as good as False; and QStyle with its many enums is not loaded before the first paint.
    if all((widget.property(name) or False) == value for name, value in properties.items()):
        return
    for name, value in properties.items():
        widget.setProperty(name, value)
    for part in (widget, *widget.findChildren(QWidget)):
        part.style().unpolish(part)
        part.style().polish(part)
