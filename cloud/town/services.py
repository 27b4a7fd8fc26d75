"""Rows of table ``entitlement``: 国民年金, 介護保険, 後期高齢者医療 and 児童手当, by age and household.

No number here is a 基礎年金番号: 国民年金 has none at all.
"""

from collections.abc import Iterator
from datetime import date
from functools import cache

from cloud.town.days import birthday, iso, ordinal
from cloud.town.people import Household, Member

Row = dict[str, object]

# An age is reached on the eve of the birthday (年齢計算ニ関スル法律), but 後期高齢者医療 begins on the day itself.
_BY_AGE = (
    ("kaigo", 65, 1, ordinal(2000, 4, 1), "第1号被保険者"),
    ("koki", 75, 0, ordinal(2008, 4, 1), "被保険者"),
)
_DIGITS = {"kaigo": 10, "koki": 8}
_NENKIN_FROM, _NENKIN_TO = 20, 60


class Services:
    """Decides who belongs to what; remembers how many, so that every number is given once."""

    def __init__(self, today: date) -> None:
        self._today = today.toordinal()
        self._numbers = {"kaigo": 0, "koki": 0, "jido_teate": 0}

    def rows(self, household: Household, insured: dict[str, str]) -> Iterator[Row]:
        """Yield what the members belong to; ``insured`` are members of 国民健康保険, by when they became it."""
        for member in household.members:
            yield from self._by_age(household, member)
            if member.atena_no in insured:
                yield from self._nenkin(member, insured[member.atena_no])
        yield from self._jido_teate(household)

    def _by_age(self, household: Household, member: Member) -> Iterator[Row]:
        end = member.removed.day if member.removed else None
        for service, age, eve, first, kind in _BY_AGE:
            since = max(first, birthday(member.birth, age) - eve, household.resident_since(member))
            if since > self._today or (end is not None and since >= end):
                continue
            number = self._number(service)
            row: Row = {"atena_no": member.atena_no, "service": service, "since": iso(since), "kind": kind}
            row["number"] = f"{number:0{_DIGITS[service]}d}"
            if end is not None:
                row["until"] = iso(end)
            yield row

    def _nenkin(self, member: Member, insured_since: str) -> Iterator[Row]:
        """Yield 第1号被保険者: in working age without an employer, so in 国民健康保険 too."""
        first, last = (birthday(member.birth, age) - 1 for age in (_NENKIN_FROM, _NENKIN_TO))
        if first <= self._today < last:
            since = max(iso(first), insured_since)
            yield {
                "atena_no": member.atena_no,
                "service": "nenkin",
                "since": since,
                "kind": "第1号被保険者",
            }

    def _jido_teate(self, household: Household) -> Iterator[Row]:
        head = household.head
        children = [
            member
            for member in household.living
            if member is not head and child_until(member.birth) >= self._today
        ]
        if not children or head.removed or child_until(head.birth) >= self._today:
            return
        since = max(
            household.resident_since(head), min(household.resident_since(child) for child in children)
        )
        yield {
            "atena_no": head.atena_no,
            "service": "jido_teate",
            "since": iso(since),
            "kind": "受給者",
            "number": f"J{self._number('jido_teate'):06d}",
        }

    def _number(self, service: str) -> int:
        self._numbers[service] += 1
        return self._numbers[service]


@cache
def child_until(birth: int) -> int:
    """Return the 31 March until which somebody counts as a child (児童手当法 第3条)."""
    day = date.fromordinal(birthday(birth, 18) - 1)
    return ordinal(day.year + (day > date(day.year, 3, 31)), 3, 31)
