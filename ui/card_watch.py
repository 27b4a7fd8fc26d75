"""Who pulls the card leaves the counter: the screen locks, as after a while without a key.

While somebody beside the clerk is to show a card (一時解除), the clerk's may be out: there may be one reader only. It must
be back soon, and sooner once that screen is left; a card pulled at any other screen locks at once.
"""

import asyncio
import time
from collections.abc import Callable
from datetime import datetime
from typing import Protocol

from client.domain.errors import SignInNeededError, StoreError
from ui.face import Face

EVERY = 1.0  # seconds; reading a slot takes a few thousandths
AWAY = 180.0  # seconds the clerk's card may be out for somebody else's, at most
BACK = 20.0  # seconds after that screen was left
_BLIND = 2  # looks in a row at which the module broke: a card nobody can see is as good as pulled


class CardSeen(Protocol):
    """The card door as far as it tells whether a card is still there; its call takes its time."""

    occupied: Callable[[], str]

    @property
    def used_last(self) -> str:
        """Return the number of the card that was used last."""
        ...

    def is_in(self, serial: str) -> bool:
        """Tell whether a card is in a reader. StoreError ``card.module``."""
        ...


class CardWatch:
    """Looks for the card of whoever is at the counter, on a thread of its own each time.

    ``lends`` tells whether the screen is one at which the reader is somebody else's.
    """

    def __init__(
        self,
        door: CardSeen,
        face: Face,
        *,
        every: float = EVERY,
        lends: Callable[[], bool] = lambda: False,
        away: float = AWAY,
        back: float = BACK,
    ) -> None:
        self._door = door
        self._face = face
        self._every = every
        self._lends = lends
        self._away = away
        self._back = back
        self._blind = 0
        self._whose: tuple[str, datetime] | None = None
        self._card = ""
        self._out_since: float | None = None  # lent: it was out when that screen was there
        self._lent_until = 0.0
        door.occupied = self._clerks_card

    async def run(self) -> None:
        """Look without end; a sheet that is on its way comes out first."""
        while True:
            present = self._face.present_clerk
            self._sits_down()
            if present is None or await self._there():
                self._out_since = None
            elif self._over() and self._face.present_clerk is present:
                self._face.stop(SignInNeededError("card.removed"))
            await asyncio.sleep(self._every)

    def _clerks_card(self) -> str:
        return self._card if self._face.present_clerk is not None else ""

    def _sits_down(self) -> None:
        """Take the card of a sign-in for the clerk's; those shown later beside them are not."""
        present = self._face.present_clerk
        whose = (present.clerk.staff_id, present.at) if present else None
        if whose != self._whose:
            self._whose, self._card = whose, self._door.used_last

    def _over(self) -> bool:
        """Tell whether a card that is out has been out for too long."""
        now, lends = time.monotonic(), self._lends()
        if self._out_since is None:
            if not lends:
                return True
            self._out_since = now
        if lends:
            self._lent_until = now + self._back
        return now > min(self._out_since + self._away, self._lent_until)

    async def _there(self) -> bool:
        try:
            there = await asyncio.to_thread(self._door.is_in, self._card)
        except StoreError:
            self._blind += 1
            return self._blind < _BLIND
        self._blind = 0
        return there
