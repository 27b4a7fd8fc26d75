"""Readings of 町字, read from their file when they are first wanted, off the thread of the window."""

import asyncio

from client import logs
from client.domain.place_readings import PlaceReadings
from client.place_readings_file import read_file


class ReadingsAtHand:
    """Reads the file once; what is wrong with it is told by ``madoguchi config``, here only that something is."""

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
