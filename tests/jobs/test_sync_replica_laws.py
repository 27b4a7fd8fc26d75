"""Whatever happens on the way, a replica that gets through one undisturbed round equals the register (P09)."""

import copy
from collections.abc import Callable, Coroutine, Mapping
from contextlib import suppress
from datetime import datetime
from typing import Any, TypeVar

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from client.domain.errors import LinkDownError, StoreError
from client.domain.feed import (
    Bucket,
    BucketList,
    BucketRows,
    Chunk,
    ChunkRows,
    Feed,
    FeedBatch,
    FeedDigest,
    Manifest,
    Mended,
    Position,
    RowChange,
)
from client.jobs.sync_replica import SyncReplica
from tests.replica_fakes import (
    TABLES,
    Key,
    LandingBook,
    MemoryReplica,
    ModelRegister,
    Row,
    a_row_change,
    a_tombstone,
    at_once,
)

T = TypeVar("T")
feeds = st.sampled_from(list(Feed))
numbers = st.integers(0, 11)
names = st.text("渡邉󠄐𠮷田髙", max_size=3)


class KilledError(Exception):
    """The program was killed here."""


class ShakyFeeds:
    """A register at the end of a bad line: cut after some calls; and it moves on before one of them."""

    def __init__(
        self, register: ModelRegister, cut_at: int, busy_at: int, meanwhile: Callable[[], None]
    ) -> None:
        self._register = register
        self._cut_at = cut_at
        self._busy_at = busy_at
        self._meanwhile = meanwhile
        self._calls = 0

    async def feed(self, feed: Feed, after: int, limit: int) -> FeedBatch | None:
        return await self._through(self._register.feed(feed, after, min(limit, 2)))

    async def both(
        self, blocks: int, register: int, limit: int, *, wait_s: int = 0
    ) -> tuple[FeedBatch | None, FeedBatch | None]:
        return await self._through(self._register.both(blocks, register, min(limit, 2)))

    async def digest(self, feed: Feed) -> FeedDigest:
        return await self._through(self._register.digest(feed))

    async def buckets(self, feed: Feed, mids: tuple[int, ...]) -> BucketList:
        return await self._through(self._register.buckets(feed, mids))

    async def rows(self, feed: Feed, buckets: tuple[int, ...]) -> BucketRows:
        return await self._through(self._register.rows(feed, buckets))

    async def manifest(self, begun: str | None = None) -> Manifest:
        return await self._through(self._register.manifest(begun))

    async def chunk(self, chunk: Chunk) -> ChunkRows:
        return await self._through(self._register.chunk(chunk))

    async def _through(self, question: Coroutine[Any, Any, T]) -> T:
        self._calls += 1
        if self._calls == self._busy_at:
            self._meanwhile()
        answer = await question
        if self._calls >= self._cut_at:
            raise LinkDownError("link.broken")  # the answer was on its way
        return answer


class OldAnswers(ShakyFeeds):
    """A line that gives some questions an answer from before, to whatever question of that kind it once was.

    Of chunks there are none: what does not have the hash that was asked for never gets through the door.
    """

    def __init__(self, register: ModelRegister, said: list[object], turns: Mapping[int, int]) -> None:
        super().__init__(register, 10_000, 0, lambda: None)
        self._said = said
        self._turns = turns

    async def _through(self, question: Coroutine[Any, Any, T]) -> T:
        answer = await super()._through(question)
        old = [one for one in self._said if type(one) is type(answer) and not isinstance(one, ChunkRows)]
        self._said.append(answer)
        which = self._turns.get(self._calls)
        return answer if which is None or not old else old[which % len(old)]


class WitnessedReplica(MemoryReplica):
    """A replica that tells what it has been said to be equal to the register with."""

    def __init__(self, truth: Mapping[Feed, list[dict[Key, Row]]]) -> None:
        super().__init__()
        self._truth = truth

    async def confirm(self, feed: Feed, version: int, at: datetime) -> None:
        assert self.rows(feed) in self._truth[feed], "confirmed, and the register never was like this"
        await super().confirm(feed, version, at)


class DyingReplica:
    """A replica in a program that is killed after some steps."""

    def __init__(self, replica: MemoryReplica, steps: int) -> None:
        self._replica = replica
        self._left = steps

    async def position(self) -> Position:
        return await self._replica.position()

    async def apply(self, batch: FeedBatch) -> None:
        await self._replica.apply(batch)
        self._step()

    async def confirm(self, feed: Feed, version: int, at: datetime) -> None:
        await self._replica.confirm(feed, version, at)
        self._step()

    async def mids(self, feed: Feed) -> tuple[bytes, ...]:
        return await self._replica.mids(feed)

    async def bucket_sums(self, feed: Feed, mids: tuple[int, ...]) -> tuple[Bucket, ...]:
        return await self._replica.bucket_sums(feed, mids)

    async def replace_buckets(
        self, feed: Feed, version: int, buckets: tuple[int, ...], rows: tuple[RowChange, ...]
    ) -> None:
        await self._replica.replace_buckets(feed, version, buckets, rows)
        self._step()

    async def mend(self, tell: Callable[[int, int], None]) -> Mended | None:
        return await self._replica.mend(tell)

    async def begun(self) -> str | None:
        return await self._replica.begun()

    async def begin_fill(self, manifest: Manifest) -> frozenset[str]:
        have = await self._replica.begin_fill(manifest)
        self._step()
        return have

    async def add_chunk(self, sha256: str, rows: ChunkRows) -> None:
        await self._replica.add_chunk(sha256, rows)
        self._step()

    async def finish_fill(self, manifest: Manifest) -> None:
        await self._replica.finish_fill(manifest)
        self._step()

    def _step(self) -> None:
        self._left -= 1
        if self._left <= 0:
            raise KilledError


