"""国民健康保険 on a day: spells, 75, leaving the town, shares and the last day of the paper."""

from dataclasses import replace
from datetime import date

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from client.domain.calendar import RegisterDate
from client.rules import nhi_on_day as nhi
from client.rules.ages import Holds
from client.rules.on_day import Calendar
from tests.builders import TODAY, a_resident, moving_away
from tests.day_builders import (
    DAY,
    END,
    START,
    UNSURE,
    a_spell,
    births,
    born,
    days,
    every_day,
    staying,
    walked_ages,
)

pytestmark = pytest.mark.long


@settings(max_examples=20, deadline=None)
@given(births, days, st.none() | days, st.none() | days)
def test_membership_is_what_a_walk_through_the_days_says(
    birth: date, acquired: date, lost: date | None, planned: date | None
) -> None:
    person = born(birth, tenshutsu_planned=planned)
    spell = a_spell(acquired, lost)
    # A walk begins at the birth, and a day that was drawn may lie before it.
    member, left, gone = (at is not None and at < birth for at in (acquired, lost, planned))
    for day, age in walked_ages(birth, END):
        member |= day == acquired
        left |= day == lost
        gone |= day == planned
        holds = Holds.YES if member and not left else Holds.NO
        if holds is Holds.YES and age >= 75:
            holds = Holds.NO
        elif holds is Holds.YES and gone:
            holds = Holds.UNKNOWN
        if lost is None or lost > acquired:
            assert nhi.is_member([spell], person, day) is holds


@settings(max_examples=15, deadline=None)
@given(births.filter(lambda birth: START.year <= birth.year + 75 < END.year))
def test_the_row_that_ends_a_spell_at_seventy_five_changes_nothing_that_was_said(birth: date) -> None:
    person = born(birth)
    ended = next(day for day, age in walked_ages(birth, END) if age == 75)
    for day in every_day():
        before, after = ([a_spell(START, lost)] for lost in (None, ended))
        assert nhi.is_member(before, person, day) is nhi.is_member(after, person, day)


def test_of_several_spells_the_one_the_day_falls_into_counts() -> None:
    first, second = a_spell(date(2018, 4, 1), date(2020, 4, 1)), a_spell(date(2023, 1, 1))
    assert nhi.spell_on([first, second], date(2018, 4, 1)) is first
    assert nhi.spell_on([first, second], date(2020, 4, 1)) is None
    assert nhi.spell_on([second, first], date(2023, 1, 1)) is second
    assert nhi.is_member([], a_resident(), TODAY) is Holds.NO


@pytest.mark.parametrize("birth", UNSURE)
def test_where_the_birth_is_uncertain_membership_and_share_are_unknown(birth: RegisterDate) -> None:
    person, spell = replace(a_resident(), birth=birth), a_spell(valid_until=END)
    assert nhi.is_member([spell], person, TODAY) is Holds.UNKNOWN
    assert nhi.burden_on(spell, person, TODAY, TODAY) is None
    assert nhi.paper_until(spell, person) == END
    assert not nhi.paper_is_good(spell, person, TODAY)


@settings(max_examples=20, deadline=None)
@given(births, days, days)
def test_a_share_is_told_only_while_no_border_lies_between(birth: date, known_on: date, day: date) -> None:
    """The walk notes each midnight at which a share may change, and looks whether one lies between the two days."""
    first, last = min(known_on, day), max(known_on, day)
    may_change, seventy, six = False, False, False
    age = 0
    for today, age in walked_ages(birth, last):
        old = seventy
        if today.day == 1:
            seventy = age >= 70
        small = six
        if (today.month, today.day) == (4, 1):
            six = age >= 6
        yearly = seventy and (today.month, today.day) == (8, 1)
        if first < today <= last:
            may_change |= seventy != old or six != small or yearly
    age_on_day = next((age for today, age in walked_ages(birth, day) if today == day), 0)
    told = nhi.burden_on(a_spell(burden=2), born(birth), known_on, day)
    assert told == (None if may_change or age_on_day >= 75 else 2)


def test_a_town_may_set_shares_anew_on_another_day() -> None:
    old = born(date(1953, 5, 5))
    asked = (a_spell(), old, date(2026, 7, 15), date(2026, 8, 15))
    assert nhi.burden_on(*asked) is None
    assert nhi.burden_on(*asked, Calendar(shares_anew=(9, 1))) == 3


def test_the_paper_ends_with_whatever_ends_first() -> None:
    july = date(2027, 7, 31)
    person = born(date(1980, 1, 1))
    assert nhi.paper_until(a_spell(valid_until=july), person) == july
    assert nhi.paper_until(a_spell(), person) is None
    assert nhi.paper_until(a_spell(lost=TODAY, valid_until=july), person) == TODAY - DAY
    leaving = moving_away(person, TODAY)
    assert nhi.paper_until(a_spell(valid_until=july), leaving) == TODAY - DAY
    guest = replace(person, foreign=staying(TODAY))
    assert nhi.paper_until(a_spell(valid_until=july), guest) == TODAY
    nearly_75 = born(date(1952, 2, 29))
    assert nhi.paper_until(a_spell(valid_until=july), nearly_75) == date(2027, 2, 28)


@settings(max_examples=20, deadline=None)
@given(births, st.none() | days, st.none() | days, st.none() | days, st.none() | days)
def test_a_paper_that_is_no_longer_good_never_is_again(
    birth: date, lost: date | None, planned: date | None, stay: date | None, until: date | None
) -> None:
    person = born(birth, tenshutsu_planned=planned, foreign=staying(stay))
    spell = a_spell(START, lost, valid_until=until)
    good = [nhi.paper_is_good(spell, person, day) for day in every_day()]
    assert good == sorted(good, reverse=True)
    if True in good:
        last = START + (good.count(True) - 1) * DAY
        assert last == min(END, nhi.paper_until(spell, person) or START)
