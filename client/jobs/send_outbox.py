"""Send the outbox: one batch a round, each answer settled; what got no answer is unknown, never failed.

An unknown change is sent again with its own key: the cloud then tells its first answer, or acts for the first time.
"""

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from client.domain.change import ChangeState, CloudAnswer, QueuedChange
from client.domain.errors import CounterError, LinkDownError, RefusedError, SignInNeededError
from client.jobs.ports import CloudCommands, Ledger, Link, Now
from client.rules import outbox

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
    ) -> None:
        self._cloud = cloud
        self._ledger = ledger
        self._link = link
        self._now = now
        self._jitter = jitter
        self._one_at_a_time = asyncio.Lock()

    async def round(self) -> SendReport:
        """Send one batch, if anything is ready and the line is up."""
        async with self._one_at_a_time:
            if not self._link.usable:
                return SendReport()
            ready = outbox.ready(await self._ledger.outbox(), self._now())
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
        await self._ledger.lease(tuple(change.key for change in batch), now=self._now())
        began = time.monotonic()
        try:
            answers = await self._cloud.send(batch)
        except LinkDownError as error:
            self._link.note_failure(error)
            return await self._no_answer(batch, error)
        except (SignInNeededError, RefusedError) as error:
            # Not one item was looked at: clock, revocation or a batch the cloud cannot read.
            return await self._no_answer(batch, error)
        self._link.note_success(round((time.monotonic() - began) * 1000))
        told = {answer.key: answer for answer in answers}
        for change in batch:
            if change.key in told:
                await self._settle(told[change.key])
        silent = tuple(change for change in batch if change.key not in told)
        report = SendReport(
            sent=len(batch),
            accepted=sum(answer.outcome == "accepted" for answer in answers),
            to_settle=sum(answer.outcome != "accepted" for answer in answers),
            more=more,
        )
        return _sum(report, await self._no_answer(silent, LinkDownError(_UNANSWERED))) if silent else report

    async def _settle(self, answer: CloudAnswer) -> None:
        state = outbox.step(ChangeState.SENDING, outbox.EVENT_OF_OUTCOME[answer.outcome])
        await self._ledger.settle(answer.key, state, receipt=answer.receipt, words=answer.words)

    async def _no_answer(self, batch: tuple[QueuedChange, ...], error: CounterError) -> SendReport:
        unknown = outbox.step(ChangeState.SENDING, outbox.Event.UNANSWERED)
        soonest: datetime | None = None
        for change in batch:
            wait = outbox.backoff(change.attempts + 1, self._jitter())
            at = self._now() + max(wait, _asked_wait(error))
            soonest = min(soonest, at) if soonest else at
            await self._ledger.settle(change.key, unknown, words=error.code)
            await self._ledger.postpone((change.key,), next_try_at=at, words=error.code)
        return SendReport(unknown=len(batch), next_try_at=soonest, trouble=error)


def _batch(ready: tuple[QueuedChange, ...]) -> tuple[QueuedChange, ...]:
    """Take the oldest together up to a size; those that have failed before go alone, the least tried first."""
    batch: list[QueuedChange] = []
    size = 0
    for change in (one for one in ready if one.attempts < _ALONE_AFTER):
        size += len(change.sealed)
        if len(batch) == _BATCH or (batch and size > _BATCH_BYTES):
            break
        batch.append(change)
    return tuple(batch) or tuple(sorted(ready, key=lambda one: one.attempts)[:1])


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
