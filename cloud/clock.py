"""The cloud's own time: UTC on the wire, Asia/Tokyo for what day it is at the counter."""

from collections.abc import Callable
from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

Now = Callable[[], datetime]  # the time in UTC, aware

TOKYO = ZoneInfo("Asia/Tokyo")


def utc_now() -> datetime:
    """Return the present moment in UTC."""
    return datetime.now(UTC)


def stamp(moment: datetime) -> str:
    """Write a moment as the wire has it: 2026-11-20T05:32:00Z."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def read_stamp(text: str) -> datetime:
    """Read a moment off the wire; ValueError where it names no time zone."""
    moment = datetime.fromisoformat(text)
    if moment.tzinfo is None:
        raise ValueError("a moment without time zone")
    return moment.astimezone(UTC)


def day_in_tokyo(moment: datetime) -> date:
    """Return what day it is at the counter."""
    return moment.astimezone(TOKYO).date()
