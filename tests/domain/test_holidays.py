"""Days off by law, held against the 官報's own lists of 2024 to 2027."""

from datetime import date

import pytest

from client.domain.holidays import is_closed_by_law, national_holidays

# 内閣府 国民の祝日について, with 振替休日 and 国民の休日.
LISTED = {
    2024: "0101 0108 0211 0212 0223 0320 0429 0503 0504 0505 0506 0715 0811 0812 0916 0922 0923 1014 1103 1104 1123",
    2025: "0101 0113 0211 0223 0224 0320 0429 0503 0504 0505 0506 0721 0811 0915 0923 1013 1103 1123 1124",
    2026: "0101 0112 0211 0223 0320 0429 0503 0504 0505 0506 0720 0811 0921 0922 0923 1012 1103 1123",
    2027: "0101 0111 0211 0223 0321 0322 0429 0503 0504 0505 0719 0811 0920 0923 1011 1103 1123",
}


@pytest.mark.parametrize("year", LISTED)
def test_the_holidays_of_a_year_are_those_of_the_list(year: int) -> None:
    listed = {date(year, int(day[:2]), int(day[2:])) for day in LISTED[year].split()}
    assert national_holidays(year) == listed


def test_a_day_between_two_holidays_is_one_too() -> None:
    assert date(2026, 9, 22) in national_holidays(2026)  # between 敬老の日 and 秋分の日
    assert date(2032, 9, 21) in national_holidays(2032)


def test_weekends_and_the_turn_of_the_year_are_days_off_and_common_weekdays_are_not() -> None:
    assert [is_closed_by_law(date(2026, 11, day)) for day in (20, 21, 22, 23, 24)] == [
        False,
        True,
        True,
        True,
        False,
    ]
    assert [is_closed_by_law(date(2026, 12, day)) for day in (28, 29, 30, 31)] == [False, True, True, True]
    assert [is_closed_by_law(date(2027, 1, day)) for day in (1, 2, 3, 4)] == [True, True, True, False]
