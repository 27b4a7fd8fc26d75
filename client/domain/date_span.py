"""A birth date as it was typed or recorded: a whole day, a part of one, or unknown ([STD j80, j90, j340])."""

import re
import unicodedata
from dataclasses import dataclass
from datetime import date, timedelta
from functools import lru_cache

from client.domain.calendar import ERA_WORDS, ERAS, FIRST_YEAR, RegisterDate, parse_day

_FIRST, _LAST = date(1800, 1, 1), date(9999, 12, 31)
_UNKNOWN = "不詳"
_AND_UNKNOWN = re.compile(rf"(?:年?月?日|年?月|[.年])?{_UNKNOWN}$")
_LATEST = 2100  # what reads as a later year is no year
_OLDEST = ERAS[0].first
_ERA = r"(?P<era>[A-Z]|明治|大正|昭和|平成|令和|[明大昭平令])"
_PART = re.compile(
    rf"^(?:{_ERA}(?P<era_year>[0-9]{{1,2}}|元)|(?P<year>[0-9]{{4}}))(?:年?|[年./-](?P<month>[0-9]{{1,2}})月?)$"
)
_DIGITS = re.compile(
    r"^(?:(?P<year>(?:18|19|20)\d\d)(?P<month>\d\d)?|(?P<digit>[1-5])(?P<era_year>\d\d)(?P<era_month>\d\d)?)$",
    re.ASCII,
)
_ERA_DIGITS = re.compile(rf"^{_ERA}(?P<era_year>[0-9]{{2}})(?P<month>[0-9]{{2}})(?P<day>[0-9]{{2}})?$")
_NO_ERA = re.compile(r"^(\d{1,2})[./](\d{1,2})[./](\d{1,2})$", re.ASCII)
_DAY_OF_YEAR = re.compile(r"^(\d{1,2})(?:月|/)(\d{1,2})日?$", re.ASCII)
_IN_TEXT = re.compile(
    r"(?:(?P<era>明治|大正|昭和|平成|令和)(?P<era_year>\d{1,2}|元)|(?P<year>\d{4}))年(?:(?P<month>\d{1,2})月)?(?:(?P<day>\d{1,2})日)?",
    re.ASCII,
)


@dataclass(frozen=True, slots=True)
class DateSpan:
    """From a day to a day, both included; ``unknown``: the date is not known more closely than that.

    ``yearless`` is a day of any year, as month and day, and then the span says nothing.
    """

    first: date
    last: date
    unknown: bool = False
    yearless: tuple[int, int] | None = None


ANY_UNKNOWN = DateSpan(_FIRST, _LAST, unknown=True)


@lru_cache(maxsize=50_000)
def recorded(birth: RegisterDate) -> DateSpan:
    """Return what the register's text says of a date: a day, or the part of it that is known ([STD j80])."""
    text = unicodedata.normalize("NFKC", birth.text)
    whole = _whole(text.strip().upper().replace(" ", ""))
    if whole is not None:
        return whole
    found = _IN_TEXT.search(text)
    if found is None:
        return ANY_UNKNOWN
    span = _of_parts(**found.groupdict())
    if span is not None:
        return DateSpan(span.first, span.last, unknown=found.group() != text)
    of_month = _of_parts(
        **found.groupdict() | {"day": None}
    )  # 29 February of a common year is a legal record
    return DateSpan(of_month.first, of_month.last, unknown=True) if of_month else ANY_UNKNOWN


def typed_dates(typed: str) -> tuple[DateSpan, ...]:
    """Return what a typed word may mean as a date; none where it is no date, several where the era is left open.

    S58 · 昭和58年4月 · S58.4.12 · S580412 · 3580412 · 35804 · 1983 · 198304 · 1983-04-12 · 58.4.12 · 4月12日 · S58年不詳
    """
    text = unicodedata.normalize("NFKC", typed).strip().upper().replace(" ", "")
    unknown = _UNKNOWN in text
    text = _AND_UNKNOWN.sub("", text)
    if unknown and not text:
        return (ANY_UNKNOWN,)
    spans = _spans(text)
    return tuple(DateSpan(one.first, one.last, unknown, one.yearless) for one in spans)


def _spans(text: str) -> tuple[DateSpan, ...]:
    whole = _whole(text)
    if whole is not None:
        return (whole,)
    if found := _DIGITS.match(text):
        return _in_digits(**found.groupdict())
    if found := _ERA_DIGITS.match(text) or _PART.match(text):
        span = _of_parts(**{"year": None, "day": None} | found.groupdict())
        return (span,) if span else ()
    if found := _NO_ERA.match(text):
        year, month, day = found.groups()
        tried = (_of_parts(era=era.letter, era_year=year, year=None, month=month, day=day) for era in ERAS)
        return tuple(span for span in tried if span)
    if found := _DAY_OF_YEAR.match(text):
        month, day = map(int, found.groups())
        if _is_day(2000, month, day):  # a leap year
            return (DateSpan(_FIRST, _LAST, yearless=(month, day)),)
    return ()


def _whole(text: str) -> DateSpan | None:
    """Read a day that is typed whole; S580412 is one too."""
    day = parse_day(text)
    if day is not None:
        return DateSpan(day, day) if day.year <= _LATEST else None
    found = _ERA_DIGITS.match(text)
    return _of_parts(**found.groupdict(), year=None) if found and found["day"] else None


def _in_digits(
    year: str | None, month: str | None, digit: str | None, era_year: str | None, era_month: str | None
) -> tuple[DateSpan, ...]:
    """Read 1983, 198304, and with the digit of an era 358, 35804."""
    if year:
        span = _of_parts(era=None, era_year=None, year=year, month=month, day=None)
    else:
        letter = ERAS[int(digit or "1") - 1].letter
        span = _of_parts(era=letter, era_year=era_year, year=None, month=era_month, day=None)
    return (span,) if span else ()


def _of_parts(
    era: str | None, era_year: str | None, year: str | None, month: str | None, day: str | None
) -> DateSpan | None:
    if era is not None:
        letter = ERA_WORDS.get(era)
        if letter is None:
            return None
        number = 1 if era_year == "元" else int(era_year or "0")
        western = FIRST_YEAR[letter] + number - 1
        bounds = next((one.first, one.last or _LAST) for one in ERAS if one.letter == letter)
    else:
        western, bounds = int(year or "0"), (_OLDEST, _LAST)
    span = _within(western, int(month) if month else None, int(day) if day else None)
    if span is None:
        return None
    first, last = max(span.first, bounds[0]), min(span.last, bounds[1])
    return DateSpan(first, last) if first <= last else None


def _within(year: int, month: int | None, day: int | None) -> DateSpan | None:
    if month is None:
        day = None  # a day of no month says nothing
    if not _is_day(year, 1 if month is None else month, 1 if day is None else day):
        return None
    if day and month:
        return DateSpan(date(year, month, day), date(year, month, day))
    if month:
        following = date(year + month // 12, month % 12 + 1, 1)
        return DateSpan(date(year, month, 1), following - timedelta(days=1))
    return DateSpan(date(year, 1, 1), date(year, 12, 31))


def _is_day(year: int, month: int, day: int) -> bool:
    try:
        date(year, month, day)
    except ValueError:
        return False
    return year <= _LATEST
