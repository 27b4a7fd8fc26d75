"""What was copied out of this program: taken off the clipboard again after a while, at the lock, and at the end."""

from collections.abc import Callable
from datetime import timedelta

from PySide6.QtGui import QClipboard

from ui.session import since_boot

Mode = QClipboard.Mode
_MODES = (Mode.Clipboard, Mode.Selection)  # what is marked with the mouse is a copy too, on X


def owned(clipboard: QClipboard, mode: Mode) -> bool:
    """Tell whether what is there came from this program; what another one put there is not ours to take."""
    return clipboard.ownsSelection() if mode is Mode.Selection else clipboard.ownsClipboard()


class Copied:
    """Clears what this program put on the clipboard; a copy a manager of clipboards made of it is out of reach."""

    def __init__(
        self,
        clipboard: QClipboard,
        stay: timedelta,
        *,
        owns: Callable[[QClipboard, Mode], bool] = owned,
        steady: Callable[[], timedelta] = since_boot,
    ) -> None:
        self._clipboard = clipboard
        self._stay = stay
        self._owns = owns
        self._steady = steady
        self._since: dict[Mode, timedelta] = {}
        clipboard.changed.connect(self._changed)

    def look(self) -> None:
        """Clear what has been there for its time."""
        now = self._steady()
        for mode, since in tuple(self._since.items()):
            if now - since >= self._stay:
                self._clear(mode)

    def clear(self) -> None:
        """Clear now, whatever its age."""
        for mode in _MODES:
            self._clear(mode)

    def _changed(self, mode: Mode) -> None:
        if mode in _MODES and self._owns(self._clipboard, mode):
            self._since[mode] = self._steady()
        else:
            self._since.pop(mode, None)

    def _clear(self, mode: Mode) -> None:
        self._since.pop(mode, None)
        if self._owns(self._clipboard, mode):
            self._clipboard.clear(mode)
