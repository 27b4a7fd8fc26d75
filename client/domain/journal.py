"""How far a terminal's journal has come: here, and at the cloud."""

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class JournalStanding:
    """How many entries there are, how many are cut into signed runs, and how many the cloud has receipted in a row."""

    entries: int = 0
    cut: int = 0
    received: int = 0  # the number of the last entry before which nothing is missing at the cloud
    received_at: datetime | None = None  # by the cloud's clock
    oldest_uncut_at: datetime | None = None

    @property
    def uncut(self) -> int:
        """Return how many entries are in no run yet."""
        return self.entries - self.cut
