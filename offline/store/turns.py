"""Work on files off the loop, one piece at a time."""

import asyncio
from collections.abc import Callable
from threading import Lock
from typing import TypeVar

from offline.store.files import trouble

T = TypeVar("T")


class Turns:
    """The turns of those who work on one folder."""

    def __init__(self) -> None:
        self._turn = Lock()

    async def __call__(self, work: Callable[[], T]) -> T:
        """Do a piece of work on a thread when nobody else is at it. StoreError where the disk fails."""
        return await asyncio.to_thread(self._alone, work)

    def _alone(self, work: Callable[[], T]) -> T:
        with self._turn:
            try:
                return work()
            except OSError as error:
                raise trouble(error) from error
