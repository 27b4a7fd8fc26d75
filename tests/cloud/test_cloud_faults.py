"""Faults on purpose: what was lost took effect once, what came twice too, and each befalls the calls it fits."""

from datetime import timedelta
from typing import Any

import httpx
import pytest

from cloud import storage
from cloud.app import create_app
from cloud.fault_plan import Call, Fault, FaultKind, Faults, Planned
from cloud.faults import LineCutError
from cloud.points import Point
from tests.cloud.cloud_builders import START, Site
from tests.cloud.test_cloud_commands import lines

pytestmark = [pytest.mark.asyncio, pytest.mark.long]
FAULTS = "/training/v1/faults"


async def plan(site: Site, kind: str, **more: object) -> int:
    chosen = {} if {"service", "operation"} & set(more) else {"path": "/v1/commands"}
    answer = await site.client.post(FAULTS, json={"kind": kind} | chosen | more)
    assert answer.status_code == httpx.codes.OK, answer.text
    return int(answer.json()["id"])


def unjudged(site: Site) -> httpx.AsyncClient:
    """A caller for answers that are not of the contract, and are not meant to be."""
    return httpx.AsyncClient(transport=httpx.ASGITransport(site.app), base_url="https://cloud.test")


async def sent_unjudged(site: Site, *commands: dict[str, object]) -> httpx.Response:
    async with unjudged(site) as client:
        terminal = site.terminal
        terminal.client, judged = client, terminal.client
        try:
            return await terminal.call("POST", "/v1/commands", {"commands": list(commands)})
        finally:
            terminal.client = judged


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
    assert (await site.client.delete(FAULTS)).json() == {"state": "ok"}
    (answer,) = await site.terminal.send(site.terminal.issued(1))
    assert answer["outcome"] == "accepted"


async def test_busy_means_nothing_happened(site: Site) -> None:
    await plan(site, "busy", times=2, retry_after=7)
    fact = {"commands": [site.terminal.issued(1)]}
    for _ in range(2):
        answer = await site.terminal.call("POST", "/v1/commands", fact)
        assert (answer.status_code, answer.json()["code"]) == (503, "link.busy")
        assert answer.headers["retry-after"] == "7"
    assert not lines(site, storage.issue_book)
    assert (await site.terminal.call("POST", "/v1/commands", fact)).status_code == httpx.codes.OK


@pytest.mark.parametrize("kind", ["cut_midway", "cut_in_chunk"])
async def test_half_an_answer_took_effect_too(site: Site, kind: str) -> None:
    await plan(site, kind)
    with pytest.raises(LineCutError):
        await site.terminal.send(site.terminal.issued(1))
    assert len(lines(site, storage.issue_book)) == 1


@pytest.mark.parametrize("kind", ["delay", "trickle"])
async def test_a_delay_is_only_a_delay(site: Site, kind: str) -> None:
    await plan(site, kind, delay_ms=20)
    assert (await site.terminal.send(site.terminal.issued(1)))[0]["outcome"] == "accepted"


@pytest.mark.parametrize(
    ("status", "media_type"),
    [
        (500, "application/problem+json"),
        (502, "text/html"),
        (503, "application/problem+json"),
        (504, "text/html"),
    ],
)
@pytest.mark.parametrize("takes_effect", [False, True])
async def test_an_error_may_hide_what_took_effect(
    site: Site, status: int, media_type: str, takes_effect: bool
) -> None:
    await plan(site, "error", status=status, takes_effect=takes_effect)
    answer = await sent_unjudged(site, site.terminal.issued(1))
    assert (answer.status_code, answer.headers["content-type"].partition(";")[0]) == (status, media_type)
    assert ("retry-after" in answer.headers) == (status == httpx.codes.SERVICE_UNAVAILABLE)
    assert len(lines(site, storage.issue_book)) == takes_effect


@pytest.mark.parametrize(
    ("code", "status"), [("refused.by_cloud", 403), ("terminal.revoked", 403), ("conflict.version", 409)]
)
async def test_a_planned_refusal_bears_a_code_from_the_list(site: Site, code: str, status: int) -> None:
    await plan(site, "refused", code=code)
    answer = await site.terminal.call("POST", "/v1/commands", {"commands": []})
    assert (answer.status_code, answer.json()["code"]) == (status, code)
    unlisted = await site.client.post(FAULTS, json={"kind": "refused", "code": "made.up"})
    assert (unlisted.status_code, unlisted.json()["code"]) == (422, "request.malformed")


async def test_a_portal_answers_for_the_cloud_and_nothing_happened(site: Site) -> None:
    await plan(site, "portal")
    answer = await sent_unjudged(site, site.terminal.issued(1))
    assert answer.status_code == httpx.codes.OK
    assert answer.headers["content-type"].startswith("text/html")
    assert not lines(site, storage.issue_book)


