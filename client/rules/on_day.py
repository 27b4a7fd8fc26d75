"""What a record means on a day: dates pass while the line is down, and no row arrives to say so.

This is the room of the question. What hangs on ages, seals, insurance, taxes, services and on what the town
puts in force has a room of its own: ``ages``, ``seal_on_day``, ``nhi_on_day``, ``tax_on_day``, ``service_on_day``,
``town_on_day``.
"""

from collections.abc import Collection, Iterable
from dataclasses import dataclass, replace
from datetime import date
from enum import Enum
from typing import Protocol, TypeVar

from client.domain.blocks import Block, ShienSochi
from client.domain.resident import AtenaNo, Household, Resident, ResidentStatus
from client.rules.ages import corresponding, eve, morrow

FISCAL_MONTH = 4  # a fiscal year begins on April 1


@dataclass(frozen=True, slots=True)
class Calendar:
    """What a town or a ministry may set anew, with what is usual; months and days as (month, day)."""

    special_stay_months: int = 2  # 特例期間 (入管法 第20条第6項)
    certificates_from: tuple[int, int] = (6, 1)  # from when the new year's 所得・課税証明書 can be had
    vehicle_due: tuple[int, int] = (5, 31)  # the latest 納期限 of 軽自動車税（種別割）(地方税法 第463条の18)
    shares_anew: tuple[int, int] = (8, 1)  # when the share of those over 70 is set anew


USUAL = Calendar()


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


def lives_here(resident: Resident, day: date) -> bool:
    """Tell whether there is a living 住民票 on a day."""
    return status_on(resident, day) is ResidentStatus.RESIDENT


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


class Stay(Enum):
    """How a foreign resident's 在留期間 stands; ``UNLIMITED`` where the record names no end, or of a Japanese."""

    UNLIMITED = "unlimited"
    CURRENT = "current"
    SPECIAL = (
        "special"  # over by its date; still lawful if a renewal was asked for in time, which no row tells
    )
    OVER = "over"


def stay_on(resident: Resident, day: date, calendar: Calendar = USUAL) -> Stay:
    """Return how the stay stands on a day; 特例期間 counts from the day after the last one (民法 第140条)."""
    until = resident.foreign.until if resident.foreign else None
    if until is None:
        return Stay.UNLIMITED
    if day <= until:
        return Stay.CURRENT
    special = eve(corresponding(morrow(until), calendar.special_stay_months))
    return Stay.SPECIAL if day <= special else Stay.OVER


def stay_expired(resident: Resident, day: date) -> bool:
    """Tell whether a foreign resident's 在留期間 has ended before a day."""
    return stay_on(resident, day) in {Stay.SPECIAL, Stay.OVER}


def stands(block: Block, day: date) -> bool:
    """Tell whether a 抑止 stands on a day: begun, and never over by a date alone [STD j410]."""
    return block.starts is None or block.starts <= day


class MeasureTerm(Enum):
    """Where a support measure is in its term; it protects in every one of them (P08)."""

    RUNNING = "running"
    LAST_MONTH = "last_month"  # it can be extended now [STD j440]
    PAST_END = "past_end"


def measure_term(measure: ShienSochi, day: date) -> MeasureTerm:
    """Return where a 支援措置 is in its term: something to tell the officer, and never a reason to lift it."""
    if measure.ends is None:
        return MeasureTerm.RUNNING
    if day > measure.ends:
        return MeasureTerm.PAST_END
    return MeasureTerm.LAST_MONTH if measure.ends < corresponding(day, 1) else MeasureTerm.RUNNING


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
