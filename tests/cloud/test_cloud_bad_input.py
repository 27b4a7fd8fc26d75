"""What nobody should send: too much, too deep, too often, in the wrong clothes. Each is told so, and nothing falls over."""

import json
from base64 import b64encode
from typing import Any

import httpx
import msgspec
import pytest
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PublicKey
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from cloud import storage
from cloud.body import LARGEST_BODY
from tests.cloud.cloud_builders import _SUITE, TARO, Row, Site, Terminal
from tests.cloud.test_cloud_commands import heads, lines

pytestmark = pytest.mark.asyncio
DEEP = 100_000


def code(answer: httpx.Response) -> str:
    return str(answer.json()["code"])


async def raw(site: Site, method: str, path: str, body: bytes, **headers: str) -> httpx.Response:
    """Make a call with a body that is taken as it is, well proved."""
    signed = site.terminal.headers(method, path, body) | headers
    return await site.client.request(method, path, content=body, headers=signed)


@pytest.mark.parametrize(
    "path", ["/v1/commands", "/v1/sessions", "/v1/enrolments", "/v1/feeds/register/rows"]
)
async def test_a_body_over_the_limit_is_refused(site: Site, path: str) -> None:
    answer = await raw(site, "POST", path, b" " * (LARGEST_BODY + 1))
    assert (answer.status_code, code(answer)) == (413, "request.too_large")


async def test_a_body_that_does_not_say_how_long_it_is_is_cut_off_at_the_limit(site: Site) -> None:
    given = 0

    async def endless() -> Any:
        nonlocal given
        while given < 4 * LARGEST_BODY:
            given += 65536
            yield b" " * 65536

    headers = site.terminal.headers("POST", "/v1/sessions", b"")
    answer = await site.client.post("/v1/sessions", content=endless(), headers=headers)
    assert (answer.status_code, code(answer)) == (413, "request.too_large")
    assert given < 2 * LARGEST_BODY


@pytest.mark.parametrize(
    "body",
    [
        b"[" * DEEP,
        b'{"commands":' + b"[" * DEEP,
        b'{"commands":[' + b'{"key":' * DEEP,
        b'{"commands":[{"kind":"fact.issued","key":' + b"[" * DEEP + b"]" * DEEP + b"}]}",
        b'{"commands":[{"kind":"fact.issued","x":' + b'{"a":' * DEEP + b"1" + b"}" * DEEP + b"}]}",
        b'{"commands": "' + b"\xff\xfe" + b'"}',
        b'{"commands": [NaN]}',
        b'{"commands": [1e999999]}',
        b'{"commands": [' + b"9" * 100_000 + b"]}",
        b"\x00",
        b"",
    ],
    ids=lambda body: bytes(body[:24]).decode("ascii", "replace"),
)
async def test_a_body_no_reader_would_write_is_told_so(site: Site, body: bytes) -> None:
    answer = await raw(site, "POST", "/v1/commands", body)
    assert answer.status_code in {200, 422}, answer.text
    if answer.status_code == httpx.codes.OK:
        assert {one["outcome"] for one in answer.json()["answers"]} <= {"refused", "accepted"}
    assert heads(site) == (1, 1)


def sealed(site: Site, kind: str, content: bytes) -> Row:
    """Make a command whose payload is bytes of our choice, sealed and signed as it should be."""
    terminal = site.terminal
    made = terminal.command(kind, {})
    info = "\0".join(
        ("madoguchi command v1", str(made["key"]), kind, terminal.number, terminal.command_key_id)
    )
    public = X25519PublicKey.from_public_bytes(terminal.command_key)
    box = bytes.fromhex(terminal.command_key_id) + _SUITE.encrypt(content, public, info.encode())
    return terminal.signed({**made, "sealed": b64encode(box).decode()})


@pytest.mark.parametrize(
    "content",
    [
        b"\x91" * DEEP + b"\x00",  # arrays in arrays
        b"\x81\xa1a" * DEEP + b"\x00",  # maps in maps
        b"\xdd\xff\xff\xff\xff",  # an array said to have four billion members
        b"\xdf\xff\xff\xff\xff",
        b"\xc6\xff\xff\xff\xff",  # a blob said to have four gigabytes
        b"\xd9",
        b"",
        b"\xc1",
        msgspec.msgpack.encode(["not", "a", "map"]),
        msgspec.msgpack.encode({1: 2}),
    ],
    ids=lambda content: bytes(content[:8]).hex(),
)
@pytest.mark.parametrize("kind", ["todoke.tenkyo", "fact.issued"])
async def test_a_payload_that_would_burst_is_put_aside(site: Site, kind: str, content: bytes) -> None:
    (answer,) = await site.terminal.send(sealed(site, kind, content))
    assert answer["outcome"] == ("refused" if kind == "todoke.tenkyo" else "accepted")
    (kept,) = lines(site, storage.quarantine)
    assert kept.command_key == answer["key"]
    assert heads(site) == (1, 1)


