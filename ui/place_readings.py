"""Readings of 町字 from the file that ``place_readings_file`` names: read whole, never a reason not to start."""

import asyncio
from pathlib import Path

from client import logs
from client.domain.place_readings import BadLine, PlaceReadings, read_readings

_MOST_BYTES = 4_000_000  # all 町字 of the country's largest city are a tenth of it


def read_file(path: str) -> PlaceReadings:
    """Return what a file tells; none where none is named. One that cannot be read at all is bad in its line 0."""
    if not path:
        return PlaceReadings()
    try:
        there = Path(path).expanduser()
        if not there.is_file():  # a pipe would be waited for
            return _bad("there is no such file")
        with there.open("rb") as file:
            content = file.read(_MOST_BYTES + 1)
    except (OSError, RuntimeError, ValueError):  # not to be opened; no home to expand to; no path at all
        return _bad("it cannot be opened")
    return (
        _bad(f"larger than {_MOST_BYTES:,} bytes") if len(content) > _MOST_BYTES else read_readings(content)
    )


def _bad(why: str) -> PlaceReadings:
    return PlaceReadings(bad_lines=(BadLine(0, why),))


class ReadingsAtHand:
    """Reads the file once, off the thread of the window; what is wrong with it is told by ``madoguchi config``."""

    def __init__(self, path: str) -> None:
        self._path = path
        self._read: PlaceReadings | None = None

    async def __call__(self) -> PlaceReadings:
        """Return the readings."""
        if self._read is None:
            self._read = read = await asyncio.to_thread(read_file, self._path)
            if read.bad_lines:
                logs.logger().warning("place readings not read", count=len(read.bad_lines))
        return self._read
