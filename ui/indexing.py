"""What is told at the sign-in while the index of the search is made anew, and how long it will take."""

import math
import time
from collections.abc import Callable

from ui.notices import Note
from ui.text import Words

_ROUNDED_TO = 5  # seconds


class IndexingNote:
    """Hears how much is done, of how much, and shows it; on whichever thread ``show`` may be called."""

    def __init__(
        self, words: Words, show: Callable[[Note], None], clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._words = words
        self._show = show
        self._clock = clock
        self._begun = 0.0

    def __call__(self, done: int, of: int) -> None:
        """Show the share that is done, and the time that is left once there is a pace to reckon it from."""
        if not done:
            self._begun = self._clock()
            self._show(Note("info", self._words("log_in.indexing")))
            return
        left = (self._clock() - self._begun) * (of - done) / done
        seconds = _ROUNDED_TO * math.ceil(left / _ROUNDED_TO)
        share = {"percent": 100 * done // of, "seconds": seconds}
        self._show(Note("info", self._words("log_in.indexing_left", **share)))
