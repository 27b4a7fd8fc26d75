"""The cloud's own time: UTC on the wire, Asia/Tokyo for what day it is at the counter."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

Now = Callable[[], datetime]  # the time in UTC, aware

TOKYO = ZoneInfo("Asia/Tokyo")


def utc_now() -> datetime:
    """Return the present moment in UTC."""
    return datetime.now(UTC)


_off: ContextVar[timedelta] = ContextVar("off", default=timedelta(0))


def may_be_off(now: Now) -> Now:
    """Return a clock that is wrong inside ``off_by``, and right everywhere else."""
    return lambda: now() + _off.get()


@contextmanager
def off_by(term: timedelta) -> Iterator[None]:
    """Let the clock be wrong for all that is done in this block, in whichever thread it is done."""
    token = _off.set(term)
    try:
        yield
    finally:
        _off.reset(token)


def stamp(moment: datetime) -> str:
    """Write a moment as the wire has it: 2026-11-20T05:32:00Z."""
    # Not strftime: of a year before 1000 it writes three digits.
    return moment.astimezone(UTC).replace(microsecond=0, tzinfo=None).isoformat() + "Z"


def read_stamp(text: str) -> datetime:
    """Read a moment off the wire; ValueError where it names no time zone, or none that a calendar has in UTC."""
    moment = datetime.fromisoformat(text)
    if moment.tzinfo is None:
        raise ValueError("a moment without time zone")
    try:
        return moment.astimezone(UTC)
    except OverflowError:
        raise ValueError("a moment beyond the calendar") from None


def day_in_tokyo(moment: datetime) -> date:
    """Return what day it is at the counter."""
    return moment.astimezone(TOKYO).date()


def end_of(day: date) -> datetime:
    """Return the moment a day is over at the counter."""
    return datetime.combine(day + timedelta(days=1), time(), TOKYO).astimezone(UTC)
