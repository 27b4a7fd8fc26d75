"""The sync conversation: feed it an answer, it names the next request or the batch to apply.

A generator without I/O. It yields steps, questions to the register and work for the replica, and is sent the
answer to each. All it must know at the start is the replica's position, so it may be cut anywhere and begun anew.
Blocks come before the register, always. A round begins with one question about both; where nothing is new, that is
all of it. For each feed:

    follow    changes after our version, batch by batch, until the register's head
    prove     our root against the head's
    repair    where they differ: 64 digests → 4,096 buckets → all rows of the buckets that differ

Digests of different versions say nothing about each other. So if the register moves on between the questions of a
comparison, the comparison begins again; and a repair is applied as a whole, or not at all.
"""

from collections.abc import Generator
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import groupby
from typing import TypeVar, cast

from client.domain.errors import LinkDownError
from client.domain.feed import (
    BucketList,
    Chunk,
    Feed,
    FeedBatch,
    FeedDigest,
    FeedPosition,
    Position,
    RowChange,
)
from client.rules import digest
from client.rules.sync_steps import (
    Apply,
    AskBoth,
    AskBuckets,
    AskDigest,
    AskFeed,
    AskManifest,
    AskRows,
    BeginFill,
    Confirm,
    FinishFill,
    OwnBuckets,
    OwnMids,
    Replace,
    Step,
    TakeChunks,
)

T = TypeVar("T")
Talk = Generator[Step[object], object, T]
Told = tuple[FeedBatch | None, ...]  # what was told already of a feed: one answer, or nothing yet

BUCKETS_A_REQUEST = 64
REFILL_ABOVE = 1024  # differing buckets from which a whole new fill is the shorter way
COMPARISONS = 5  # in one round; a busy register may move on during each
_BACK_IN_TIME = timedelta(seconds=300)  # an answer older than this against the last one is a replay
_SERIES = ("core", "history", "seals")  # images last


@dataclass(frozen=True, slots=True)
class Settings:
    """How to go about it: on a metered line no snapshot is fetched unless somebody asks for it."""

    metered: bool = False
    fill_anyway: bool = False
    register: bool = True  # the blocks alone where not
    rows_a_batch: int = 1000
    batches_a_round: int = 50  # then the blocks have their turn again
    follow_back: bool = False  # a person has said that the register was restored and is to be followed
    now: datetime | None = None  # by the clock of this PC

    @property
    def may_fill(self) -> bool:
        """Tell whether a snapshot may be fetched."""
        return self.fill_anyway or not self.metered


@dataclass(frozen=True, slots=True)
class FeedRound:
    """What a round came to in one feed; ``proven`` means equal to the register at that version (P09)."""

    feed: Feed
    reached: FeedPosition
    changes: int = 0
    repaired: int = 0  # buckets that differed and were replaced
    rows: int = 0  # that came for those
    proven: bool = False
    more: bool = False  # there is more to follow, in the next round
    hopeless: bool = False  # so much differs that only a new fill helps


@dataclass(frozen=True, slots=True)
class RoundReport:
    """What a round came to."""

    feeds: tuple[FeedRound, ...] = ()
    filled: bool = False
    needs_fill: bool = False  # a fill is due and the line is metered

    @property
    def proven(self) -> bool:
        """Tell whether both feeds were proven equal."""
        return len(self.feeds) == len(Feed) and all(one.proven for one in self.feeds)

    @property
    def more(self) -> bool:
        """Tell whether the next round should begin at once."""
        return any(one.more for one in self.feeds)

    @property
    def changes(self) -> int:
        """Return how many rows came by following."""
        return sum(one.changes for one in self.feeds)

    @property
    def repaired(self) -> int:
        """Return how many buckets were repaired."""
        return sum(one.repaired for one in self.feeds)

    @property
    def rows(self) -> int:
        """Return how many rows came for those."""
        return sum(one.rows for one in self.feeds)


@dataclass(frozen=True, slots=True)
class _Followed:
    version: int
    changes: int
    last: FeedBatch | None  # None where a batch would not fit: the replica is to be compared
    more: bool = False


@dataclass(frozen=True, slots=True)
class _Repaired:
    version: int
    buckets: int = 0
    rows: int = 0
    hopeless: bool = False


DEFAULT_SETTINGS = Settings()


def conversation(position: Position, settings: Settings = DEFAULT_SETTINGS) -> Talk[RoundReport]:
    """Hold one round of sync from a position; returns what it came to."""
    blocks, register, filled = position.blocks, position.register, False
    if blocks is None or register is None:
        if not settings.may_fill:
            return RoundReport(needs_fill=True)
        (blocks, register), filled = (yield from _fill()), True
    feeds = yield from _both(blocks, register, settings)
    if any(one.hopeless for one in feeds) and settings.may_fill and not filled:
        (blocks, register), filled = (yield from _fill()), True
        feeds = yield from _both(blocks, register, settings)
    return RoundReport(feeds, filled, needs_fill=any(one.hopeless for one in feeds))


def _ask(step: Step[T]) -> Talk[T]:
    answer = yield step
    return cast(T, answer)  # whoever drives the talk answers each step with what it wants


def _fill() -> Talk[tuple[FeedPosition, FeedPosition]]:
    manifest = yield from _ask(AskManifest())
    have = yield from _ask(BeginFill(manifest))
    missing = [chunk for chunk in manifest.chunks if chunk.sha256 not in have]
    for _, chunks in groupby(sorted(missing, key=_place), key=_place):  # series by series
        yield from _ask(TakeChunks(tuple(chunks)))
    yield from _ask(FinishFill(manifest))
    at = manifest.at
    return FeedPosition(manifest.blocks_version, at), FeedPosition(manifest.register_version, at)


