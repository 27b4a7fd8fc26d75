"""A terminal becomes known once, by a token; numbers are given once and for all."""

import httpx
import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec

from tests.cloud.cloud_builders import CODE, Site, Terminal

pytestmark = pytest.mark.asyncio


async def test_a_token_gives_a_terminal_its_number_its_certificate_and_the_tenants_keys(site: Site) -> None:
    terminal = Terminal(site.client, site.clock)
    told = (await terminal.enrol(site.tenant.terminals.new_token())).json()
    certificate = x509.load_pem_x509_certificate(told["certificate"].encode())
    authority = x509.load_pem_x509_certificate(told["ca"].encode())
    certificate.verify_directly_issued_by(authority)
    assert certificate.subject.rfc4514_string() == f"CN={told['terminal_no']}"
    assert told["municipality"] == {"code": CODE, "name": "あおぞら市", "prefecture": "みどり県"}


async def test_a_token_works_once(site: Site) -> None:
    token = site.tenant.terminals.new_token()
    assert (await Terminal(site.client, site.clock).enrol(token)).status_code == httpx.codes.CREATED
    again = await Terminal(site.client, site.clock).enrol(token)
    assert (again.status_code, again.json()["code"]) == (403, "refused.enrolment")


async def test_the_same_key_may_ask_again_when_the_answer_was_lost(site: Site) -> None:
    token, terminal = site.tenant.terminals.new_token(), Terminal(site.client, site.clock)
    first, second = await terminal.enrol(token), await terminal.enrol(token)
    assert first.json() == second.json()


async def test_an_old_or_unknown_token_is_refused(site: Site) -> None:
    token = site.tenant.terminals.new_token()
    site.clock.forward(days=31)
    for wrong in (token, "never-made"):
        answer = await Terminal(site.client, site.clock).enrol(wrong)
        assert answer.json()["code"] == "refused.enrolment"


async def test_a_key_of_another_curve_is_not_certified(site: Site) -> None:
    terminal = Terminal(site.client, site.clock, ec.generate_private_key(ec.SECP384R1()))
    answer = await terminal.enrol(site.tenant.terminals.new_token())
    assert (answer.status_code, answer.json()["code"]) == (422, "request.malformed")


async def test_terminal_numbers_are_never_given_twice_even_after_revocation(site: Site) -> None:
    first = await site.another_terminal()
    await site.office("POST", f"/terminals/{first.number}/revocation")
    second = await site.another_terminal()
    assert len({site.terminal.number, first.number, second.number}) == 3


async def test_a_deposit_comes_back_at_sign_in_on_the_same_terminal_only(site: Site) -> None:
    kept = await site.terminal.call("PUT", "/v1/terminals/self/deposit", {"deposit": "c2VhbGVk"})
    assert kept.status_code == httpx.codes.NO_CONTENT
    assert (await site.terminal.sign_in()).json()["deposit"] == "c2VhbGVk"
    other = await site.another_terminal()
    assert (await other.sign_in("s002")).json()["deposit"] is None
