"""Give neighbours what is held here, take what is held there: only ever additions, each by its maker's own signature.

A neighbour is asked for the names of what it has; where those are the same as before, it answers with nothing. What is
wanted and what it lacks crosses in one call. No call takes anything back: nothing said again or out of turn lifts a hold.
"""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Protocol

from client import logs
from client.domain.errors import CounterError, LinkDownError, RefusedError
from client.domain.hold import Hold
from client.jobs.hold_ports import Heard, HeldBook, HoldDoor, HoldSeal
from client.jobs.ports import JournalEntry, Ledger, Now
from client.rules.hold_wire import MOST_AT_ONCE, MOST_PERSONS, name_of

_MOST_NAMES = 20_000  # of a neighbour's answer, and of those remembered as looked at


class HeldLedger(HeldBook, Ledger, Protocol):
    """The ledger, whole."""


@dataclass(slots=True)
class _Neighbour:
    door: HoldDoor
    last: tuple[bytes, ...] = ()
    given: set[bytes] = field(default_factory=set)
    asked: set[bytes] = field(
        default_factory=set
    )  # what it names and never gives is not asked of it for ever


class ShareHolds:
    """What a terminal tells and hears; also what it answers its neighbours with (offline/hall)."""

    def __init__(
        self, ledger: HeldLedger, seal: HoldSeal, neighbours: Mapping[str, HoldDoor], *, now: Now
    ) -> None:
        self._ledger = ledger
        self._seal = seal
        self._neighbours = {address: _Neighbour(door) for address, door in neighbours.items()}
        self._now = now
        self._own: dict[Hold, bytes] = {}
        self._looked_at: set[bytes] = set()  # names of what need not be fetched again
        self._full: set[str] = set()  # terminals of which no more is taken, said once

    async def round(self) -> None:
        """Ask every neighbour, and give it what it lacks. The last LinkDownError where one was not there; StoreError."""
        trouble: CounterError | None = None
        for address, one in self._neighbours.items():
            try:
                await self._with(one, address)
            except (LinkDownError, RefusedError) as error:
                trouble = error
        if trouble is not None:
            raise trouble

    async def names(self) -> tuple[bytes, ...]:
        """Return the names of what is held here, own ones first. StoreError."""
        own = await self._own_wires()
        return (*own, *(one for one in await self._ledger.held_wires() if one not in own))

    async def wires(self, wanted: Collection[bytes]) -> tuple[bytes, ...]:
        """Return some of it. StoreError."""
        own = await self._own_wires()
        mine = tuple(own[name] for name in wanted if name in own)
        return (*mine, *await self._ledger.wires([name for name in wanted if name not in own]))

    async def take(self, wires: Iterable[bytes], giver: str) -> None:
        """Take what somebody brings, each by its maker's own signature; what is no hold is named in the log. StoreError."""
        for wire in wires:
            name = name_of(wire)
            if name in self._looked_at:
                continue
            try:
                hold = self._seal.open(wire, self._now())
            except (LinkDownError, RefusedError) as error:
                why = str(error.facts.get("reason", error.code))
                logs.logger().warning("hold refused", refused=why, code=error.code, source=giver)
            else:
                await self._hear(hold, wire, giver)
            if len(self._looked_at) >= _MOST_NAMES:
                self._looked_at.clear()
            self._looked_at.add(name)

    async def _hear(self, hold: Hold, wire: bytes, giver: str) -> None:
        if await self._ledger.hear_hold(hold, wire, giver=giver) is not Heard.TOO_MANY:
            return
        if hold.terminal not in self._full:
            self._full.add(hold.terminal)
            logs.logger().error("too many holds", terminal_no=hold.terminal, count=MOST_PERSONS)
            facts: dict[str, str | int] = {
                "what": "too_many",
                "terminal": hold.terminal,
                "most": MOST_PERSONS,
            }
            await self._ledger.record(JournalEntry("hold", hold.terminal, (), facts))

    async def _with(self, one: _Neighbour, address: str) -> None:
        told = await one.door.names(sha256(b"".join(one.last)).digest())
        if told is not None:
            one.last = told[:_MOST_NAMES]
        mine = await self.names()
        known = {*mine, *self._looked_at}
        want = [name for name in one.last if name not in known and name not in one.asked]
        there = {*one.last, *one.given}
        give = [name for name in mine if name not in there]
        while want or give:
            wires = await self.wires(give[:MOST_AT_ONCE])
            got = await one.door.exchange(want[:MOST_AT_ONCE], wires)
            one.given.update(give[:MOST_AT_ONCE])
            one.asked.update(want[:MOST_AT_ONCE])
            await self.take(got, address)
            want, give = want[MOST_AT_ONCE:], give[MOST_AT_ONCE:]

    async def _own_wires(self) -> dict[bytes, bytes]:
        """Return what this terminal stands behind, signed once while its papers are the same."""
        standing = await self._ledger.own_holds()
        sealed = {hold: self._own.get(hold) or self._seal.seal(hold) for hold in standing}
        self._own = {hold: wire for hold, wire in sealed.items() if wire is not None}
        return {name_of(wire): wire for wire in self._own.values()}
