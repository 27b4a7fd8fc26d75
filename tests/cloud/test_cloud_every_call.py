"""Each call of the contract in turn: too long, said twice, of yesterday, changed on its way, of another town."""

import json
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import httpx
import pytest

from cloud.body import LARGEST_BODY
from cloud.clock import stamp
from cloud.orders import NewOrder
from tests.cloud.attachment_builders import a_bundle
from tests.cloud.cloud_builders import HANAKO, Site, Terminal, feed_keys, open_envelope
from tests.cloud.contract_reader import contract, operations, request_examples
from tests.cloud.test_cloud_bad_input import code
from tests.cloud.test_cloud_contract import PLACES
from tests.cloud.test_cloud_tenants import Cloud, cloud  # noqa: F401 -- a fixture

pytestmark = [pytest.mark.asyncio, pytest.mark.long]
MORE = {
    "certificate": "juminhyo_copy",
    "place": "1",
    "sha256": "0" * 64,
    "terminal_no": "T0001",
    "number": "1",
    "name": "storm",
}
QUERIES = {"feedBatch": "?after=1", "forms": "?scope=members&on=2026-11-20"}
ALWAYS_HEARD = {
    "sendCommands",
    "carry",
    "commandAnswer",
    "tallyCommands",
}  # what was accepted at a counter gets in with a wrong clock, and twice


def calls(*schemes: str) -> Iterator[tuple[str, str, str, bytes]]:
    """Yield every call one of whose proofs is of these schemes: name, method, address, body."""
    bodies = {(method, path): body for method, path, _, body in request_examples()}
    for (method, path), operation in operations().items():
        asked = operation.get("security", contract()["security"])
        if any(set(schemes) & set(one) for one in asked):
            address = path + QUERIES.get(operation["operationId"], "")
            for place, value in {**PLACES, **MORE}.items():
                address = address.replace(f"{{{place}}}", value)
            body = json.dumps(bodies[method, path]).encode() if (method, path) in bodies else b""
            yield operation["operationId"], method, address, body


async def made(terminal: Terminal, method: str, path: str, body: bytes, **more: Any) -> httpx.Response:
    signed = more.get("signed") or terminal.headers(method, path, body)
    return await terminal.client.request(method, path, content=body, headers=signed)


async def test_no_call_takes_more_than_a_body_may_have(site: Site) -> None:
    await site.terminal.sign_in()
    long = b" " * (LARGEST_BODY + 1)
    told = {
        name: code(await made(site.terminal, method, path, long))
        for name, method, path, body in calls("terminal")
        if body or name == "putPart"
    }
    assert len(told) > 15
    assert set(told.values()) == {"request.too_large"}


async def test_no_call_is_heard_twice_or_late_or_changed(site: Site) -> None:
    await site.terminal.sign_in()
    late = stamp(site.clock() - timedelta(seconds=301))
    for name, method, path, body in calls("terminal"):
        if name in ALWAYS_HEARD | {"signOut"}:
            continue
        signed = site.terminal.headers(method, path, body)
        first = await made(site.terminal, method, path, body, signed=signed)
        again = await made(site.terminal, method, path, body, signed=signed)
        assert (again.status_code, code(again)) == (401, "terminal.proof_used"), (name, first.text)
        old = site.terminal.headers(method, path, body, date=late)
        assert code(await made(site.terminal, method, path, body, signed=old)) == "sign_in.clock_off", name
        changed = await made(site.terminal, method, path, body + b" ", signed=old)
        assert code(changed) == "terminal.wrong_proof", name
        bare = await site.client.request(method, path, content=body)
        assert (bare.status_code, code(bare)) == (401, "terminal.no_proof"), name


async def test_no_call_of_a_person_is_heard_without_one(site: Site) -> None:
    for name, method, path, body in calls("person"):
        answer = await made(site.terminal, method, path, body)
        assert (answer.status_code, code(answer)) == (401, "sign_in.expired"), name


