"""転居届: what a terminal sends when somebody moves inside the town."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date


class BadFieldError(ValueError):
    """A field of a payload that is missing or not of its type; carries the field's name, never its value."""


@dataclass(frozen=True, slots=True)
class Tenkyo:
    """Who moves inside the town, when, and where to."""

    subject: str
    members: tuple[str, ...]
    ido_date: date
    todoke_date: date
    town: str = field(repr=False)
    banchi: str = field(repr=False)
    katagaki: str = field(repr=False)
    postcode: str = field(repr=False)
    filer: str = field(repr=False)
    whole_household: bool

    @property
    def movers(self) -> tuple[str, ...]:
        """Return everyone who moves, the subject first."""
        return tuple(dict.fromkeys((self.subject, *self.members)))

    def is_same_move(self, other: "Tenkyo") -> bool:
        """Tell whether two notifications of one subject state the same move."""
        mine, theirs = (self.ido_date, self.town, self.banchi), (other.ido_date, other.town, other.banchi)
        return mine == theirs


def read_tenkyo(payload: Mapping[str, object]) -> Tenkyo:
    """Read a payload; BadFieldError names the first field that is wrong."""
    to = payload.get("to")
    if not isinstance(to, dict):
        raise BadFieldError("to")
    members = payload.get("members")
    if not (isinstance(members, list) and members and all(isinstance(one, str) for one in members)):
        raise BadFieldError("members")
    whole = payload.get("whole_household")
    if not isinstance(whole, bool):
        raise BadFieldError("whole_household")
    return Tenkyo(
        subject=_text(payload, "subject"),
        members=tuple(dict.fromkeys(members)),
        ido_date=_day(payload, "ido_date"),
        todoke_date=_day(payload, "todoke_date"),
        town=_text(to, "town"),
        banchi=_text(to, "banchi"),
        katagaki=_optional(to, "katagaki"),
        postcode=_optional(to, "postcode"),
        filer=_optional(payload, "filer"),
        whole_household=whole,
    )


def _optional(values: Mapping[str, object], name: str) -> str:
    value = values.get(name)
    if value is None:
        return ""
    if not isinstance(value, str):
        raise BadFieldError(name)
    return value


def _text(values: Mapping[str, object], name: str) -> str:
    value = _optional(values, name)
    if not value.strip():
        raise BadFieldError(name)
    return value


def _day(values: Mapping[str, object], name: str) -> date:
    try:
        return date.fromisoformat(_text(values, name))
    except ValueError:
        raise BadFieldError(name) from None
