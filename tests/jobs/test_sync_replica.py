"""Sync as a job: what it tells the ledger, what it outlives, and what it does not."""

import asyncio
from datetime import timedelta

import pytest

from client.domain.errors import LinkDownError, RefusedError, StoreError
from client.domain.feed import Feed, FeedBatch, Position
from client.jobs.sync_replica import SyncReplica
from client.jobs.take_chunks import Progress
from client.rules.sync import RoundReport
from client.rules.sync_steps import Step
from tests.replica_fakes import (
    LandingBook,
    MemoryReplica,
    ModelRegister,
    a_row_change,
    at_once,
)

REGISTER = Feed.REGISTER


def a_register(residents: int = 3) -> ModelRegister:
    register = ModelRegister()
    for number in range(residents):
        register.commit(REGISTER, a_row_change(REGISTER, number, full_name="渡邉󠄐"))
    return register


class CutFeeds(ModelRegister):
    """A register that can be cut off."""

    down: LinkDownError | RefusedError | None = None

    async def feed(self, feed: Feed, after: int, limit: int) -> FeedBatch | None:
        if self.down and feed is REGISTER:
            raise self.down
        return await super().feed(feed, after, 1)


class BrokenReplica(MemoryReplica):
    """A replica on a disk that fails."""

    trouble: StoreError | None = None
    unreadable: StoreError | None = None

    async def apply(self, batch: FeedBatch) -> None:
        if self.trouble:
            raise self.trouble
        await super().apply(batch)

    async def position(self) -> Position:
        if self.unreadable:
            raise self.unreadable
        return await super().position()


def test_what_the_replica_has_reached_is_landed_in_the_ledger() -> None:
    register, replica, book = a_register(), MemoryReplica(), LandingBook()
    at_once(SyncReplica(register, replica, book).round())
    assert book.landed == [3]
    at_once(SyncReplica(register, replica, book).round())
    assert book.landed == [3, 3], "a restart between batch and ledger must not lose a landing"


def test_a_fill_and_a_repair_are_in_the_journal_and_an_ordinary_round_is_not() -> None:
    register, replica, book = a_register(), MemoryReplica(), LandingBook()
    job = SyncReplica(register, replica, book)
    at_once(job.round())
    at_once(job.round())
    replica.rows(REGISTER).clear()
    at_once(job.round())
    assert [(entry.kind, entry.actor) for entry in book.entries] == [("sync", "terminal")] * 2
    filled, repaired = book.entries
    versions = {"blocks_version": 0, "register_version": 3}
    assert filled.facts == {"filled": 1, "repaired_buckets": 0, "repaired_rows": 0, **versions}
    assert repaired.facts == {"filled": 0, "repaired_buckets": 3, "repaired_rows": 3, **versions}


def test_what_was_reached_before_a_cut_is_landed_all_the_same() -> None:
    register, replica, book = CutFeeds(), MemoryReplica(), LandingBook()
    job = SyncReplica(register, replica, book)
    register.commit(REGISTER, a_row_change(REGISTER, 1))
    at_once(job.round())
    register.down = LinkDownError("link.broken")
    with pytest.raises(LinkDownError):
        at_once(job.round())
    assert book.landed == [1, 1]


def test_a_cut_before_the_first_fill_lands_nothing() -> None:
    register, book = CutFeeds(), LandingBook()
    register.down = LinkDownError("link.timeout")
    replica = BrokenReplica()
    replica.unreadable = StoreError("store.not_filled")
    with pytest.raises(LinkDownError):
        at_once(SyncReplica(register, replica, book).round())
    assert book.landed == []


def test_a_revoked_terminal_hears_it() -> None:
    register = CutFeeds()
    register.down = RefusedError("refused.terminal_revoked")
    with pytest.raises(RefusedError):
        at_once(SyncReplica(register, MemoryReplica(), LandingBook()).round())


def test_a_full_disk_is_told_and_not_taken_for_damage() -> None:
    register, replica = a_register(), BrokenReplica()
    job = SyncReplica(register, replica, LandingBook())
    at_once(job.round())
    register.commit(REGISTER, a_row_change(REGISTER, 9))
    replica.trouble = StoreError("store.full")
    with pytest.raises(StoreError) as caught:
        at_once(job.round())
    assert caught.value.code == "store.full"