class SyncMachine(RuleBasedStateMachine):
    """One register, two replicas, bad lines, sudden ends, damaged rows."""

    @initialize()
    def begin(self) -> None:
        self.register = ModelRegister()
        self.truth: dict[Feed, list[dict[Key, Row]]] = {feed: [{}] for feed in Feed}  # all it ever was
        self.replicas = [WitnessedReplica(self.truth), WitnessedReplica(self.truth)]
        self.said: list[object] = []  # by the register, to anybody
        self.edits = 0

    @rule(feed=feeds, number=numbers, name=names)
    def edit(self, feed: Feed, number: int, name: str) -> None:
        self.touch(feed, number, name)

    def touch(self, feed: Feed, number: int, name: str) -> None:
        self.edits += 1
        self.commit(feed, a_row_change(feed, number, full_name=name, order_no=self.edits))

    def commit(self, feed: Feed, *changes: RowChange) -> None:
        self.register.commit(feed, *changes)
        self.truth[feed].append(self.register.rows_now(feed))

    @rule(feed=feeds, number=numbers, other=numbers)
    def take_away(self, feed: Feed, number: int, other: int) -> None:
        self.commit(feed, a_tombstone(feed, number), a_row_change(feed, other, order_no=0))

    @rule(feed=feeds)
    def forget_the_log(self, feed: Feed) -> None:
        self.register.forget_log(feed)

    @rule()
    def snapshot(self) -> None:
        self.register.make_snapshot()

    @rule()
    def back_up(self) -> None:
        self.register.back_up()

    @rule()
    def restore_the_register(self) -> None:
        self.register.restore()

    @rule(which=st.integers(0, 1), cut=st.integers(1, 8), busy=st.integers(1, 6), feed=feeds, number=numbers)
    def round_on_a_bad_line(self, which: int, cut: int, busy: int, feed: Feed, number: int) -> None:
        line = ShakyFeeds(self.register, cut, busy, lambda: self.touch(feed, number, "渡"))
        with suppress(LinkDownError):
            at_once(SyncReplica(line, self.replicas[which], LandingBook()).round())

    @rule(which=st.integers(0, 1), steps=st.integers(1, 12))
    def killed_in_mid_round(self, which: int, steps: int) -> None:
        replica = DyingReplica(self.replicas[which], steps)
        with suppress(KilledError, LinkDownError):  # the register may have gone back
            at_once(SyncReplica(self.register, replica, LandingBook()).round())

    @rule(which=st.integers(0, 1), turns=st.dictionaries(st.integers(1, 9), st.integers(0, 40), max_size=5))
    def answers_are_repeated_and_swapped(self, which: int, turns: dict[int, int]) -> None:
        line = OldAnswers(self.register, self.said, turns)
        with suppress(LinkDownError, StoreError):  # refused, or a fill that does not prove
            at_once(SyncReplica(line, self.replicas[which], LandingBook()).round())

    @rule(which=st.integers(0, 1), feed=feeds, after=st.integers(0, 5))
    def an_old_answer_comes_again(self, which: int, feed: Feed, after: int) -> None:
        replica = self.replicas[which]
        if feed in replica.stands and after <= self.register.head(feed):
            batch = at_once(self.register.feed(feed, after, 1))
            if batch is not None and batch.to <= replica.stands[feed].version:
                before = dict(replica.rows(feed))
                at_once(replica.apply(batch))
                assert replica.rows(feed) == before

    @rule(which=st.integers(0, 1), feed=feeds, number=numbers, name=names)
    def a_row_is_damaged(self, which: int, feed: Feed, number: int, name: str) -> None:
        replica = self.replicas[which]
        if feed in replica.stands:
            change = a_row_change(feed, number, full_name=name, order_no=-1)
            assert change.row is not None
            replica.rows(feed)[change.table, change.key] = change.row

    @rule(which=st.integers(0, 1), feed=feeds, number=numbers)
    def a_row_is_missing(self, which: int, feed: Feed, number: int) -> None:
        replica = self.replicas[which]
        if feed in replica.stands:
            replica.rows(feed).pop((TABLES[feed], a_row_change(feed, number).key), None)

    @rule(which=st.integers(0, 1))
    def round_undisturbed(self, which: int) -> None:
        book, replica = LandingBook(), self.replicas[which]
        job = SyncReplica(self.register, replica, book)
        before = copy.deepcopy(replica.stands)
        gone_back = [feed for feed, stand in before.items() if self.register.head(feed) < stand.version]
        if gone_back:
            with pytest.raises(LinkDownError, match=r"link\.backwards"):
                at_once(job.round())
            assert all(replica.stands[feed].rows == before[feed].rows for feed in gone_back)
            book.landed.clear()
        report = at_once(job.round(follow_back=bool(gone_back)))  # a person has looked
        assert report.proven
        self.equals_the_register(self.replicas[which])
        assert book.landed == [self.register.head(Feed.REGISTER)]

    @invariant()
    def both_feeds_or_none(self) -> None:
        for replica in self.replicas:
            assert len(replica.stands) in {0, 2}

    def equals_the_register(self, replica: MemoryReplica) -> None:
        for feed in Feed:
            assert replica.rows(feed) == self.register.rows_now(feed)
            assert replica.stands[feed].version == self.register.head(feed)

    def teardown(self) -> None:
        for which in range(len(getattr(self, "replicas", ()))):
            self.round_undisturbed(which)


SyncMachine.TestCase.settings = settings(max_examples=60, stateful_step_count=30, deadline=None)
test_a_replica_equals_the_register_after_one_undisturbed_round = SyncMachine.TestCase
