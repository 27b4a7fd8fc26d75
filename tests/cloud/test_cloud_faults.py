"""Faults on purpose: what was lost took effect once, what came twice too."""

import httpx
import pytest

from cloud import storage
from cloud.faults import LineCutError
from tests.cloud.cloud_builders import Site
from tests.cloud.test_cloud_commands import lines

pytestmark = pytest.mark.asyncio


async def plan(site: Site, kind: str, **more: object) -> None:
    body = {"kind": kind, "path": "/v1/commands"} | more
    assert (await site.client.post("/training/v1/faults", json=body)).status_code == httpx.codes.OK


async def test_a_lost_answer_took_effect_and_is_remembered(site: Site) -> None:
    await plan(site, "lost_answer")
    tenkyo = site.terminal.tenkyo()
    with pytest.raises(LineCutError):
        await site.terminal.send(tenkyo)
    assert len(lines(site, storage.rows["intake"])) == 1
    (answer,) = await site.terminal.send(tenkyo)
    assert (answer["outcome"], answer["first"]) == ("already", "accepted")
    assert len(lines(site, storage.rows["intake"])) == 1


async def test_a_batch_that_arrives_twice_takes_effect_once(site: Site) -> None:
    await plan(site, "answer_twice")
    (answer,) = await site.terminal.send(site.terminal.issued(1))
    assert answer["outcome"] == "already"
    assert len(lines(site, storage.issue_book)) == 1


async def test_a_fault_taken_back_does_not_come(site: Site) -> None:
    await plan(site, "busy", times=2)
    await site.client.post("/training/v1/line", json={"state": "slow", "delay_ms": 1})
    assert (await site.client.delete("/training/v1/faults")).json() == {"state": "ok"}
    (answer,) = await site.terminal.send(site.terminal.issued(1))
    assert answer["outcome"] == "accepted"


async def test_busy_means_nothing_happened(site: Site) -> None:
    await plan(site, "busy", times=2)
    fact = {"commands": [site.terminal.issued(1)]}
    for _ in range(2):
        answer = await site.terminal.call("POST", "/v1/commands", fact)
        assert (answer.status_code, answer.json()["code"]) == (503, "link.busy")
    assert not lines(site, storage.issue_book)
    assert (await site.terminal.call("POST", "/v1/commands", fact)).status_code == httpx.codes.OK


async def test_half_an_answer_took_effect_too(site: Site) -> None:
    await plan(site, "cut_midway")
    with pytest.raises(LineCutError):
        await site.terminal.send(site.terminal.issued(1))
    assert len(lines(site, storage.issue_book)) == 1


async def test_a_delay_is_only_a_delay(site: Site) -> None:
    await plan(site, "delay", delay_ms=20)
    assert (await site.terminal.send(site.terminal.issued(1)))[0]["outcome"] == "accepted"


async def test_a_cut_line_is_cut_for_all_but_its_own_control(site: Site) -> None:
    await site.client.post("/training/v1/line", json={"state": "cut"})
    with pytest.raises(LineCutError):
        await site.client.get("/v1/clock")
    await site.client.post("/training/v1/line", json={"state": "slow", "delay_ms": 10})
    assert (await site.client.get("/v1/clock")).status_code == httpx.codes.OK
    await site.client.post("/training/v1/line", json={"state": "ok"})
    assert (await site.client.get("/v1/clock")).status_code == httpx.codes.OK
