"""Every text and number somebody may write, replaced by what nobody should: kept as it is, or told of, on both databases."""

import json
from collections.abc import Iterator
from copy import deepcopy
from typing import Any
from urllib.parse import quote

import httpx
import pytest
import zstandard

from cloud import storage
from tests.cloud.cloud_builders import TARO, Row, Site
from tests.cloud.payload_reader import examples
from tests.cloud.test_cloud_bad_input import code, raw, sealed
from tests.cloud.test_cloud_commands import lines

pytestmark = [pytest.mark.asyncio, pytest.mark.long]
NASTY = (
    *(
        "' OR '1'='1",
        "'; DROP TABLE resident; --",
        "%",
        "_%",
        "\\",
        "100%_\\%",
        "{}",
        "%s%n",
        "$$",
        "\x00",
        "a\x00b",
    ),
    *(
        "\ufeff",
        "\u202e",
        "\U000e0100",
        "\U0010ffff",
        "\ud842",
        "a\udfb7",
        "\r\n",
        "<script>",
        "${jndi:ldap://x}",
        "../../x",
    ),
)
HUGE = (2**53, 2**63 - 1, 2**63, 2**64, -(2**63) - 1, 10**40)


def spoilt(value: Any, nasty: str) -> Iterator[Any]:
    """Yield a payload with one of its texts replaced, each in turn."""
    for name, inner in value.items() if isinstance(value, dict) else enumerate(value):
        if isinstance(inner, str):
            changed = deepcopy(value)
            changed[name] = nasty
            yield changed
        elif isinstance(inner, dict | list):
            for deeper in spoilt(inner, nasty):
                changed = deepcopy(value)
                changed[name] = deeper
                yield changed


def packed(payload: Any) -> bytes:
    """Write a payload as msgpack, lone surrogates too, which no good writer would."""
    if isinstance(payload, dict):
        content = b"".join(packed(one) + packed(other) for one, other in payload.items())
        return b"\xdf" + len(payload).to_bytes(4, "big") + content
    if isinstance(payload, list):
        return b"\xdd" + len(payload).to_bytes(4, "big") + b"".join(map(packed, payload))
    if isinstance(payload, str):
        text = payload.encode("utf-8", "surrogatepass")
        return b"\xdb" + len(text).to_bytes(4, "big") + text
    if isinstance(payload, bool) or payload is None:
        return {None: b"\xc0", False: b"\xc2", True: b"\xc3"}[payload]
    return b"\xd3" + int(payload).to_bytes(8, "big", signed=True)


async def sent(site: Site, batch: list[Row]) -> None:
    for start in range(0, len(batch), 100):
        answers = await site.terminal.send(*batch[start : start + 100])
        assert {one["outcome"] for one in answers} <= {"accepted", "refused", "conflict"}


@pytest.mark.parametrize("nasty", NASTY, ids=ascii)
async def test_no_text_of_any_payload_breaks_anything(site: Site, nasty: str) -> None:
    first = {kind: payload for kind, place, payload in examples() if place == 0}
    batch = [
        sealed(site, kind, packed(changed))
        for kind, payload in first.items()
        for changed in spoilt(payload, nasty)
    ]
    assert len(batch) > 60
    await sent(site, batch)
    assert len(lines(site, storage.staff)) == 3
    for path in ("/intakes", "/quarantine", "/journal-trouble", "/attachments"):
        assert (await site.office("GET", path)).status_code == httpx.codes.OK
    for table in ("intakes", "quarantine"):
        told = (await site.office("GET", f"/{table}")).json()
        assert sum(map(len, told.values())) <= len(batch)


@pytest.mark.parametrize("nasty", NASTY, ids=ascii)
async def test_no_text_beside_an_envelope_breaks_anything(site: Site, nasty: str) -> None:
    """As JSON has it, escaped: a command that cannot be signed in these words is not of the contract."""
    good = site.terminal.issued(1)
    wrong = [good | {name: nasty} for name, value in good.items() if isinstance(value, str)]
    wrong += [good | {"residents": [nasty]}, good | {"base": {nasty: 1}}, good | {"supersedes": nasty}]
    answer = await raw(site, "POST", "/v1/commands", json.dumps({"commands": wrong}).encode())
    assert answer.status_code in {200, 422}, answer.text
    if answer.is_success:
        took_effect = [one for one in answer.json()["answers"] if one["outcome"] == "accepted"]
        assert all(one.get("quarantined") for one in took_effect)


