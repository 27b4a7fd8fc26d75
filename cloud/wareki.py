"""Days as clerks type them and as the register writes them ([STD j80, j90, j280])."""

import re
import unicodedata
from datetime import date

# letter, digit, name, first day; the last day of an era is a day of the next one too (明治45年7月30日)
_ERAS = (
    ("M", "1", "明治", date(1868, 1, 25)),
    ("T", "2", "大正", date(1912, 7, 30)),
    ("S", "3", "昭和", date(1926, 12, 25)),
    ("H", "4", "平成", date(1989, 1, 8)),
    ("R", "5", "令和", date(2019, 5, 1)),
)
_LUNAR_UNTIL = date(1873, 1, 1)  # before it days cannot be converted by formula
_SHARED_LAST_DAY = {"M": date(1912, 7, 30), "T": date(1926, 12, 25)}
_TYPED = re.compile(r"^(\D+?)?(\d{1,4}|元)[./年-](\d{1,2})[./月-](\d{1,2})日?$")


def write_wareki(day: date) -> str:
    """Write a day of the register: 令和8年11月20日, the first year as 元年."""
    for _, _, name, first in reversed(_ERAS):
        if day >= first:
            year = day.year - first.year + 1
            return f"{name}{'元' if year == 1 else year}年{day.month}月{day.day}日"
    raise ValueError("a day before 明治")


def read_day(typed: str) -> date | None:
    """Read a whole day, Japanese or western: S55.12.26 昭和55年12月26日 3551226 19801226 1980-12-26."""
    text = unicodedata.normalize("NFKC", typed).upper().replace(" ", "")
    if re.fullmatch(r"\d{8}", text):
        return _western(int(text[:4]), int(text[4:6]), int(text[6:]))
    if re.fullmatch(r"[1-5]\d{6}", text):
        return _in_era(text[0], int(text[1:3]), int(text[3:5]), int(text[5:]))
    found = _TYPED.match(text)
    if found is None:
        return None
    era, year_text, month, day = found.groups()
    year = 1 if year_text == "元" else int(year_text)
    if era is None:
        return _western(year, int(month), int(day)) if year >= _LUNAR_UNTIL.year else None
    return _in_era(era, year, int(month), int(day))


def _in_era(word: str, year: int, month: int, day: int) -> date | None:
    for index, (letter, digit, name, first) in enumerate(_ERAS):
        if word in {letter, digit, name, name[0]}:
            found = _western(first.year + year - 1, month, day)
            last = _SHARED_LAST_DAY.get(letter)
            until = _ERAS[index + 1][3] if index + 1 < len(_ERAS) else date.max
            inside = found is not None and found >= first and (found < until or found == last)
            return found if inside else None
    return None


def _western(year: int, month: int, day: int) -> date | None:
    try:
        return date(year, month, day)
    except ValueError:
        return None
