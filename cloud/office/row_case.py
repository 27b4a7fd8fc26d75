"""A request whose rows an officer gives: who it is about as the register stands, and the fields it is asked in."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date

import sqlalchemy as sa

from cloud import newcomers
from cloud.households import members_of, present_row
from cloud.office.people import moved_on, wrong_field
from cloud.payloads.base import Request
from cloud.problems import ProblemError
from cloud.register import Register
from cloud.wareki import read_day

HEAD = "世帯主"
_LONGEST = 200

Given = dict[str, object]  # one of Decision.changes
Typed = Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Field:
    """One field of a form, with what stands in it beforehand."""

    name: str
    value: str = field(repr=False)
    needed: bool = True
    options: Sequence[str] = ()
    hint: str = ""


@dataclass(frozen=True, slots=True)
class RowForm:
    """The fields about one person; ``prefix`` parts them from another's, ``seen`` is the version it was made on."""

    prefix: str
    title: str = field(repr=False)
    seen: int
    fields: Sequence[Field] = field(repr=False)

    def read(self, typed: Typed) -> dict[str, str]:
        """Return what was typed; the refusal names the field and whose it is, or says that the record moved on."""
        if typed.get(f"{self.prefix}seen") != str(self.seen):
            raise moved_on()
        found = {}
        for one in self.fields:
            text = typed.get(self.prefix + one.name, "").strip()
            if (one.needed and not text) or len(text) > _LONGEST or (one.options and text not in one.options):
                raise self.wrong(one.name)
            found[one.name] = text
        return found

    def wrong(self, name: str) -> ProblemError:
        """Return the refusal of one field."""
        refusal = wrong_field(name)
        refusal.facts["whose"] = self.title
        return refusal

    def day(self, name: str, text: str) -> str:
        """Return a typed day as ISO."""
        day = read_day(text)
        if day is None:
            raise self.wrong(name)
        return day.isoformat()


@dataclass(frozen=True, slots=True)
class RowCase:
    """A request whose rows an officer gives, with the register as it stands."""

    register: Register
    connection: sa.Connection
    request: Request
    payload: Mapping[str, object] = field(repr=False)
    today: date

    def people(self) -> list[dict[str, object]]:
        """Return the present records of those concerned; who has no number yet has none."""
        town = self.register.municipality
        numbers = [newcomers.number_of(self.connection, town, one) for one in self.request.persons]
        rows = [present_row(self.register, self.connection, one) for one in numbers if one]
        return [row for row in rows if row]

    def rows(self, table: str, *where: sa.ColumnElement[bool]) -> list[dict[str, object]]:
        """Return rows of a table."""
        return self.register.rows(self.connection, table, *where)

    def household(self, number: str) -> list[dict[str, object]]:
        """Return who lives in a household."""
        return members_of(self.register, self.connection, number)
