"""Send the outbox: one batch a round, each answer settled; what got no answer is unknown, never failed.

An unknown change is sent again with its own key: the cloud then tells its first answer, or acts for the first time.
Whether a batch without answers stops everything, is taken apart or waits is said by ``client/rules/sending.py``.
"""

import asyncio
import time
from collections import Counter
from collections.abc import Awaitable, Callable, Container
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Protocol

from client.domain.change import ChangeState, CloudAnswer, Fate, QueuedChange
from client.domain.errors import (
    ConflictError,
    CounterError,
    LinkDownError,
    RefusedError,
    SignInNeededError,
)
from client.jobs.ports import CloudCommands, Now
from client.rules import outbox, sending
from client.rules.sending import Trouble
from client.rules.services import COMMANDS
from client.rules.table import OutOfTurnError

_BATCH, _MOST = 50, 400  # the first, and the most; the cloud takes 500
_QUICK_S = 1.0  # a whole batch answered within it: the next may be twice as large
_BATCH_BYTES = 400_000
_ALONE_AFTER = 2  # attempts after which a change travels alone, so that one bad one cannot stop the others
_UNANSWERED = "link.fault"
_NO_ANSWERS = (LinkDownError, SignInNeededError, RefusedError, ConflictError)  # not one item was looked at


class Queue(Protocol):
    """The part of a ledger that is sent from."""

    async def ready(self, now: datetime, *, limit: int, alone_after: int) -> tuple[QueuedChange, ...]:
        """Return what may be sent now, oldest first; of what was tried often, the least tried alone."""
        ...

    async def lease(self, keys: tuple[str, ...], *, now: datetime) -> None:
        """Mark changes as being sent. OutOfTurnError."""
        ...

    async def settle_all(self, fates: tuple[Fate, ...]) -> None:
        """Write what became of a batch, in one transaction."""
        ...


class Line(Protocol):
    """The part of a link that a sender asks and tells."""

    def usable_for(self, service: str, /) -> bool:
        """Tell whether a call is worth its wait."""
        ...

    def note_success(self, ms: int, *, service: str = "") -> None:
        """Note an answer."""
        ...

    def note_failure(self, error: LinkDownError) -> None:
        """Note that there was none."""
        ...


@dataclass(frozen=True, slots=True)
class SendReport:
    """What a round did; ``trouble`` is what the line or the cloud said where there was no answer."""

    sent: int = 0
    accepted: int = 0
    to_settle: int = 0  # conflicts and refusals: a person is needed
    unknown: int = 0
    more: bool = False  # another batch could go at once
    apart: bool = False  # a batch was taken apart or one was set aside: the others go on at once
    next_try_at: datetime | None = None
    trouble: CounterError | None = None


async def _nothing() -> None:
    """Need nothing."""


@dataclass(frozen=True, slots=True)
class Stop:
    """Why nothing of the queue is sent, and when the cloud is asked next whether that is over."""

    error: CounterError
    tries: int
    next_try_at: datetime | None


