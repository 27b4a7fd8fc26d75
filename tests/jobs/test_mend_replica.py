"""A damaged replica is mended before a round and without a line, and that is in the book."""

import asyncio

import pytest

from client.domain.errors import LinkDownError
from client.domain.feed import Feed, FeedBatch, Mended
from client.jobs.sync_replica import SyncReplica
from client.jobs.take_chunks import Progress
from tests.replica_fakes import LandingBook, MemoryReplica, ModelRegister, a_row_change

pytestmark = pytest.mark.asyncio
SAVED = Mended(pages=2, rows=900, buckets=7)
FACTS = {"broken_pages": 2, "saved_rows": 900, "wrong_buckets": 7}


class SlowRegister(ModelRegister):
    """A register whose answers wait until they are let go, or never come."""

    def __init__(self) -> None:
        super().__init__()
        self.asked_now, self.may_answer = asyncio.Event(), asyncio.Event()
        self.down = False

    async def feed(self, feed: Feed, after: int, limit: int) -> FeedBatch | None:
        if self.down:
            raise LinkDownError("link.broken")
        self.asked_now.set()
        await self.may_answer.wait()
        return await super().feed(feed, after, limit)


def a_register() -> SlowRegister:
    register = SlowRegister()
    register.commit(Feed.REGISTER, a_row_change(Feed.REGISTER, 1))
    return register


async def test_with_no_line_a_mending_is_done_shown_and_written_down() -> None:
    register, replica, book = a_register(), MemoryReplica(mended=SAVED), LandingBook()
    shown: list[Progress] = []
    job = SyncReplica(register, replica, book, on_progress=shown.append)
    register.down = True
    await job.mend()
    await job.mend()  # there is nothing more to mend
    assert [(entry.kind, entry.actor, entry.facts) for entry in book.entries] == [
        ("verify", "terminal", FACTS)
    ]
    assert shown == [Progress(1, 2, mending=True)]


async def test_a_round_mends_first_and_what_was_saved_stays_told_when_the_line_breaks() -> None:
    register, replica, book = a_register(), MemoryReplica(), LandingBook()
    register.may_answer.set()
    job = SyncReplica(register, replica, book)
    await job.round()
    replica.mended, register.down = SAVED, True
    with pytest.raises(LinkDownError):
        await job.round()
    assert [entry.kind for entry in book.entries] == ["sync", "verify"]


async def test_nothing_is_mended_under_a_round_that_compares() -> None:
    register, replica, book = a_register(), MemoryReplica(), LandingBook()
    job = SyncReplica(register, replica, book)
    round_ = asyncio.create_task(job.round())
    await register.asked_now.wait()
    replica.mended = SAVED
    mending = asyncio.create_task(job.mend())
    for _ in range(5):
        await asyncio.sleep(0)
    assert replica.mended is SAVED
    register.may_answer.set()
    await round_
    await mending
    assert [entry.kind for entry in book.entries] == ["sync", "verify"]
