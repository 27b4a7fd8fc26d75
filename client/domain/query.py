"""What a clerk asks the register for: one field that reads every word in all its senses, or fields of their own."""

import re
from dataclasses import dataclass, replace
from enum import Enum

from client.domain.letters import seen

_NUMBER = re.compile(r"[0-9０-９]{10}")  # 宛名番号, as typed


class Match(Enum):
    """How the form's name is compared: 部分一致, 前方一致, 完全一致 ([STD j330])."""

    INFIX = "infix"
    PREFIX = "prefix"
    EXACT = "exact"


@dataclass(frozen=True, slots=True)
class Query:
    """A search; all of what it names must hold. ``typed`` is the one field, the others are those of the form ([STD j340]).

    ``match`` is for ``name`` alone, which is one name then, 氏 and 名 together; 部分一致 takes each word of it for itself.
    ``removed`` also finds closed records, ``past`` also by earlier names and addresses.
    ``sheltered`` is not the clerk's to choose: whether addresses may be searched that are hidden (支援措置責任者, P08).
    """

    typed: str = ""
    name: str = ""
    birth: str = ""
    place: str = ""
    number: str = ""
    sex: str = ""
    match: Match = Match.INFIX
    removed: bool = False
    past: bool = False
    sheltered: bool = False
    unplaced: bool = False  # of the replica alone: nobody is found by an address
    cardless: bool = (
        False  # nor is this the clerk's: nobody is found by a residence card's number (在留資格等)
    )

    @property
    def texts(self) -> tuple[str, ...]:
        """Return what was typed, field by field."""
        return self.typed, self.name, self.birth, self.place, self.number, self.sex

    @property
    def seen(self) -> "Query":
        """Return the query as a person sees it: half a surrogate pair cannot even travel."""
        typed, name, birth, place, number, sex = map(seen, self.texts)
        return replace(self, typed=typed, name=name, birth=birth, place=place, number=number, sex=sex)

    @property
    def asked_by(self) -> str:
        """Return which fields were filled, never what was in them; ten digits in the one field are a 宛名番号."""
        fields = {
            "number" if _NUMBER.fullmatch(self.typed.strip()) else "typed": self.typed,
            "name": self.name,
            "birth": self.birth,
            "place": self.place,
            "sex": self.sex,
        }
        told = {name for name, text in fields.items() if text.strip()}
        return "+".join(sorted(told | ({"number"} if self.number.strip() else set())))

    @property
    def is_empty(self) -> bool:
        """Tell whether nothing was typed anywhere."""
        return not any(seen(text).strip() for text in self.texts)
