"""Several up-links under one watch: hand over, wait, come back; and a service that is out while the line is good."""

import asyncio
import heapq
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from functools import partial

import pytest

from client.domain.errors import CounterError, LinkDownError, RefusedError
from client.domain.uplink import Uplink
from client.jobs.reach import Reach
from client.jobs.watch_link import LinkWatch, WatchedLine
from client.rules.modes import Mode
from client.rules.services import CERTIFICATES, RESIDENTS
from tests.builders import a_sign_in
from tests.fakes import FakeClock

pytestmark = pytest.mark.asyncio

MAIN, SECOND, MOBILE = Uplink
TIMEOUT = LinkDownError("link.timeout")


@dataclass
class Field:
    """Four up-links that can be cut, a cloud whose services can, and time that passes when it is told to."""

    clock: FakeClock = field(default_factory=FakeClock)
    cut: set[Uplink] = field(default_factory=set)
    told: dict[str, str] = field(default_factory=dict)
    probes: dict[Uplink, int] = field(default_factory=lambda: dict.fromkeys(Uplink, 0))
    carried: list[tuple[Uplink, bool]] = field(default_factory=list)
    health_asked: int = 0
    sleepers: list[tuple[float, int, asyncio.Event]] = field(default_factory=list)
    _passed: float = 0.0

    async def probe(self, uplink: Uplink) -> None:
        self.probes[uplink] += 1
        if uplink in self.cut:
            raise LinkDownError("link.timeout")

    async def health(self) -> Mapping[str, str]:
        self.health_asked += 1
        return self.told

    async def sleep(self, seconds: float) -> None:
        woken = asyncio.Event()
        heapq.heappush(self.sleepers, (self._passed + seconds, id(woken), woken))
        await woken.wait()

    async def settle(self) -> None:
        for _ in range(30):
            await asyncio.sleep(0)

    async def passes(self, seconds: float) -> None:
        """Let time pass, waking whoever sleeps in turn."""
        end = self._passed + seconds
        while self.sleepers and self.sleepers[0][0] <= end:
            at, _, woken = heapq.heappop(self.sleepers)
            self._move(at)
            woken.set()
            await self.settle()
        self._move(end)
        await self.settle()

    def _move(self, to: float) -> None:
        if to > self._passed:
            self.clock.forward(timedelta(seconds=to - self._passed))
            self._passed = to


@asynccontextmanager
async def watching(town: Field) -> AsyncIterator[LinkWatch]:
    more = tuple(
        WatchedLine(one, partial(town.probe, one), partial(bool, one is MOBILE)) for one in (SECOND, MOBILE)
    )
    watch = LinkWatch(
        partial(town.probe, MAIN),
        town.clock,
        town.sleep,
        more=more,
        carry=lambda uplink, dead: town.carried.append((uplink, dead)),
        health=town.health,
    )
    running = asyncio.create_task(watch.run())
    try:
        await town.settle()
        yield watch
    finally:
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)


def failed(over: Uplink, service: str = "", code: str = "link.timeout") -> LinkDownError:
    error = LinkDownError(code)
    error.over, error.service = over.value, service
    return error


async def test_while_the_main_line_is_good_no_other_is_touched() -> None:
    town = Field()
    async with watching(town) as watch:
        await town.passes(35)
        assert (watch.uplink, watch.mode, town.carried) == (MAIN, Mode.NORMAL, [])
        assert town.probes == {MAIN: 4, SECOND: 0, MOBILE: 0}


async def test_a_cut_hands_over_within_two_probes_and_is_no_outage() -> None:
    town = Field()
    async with watching(town) as watch:
        town.cut = {MAIN}
        watch.note_failure(failed(MAIN))
        await town.settle()
        assert (watch.uplink, watch.usable, watch.mode) == (SECOND, True, Mode.NORMAL)
        assert town.carried == [(SECOND, True)]
        assert town.probes[SECOND] == 1


async def test_over_the_mobile_router_it_is_metered_and_the_better_ones_are_probed_ever_more_rarely() -> None:
    town = Field(cut={MAIN, SECOND})
    async with watching(town) as watch:
        assert (watch.uplink, watch.metered, watch.mode) == (MOBILE, True, Mode.DEGRADED)
        await town.passes(63)
        assert 6 <= town.probes[MAIN] <= 8
        before = town.probes[MAIN]
        await town.passes(240)
        assert town.probes[MAIN] - before <= 5


