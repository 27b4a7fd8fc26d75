"""Take the chunks of a snapshot into the side file: several on the way at once where the line allows it.

While one is written, others are on the way. What has arrived when one fails, or when the program ends, is in the side
file and is not fetched again.
"""

import asyncio
import time
from collections import deque
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass
from datetime import timedelta

from client.domain.errors import CounterError
from client.domain.feed import Chunk, ChunkRows, Manifest
from client.rules.filling import Pace, side_by_side

Fetch = Callable[[Chunk], Awaitable[ChunkRows]]
Write = Callable[[str, ChunkRows], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a first fill is, for the screen: chunks in the side file of all; or a mending, in tables."""

    done: int
    of: int
    mending: bool = False
    bytes_done: int = 0
    bytes_of: int = 0
    series: str = ""  # of the chunk that came last
    rate: int | None = None  # bytes a second, here and now
    left: timedelta | None = None


class TakeChunks:
    """One fill's fetching and writing; ``costly`` says that the line is paid by the byte: then one at a time."""

    def __init__(
        self,
        fetch: Fetch,
        write: Write,
        *,
        costly: Callable[[], bool],
        tell: Callable[[Progress], None],
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._fetch = fetch
        self._write = write
        self._costly = costly
        self._report = tell
        self._clock = clock
        self._progress = Progress(0, 0)
        self._hands = 1
        self._under_way = 0
        self._pace = Pace()
        self._last_at = 0.0

    def begin(self, manifest: Manifest, have: frozenset[str]) -> None:
        """Hear what the fill consists of, and which chunks are in the side file already."""
        there = [chunk for chunk in manifest.chunks if chunk.sha256 in have]
        sizes = sum(chunk.size for chunk in there), sum(chunk.size for chunk in manifest.chunks)
        self._hands, self._pace, self._last_at = 1, Pace(), self._clock()
        self._tell(Progress(len(there), len(manifest.chunks), False, *sizes))

    async def __call__(self, chunks: Iterable[Chunk]) -> None:
        """Fetch and write them, in order or nearly. CounterError of the first that failed; the others are written."""
        left = deque(chunks)
        while left:
            hands = min(self._hands_now(), len(left))
            if hands == 1:
                await self._take(left.popleft())
            else:
                await self._side_by_side(left, hands)

    def _hands_now(self) -> int:
        return 1 if self._costly() else self._hands

    async def _side_by_side(self, left: deque[Chunk], hands: int) -> None:
        failed: list[CounterError] = []

        async def hand() -> None:
            while left and not failed and self._hands_now() >= hands:
                try:
                    await self._take(left.popleft())
                except CounterError as error:
                    failed.append(error)

        async with asyncio.TaskGroup() as group:  # cancelled, or a bug: all of it ends
            for _ in range(hands):
                group.create_task(hand())
        if failed:
            raise failed[0]

    async def _take(self, chunk: Chunk) -> None:
        begun = self._clock()
        self._under_way += 1
        most = self._under_way
        try:
            rows = await self._fetch(chunk)
        finally:
            self._under_way -= 1
        self._hands = side_by_side(chunk.size, self._clock() - begun, most, before=self._hands)
        await self._write(chunk.sha256, rows)
        self._note(chunk)

    def _note(self, chunk: Chunk) -> None:
        now, before = self._clock(), self._progress
        self._pace, self._last_at = self._pace.after(chunk.size, now - self._last_at), now
        done = before.bytes_done + chunk.size
        self._tell(
            Progress(
                before.done + 1,
                before.of,
                False,
                done,
                before.bytes_of,
                chunk.series,
                self._pace.rate,
                self._pace.left(before.bytes_of - done),
            )
        )

    def _tell(self, progress: Progress) -> None:
        self._progress = progress
        self._report(progress)
