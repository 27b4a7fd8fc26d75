"""Every call proves which terminal makes it; what does not is refused with the right word."""

from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Callable
from email.utils import parsedate_to_datetime

import httpx
import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature, encode_dss_signature

from tests.cloud.cloud_builders import Site

pytestmark = pytest.mark.asyncio
UPKEEP = "/v1/orders"
RENEWAL = "/v1/terminals/self/certificate"


def the_problem(answer: httpx.Response) -> tuple[int, str]:
    assert answer.headers["content-type"] == "application/problem+json"
    return answer.status_code, answer.json()["code"]


async def test_a_good_proof_opens_the_door(site: Site) -> None:
    answer = await site.terminal.call("GET", UPKEEP)
    assert answer.json() == {"orders": []}
    assert parsedate_to_datetime(answer.headers["date"]) == site.clock().replace(
        microsecond=0
    )  # its own time
    assert answer.headers["cache-control"] == "no-store"


async def test_no_proof_and_a_wrong_key_are_refused(site: Site) -> None:
    assert the_problem(await site.client.get(UPKEEP)) == (401, "terminal.no_proof")
    site.terminal.key = ec.generate_private_key(ec.SECP256R1())
    assert the_problem(await site.terminal.call("GET", UPKEEP)) == (401, "terminal.wrong_proof")


async def test_a_proof_covers_method_path_query_and_body(site: Site) -> None:
    signed = site.terminal.headers("GET", "/v1/feeds/blocks?after=1", b"")
    for path in ("/v1/feeds/blocks?after=0", "/v1/feeds/register?after=1", UPKEEP):
        answer = await site.client.get(path, headers=signed)
        assert the_problem(answer) == (401, "terminal.wrong_proof")
    signed = site.terminal.headers("POST", "/v1/commands", b'{"commands":[]}')
    answer = await site.client.post("/v1/commands", content=b'{"commands": []}', headers=signed)
    assert the_problem(answer) == (401, "terminal.wrong_proof")


async def test_a_proof_is_good_for_one_call(site: Site) -> None:
    signed = site.terminal.headers("GET", UPKEEP, b"")
    assert (await site.client.get(UPKEEP, headers=signed)).status_code == httpx.codes.OK
    assert the_problem(await site.client.get(UPKEEP, headers=signed)) == (401, "terminal.proof_used")


def the_other_s(proof: str) -> str:
    """The same signature with n − s for s, which every verifier takes as well."""
    r, s = decode_dss_signature(urlsafe_b64decode(proof))
    n = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551
    return urlsafe_b64encode(encode_dss_signature(r, n - s)).decode()


@pytest.mark.parametrize(
    ("spelt", "code"),
    [
        (lambda proof: proof.rstrip("="), "terminal.proof_used"),
        (the_other_s, "terminal.proof_used"),
        (lambda proof: proof + "=", "terminal.wrong_proof"),
        (lambda proof: proof + "====", "terminal.wrong_proof"),
        (lambda proof: "!" + proof, "terminal.wrong_proof"),
        (lambda proof: proof[:8] + " " + proof[8:], "terminal.wrong_proof"),
        (lambda proof: proof + "AAAA", "terminal.wrong_proof"),
    ],
    ids=["unpadded", "other_s", "equals", "padding", "mark", "blank", "tail"],
)
async def test_a_proof_written_another_way_is_the_same_proof_or_none(
    site: Site, spelt: Callable[[str], str], code: str
) -> None:
    signed = site.terminal.headers("GET", UPKEEP, b"")
    while len(signed["madoguchi-proof"].rstrip("=")) % 4 == 0:  # so that there is padding to play with
        signed = site.terminal.headers("GET", UPKEEP, b"")
    assert (await site.client.get(UPKEEP, headers=signed)).status_code == httpx.codes.OK
    again = signed | {"madoguchi-proof": spelt(signed["madoguchi-proof"])}
    assert the_problem(await site.client.get(UPKEEP, headers=again)) == (401, code)


