"""What a clerk takes in at the counter as an application (仮受付): what was typed, and what it was read as.

A form (``client/rules/intakes/``) says what is asked; an ``Entry`` is what a clerk typed into it, and an ``Intake``
what that was read as: ready to be written down, its persons with the versions of their records that the clerk saw.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from enum import Enum
from types import MappingProxyType
from uuid import UUID

from client.domain.change import ChangeKind
from client.domain.errors import RefusedError
from client.domain.forbidden_numbers import holds_forbidden_number
from client.domain.nhi import Insured
from client.domain.resident import AtenaNo, Household

NEWCOMER = "p:"  # what the id of somebody without 宛名番号 begins with, until the register has given a number


class Filer(Enum):
    """届出人: who files."""

    SELF = "self"  # 本人
    HOUSEHOLDER = "householder"  # 世帯主
    HOUSEHOLD = "household"  # 同一世帯
    PROXY = "proxy"  # 代理人


class Ask(Enum):
    """How a field is asked."""

    TEXT = "text"
    LONG = "long"  # several lines
    DAY = "day"
    TIME = "time"  # of the day of 届出, as a clock shows it
    YEAR = "year"  # a fiscal year
    CHOICE = "choice"
    CHECK = "check"
    NUMBER = "number"  # 個人番号 or 住民票コード: masked, and sealed to the cloud as it is typed
    SEALED = "sealed"  # words for the cloud alone
    RESIDENT = "resident"  # 宛名番号
    PHONE = "phone"


@dataclass(frozen=True, slots=True)
class Field:
    """One question of a form. ``name`` is where the answer stands in the payload, pieces with dots between.

    ``said`` names its text where several fields share one; ``ahead`` lets a day lie in the future.
    """

    name: str
    ask: Ask
    needed: bool = False
    choices: tuple[str, ...] = ()
    ahead: bool = False
    said: str = ""
    of: str = ""  # the person a repeated question is about: an id, never a name
    default: str = ""

    @property
    def text(self) -> str:
        """Return what its text is called."""
        return self.said or self.name.rpartition(".")[2]


@dataclass(frozen=True, slots=True)
class Entry:
    """What a clerk typed into a form, beside the household as the clerk saw it.

    What was seen gives the base version of everybody concerned: a register that has moved on since is a conflict, not
    an overwrite. ``todoke`` is the day at the counter. ``newcomers`` are the ids of those who have no 宛名番号 yet;
    ``sealed`` holds, by field, what was sealed to the cloud as it was typed and cannot be read here again. ``insured``
    is what the register knows of 国保, where a form is held against it; None until it was asked.
    """

    household: Household | None = field(repr=False)
    subject: AtenaNo | None
    members: tuple[AtenaNo, ...] = ()
    values: Mapping[str, str] = field(default_factory=dict, repr=False)
    todoke: str = ""
    filer: Filer = Filer.SELF
    newcomers: tuple[AtenaNo, ...] = ()
    sealed: Mapping[str, bytes] = field(default_factory=dict, repr=False)
    insured: Insured | None = None

    def value(self, name: str) -> str:
        """Return what was typed into a field, without the blanks around it."""
        return self.values.get(name, "").strip()

    @property
    def whole_household(self) -> bool:
        """Tell whether all living members are on it."""
        living = self.household.living if self.household else ()
        return set(self.members) >= {member.atena_no for member in living}


@dataclass(frozen=True, slots=True)
class Intake:
    """A notification as it was read: what is sent, about whom, and on which versions of their records."""

    form: str
    kind: ChangeKind
    subject: AtenaNo
    persons: tuple[AtenaNo, ...]
    base: Mapping[AtenaNo, int]
    todoke_date: date
    payload: Mapping[str, object] = field(repr=False)
    household: Household | None = field(repr=False)
    warnings: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        object.__setattr__(self, "base", MappingProxyType(dict(self.base)))
        object.__setattr__(self, "payload", MappingProxyType(dict(self.payload)))


def newcomer_id(unique: str) -> AtenaNo:
    """Return the id of somebody without 宛名番号, of a UUID."""
    return AtenaNo(f"{NEWCOMER}{UUID(unique)}")


def is_newcomer(number: str) -> bool:
    """Tell whether an id is that of somebody the register has not given a number yet."""
    return number.startswith(NEWCOMER)


def refuse_forbidden_number(field: str, text: str) -> None:
    """Refuse words that hold a 個人番号 or 住民票コード, by the field they were typed into; never quoted."""
    if holds_forbidden_number(text):
        raise RefusedError("refused.forbidden_number", field=field)
