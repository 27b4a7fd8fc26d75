"""Rows of table ``nhi_member``: 国民健康保険, kept near a fixed share of the residents as the town grows."""

from collections.abc import Iterator
from datetime import date
from random import Random

from cloud.town.days import YEAR, birthday, iso
from cloud.town.people import Household, Member

Row = dict[str, object]

SHARE = 0.22
SYMBOL = "緑青"
_END_AGE = 75  # 後期高齢者医療 from this birthday on


class Nhi:
    """Decides who is a member; remembers how many residents it saw, so that the share holds."""

    def __init__(self, today: date) -> None:
        self._today = today.toordinal()
        july = date(today.year + (today > date(today.year, 7, 31)), 7, 31)
        self._season_end = july.toordinal()
        self._seen = 0
        self._taken = 0
        self._number = 10_000_000

    def rows(self, household: Household, dice: Random) -> Iterator[Row]:
        """Yield the spells of a household's members, present and past."""
        self._number += 1 + int(dice.random() * 3)
        insured = self._insured(household, dice)
        # A household that found an employer's insurance left together.
        left = self._today - int(dice.random() * 300) if dice.random() < 0.03 else None
        branch = 0
        for member in household.members:
            spell = self._present(household, member, dice) if member in insured else None
            spell = spell or self._past(household, member, left, dice)
            if spell:
                branch += 1
                yield {
                    "atena_no": member.atena_no,
                    "symbol": SYMBOL,
                    "number": f"{self._number:08d}",
                    "branch": f"{branch:02d}",
                    "householder_atena_no": household.head.atena_no,
                    **spell,
                }

    def _insured(self, household: Household, dice: Random) -> list[Member]:
        """Choose the members: households without an employer's insurance, and most people from 65 to 74."""
        living = household.living
        self._seen += len(living)
        lack = self._seen * SHARE - self._taken
        push = min(1.9, max(0.2, 1 + lack / 12))
        whole = dice.random() < 0.165 * push
        chosen = []
        for member in living:
            if birthday(member.birth, _END_AGE) <= self._today:
                continue
            retired = self._today - member.birth >= 65 * YEAR
            if whole or (retired and dice.random() < 0.55 * push):
                chosen.append(member)
        self._taken += len(chosen)
        return chosen

    def _present(self, household: Household, member: Member, dice: Random) -> Row:
        since = household.resident_since(member)
        acquired = since
        if dice.random() < 0.55:
            low = max(since, member.birth + int(20 * YEAR))
            if low < self._today - 1:
                acquired = low + int(dice.random() * (self._today - low))
        return {
            "acquired": iso(acquired),
            "acquired_reason": _entered(member, acquired, since),
            "burden": self._burden(member, dice),
            "valid_until": iso(self._valid_until(member)),
        }

    def _burden(self, member: Member, dice: Random) -> int:
        """Return the share paid at the clinic: two tenths before school and mostly from 70 on, else three."""
        if self._today - member.birth < 6 * YEAR:
            return 2
        return 2 if birthday(member.birth, 70) <= self._today and dice.random() < 0.88 else 3

    def _valid_until(self, member: Member) -> int:
        """Return 31 July, or the eve of an earlier 70th or 75th birthday, or the end of the stay."""
        ends = [self._season_end]
        ends += [
            birthday(member.birth, age) - 1
            for age in (70, _END_AGE)
            if birthday(member.birth, age) > self._today
        ]
        if member.foreign and member.foreign.until is not None:
            ends.append(max(member.foreign.until, self._today))
        return min(ends)

    def _past(self, household: Household, member: Member, left: int | None, dice: Random) -> Row | None:
        """Return a spell that has ended, or None."""
        since, roll = household.resident_since(member), dice.random()
        old = birthday(member.birth, _END_AGE)
        if member.removed and old > member.removed.day and roll < 0.3:
            lost, reason = member.removed.day, "死亡" if member.removed.status == "death" else "転出"
        elif since < old <= self._today and roll < 0.6 and not (member.removed and member.removed.day <= old):
            lost, reason = old, "後期高齢者医療"
        elif left is not None and not member.removed and old > self._today and since < left - 100:
            lost, reason = left, "社保加入"
        else:
            return None
        acquired = max(since, lost - int((1 + dice.random() * 12) * YEAR))
        if acquired >= lost:
            return None
        return {
            "acquired": iso(acquired),
            "acquired_reason": _entered(member, acquired, since),
            "lost": iso(lost),
            "lost_reason": reason,
        }


def _entered(member: Member, acquired: int, since: int) -> str:
    """Return 資格取得の事由."""
    if acquired > since:
        return "社保離脱"
    return "出生" if acquired == member.birth else "転入"
