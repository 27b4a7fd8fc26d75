"""The one client against sockets that misbehave."""

import asyncio
import gzip
import ssl
import subprocess
import sys
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from client.api import codec
from client.api.http import Http
from client.api.reply import Reply
from client.domain.errors import LinkDownError
from cloud.authority import open_authority, server_files
from tests.api.sockets import GOOD, Serve, answer, request, saying, served


def _now() -> datetime:
    return datetime.now(UTC)


class _Clock(msgspec.Struct):
    now: datetime


@asynccontextmanager
async def _speaking(serve: Serve) -> AsyncIterator[Http]:
    async with served(serve) as url:
        http = Http(url, None, now=_now)
        try:
            yield http
        finally:
            await http.close()


@pytest.mark.asyncio
@pytest.mark.parametrize(
    ("said", "code"),
    [
        (answer(b"<html>Wi-Fi login</html>", kind="text/html"), "link.fault"),  # a captive portal
        (answer(b"<html>Wi-Fi login</html>"), "link.fault"),
        (answer(b'{"now": 5}'), "link.fault"),
        (answer(b'{"now":'), "link.fault"),
        (answer(b"\xff\xfe\x00"), "link.fault"),
        (answer(b"{}", kind="text/plain"), "link.fault"),
        (answer(b"", status="302 Found", more="location: http://portal.example/\r\n"), "link.fault"),
        (answer(b"oops", status="500 Internal Server Error", kind="text/plain"), "link.fault"),
        (answer(b"gone", status="404 Not Found", kind="text/html"), "link.fault"),
        (answer(b"", status="503 Service Unavailable", more="retry-after: 7\r\n"), "link.busy"),
        (answer(b"", status="429 Too Many Requests", more="retry-after: soon\r\n"), "link.busy"),
        (answer(b"{}", more="content-encoding: br\r\n"), "link.fault"),
        (answer(b"not gzip", more="content-encoding: gzip\r\n"), "link.fault"),
        (answer(gzip.compress(GOOD)[:-9], more="content-encoding: gzip\r\n"), "link.fault"),
        (answer(gzip.compress(bytes(9_000_000)), more="content-encoding: gzip\r\n"), "link.fault"),  # a bomb
        (answer(bytes(5_000_000)), "link.fault"),
        (b"HELO what is this\r\n\r\n", "link.broken"),
        (b"", "link.timeout"),
        (GOOD[:-8], "link.timeout"),
    ],
)
async def test_what_is_no_answer_of_the_contract_is_a_link_that_is_down(said: bytes, code: str) -> None:
    async with _speaking(saying(said)) as http:
        with pytest.raises(LinkDownError) as down:
            (await http.call("GET", "/v1/clock", timeout=0.5)).decode(_Clock)
    assert down.value.code == code


@pytest.mark.asyncio
async def test_the_wait_the_cloud_asks_for_is_a_fact() -> None:
    busy = answer(b"", status="503 Service Unavailable", more="retry-after: 7\r\n")
    async with _speaking(saying(busy)) as http:
        with pytest.raises(LinkDownError) as down:
            await http.call("GET", "/v1/clock")
    assert down.value.facts == {"retry_after": 7}


