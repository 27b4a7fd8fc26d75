"""``bytes.json``: what each up-link carried, day by day. Counts alone; whoever reads them learns of nobody."""

from datetime import date
from pathlib import Path

import msgspec

from client.domain.errors import StoreError
from client.rules.usage import Bytes, Usage
from offline.store.files import read_whole, write_whole

FILE = "bytes.json"


class _File(msgspec.Struct, frozen=True):
    days: dict[date, dict[str, tuple[int, int]]]  # sent, received


def read_usage(folder: Path) -> Usage:
    """Return the counts; none where there is no file, or one that cannot be read: they are worth no trouble."""
    try:
        kept = msgspec.json.decode(read_whole(folder / FILE) or b"", type=_File)
    except (msgspec.DecodeError, UnicodeDecodeError, StoreError):
        return Usage()
    return Usage(
        {day: {uplink: Bytes(*both) for uplink, both in counts.items()} for day, counts in kept.days.items()}
    )


def write_usage(folder: Path, usage: Usage) -> None:
    """Write the counts down. StoreError."""
    days = {
        day: {uplink: (count.sent, count.received) for uplink, count in counts.items()}
        for day, counts in usage.days.items()
    }
    write_whole(folder / FILE, msgspec.json.encode(_File(days)))