class SendOutbox:
    """Carries what waits to the cloud, with the terminal's own proof, whoever is signed in."""

    def __init__(
        self,
        cloud: CloudCommands,
        ledger: Queue,
        link: Line,
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
        self._stop: Stop | None = None
        self._passed = ""  # what stopped all and an empty batch did not meet: then it is about the content
        self._size, self._most = _BATCH, _MOST
        self._alone: set[str] = set()
        self._stumbled: Counter[str] = Counter()

    @property
    def stopped(self) -> CounterError | None:
        """Return what keeps the whole queue back, if anything does."""
        return self._stop.error if self._stop else None

    async def at_once(self) -> SendReport:
        """Send without waiting for the time to ask whether a stop is over."""
        if self._stop is not None:
            self._stop = replace(self._stop, next_try_at=None)
        return await self.drain()

    async def round(self) -> SendReport:
        """Send one batch, if anything is ready and the line is up."""
        async with self._one_at_a_time:
            if not self._link.usable_for(COMMANDS):
                return SendReport()
            await self._write(self._unwritten)
            if self._stop is not None and not await self._is_over(self._stop):
                return SendReport(next_try_at=self._stop.next_try_at, trouble=self._stop.error)
            if trouble := await self._before():
                return SendReport(trouble=trouble)
            limit = self._size + 1 + len(self._alone)  # those that go alone may be the oldest
            ready = await self._ledger.ready(self._now(), limit=limit, alone_after=_ALONE_AFTER)
            batch = _batch(ready, self._alone, self._size)
            return await self._send(batch, more=len(batch) < len(ready)) if batch else SendReport()

    async def drain(self) -> SendReport:
        """Send batch after batch until nothing is ready or there is trouble; returns the sum."""
        total = SendReport()
        while True:
            report = await self.round()
            total = _sum(total, report)
            if not report.apart and (report.trouble or not report.sent):
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
        except _NO_ANSWERS as error:
            return await self._failed(batch, error)
        self._passed, took = "", time.monotonic() - began
        self._link.note_success(round(took * 1000), service=COMMANDS)
        if len(batch) == self._size and took < _QUICK_S:
            self._size = min(2 * self._size, self._most)
        told = {answer.key: answer for answer in answers}
        await self._write(tuple(_fate(told[one.key]) for one in batch if one.key in told))
        silent = tuple(change for change in batch if change.key not in told)
        report = SendReport(
            sent=len(batch),
            accepted=sum(answer.outcome == "accepted" for answer in answers),
            to_settle=sum(answer.outcome != "accepted" for answer in answers),
            more=more,
        )
        for change in batch:
            if change.key in told:
                self._let_go(change)
        if not silent:
            return report
        if len(batch) == 1:
            return await self._failed(batch, LinkDownError(_UNANSWERED))
        return _sum(report, await self._no_answer(silent, LinkDownError(_UNANSWERED)))

    async def _failed(self, batch: tuple[QueuedChange, ...], error: CounterError) -> SendReport:
        """Do as the class of the trouble says; what is sent next is little, whatever the line carried before."""
        self._size = _BATCH
        trouble = sending.class_of(error)
        if trouble is Trouble.STOP_ALL and self._passed == error.code:
            trouble = Trouble.PARK_ONE
        if isinstance(error, LinkDownError) and trouble is not Trouble.PARK_ONE:
            self._link.note_failure(error)
        if trouble is Trouble.STOP_ALL:
            return await self._stop_all(batch, error)
        if trouble is Trouble.PARK_ONE and len(batch) > 1:
            if len(batch) > _BATCH:  # too much for something on the way, or one of hundreds is bad
                self._most = max(len(batch) // 2, _BATCH)
            else:
                self._alone.update(change.key for change in batch)
            await self._write(tuple(_untried(change, error, None) for change in batch))
            return SendReport(unknown=len(batch), apart=True, trouble=error)
        if trouble is Trouble.PARK_ONE:
            return await self._set_aside(batch[0], error, "refused.cannot_be_read")
        if len(batch) == 1 and error.code == _UNANSWERED:
            self._stumbled[batch[0].key] += 1
            if self._stumbled[batch[0].key] >= sending.STUMBLES and await self._answers_nothing():
                return await self._set_aside(batch[0], error, "refused.stumbles")
        return await self._no_answer(batch, error)

    async def _stop_all(self, batch: tuple[QueuedChange, ...], error: CounterError) -> SendReport:
        self._stop = stop = self._stop_for(error, 1)
        await self._write(tuple(_untried(change, error, stop.next_try_at) for change in batch))
        return SendReport(unknown=len(batch), next_try_at=stop.next_try_at, trouble=error)

    def _stop_for(self, error: CounterError, tries: int) -> Stop:
        wait = max(outbox.backoff(tries, self._jitter()), _asked_wait(error))
        return Stop(error, tries, self._now() + wait)

    async def _is_over(self, stop: Stop) -> bool:
        """Ask with a batch that has nothing in it, when it is time."""
        if not outbox.is_due(stop.next_try_at, self._now()):
            return False
        try:
            await self._cloud.send(())
        except _NO_ANSWERS as error:
            if isinstance(error, LinkDownError):
                self._link.note_failure(error)
            still = error if sending.class_of(error) is Trouble.STOP_ALL else stop.error
            self._stop = self._stop_for(still, stop.tries + 1)
            return False
        self._stop, self._passed = None, stop.error.code
        return True

    async def _answers_nothing(self) -> bool:
        """Tell whether the cloud answers a batch with nothing in it: then what it stumbles over is in the other."""
        try:
            await self._cloud.send(())
        except _NO_ANSWERS:
            return False
        return True

    async def _set_aside(self, change: QueuedChange, error: CounterError, words: str) -> SendReport:
        """Park one for a person, unless the cloud remembers an answer for it; the others go on.

        A request the cloud has surely not acted on is refused, so that it can be written anew; all else stays unknown.
        """
        try:
            known = await self._cloud.ask(change.key)
        except _NO_ANSWERS:
            return await self._no_answer((change,), error)
        surely = change.state is ChangeState.QUEUED or sending.took_nothing(change.last_words)
        if known is not None:
            fate = _fate(known)
        elif surely and words != "refused.stumbles" and not change.kind.is_fact:
            fate = Fate(change.key, ChangeState.REFUSED, words=words)
        else:
            fate = Fate(change.key, outbox.step(ChangeState.SENDING, outbox.Event.UNANSWERED), words=words)
        self._let_go(change)
        await self._write((fate,))
        accepted = fate.state is ChangeState.ACCEPTED
        return SendReport(
            sent=1, accepted=int(accepted), to_settle=int(not accepted), apart=True, trouble=error
        )

    def _let_go(self, change: QueuedChange) -> None:
        self._alone.discard(change.key)
        self._stumbled.pop(change.key, None)

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


def _batch(ready: tuple[QueuedChange, ...], alone: Container[str], most: int) -> tuple[QueuedChange, ...]:
    """Take the oldest together up to a size; what has failed before comes alone, after all others."""
    batch: list[QueuedChange] = []
    size = 0
    together = tuple(change for change in ready if change.key not in alone)
    for change in together or ready[:1]:
        size += len(change.sealed)
        if len(batch) == most or (batch and size > _BATCH_BYTES):
            break
        batch.append(change)
    return tuple(batch)


def _fate(answer: CloudAnswer) -> Fate:
    state = outbox.step(ChangeState.SENDING, outbox.EVENT_OF_OUTCOME[answer.outcome])
    return Fate(
        answer.key,
        state,
        answer.receipt,
        answer.words or ("quarantined" if answer.quarantined else ""),
        remembered=answer.remembered,
    )


def _untried(change: QueuedChange, error: CounterError, next_try_at: datetime | None) -> Fate:
    """Return the fate of a change that was not looked at; a doubt there was about it before is kept."""
    unknown = outbox.step(ChangeState.SENDING, outbox.Event.UNANSWERED)
    in_doubt = change.state is ChangeState.UNKNOWN and not sending.took_nothing(change.last_words)
    words = change.last_words if in_doubt else error.code
    return Fate(change.key, unknown, words=words, next_try_at=next_try_at, counts=False)


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
        apart=one.apart or other.apart,
        next_try_at=min(waits, default=None),
        trouble=other.trouble or one.trouble,
    )
