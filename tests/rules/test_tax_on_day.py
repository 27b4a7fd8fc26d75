"""Taxes on a day: the year of a certificate, what is due, and no word about payments beyond 納付確認日."""

from dataclasses import replace
from datetime import date

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from client.domain.tax import Instalment, Juminzei, Tax
from client.rules import tax_on_day as tax
from client.rules.on_day import Calendar
from client.rules.tax_on_day import Arrears, Due, Inspection
from tests.builders import TARO
from tests.day_builders import DAY, END, START, a_vehicle, an_instalment, days, every_day, turns

pytestmark = pytest.mark.long

MAY_31, CONFIRMED = date(2026, 5, 31), date(2026, 11, 17)


def levied(year: int) -> Juminzei:
    return Juminzei(TARO, year, "確定申告", "課税", 3_000_000, 120_000)


def of_vehicle(year: int, *, paid: bool = True, confirmed_on: date | None = CONFIRMED) -> Instalment:
    due = date(year, 5, 31)
    made = an_instalment(due, confirmed_on, tax=Tax.LIGHT_VEHICLE, fiscal_year=year, subject="v1")
    return replace(made, paid=made.billed, paid_on=due - 10 * DAY) if paid else made


def test_the_newest_certificate_turns_on_june_1_unless_it_is_set_otherwise() -> None:
    assert turns(tax.newest_certificate_year) == [date(year, 6, 1) for year in range(2016, 2036)]
    assert tax.newest_certificate_year(date(2026, 5, 31)) == 2025
    assert tax.newest_certificate_year(date(2026, 5, 31), Calendar(certificates_from=(5, 15))) == 2026


def test_an_older_year_never_stands_for_the_newest() -> None:
    rows = [levied(2025), levied(2024)]
    assert tax.newest_juminzei(rows, date(2026, 5, 31)) == levied(2025)
    assert tax.newest_juminzei(rows, date(2026, 6, 1)) is None
    assert tax.newest_juminzei([*rows, levied(2026)], date(2026, 6, 1)) == levied(2026)


@settings(max_examples=30, deadline=None)
@given(due=days, confirmed=days, paid_on=st.none() | days)
def test_an_instalment_is_what_a_walk_through_the_days_says(
    due: date, confirmed: date, paid_on: date | None
) -> None:
    paid = 10_800 if paid_on else 0
    row = an_instalment(due, confirmed, paid=paid, paid_on=paid_on)
    is_paid = is_late = is_known = False
    for day in every_day():
        is_paid |= day == paid_on
        is_late |= day == due + DAY
        is_known |= confirmed >= due  # whether payments up to its day are known at all
        expected = Due.PAID if is_paid else Due.NOT_YET if not is_late else Due.UNKNOWN
        if expected is Due.UNKNOWN and is_known:
            expected = Due.OVERDUE
        assert tax.due_on(row, day) is expected


def test_what_has_no_due_day_or_was_never_confirmed_is_not_called_overdue() -> None:
    assert tax.due_on(an_instalment(None, CONFIRMED), END) is Due.UNKNOWN
    assert tax.due_on(an_instalment(MAY_31, None), END) is Due.UNKNOWN
    assert tax.due_on(an_instalment(MAY_31, None), MAY_31) is Due.NOT_YET
    assert tax.due_on(an_instalment(None, None, billed=0), END) is Due.PAID


rows = st.builds(
    lambda due, confirmed, paid, paid_on: an_instalment(
        due, confirmed, paid=paid, paid_on=paid_on if paid else None
    ),
    days,
    st.none() | days,
    st.sampled_from([0, 5_000, 10_800, 20_000]),
    days,
)


@settings(max_examples=30, deadline=None)
@given(st.lists(rows, max_size=4))
def test_no_arrears_is_said_of_no_day_beyond_what_is_confirmed(instalments: list[Instalment]) -> None:
    for day in every_day(START, END):
        told = tax.arrears_on(instalments, day)
        if told.none_on(day):
            fallen = [row for row in instalments if row.due and row.due < day]
            assert fallen
            assert all(row.confirmed_on and row.confirmed_on >= day for row in fallen)
            assert all((row.paid or 0) >= row.billed for row in fallen)
            assert all(row.paid_on and row.paid_on <= day for row in fallen)
        assert told.known_until is None or told.known_until <= day


def test_arrears_are_those_of_the_last_day_that_is_known_of() -> None:
    june, august = date(2026, 6, 30), date(2026, 8, 31)
    paid = an_instalment(june, CONFIRMED, paid=10_800, paid_on=june)
    half = an_instalment(august, CONFIRMED, paid=5_000, paid_on=august)
    later = an_instalment(date(2026, 12, 25), CONFIRMED)
    assert tax.arrears_on([paid, half, later], END) == Arrears(5_800 + 0, CONFIRMED)
    assert tax.arrears_on([paid, later], CONFIRMED).none_on(CONFIRMED)
    assert not tax.arrears_on([paid, later], CONFIRMED + DAY).none_on(CONFIRMED + DAY)
    assert tax.arrears_on([paid, half], august) == Arrears(0, august)
    assert tax.arrears_on([paid, half], august + DAY) == Arrears(5_800, august + DAY)