SQL = (
    "' OR '1'='1",
    "'; DROP TABLE resident; --",
    '" OR ""="',
    "%",
    "_",
    "\\",
    "1); DELETE FROM staff; --",
    "${jndi:x}",
)


@pytest.mark.parametrize("text", SQL)
async def test_words_of_sql_are_words_in_every_field(site: Site, text: str) -> None:
    assert code(await site.terminal.sign_in(staff_id=text)) == "sign_in.wrong_secret"
    assert code(await site.terminal.sign_in(password=text)) == "sign_in.wrong_secret"
    await site.terminal.sign_in()
    found = await site.terminal.call("POST", "/v1/residents/search", {"typed": text})
    assert found.json()["hits"] == []
    for path in (f"/v1/residents/{httpx.URL('/' + text).raw_path.decode()[1:]}/household",):
        assert (await site.terminal.call("GET", path)).status_code == httpx.codes.NOT_FOUND
    concerned = {"household_no": text, "atena_nos": [text]}
    told = (await site.terminal.call("POST", "/v1/restrictions", concerned)).json()
    assert (told["blocks"], told["shien_sochi"]) == ([], [])
    to = {"town": text, "banchi": text, "katagaki": text, "postcode": "9990002"}
    (answer,) = await site.terminal.send(site.terminal.tenkyo({"to": to, "filer": text}))
    assert answer["outcome"] == "accepted"
    (case,) = lines(site, storage.intake_case)
    assert json.loads(case.payload)["to"]["town"] == text
    assert len(lines(site, storage.staff)) == 3
    assert (await Terminal(site.client, site.clock).enrol(text)).status_code == httpx.codes.FORBIDDEN


async def test_a_zero_byte_is_told_of_before_a_database_chokes_on_it(site: Site) -> None:
    await site.terminal.sign_in()
    for path, body in (
        ("/v1/residents/search", {"typed": "渡\x00邉"}),
        ("/v1/restrictions", {"household_no": "\x00", "atena_nos": ["\x00"]}),
        ("/v1/sessions", {"staff_id": "\x00", "password": "\x00", "code": "0"}),
    ):
        answer = await site.terminal.call("POST", path, body)
        assert answer.status_code in {200, 401, 422}, answer.text
    answer = await site.terminal.call("GET", "/v1/residents/%00/household")
    assert answer.status_code in {404, 422}
    sent = await site.terminal.send(
        site.terminal.tenkyo({"filer": "a\x00b"}), site.terminal.issued(1, made_by="\x00")
    )
    assert len(sent) == 2


async def test_a_lone_surrogate_is_told_of(site: Site) -> None:
    await site.terminal.sign_in()
    answer = await raw(site, "POST", "/v1/residents/search", b'{"typed": "\\ud842"}')
    assert answer.status_code in {200, 422}, answer.text


def anything() -> st.SearchStrategy[Any]:
    leaf = (
        st.none()
        | st.booleans()
        | st.integers(-(2**63), 2**64 - 1)
        | st.floats()
        | st.text(max_size=20)
        | st.just(TARO)
    )
    return st.recursive(
        leaf,
        lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    )


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
async def test_no_payload_whatever_makes_the_cloud_fall_over(site: Site, data: st.DataObject) -> None:
    kind = data.draw(
        st.sampled_from(["todoke.tenkyo", "fact.issued", "fact.spoiled", "fact.fee", "fact.journal", "x"])
    )
    payload = site.terminal.tenkyo_payload() | {
        "serial": f"{site.terminal.number}-000001",
        "pages": 1,
        "fee_yen": 1,
    }
    for name in data.draw(st.lists(st.sampled_from(sorted(payload)), max_size=3)):
        payload[name] = data.draw(anything())
    (answer,) = await site.terminal.send(sealed(site, kind, msgspec.msgpack.encode(payload)))
    assert answer["outcome"] in {"accepted", "refused", "conflict"}
