"""Days as eight digits, some parts perhaps unknown, and the words the register keeps of them ([STD j80, j90, j280])."""

from dataclasses import dataclass
from datetime import date

from cloud.layout.items import Settings
from cloud.wareki import write_wareki

_SIZE = 8
_LAST_DAY = 31


@dataclass(frozen=True, slots=True)
class Partial:
    """A day known in part, or one the calendar does not have: 29 February of an ordinary year."""

    year: int | None
    month: int | None
    day: int | None

    @property
    def nothing(self) -> bool:
        """Tell whether nothing is known at all."""
        return self.year is None


def read_digits(cell: str, settings: Settings) -> date | Partial:
    """Read YYYYMMDD; ValueError where it is no date, known or not."""
    if len(cell) != _SIZE or not (cell.isascii() and cell.isdigit()):
        raise ValueError("not eight digits")
    year, month, day = int(cell[:4]), int(cell[4:6]), int(cell[6:])
    try:
        return date(year, month, day)
    except ValueError:
        return _partial(cell, settings)


def _partial(cell: str, settings: Settings) -> Partial:
    year = None if cell[:4] in settings.unknown_years else int(cell[:4])
    month = None if cell[4:6] in settings.unknown_parts else int(cell[4:6])
    day = None if cell[6:] in settings.unknown_parts else int(cell[6:])
    if (year is None and month is not None) or (month is None and day is not None):
        raise ValueError("a month without its year, or a day without its month")
    if year == 0 or (month is not None and month > 12) or (day is not None and day > _LAST_DAY):
        raise ValueError("no such month or day")
    return Partial(year, month, day)


def digits(iso: str) -> str:
    """Write a day of the register; ValueError where it is not a plain one."""
    if date.fromisoformat(iso).isoformat() != iso:
        raise ValueError("not a plain day")
    return iso.replace("-", "")


def first_day(partial: Partial) -> str | None:
    """Return the first day it can be, where its year is known."""
    if partial.year is None:
        return None
    try:
        return date(partial.year, partial.month or 1, partial.day or 1).isoformat()
    except ValueError:  # not of the calendar: the first of the month after is as near
        return date(partial.year, partial.month or 1, 1).isoformat()


def words_of(day: date | Partial, *, western: bool) -> str:
    """Word a day as the register would; ValueError before 明治."""
    if isinstance(day, date):
        return f"{day.year}年{day.month}月{day.day}日" if western else write_wareki(day)
    if day.year is None:
        return "年月日不詳"
    # A year alone is named by the era of its last day, a month by that of its first; a person looks at each (a warning).
    known = date(day.year, day.month or 12, 1 if day.month else _LAST_DAY)
    year = f"{day.year}年" if western else write_wareki(known).partition("年")[0] + "年"
    if day.month is None:
        return f"{year}月日不詳"
    return f"{year}{day.month}月" + ("日不詳" if day.day is None else f"{day.day}日")
