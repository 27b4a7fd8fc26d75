"""The journal as it is read again: how far it has come, here and at the cloud, and its lines as they are looked for."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from client.domain.resident import AtenaNo


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


@dataclass(frozen=True, slots=True)
class BookLine:
    """A line as it stands in the book: its number, moment (UTC), kind, who did it, whose records, ids and codes."""

    seq: int
    at: datetime
    kind: str
    actor: str
    subjects: tuple[AtenaNo, ...] = ()
    facts: Mapping[str, str | int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which lines are looked for; all of what it names must hold, and nothing named is every line.

    ``staff`` is a staff id, as the actor or as another who took part; ``since`` is the first moment, ``until`` the
    first no more wanted, both UTC.
    """

    subject: str = ""
    staff: str = ""
    kind: str = ""
    since: datetime | None = None
    until: datetime | None = None

    @property
    def asked_by(self) -> str:
        """Return which fields were filled, never what was in them."""
        told = (("kind", self.kind), ("number", self.subject), ("staff", self.staff))
        named = [name for name, text in told if text]
        return "+".join([*named, *(["period"] if self.since or self.until else [])])


@dataclass(frozen=True, slots=True)
class Slab:
    """What a part of the book had, newest first, and the number below which the look goes on; 0 where it is at its end."""

    lines: tuple[BookLine, ...]
    below: int
