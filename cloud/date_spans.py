"""Birth dates as they are typed and as they stand on record: a day, a month, a year, or unknown ([STD j80, j90, j340])."""

import re
import unicodedata
from dataclasses import dataclass
from datetime import date, timedelta

_LATEST_YEAR = 2100  # what reads as a later year is no year
_SOLAR_SINCE = date(1873, 1, 1)
_LONG_AGO, _FAR_OFF = date(1800, 1, 1), date(9999, 12, 31)
# letter, digit, name, first year, first and last day; the two double days are of both eras
_ERAS = (
    ("M", "1", "明治", 1868, _SOLAR_SINCE, date(1912, 7, 30)),
    ("T", "2", "大正", 1912, date(1912, 7, 30), date(1926, 12, 25)),
    ("S", "3", "昭和", 1926, date(1926, 12, 25), date(1989, 1, 7)),
    ("H", "4", "平成", 1989, date(1989, 1, 8), date(2019, 4, 30)),
    ("R", "5", "令和", 2019, date(2019, 5, 1), _FAR_OFF),
)
_NAMES = "明治|大正|昭和|平成|令和"
_ERA = rf"(?P<era>[MTSHR]|{_NAMES}|[明大昭平令])"
_FORMS = tuple(
    re.compile(form)
    for form in (
        r"(?P<year>[0-9]{4})(?P<month>[0-9]{2})(?P<day>[0-9]{2})",
        r"(?P<year>(?:18|19|20)[0-9]{2})(?P<month>[0-9]{2})?(?P<day>)",
        r"(?P<era>[1-5])(?P<year>[0-9]{2})(?:(?P<month>[0-9]{2})(?P<day>[0-9]{2})?)?",
        rf"{_ERA}(?P<year>[0-9]{{2}})(?P<month>[0-9]{{2}})(?P<day>[0-9]{{2}})?",
        rf"(?:{_ERA}(?P<year>[0-9]{{1,2}}|元)|(?P<western>[0-9]{{4}}))"
        r"(?:年?|[年./-](?P<month>[0-9]{1,2})(?:月?|[月./-](?P<day>[0-9]{1,2})日?))",
    )
)
_ERA_LEFT_OPEN = re.compile(r"([0-9]{1,2})[./]([0-9]{1,2})[./]([0-9]{1,2})")
_OF_ANY_YEAR = re.compile(r"([0-9]{1,2})(?:月|/)([0-9]{1,2})日?")
_ON_RECORD = re.compile(
    rf"(?:(?P<era>{_NAMES})(?P<year>[0-9]{{1,2}}|元)|(?P<western>[0-9]{{4}}))年"
    r"(?:(?P<month>[0-9]{1,2})月)?(?:(?P<day>[0-9]{1,2})日)?"
)


@dataclass(frozen=True, slots=True)
class Span:
    """The first and the last day as YYYYMMDD; ``unknown``: no closer than that; ``any_year``: month and day as MMDD."""

    first: int
    last: int
    unknown: bool = False
    any_year: int | None = None


_NOTHING_KNOWN = Span(18000101, 99991231, unknown=True)


def on_record(text: str) -> Span:
    """Return what a record's text says of a birth date."""
    plain = unicodedata.normalize("NFKC", text)
    day = _of_forms(_squeezed(plain))
    if day is not None and day.first == day.last:
        return day
    found = _ON_RECORD.search(plain)
    if found is None:
        return _NOTHING_KNOWN
    span, of_month = (_span(**found.groupdict() | more) for more in ({}, {"day": None}))
    if span is not None:
        return Span(span.first, span.last, unknown=found[0] != plain)
    # No such day, as 29 February of a common year, which a record may have.
    return Span(of_month.first, of_month.last, unknown=True) if of_month else _NOTHING_KNOWN


def as_typed(text: str) -> list[Span]:
    """Return what a word may mean as a date: nothing where it is none, several where the era is left open."""
    plain = _squeezed(unicodedata.normalize("NFKC", text))
    if "不詳" not in plain:
        return _readings(plain)
    known = re.sub("(?:年?月?日|年?月|[.年])?不詳$", "", plain)
    if not known:
        return [_NOTHING_KNOWN]
    return [Span(one.first, one.last, True, one.any_year) for one in _readings(known)]


def _squeezed(text: str) -> str:
    return text.strip().upper().replace(" ", "")


def _readings(plain: str) -> list[Span]:
    span = _of_forms(plain)
    if span is not None:
        return [span]
    if found := _ERA_LEFT_OPEN.fullmatch(plain):
        year, month, day = found.groups()
        tried = (_span(era=letter, year=year, month=month, day=day) for letter, *_ in _ERAS)
        return [one for one in tried if one is not None]
    if found := _OF_ANY_YEAR.fullmatch(plain):
        month, day = map(int, found.groups())
        if _day(2000, month, day):  # which has a 29th of February
            return [Span(_NOTHING_KNOWN.first, _NOTHING_KNOWN.last, any_year=month * 100 + day)]
    return []


def _of_forms(plain: str) -> Span | None:
    for form in _FORMS:
        if found := form.fullmatch(plain):
            return _span(**found.groupdict())
    return None


def _span(
    *,
    year: str | None,
    month: str | None,
    day: str | None,
    era: str | None = None,
    western: str | None = None,
) -> Span | None:
    """Return the days of a year, a month or a day that are of its era; none where there is no such day."""
    number = 1 if year == "元" else int(western or year or "0")
    lower, upper = _SOLAR_SINCE, _FAR_OFF
    if era is not None:
        first_year, lower, upper = next(known[3:] for known in _ERAS if era in {*known[:3], known[2][0]})
        number += first_year - 1
    first = _day(number, int(month or "1"), int((month and day) or "1"))
    if first is None:
        return None
    first, last = max(first, lower), min(_last(first, has_month=bool(month), has_day=bool(day)), upper)
    return Span(_number(first), _number(last)) if first <= last else None


def _last(first: date, *, has_month: bool, has_day: bool) -> date:
    if has_month and has_day:
        return first
    if has_month:
        return (first.replace(day=1) + timedelta(days=31)).replace(day=1) - timedelta(days=1)
    return date(first.year, 12, 31)


def _day(year: int, month: int, day: int) -> date | None:
    try:
        found = date(year, month, day)
    except ValueError:
        return None
    return found if year <= _LATEST_YEAR else None


def _number(day: date) -> int:
    return day.year * 10_000 + day.month * 100 + day.day