def _place(chunk: Chunk) -> int:
    return _SERIES.index(chunk.series) if chunk.series in _SERIES else len(_SERIES)


def _both(blocks: FeedPosition, register: FeedPosition, settings: Settings) -> Talk[tuple[FeedRound, ...]]:
    if not settings.register:
        return ((yield from _keep_up(Feed.BLOCKS, blocks, settings, ())),)
    of_blocks, of_register = yield from _ask(AskBoth(blocks.version, register.version, settings.rows_a_batch))
    first = yield from _keep_up(Feed.BLOCKS, blocks, settings, (of_blocks,))
    then = yield from _keep_up(Feed.REGISTER, register, settings, (of_register,))
    return first, then


def _keep_up(feed: Feed, start: FeedPosition, settings: Settings, told: Told) -> Talk[FeedRound]:
    version, changes, repaired, rows = start.version, 0, 0, 0
    for _ in range(COMPARISONS):
        followed = yield from _follow(feed, FeedPosition(version, start.at), settings, told)
        told = ()
        version, changes, last = followed.version, changes + followed.changes, followed.last
        if followed.more:
            return FeedRound(feed, FeedPosition(version, start.at), changes, repaired, rows, more=True)
        if last is not None:
            own = yield from _ask(OwnMids(feed))
            if digest.root_of(own) == last.root:
                reached = FeedPosition(version, last.at)
                yield from _ask(Confirm(feed, reached))
                return FeedRound(feed, reached, changes, repaired, rows, proven=True)
        mended = yield from _repair(feed, FeedPosition(version, start.at), settings)
        version, repaired, rows = mended.version, repaired + mended.buckets, rows + mended.rows
        if mended.hopeless:
            return FeedRound(feed, FeedPosition(version, start.at), changes, repaired, rows, hopeless=True)
    return FeedRound(feed, FeedPosition(version, start.at), changes, repaired, rows)


def _follow(feed: Feed, start: FeedPosition, settings: Settings, told: Told) -> Talk[_Followed]:
    version, changes = start.version, 0
    for _ in range(settings.batches_a_round):
        batch = told[0] if told else (yield from _ask(AskFeed(feed, version, settings.rows_a_batch)))
        told = ()
        if batch is None:  # its log begins later, or it was restored from a backup and is behind us
            return _Followed(version, changes, None)
        _insist(batch.feed is feed)
        _insist(_is_recent(batch.at, start.at, settings.now), "link.stale")
        _insist(batch.after == version and version <= batch.to <= batch.head)
        _insist(batch.to > version or batch.head == version)  # otherwise we would ask for ever
        if batch.to > version:
            if not (yield from _ask(Apply(batch))):
                return _Followed(version, changes, None)
            version, changes = batch.to, changes + len(batch.changes)
        if version == batch.head:
            return _Followed(version, changes, batch)
    return _Followed(version, changes, None, more=True)


def _repair(feed: Feed, start: FeedPosition, settings: Settings) -> Talk[_Repaired]:
    theirs = yield from _ask(AskDigest(feed))
    _insist(theirs.feed is feed and digest.root_of(theirs.mids) == theirs.root)
    _insist(_is_recent(theirs.at, start.at, settings.now), "link.stale")
    if theirs.version < start.version and not settings.follow_back:  # restored: a person must look
        raise LinkDownError("link.stale" if theirs.at < start.at else "link.backwards")
    own = yield from _ask(OwnMids(feed))
    mids = tuple(mid for mid in range(digest.MIDS) if own[mid] != theirs.mids[mid])
    wrong: tuple[int, ...] = ()
    if mids:
        below = yield from _ask(AskBuckets(feed, mids))
        if below.version != theirs.version:
            return _Repaired(start.version)
        wrong = yield from _wrong_buckets(below, theirs, mids)
    if len(wrong) > REFILL_ABOVE:
        return _Repaired(start.version, hopeless=True)
    rows: list[RowChange] = []
    for at in range(0, len(wrong), BUCKETS_A_REQUEST):
        group = wrong[at : at + BUCKETS_A_REQUEST]
        some = yield from _ask(AskRows(feed, group))
        _insist(some.feed is feed)
        if some.version != theirs.version:
            return _Repaired(start.version)
        _insist(all(row.row and digest.bucket_of(row.table, row.key) in group for row in some.rows))
        rows += some.rows
    yield from _ask(Replace(feed, theirs.version, wrong, tuple(rows)))
    return _Repaired(theirs.version, len(wrong), len(rows))


def _wrong_buckets(below: BucketList, theirs: FeedDigest, mids: tuple[int, ...]) -> Talk[tuple[int, ...]]:
    register = {bucket.index: bucket.digest for bucket in below.buckets}
    for mid in mids:  # the buckets must be those the 64 were made of
        numbers = digest.buckets_below(mid)
        _insist(register.keys() >= set(numbers))
        _insist(digest.mid_over(tuple(register[number] for number in numbers)) == theirs.mids[mid])
    mine = yield from _ask(OwnBuckets(below.feed, mids))
    return tuple(sorted(bucket.index for bucket in mine if register.get(bucket.index) != bucket.digest))


def _is_recent(at: datetime, known: datetime, now: datetime | None) -> bool:
    """Tell whether an answer is no older than the last; one from the future was of a clock that ran ahead."""
    if now is not None and known - now > _BACK_IN_TIME and abs(at - now) <= _BACK_IN_TIME:
        return True  # this one and the clock of this PC say so together
    return at >= known - _BACK_IN_TIME


def _insist(holds: bool, code: str = "link.fault") -> None:
    """Treat an answer that contradicts itself or the question as no answer."""
    if not holds:
        raise LinkDownError(code)
