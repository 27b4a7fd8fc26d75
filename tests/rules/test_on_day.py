"""Dates pass while the line is down: what a record means on a day."""

from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from client.domain.blocks import Block, BlockLevel, BlockProcess, ShienSochi
from client.domain.calendar import RegisterDate, tokyo_day
from client.domain.resident import Removal, Resident, ResidentStatus
from client.rules import on_day, seal_on_day
from client.rules.ages import Holds
from client.rules.on_day import Calendar, MeasureTerm, Stay
from tests.builders import HANAKO, TARO, TODAY, a_household, a_resident, moving_away
from tests.day_builders import (
    DAY,
    END,
    START,
    UNSURE,
    a_seal,
    births,
    born,
    days,
    every_day,
    staying,
    turns,
    walked_ages,
)


@dataclass(frozen=True)
class Item:
    name: str
    in_force_from: date | None = None
    in_force_until: date | None = None


def removed_as_planned(resident: Resident) -> Resident:
    """Return the row the register sends once it has closed the record on 転出予定日."""
    removal = Removal("転出", resident.tenshutsu_planned, "みどり県みなみ市")
    return replace(resident, history_no=4, status=ResidentStatus.TENSHUTSU, removal=removal)


def test_from_the_planned_day_of_tenshutsu_there_is_no_living_juminhyo() -> None:
    leaving = moving_away(a_resident(), TODAY)
    assert on_day.status_on(leaving, TODAY - DAY) is ResidentStatus.RESIDENT
    assert on_day.status_on(leaving, TODAY) is ResidentStatus.TENSHUTSU
    assert on_day.status_on(leaving, TODAY + DAY) is ResidentStatus.TENSHUTSU


def test_the_day_turns_at_midnight_at_the_counter_not_in_utc() -> None:
    leaving = moving_away(a_resident(), TODAY + DAY)
    last_second = datetime(2026, 11, 20, 14, 59, 59, tzinfo=UTC)
    assert on_day.lives_here(leaving, tokyo_day(last_second))
    assert not on_day.lives_here(leaving, tokyo_day(last_second + timedelta(seconds=1)))


@settings(max_examples=15, deadline=None)
@given(days)
def test_a_record_closes_on_its_day_and_never_opens_again_and_the_row_that_says_so_changes_nothing(
    planned: date,
) -> None:
    leaving = moving_away(a_resident(), planned)
    expected = [planned] if planned > START else []
    assert turns(lambda day: on_day.status_on(leaving, day)) == expected
    closed = removed_as_planned(leaving)
    for day in every_day(planned, END):
        assert on_day.resident_on(closed, day).status is on_day.resident_on(leaving, day).status


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


def test_who_has_left_by_the_day_is_not_missed_in_a_whole_household() -> None:
    household = a_household()
    leaving = replace(household, members=(household.members[0], moving_away(household.members[1], TODAY)))
    assert not on_day.is_whole([TARO], leaving, TODAY - DAY)
    assert on_day.is_whole([TARO], leaving, TODAY)


def test_a_stay_ends_after_its_last_day() -> None:
    guest = replace(a_resident(), foreign=staying(TODAY))
    assert not on_day.stay_expired(guest, TODAY)
    assert on_day.stay_expired(guest, TODAY + DAY)
    assert not on_day.stay_expired(a_resident(), TODAY)


@pytest.mark.parametrize(
    ("until", "special"),
    [
        (date(2026, 11, 20), date(2027, 1, 20)),
        (date(2026, 6, 30), date(2026, 8, 31)),  # counted from July 1
        (date(2026, 12, 29), date(2027, 2, 28)),
        (date(2027, 12, 31), date(2028, 2, 29)),
    ],
)
def test_the_special_period_is_two_months_unless_it_is_set_otherwise(until: date, special: date) -> None:
    guest = replace(a_resident(), foreign=staying(until))
    assert turns(lambda day: on_day.stay_on(guest, day)) == [until + DAY, special + DAY]
    assert on_day.stay_on(guest, until) is Stay.CURRENT
    assert on_day.stay_on(guest, special) is Stay.SPECIAL
    assert on_day.stay_on(guest, special + DAY) is Stay.OVER
    assert on_day.stay_on(guest, until + DAY, Calendar(special_stay_months=0)) is Stay.OVER


