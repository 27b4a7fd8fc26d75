"""Keep the replica equal to the register: drive the sync conversation, then say in the ledger what has landed."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from datetime import datetime, timedelta

from client.domain.errors import CounterError, LinkDownError, StoreError
from client.domain.feed import Feed, FeedBatch, Mended, Position
from client.jobs.feed_ports import CloudFeeds, LaidBy, Landing, ReplicaFiles
from client.jobs.ports import JournalEntry
from client.jobs.take_chunks import Progress, TakeChunks
from client.rules import sync_steps as steps
from client.rules.digest import root_of
from client.rules.sync import RoundReport, Settings, conversation

_DAMAGED = "store.damaged_replica"
_FORBIDDEN = "store.forbidden_number"
_NOBODY = Position(None, None)
_LISTEN_S = 25  # how long the cloud is asked to hold its answer back; less than any proxy's patience
_LISTEN_GAP = 2.0  # seconds before listening again, however busy the register is
ACTOR = "terminal"  # upkeep is the terminal's own doing, no person's


@dataclass(frozen=True, slots=True)
class _Heard:
    """What came while listening, and the question it answers."""

    question: tuple[int, int, int]
    told: tuple[FeedBatch | None, FeedBatch | None]


class SyncReplica:
    """One round at a time; cut anywhere it leaves a replica that a next round goes on from."""

    def __init__(
        self,
        feeds: CloudFeeds,
        replica: ReplicaFiles,
        ledger: Landing,
        *,
        metered: Callable[[], bool] = lambda: False,
        deltas_due: Callable[[], bool] = lambda: True,
        on_progress: Callable[[Progress], None] = lambda _: None,
        laid_by: LaidBy | None = None,
        jitter: Callable[[], float] = lambda: 0.5,
        now: Callable[[], datetime | None] = lambda: None,
    ) -> None:
        self._feeds = feeds
        self._replica = replica
        self._ledger = ledger
        self._metered = metered
        self._deltas_due = deltas_due
        self._on_progress = on_progress
        self._laid_by = laid_by
        self._jitter = jitter
        self._now = now
        self._heard: _Heard | None = None
        self._noted = _NOBODY
        self._turn = asyncio.Lock()
        self._wanted = asyncio.Event()
        self._take = TakeChunks(feeds.chunk, replica.add_chunk, costly=metered, tell=on_progress)

    async def round(self, *, fill_anyway: bool = False, follow_back: bool = False) -> RoundReport:
        """Bring the replica up to the register's head and prove it equal. LinkDownError, StoreError, RefusedError.

        ``fill_anyway`` fetches a snapshot on a metered line too; ``follow_back`` goes back with a restored register.
        """
        async with self._turn:
            await self._mend()
            if follow_back:
                await self._forget()
            settings = Settings(
                metered=self._metered(),
                fill_anyway=fill_anyway,
                register=fill_anyway or follow_back or self._deltas_due(),
                follow_back=follow_back,
                now=self._now(),
            )
            try:
                report = await self._talk(await position_of(self._replica), settings)
            except LinkDownError:
                await self._land()  # what was reached before the cut has been reached
                raise
            except StoreError as error:
                if (
                    error.code == _FORBIDDEN
                ):  # the replica is whole, and stands before what it does not take in
                    await self._land()
                raise
            if report.filled or report.repaired:
                await self._ledger.record(_entry(report))
            await self._land()
            return report

    async def fill_size(self) -> int:
        """Return how many bytes a snapshot would bring, fetching none of it. LinkDownError, RefusedError."""
        return sum(chunk.size for chunk in (await self._feeds.manifest(await self._replica.begun())).chunks)

    async def take_in(self) -> int:
        """Apply what was laid by while the stores were shut, with no line too; returns how many batches. StoreError.

        What may not be taken in stays there: the round asks for it again, and says so where it is not mended yet.
        """
        async with self._turn:
            stand, taken = await position_of(self._replica), 0
            for feed, at in ((Feed.BLOCKS, stand.blocks), (Feed.REGISTER, stand.register)):
                if at is not None and self._laid_by is not None:
                    taken += await self._take_in(self._laid_by, feed, at.version)
            if taken:
                await self._land()
            return taken

    async def mend(self) -> None:
        """Save what can be read of a damaged replica, with no line too; not while a round is under way. StoreError."""
        async with self._turn:
            await self._mend()

    @asynccontextmanager
    async def held(self) -> AsyncIterator[None]:
        """Hold no round while something else writes the replica; compare with the register soon after."""
        async with self._turn:
            yield
        self.wake()

    def wake(self) -> None:
        """Ask for a round soon: the line is back, or a change was accepted and should land."""
        self._wanted.set()

    async def run(
        self,
        usable: Callable[[], bool],
        sleep: Callable[[float], Awaitable[None]],
        *,
        every: timedelta = timedelta(seconds=10),
        on_report: Callable[[RoundReport], None] = lambda _: None,
        on_failure: Callable[[LinkDownError], None] = lambda _: None,
    ) -> None:
        """Hold rounds for ever while the link is usable; only line trouble is outlived.

        Between two rounds the cloud is listened to, where bytes cost nothing: its answer is held back until there is
        news. Otherwise the next round comes after a while, no two terminals' at the same moment.
        """
        await self.take_in()
        while True:
            self._wanted.clear()
            good = False
            if usable():
                try:
                    report = await self.round()
                except LinkDownError as error:
                    on_failure(error)
                else:
                    on_report(report)
                    if report.more:
                        continue
                    good = report.proven
            gap = every.total_seconds() * (0.8 + 0.4 * self._jitter())
            if good and not self._metered():
                await either(self._wanted.wait(), self._listen(sleep, min(gap, _LISTEN_GAP)))
            else:
                await either(self._wanted.wait(), sleep(gap))

    async def _listen(self, sleep: Callable[[float], Awaitable[None]], gap: float) -> None:
        """Wait for news; what fails here fails in the next round again, and is told there."""
        await sleep(gap)
        stand = await position_of(self._replica)
        if stand.blocks is None or stand.register is None:
            return
        blocks, register, limit = stand.blocks.version, stand.register.version, Settings().rows_a_batch
        with suppress(CounterError):
            told = await self._feeds.both(blocks, register, limit, wait_s=_LISTEN_S)
            self._heard = _Heard((blocks, register, limit), told)

    async def _take_in(self, laid_by: LaidBy, feed: Feed, version: int) -> int:
        taken = 0
        while batch := await laid_by.next(feed, version):
            if batch.to > version:
                if not await self._taken(batch):
                    break  # the round finds out what differs
                version, taken = batch.to, taken + 1
            elif root_of(await self._replica.mids(feed)) == batch.root:
                await self._replica.confirm(feed, version, batch.at)
                break
            else:
                break
        return taken

    async def _taken(self, batch: FeedBatch) -> bool:
        try:
            return await self._applied(batch)
        except StoreError as error:
            if error.code != _FORBIDDEN:
                raise
            return False

    async def _forget(self) -> None:
        """Let go of what was laid by: it may tell of a time the register has left."""
        if self._laid_by is not None:
            with suppress(StoreError):
                await self._laid_by.clear()
            self._noted = _NOBODY

    async def _both(self, blocks: int, register: int, limit: int) -> object:
        heard, self._heard = self._heard, None
        if heard is not None and heard.question == (blocks, register, limit):
            return heard.told
        return await self._feeds.both(blocks, register, limit)

    async def _mend(self) -> None:
        mended = await self._replica.mend(
            lambda done, of: self._on_progress(Progress(done, of, mending=True))
        )
        if mended is not None:
            await self._ledger.record(_entry_of(mended))
            self.wake()  # what is missing is fetched at once

    async def _talk(self, position: Position, settings: Settings) -> RoundReport:
        talk = conversation(position, settings)
        answer: object = None
        while True:
            try:
                step = talk.send(answer)
            except StopIteration as end:
                report: RoundReport = end.value
                return report
            answer = await self._perform(step)

    async def _perform(self, step: steps.Step[object]) -> object:
        answer: object
        match step:
            case steps.AskBoth(blocks, register, limit):
                answer = await self._both(blocks, register, limit)
            case steps.AskFeed(feed, after, limit):
                answer = await self._feeds.feed(feed, after, limit)
            case steps.AskDigest(feed):
                answer = await self._feeds.digest(feed)
            case steps.AskBuckets(feed, mids):
                answer = await self._feeds.buckets(feed, mids)
            case steps.AskRows(feed, buckets):
                answer = await self._feeds.rows(feed, buckets)
            case steps.AskManifest():
                answer = await self._feeds.manifest(await self._replica.begun())
            case _:
                answer = await self._work(step)
        return answer

    async def _work(self, step: steps.Step[object]) -> object:
        answer: object = None
        match step:
            case steps.Apply(batch):
                answer = await self._applied(batch)
            case steps.Confirm(feed, reached):
                await self._replica.confirm(feed, reached.version, reached.at)
            case steps.OwnMids(feed):
                answer = await self._replica.mids(feed)
            case steps.OwnBuckets(feed, mids):
                answer = await self._replica.bucket_sums(feed, mids)
            case steps.Replace(feed, version, buckets, rows):
                await self._replica.replace_buckets(feed, version, buckets, rows)
            case _:
                answer = await self._fill(step)
        return answer

    async def _fill(self, step: steps.Step[object]) -> object:
        match step:
            case steps.BeginFill(manifest):
                have = await self._replica.begin_fill(manifest)
                self._take.begin(manifest, have)
                return have
            case steps.TakeChunks(chunks):
                await self._take(chunks)
            case steps.FinishFill(manifest):
                await self._forget()  # a register restored from a backup may stand before it
                await self._replica.finish_fill(manifest)
            case _:
                raise TypeError(f"no way to do {type(step).__name__}")
        return None

    async def _applied(self, batch: FeedBatch) -> bool:
        try:
            await self._replica.apply(batch)
        except StoreError as error:
            if error.code != _DAMAGED:
                raise
            return False  # the digests did not come out: compare and repair
        return True

    async def _land(self) -> None:
        position = await position_of(self._replica)
        if position.register is not None:
            await self._ledger.land(position.register.version)
        if self._laid_by is not None and _versions(position) != _versions(self._noted):
            with suppress(StoreError):  # a full disk: the night then begins further back
                await self._laid_by.note(position)
                self._noted = position


def _versions(position: Position) -> tuple[int | None, int | None]:
    return (
        None if position.blocks is None else position.blocks.version,
        None if position.register is None else position.register.version,
    )


async def position_of(replica: ReplicaFiles) -> Position:
    """Return where a replica stands; one that cannot be read stands nowhere and is filled anew."""
    try:
        return await replica.position()
    except StoreError as error:
        if error.code not in {_DAMAGED, "store.not_filled"}:
            raise
        return _NOBODY


async def either(first: Awaitable[object], second: Awaitable[object]) -> None:
    """Wait until one of two is over, and let go of the other."""
    tasks = [asyncio.ensure_future(first), asyncio.ensure_future(second)]
    try:
        await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in tasks:
            task.cancel()


def _entry_of(mended: Mended) -> JournalEntry:
    facts = {"broken_pages": mended.pages, "saved_rows": mended.rows, "wrong_buckets": mended.buckets}
    return JournalEntry(kind="verify", actor=ACTOR, facts=facts)


def _entry(report: RoundReport) -> JournalEntry:
    versions = {one.feed: one.reached.version for one in report.feeds}
    return JournalEntry(
        kind="sync",
        actor=ACTOR,
        facts={
            "filled": int(report.filled),
            "repaired_buckets": report.repaired,
            "repaired_rows": report.rows,
            "blocks_version": versions.get(Feed.BLOCKS, 0),
            "register_version": versions.get(Feed.REGISTER, 0),
        },
    )