def test_where_nothing_fell_due_or_something_is_not_told_nothing_is_known() -> None:
    assert tax.arrears_on([], END) == Arrears(0, None)
    assert tax.arrears_on([an_instalment(MAY_31, None)], END) == Arrears(10_800, None)
    assert tax.arrears_on([an_instalment(None, CONFIRMED)], END) == Arrears(10_800, None)
    assert not Arrears(0, None).none_on(START)


def test_a_vehicle_is_covered_until_the_next_due_day_and_not_beyond_what_the_replica_has() -> None:
    history = [of_vehicle(2025), of_vehicle(2026)]
    vehicle = a_vehicle()
    assert tax.inspection_on(vehicle, history, date(2026, 5, 31)) is Inspection.COVERED
    assert tax.inspection_on(vehicle, history, date(2026, 6, 1)) is Inspection.COVERED
    assert tax.inspection_on(vehicle, history, date(2027, 5, 31)) is Inspection.COVERED
    assert tax.inspection_on(vehicle, history, date(2027, 6, 1)) is Inspection.UNKNOWN
    assert tax.inspection_on(vehicle, [], date(2026, 6, 1)) is Inspection.UNKNOWN


def test_a_vehicle_in_arrears_of_any_year_scrapped_or_bought_late_is_not_covered() -> None:
    vehicle, day = a_vehicle(), date(2026, 11, 20)
    old_debt = [of_vehicle(2024, paid=False), of_vehicle(2026)]
    assert tax.inspection_on(vehicle, old_debt, day) is Inspection.ARREARS
    assert tax.inspection_on(a_vehicle(scrapped=day), [of_vehicle(2026)], day) is Inspection.SCRAPPED
    assert tax.inspection_on(a_vehicle(scrapped=day + DAY), [of_vehicle(2026)], day) is Inspection.COVERED
    assert tax.inspection_on(a_vehicle(date(2026, 4, 2)), [of_vehicle(2026)], day) is Inspection.UNKNOWN
    assert tax.inspection_on(a_vehicle(None), [of_vehicle(2026)], day) is Inspection.COVERED
    of_another = replace(of_vehicle(2026), subject="v2")
    assert tax.inspection_on(vehicle, [of_another], day) is Inspection.UNKNOWN
    not_of_vehicles = replace(of_vehicle(2026), tax=Tax.JUMINZEI)
    assert tax.inspection_on(vehicle, [not_of_vehicles], day) is Inspection.UNKNOWN


@pytest.mark.parametrize("confirmed_on", [None, date(2026, 5, 30)])
def test_payments_must_be_known_up_to_the_due_day(confirmed_on: date | None) -> None:
    history = [of_vehicle(2025), of_vehicle(2026, confirmed_on=confirmed_on)]
    assert tax.inspection_on(a_vehicle(), history, date(2026, 6, 1)) is Inspection.UNKNOWN
    assert tax.inspection_on(a_vehicle(), history, MAY_31) is Inspection.COVERED  # by the year before


def test_a_due_day_that_falls_later_or_is_set_later_keeps_the_year_before_in_force() -> None:
    on_monday = replace(of_vehicle(2026, paid=False), due=date(2026, 6, 1))
    history = [of_vehicle(2025), on_monday]
    assert tax.inspection_on(a_vehicle(), history, date(2026, 6, 1)) is Inspection.COVERED
    assert tax.inspection_on(a_vehicle(), history, date(2026, 6, 2)) is Inspection.ARREARS
    june = Calendar(vehicle_due=(6, 30))
    assert tax.inspection_on(a_vehicle(), [of_vehicle(2025)], date(2026, 6, 30), june) is Inspection.COVERED


@settings(max_examples=20, deadline=None)
@given(st.dictionaries(st.integers(2016, 2034), st.tuples(st.booleans(), st.none() | days), max_size=8), days)
def test_cover_is_what_a_walk_through_the_days_says(
    history: dict[int, tuple[bool, date | None]], scrapped: date
) -> None:
    """Each year: a notice is due at the end of May; the next morning the paper rests on it, or on nothing."""
    rows = [
        of_vehicle(year, paid=paid, confirmed_on=confirmed) for year, (paid, confirmed) in history.items()
    ]
    debt = gone = unclear = False
    rests_on: int | None = None
    for day in every_day():
        gone |= day == scrapped
        if (day.month, day.day) == (6, 1):
            rests_on = day.year
            paid, confirmed = history.get(day.year, (True, None))
            in_time = confirmed is not None and confirmed >= date(day.year, 5, 31)
            debt |= not paid and in_time
            unclear |= not paid and not in_time
        if rests_on is None:
            continue  # before the first due day of the walk
        covered = rests_on in history and not debt and not unclear
        covered = covered and (history[rests_on][1] or START) >= date(rests_on, 5, 31)
        expected = Inspection.COVERED if covered else Inspection.UNKNOWN
        expected = Inspection.SCRAPPED if gone else Inspection.ARREARS if debt else expected
        assert tax.inspection_on(a_vehicle(scrapped=scrapped), rows, day) is expected
