"""Make unreadable here what was taken in of people who have come under support measures since (P08)."""

from collections.abc import Collection
from datetime import datetime
from typing import Protocol

from client.domain.change import ChangeKind
from client.domain.feed import Position
from client.domain.hold import Hold
from client.domain.resident import AtenaNo


class Readable(Protocol):
    """The part of a ledger that holds readable words of requests, and what is held of protected people."""

    async def readable_people(self) -> frozenset[AtenaNo]:
        """Return whom the readable words of requests are about."""
        ...

    async def make_unreadable(self, who: Collection[AtenaNo]) -> int:
        """Take the readable words of every request about some people from the disk; returns of how many requests."""
        ...

    async def holds_of(self, kind: ChangeKind, blocks_at: datetime) -> tuple[Hold, ...]:
        """Return all that is held by requests of a kind and that blocks of a moment do not surely tell of."""
        ...


class Sheltering(Protocol):
    """The part of the replica that knows who lives in a hidden home."""

    async def position(self) -> Position:
        """Return how far each feed is."""
        ...

    async def sheltered_among(
        self, who: Collection[AtenaNo], also: Collection[AtenaNo]
    ) -> frozenset[AtenaNo]:
        """Return who of some people lives with somebody under support measures, or with one of ``also``."""
        ...


class ShelterOutbox:
    """Looks after each round: a block may have come for somebody whose notification lies here."""

    def __init__(self, ledger: Readable, replica: Sheltering) -> None:
        self._ledger = ledger
        self._replica = replica

    async def __call__(self) -> int:
        """Make unreadable what must be; returns how many requests. StoreError."""
        who = await self._ledger.readable_people()
        if not who:
            return 0
        blocks = (await self._replica.position()).blocks
        held = await self._ledger.holds_of(ChangeKind.SHIEN_SOCHI, blocks.at) if blocks else ()
        also = frozenset(number for hold in held for number in hold.residents)
        sheltered = await self._replica.sheltered_among(who, also)
        return await self._ledger.make_unreadable(sheltered) if sheltered else 0
