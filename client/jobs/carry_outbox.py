"""Bring the cloud what another terminal had queued: its envelopes, under its own signature; answers are written down here.

Keys, lanes and classes of trouble are the same as at their own terminal, so that it may come back and send too: each takes
effect once. What the cloud said no to waits for a person of the town: only its own terminal could write it again.
"""

import asyncio
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from client.domain.change import ChangeState, Fate, QueuedChange
from client.domain.errors import CounterError, LinkDownError
from client.jobs.ports import CloudCommands, JournalEntry, Now
from client.jobs.send_outbox import SendOutbox
from client.rules import outbox

_ROUNDS = 8
_LONGEST_WAIT_S = 5.0


class CarriedOutbox:
    """Another terminal's outbox in memory; fulfils send_outbox.Queue."""

    def __init__(self, changes: Iterable[QueuedChange]) -> None:
        self.changes = {change.key: _as_carried(change) for change in changes}

    async def ready(self, now: datetime, *, limit: int, alone_after: int) -> tuple[QueuedChange, ...]:
        """Return what may be sent now, oldest first; of what was tried often, the least tried alone."""
        found = outbox.ready(self.changes.values(), now)
        together = tuple(one for one in found if one.attempts < alone_after)[:limit]
        return together or tuple(sorted(found, key=lambda one: one.attempts)[:1])

    async def lease(self, keys: tuple[str, ...], *, now: datetime) -> None:
        """Mark changes as being sent."""
        for key in keys:
            change = self.changes[key]
            state = outbox.step(change.state, outbox.Event.PICKED)
            self.changes[key] = replace(change, state=state, attempts=change.attempts + 1)

    async def settle_all(self, fates: tuple[Fate, ...]) -> None:
        """Take what became of a batch."""
        for fate in fates:
            change = self.changes[fate.key]
            self.changes[fate.key] = replace(
                change,
                state=fate.state,
                receipt=fate.receipt,
                last_words=fate.words,
                next_try_at=fate.next_try_at,
                attempts=change.attempts if fate.counts else max(change.attempts - 1, 0),
            )


class OpenLine:
    """A line that is tried whatever was met before; fulfils attachment_ports.AttachmentLine."""

    usable = True

    def usable_for(self, _service: str) -> bool:
        """Tell that a call is worth its wait."""
        return True

    def note_success(self, ms: int, *, service: str = "", over: str = "") -> None:
        """Hear nothing."""

    def note_failure(self, error: LinkDownError) -> None:
        """Hear nothing."""


@dataclass(frozen=True, slots=True)
class Carried:
    """What became of each change, and the trouble that left some unsent, if any."""

    changes: tuple[QueuedChange, ...]
    trouble: CounterError | None

    def count(self, *states: ChangeState) -> int:
        """Return how many stand in some states."""
        return sum(change.state in states for change in self.changes)


class CarryOutbox:
    """Sends another terminal's outbox by this terminal's line, and writes each answer into this one's journal."""

    def __init__(
        self, cloud: CloudCommands, record: Callable[[JournalEntry], Awaitable[None]], *, now: Now
    ) -> None:
        self._cloud = cloud
        self._record = record
        self._now = now

    async def __call__(self, changes: Iterable[QueuedChange], *, terminal: str, actor: str) -> Carried:
        """Send until all is answered or trouble lasts; what is left may be brought again. StoreError."""
        book = CarriedOutbox(changes)
        sender = SendOutbox(self._cloud, book, OpenLine(), now=self._now, jitter=lambda: 0.0)
        before = dict(book.changes)
        trouble: CounterError | None = None
        for _ in range(_ROUNDS):
            report = await sender.drain()
            trouble = report.trouble
            if report.next_try_at is None:
                break
            wait = max(report.next_try_at - self._now(), timedelta(0)).total_seconds()
            await asyncio.sleep(min(wait, _LONGEST_WAIT_S))
        for key, change in book.changes.items():
            if change.state is not before[key].state:
                await self._record(_line(change, terminal, actor))
        left = any(change.state in outbox.UNDER_WAY for change in book.changes.values())
        return Carried(tuple(book.changes.values()), trouble if left else None)


def _as_carried(change: QueuedChange) -> QueuedChange:
    """Return a change as the carrier begins with it: what was under way, or not yet seen in a replica, is asked again."""
    if change.state in outbox.UNDER_WAY or change.state is ChangeState.ACCEPTED:
        return replace(change, state=ChangeState.UNKNOWN, last_words="", receipt=None, attempts=0)
    return change


def _line(change: QueuedChange, terminal: str, actor: str) -> JournalEntry:
    facts: dict[str, str | int] = {"key": change.key, "state": change.state.value, "carried_for": terminal}
    if change.receipt:
        facts["register_version"] = change.receipt.register_version
    return JournalEntry("answer", actor, (), facts)
