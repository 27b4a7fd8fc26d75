"""Cut the journal into signed runs, which the next round with a line sends before all else (P12)."""

from collections.abc import Callable
from typing import Protocol

from client.domain.change import OutboxCounts
from client.domain.journal import JournalStanding
from client.jobs.ports import Now
from client.rules import journal_run
from client.rules.retention import FOR_EVER, Retention
from client.rules.services import COMMANDS


class Runs(Protocol):
    """The part of a ledger that cuts its journal."""

    async def standing(self) -> JournalStanding:
        """Return how far the journal has come."""
        ...

    async def cut(self) -> int:
        """Cut what is in no run yet, sign it and lay it into the outbox, in one commit; returns how many runs."""
        ...

    async def prune(self, retention: Retention) -> int:
        """Take out what was kept long enough and is receipted, with a signed line of it; returns how many lines."""
        ...


class Waiting(Protocol):
    """The part of a ledger that says how much waits."""

    async def outbox_counts(self) -> OutboxCounts:
        """Return how much waits, without reading it."""
        ...


class Line(Protocol):
    """The part of a link that is asked."""

    def usable_for(self, service: str, /) -> bool:
        """Tell whether a call is worth its wait."""
        ...


class SendJournal:
    """Lays the journal into the outbox, without a line too: at a wipe runs are handed over, lines that are in none not.

    What waits beside it makes a run due only while it could go: without a line that would be a run of every line.
    """

    def __init__(
        self,
        runs: Runs,
        ledger: Waiting,
        link: Line,
        *,
        now: Now,
        retention: Retention = FOR_EVER,
        received: Callable[[JournalStanding], object] = lambda _: None,
    ) -> None:
        self._runs = runs
        self._ledger = ledger
        self._link = link
        self._now = now
        self._retention = retention
        self._received = received  # hears when the cloud has more of it, or less, than before
        self._last = -1

    async def round(self) -> JournalStanding:
        """Cut what is due; returns how far the journal has come."""
        standing = await self._runs.standing()
        if standing.received != self._last:
            self._last = standing.received
            self._received(standing)
            await self._runs.prune(
                self._retention
            )  # what the cloud has said last is the time it is judged by
        if not standing.uncut:
            return standing
        goes_now = self._link.usable_for(COMMANDS) and (await self._ledger.outbox_counts()).waiting > 0
        if not journal_run.is_due(standing, self._now(), others_wait=goes_now):
            return standing
        await self._runs.cut()
        return await self._runs.standing()
