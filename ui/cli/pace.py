"""How far something is, how fast it goes, and how long it will take: a line on standard error."""

import sys
from collections.abc import Callable
from time import monotonic

from ui.text import Words

_EVERY_S = 0.5
_MB = 1_000_000


class Pace:
    """Counts bytes of a known whole, and says so now and then."""

    def __init__(self, words: Words, key: str, of: int, clock: Callable[[], float] = monotonic) -> None:
        self._words = words
        self._key = key
        self._of = of
        self._done = 0
        self._clock = clock
        self._begun = self._said = 0.0

    def told(self, count: int) -> None:
        """Take note of further bytes; the first begin the count of seconds."""
        now = self._clock()
        if not self._done:
            self._begun = self._said = now
        self._done += count
        if now - self._said >= _EVERY_S:
            self._said = now
            self._say()

    def line(self) -> str:
        """Return the line as it stands."""
        rate = self._done / max(self._clock() - self._begun, 0.001)
        left = max(self._of - self._done, 0) / max(rate, 1)
        return self._words(
            self._key,
            done=f"{self._done / _MB:.1f}",
            of=f"{self._of / _MB:.1f}",
            rate=f"{rate / _MB:.1f}",
            s=round(left),
        )

    def end(self) -> None:
        """Say the last line, and leave it."""
        self._say()
        if sys.stderr.isatty():
            print(file=sys.stderr)

    def _say(self) -> None:
        print(self.line(), end="\r" if sys.stderr.isatty() else "\n", file=sys.stderr, flush=True)
