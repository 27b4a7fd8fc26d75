"""Days as the register writes them: an ordinal inside, 和暦 or western text and an ISO date outside."""

from datetime import date
from functools import cache

YEAR = 365.2425
# 明治6年1月1日 is the first day of the solar calendar.
_ERAS = (
    (date(2019, 5, 1).toordinal(), "令和", 2018),
    (date(1989, 1, 8).toordinal(), "平成", 1988),
    (date(1926, 12, 25).toordinal(), "昭和", 1925),
    (date(1912, 7, 30).toordinal(), "大正", 1911),
    (date(1873, 1, 1).toordinal(), "明治", 1867),
)
# Both names of a double day are lawful ([STD j80]); these are the old ones.
MEIJI_LAST = (date(1912, 7, 30).toordinal(), "明治45年7月30日")
TAISHO_LAST = (date(1926, 12, 25).toordinal(), "大正15年12月25日")
# The register became electronic; what was before stands in it as one version, 改製.
COMPUTERISED = date(1995, 4, 1).toordinal()


@cache
def iso(day: int) -> str:
    """Return a day as the contract writes it."""
    return date.fromordinal(day).isoformat()


@cache
def wareki(day: int) -> str:
    """Return a day as the register words it, the first year of an era as 元年."""
    found = date.fromordinal(day)
    for first, name, before in _ERAS:
        if day >= first:
            year = found.year - before
            return f"{name}{'元' if year == 1 else year}年{found.month}月{found.day}日"
    raise ValueError("days before 1873 are not converted")


@cache
def western(day: int) -> str:
    """Return a foreigner's birth date, which stays in the western calendar ([STD j90])."""
    found = date.fromordinal(day)
    return f"{found.year}年{found.month}月{found.day}日"


def ordinal(year: int, month: int, day: int) -> int:
    """Return the ordinal of a day of the western calendar."""
    return date(year, month, day).toordinal()


def birthday(birth: int, age: int) -> int:
    """Return the day a person reaches an age; someone born on 29 February on 1 March."""
    born = date.fromordinal(birth)
    try:
        return born.replace(year=born.year + age).toordinal()
    except ValueError:
        return date(born.year + age, 3, 1).toordinal()


def year_of(day: int) -> int:
    """Return the western year of a day."""
    return date.fromordinal(day).year
