"""What a clerk takes in at the counter as an application (仮受付): drafts, and the dates the law allows."""

import unicodedata
from dataclasses import dataclass, field
from datetime import date, timedelta
from enum import Enum

from client.domain.errors import RefusedError
from client.domain.forbidden_numbers import holds_forbidden_number
from client.domain.letters import length
from client.domain.resident import Address, AtenaNo, Household

TENKYO_WITHIN = timedelta(days=14)  # 住基法 第23条
LATE = "intake.late"  # 「14日を過ぎています」
_LONGEST = 120  # letters, as a person counts them
_MOST_CODE_POINTS = 200  # what the contract takes of a text (resources/contract/commands/common.json)


class Filer(Enum):
    """届出人: who files."""

    SELF = "self"  # 本人
    HOUSEHOLDER = "householder"  # 世帯主
    HOUSEHOLD = "household"  # 同一世帯
    PROXY = "proxy"  # 代理人


@dataclass(frozen=True, slots=True)
class TenkyoDraft:
    """転居届 as the clerk entered it, beside the household as the clerk saw it.

    What was seen gives the base version of everyone who moves: a register that has moved on since is a
    conflict, not an overwrite. ``todoke_date`` is the day at the counter, ``ido_date`` the day of the move.
    """

    subject: AtenaNo
    members: tuple[AtenaNo, ...]
    ido_date: date
    todoke_date: date
    to: Address = field(repr=False)
    filer: Filer
    household: Household = field(repr=False)

    @property
    def whole_household(self) -> bool:
        """Tell whether all living members move."""
        return set(self.members) >= {member.atena_no for member in self.household.living}

    @property
    def base(self) -> dict[AtenaNo, int]:
        """Return the version of each mover's record that the clerk saw."""
        seen = {member.atena_no: member.history_no for member in self.household.members}
        return {atena_no: seen[atena_no] for atena_no in self.members}

    def payload(self) -> dict[str, object]:
        """Return what is sent: ids, dates and the new address, never 個人番号 or 住民票コード."""
        to = {"town": self.to.town, "banchi": self.to.banchi, "katagaki": self.to.katagaki}
        if self.to.postcode:
            to["postcode"] = self.to.postcode
        return {
            "subject": str(self.subject),
            "members": [str(member) for member in self.members],
            "ido_date": self.ido_date.isoformat(),
            "todoke_date": self.todoke_date.isoformat(),
            "to": to,
            "filer": self.filer.value,
            "whole_household": self.whole_household,
        }

    def check(self, today: date) -> tuple[str, ...]:
        """Return warnings (codes with a text); RefusedError where the law or the record does not allow it."""
        living = {member.atena_no for member in self.household.living}
        if self.subject not in self.members or not set(self.members) <= living:
            raise RefusedError("refused.not_resident")
        check_dates(self.ido_date, self.todoke_date, today)
        _check_address(self.to)
        mover = self.household.member(self.subject)
        if mover is not None and _same_place(mover.address, self.to):
            raise RefusedError("refused.input", field="to")
        return (LATE,) if self.todoke_date - self.ido_date > TENKYO_WITHIN else ()


def check_dates(ido_date: date, todoke_date: date, today: date) -> None:
    """Refuse a 異動日 or 届出日 in the future, and a 届出 before the move it tells of ([STD j480, j570])."""
    if ido_date > today:
        raise RefusedError("refused.date", field="ido_date")
    if todoke_date > today or todoke_date < ido_date:
        raise RefusedError("refused.date", field="todoke_date")


def refuse_forbidden_number(field: str, text: str) -> None:
    """Refuse words that hold a 個人番号 or 住民票コード, by the field they were typed into; never quoted."""
    if holds_forbidden_number(text):
        raise RefusedError("refused.forbidden_number", field=field)


def _check_address(to: Address) -> None:
    places = {"town": to.town, "banchi": to.banchi, "katagaki": to.katagaki}
    for name, text in (places | {"postcode": to.postcode or ""}).items():
        refuse_forbidden_number(name, text)
    if not to.town.strip():
        raise RefusedError("refused.input", field="town")
    for name, text in places.items():
        too_long = length(text) > _LONGEST or len(text) > _MOST_CODE_POINTS
        if too_long or not all(letter.isprintable() or letter == "　" for letter in text):
            raise RefusedError("refused.input", field=name)


def _same_place(here: Address, there: Address) -> bool:
    def folded(address: Address) -> str:
        return unicodedata.normalize("NFKC", address.text).replace(" ", "")

    return folded(here) == folded(there)
