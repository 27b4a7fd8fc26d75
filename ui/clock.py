"""Times as a clerk reads them: Asia/Tokyo, wareki, and ages in words."""

from datetime import datetime, timedelta

from client.domain.calendar import TOKYO, wareki
from ui.text import Words

_DAYS = "月火水木金土日"


def in_tokyo(moment: datetime) -> datetime:
    """Return a moment in Japanese time."""
    return moment.astimezone(TOKYO)


def header_time(moment: datetime) -> str:
    """Return 令和8年11月20日（金）14:32."""
    here = in_tokyo(moment)
    return f"{wareki(here.date())}（{_DAYS[here.weekday()]}）{here:%H:%M}"


def short_time(moment: datetime, now: datetime) -> str:
    """Return 14:31:52 for today, 11月18日 14:31 for another day."""
    here, today = in_tokyo(moment), in_tokyo(now).date()
    return f"{here:%H:%M:%S}" if here.date() == today else f"{here.month}月{here.day}日 {here:%H:%M}"


def age_words(age: timedelta, words: Words) -> str:
    """Return an age in one unit: 28秒前, 27分前, 3時間前, 2日前."""
    seconds = max(0, int(age.total_seconds()))
    for unit, size in (("day", 86400), ("hour", 3600), ("minute", 60)):
        if seconds >= size * (2 if unit == "minute" else 1):
            return words(f"age.{unit}", n=seconds // size)
    return words("age.second", n=seconds)


def left_words(left: timedelta, words: Words) -> str:
    """Return a time still to wait in one unit, never less than it may be: 8秒, 3分, 2時間."""
    seconds = max(1, int(left.total_seconds()))
    for unit, size in (("hour", 3600), ("minute", 60)):
        if seconds >= size * 2:
            return words(f"left.{unit}", n=-(-seconds // size))
    return words("left.second", n=seconds)
