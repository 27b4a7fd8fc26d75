"""Offer places the register knows to who types an address: from the replica alone, and none of a hidden home (P08)."""

from collections.abc import Awaitable, Callable, Collection
from contextlib import suppress
from dataclasses import replace
from typing import Protocol

from client.domain.change import ChangeKind
from client.domain.clerk import SignIn
from client.domain.errors import StoreError
from client.domain.feed import Position
from client.domain.place_readings import PlaceReadings
from client.domain.places import KnownPlace, PlaceQuery, PlaceSought
from client.domain.resident import AtenaNo
from client.jobs.hold_ports import HoldsAtHand
from client.jobs.ports import Now
from client.rules.holds import sheltered_by
from client.rules.sign_in import session_error


class PlacesAtHand(Protocol):
    """The replica, asked which places it knows."""

    async def position(self) -> Position:
        """Return how far blocks and register have come."""
        ...

    async def places(self, asked: PlaceQuery, *, sheltered: Collection[AtenaNo]) -> tuple[KnownPlace, ...]:
        """Return places as the register writes them; none known only from a home that is hidden, or is so by a hold."""
        ...


class SuggestPlaces:
    """Looks up places, not people: nobody is named, and nothing of it is in the journal."""

    def __init__(
        self,
        replica: PlacesAtHand,
        ledger: HoldsAtHand,
        *,
        now: Now,
        readings: Callable[[], Awaitable[PlaceReadings]] | None = None,
    ) -> None:
        self._replica = replica
        self._ledger = ledger
        self._now = now
        self._readings = readings

    async def __call__(self, sign_in: SignIn, asked: PlaceQuery) -> tuple[KnownPlace, ...]:
        """Return what may be offered; nothing while the replica cannot be asked. SignInNeededError."""
        if over := session_error(sign_in, self._now()):
            raise over
        if self._readings is not None and asked.sought is PlaceSought.TOWN:
            asked = replace(asked, named=(await self._readings()).named(asked.typed))
        with suppress(StoreError):  # whoever needs the replica is told; an address can be typed without help
            blocks = (await self._replica.position()).blocks
            if blocks is not None:
                holds = await self._ledger.holds_of(ChangeKind.SHIEN_SOCHI, blocks.at)
                return await self._replica.places(asked, sheltered=sheltered_by(holds, blocks.at))
        return ()
