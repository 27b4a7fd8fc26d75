"""Ages in law: reached when the eve ends, also of one born on February 29, and unknown where the birth is."""

from datetime import date

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from client.domain.calendar import RegisterDate, western
from client.rules import ages
from client.rules.ages import Holds
from tests.day_builders import DAY, UNSURE, births, walked_ages

LAST = date(2036, 1, 1)


@settings(max_examples=30, deadline=None)
@given(births)
def test_every_age_begins_on_the_day_a_walk_through_the_calendar_comes_to(birth: date) -> None:
    exact = RegisterDate(western(birth), birth)
    before = 0
    for day, age in walked_ages(birth, LAST):
        assert before <= age <= before + 1  # ages never fall
        if age > before:
            assert ages.birthday(birth, age) == day
            assert ages.reached_on(birth, age) == day - DAY
            assert ages.is_of_age(exact, age, day) is Holds.YES
            assert ages.is_of_age(exact, age, day - DAY) is Holds.NO
            assert exact.age_on(day) == age
            assert exact.age_on(day - DAY) == age - 1
        before = age


@settings(max_examples=30, deadline=None)
@given(births)
def test_share_school_and_the_end_of_insurance_begin_where_the_walk_comes_to(birth: date) -> None:
    """70 reached in a month: the share of the next. 6 reached: the next April 1. 75: the day itself."""
    seventy = six = False
    koreisha, school = ages.koreisha_from(birth), ages.school_from(birth)
    koki_korei = ages.koki_korei_from(birth)
    for day, age in walked_ages(birth, date(birth.year + 76, 1, 1)):
        if day.day == 1:  # what was reached by the end of the month before
            seventy = age >= 70
        assert (koreisha <= day) is seventy
        if (day.month, day.day) == (4, 1):
            six = age >= 6
        assert (school <= day) is six
        assert (koki_korei <= day) is (age >= 75)


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
    assert ages.koreisha_from(birth) == koreisha
    assert ages.koki_korei_from(birth) == koki_korei


@given(births)
def test_the_share_of_the_old_begins_on_a_first_within_a_month_of_the_birthday(birth: date) -> None:
    start = ages.koreisha_from(birth)
    assert start.day == 1
    assert 0 * DAY <= start - ages.birthday(birth, 70) <= 31 * DAY


@pytest.mark.parametrize("birth", UNSURE)
@given(years=st.integers(0, 110), day=st.dates())
def test_of_an_uncertain_birth_no_age_is_ever_known(birth: RegisterDate, years: int, day: date) -> None:
    assert ages.counted_from(birth) is None
    assert ages.is_of_age(birth, years, day) is Holds.UNKNOWN


@example(date.max, 1)
@given(st.dates(), st.integers(0, 1400))
def test_the_ends_of_the_calendar_are_no_error(day: date, months: int) -> None:
    assert ages.eve(ages.morrow(day)) == day or day == date.max
    assert ages.morrow(ages.eve(day)) == day or day == date.min
    assert ages.corresponding(day, months) >= day
    for border in (ages.koreisha_from, ages.koki_korei_from, ages.school_from):
        assert border(day) >= day


@pytest.mark.parametrize(
    ("day", "months", "then"),
    [
        (date(2024, 2, 29), 12, date(2025, 3, 1)),
        (date(2024, 2, 29), 48, date(2028, 2, 29)),
        (date(2026, 12, 31), 2, date(2027, 3, 1)),
        (date(2026, 11, 30), 1, date(2026, 12, 30)),
        (date(2026, 12, 1), 1, date(2027, 1, 1)),
    ],
)
def test_months_are_counted_to_the_same_date_or_the_first_after(day: date, months: int, then: date) -> None:
    assert ages.corresponding(day, months) == then
