"""Python's cycle collector, kept on the window's own thread.

A collection that begins on a store or press thread would destroy Qt objects there, and Qt then aborts; so the
automatic one is switched off, and the young generations are collected between two events of the loop.
"""

import gc
from collections.abc import Callable

from PySide6.QtCore import QObject, QTimer

_EVERY_MS = 1_000
_SETTLED_AFTER = 10  # collections after which the program is loaded: 100,000 objects that stay
_OLD_EVERY = 60  # young collections to one full one


class Collector(QObject):
    """Collects while the loop runs; ``idle`` says when a full collection disturbs nobody."""

    def __init__(self, idle: Callable[[], bool] = lambda: True) -> None:
        super().__init__()
        self._idle = idle
        self._rounds = 0
        self._timer = QTimer(self)
        self._timer.timeout.connect(self.collect)

    def start(self) -> None:
        """Take over from the automatic collector."""
        gc.disable()
        self._timer.start(_EVERY_MS)

    def stop(self) -> None:
        """Give it back, with nothing of Qt left for it."""
        self._timer.stop()
        gc.collect()
        gc.enable()

    def collect(self) -> None:
        """Collect what is young; now and then, in idle moments, everything since the program was loaded."""
        self._rounds += 1
        if self._rounds == _SETTLED_AFTER:
            gc.freeze()  # a full collection through all that was loaded would hold the window for 60 ms and more
        full = self._rounds % _OLD_EVERY == 0 and self._idle()
        gc.collect(2 if full else 1)
