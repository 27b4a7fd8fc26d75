"""A field for a secret: what was typed into it is overwritten where Qt keeps it, not only taken off the screen."""

from PySide6.QtCore import QSignalBlocker
from PySide6.QtWidgets import QLineEdit

_STEPS = 1024  # letters typed and taken out again, each a step of the field's memory for Ctrl+Z
_LATIN = 0x200000  # Qt.ImhLatinOnly; that it is hidden, and no input method learns from it, the masking adds


class SecretField(QLineEdit):
    """A masked field, ``name`` to be found by.

    Qt writes each letter typed, and each deleted, into a list of steps, in a masked field too, and forgets the list
    without overwriting it: read from the memory of a locked counter it spells the password.
    """

    def __init__(self, name: str) -> None:
        super().__init__()
        self.setObjectName(name)
        self.setProperty("inputMethodHints", _LATIN)
        self.setEchoMode(QLineEdit.EchoMode.Password)

    def setText(self, text: str | None, /) -> None:
        """Put a text into the field; of an empty one the field is emptied for good."""
        if text:
            super().setText(text)
        else:
            self.clear()

    def clear(self) -> None:
        """Empty the field, and overwrite its text and the list of its steps."""
        had, most = bool(self.text()), self.maxLength()
        with QSignalBlocker(self):
            self.setMaxLength(_STEPS)
            super().setText("")  # the list begins anew, where it was
            self.insert("0" * _STEPS)
            super().setText("")
            self.setMaxLength(most)
        if had:
            self.textChanged.emit("")
