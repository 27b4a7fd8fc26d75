"""What jobs need from the world to hold papers: the ledger's holds, the replica's word on them, the neighbours."""

from collections.abc import Collection, Iterable
from datetime import datetime
from enum import Enum
from typing import Protocol

from client.domain.blocks import Restrictions
from client.domain.change import ChangeKind
from client.domain.hold import Hold
from client.domain.resident import AtenaNo, HouseholdNo


class Heard(Enum):
    """What became of a neighbour's hold."""

    TAKEN = "taken"
    KNOWN = "known"  # standing, ended, or our own
    TOO_MANY = "too_many"  # of one terminal; told in the journal once


class Ending(Enum):
    """Why a neighbour's hold stands no longer; never by a neighbour's word."""

    FEED = "feed"  # the blocks feed told of the request itself
    REFUSED = "refused"  # by the cloud
    DECIDED = "decided"  # the cloud took it in, and the replica is younger than that
    RELEASED = "released"  # by an officer here


class HoldsAtHand(Protocol):
    """The ledger, asked what is held now: by its own outbox and by neighbours."""

    async def holds_on(self, residents: Iterable[AtenaNo]) -> tuple[Hold, ...]:
        """Return what is held of some residents."""
        ...

    async def holds_of(self, kind: ChangeKind, blocks_at: datetime) -> tuple[Hold, ...]:
        """Return all that is held by requests of a kind and that blocks of a moment do not surely tell of."""
        ...


class HomesAtHand(Protocol):
    """The replica, asked where people live."""

    async def homes_of(self, who: Iterable[AtenaNo]) -> frozenset[HouseholdNo]:
        """Return the households of some residents, of those that are known."""
        ...


class HeldBook(Protocol):
    """The ledger, as far as it keeps what neighbours hold, and tells of its own."""

    async def own_holds(self) -> tuple[Hold, ...]:
        """Return what this terminal itself stands behind."""
        ...

    async def heard_holds(self) -> tuple[Hold, ...]:
        """Return what neighbours hold and nothing has ended, oldest first."""
        ...

    async def held_wires(self) -> tuple[bytes, ...]:
        """Return the names of what was heard and stands, as it is handed on."""
        ...

    async def wires(self, names: Collection[bytes]) -> tuple[bytes, ...]:
        """Return some of it, as it came."""
        ...

    async def hear_hold(self, hold: Hold, wire: bytes, *, giver: str) -> Heard:
        """Keep a neighbour's hold and write it into the journal, in one commit; one known already changes nothing."""
        ...

    async def end_hold(self, hold: Hold, ending: Ending, *, actor: str, reason: str = "") -> bool:
        """End a neighbour's hold, in the journal too; False where it did not stand."""
        ...


class ToldRows(Protocol):
    """The replica, asked what the blocks feed told."""

    async def told_of(self, keys: Collection[str]) -> Restrictions:
        """Return the rows of some requests, by key, among the blocks."""
        ...


class HoldDoor(Protocol):
    """A neighbour, as far as it takes and gives holds. It says LinkDownError, RefusedError."""

    async def names(self, known: bytes) -> tuple[bytes, ...] | None:
        """Return the names of what it has; None where that is what ``known``, a hash of names, says."""
        ...

    async def exchange(self, want: Collection[bytes], give: Collection[bytes]) -> tuple[bytes, ...]:
        """Hand over some, and return those that are wanted, as far as it has them."""
        ...


class HoldSeal(Protocol):
    """What a terminal seals and opens holds with, while its stores are open and it has its papers."""

    def seal(self, hold: Hold) -> bytes | None:
        """Return an own hold signed and sealed; None where there is no lease to show."""
        ...

    def open(self, wire: bytes, now: datetime) -> Hold:
        """Return a hold whose maker is one of the town's. LinkDownError, RefusedError."""
        ...
