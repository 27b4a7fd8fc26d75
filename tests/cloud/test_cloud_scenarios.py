"""Scenarios: each fault comes and goes at its time, and stopping one leaves nothing behind."""

import asyncio
import re
from collections.abc import Awaitable, Callable
from datetime import timedelta

import httpx
import msgspec
import pytest

from cloud.fault_plan import Call, Fault, FaultKind, Faults
from cloud.scenario import Act, Scenario, Scenarios, scenarios
from tests.cloud.cloud_builders import Site

ALL = "/training/v1/scenarios"
TWO = Scenario(
    "二つ",
    "まず混みあい、次に時計がずれる。",
    [
        Act(FaultKind.BUSY, from_s=10, until_s=20),
        Act(FaultKind.WRONG_CLOCK, off_s=60, from_s=20, until_s=30),
    ],
)


def steps() -> tuple[Callable[[float], Awaitable[object]], asyncio.Queue[None]]:
    """Return a sleep that ends when the test says so, and what says so."""
    gate: asyncio.Queue[None] = asyncio.Queue()

    async def sleep(_seconds: float) -> None:
        await gate.get()

    return sleep, gate


async def settled() -> None:
    for _ in range(5):
        await asyncio.sleep(0)


def kinds(faults: Faults) -> list[object]:
    return [one["kind"] for one in faults.listed()]


@pytest.mark.asyncio
async def test_each_act_comes_and_goes_in_its_order() -> None:
    sleep, gate = steps()
    faults = Faults()
    playing = Scenarios(faults, sleep)
    await playing.start("two", TWO)
    seen = []
    for _ in range(4):
        gate.put_nowait(None)
        await settled()
        seen.append(kinds(faults))
    assert seen == [["busy"], [], ["wrong_clock"], []]
    await settled()
    assert playing.playing() == []


@pytest.mark.asyncio
async def test_a_scenario_that_is_stopped_takes_its_own_back_and_nothing_else() -> None:
    sleep, gate = steps()
    faults = Faults()
    faults.plan(Fault(FaultKind.RESET, times=0))
    playing = Scenarios(faults, sleep)
    await playing.start("two", TWO)
    gate.put_nowait(None)
    await settled()
    assert kinds(faults) == ["reset", "busy"]
    await playing.stop("two")
    assert kinds(faults) == ["reset"]
    await playing.stop("two")  # not under way any more


@pytest.mark.asyncio
async def test_a_scenario_started_again_begins_anew() -> None:
    sleep, gate = steps()
    faults = Faults()
    playing = Scenarios(faults, sleep)
    for _ in range(2):
        await playing.start("two", TWO)
        gate.put_nowait(None)
        await settled()
    assert kinds(faults) == ["busy"]
    assert playing.playing() == ["two"]
    await playing.stop()
    assert faults.listed() == []


@pytest.mark.asyncio
async def test_acts_keep_to_the_clock_of_the_loop() -> None:
    faults = Faults()
    playing = Scenarios(faults)
    soon = Scenario("x", "y", [Act(FaultKind.WRONG_CLOCK, off_s=60, until_s=0.05)])
    await playing.start("soon", soon)
    began = asyncio.get_running_loop().time()
    await settled()
    assert faults.off_for(Call("GET", "/v1/clock")) == timedelta(minutes=1)
    for _ in range(1000):
        if not playing.playing():
            break
        await asyncio.sleep(0.005)
    assert asyncio.get_running_loop().time() - began >= 0.05
    assert faults.listed() == []


@pytest.mark.asyncio
async def test_the_control_plays_lists_and_stops(site: Site) -> None:
    begun = await site.client.post(f"{ALL}/tax_down")
    assert begun.json() == {"name": "tax_down", "seconds": 600}
    await settled()
    assert (await site.client.get("/v1/health")).json()["services"]["tax"] == "down"
    listed = (await site.client.get(ALL)).json()["scenarios"]
    assert [one["name"] for one in listed if one["playing"]] == ["tax_down"]
    assert (await site.client.delete(f"{ALL}/tax_down")).status_code == httpx.codes.NO_CONTENT
    assert (await site.client.get("/v1/health")).json()["services"]["tax"] == "ok"
    for method in ("POST", "DELETE"):
        answer = await site.client.request(method, f"{ALL}/no_such_thing")
        assert (answer.status_code, answer.json()["code"]) == (404, "training.unknown")


@pytest.mark.asyncio
async def test_taking_everything_back_stops_what_is_playing(site: Site) -> None:
    await site.client.post(f"{ALL}/falls_and_returns")
    await site.client.post(f"{ALL}/storm")
    await settled()
    await site.client.delete("/training/v1/faults")
    assert (await site.client.get("/training/v1/faults")).json()["faults"] == []
    assert not any(one["playing"] for one in (await site.client.get(ALL)).json()["scenarios"])


def test_every_scenario_can_be_read_by_whoever_leads_a_drill() -> None:
    assert set(scenarios()) == {"tax_down", "slow_line", "wrong_clock", "falls_and_returns", "storm"}
    for scenario in scenarios().values():
        assert re.search("[ぁ-んァ-ヶ一-龠]", scenario.title)
        assert scenario.about.endswith("。")
        assert 60 <= scenario.seconds <= 900
        assert {act.times for act in scenario.fault} <= {0, 2}


def test_an_act_that_ends_before_it_begins_is_no_act() -> None:
    for times in ({"from_s": 5, "until_s": 5}, {"from_s": -1, "until_s": 5}):
        with pytest.raises(msgspec.ValidationError):
            msgspec.convert({"kind": "busy"} | times, Act)