async def test_the_way_back_is_taken_after_a_minute_and_once() -> None:
    town = Field(cut={MAIN})
    async with watching(town) as watch:
        assert watch.uplink is SECOND
        town.cut = set()
        await town.passes(5)
        for _ in range(3):  # it comes and goes
            town.cut = {MAIN}
            await town.passes(15)
            town.cut = set()
            await town.passes(40)
        assert town.carried == [(SECOND, True)]
        await town.passes(140)
        assert town.carried == [(SECOND, True), (MAIN, False)]
        assert watch.uplink is MAIN


async def test_a_call_that_began_on_the_last_line_says_nothing_of_this_one() -> None:
    town = Field()
    async with watching(town) as watch:
        town.cut = {MAIN}
        watch.note_failure(failed(MAIN))
        await town.settle()
        for _ in range(4):
            watch.note_failure(failed(MAIN))
        assert (watch.uplink, watch.usable) == (SECOND, True)


async def test_with_every_line_gone_the_replica_answers_and_the_first_that_comes_back_carries() -> None:
    town = Field(cut=set(Uplink))
    async with watching(town) as watch:
        assert (watch.usable, watch.mode) == (False, Mode.DISASTER)
        town.cut.discard(SECOND)
        await town.passes(60)
        assert (watch.uplink, watch.usable) == (SECOND, True)


# A service that is out


async def down() -> int:
    raise LinkDownError("link.busy")


async def well() -> int:
    return 5


async def test_one_dead_service_goes_to_the_replica_and_the_line_stays_up() -> None:
    town, clerk = Field(), a_sign_in()
    town.told = {"residents": "down"}
    async with watching(town) as watch:
        reach = Reach(watch)
        for _ in range(2):  # two at once, before any probe could answer
            with pytest.raises(LinkDownError):
                await reach.ask(RESIDENTS, down)
        assert (watch.usable, watch.mode, watch.affected) == (True, Mode.DEGRADED, (RESIDENTS,))
        assert not reach.worth_trying(clerk, RESIDENTS)
        assert reach.worth_trying(clerk, CERTIFICATES)
        await town.passes(70)
        assert not watch.usable_for(RESIDENTS)
        assert 5 <= town.health_asked <= 8, "the waits grow"
        town.told = {"residents": "ok"}
        await town.passes(60)
        assert (watch.usable_for(RESIDENTS), watch.mode, watch.affected) == (True, Mode.NORMAL, ())
        assert await reach.ask(RESIDENTS, well) == 5


async def test_a_clock_set_back_keeps_no_service_out() -> None:
    town = Field()
    town.told = {"residents": "down"}
    async with watching(town) as watch:
        for _ in range(2):
            with pytest.raises(LinkDownError):
                await Reach(watch).ask(RESIDENTS, down)
        await town.passes(5)
        assert not watch.usable_for(RESIDENTS)
        town.told = {"residents": "ok"}
        town.clock.forward(-timedelta(days=1))
        await town.passes(600)
        assert watch.usable_for(RESIDENTS)


async def test_failures_of_two_services_are_the_lines_own() -> None:
    town = Field()
    async with watching(town) as watch:
        watch.note_failure(failed(MAIN, RESIDENTS))
        watch.note_failure(failed(MAIN, CERTIFICATES))
        assert watch.uplink is SECOND


async def test_after_the_line_was_gone_no_service_is_blamed_for_it() -> None:
    town = Field()
    async with watching(town) as watch:
        town.cut = {MAIN}
        watch.note_failure(failed(MAIN, RESIDENTS))
        watch.note_failure(failed(MAIN, RESIDENTS))
        await town.settle()
        assert (watch.uplink, watch.affected, watch.usable_for(RESIDENTS)) == (SECOND, (), True)


async def test_a_clear_no_is_an_answer_of_the_service_too() -> None:
    async def no() -> int:
        raise RefusedError("refused.blocked")

    async with watching(Field()) as watch:
        reach = Reach(watch)
        for work in (down, no, down):
            with pytest.raises(CounterError):
                await reach.ask(RESIDENTS, work)
        assert watch.affected == ()
