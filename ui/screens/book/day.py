"""Days of the fields as moments of the book. No toolkit."""

from datetime import UTC, date, datetime, time, timedelta

from client.domain.calendar import TOKYO


def begin_of(day: date) -> datetime:
    """Return the moment a day begins in Japan, in UTC."""
    return datetime.combine(day, time(), TOKYO).astimezone(UTC)


def day_after(day: date) -> date:
    """Return the next day."""
    return day + timedelta(days=1)