async def test_garbage_has_the_right_type_and_length_and_took_effect(site: Site) -> None:
    fact = site.terminal.issued(1)
    await plan(site, "garbage")
    garbage = await sent_unjudged(site, fact)
    assert garbage.headers["content-type"] == "application/json"
    assert garbage.content
    with pytest.raises(ValueError, match="utf-8"):
        garbage.json()
    assert len(lines(site, storage.issue_book)) == 1


async def test_the_clock_is_wrong_in_all_that_the_call_does_and_in_nothing_else(site: Site) -> None:
    await plan(site, "wrong_clock", off_s=3600, operation="clock", times=1)
    told = await site.client.get("/v1/clock")
    assert told.json() == {"now": "2026-11-20T06:00:00Z"}
    assert told.headers["date"] == "Fri, 20 Nov 2026 06:00:00 GMT"
    assert (await site.client.get("/v1/clock")).json() == {"now": "2026-11-20T05:00:00Z"}

    await plan(site, "wrong_clock", off_s=-7200, operation="sendCommands")
    (answer,) = await site.terminal.send(site.terminal.issued(1))
    assert answer["receipt"]["at"] == "2026-11-20T03:00:00Z"
    (line,) = lines(site, storage.issue_book)
    assert line.received_at == "2026-11-20T03:00:00Z", "written down as the wrong clock had it"


async def test_a_proof_made_by_the_right_time_is_refused_by_a_wrong_clock(site: Site) -> None:
    await site.terminal.sign_in()
    await plan(site, "wrong_clock", off_s=1200, path="/", times=0)
    refused = await site.terminal.call("GET", "/v1/orders")
    assert refused.json()["code"] == "sign_in.clock_off"
    assert refused.json()["now"] == "2026-11-20T05:20:00Z"
    (answer,) = await site.terminal.send(site.terminal.issued(1))
    assert answer["outcome"] == "accepted", "what was accepted at the counter always gets in"
    assert site.clock() == START
    await site.client.delete(FAULTS)
    assert (await site.terminal.call("GET", "/v1/orders")).status_code == httpx.codes.OK


async def test_a_wrong_clock_comes_beside_another_fault(site: Site) -> None:
    await plan(site, "wrong_clock", off_s=60, path="/v1/clock", times=0)
    await plan(site, "delay", delay_ms=1, path="/v1/clock")
    assert (await site.client.get("/v1/clock")).json() == {"now": "2026-11-20T05:01:00Z"}
    told = (await site.client.get(FAULTS)).json()["faults"]
    assert [one["befell"] for one in told] == [1, 1]


async def test_a_cut_line_is_cut_for_all_but_its_own_control(site: Site) -> None:
    await site.client.post("/training/v1/line", json={"state": "cut"})
    with pytest.raises(LineCutError):
        await site.client.get("/v1/clock")
    await site.client.post("/training/v1/line", json={"state": "slow", "delay_ms": 10})
    assert (await site.client.get("/v1/clock")).status_code == httpx.codes.OK
    await site.client.post("/training/v1/line", json={"state": "ok"})
    assert (await site.client.get("/v1/clock")).status_code == httpx.codes.OK


async def test_a_fault_on_every_path_does_not_reach_its_own_control(site: Site) -> None:
    number = await plan(site, "error", path="/", times=0)
    assert (await site.client.get("/v1/clock")).status_code == httpx.codes.INTERNAL_SERVER_ERROR
    listed = (await site.client.get(FAULTS)).json()
    assert listed["line"] == {"state": "ok", "delay_ms": 0}
    assert listed["faults"] == [{"id": number, "kind": "error", "times": 0, "left": None, "befell": 1}]


async def test_one_fault_is_taken_back_by_its_number_and_only_that(site: Site) -> None:
    first = await plan(site, "busy", path="/v1/clock", times=0)
    await plan(site, "busy", path="/v1/health", times=0)
    assert (await site.client.delete(f"{FAULTS}/{first}")).status_code == httpx.codes.NO_CONTENT
    assert (await site.client.get("/v1/clock")).status_code == httpx.codes.OK
    assert (await site.client.get("/v1/health")).status_code == httpx.codes.SERVICE_UNAVAILABLE
    gone = await site.client.delete(f"{FAULTS}/{first}")
    assert (gone.status_code, gone.json()["code"]) == (404, "training.unknown")


async def test_one_service_is_down_or_slow_while_the_others_work(site: Site) -> None:
    await plan(site, "service_down", service="feeds", times=0, retry_after=30)
    await plan(site, "delay", service="residents", times=0, delay_ms=1)
    down = await site.terminal.call("GET", "/v1/feeds/register")
    assert (down.status_code, down.headers["retry-after"]) == (503, "30")
    assert (down.json()["code"], down.json()["service"]) == ("service.down", "feeds")
    (answer,) = await site.terminal.send(site.terminal.issued(1))
    assert answer["outcome"] == "accepted"
    services = (await site.client.get("/v1/health")).json()["services"]
    assert {name: state for name, state in services.items() if state != "ok"} == {
        "feeds": "down",
        "residents": "slow",
    }
    await site.client.delete(FAULTS)
    assert set((await site.client.get("/v1/health")).json()["services"].values()) == {"ok"}


