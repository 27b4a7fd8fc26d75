"""How long lines of the journal stay on the terminal: never less than the shortest, and no longer than the longest.

[STD j1370] leaves the years to the town. Counted is from the cloud's receipt, by the cloud's clock: a line is at least as
old, whatever the clock of this PC says.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

STEP = timedelta(days=7)  # that the longest is longer at least: so much is taken out at a time, with one line


@dataclass(frozen=True, slots=True)
class Retention:
    """The two times; without a longest nothing is ever taken out. ValueError where they are too near."""

    shortest: timedelta
    longest: timedelta | None = None

    def __post_init__(self) -> None:
        if self.longest is not None and self.longest < self.shortest + STEP:
            raise ValueError("the longest must be a week longer than the shortest")

    def is_due(self, oldest: datetime, now: datetime) -> bool:
        """Tell whether the oldest receipt has come to the longest; both by the cloud's clock."""
        return self.longest is not None and now - oldest >= self.longest

    def goes(self, received: datetime, now: datetime) -> bool:
        """Tell whether what was receipted then goes, now that something is due."""
        return self.longest is not None and now - received >= max(self.shortest, self.longest - STEP)


FOR_EVER = Retention(timedelta(days=365))
