"""Where an answer comes from and how old it is; every answer carries it."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import Enum
from typing import Generic, TypeVar


class Source(Enum):
    """Who answered."""

    CLOUD = "cloud"
    REPLICA = "replica"


@dataclass(frozen=True, slots=True)
class AsOf:
    """The version of each feed an answer stands on, and when that version was known to be the newest (UTC)."""

    source: Source
    register_version: int
    register_at: datetime
    blocks_version: int
    blocks_at: datetime

    def register_age(self, now: datetime) -> timedelta:
        """Return how old the register's data may be."""
        return max(now - self.register_at, timedelta(0))

    def blocks_age(self, now: datetime) -> timedelta:
        """Return how old the blocks may be."""
        return max(now - self.blocks_at, timedelta(0))


T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Answer(Generic[T]):
    """A value and what it stands on."""

    value: T
    as_of: AsOf
