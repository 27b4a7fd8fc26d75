"""Bytes used a day and up-link: what was counted since the last look goes to the day it is in Tokyo."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta

KEPT = timedelta(days=31)


@dataclass(frozen=True, slots=True)
class Bytes:
    """Bytes of HTTP, heads included, TLS not."""

    sent: int = 0
    received: int = 0

    def __add__(self, other: "Bytes") -> "Bytes":
        return Bytes(self.sent + other.sent, self.received + other.received)

    def since(self, before: "Bytes") -> "Bytes":
        """Return what was added to a count."""
        return Bytes(self.sent - before.sent, self.received - before.received)

    @property
    def all(self) -> int:
        """Return both together."""
        return self.sent + self.received


NONE = Bytes()
Counts = Mapping[str, Bytes]  # by up-link


@dataclass(frozen=True, slots=True)
class Usage:
    """What each up-link carried, day by day."""

    days: Mapping[date, Counts] = field(default_factory=dict)

    def on(self, day: date) -> Counts:
        """Return what a day's use is."""
        return self.days.get(day, {})


def used(usage: Usage, day: date, more: Counts) -> Usage:
    """Return the use with more of a day; what is older than a month falls out."""
    counts = dict(usage.on(day))
    for uplink, count in more.items():
        if count.all:
            counts[uplink] = counts.get(uplink, NONE) + count
    if not counts:
        return usage
    kept = {one: there for one, there in usage.days.items() if day - one < KEPT}
    return Usage({**kept, day: counts})
