"""A record before a change, as the change would have it, and as the register has it now: item by item.

Nothing is merged here; where two differ, a person decides.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from enum import Enum
from types import MappingProxyType

from client.domain.change import ChangeState, QueuedChange
from client.domain.resident import Household, Resident
from client.rules.projection import project


class Differ(Enum):
    """How the three stand to one another."""

    SAME = "same"  # the register holds what the clerk saw, and nothing else was written
    WROTE = "wrote"  # only the counter has another word
    MOVED = "moved"  # the register has another word, about which nothing was written
    AGREED = "agreed"  # the register holds what was written
    CLASH = "clash"  # the register has another word, and the counter a third
    UNKNOWN = "unknown"  # what the clerk saw is not known here


@dataclass(frozen=True, slots=True)
class Item:
    """An item of a record, three times; None where it is not known or nothing was written."""

    name: str
    was: str | None = field(repr=False)
    wrote: str | None = field(repr=False)
    now: str | None = field(repr=False)

    @property
    def differ(self) -> Differ:
        """Return how they stand to one another; a name counts code point by code point (P14)."""
        if self.now is None or self.was is None:
            return Differ.AGREED if self.wrote is not None and self.wrote == self.now else Differ.UNKNOWN
        if self.wrote is not None:
            if self.wrote == self.now:
                return Differ.AGREED
            return Differ.WROTE if self.was == self.now else Differ.CLASH
        return Differ.SAME if self.was == self.now else Differ.MOVED


def _or_nothing(text: object) -> str:
    return "" if text is None else str(text)


ITEMS: Mapping[str, Callable[[Resident], str]] = MappingProxyType(
    {
        "name": lambda one: one.shown_name,
        "furigana": lambda one: _or_nothing(one.name.furigana),
        "status": lambda one: one.status.value,
        "household_no": lambda one: one.household_no,
        "householder_name": lambda one: _or_nothing(one.householder_name),
        "relationship": lambda one: _or_nothing(one.relationship),
        "address": lambda one: one.address.text,
        "honseki": lambda one: _or_nothing(one.honseki),
        "tenshutsu_to": lambda one: _or_nothing(one.tenshutsu_to),
        "tenshutsu_planned": lambda one: _or_nothing(one.tenshutsu_planned),
        "remarks": lambda one: _or_nothing(one.remarks),
    }
)


def compare(change: QueuedChange, was: Resident | None, now: Resident | None) -> tuple[Item, ...]:
    """Return the items of one person's record; what was written is what the projection makes of the base."""
    start = was or now
    if start is None:
        return ()
    pending = replace(change, state=ChangeState.QUEUED)
    (wrote,) = project(Household(start.household_no, (start,)), (pending,)).household.members
    return tuple(
        Item(
            name,
            None if was is None else read(was),
            read(wrote) if read(wrote) != read(start) else None,
            None if now is None else read(now),
        )
        for name, read in ITEMS.items()
    )
