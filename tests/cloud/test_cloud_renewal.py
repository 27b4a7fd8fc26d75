"""Certificates are renewed by the terminal that has them, end, and stand on a signed list once they are no good."""

from datetime import timedelta

import httpx
import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec

from cloud.revocations import FILE
from tests.cloud.cloud_builders import Site, Terminal, a_tenant

pytestmark = pytest.mark.asyncio
RENEWAL = "/v1/terminals/self/certificate"
UPKEEP = "/v1/orders"


def a_key() -> ec.EllipticCurvePrivateKey:
    return ec.generate_private_key(ec.SECP256R1())


def csr_of(terminal: Terminal, key: ec.EllipticCurvePrivateKey) -> str:
    return Terminal(terminal.client, terminal.now, key).csr()


async def renew(terminal: Terminal, csr: str) -> httpx.Response:
    return await terminal.call("POST", RENEWAL, {"csr": csr})


async def renewed(terminal: Terminal, csr: str) -> x509.Certificate:
    answer = await renew(terminal, csr)
    assert answer.status_code == httpx.codes.CREATED, answer.text
    return x509.load_pem_x509_certificate(answer.json()["certificate"].encode())


async def works(terminal: Terminal) -> bool:
    return (await terminal.call("GET", UPKEEP)).status_code == httpx.codes.OK


def listed(site: Site) -> set[int]:
    """What stands on the file of the list, whose signature is the authority's."""
    crl = x509.load_pem_x509_crl((site.tenant.folder / FILE).read_bytes())
    key = site.tenant.authority.certificate.public_key()
    assert isinstance(key, ec.EllipticCurvePublicKey)
    assert crl.is_signature_valid(key)
    return {one.serial_number for one in crl}


def certificate_of(site: Site, terminal: Terminal) -> x509.Certificate:
    found = site.tenant.terminals.terminal(terminal.number)
    assert found is not None
    return x509.load_pem_x509_certificate(found.certificate.encode())


async def test_the_same_key_gets_a_later_certificate_under_the_same_number(site: Site) -> None:
    before = certificate_of(site, site.terminal)
    site.clock.forward(days=4 * 365)
    after = await renewed(site.terminal, site.terminal.csr())
    assert after.subject == before.subject
    assert after.not_valid_after_utc - before.not_valid_after_utc == timedelta(days=4 * 365)
    after.verify_directly_issued_by(site.tenant.authority.certificate)
    again = await renewed(site.terminal, site.terminal.csr())
    assert again == after, "an answer that was lost can be asked for again"


async def test_a_new_key_takes_over_and_the_old_one_is_good_for_a_day_more(site: Site) -> None:
    old, new = site.terminal.key, a_key()
    certificate = await renewed(site.terminal, csr_of(site.terminal, new))
    for key in (old, new):
        site.terminal.key = key
        assert await works(site.terminal)
    site.terminal.key = old
    assert await renewed(site.terminal, csr_of(site.terminal, new)) == certificate  # the answer had been lost
    site.clock.forward(hours=24)
    assert (await site.terminal.call("GET", UPKEEP)).json()["code"] == "terminal.wrong_proof"
    site.terminal.key = new
    assert await works(site.terminal)


async def test_a_key_that_was_given_up_cannot_take_the_number_over(site: Site) -> None:
    old = site.terminal.key
    await renewed(site.terminal, csr_of(site.terminal, a_key()))
    for csr in (csr_of(site.terminal, a_key()), csr_of(site.terminal, old)):
        answer = await renew(site.terminal, csr)
        assert (answer.status_code, answer.json()["code"]) == (403, "terminal.replaced")


async def test_nobody_renews_for_another_or_on_anothers_key(site: Site) -> None:
    other = await site.another_terminal()
    taken = await renew(other, site.terminal.csr())  # its holder would have to help: the request is signed
    assert (taken.status_code, taken.json()["code"]) == (403, "refused.enrolment")
    other.number = site.terminal.number
    assert (await renew(other, other.csr())).json()["code"] == "terminal.wrong_proof"
    await site.office("POST", f"/terminals/{site.terminal.number}/revocation")
    assert (await renew(site.terminal, site.terminal.csr())).json()["code"] == "terminal.revoked"


