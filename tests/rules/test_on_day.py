"""Dates pass while the line is down: what a record means on a day."""

from dataclasses import dataclass, replace
from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from client.domain.resident import ForeignStatus, ResidentStatus
from client.rules import on_day
from tests.builders import TODAY, a_household, a_resident, moving_away

DAY = timedelta(days=1)
births = st.dates(date(1920, 1, 1), date(2010, 12, 31))


@dataclass(frozen=True)
class Item:
    name: str
    in_force_from: date | None = None
    in_force_until: date | None = None


def test_from_the_planned_day_of_tenshutsu_there_is_no_living_juminhyo() -> None:
    leaving = moving_away(a_resident(), TODAY)
    assert on_day.status_on(leaving, TODAY - DAY) is ResidentStatus.RESIDENT
    assert on_day.status_on(leaving, TODAY) is ResidentStatus.TENSHUTSU
    assert on_day.status_on(leaving, TODAY + DAY) is ResidentStatus.TENSHUTSU


def test_a_record_closed_for_another_reason_stays_so() -> None:
    died = replace(moving_away(a_resident(), TODAY), status=ResidentStatus.DEATH)
    assert on_day.status_on(died, TODAY) is ResidentStatus.DEATH


def test_a_household_is_read_as_of_a_day_in_the_stored_order() -> None:
    household = a_household()
    leaving = replace(household, members=(moving_away(household.members[0], TODAY), household.members[1]))
    read = on_day.household_on(leaving, TODAY)
    assert [member.atena_no for member in read.members] == [member.atena_no for member in household.members]
    assert read.living == (household.members[1],)
    assert on_day.household_on(household, TODAY) == household


def test_a_stay_ends_after_its_last_day() -> None:
    staying = replace(a_resident(), foreign=ForeignStatus("米国", None, "留学", "1年", TODAY, None))
    assert not on_day.stay_expired(staying, TODAY)
    assert on_day.stay_expired(staying, TODAY + DAY)
    assert not on_day.stay_expired(a_resident(), TODAY)


@pytest.mark.parametrize(
    ("birth", "koreisha", "koki_korei"),
    [
        (date(1956, 11, 20), date(2026, 12, 1), date(2031, 11, 20)),
        (date(1956, 12, 2), date(2027, 1, 1), date(2031, 12, 2)),
        (date(1956, 12, 1), date(2026, 12, 1), date(2031, 12, 1)),
        (date(1956, 12, 31), date(2027, 1, 1), date(2031, 12, 31)),
        (date(1952, 2, 29), date(2022, 3, 1), date(2027, 3, 1)),
    ],
)
def test_seventy_and_seventy_five(birth: date, koreisha: date, koki_korei: date) -> None:
    assert on_day.koreisha_from(birth) == koreisha
    assert on_day.koki_korei_from(birth) == koki_korei


@given(births)
def test_the_share_of_the_old_begins_on_a_first_within_a_month_of_the_birthday(birth: date) -> None:
    start = on_day.koreisha_from(birth)
    assert start.day == 1
    assert timedelta(0) <= start - on_day.birthday(birth, 70) <= 31 * DAY


@pytest.mark.parametrize(("day", "year"), [(date(2026, 3, 31), 2025), (date(2026, 4, 1), 2026)])
def test_a_fiscal_year_begins_in_april(day: date, year: int) -> None:
    assert on_day.fiscal_year(day) == year


def test_at_midnight_the_next_certifier_is_in_force() -> None:
    mayor = Item("市長", None, TODAY)
    acting = Item("職務代理者", TODAY + DAY, None)
    assert on_day.of_day([mayor, acting], TODAY) is mayor
    assert on_day.of_day([mayor, acting], TODAY + DAY) is acting


def test_of_two_in_force_the_one_that_began_last_counts_and_none_is_none() -> None:
    old, new = Item("old"), Item("new", TODAY)
    assert on_day.of_day([new, old], TODAY) is new
    assert on_day.of_day([Item("later", TODAY + DAY)], TODAY) is None
    assert not on_day.in_force(Item("over", None, TODAY - DAY), TODAY)
