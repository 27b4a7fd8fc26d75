"""Answers that are of the contract in form and not in sense, or from a cloud of another day."""

import gzip
from collections.abc import Mapping
from datetime import UTC, datetime

import httpx
import msgspec
import pytest

from client.api import failures
from client.api.auth import Sessions
from client.api.certificates import CertificateDesk
from client.api.commands import CommandBox
from client.api.http import Http
from client.api.reply import Reply, unpacked
from client.domain.change import ChangeKind, NewChange
from client.domain.errors import LinkDownError, RefusedError, SignInNeededError
from tests.builders import NOW, TARO, a_request, a_sign_in
from tests.fakes import MemoryLedger

AS_OF = {"register_version": 1, "blocks_version": 1, "at": "2026-11-20T05:32:00Z"}


def _now() -> datetime:
    return datetime.now(UTC)


def _http(answer: object, status: int = 200, headers: Mapping[str, str] | None = None) -> Http:
    kind = "application/json" if status < 400 else "application/problem+json"

    def say(request: httpx.Request) -> httpx.Response:
        more = {"content-type": kind, **(headers or {})}
        return httpx.Response(status, stream=httpx.ByteStream(msgspec.json.encode(answer)), headers=more)

    return Http("https://cloud.example", None, now=_now, transport=httpx.MockTransport(say))


@pytest.mark.asyncio
async def test_a_no_without_a_reason_is_still_a_no() -> None:
    http = _http({"allowed": False, "refusals": [], "warnings": [], "as_of": AS_OF})
    with pytest.raises(RefusedError, match=r"refused\.by_cloud"):
        await CertificateDesk(http, lambda: "token", now=_now).eligibility(a_request())


@pytest.mark.asyncio
async def test_a_yes_beside_a_refusal_is_a_no() -> None:
    refusals = [{"code": "refused.blocked", "reason": "x"}]
    http = _http({"allowed": True, "refusals": refusals, "warnings": [], "as_of": AS_OF})
    with pytest.raises(RefusedError, match=r"refused\.blocked"):
        await CertificateDesk(http, lambda: "token", now=_now).eligibility(a_request())


@pytest.mark.asyncio
async def test_a_yes_without_restrictions_is_no_yes() -> None:
    http = _http({"allowed": True, "refusals": [], "warnings": [], "as_of": AS_OF, "rows": []})
    with pytest.raises(LinkDownError, match=r"link\.fault"):
        await CertificateDesk(http, lambda: "token", now=_now).eligibility(a_request())


@pytest.mark.asyncio
async def test_only_answers_to_what_was_sent_count_and_the_first_of_two() -> None:
    change = await MemoryLedger().queue(
        NewChange("k", ChangeKind.TENKYO, (TARO,), {TARO: 1}, {}, NOW, "s001")
    )
    answers = [
        {"key": "stranger", "outcome": "made up"},
        {"key": "k", "outcome": "refused", "code": "refused.date"},
        {"key": "k", "outcome": "accepted", "receipt": {"register_version": 2, "at": "2026-11-20T05:32:00Z"}},
    ]
    (told,) = await CommandBox(_http({"answers": answers}), "T0001").send((change,))
    assert (told.key, told.outcome) == ("k", "refused")


@pytest.mark.asyncio
async def test_asking_for_a_key_tells_never_seen_from_not_allowed() -> None:
    assert await CommandBox(_http({"code": "refused.not_found"}, 404), "T0001").ask("k") is None
    with pytest.raises(RefusedError, match=r"refused\.terminal_revoked"):
        await CommandBox(_http({"code": "terminal.revoked"}, 403), "T0001").ask("k")


@pytest.mark.asyncio
async def test_who_signed_in_off_line_has_no_session_to_end() -> None:
    http = _http({})
    await Sessions(http, now=_now).sign_out(a_sign_in(token=None))
    assert http.used["main"].all == 0
    await http.close()  # never opened