@pytest.mark.parametrize(
    "body",
    [
        {"kind": "service_down"},
        {"kind": "service_down", "service": "water"},
        {"kind": "busy", "operation": "noSuchCall"},
        {"kind": "error", "status": 501},
        {"kind": "busy", "probability": 0},
        {"kind": "busy", "tiems": 3},
    ],
)
async def test_a_plan_that_means_nothing_is_refused(site: Site, body: dict[str, Any]) -> None:
    answer = await site.client.post(FAULTS, json=body)
    assert (answer.status_code, answer.json()["code"]) == (422, "request.malformed")
    assert (await site.client.get(FAULTS)).json()["faults"] == []


async def test_without_training_there_is_neither_control_nor_layer(site: Site) -> None:
    for app, is_spoilt in ((create_app(site.tenant), False), (create_app(site.tenant, faults=busy()), True)):
        async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="https://x") as client:
            assert (await client.get("/v1/clock")).is_success is not is_spoilt
            for method in ("GET", "POST", "DELETE"):
                answer = await client.request(method, FAULTS, json={"kind": "busy"})
                assert answer.status_code == httpx.codes.NOT_FOUND


def busy() -> Faults:
    faults = Faults()
    faults.plan(Fault(FaultKind.BUSY))
    return faults


@pytest.mark.parametrize("point", list(Point))
async def test_the_process_ends_at_the_point_that_was_named(site: Site, point: Point) -> None:
    class EndedError(Exception):
        """Stands for the end of the process, which would take this test with it."""

    def end() -> None:
        raise EndedError

    faults = Faults(end)
    faults.plan(Fault(FaultKind.RESTART, operation="sendCommands", point=point))
    transport = httpx.ASGITransport(create_app(site.tenant, faults=faults))
    batch = [site.terminal.issued(one) for one in range(3)]
    async with httpx.AsyncClient(transport=transport, base_url="https://x") as client:
        site.terminal.client = client
        with pytest.raises(EndedError):
            await site.terminal.send(*batch)
        committed = point is Point.AFTER_COMMIT
        assert len(lines(site, storage.issue_book)) == (3 if committed else 0)
        answers = await site.terminal.send(*batch)
    assert {answer["outcome"] for answer in answers} == {"already" if committed else "accepted"}
    assert len(lines(site, storage.issue_book)) == 3


async def test_a_storm_strikes_the_same_calls_each_time_it_is_played() -> None:
    calls = [Call("GET", "/v1/clock") for _ in range(400)]
    storms = [
        [planned.befalls(call) for call in calls]
        for planned in (
            Planned(number, Fault(FaultKind.RESET, times=0, probability=0.25, seed=7)) for number in (1, 2)
        )
    ]
    assert storms[0] == storms[1]
    assert 60 < sum(storms[0]) < 140


async def test_what_comes_a_number_of_times_comes_before_what_stays() -> None:
    faults = Faults()
    faults.plan(Fault(FaultKind.DELAY, times=0))
    faults.plan(Fault(FaultKind.BUSY))
    faults.plan(Fault(FaultKind.RESET))
    call = Call("GET", "/v1/clock")
    kinds = [fault.kind for fault in (faults.next_for(call) for _ in range(4)) if fault]
    assert kinds == [FaultKind.BUSY, FaultKind.RESET, FaultKind.DELAY, FaultKind.DELAY]
    assert faults.off_for(call) == timedelta(0)


async def test_a_fault_fits_what_meets_all_its_conditions() -> None:
    here = Call("POST", "/v1/commands", "990001", "T0001")
    fitting: list[dict[str, Any]] = [
        {},
        {"path": "/v1/com"},
        {"path": "/990001/v1/commands"},
        {"method": "post"},
        {"operation": "sendCommands"},
        {"service": "commands", "terminal": "T0001", "municipality": "990001"},
    ]
    others: list[dict[str, Any]] = [
        {"path": "/v1/feeds"},
        {"path": "/990002/v1/commands"},
        {"method": "GET"},
        {"operation": "commandAnswer"},
        {"service": "feeds"},
        {"terminal": "T0002"},
        {"service": "commands", "terminal": "T0001", "municipality": "990002"},
    ]
    assert all(Fault(FaultKind.BUSY, **one).fits(here) for one in fitting)
    assert not any(Fault(FaultKind.BUSY, **one).fits(here) for one in others)
    bare = Call("POST", "/v1/commands")
    assert not Fault(FaultKind.BUSY, municipality="990001").fits(bare)


async def test_the_list_forgets_the_oldest_of_what_is_over() -> None:
    faults = Faults()
    call = Call("GET", "/v1/clock")
    for _ in range(300):
        faults.plan(Fault(FaultKind.BUSY))
        faults.next_for(call)
    stays = faults.plan(Fault(FaultKind.BUSY, times=0))
    numbers = [one["id"] for one in faults.listed()]
    assert len(numbers) == 201
    assert numbers[-1] == stays
