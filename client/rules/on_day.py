"""What a record means on a day: dates pass while the line is down, and no row arrives to say so."""

from collections.abc import Collection, Iterable
from dataclasses import replace
from datetime import date, timedelta
from typing import Protocol, TypeVar

from client.domain.resident import AtenaNo, Household, Resident, ResidentStatus

FISCAL_MONTH = 4  # a fiscal year begins on April 1


class Dated(Protocol):
    """Something in force from a day until a day, both included; None where open."""

    @property
    def in_force_from(self) -> date | None:
        """Return the first day."""
        ...

    @property
    def in_force_until(self) -> date | None:
        """Return the last day."""
        ...


D = TypeVar("D", bound=Dated)


def status_on(resident: Resident, day: date) -> ResidentStatus:
    """Return 住民状態 on a day: from 転出予定日 on there is no living 住民票 (住基法 第24条; 施行令 第13条)."""
    planned = resident.tenshutsu_planned
    if resident.status is ResidentStatus.RESIDENT and planned is not None and planned <= day:
        return ResidentStatus.TENSHUTSU
    return resident.status


def resident_on(resident: Resident, day: date) -> Resident:
    """Return the record as it is to be read on a day."""
    return replace(resident, status=status_on(resident, day))


def household_on(household: Household, day: date) -> Household:
    """Return a household as it is to be read on a day, in the stored order."""
    return replace(household, members=tuple(resident_on(member, day) for member in household.members))


def is_whole(members: Collection[AtenaNo], household: Household, day: date) -> bool:
    """Tell whether these are 世帯全員 on a day: who has left by 転出予定日 is not missed, removed yet or not.

    The cloud counts the same way, so that attestation and paper agree whoever answered.
    """
    return {member.atena_no for member in household_on(household, day).living} <= set(members)


def stay_expired(resident: Resident, day: date) -> bool:
    """Tell whether a foreign resident's 在留期間 has ended before a day."""
    until = resident.foreign.until if resident.foreign else None
    return until is not None and until < day


def birthday(birth: date, years: int) -> date:
    """Return the day a number of years is full; of one born on February 29, March 1 where there is no 29th.

    年齢計算ニ関する法律: a year is full when the day before the birthday ends.
    """
    try:
        return birth.replace(year=birth.year + years)
    except ValueError:
        return date(birth.year + years, 3, 1)


def koreisha_from(birth: date) -> date:
    """Return from when the 高齢受給者 share holds: the month after the 70th birthday, for one born on a 1st that day."""
    full = birthday(birth, 70)
    if full.day == 1:
        return full
    return (full.replace(day=1) + timedelta(days=32)).replace(day=1)


def koki_korei_from(birth: date) -> date:
    """Return from when one belongs to 後期高齢者医療 and no longer to 国民健康保険: the 75th birthday."""
    return birthday(birth, 75)


def fiscal_year(day: date) -> int:
    """Return 年度 of a day."""
    return day.year if day.month >= FISCAL_MONTH else day.year - 1


def in_force(item: Dated, day: date) -> bool:
    """Tell whether something is in force on a day."""
    first, last = item.in_force_from, item.in_force_until
    return (first is None or first <= day) and (last is None or day <= last)


def of_day(items: Iterable[D], day: date) -> D | None:
    """Return what is in force on a day; of several the one that began last, None where none is."""
    return max(
        (item for item in items if in_force(item, day)),
        key=lambda item: item.in_force_from or date.min,
        default=None,
    )
