"""Days on which a town hall is closed by law: weekends, 国民の祝日, the turn of the year.

国民の祝日に関する法律 (昭和23年法律第178号) as it stands since 2022, and 地方自治法 第4条の2: Saturdays, Sundays,
holidays, and the days at the turn of the year, 12月29日 to 1月3日 as 行政機関の休日に関する法律 has them.
"""

from datetime import date, timedelta
from functools import lru_cache

_SUNDAY, _SATURDAY = 6, 5
_FIXED = ((1, 1), (2, 11), (2, 23), (4, 29), (5, 3), (5, 4), (5, 5), (8, 11), (11, 3), (11, 23))
_MONDAYS = ((1, 2), (7, 3), (9, 3), (10, 2))  # month, and which Monday of it
_TURN = frozenset({(12, 29), (12, 30), (12, 31), (1, 2), (1, 3)})  # beside 元日


def is_closed_by_law(day: date) -> bool:
    """Tell whether town halls are closed on a day unless the town says otherwise."""
    return day.weekday() >= _SATURDAY or (day.month, day.day) in _TURN or day in national_holidays(day.year)


@lru_cache(maxsize=32)
def national_holidays(year: int) -> frozenset[date]:
    """Return the 休日 of a year by 国民の祝日に関する法律 第2条, 第3条.

    The two equinoxes are reckoned; the law's are those of the 暦要項, published in the February before. The formula
    holds from 1980 to 2099 for its present astronomy. Years before 2022 had other days, which this does not know.
    """
    named = {date(year, month, day) for month, day in _FIXED}
    named |= {_monday(year, month, which) for month, which in _MONDAYS}
    named |= {date(year, 3, _equinox(year, 20.8431)), date(year, 9, _equinox(year, 23.2488))}
    found = set(named)
    for day in sorted(named):
        if day.weekday() == _SUNDAY:  # 振替休日: the first day after it that is no holiday
            moved = day + timedelta(days=1)
            while moved in named:
                moved += timedelta(days=1)
            found.add(moved)
        between = day + timedelta(days=1)
        if between not in named and between + timedelta(days=1) in named:  # 国民の休日
            found.add(between)
    return frozenset(found)


def _monday(year: int, month: int, which: int) -> date:
    first = date(year, month, 1)
    return first + timedelta(days=(-first.weekday()) % 7 + 7 * (which - 1))


def _equinox(year: int, base: float) -> int:
    passed = year - 1980
    return int(base + 0.242194 * passed - passed // 4)
