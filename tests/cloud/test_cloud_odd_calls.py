"""Calls of the right address in the wrong way: each is told what is wrong, as HTTP and the contract have it."""

import pytest

from tests.cloud.cloud_builders import TARO, Site
from tests.cloud.contract_reader import operations
from tests.cloud.test_cloud_bad_input import code

pytestmark = pytest.mark.asyncio


@pytest.mark.parametrize(
    "path", ["/v1/clock", f"/v1/residents/{TARO}/lease", "/v1/attachments/019a/parts/1", "/v1/commands/tally"]
)
async def test_an_address_that_does_not_know_a_method_names_those_it_does(site: Site, path: str) -> None:
    answer = await site.client.request("PATCH", path)
    assert (answer.status_code, code(answer)) == (405, "request.method")
    pattern = path.replace(TARO, "{atena_no}").replace("019a/parts/1", "{key}/parts/{place}")
    known = {method for method, declared in operations() if declared == pattern}
    assert set(answer.headers["allow"].split(", ")) == known


@pytest.mark.parametrize("path", ["/v1/clock/", "/v1/commands/", "/office/v1/intakes/", "//v1/clock", "/v1"])
async def test_an_address_that_is_nearly_right_leads_nowhere_else(site: Site, path: str) -> None:
    answer = await site.client.get(f"https://cloud.test{path}")
    assert (answer.status_code, code(answer)) == (404, "request.unknown")
    assert "location" not in answer.headers


async def test_a_lease_is_given_back_with_its_token_or_not_at_all(site: Site) -> None:
    await site.terminal.sign_in()
    answer = await site.terminal.call("DELETE", f"/v1/residents/{TARO}/lease")
    assert (answer.status_code, code(answer)) == (422, "request.malformed")


@pytest.mark.parametrize("path", ["/intakes?state=decided", "/quarantine?state=null"])
async def test_a_state_that_is_none_is_told_so(site: Site, path: str) -> None:
    answer = await site.office("GET", path)
    assert (answer.status_code, code(answer)) == (422, "request.malformed")


@pytest.mark.parametrize(
    "change", [{"row": {}}, {"table": "phone", "key": [True]}, {"table": "phone", "row": {"a": 1.5}}]
)
async def test_rows_of_no_form_are_told_so_whatever_is_decided(site: Site, change: dict[str, object]) -> None:
    request = site.terminal.tenkyo()
    await site.terminal.send(request)
    asked = {"decision": "review", "decided_by": "o001", "changes": [change]}
    answer = await site.office("POST", f"/intakes/{request['key']}/decision", asked)
    assert (answer.status_code, code(answer)) == (422, "request.malformed")


async def test_the_name_of_a_snapshot_is_not_longer_than_any_is(site: Site) -> None:
    answer = await site.terminal.call("GET", f"/v1/snapshot?begun={'0' * 65}")
    assert (answer.status_code, code(answer)) == (422, "request.malformed")


async def test_faults_that_need_a_service_are_listed_like_others(site: Site) -> None:
    planned = {"kind": "service_down", "service": "tax", "times": 1}
    answer = await site.client.post("/training/v1/faults", json=planned)
    assert answer.status_code == 200
    (listed,) = (await site.client.get("/training/v1/faults")).json()["faults"]
    assert (listed["kind"], listed["service"]) == ("service_down", "tax")


async def test_a_moment_of_a_far_year_is_written_with_four_digits(site: Site) -> None:
    (answer,) = await site.terminal.send(site.terminal.issued(1, made_at="0252-06-09T20:04:20Z", made_by="?"))
    assert answer["outcome"] == "accepted"
    await site.terminal.send(site.terminal.issued(1, made_at="0252-06-09T20:04:20Z"))
    (item,) = (await site.office("GET", "/quarantine")).json()["items"]
    opened = await site.office("POST", f"/quarantine/{item['item_id']}/opening", {"by": "o001"})
    assert opened.json()["made_at"] == "0252-06-09T20:04:20Z"


EDGES = ("0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-14:00")


@pytest.mark.parametrize("moment", EDGES)
async def test_a_moment_beyond_the_calendar_is_told_so(site: Site, moment: str) -> None:
    told = {"program": "1.0", "waiting": 1, "clock_offset_ms": 0, "oldest_waiting": moment}
    answer = await site.terminal.call("PUT", "/v1/terminals/self/state", told)
    assert (answer.status_code, code(answer)) == (422, "request.malformed")
    (put_aside,) = await site.terminal.send(site.terminal.issued(1, made_at=moment))
    assert put_aside["quarantined"] is True


@pytest.mark.parametrize("moment", EDGES)
async def test_a_proof_of_a_day_beyond_the_calendar_is_told_so(site: Site, moment: str) -> None:
    signed = site.terminal.headers("GET", "/v1/orders", b"", date=moment)
    answer = await site.client.get("/v1/orders", headers=signed)
    assert (answer.status_code, code(answer)) == (422, "request.malformed")