async def test_two_equal_calls_in_one_second_are_two_calls(site: Site) -> None:
    for _ in range(3):
        assert (await site.terminal.call("GET", UPKEEP)).status_code == httpx.codes.OK


async def test_a_clock_off_by_an_hour_stops_sign_in_and_says_what_time_it_is(site: Site) -> None:
    site.terminal.now = type(site.clock)()
    site.clock.forward(hours=1)
    answer = await site.terminal.sign_in()
    assert the_problem(answer) == (401, "sign_in.clock_off")
    assert answer.json()["now"] == "2026-11-20T06:00:00Z"
    assert answer.json()["seconds"] == 3600


async def test_a_clock_off_never_stops_what_was_accepted(site: Site) -> None:
    site.terminal.now = type(site.clock)()
    site.clock.forward(hours=1)
    (answer,) = await site.terminal.send(site.terminal.issued(1, clock_offset_ms=3_600_000))
    assert answer["outcome"] == "accepted"
    kept = await site.terminal.call("GET", f"/v1/commands/{answer['key']}")
    assert kept.json() == {**answer, "terminal": "T0001"}


async def test_a_revoked_terminal_is_told_so_on_every_call_but_its_last(site: Site) -> None:
    await site.office("POST", f"/terminals/{site.terminal.number}/revocation")
    for method, path in (
        ("POST", "/v1/sessions"),
        ("GET", "/v1/feeds/blocks?after=0"),
        ("GET", "/v1/snapshot"),
    ):
        assert the_problem(await site.terminal.call(method, path)) == (403, "terminal.revoked")
    for method, path in (("GET", UPKEEP), ("POST", "/v1/commands")):
        answer = await site.terminal.call(method, path, {"commands": []})
        assert answer.status_code == httpx.codes.OK


async def test_a_terminal_whose_certificate_has_ended_hands_over_and_renews_and_no_more(site: Site) -> None:
    fact = site.terminal.issued(1)
    site.clock.forward(days=5 * 365, seconds=1)
    assert the_problem(await site.terminal.sign_in()) == (403, "terminal.expired")
    assert the_problem(await site.terminal.call("GET", "/v1/snapshot")) == (403, "terminal.expired")
    (answer,) = await site.terminal.send(fact)
    assert answer["outcome"] == "accepted"
    assert (await site.terminal.call("GET", UPKEEP)).status_code == httpx.codes.OK
    renewed = await site.terminal.call("POST", RENEWAL, {"csr": site.terminal.csr()})
    assert renewed.status_code == httpx.codes.CREATED
    assert (await site.terminal.sign_in()).status_code == httpx.codes.CREATED


async def test_ninety_days_after_its_end_a_certificate_is_not_renewed(site: Site) -> None:
    site.clock.forward(days=5 * 365 + 91)
    answer = await site.terminal.call("POST", RENEWAL, {"csr": site.terminal.csr()})
    assert the_problem(answer) == (403, "terminal.expired")


async def test_clock_and_health_need_no_proof(site: Site) -> None:
    assert (await site.client.get("/v1/clock")).json() == {"now": "2026-11-20T05:00:00Z"}
    assert set((await site.client.get("/v1/health")).json()["services"].values()) == {"ok"}


async def test_an_unknown_path_is_a_problem_too(site: Site) -> None:
    assert the_problem(await site.client.get("/v1/nowhere")) == (404, "request.unknown")


async def test_a_body_that_is_not_of_the_contract_is_never_quoted(site: Site) -> None:
    await site.terminal.sign_in()
    answer = await site.terminal.call("POST", "/v1/residents/search", {"typed": ["渡邉"], "limit": 5})
    assert the_problem(answer) == (422, "request.malformed")
    assert "渡" not in answer.text


async def test_the_office_has_a_token_of_its_own(site: Site) -> None:
    wrong = await site.client.get("/office/v1/intakes", headers={"authorization": "Bearer guess"})
    assert the_problem(wrong) == (401, "office.unknown")
