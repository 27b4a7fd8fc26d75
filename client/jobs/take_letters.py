"""Take the letters of the town's own (外字) from the replica to whoever draws: at sign-in, and when they have changed."""

import asyncio
from collections.abc import Awaitable, Callable

from client.domain.calendar import tokyo_day
from client.domain.errors import StoreError
from client.domain.gaiji import Gaiji
from client.jobs.ports import Now, OwnLetters


class TakeLetters:
    """Reads what is in force today; ``draw`` hears of it only where it differs from what was drawn before."""

    def __init__(
        self, replica: OwnLetters, draw: Callable[[tuple[Gaiji, ...]], Awaitable[None]], *, now: Now
    ) -> None:
        self._replica = replica
        self._draw = draw
        self._now = now
        self._drawn: tuple[Gaiji, ...] = ()
        self._turn = (
            asyncio.Lock()
        )  # a sign-in and a round of sync may ask at once: the later word is drawn last

    async def __call__(self) -> None:
        """Take them. Where there is no replica to read, what is known stays: a letter without outline is named."""
        async with self._turn:
            try:
                found = (await self._replica.gaiji(on=tokyo_day(self._now()))).value
            except StoreError:  # not filled yet, damaged or closed: the sync and the sign-in say so
                return
            if found != self._drawn:
                await self._draw(found)
                self._drawn = found