async def test_a_renewal_asks_for_a_sound_request(site: Site) -> None:
    other_curve = Terminal(site.client, site.clock, ec.generate_private_key(ec.SECP384R1())).csr()
    for wrong in ("no request", other_curve):
        answer = await renew(site.terminal, wrong)
        assert (answer.status_code, answer.json()["code"]) == (422, "request.malformed")


async def test_what_was_sealed_and_signed_before_a_renewal_is_heard_long_after(site: Site) -> None:
    waiting, new = site.terminal.issued(1), a_key()
    await renewed(site.terminal, csr_of(site.terminal, new))
    site.clock.forward(days=40)
    site.terminal.key = new
    first, second = await site.terminal.send(waiting, site.terminal.issued(2))
    assert (first["outcome"], first.get("quarantined")) == ("accepted", None)
    assert (second["outcome"], second.get("quarantined")) == ("accepted", None)


async def test_a_revoked_terminal_stands_on_the_list_at_once_with_all_it_had(site: Site) -> None:
    first = certificate_of(site, site.terminal)
    second = await renewed(site.terminal, csr_of(site.terminal, a_key()))
    assert listed(site) == set()
    await site.office("POST", f"/terminals/{site.terminal.number}/revocation")
    assert listed(site) == {first.serial_number, second.serial_number}
    told = await site.client.get("/v1/ca/crl")
    assert told.headers["content-type"] == "application/pkix-crl"
    assert {one.serial_number for one in x509.load_der_x509_crl(told.content)} == listed(site)


async def test_a_certificate_that_was_replaced_stands_on_the_list_when_its_day_is_over(site: Site) -> None:
    first = certificate_of(site, site.terminal)
    await renewed(site.terminal, csr_of(site.terminal, a_key()))
    site.clock.forward(hours=23)
    site.tenant.crl.refresh()
    assert listed(site) == set()
    site.clock.forward(hours=1)
    site.tenant.crl.refresh()
    assert listed(site) == {first.serial_number}


async def test_the_list_is_made_anew_long_before_it_ends_and_only_then(site: Site) -> None:
    first = site.tenant.crl.refresh()
    assert first.next_update_utc is not None
    assert first.next_update_utc - site.clock() == timedelta(days=30)
    site.clock.forward(days=4)
    assert site.tenant.crl.refresh().signature == first.signature
    site.clock.forward(days=1)
    second = site.tenant.crl.refresh()
    numbers = [
        one.extensions.get_extension_for_class(x509.CRLNumber).value.crl_number for one in (first, second)
    ]
    assert numbers == [1, 2]
    (site.tenant.folder / FILE).write_bytes(b"damaged")
    assert site.tenant.crl.refresh().next_update_utc == second.next_update_utc


async def test_a_database_put_back_from_its_backup_lets_nobody_in_again_and_gives_no_number_twice(
    site: Site,
) -> None:
    import sqlalchemy as sa

    from cloud import database, storage

    await site.another_terminal()
    gone = await site.another_terminal()
    serial = certificate_of(site, gone).serial_number
    await site.office("POST", f"/terminals/{gone.number}/revocation")
    with database.writing(site.tenant.engine) as connection:  # as it was before the two came
        connection.execute(sa.delete(storage.terminal).where(storage.terminal.c.terminal_no > "T0001"))
        connection.execute(sa.update(storage.tenant).values(last_terminal=1))
    site.tenant.close()
    again = a_tenant(site.tenant.folder, site.clock)
    try:
        assert serial in listed(site)
        number, _ = again.terminals.enrol(again.terminals.new_token(), csr_of(gone, a_key()), "本庁4")
        assert number == "T0004"
    finally:
        again.close()
