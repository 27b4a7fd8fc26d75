"""A declaration of disaster (災害の宣言): made by two at one terminal, for a time, while the line is down."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import Enum


class Cause(Enum):
    """Why a disaster is declared; a choice, for words typed by hand stand in no line of the book."""

    EARTHQUAKE = "earthquake"
    FLOOD = "flood"
    FIRE = "fire"
    POWER = "power"
    LINE = "line"
    CLOUD = "cloud"
    OTHER = "other"


@dataclass(frozen=True, slots=True)
class Declaration:
    """Who declared it, why, and from when to when; ``most`` is how long beyond its own end a sign-in lease holds by it.

    ``since`` is when the first of those was made that followed each other without a gap.
    """

    officer: str
    other: str
    cause: Cause
    made_at: datetime
    until: datetime
    since: datetime
    most: timedelta
