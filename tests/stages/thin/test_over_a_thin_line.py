"""P09 over a line of 128 kbit/s, 300 ms each way and 5 % loss, cut where it hurts: the replica ends equal all the same.

Cloud and terminal are the real thing on two hosts of this machine (tests/net/line.py): a process that serves over TLS,
an encrypted replica, the sync job. What they ask of each other is counted call by call.
"""

import asyncio
import shutil
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from client.domain.errors import LinkDownError
from client.domain.feed import Feed
from client.jobs.sync_replica import SyncReplica
from client.jobs.take_chunks import Progress
from client.rules.digest import BUCKETS, root_of
from client.rules.sync import RoundReport
from tests.bench._terminal import Call, Terminal
from tests.bench._town import Office, founded, served
from tests.net.line import FAR, NEAR, THIN, Line, why_not

pytestmark = [pytest.mark.slow, pytest.mark.root, pytest.mark.timeout(280)]
RESIDENTS = 120
CHANGES = 40
PATIENCE_S = 150
A_PACKET = 1000  # bytes towards the terminal after which an answer has begun
HELD_S, UNHEARD_S = 50, 25
IN_FLIGHT = 8  # chunks that may have been asked for when the line was cut, and come twice


@dataclass
class Town:
    """A cloud at the far end of a thin line, its office, and a replica that was filled without the line."""

    line: Line
    folder: Path
    ready: dict[str, Any]
    office: Office
    filled: Path
    count: int = 0

    @asynccontextmanager
    async def terminal(self, *, filled: bool) -> AsyncIterator[Terminal]:
        """Enrol one more beside the cloud, and bring it to the near end."""
        self.count += 1
        folder = self.folder / f"terminal{self.count}"
        folder.mkdir()
        if filled:
            shutil.copy(self.filled, folder / self.filled.name)
        with self.line.here(FAR):
            one = await self.enrolled(folder)
            await one.http.close()
        with self.line.here(NEAR):
            yield one
            await one.close()

    async def enrolled(self, folder: Path) -> Terminal:
        """Enrol a terminal from where this thread stands."""
        return await Terminal.enrolled(self.ready, int(self.ready["port"]), self.office.tokens(1)[0], folder)

    async def is_equal(self, one: Terminal) -> bool:
        """Tell whether a replica is what the register is: versions, sums, and every row under them."""
        position, register = await one.replica.position(), self.office.tenant.register
        for feed, reached in ((Feed.BLOCKS, position.blocks), (Feed.REGISTER, position.register)):
            with register.reading() as connection:
                head = register.head(connection, feed.value)
            if reached is None or reached.version != head.version:
                return False
            if root_of(await one.replica.mids(feed)) != head.root:
                return False
            if await one.replica.wrong_buckets(feed, tuple(range(BUCKETS))):
                return False
        return True


@pytest.fixture(scope="module")
def town(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Town]:
    if why := why_not():
        pytest.skip(why)
    folder = tmp_path_factory.mktemp("thin")
    founded(folder / "cloud", RESIDENTS)
    office = Office(folder / "cloud")
    with Line(THIN) as line, served(folder / "cloud", line.prefix(FAR), line.addresses[FAR]) as ready:
        town = Town(line, folder, ready, office, folder / "first" / "replica.db")

        async def fill() -> None:
            first = await town.enrolled(town.filled.parent)
            await first.equal()
            await first.close()

        with line.here(FAR):
            asyncio.run(fill())
        assert line.told().bytes == 0
        yield town
    office.close()


async def reached(one: Terminal) -> None:
    """Call until the cloud answers: on such a line a first handshake now and then fails for itself."""
    while True:
        try:
            return await one.http.probe()
        except LinkDownError:
            continue


async def round_of(one: Terminal) -> tuple[RoundReport, list[Call]]:
    """Hold a round until one goes through; returns what it came to, and what that one asked."""
    while True:
        already = len(one.http.calls)
        try:
            return await one.equal(), one.http.calls[already:]
        except LinkDownError:
            continue


async def cut(sync: SyncReplica, there: Callable[[], bool], how: Callable[[], None]) -> None:
    """Cut the line in the middle of a round, which fails for it and for nothing else."""
    work = asyncio.ensure_future(sync.round())
    while not there():
        assert not work.done(), "it was over before it could be cut"
        await asyncio.sleep(0.005)
    how()
    with pytest.raises(LinkDownError):
        await work


def test_a_fill_cut_in_its_middle_goes_on_with_what_it_has(town: Town) -> None:
    async def play() -> None:
        async with town.terminal(filled=False) as one:
            await reached(one)
            told: list[Progress] = []
            sync = SyncReplica(one.feeds, one.replica, one.book, on_progress=told.append)
            await cut(sync, lambda: any(seen.of // 2 <= seen.done < seen.of for seen in told), town.line.down)
            done, of = max(seen.done for seen in told), told[-1].of
            town.line.up()
            told.clear()
            await one.equal_at_last(PATIENCE_S)
            chunks = [call for call in one.http.calls if "/chunks/" in call.what]
            assert done > IN_FLIGHT  # so that a fill begun anew would show
            assert len([call for call in chunks if call.received]) <= of + IN_FLIGHT
            assert await town.is_equal(one)

    asyncio.run(play())


def test_a_delta_cut_in_its_middle_is_followed_all_the_same(town: Town) -> None:
    async def play() -> None:
        async with town.terminal(filled=True) as one:
            await round_of(one)
            town.office.change(CHANGES, seed=2)
            before, already = town.line.told().down.bytes, len(one.http.calls)
            await cut(one.sync, lambda: town.line.told().down.bytes > before + A_PACKET, town.line.silence)
            town.line.speak()
            assert not await town.is_equal(one)
            await one.equal_at_last(PATIENCE_S)
            assert await town.is_equal(one)
            assert all(call.what.startswith("GET /v1/feeds") for call in one.http.calls[already:])

    asyncio.run(play())


def test_a_round_asks_one_question_whether_there_is_news_or_not(town: Town) -> None:
    async def play() -> None:
        async with town.terminal(filled=True) as one:
            await round_of(one)
            for changes in (0, CHANGES):
                town.office.change(changes, seed=3)
                report, asked = await round_of(one)
                assert report.changes == changes
                assert len(asked) == 1
            assert await town.is_equal(one)

    asyncio.run(play())


def test_a_held_back_question_that_nobody_hears_is_given_up_long_before_the_answer_is_due(town: Town) -> None:
    async def play() -> None:
        async with town.terminal(filled=True) as one:
            await round_of(one)
            position = await one.replica.position()
            assert position.blocks
            assert position.register
            stand = position.blocks.version, position.register.version
            town.line.silence()
            began = time.monotonic()
            with pytest.raises(LinkDownError):
                await one.feeds.both(*stand, 200, wait_s=HELD_S)
            town.line.speak()
            assert time.monotonic() - began < UNHEARD_S
            await reached(one)

    asyncio.run(play())