@pytest.mark.parametrize("nasty", NASTY, ids=ascii)
async def test_no_text_of_a_question_finds_what_it_should_not(site: Site, nasty: str) -> None:
    await site.terminal.sign_in()
    asked: list[tuple[str, dict[str, object]]] = [
        ("/v1/residents/search", {"typed": nasty}),
        ("/v1/residents/search", {"typed": f"{nasty} わたなべ"}),
        ("/v1/payers/search", {"typed": nasty}),
        ("/v1/restrictions", {"household_no": nasty, "atena_nos": [nasty]}),
        ("/v1/sessions/challenges", {"staff_id": nasty, "kind": "totp"}),
        (f"/v1/residents/{TARO}/lease", {"token": nasty}),
        (
            "/v1/eligibility",
            {
                "kind": nasty,
                "subject": nasty,
                "members": [nasty],
                "options": {nasty: True},
                "requester": "self",
                "identity": "photo",
                "purpose": nasty,
                "on": "2026-11-20",
            },
        ),
    ]
    for path, body in asked:
        answer = await raw(site, "POST", path, json.dumps(body).encode())
        assert answer.status_code in {200, 403, 422}, (path, answer.text)
        if path == "/v1/residents/search" and answer.is_success:
            # A mark that search ignores leaves the other word: then who bears the name is found, and nobody else.
            assert {hit["household_no"] for hit in answer.json()["hits"]} <= {"2000000010"}
    for path in (
        "/v1/residents/{}/household",
        "/v1/residents/{}/tax",
        "/v1/commands/{}",
        "/v1/attachments/{}",
    ):
        where = path.format(quote(nasty.encode("utf-8", "ignore"), safe=""))
        answer = await site.terminal.call("GET", where)
        assert answer.status_code in {404, 405, 422}, (where, answer.text)


@pytest.mark.parametrize("huge", HUGE)
async def test_no_number_is_too_great_to_be_told_of(site: Site, huge: int) -> None:
    await site.terminal.sign_in()
    for path in (f"/v1/feeds/register?after={huge}", f"/v1/feeds/register?after=1&limit={huge}"):
        answer = await site.terminal.call("GET", path)
        assert answer.status_code in {200, 409, 422}, (path, answer.text)
    good = site.terminal.tenkyo()
    for more in ({"base": {TARO: huge}}, {"clock_offset_ms": huge}):
        batch = json.dumps({"commands": [good | more]}).encode()
        (heard,) = (await raw(site, "POST", "/v1/commands", batch)).json()["answers"]
        assert heard["outcome"] == "refused"
    for path, body in (
        ("/v1/residents/search", {"typed": "x", "limit": huge}),
        ("/v1/feeds/register/rows", {"buckets": [huge]}),
        ("/v1/feeds/register/buckets", {"mids": [huge]}),
    ):
        answer = await site.terminal.call("POST", path, body)
        assert (answer.status_code, code(answer)) == (422, "request.malformed"), path
    told = {"program": "1", "waiting": huge, "clock_offset_ms": 0}
    assert code(await site.terminal.call("PUT", "/v1/terminals/self/state", told)) == "request.malformed"
    assert (await site.terminal.call("PUT", f"/v1/attachments/x/parts/{huge}")).status_code in {404, 422}


@pytest.mark.parametrize("day", ["0001-01-01", "9999-12-31"])
async def test_no_day_is_too_far_to_be_told_of(site: Site, day: str) -> None:
    await site.terminal.sign_in()
    answer = await site.terminal.call("GET", f"/v1/forms/juminhyo_copy?scope=members&on={day}")
    assert answer.status_code in {200, 404}
    batch = [
        site.terminal.command(kind, payload | {name: day}, residents=[TARO], base={TARO: 2}, todoke_date=day)
        for kind, place, payload in examples()
        if place == 0
        for name in payload
        if name.endswith(("date", "_on", "acquired", "lost", "planned", "day"))
    ]
    assert batch
    await sent(site, batch)


async def test_a_body_that_was_packed_is_not_unpacked(site: Site) -> None:
    """No call takes a packed body, so none is a bomb: what came is what is read."""
    bomb = zstandard.compress(b'{"commands": []}' + b" " * 400_000_000)
    for packing in ("zstd", "gzip", "br"):
        headers = {"content-encoding": packing, "content-type": "application/json"}
        answer = await raw(site, "POST", "/v1/commands", bomb, **headers)
        assert (answer.status_code, code(answer)) == (422, "request.malformed")
    (heard,) = await site.terminal.send(sealed(site, "fact.issued", bomb))
    assert heard["quarantined"] is True