@pytest.mark.asyncio
async def test_a_date_without_a_zone_teaches_nothing() -> None:
    http = _http({}, headers={"date": "Fri, 01 Jan 2100 00:00:00 -0000"})
    await http.call("GET", "/v1/health")
    assert http.clock_offset_ms == 0


def test_a_problem_that_cannot_be_read_has_no_code() -> None:
    assert failures.problem_of(b'{"code": 5}').code == ""
    assert failures.problem_of(b"\xff").code == ""


@pytest.mark.parametrize("status", [200, 502])
@pytest.mark.asyncio
async def test_an_answer_nested_without_end_is_no_answer(status: int) -> None:
    def say(request: httpx.Request) -> httpx.Response:
        kind = "application/json" if status < 400 else "application/problem+json"
        nested = httpx.ByteStream(b'{"more":' + b"[" * 200_000)
        return httpx.Response(status, stream=nested, headers={"content-type": kind})

    http = Http("https://cloud.example", None, now=_now, transport=httpx.MockTransport(say))
    with pytest.raises(LinkDownError, match=r"link\.fault"):
        await http.probe()
    with pytest.raises(LinkDownError, match=r"link\.fault"):
        Reply(200, {"content-type": "application/msgpack"}, b"\x81\xa1x" + b"\x91" * 200_000).decode(dict)


@pytest.mark.parametrize(
    ("asked", "seconds"), [("9" * 4_400, 3600), ("²", 0), ("-5", 0), ("5.5", 0), ("07", 7)]
)
def test_a_wait_that_is_no_number_of_seconds_is_none_and_a_long_one_an_hour(asked: str, seconds: int) -> None:
    busy = failures.error_of(503, failures.Problem(), asked)
    assert (busy.code, busy.facts) == ("link.busy", {"retry_after": seconds})


@pytest.mark.parametrize(
    "told",
    [
        "Mon, 99999999999999999999 Jan 2024 00:00:00 GMT",
        "Fri, 31 Dec 9999 23:59:59 GMT",
        "Sat, 01 Jan 1600 00:00:00 GMT",
        "soon",
    ],
)
@pytest.mark.asyncio
async def test_a_date_that_cannot_be_teaches_nothing(told: str) -> None:
    http = _http({}, headers={"date": told})
    await http.call("GET", "/v1/health")
    assert http.clock_offset_ms == 0


@pytest.mark.parametrize("told", ["9999-12-31T23:59:59.999999Z", "0001-01-01T00:00:00Z"])
@pytest.mark.asyncio
async def test_a_time_no_cloud_can_have_is_no_answer_and_no_problem_teaches_it(told: str) -> None:
    with pytest.raises(LinkDownError, match=r"link\.fault"):
        await _http({"now": told}).probe()
    refusing = _http({"code": "sign_in.clock_off", "now": told}, 401)
    with pytest.raises(SignInNeededError, match=r"sign_in\.clock_off"):
        await refusing.call("GET", "/v1/orders")
    assert refusing.clock_offset_ms == 0


def test_msgpack_is_read_by_its_contract_too() -> None:
    headers = {"content-type": "application/msgpack"}
    assert Reply(200, headers, msgspec.msgpack.encode([1, 2])).decode(list[int]) == [1, 2]
    with pytest.raises(LinkDownError):
        Reply(200, headers, b"\xc1").decode(list[int])
    with pytest.raises(LinkDownError):
        Reply(200, {}, b"[1]").decode(list[int])


def test_gzip_is_opened_within_bounds() -> None:
    packed = gzip.compress(bytes(5_000))
    assert unpacked(packed, "gzip", 10_000, 200) == bytes(5_000)
    for body, largest in ((packed, 4_999), (packed[:-9], 10_000), (b"no", 10_000)):
        with pytest.raises(LinkDownError, match=r"link\.fault"):
            unpacked(body, "gzip", largest, 200)
