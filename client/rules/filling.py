"""How a fill of the replica goes: how far, how fast, how long still; and how many chunks to have on the way at once."""

from dataclasses import dataclass
from datetime import timedelta

_HALF = 20.0  # seconds after which what was seen of the pace counts half
_TELLING = 1.0  # seconds of fetching before a pace is told: the first pieces tell nothing
_THIN = 100_000  # bytes a second; below it chunks side by side would only hold each other up
_SPEAKING = 32_768  # bytes; of a smaller chunk the round trip is most
_SIDE_BY_SIDE = 4  # chunks of a few MB, so memory stays bounded


@dataclass(frozen=True, slots=True)
class Pace:
    """How fast bytes come, the last half minute counting most."""

    moved: float = 0.0
    spent: float = 0.0

    def after(self, size: int, seconds: float) -> "Pace":
        """Return the pace after so many bytes in so many seconds more."""
        seconds = max(seconds, 0.0)  # a clock may be set back
        fade: float = 0.5 ** (seconds / _HALF)
        return Pace(self.moved * fade + size, self.spent * fade + seconds)

    @property
    def rate(self) -> int | None:
        """Return bytes a second; None while too little was seen."""
        return round(self.moved / self.spent) if self.spent >= _TELLING else None

    def left(self, size: int) -> timedelta | None:
        """Return how long so many bytes will take; None while nobody can say."""
        rate = self.rate
        return timedelta(seconds=size // rate + 1) if rate else None


def side_by_side(size: int, seconds: float, under_way: int, *, before: int = 1) -> int:
    """Return how many chunks to fetch at once, after one of so many bytes came while so many were under way.

    One until the line has shown that it is a good one; a small chunk says nothing of it.
    """
    if size < _SPEAKING:
        return before
    return _SIDE_BY_SIDE if size * under_way >= _THIN * seconds else 1