@given(day=st.dates())
def test_a_stay_without_an_end_or_with_the_calendars_last_day_never_ends(day: date) -> None:
    assert on_day.stay_on(replace(a_resident(), foreign=staying(None)), day) is Stay.UNLIMITED
    assert on_day.stay_on(replace(a_resident(), foreign=staying(date.max)), day) is Stay.CURRENT


@settings(max_examples=20, deadline=None)
@given(births, days, st.none() | days, st.none() | days)
def test_a_seal_stands_as_a_walk_through_the_days_says(
    birth: date, registered: date, abolished: date | None, planned: date | None
) -> None:
    person = born(birth, tenshutsu_planned=planned)
    seal = a_seal(registered, abolished)
    # A walk begins at the birth, and a day that was drawn may lie before it.
    there, lapsed, gone = (at is not None and at < birth for at in (registered, abolished, planned))
    for day, age in walked_ages(birth, END):
        there |= day == registered
        lapsed |= day == abolished
        gone |= day == planned
        if day < START:
            continue
        holds = there and not lapsed and not gone and age >= 15
        assert seal_on_day.seal_stands(seal, person, day) is holds
        may = Holds.YES if age >= 15 and not gone else Holds.NO
        assert seal_on_day.may_register_seal(person, day) is may


def test_a_seal_lapses_with_death_and_is_nobody_elses() -> None:
    assert seal_on_day.seal_stands(a_seal(), a_resident(), TODAY)
    dead = replace(a_resident(), status=ResidentStatus.DEATH)
    assert not seal_on_day.seal_stands(a_seal(), dead, TODAY)
    assert seal_on_day.may_register_seal(dead, TODAY) is Holds.NO
    assert not seal_on_day.seal_stands(a_seal(), a_resident(HANAKO), TODAY)
    assert not seal_on_day.seal_stands(a_seal(registered=None), a_resident(), TODAY)


@pytest.mark.parametrize("birth", UNSURE)
def test_a_seal_once_registered_stands_though_the_birth_is_uncertain_and_a_new_one_is_not_promised(
    birth: RegisterDate,
) -> None:
    person = replace(a_resident(), birth=birth)
    assert seal_on_day.seal_stands(a_seal(), person, TODAY)
    assert seal_on_day.may_register_seal(person, TODAY) is Holds.UNKNOWN


@settings(max_examples=15, deadline=None)
@given(st.none() | days, st.none() | days)
def test_no_end_date_ever_lifts_a_block_or_a_measure(starts: date | None, ends: date | None) -> None:
    block = Block("b1", TARO, None, BlockProcess.ISSUE, BlockLevel.ERROR, "", starts, ends)
    expected = [starts] if starts and starts > START else []
    assert turns(lambda day: on_day.stands(block, day)) == expected
    measure = ShienSochi("m1", TARO, False, starts, ends)
    assert all(on_day.measure_term(measure, day) in MeasureTerm for day in (START, END))
    seen = [on_day.measure_term(measure, day) for day in every_day()]
    assert seen == sorted(seen, key=list(MeasureTerm).index)  # running, last month, past: never back


def test_a_measure_can_be_extended_in_its_last_month_and_is_told_of_after_its_end() -> None:
    measure = ShienSochi("m1", TARO, False, date(2020, 4, 1), date(2021, 3, 31))
    assert on_day.measure_term(measure, date(2021, 2, 28)) is MeasureTerm.RUNNING
    assert on_day.measure_term(measure, date(2021, 3, 1)) is MeasureTerm.LAST_MONTH
    assert on_day.measure_term(measure, date(2021, 3, 31)) is MeasureTerm.LAST_MONTH
    assert on_day.measure_term(measure, date(2021, 4, 1)) is MeasureTerm.PAST_END


def test_a_fiscal_year_begins_in_april_and_at_no_other_midnight() -> None:
    assert on_day.fiscal_year(date(2026, 3, 31)) == 2025
    assert turns(on_day.fiscal_year) == [date(year, 4, 1) for year in range(2016, 2036)]


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
