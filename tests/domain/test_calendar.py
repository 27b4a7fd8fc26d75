"""Japanese dates there and back ([STD j80, j90, j280])."""

from datetime import UTC, date, datetime, timedelta
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from client.domain.calendar import (
    ERAS,
    RegisterDate,
    era_of,
    parse_day,
    short_wareki,
    tokyo_day,
    wareki,
    western,
)

solar_days = st.dates(date(1873, 1, 1), date(2099, 12, 31))


@given(solar_days)
def test_wareki_there_and_back(day: date) -> None:
    assert parse_day(wareki(day)) == day


@given(solar_days)
def test_short_wareki_there_and_back(day: date) -> None:
    assert parse_day(short_wareki(day)) == day


@given(solar_days)
def test_western_there_and_back(day: date) -> None:
    assert parse_day(western(day)) == day
    assert parse_day(day.isoformat()) == day
    assert parse_day(f"{day:%Y%m%d}") == day


@given(solar_days)
def test_seven_digits_are_era_year_month_day(day: date) -> None:
    era = era_of(day)
    digit = "MTSHR".index(era.letter) + 1
    year = day.year - {"M": 1868, "T": 1912, "S": 1926, "H": 1989, "R": 2019}[era.letter] + 1
    assert parse_day(f"{digit}{year:02d}{day:%m%d}") == day


@pytest.mark.parametrize(
    "typed",
    [
        "S55.12.26",
        "s55.12.26",
        "昭和55年12月26日",
        "昭和５５年１２月２６日",
        "昭和 55年 12月 26日",
        "昭55.12.26",
        "昭５５/１２/２６",
        "㍼55.12.26",
        "3551226",
        "19801226",
        "1980-12-26",
        "1980/12/26",
        "1980年12月26日",
        "　１９８０．１２．２６　",
    ],
)
def test_a_day_is_read_however_clerks_type_it(typed: str) -> None:
    assert parse_day(typed) == date(1980, 12, 26)


@pytest.mark.parametrize(
    ("old", "new", "day"),
    [
        ("明治45年7月30日", "大正元年7月30日", date(1912, 7, 30)),
        ("大正15年12月25日", "昭和元年12月25日", date(1926, 12, 25)),
    ],
)
def test_a_double_day_belongs_to_both_eras_and_is_written_in_the_new(old: str, new: str, day: date) -> None:
    assert parse_day(old) == parse_day(new) == day
    assert wareki(day) == new


@pytest.mark.parametrize(
    ("typed", "day"),
    [
        ("昭和64年1月7日", date(1989, 1, 7)),
        ("平成元年1月8日", date(1989, 1, 8)),
        ("H31.4.30", date(2019, 4, 30)),
        ("令和元年5月1日", date(2019, 5, 1)),
        ("R1.5.1", date(2019, 5, 1)),
        ("S55.2.29", date(1980, 2, 29)),
        ("明治6年1月1日", date(1873, 1, 1)),
    ],
)
def test_the_edges_of_the_eras(typed: str, day: date) -> None:
    assert parse_day(typed) == day


@pytest.mark.parametrize(
    "typed",
    [
        "",
        "ワタナベ",
        "昭和64年1月8日",  # 平成 had begun
        "平成31年5月1日",  # 令和 had begun
        "平成元年1月7日",
        "S56.2.29",
        "S55.13.1",
        "19801232",
        "昭和0年1月1日",
        "明治5年12月2日",  # the lunar calendar is not converted by formula
        "18721231",
        "1872-12-31",
        "00010101",
        "80.12.26",  # which century?
        "X55.12.26",
        "6551226",
        "198012",
        "1980.12",
        "昭和55年12月",
    ],
)
def test_what_is_no_whole_day_is_no_day(typed: str) -> None:
    assert parse_day(typed) is None


@given(st.text(max_size=20))
def test_no_typing_breaks_the_reader(typed: str) -> None:
    found = parse_day(typed)
    assert found is None or found >= date(1873, 1, 1)


def test_the_first_year_is_written_gannen_on_papers_and_1_in_narrow_columns() -> None:
    assert wareki(date(2019, 5, 1)) == "令和元年5月1日"
    assert wareki(date(2026, 11, 20)) == "令和8年11月20日"
    assert short_wareki(date(2019, 5, 1)) == "令1.5.1"
    assert western(date(1990, 4, 12)) == "1990年4月12日"


def test_days_before_the_solar_calendar_have_no_era_here() -> None:
    with pytest.raises(ValueError, match="before 1873"):
        era_of(date(1872, 12, 31))


def test_the_eras_leave_no_day_out() -> None:
    for before, after in pairwise(ERAS):
        assert before.last is not None
        assert 0 <= (after.first - before.last).days <= 1


@given(solar_days, solar_days)
def test_an_age_counts_full_years(birth: date, today: date) -> None:
    age = RegisterDate(wareki(birth), birth).age_on(today)
    assert age is not None
    reached = (birth.year + age, birth.month, birth.day)
    assert reached <= (today.year, today.month, today.day) < (reached[0] + 1, *reached[1:])


def test_an_unknown_birth_date_has_no_age() -> None:
    assert RegisterDate("昭和20年月日不詳", None).age_on(date(2026, 11, 20)) is None


def test_the_day_at_the_counter_begins_at_midnight_in_japan() -> None:
    midnight = datetime(2026, 11, 19, 15, 0, tzinfo=UTC)
    assert tokyo_day(midnight) == date(2026, 11, 20)
    assert tokyo_day(midnight - timedelta(seconds=1)) == date(2026, 11, 19)
