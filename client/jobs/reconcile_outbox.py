"""Hold the outbox against the cloud, so that neither has anything the other has not.

Stands between the sender and the cloud. Each batch says what the cloud is believed to hold; where that is not so, none of
it is taken, and the two books are compared before anything goes out. At rest they are compared every hour, and once soon
after the last batch. What the cloud forgot goes out again under its key; what it holds unbidden is named.
"""

from collections.abc import Callable
from datetime import datetime, timedelta

from client.domain.change import CloudAnswer, QueuedChange
from client.domain.errors import (
    ConflictError,
    CounterError,
    LinkDownError,
    RefusedError,
    SignInNeededError,
    StoreError,
)
from client.domain.tally import Differences, Expected, Forgotten
from client.jobs.ports import Link, Now
from client.jobs.tally_ports import AnsweredBook, TalliedCommands
from client.rules.tally import Comparison, since_of, tally_of

AT_REST = timedelta(hours=1)
AFTER_SENDING = timedelta(minutes=10)
SAME_CLOCK = timedelta(seconds=300)  # further apart, nothing is deleted by either of them
MOST_QUESTIONS = 500
_AT_ONCE = 500  # changes in one commit
_FAULTS_BORNE = (
    3  # answers in a row that make no sense; then the outbox goes on without, for it may not stand still
)


class ReconcileOutbox:
    """Fulfils ``CloudCommands``; ``before`` is asked before each batch."""

    def __init__(
        self, cloud: TalliedCommands, book: AnsweredBook, link: Link, *, now: Now, keep: timedelta
    ) -> None:
        self._cloud = cloud
        self._book = book
        self._link = link
        self._now = now
        self._keep = keep
        self.named: Callable[[CounterError], object] = lambda _: None  # hears what a person must know
        self._believed: Expected | None = None
        self._in_doubt = True
        self._looked_at: datetime | None = None
        self._sent_at: datetime | None = None  # since the last look
        self._faults = 0  # in a row
        self._declined = 0  # batches in a row
        self._told_strangers = False

    async def before(self) -> CounterError | None:
        """Compare the books where that is due; returns why that could not be done, or None."""
        if not self._due():
            return None
        try:
            trouble = await self._look()
        except LinkDownError as error:
            self._faults = self._faults + 1 if error.code == "link.fault" else 0
            if self._faults >= _FAULTS_BORNE:
                self._rest()
                return None
            self._link.note_failure(error)
            return error
        except (RefusedError, SignInNeededError):  # the sender hears the same, of what matters more
            self._rest()
            trouble = None
        self._faults = 0
        return trouble

    async def send(self, changes: tuple[QueuedChange, ...]) -> tuple[CloudAnswer, ...]:
        """Send a batch to a cloud that holds what it is believed to hold. ConflictError ``conflict.tally``."""
        self._in_doubt = True  # until it has answered: what it heard is not known else
        expected = self._believed if self._declined < _FAULTS_BORNE else None
        try:
            answers = await self._cloud.send(changes, expected=expected)
        except ConflictError:
            self._declined += 1
            raise
        self._in_doubt, self._declined = len(answers) < len(changes), 0
        self._sent_at = self._now()
        if self._believed is not None:
            since, tally = self._believed.since, self._believed.tally
            new = (one for one in answers if one.remembered and not one.already and one.key >= since)
            self._believed = Expected(since, tally + tally_of((one.key, one.outcome) for one in new))
        return answers

    async def ask(self, key: str) -> CloudAnswer | None:
        """Return the remembered answer for a key, or None where the cloud never saw it."""
        return await self._cloud.ask(key)

    def _due(self) -> bool:
        now, looked = self._now(), self._looked_at
        if self._in_doubt or looked is None or now < looked or now - looked >= AT_REST:
            return True
        return self._sent_at is not None and now - self._sent_at >= AFTER_SENDING

    def _rest(self, believed: Expected | None = None) -> None:
        self._believed, self._in_doubt = believed, False
        self._looked_at, self._sent_at = self._now(), None

    async def _look(self) -> CounterError | None:
        since = since_of(self._now(), self._keep, await self._book.oldest_kept())
        told = await self._cloud.tally(since, None, whole=True)
        if told is None:
            self._rest()
            return None
        mine = await self._book.held(since)
        if told.tally != tally_of(mine.items()):
            comparison = Comparison(mine, since, told.tally)
            await self._ask(comparison)
            await self._settle(comparison.found)
            if comparison.question is not None:
                return LinkDownError("link.busy")  # a long way to go: on with it in the next round
        await self._name_strangers()
        self._rest(Expected(since, told.tally))
        if abs(told.at - self._now()) <= SAME_CLOCK:
            await self._book.clear_out(told.at, self._keep)
        return None

    async def _ask(self, comparison: Comparison) -> None:
        for _ in range(MOST_QUESTIONS):
            if comparison.question is None:
                return
            told = await self._cloud.tally(*comparison.question, whole=False)
            if told is None:  # and it counted a moment ago
                raise LinkDownError("link.fault")
            try:
                comparison.take(told)
            except ValueError:
                raise LinkDownError("link.fault") from None

    async def _settle(self, found: Differences) -> None:
        """Write down what was found, the oldest first; killed between, the rest is found again before anything goes out."""
        total = Forgotten()
        for start in range(0, len(found.missing), _AT_ONCE):
            some = await self._book.forget(found.missing[start : start + _AT_ONCE])
            total = Forgotten(total.again + some.again, total.gone + some.gone)
        if found.extra and await self._book.note_strangers(found.extra):
            self._told_strangers = False
        if total.again:
            self.named(LinkDownError("link.forgot", changes=total.again))
        if total.gone:
            self.named(StoreError("store.forgotten_gone", changes=total.gone))

    async def _name_strangers(self) -> None:
        count = 0 if self._told_strangers else await self._book.strangers()
        self._told_strangers = True
        if count:
            self.named(StoreError("store.strangers", changes=count))
