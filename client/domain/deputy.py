"""職務代理者 declared at one terminal by two while the line is down: who certifies its papers for some days."""

from dataclasses import dataclass
from datetime import date, datetime


@dataclass(frozen=True, slots=True)
class Deputy:
    """職務代理者 by the word of two here: title and name as papers bear them, first and last day.

    ``register_at`` is how new the replica was as it was declared (UTC): any later word of the register ends it.
    """

    officer: str
    other: str
    title: str
    name: str
    first_day: date
    last_day: date
    made_at: datetime
    register_at: datetime


@dataclass(frozen=True, slots=True)
class Appointed:
    """What two typed: title and name, and from when to when."""

    title: str
    name: str
    first_day: date
    last_day: date
