"""Who pulls the card leaves the counter: the screen locks, as after a while without a key."""

import asyncio
from typing import Protocol

from client.domain.errors import SignInNeededError, StoreError
from ui.face import Face

EVERY = 1.0  # seconds; reading a slot takes a few thousandths
_BLIND = 2  # looks in a row at which the module broke: a card nobody can see is as good as pulled


class CardSeen(Protocol):
    """The card door as far as it tells whether a card is still there; its call takes its time."""

    def still_in(self) -> bool:
        """Tell whether the card of the last sign-in is in its reader. StoreError ``card.module``."""
        ...


class CardWatch:
    """Looks for the card of whoever is at the counter, on a thread of its own each time."""

    def __init__(self, door: CardSeen, face: Face, *, every: float = EVERY) -> None:
        self._door = door
        self._face = face
        self._every = every
        self._blind = 0

    async def run(self) -> None:
        """Look without end; a sheet that is on its way comes out first."""
        while True:
            present = self._face.present_clerk
            if present is not None and not await self._there() and self._face.present_clerk is present:
                self._face.stop(SignInNeededError("card.removed"))
            await asyncio.sleep(self._every)

    async def _there(self) -> bool:
        try:
            there = await asyncio.to_thread(self._door.still_in)
        except StoreError:
            self._blind += 1
            return self._blind < _BLIND
        self._blind = 0
        return there
