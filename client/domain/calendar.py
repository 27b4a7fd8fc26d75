"""Japanese dates: eras, partial and unknown dates, and the forms clerks type ([STD j80, j90, j280])."""

import re
import unicodedata
from dataclasses import dataclass
from datetime import date, datetime, timedelta, timezone
from typing import NamedTuple

TOKYO = timezone(timedelta(hours=9), "JST")  # no summer time since 1951, and none of a zone file's absence


def tokyo_day(moment: datetime) -> date:
    """Return the day it is at the counter at a moment."""
    return moment.astimezone(TOKYO).date()


class Era(NamedTuple):
    """An era: its letter, name, and first and last day; the two double days belong to both eras."""

    letter: str
    name: str
    first: date
    last: date | None


# 明治6年1月1日 is the first day of the solar calendar; earlier dates are never converted by formula.
ERAS = (
    Era("M", "明治", date(1873, 1, 1), date(1912, 7, 30)),
    Era("T", "大正", date(1912, 7, 30), date(1926, 12, 25)),
    Era("S", "昭和", date(1926, 12, 25), date(1989, 1, 7)),
    Era("H", "平成", date(1989, 1, 8), date(2019, 4, 30)),
    Era("R", "令和", date(2019, 5, 1), None),
)
FIRST_YEAR = {"M": 1868, "T": 1912, "S": 1926, "H": 1989, "R": 2019}
_DIGIT_ERAS = {"1": "M", "2": "T", "3": "S", "4": "H", "5": "R"}
ERA_WORDS = {
    **{era.name: era.letter for era in ERAS},
    **{era.name[0]: era.letter for era in ERAS},
    **{era.letter: era.letter for era in ERAS},
}


def era_of(day: date) -> Era:
    """Return the era of a day; on the two double days the new era. Raises ValueError before 1873."""
    for era in reversed(ERAS):
        if day >= era.first:
            return era
    raise ValueError("days before 1873 are not converted")


def wareki(day: date) -> str:
    """Write a day as papers do: 令和8年11月20日, the first year as 元年."""
    era = era_of(day)
    year = day.year - FIRST_YEAR[era.letter] + 1
    return f"{era.name}{'元' if year == 1 else year}年{day.month}月{day.day}日"


def short_wareki(day: date) -> str:
    """Write a day for narrow columns: 令8.11.20."""
    era = era_of(day)
    return f"{era.name[0]}{day.year - FIRST_YEAR[era.letter] + 1}.{day.month}.{day.day}"


def western(day: date) -> str:
    """Write a day of the western calendar, as for foreigners' birth dates: 1990年4月12日."""
    return f"{day.year}年{day.month}月{day.day}日"


@dataclass(frozen=True, slots=True)
class RegisterDate:
    """A date as the register holds it: the text on record, and a day to sort and count by.

    ``day`` is None where the record says 不詳 and gives nothing to sort by.
    """

    text: str
    day: date | None

    def age_on(self, today: date) -> int | None:
        """Return full years on a day; None where the birth date is unknown."""
        if self.day is None:
            return None
        before = (today.month, today.day) < (self.day.month, self.day.day)
        return today.year - self.day.year - before


_TYPED = re.compile(
    r"^([A-Z]|明治|大正|昭和|平成|令和|[明大昭平令])?(\d{1,4}|元)[./年-](\d{1,2})[./月-](\d{1,2})日?$"
)


def parse_day(typed: str) -> date | None:
    """Read a whole day as clerks type it; None when it is not one.

    S55.12.26 · 昭和５５年１２月２６日 · 昭55.12.26 · 3551226 · 19801226 · 1980-12-26. Both 明治45年7月30日
    and 大正元年7月30日 are the same day ([STD j80]).
    """
    text = unicodedata.normalize("NFKC", typed).strip().upper().replace(" ", "")
    if re.fullmatch(r"\d{8}", text):
        return _solar_day(int(text[:4]), int(text[4:6]), int(text[6:]))
    if re.fullmatch(r"[1-5]\d{6}", text):
        return _era_day(_DIGIT_ERAS[text[0]], int(text[1:3]), int(text[3:5]), int(text[5:]))
    found = _TYPED.match(text)
    if not found:
        return None
    era_word, year_text, month, day = found.groups()
    year = 1 if year_text == "元" else int(year_text)
    if era_word is None:
        return _solar_day(year, int(month), int(day))
    letter = ERA_WORDS.get(era_word)
    return _era_day(letter, year, int(month), int(day)) if letter else None


def _era_day(letter: str, year: int, month: int, day: int) -> date | None:
    era = next(era for era in ERAS if era.letter == letter)
    found = _day(FIRST_YEAR[letter] + year - 1, month, day)
    if found is None or found < era.first or (era.last and found > era.last):
        return None
    return found


def _solar_day(year: int, month: int, day: int) -> date | None:
    return _day(year, month, day) if year >= ERAS[0].first.year else None


def _day(year: int, month: int, day: int) -> date | None:
    try:
        return date(year, month, day)
    except ValueError:
        return None
