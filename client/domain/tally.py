"""A tally of commands: how many have an answer, and a sum over them that does not depend on their order."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from types import MappingProxyType

_WRAP = 1 << 256


@dataclass(frozen=True, slots=True)
class Tally:
    """How many keys with an outcome there are, and the sum over their hashes modulo 2^256."""

    held: int = 0
    total: int = 0

    def __add__(self, other: "Tally") -> "Tally":
        """Return both together."""
        return Tally(self.held + other.held, (self.total + other.total) % _WRAP)

    def __sub__(self, other: "Tally") -> "Tally":
        """Return what is left without the other."""
        return Tally(self.held - other.held, (self.total - other.total) % _WRAP)


@dataclass(frozen=True, slots=True)
class Expected:
    """What a terminal believes the cloud to hold of its commands, from a key on."""

    since: str
    tally: Tally


@dataclass(frozen=True, slots=True)
class ToldTally:
    """What the cloud says it holds in a range: the tally, that of 16 parts or every key, and when it says so."""

    tally: Tally
    at: datetime
    parts: tuple[Tally, ...] | None = None
    keys: Mapping[str, str] | None = None  # with their outcomes


@dataclass(frozen=True, slots=True)
class Forgotten:
    """What became of changes the cloud has forgotten: so many go out again, so many cannot and want a person."""

    again: int = 0
    gone: int = 0


@dataclass(frozen=True, slots=True)
class Differences:
    """What a comparison has found: keys the cloud does not hold as the ledger says, and what it holds beside."""

    missing: tuple[str, ...] = ()
    extra: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
