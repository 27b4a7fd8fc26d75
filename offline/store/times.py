"""Moments as the stores write them: UTC, to the microsecond, comparable as text."""

from datetime import UTC, datetime


def utc_text(moment: datetime) -> str:
    """Write an aware moment: 2026-11-20T05:32:00.000000Z."""
    if moment.tzinfo is None:
        raise ValueError("a moment must know its time zone")
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def utc_from(text: str) -> datetime:
    """Read a moment written by ``utc_text``, or any ISO text with a zone."""
    return datetime.fromisoformat(text).astimezone(UTC)