def test_a_replica_that_cannot_be_read_is_filled_anew_and_a_missing_key_is_told() -> None:
    register, replica = a_register(), BrokenReplica()
    replica.unreadable = StoreError("store.no_keys")
    job = SyncReplica(register, replica, LandingBook())
    with pytest.raises(StoreError):
        at_once(job.round())
    replica.unreadable = StoreError("store.damaged_replica")
    assert at_once(job.round()).filled


def test_the_screen_hears_how_far_a_fill_is() -> None:
    register = a_register(5)
    register.make_snapshot(rows_a_chunk=2)
    heard: list[Progress] = []
    at_once(SyncReplica(register, MemoryReplica(), LandingBook(), on_progress=heard.append).round())
    assert [(told.done, told.of) for told in heard] == [(done, 3) for done in range(4)]
    assert [(told.bytes_done, told.bytes_of) for told in heard] == [(100 * done, 300) for done in range(4)]
    assert [told.series for told in heard] == ["", "core", "core", "core"]


def test_a_metered_line_is_asked_about_each_time() -> None:
    metered = True
    job = SyncReplica(a_register(), MemoryReplica(), LandingBook(), metered=lambda: metered)
    assert at_once(job.round()).needs_fill
    metered = False
    assert at_once(job.round()).proven


def test_on_a_metered_line_a_fill_can_be_asked_for() -> None:
    job = SyncReplica(a_register(), MemoryReplica(), LandingBook(), metered=lambda: True)
    assert at_once(job.round(fill_anyway=True)).filled


def test_a_step_nobody_knows_is_a_mistake_of_ours() -> None:
    job = SyncReplica(a_register(), MemoryReplica(), LandingBook())
    unknown: Step[object] = Step()
    with pytest.raises(TypeError, match="no way to do Step"):
        at_once(job._perform(unknown))


@pytest.mark.asyncio
async def test_two_rounds_at_once_are_held_one_after_the_other() -> None:
    register, replica = a_register(), MemoryReplica()
    job = SyncReplica(register, replica, LandingBook())
    reports = await asyncio.gather(job.round(), job.round())
    assert [report.filled for report in reports] == [True, False]


@pytest.mark.asyncio
async def test_rounds_go_on_through_cuts_wait_while_there_is_no_line_and_come_when_woken() -> None:
    register = CutFeeds()
    register.commit(REGISTER, a_row_change(REGISTER, 1))
    job = SyncReplica(register, MemoryReplica(), LandingBook())
    usable, reports, failures = True, list[RoundReport](), list[str]()
    waits: asyncio.Queue[float] = asyncio.Queue()

    async def sleep(seconds: float) -> None:
        await waits.put(seconds)
        await asyncio.Event().wait()  # only a wake ends this sleep

    running = asyncio.create_task(
        job.run(
            lambda: usable,
            sleep,
            every=timedelta(seconds=10),
            on_report=reports.append,
            on_failure=lambda error: failures.append(error.code),
        )
    )
    try:
        assert await waits.get() == 2, "then it listens"
        assert len(reports) == 1
        register.down = LinkDownError("link.broken")
        job.wake()
        assert await waits.get() == 10
        assert failures == ["link.broken"]
        usable = False
        job.wake()
        await waits.get()
        assert (len(reports), len(failures)) == (1, 1)
        usable, register.down = True, None
        job.wake()
        await waits.get()
        assert reports[-1].proven
    finally:
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)


@pytest.mark.asyncio
async def test_where_there_is_more_to_follow_the_next_round_begins_at_once() -> None:
    register = CutFeeds()
    job = SyncReplica(register, MemoryReplica(), LandingBook())
    await job.round()
    for number in range(60):  # one version a batch, fifty batches a round
        register.commit(REGISTER, a_row_change(REGISTER, number))
    reports: list[RoundReport] = []
    slept = asyncio.Event()

    async def sleep(_: float) -> None:
        slept.set()
        await asyncio.Event().wait()

    running = asyncio.create_task(job.run(lambda: True, sleep, on_report=reports.append))
    await slept.wait()
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)
    assert [(report.more, report.proven) for report in reports] == [(True, False), (False, True)]
