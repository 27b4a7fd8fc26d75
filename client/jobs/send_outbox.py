"""Send the outbox: one batch a round, each answer settled; what got no answer is unknown, never failed.

An unknown change is sent again with its own key: the cloud then tells its first answer, or acts for the first time.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from client.domain.change import ChangeState, CloudAnswer, Fate, QueuedChange
from client.domain.errors import (
    ConflictError,
    CounterError,
    LinkDownError,
    RefusedError,
    SignInNeededError,
)
from client.jobs.ports import CloudCommands, Ledger, Link, Now
from client.rules import outbox
from client.rules.services import COMMANDS
from client.rules.table import OutOfTurnError

_BATCH = 50
_BATCH_BYTES = 400_000
_ALONE_AFTER = 2  # attempts after which a change travels alone, so that one bad one cannot stop the others
_UNANSWERED = "link.fault"


@dataclass(frozen=True, slots=True)
class SendReport:
    """What a round did; ``trouble`` is what the line or the cloud said where there was no answer."""

    sent: int = 0
    accepted: int = 0
    to_settle: int = 0  # conflicts and refusals: a person is needed
    unknown: int = 0
    more: bool = False  # another batch could go at once
    next_try_at: datetime | None = None
    trouble: CounterError | None = None


async def _nothing() -> None:
    """Need nothing."""


class SendOutbox:
    """Carries what waits to the cloud, with the terminal's own proof, whoever is signed in."""

    def __init__(
        self,
        cloud: CloudCommands,
        ledger: Ledger,
        link: Link,
        *,
        now: Now,
        jitter: Callable[[], float],
        before: Callable[[], Awaitable[CounterError | None]] = _nothing,
    ) -> None:
        self._cloud = cloud
        self._ledger = ledger
        self._link = link
        self._now = now
        self._jitter = jitter
        self._before = before  # each batch: what must be known of the cloud first, or why that is not known
        self._one_at_a_time = asyncio.Lock()
        self._unwritten: tuple[
            Fate, ...
        ] = ()  # what the disk had no room for, or nobody waited to see written

    async def round(self) -> SendReport:
        """Send one batch, if anything is ready and the line is up."""
        async with self._one_at_a_time:
            if not self._link.usable_for(COMMANDS):
                return SendReport()
            await self._write(self._unwritten)
            if trouble := await self._before():
                return SendReport(trouble=trouble)
            ready = await self._ledger.ready(self._now(), limit=_BATCH + 1, alone_after=_ALONE_AFTER)
            batch = _batch(ready)
            return await self._send(batch, more=len(batch) < len(ready)) if batch else SendReport()

    async def drain(self) -> SendReport:
        """Send batch after batch until nothing is ready or there is trouble; returns the sum."""
        total = SendReport()
        while True:
            report = await self.round()
            total = _sum(total, report)
            if report.trouble or not report.sent:
                return total

    async def _send(self, batch: tuple[QueuedChange, ...], *, more: bool) -> SendReport:
        try:
            await self._ledger.lease(tuple(change.key for change in batch), now=self._now())
        except OutOfTurnError:
            return (
                SendReport()
            )  # a clerk took one back meanwhile, or the hall server has it: the next round looks anew
        began = time.monotonic()
        try:
            answers = await self._cloud.send(batch)
        except LinkDownError as error:
            self._link.note_failure(error)
            return await self._no_answer(batch, error)
        except (SignInNeededError, RefusedError, ConflictError) as error:
            # Not one item was looked at: clock, revocation, a batch the cloud cannot read, or a proxy's own no.
            return await self._no_answer(batch, error)
        self._link.note_success(round((time.monotonic() - began) * 1000), service=COMMANDS)
        told = {answer.key: answer for answer in answers}
        await self._write(tuple(_fate(told[one.key]) for one in batch if one.key in told))
        silent = tuple(change for change in batch if change.key not in told)
        report = SendReport(
            sent=len(batch),
            accepted=sum(answer.outcome == "accepted" for answer in answers),
            to_settle=sum(answer.outcome != "accepted" for answer in answers),
            more=more,
        )
        return _sum(report, await self._no_answer(silent, LinkDownError(_UNANSWERED))) if silent else report

    async def _write(self, fates: tuple[Fate, ...]) -> None:
        """Write down what became of changes. Where that fails it is done before the next round: else they would
        count as being sent for as long as the ledger is open.
        """
        self._unwritten = fates
        if fates:
            await self._ledger.settle_all(fates)
        self._unwritten = ()

    async def _no_answer(self, batch: tuple[QueuedChange, ...], error: CounterError) -> SendReport:
        unknown = outbox.step(ChangeState.SENDING, outbox.Event.UNANSWERED)
        now, fates = self._now(), []
        for change in batch:
            wait = max(outbox.backoff(change.attempts + 1, self._jitter()), _asked_wait(error))
            fates.append(Fate(change.key, unknown, words=error.code, next_try_at=now + wait))
        await self._write(tuple(fates))
        soonest = min((fate.next_try_at for fate in fates if fate.next_try_at), default=None)
        return SendReport(unknown=len(batch), next_try_at=soonest, trouble=error)


def _batch(ready: tuple[QueuedChange, ...]) -> tuple[QueuedChange, ...]:
    """Take the oldest together up to a size; what has failed before comes alone."""
    batch: list[QueuedChange] = []
    size = 0
    for change in ready:
        size += len(change.sealed)
        if len(batch) == _BATCH or (batch and size > _BATCH_BYTES):
            break
        batch.append(change)
    return tuple(batch)


def _fate(answer: CloudAnswer) -> Fate:
    state = outbox.step(ChangeState.SENDING, outbox.EVENT_OF_OUTCOME[answer.outcome])
    return Fate(answer.key, state, answer.receipt, answer.words, remembered=answer.remembered)


def _asked_wait(error: CounterError) -> timedelta:
    """Return the wait the cloud asked for, within reason."""
    seconds = error.facts.get("retry_after", 0)
    wait = timedelta(seconds=seconds) if isinstance(seconds, int) else timedelta(0)
    return min(wait, outbox.LONGEST_WAIT)


def _sum(one: SendReport, other: SendReport) -> SendReport:
    waits = [at for at in (one.next_try_at, other.next_try_at) if at]
    return SendReport(
        sent=one.sent + other.sent,
        accepted=one.accepted + other.accepted,
        to_settle=one.to_settle + other.to_settle,
        unknown=one.unknown + other.unknown,
        more=one.more or other.more,
        next_try_at=min(waits, default=None),
        trouble=other.trouble or one.trouble,
    )
