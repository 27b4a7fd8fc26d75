"""Ages in law: when a year is full, and what an uncertain birth date leaves open.

年齢計算ニ関する法律 counts the day of birth, and 民法 第143条第2項 ends a year on the eve of the day that bears the
date of the first. So an age is *reached* (達する) when the eve of the birthday ends, and the birthday is the first
day of that age; of one born on February 29 it is March 1 where there is no 29th.
"""

from datetime import date, timedelta
from enum import Enum

from client.domain.calendar import RegisterDate, parse_day

SEAL_AGE = 15  # 印鑑登録証明事務処理要領 第2の1(2)
_MONTHS = 12
_DAY = timedelta(days=1)


class Holds(Enum):
    """Whether something holds on a day; ``UNKNOWN`` where the record does not tell, and never counts as yes."""

    YES = "yes"
    NO = "no"
    UNKNOWN = "unknown"


def eve(day: date) -> date:
    """Return the day before; the calendar's first day is its own."""
    return day - _DAY if day > date.min else day


def morrow(day: date) -> date:
    """Return the day after; the calendar's last day is its own, as of terms written 9999年12月31日."""
    return day + _DAY if day < date.max else day


def corresponding(day: date, months: int) -> date:
    """Return the day of the same date some months later; the 1st of the month after where there is none."""
    years, month = divmod(day.month - 1 + months, _MONTHS)
    if day.year + years > date.max.year:
        return date.max
    try:
        return day.replace(year=day.year + years, month=month + 1)
    except ValueError:
        return day.replace(
            year=day.year + years, month=month + 2, day=1
        )  # never of December, which has 31 days


def birthday(birth: date, years: int) -> date:
    """Return the first day of an age."""
    return corresponding(birth, years * _MONTHS)


def reached_on(birth: date, years: int) -> date:
    """Return the day at whose end an age is reached (達する日): the eve of the birthday."""
    return eve(birthday(birth, years))


def month_after(day: date) -> date:
    """Return the 1st of the month after a day's month."""
    return corresponding(day.replace(day=1), 1)


def koreisha_from(birth: date) -> date:
    """Return from when the share of 高齢受給者 holds: the month after 70 is reached (国民健康保険法 第42条第1項第3号).

    For one born on a 1st that is the birthday, for 70 was reached in the month before.
    """
    return month_after(reached_on(birth, 70))


def koki_korei_from(birth: date) -> date:
    """Return from when one belongs to 後期高齢者医療 and no longer to 国民健康保険: the 75th birthday."""
    return birthday(birth, 75)


def school_from(birth: date) -> date:
    """Return the April 1 after 6 is reached, from when the share is no longer a small child's."""
    six = reached_on(birth, 6)
    april = six.replace(month=4, day=1)
    return april if april > six else corresponding(april, _MONTHS)


def counted_from(birth: RegisterDate) -> date | None:
    """Return the day ages are counted from; None where the record does not give a whole day of the calendar.

    Of 「昭和10年頃」, or of February 29 of a common year, the register keeps a day to sort by [STD j80, j90]. It is
    no birth date: what hangs on a birthday is then unknown.
    """
    return birth.day if birth.day is not None and parse_day(birth.text) == birth.day else None


def is_of_age(birth: RegisterDate, years: int, day: date) -> Holds:
    """Tell whether somebody has an age on a day."""
    counted = counted_from(birth)
    if counted is None:
        return Holds.UNKNOWN
    return Holds.YES if birthday(counted, years) <= day else Holds.NO
