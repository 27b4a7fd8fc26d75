"""Hand the outbox to the hall server while the cloud is away.

The carrier's word counts for nothing: what was handed over is *unknown*, and stays so until the cloud itself has answered
for its key. When the line is back it is sent again as all that is unknown, and takes effect once.
"""

from datetime import timedelta
from typing import Protocol

from client.domain.change import ChangeState, Fate, QueuedChange
from client.domain.errors import CounterError, LinkDownError, RefusedError
from client.jobs.ports import Ledger, Now
from client.rules import outbox
from client.rules.table import OutOfTurnError

_BATCH = 50
_BATCH_BYTES = 400_000
_ANY_NUMBER = 1_000_000  # of tries: nothing is held back from a carrier that has not had it
_AGAIN = timedelta(seconds=5)  # for the cloud, not for the carrier


class Carrier(Protocol):
    """Whoever will bring sealed changes to the cloud."""

    async def probe(self) -> None:
        """Ask whether it is there. LinkDownError."""
        ...

    async def give(self, changes: tuple[QueuedChange, ...]) -> None:
        """Hand a batch over. LinkDownError, RefusedError."""
        ...


class HandOver:
    """Gives each change to the carrier once, as long as this program runs."""

    def __init__(self, carrier: Carrier, ledger: Ledger, *, now: Now) -> None:
        self._carrier = carrier
        self._ledger = ledger
        self._now = now
        self._given: set[str] = set()

    async def round(self) -> int:
        """Hand over what waits; returns how many changes. LinkDownError where the carrier is not there, StoreError."""
        batch = _batch(await self._waiting())
        if not batch:
            return 0
        await self._carrier.probe()  # or a change would count as tried that never left
        try:
            await self._ledger.lease(tuple(change.key for change in batch), now=self._now())
        except OutOfTurnError:
            return 0  # the line came back meanwhile, or a clerk took one back: the next round looks anew
        trouble: CounterError = LinkDownError("link.handed_over")
        try:
            await self._carrier.give(batch)
        except (LinkDownError, RefusedError) as error:
            trouble = error
        unknown = outbox.step(ChangeState.SENDING, outbox.Event.UNANSWERED)
        at = self._now() + _AGAIN
        await self._ledger.settle_all(
            tuple(Fate(change.key, unknown, words=trouble.code, next_try_at=at) for change in batch)
        )
        if trouble.code == "link.handed_over" or isinstance(trouble, RefusedError):
            # What it does not carry waits for the line, and nothing else waits for that.
            self._given.update(change.key for change in batch)
        if trouble.code != "link.handed_over":
            raise trouble
        return len(batch)

    async def _waiting(self) -> tuple[QueuedChange, ...]:
        most = _BATCH + len(self._given)
        ready = await self._ledger.ready(self._now(), limit=most, alone_after=_ANY_NUMBER)
        return tuple(change for change in ready if change.key not in self._given)


def _batch(waiting: tuple[QueuedChange, ...]) -> tuple[QueuedChange, ...]:
    batch: list[QueuedChange] = []
    size = 0
    for change in waiting[:_BATCH]:
        size += len(change.sealed)
        if batch and size > _BATCH_BYTES:
            break
        batch.append(change)
    return tuple(batch)