async def test_no_call_of_the_office_is_heard_without_its_token(site: Site) -> None:
    await site.terminal.sign_in()
    for name, method, path, body in calls("office"):
        signed = site.terminal.headers(method, path, body)  # a clerk's token is none of the office's
        for headers in ({}, signed, {"authorization": f"Bearer {'0' * 64}"}):
            answer = await site.client.request(method, path, content=body, headers=headers)
            assert (answer.status_code, code(answer)) == (401, "office.unknown"), name


async def test_no_call_reaches_another_town_with_what_is_good_in_ours(cloud: Cloud) -> None:  # noqa: F811 -- the fixture
    """The numbers are the same in both; key, tokens and proof are not."""
    terminal, there = cloud.ours.terminal, cloud.theirs.terminal.client
    await terminal.sign_in()
    assert terminal.number == cloud.theirs.terminal.number
    for name, method, path, body in calls("terminal", "person"):
        abroad = Terminal(there, terminal.now, terminal.key, terminal.number, terminal.token)
        answer = await made(abroad, method, path, body)
        assert (answer.status_code, code(answer)) == (401, "terminal.wrong_proof"), name
    office = {"authorization": f"Bearer {cloud.ours.tenant.keys.office_token}"}
    for name, method, path, body in calls("office"):
        answer = await there.request(method, path, content=body, headers=office)
        assert (answer.status_code, code(answer)) == (401, "office.unknown"), name


async def test_no_guessed_name_of_our_town_is_known_in_another(cloud: Cloud) -> None:  # noqa: F811 -- the fixture
    """A terminal and a clerk of the other town, good there, ask for what is ours by its true name."""
    ours, theirs = cloud.ours, cloud.theirs
    await ours.terminal.sign_in()
    await theirs.terminal.sign_in()
    request = ours.terminal.tenkyo({"subject": HANAKO})
    await ours.terminal.send(request, ours.terminal.issued(1), ours.terminal.issued(1))
    order = ours.tenant.orders.give(NewOrder(ours.terminal.number, "policy", "o001"))
    bundle = a_bundle(ours.terminal, str(request["key"]))
    await bundle.bring()
    manifest = open_envelope(
        (await ours.terminal.call("GET", "/v1/snapshot")).content, feed_keys(ours.tenant)
    )
    guesses = [
        ("GET", f"/v1/commands/{request['key']}", None),
        ("POST", f"/v1/orders/{order}/done", {"result": "done"}),
        ("GET", f"/v1/attachments/{bundle.key}", None),
        ("DELETE", f"/v1/attachments/{bundle.key}", None),
        *(("GET", f"/v1/snapshot/chunks/{chunk['sha256']}", None) for chunk in manifest["chunks"]),
    ]
    for method, path, body in guesses:
        answer = await theirs.terminal.call(method, path, body)
        assert (answer.status_code, code(answer)) == (404, "refused.not_found"), path
    (item,) = (await ours.office("GET", "/quarantine", ours.tenant.keys.office_token)).json()["items"]
    by: dict[str, object] = {"by": "o001", "decided_by": "o001", "decision": "review", "reason": "?"}
    for path in (
        f"/intakes/{request['key']}/decision",
        *(f"/quarantine/{item['item_id']}/{act}" for act in ("opening", "release", "dismissal")),
        f"/attachments/{bundle.key}/opening",
    ):
        answer = await theirs.office("POST", path, theirs.tenant.keys.office_token, by)
        assert (answer.status_code, code(answer)) == (404, "refused.not_found"), path
    stranger = await Terminal(theirs.terminal.client, ours.terminal.now).enrol(
        ours.tenant.terminals.new_token()
    )
    assert (stranger.status_code, code(stranger)) == (403, "refused.enrolment")
    stolen = await theirs.terminal.call(
        "GET", f"/v1/residents/{HANAKO}/household", authorization=f"Bearer {ours.terminal.token}"
    )
    assert (stolen.status_code, code(stolen)) == (401, "sign_in.expired")
    assert (await bundle.state())["state"] == "attached"
