"""Chunks side by side: one is written while others come; a failing one loses none of those that arrived."""

import asyncio
from dataclasses import dataclass, field
from datetime import timedelta

import pytest

from client.domain.errors import LinkDownError, StoreError
from client.domain.feed import Chunk, ChunkRows, Manifest
from client.jobs.take_chunks import Progress, TakeChunks
from tests.builders import NOW

pytestmark = pytest.mark.asyncio
LARGE = 1_000_000


def chunks(count: int, size: int = LARGE) -> tuple[Chunk, ...]:
    return tuple(Chunk(f"{number:064}", "core", "resident", 1, size, bytes(32)) for number in range(count))


def manifest(of: tuple[Chunk, ...]) -> Manifest:
    return Manifest("s1", 1, 1, NOW, bytes(16), bytes(16), of)


@dataclass
class Line:
    """A line and a disk one can look at: what is on the way, and what was written."""

    metered: bool = False
    seconds: float = 0.1  # of the clock, a chunk
    broken: dict[str, Exception] = field(default_factory=dict)
    clock: float = 0.0
    under_way: int = 0
    most: int = 0
    held: int = 0  # chunks in memory: on the way, or not written yet
    most_held: int = 0
    written: list[str] = field(default_factory=list)
    heard: list[Progress] = field(default_factory=list)
    busy: asyncio.Event = field(default_factory=asyncio.Event)  # two are on the way
    gate: asyncio.Event | None = None  # nothing arrives before it is opened

    async def fetch(self, chunk: Chunk) -> ChunkRows:
        self.under_way += 1
        self.held += 1
        self.most, self.most_held = max(self.most, self.under_way), max(self.most_held, self.held)
        if self.under_way > 1:
            self.busy.set()
        try:
            await asyncio.sleep(0)
            if self.gate and chunk.sha256 in self.broken:
                self.gate.set()
            elif self.gate:
                await self.gate.wait()
            self.clock += self.seconds
            if error := self.broken.get(chunk.sha256):
                self.held -= 1
                raise error
        finally:
            self.under_way -= 1
        return ChunkRows(chunk.table, (), ())

    async def write(self, sha256: str, _: ChunkRows) -> None:
        await asyncio.sleep(0)
        self.written.append(sha256)
        self.held -= 1

    def taking(self, of: tuple[Chunk, ...], have: frozenset[str] = frozenset()) -> TakeChunks:
        take = TakeChunks(
            self.fetch,
            self.write,
            costly=lambda: self.metered,
            tell=self.heard.append,
            clock=lambda: self.clock,
        )
        take.begin(manifest(of), have)
        return take


async def test_on_a_good_line_a_few_are_under_way_and_never_more() -> None:
    line, all_of_them = Line(), chunks(20)
    await line.taking(all_of_them)(all_of_them)
    assert sorted(line.written) == [chunk.sha256 for chunk in all_of_them]
    assert 1 < line.most <= 4
    assert line.most_held <= 4, "what has arrived and is not written is in memory"


@pytest.mark.parametrize("line", [Line(metered=True), Line(seconds=60.0)], ids=["metered", "thin"])
async def test_on_a_metered_or_thin_line_one_at_a_time(line: Line) -> None:
    all_of_them = chunks(6)
    await line.taking(all_of_them)(all_of_them)
    assert line.most == 1
    assert line.written == [chunk.sha256 for chunk in all_of_them]


async def test_a_line_that_becomes_thin_gets_one_at_a_time_again() -> None:
    line, all_of_them = Line(), chunks(20)
    take = line.taking(all_of_them)
    await take(all_of_them[:6])
    line.seconds = 60.0
    await take(all_of_them[6:10])
    line.most = 0
    await take(all_of_them[10:])
    assert line.most == 1


async def test_a_chunk_that_fails_loses_none_of_those_that_were_on_their_way() -> None:
    all_of_them = chunks(12)
    spoilt = all_of_them[3].sha256
    line = Line(broken={spoilt: LinkDownError("link.fault")})
    take = line.taking(all_of_them)
    await take(all_of_them[:1])
    line.gate = asyncio.Event()  # the others arrive after the spoilt one
    with pytest.raises(LinkDownError, match=r"link\.fault"):
        await take(all_of_them[1:])
    assert (line.under_way, line.held) == (0, 0)
    assert set(line.written) == {chunk.sha256 for chunk in all_of_them[: len(line.written) + 1]} - {spoilt}
    assert len(line.written) < 7, "nothing more is asked for"


async def test_a_full_disk_ends_it() -> None:
    line, all_of_them = Line(), chunks(8)

    async def full(_sha256: str, _rows: ChunkRows) -> None:
        raise StoreError("store.full")

    take = TakeChunks(
        line.fetch, full, costly=lambda: False, tell=line.heard.append, clock=lambda: line.clock
    )
    take.begin(manifest(all_of_them), frozenset())
    with pytest.raises(StoreError, match=r"store\.full"):
        await take(all_of_them)


async def test_cancelled_it_leaves_nothing_running_and_what_was_written_is_told() -> None:
    line, all_of_them = Line(), chunks(10)
    take = line.taking(all_of_them)
    await take(all_of_them[:2])
    line.gate = asyncio.Event()
    task = asyncio.create_task(take(all_of_them[2:]))
    line.busy.clear()
    await line.busy.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert line.under_way == 0
    assert line.written == [chunk.sha256 for chunk in all_of_them[:2]]
    assert line.heard[-1].done == 2


async def test_progress_counts_what_was_there_before_but_not_in_the_pace() -> None:
    all_of_them = chunks(5)
    line = Line(seconds=2.0)
    take = line.taking(all_of_them, frozenset(chunk.sha256 for chunk in all_of_them[:2]))
    await take(all_of_them[2:])
    first, *_, last = line.heard
    assert (first.done, first.of, first.bytes_done, first.bytes_of) == (2, 5, 2 * LARGE, 5 * LARGE)
    assert (first.rate, first.left) == (None, None)
    assert (last.done, last.bytes_done, last.series) == (5, 5 * LARGE, "core")
    assert line.heard[1].rate == LARGE // 2
    assert line.heard[1].left == timedelta(seconds=5)
