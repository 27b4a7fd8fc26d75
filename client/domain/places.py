"""Places as the register writes them, offered to who types an address or a 本籍."""

from dataclasses import dataclass
from enum import Enum

MOST_PLACES = 20


class PlaceSought(Enum):
    """What is sought."""

    TOWN = "town"  # 町 by a piece of its name, or as the beginning of its reading
    POSTCODE = "postcode"  # 町 by 郵便番号
    BUILDING = "building"  # 方書 without the room, at a 番地


@dataclass(frozen=True, slots=True)
class PlaceQuery:
    """What was typed, for a building where, and for a 町 the names whose reading begins so."""

    sought: PlaceSought
    typed: str = ""
    town: str = ""
    banchi: str = ""
    named: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class KnownPlace:
    """A 町 with its 郵便番号, or the name of a building."""

    text: str
    postcode: str = ""
