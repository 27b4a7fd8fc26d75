"""A resident as the register states it: one full-row version of a 住民票 record ([STD j10, j20, j50])."""

import unicodedata
from dataclasses import dataclass
from datetime import date
from enum import Enum
from typing import NewType

from client.domain.calendar import RegisterDate

AtenaNo = NewType("AtenaNo", str)  # 宛名番号
HouseholdNo = NewType("HouseholdNo", str)  # 世帯番号


class ResidentStatus(Enum):
    """住民状態: living here, moved out, died, or erased."""

    RESIDENT = "resident"
    TENSHUTSU = "tenshutsu"
    DEATH = "death"
    SHOJO = "shojo"


class ResidentKind(Enum):
    """住民種別."""

    JAPANESE = "japanese"
    FOREIGN = "foreign"


@dataclass(frozen=True, slots=True)
class ReadName:
    """A name and its 振り仮名; ``confirmed`` says whether the reading was certified."""

    text: str
    furigana: str | None = None
    confirmed: bool = True


@dataclass(frozen=True, slots=True)
class Address:
    """住所 in the pieces the register keeps; ``katagaki`` is 方書, building and room."""

    town: str
    banchi: str
    katagaki: str = ""
    code: str | None = None
    postcode: str | None = None

    @property
    def text(self) -> str:
        """Return the address as papers print it, 方書 after a full-width space."""
        return f"{self.town}{self.banchi}" + (f"　{self.katagaki}" if self.katagaki else "")

    @property
    def folded(self) -> str:
        """Return it as one place is compared with another: widths and blanks aside."""
        return unicodedata.normalize("NFKC", self.text).replace(" ", "")


@dataclass(frozen=True, slots=True)
class ForeignStatus:
    """What 住基法 第30条の45 adds for a foreign resident."""

    nationality: str | None
    category: str | None
    residence_status: str | None
    period: str | None
    until: date | None
    card_no: str | None


@dataclass(frozen=True, slots=True)
class Removal:
    """消除: why and when the record was closed, and where the person went."""

    reason: str | None
    day: date | None
    destination: str | None


def shown_name(full_name: str, latin_name: str | None) -> str:
    """Return the name as screens and papers head it: a foreigner's Latin name, then the kanji one."""
    if latin_name and full_name and full_name != latin_name:
        return f"{latin_name}　{full_name}"
    return latin_name or full_name


@dataclass(frozen=True, slots=True)
class Resident:
    """A person's record in one version; (atena_no, history_no) names it."""

    atena_no: AtenaNo
    history_no: int
    household_no: HouseholdNo
    order_no: int
    status: ResidentStatus
    kind: ResidentKind
    name: ReadName
    latin_name: str | None
    former_surname: ReadName | None
    tsusho: ReadName | None
    birth: RegisterDate
    sex: str | None
    relationship: str | None
    householder_name: str | None
    honseki: str | None
    hittosha: str | None
    address: Address
    resident_since: RegisterDate
    resident_since_reason: str | None
    address_since: RegisterDate | None
    todoke_date: date | None
    tennyu_from: str | None
    before_move: str | None
    tenshutsu_to: str | None
    tenshutsu_planned: date | None
    removal: Removal | None
    foreign: ForeignStatus | None
    remarks: str | None

    @property
    def shown_name(self) -> str:
        """Return the name as screens and papers head it: a foreigner's Latin name, then the kanji one."""
        return shown_name(self.name.text, self.latin_name)


@dataclass(frozen=True, slots=True)
class Household:
    """世帯: its members in the stored order (並び順), which papers print as it is [STD j1010]."""

    household_no: HouseholdNo
    members: tuple[Resident, ...]

    @property
    def living(self) -> tuple[Resident, ...]:
        """Return the members whose record is open."""
        return tuple(member for member in self.members if member.status is ResidentStatus.RESIDENT)

    def member(self, atena_no: AtenaNo) -> Resident | None:
        """Return a member by number, or None."""
        return next((member for member in self.members if member.atena_no == atena_no), None)


@dataclass(frozen=True, slots=True)
class Hit:
    """One line of a search result: enough to choose by, with the block mark [STD j410].

    ``address`` is None where it may not be shown (支援措置). ``unseen``: a 抑止 of 照会 forbids the look at the record,
    so that the line says the name and nothing else of it.
    """

    atena_no: AtenaNo
    household_no: HouseholdNo
    name: str
    furigana: str | None
    birth: RegisterDate
    sex: str | None
    address: str | None
    status: ResidentStatus
    blocked: bool
    protected: bool
    unseen: bool = False


@dataclass(frozen=True, slots=True)
class Found:
    """A list a person can read, in kana order; ``more``: there are further ones, and the search is to be narrowed."""

    hits: tuple[Hit, ...]
    more: bool = False
