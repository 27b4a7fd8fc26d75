"""The watch on the line: quick to doubt, sure before it says "down", quick to come back."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import timedelta

import pytest

from client.domain.errors import CounterError, LinkDownError, RefusedError
from client.jobs.ports import Link
from client.jobs.watch_link import LinkWatch
from client.rules.link import Health
from client.rules.modes import Mode, StopReason
from tests.fakes import FakeClock

TIMEOUT = LinkDownError("link.timeout")


@dataclass
class Line:
    """A line one can cut, with a clock that sleeping moves, and a pause the test ends."""

    clock: FakeClock = field(default_factory=FakeClock)
    trouble: CounterError | None = None
    ms: int = 40
    probes: int = 0
    slept: list[float] = field(default_factory=list)
    resting: asyncio.Event = field(default_factory=asyncio.Event)
    go_on: asyncio.Event = field(default_factory=asyncio.Event)

    async def probe(self) -> None:
        self.probes += 1
        self.clock.forward(timedelta(milliseconds=self.ms))
        if self.trouble:
            raise self.trouble

    async def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.resting.set()
        await self.go_on.wait()
        self.go_on.clear()
        self.clock.forward(timedelta(seconds=seconds))

    async def rested(self) -> float:
        """Wait until the watch has nothing to do; return for how long it means to sleep."""
        await asyncio.wait_for(self.resting.wait(), 5)
        self.resting.clear()
        return self.slept[-1]

    async def pass_time(self) -> float:
        """Let the sleep end, and wait for the next one."""
        self.go_on.set()
        return await self.rested()


@asynccontextmanager
async def watching(line: Line, *, metered: bool = False) -> AsyncIterator[LinkWatch]:
    watch = LinkWatch(line.probe, line.clock, line.sleep, metered=lambda: metered)
    running = asyncio.create_task(watch.run())
    try:
        await line.rested()
        yield watch
    finally:
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)


def shown(watch: LinkWatch) -> Mode:
    return watch.mode


def test_it_is_the_link_jobs_ask_for() -> None:
    line = Line()
    link: Link = LinkWatch(line.probe, line.clock, line.sleep)
    assert link.usable


@pytest.mark.asyncio
async def test_the_first_probe_comes_at_once() -> None:
    line = Line()
    async with watching(line) as watch:
        assert (line.probes, watch.state.health, watch.mode, watch.last_ms) == (1, Health.UP, Mode.NORMAL, 40)
        assert not watch.metered


@pytest.mark.asyncio
async def test_without_a_line_at_the_start_one_failed_probe_is_enough() -> None:
    line = Line(trouble=TIMEOUT)
    async with watching(line) as watch:
        assert (line.probes, watch.usable, watch.mode) == (1, False, Mode.DISASTER)


@pytest.mark.asyncio
async def test_a_failed_call_is_probed_at_once_and_with_it_makes_an_outage() -> None:
    line = Line()
    async with watching(line) as watch:
        line.trouble = TIMEOUT
        watch.note_failure(LinkDownError("link.broken"))
        assert watch.usable
        await line.rested()
        assert (line.probes, watch.usable, watch.mode, watch.state.code) == (
            2,
            False,
            Mode.DISASTER,
            "link.timeout",
        )


@pytest.mark.asyncio
async def test_where_the_probe_succeeds_only_a_part_is_out() -> None:
    line = Line()
    async with watching(line) as watch:
        watch.note_failure(LinkDownError("link.fault"))
        await line.rested()
        assert (watch.usable, watch.mode, watch.state.code) == (True, Mode.DEGRADED, "link.fault")
        for _ in range(4):
            await line.pass_time()
        assert (watch.mode, watch.state.code) == (Mode.NORMAL, "")


@pytest.mark.asyncio
async def test_two_failed_calls_are_an_outage_before_any_probe() -> None:
    line = Line()
    async with watching(line) as watch:
        watch.note_failure(TIMEOUT)
        watch.note_failure(TIMEOUT)
        assert watch.mode is Mode.DISASTER


@pytest.mark.asyncio
async def test_waits_grow_while_the_line_is_gone_and_somebody_may_hurry_them() -> None:
    line = Line(trouble=TIMEOUT)
    async with watching(line) as watch:
        waits = [line.slept[-1]] + [await line.pass_time() for _ in range(7)]
        assert waits == [1, 2, 4, 8, 16, 32, 60, 60]
        line.trouble = None
        watch.hurry()
        await line.rested()
        assert watch.usable


@pytest.mark.asyncio
async def test_after_an_outage_it_is_recovery_until_all_is_sent_and_proven() -> None:
    line = Line()
    async with watching(line) as watch:
        watch.note_failure(TIMEOUT)
        watch.note_failure(TIMEOUT)
        watch.note_unsent(2)
        watch.note_success(80)
        assert (watch.mode, watch.last_ms) == (Mode.RECOVERY, 80)
        watch.note_unsent(0)
        assert shown(watch) is Mode.RECOVERY
        watch.note_proven()
        assert shown(watch) is Mode.NORMAL


@pytest.mark.asyncio
async def test_unsent_changes_of_a_normal_day_are_no_recovery() -> None:
    line = Line()
    async with watching(line) as watch:
        watch.note_unsent(5)
        assert watch.mode is Mode.NORMAL


@pytest.mark.asyncio
async def test_a_clear_no_is_an_answer() -> None:
    line = Line(trouble=RefusedError("refused.terminal_revoked"))
    async with watching(line) as watch:
        assert (watch.usable, watch.state.health) == (True, Health.UP)


@pytest.mark.asyncio
async def test_answers_to_calls_put_the_probe_off() -> None:
    line = Line()
    async with watching(line) as watch:
        line.clock.forward(timedelta(seconds=9))
        watch.note_success(50)
        line.clock.forward(timedelta(seconds=-9))
        line.slept[-1] = 10
        await line.pass_time()
        assert line.probes == 1
        await line.pass_time()
        assert line.probes == 2


@pytest.mark.asyncio
async def test_a_clock_set_back_an_hour_does_not_silence_the_probes() -> None:
    line = Line()
    async with watching(line):
        line.clock.forward(timedelta(hours=-1))
        await line.pass_time()
        assert line.probes == 2


@pytest.mark.asyncio
async def test_a_metered_line_is_probed_rarely_and_is_degraded() -> None:
    line = Line()
    async with watching(line, metered=True) as watch:
        assert line.slept == [pytest.approx(60, abs=0.1)]
        assert watch.mode is Mode.DEGRADED


@pytest.mark.asyncio
async def test_a_stopped_counter_is_stopped_whatever_the_line() -> None:
    line = Line()
    async with watching(line) as watch:
        watch.stop(StopReason.LEASE_OVER)
        assert shown(watch) is Mode.STOPPED
        watch.stop(None)
        assert shown(watch) is Mode.NORMAL


@pytest.mark.asyncio
async def test_whoever_asked_hears_of_changes_and_only_of_changes() -> None:
    line = Line()
    async with watching(line) as watch:
        heard: list[Mode] = []
        no_more = watch.changed(lambda: heard.append(watch.mode))
        watch.note_success(50)
        watch.note_unsent(1)
        assert heard == []
        watch.note_failure(TIMEOUT)
        watch.note_failure(TIMEOUT)
        assert heard == [Mode.DEGRADED, Mode.DISASTER]
        no_more()
        watch.note_success(50)
        assert heard == [Mode.DEGRADED, Mode.DISASTER]


@pytest.mark.asyncio
async def test_a_change_of_reason_alone_is_told_too() -> None:
    line = Line()
    async with watching(line) as watch:
        watch.note_failure(TIMEOUT)
        watch.note_failure(TIMEOUT)
        heard: list[str] = []
        watch.changed(lambda: heard.append(watch.state.code))
        watch.note_failure(LinkDownError("link.unreachable"))
        assert heard == ["link.unreachable"]