@pytest.mark.asyncio
async def test_a_slow_drip_ends_at_the_deadline() -> None:
    async def drip(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await request(reader)
        for byte in GOOD:
            writer.write(bytes([byte]))
            await writer.drain()
            await asyncio.sleep(0.05)

    async with _speaking(drip) as http:
        began = time.monotonic()
        with pytest.raises(LinkDownError, match=r"link\.timeout"):
            await http.call("GET", "/v1/clock", timeout=0.3)
        assert time.monotonic() - began < 1


@pytest.mark.asyncio
async def test_a_large_answer_may_take_its_time_and_a_small_one_may_not(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    limits: list[float] = []
    real = asyncio.timeout

    def noted(delay: float | None) -> asyncio.Timeout:
        limits.append(delay or 0)
        return real(delay)

    monkeypatch.setattr("client.api.http.asyncio.timeout", noted)
    async with _speaking(saying(GOOD)) as http:
        await http.call("GET", "/v1/clock")
        await http.call("GET", "/v1/clock", expect_bytes=3_000_000)
    small, large = (limit for limit in limits if limit > 10)
    assert small < 15
    assert large > 3_000_000 / 16_000  # what 128 kbit/s carries at best


@pytest.mark.asyncio
async def test_a_line_cut_in_mid_answer_is_broken() -> None:
    async def cut(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await request(reader)
        writer.write(GOOD[:-8])
        await writer.drain()

    async with _speaking(cut) as http:
        with pytest.raises(LinkDownError, match=r"link\.broken"):
            await http.call("GET", "/v1/clock")


@pytest.mark.asyncio
async def test_nobody_there_is_unreachable() -> None:
    async with served(saying(GOOD)) as url:
        pass
    for address, code in ((url, "link.unreachable"), ("https://no-such-host.invalid", "link.unknown_host")):
        http = Http(address, None, now=_now)
        with pytest.raises(LinkDownError, match=code):
            await http.call("GET", "/v1/clock")
        await http.close()


@pytest.mark.asyncio
async def test_only_the_towns_own_authority_is_trusted(tmp_path: Path) -> None:
    for name in ("ours", "theirs"):
        (tmp_path / name).mkdir()
    ours = open_authority(tmp_path / "ours", "ours", _now())
    theirs = open_authority(tmp_path / "theirs", "theirs", _now())
    for folder, authority in (("ours", ours), ("theirs", theirs)):
        (tmp_path / f"{folder}.pem").write_text(authority.pem)
    certificate, key = server_files(tmp_path / "ours", ours, ("127.0.0.1",), _now())
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    tls.load_cert_chain(certificate, key)
    async with served(saying(GOOD), tls) as url:
        trusting = Http(url, None, now=_now, ca_file=str(tmp_path / "ours.pem"))
        assert (await trusting.call("GET", "/v1/clock")).status == 200
        for ca_file in (str(tmp_path / "theirs.pem"), None):
            http = Http(url, None, now=_now, ca_file=ca_file)
            with pytest.raises(LinkDownError, match=r"link\.untrusted"):
                await http.call("GET", "/v1/clock")
            await http.close()
        await trusting.close()

    async def portal(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(1)
        writer.write(b"HTTP/1.1 400 Bad Request\r\n\r\n")  # it speaks no TLS at all
        await writer.drain()

    async with served(portal) as url:
        http = Http(url.replace("http:", "https:"), None, now=_now, ca_file=str(tmp_path / "ours.pem"))
        with pytest.raises(LinkDownError, match=r"link\.untrusted"):
            await http.call("GET", "/v1/clock")
        await http.close()


def test_personal_data_never_travels_in_the_clear() -> None:
    with pytest.raises(ValueError, match="https"):
        Http("http://cloud.example", None, now=_now)


@pytest.mark.asyncio
async def test_the_environment_is_not_heeded(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "http_proxy", "all_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:1")
    async with _speaking(saying(GOOD)) as http:
        assert (await http.call("GET", "/v1/clock")).status == 200


@pytest.mark.asyncio
async def test_a_connection_is_kept_and_its_bytes_are_counted() -> None:
    connections = 0
    one = saying(GOOD)

    async def counting(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal connections
        connections += 1
        await one(reader, writer)

    async with _speaking(counting) as http:
        await http.call("GET", "/v1/clock")
        first = http.used["main"]
        await http.call("GET", "/v1/clock")
        assert http.used == {"main": first + first}
        assert abs(first.received - len(GOOD)) < 20
    assert connections == 1


@pytest.mark.asyncio
@pytest.mark.parametrize("repeatable", [True, False])
async def test_a_kept_connection_that_died_meanwhile_is_replaced_once(
    monkeypatch: pytest.MonkeyPatch, repeatable: bool
) -> None:
    monkeypatch.setattr("client.api.http._STALE_AFTER", -1.0)
    calls = 0

    async def once(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal calls
        await request(reader)
        calls += 1
        writer.write(GOOD)
        await writer.drain()
        await request(reader)  # the second call on this connection is read, and nobody answers
        calls += 1

    async with _speaking(once) as http:
        await http.call("GET", "/v1/clock")
        if repeatable:
            assert (await http.call("GET", "/v1/clock")).status == 200
        else:
            with pytest.raises(LinkDownError, match=r"link\.broken"):
                await http.call("POST", "/v1/sessions", repeatable=False)
    assert calls == (3 if repeatable else 2)


@pytest.mark.asyncio
async def test_the_time_is_learnt_from_the_smallest_call_and_from_every_date() -> None:
    ahead = datetime.now(UTC) + timedelta(hours=1)
    exact = answer(msgspec.json.encode({"now": ahead}))
    async with _speaking(saying(exact)) as http:
        await http.probe()
        assert abs(http.clock_offset_ms - 3_600_000) < 2_000
    dated = answer(b"{}", more=f"date: {ahead:%a, %d %b %Y %H:%M:%S} GMT\r\n")
    async with _speaking(saying(dated)) as http:
        await http.call("GET", "/v1/health")
        assert abs(http.clock_offset_ms - 3_600_000) < 3_000
    wild = answer(b"{}", more="date: yesterday\r\n")
    async with _speaking(saying(wild)) as http:
        await http.call("GET", "/v1/health")
        assert http.clock_offset_ms == 0


@pytest.mark.asyncio
async def test_a_portals_date_teaches_nothing() -> None:
    page = answer(b"<html>", kind="text/html", more="date: Fri, 01 Jan 2100 00:00:00 GMT\r\n")
    async with _speaking(saying(page)) as http:
        with pytest.raises(LinkDownError):
            await http.call("GET", "/v1/health")
        assert http.clock_offset_ms == 0


@pytest.mark.asyncio
async def test_being_given_up_is_not_taken_for_a_dead_line() -> None:
    async with _speaking(saying(b"")) as http:
        task = asyncio.create_task(http.call("GET", "/v1/clock"))
        await asyncio.sleep(0.05)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task


def test_httpx_is_not_loaded_at_start() -> None:
    check = (
        "import sys, client.api.http, client.api.residents, client.api.commands, client.api.auth;"
        "sys.exit('httpx' in sys.modules or 'truststore' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-P", "-c", check], check=False).returncode == 0


_KINDS = (
    codec.Found,
    codec.Rows,
    codec.RestrictionsAnswer,
    codec.FormsAnswer,
    codec.EligibilityAnswer,
    codec.Answers,
)
_json = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**40), 2**40) | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["rows", "hits", "as_of", "at", "answers", "key", "x"]), inner, max_size=4
        )
    ),
    max_leaves=12,
)


@given(body=st.binary(max_size=60) | _json.map(msgspec.json.encode), kind=st.sampled_from(_KINDS))
def test_no_body_whatever_raises_anything_but_a_fault(body: bytes, kind: type[object]) -> None:
    reply = Reply(200, {"content-type": "application/json"}, body)
    fault: LinkDownError | None = None
    try:
        reply.decode(kind)
    except LinkDownError as down:
        fault = down
    # The reader's own words may quote a record: they are dropped with the cause.
    assert fault is None or (fault.code, fault.__cause__) == ("link.fault", None)
