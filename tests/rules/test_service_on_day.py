"""年金, 介護, 後期高齢者医療, 児童手当 on a day: by spell, and unknown once an age has passed without a row."""

from dataclasses import replace
from datetime import date

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from client.domain.calendar import RegisterDate
from client.domain.entitlement import Entitlement, Service
from client.rules.ages import Holds
from client.rules.service_on_day import FIRST_CLASS, belongs_on
from tests.builders import TARO, TODAY, a_resident, moving_away
from tests.day_builders import DAY, END, START, UNSURE, births, born, days, every_day, walked_ages

pytestmark = pytest.mark.long


def a_row(
    service: Service, since: date = START, until: date | None = None, kind: str | None = None
) -> Entitlement:
    return Entitlement(TARO, service, since, until, kind, None)


@settings(max_examples=15, deadline=None)
@given(days, st.none() | days, st.none() | days)
def test_child_allowance_is_what_a_walk_through_the_days_says(
    since: date, until: date | None, planned: date | None
) -> None:
    person = replace(a_resident(), tenshutsu_planned=planned)
    row = a_row(Service.JIDO_TEATE, since, until)
    begun = over = gone = False
    for day in every_day():
        begun |= day == since
        over |= until is not None and day == until + DAY
        gone |= day == planned
        belongs = begun and not over and (until is None or since <= until)
        told = belongs_on([row], person, Service.JIDO_TEATE, day)
        if until is None or since <= until:
            expected = Holds.UNKNOWN if belongs and gone else Holds.YES if belongs else Holds.NO
            assert told.holds is expected
            assert (told.since, told.until) == ((since, until) if belongs else (None, None))


@settings(max_examples=8, deadline=None)
@given(births)
def test_past_the_age_without_a_row_nobody_says_yes_or_no(birth: date) -> None:
    """65 is reached on the eve (介護), 75 counts from the birthday (後期); the pension's first class ends at 60."""
    person = born(birth)
    first_class = [a_row(Service.NENKIN, birth, None, FIRST_CLASS)]
    any_class = [a_row(Service.NENKIN, birth, None, "任意加入被保険者")]
    before: tuple[Holds, ...] = ()
    for day, age in walked_ages(birth, END):
        if day < START:
            continue
        kaigo = belongs_on([], person, Service.KAIGO, day + DAY).holds  # tomorrow, as today is the eve of it
        koki = belongs_on([], person, Service.KOKI, day).holds
        nenkin = belongs_on(first_class, person, Service.NENKIN, day).holds
        assert koki is (Holds.UNKNOWN if age >= 75 else Holds.NO)
        assert belongs_on(any_class, person, Service.NENKIN, day).holds is Holds.YES
        if age >= 65:
            assert kaigo is Holds.UNKNOWN
        if age >= 60:
            assert nenkin is Holds.UNKNOWN
        now = (kaigo, koki, nenkin)
        assert not before or all(
            old is not Holds.UNKNOWN or new is old for old, new in zip(before, now, strict=True)
        )
        before = now


def test_sixty_and_sixty_five_are_reached_on_the_eve() -> None:
    person = born(date(1966, 11, 21))
    row = [a_row(Service.NENKIN, date(2000, 1, 1), None, FIRST_CLASS)]
    assert belongs_on(row, person, Service.NENKIN, date(2026, 11, 19)).holds is Holds.YES
    assert belongs_on(row, person, Service.NENKIN, date(2026, 11, 20)).holds is Holds.UNKNOWN
    old = born(date(1961, 11, 21))
    assert belongs_on([], old, Service.KAIGO, date(2026, 11, 19)).holds is Holds.NO
    assert belongs_on([], old, Service.KAIGO, date(2026, 11, 20)).holds is Holds.UNKNOWN


def test_what_the_office_has_said_after_that_age_counts() -> None:
    old = born(date(1945, 1, 1))  # 75 in 2020
    began_later = [a_row(Service.KOKI, date(2022, 1, 1))]
    assert belongs_on(began_later, old, Service.KOKI, date(2021, 1, 1)).holds is Holds.NO
    assert belongs_on(began_later, old, Service.KOKI, TODAY).holds is Holds.YES
    ended = [a_row(Service.KOKI, date(2020, 1, 1), date(2023, 1, 1))]
    assert belongs_on(ended, old, Service.KOKI, TODAY).holds is Holds.NO
    early = [a_row(Service.KOKI, date(2016, 1, 1), date(2018, 1, 1))]  # 障害認定, withdrawn before 75
    assert belongs_on(early, old, Service.KOKI, TODAY).holds is Holds.UNKNOWN


def test_a_row_that_comes_later_with_the_same_facts_contradicts_nothing() -> None:
    person = born(date(1951, 6, 1))
    row = [a_row(Service.KOKI, date(2026, 6, 1))]
    for day in every_day(date(2025, 1, 1), END):
        before = belongs_on([], person, Service.KOKI, day).holds
        after = belongs_on(row, person, Service.KOKI, day).holds
        assert before is after or before is Holds.UNKNOWN


@pytest.mark.parametrize("birth", UNSURE)
def test_an_uncertain_birth_leaves_open_what_hangs_on_it_and_nothing_else(birth: RegisterDate) -> None:
    person = replace(a_resident(), birth=birth)
    assert belongs_on([], person, Service.KOKI, TODAY).holds is Holds.UNKNOWN
    assert belongs_on([], person, Service.JIDO_TEATE, TODAY).holds is Holds.NO
    kaigo = [a_row(Service.KAIGO)]
    assert belongs_on(kaigo, person, Service.KAIGO, TODAY).holds is Holds.YES
    first_class = [a_row(Service.NENKIN, kind=FIRST_CLASS)]
    assert belongs_on(first_class, person, Service.NENKIN, TODAY).holds is Holds.UNKNOWN
    assert belongs_on(kaigo, moving_away(person, TODAY), Service.KAIGO, TODAY).holds is Holds.UNKNOWN
