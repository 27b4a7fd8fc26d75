"""A terminal becomes known once, by a token; numbers are given once and for all."""

from base64 import b64encode
from pathlib import Path

import httpx
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import ExtendedKeyUsageOID

from cloud.tenant import open_tenant
from tests.cloud.cloud_builders import CODE, Site, Terminal, tiny_town

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


async def refused(site: Site, token: str, csr: str) -> str:
    """Ask with a request as it stands, and return the code it is refused with."""
    answer = await site.client.post("/v1/enrolments", json={"token": token, "csr": csr, "name": "本庁1"})
    assert answer.status_code >= 400, answer.text
    return str(answer.json()["code"])


def a_request(
    key: ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey, *, ca: bool = False, name: str = "x"
) -> str:
    builder = x509.CertificateSigningRequestBuilder().subject_name(
        x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, name)])
    )
    if ca:
        builder = builder.add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        names = x509.SubjectAlternativeName([x509.DNSName("cloud.example"), x509.DNSName("localhost")])
        builder = builder.add_extension(names, critical=False)
        server = x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH])
        builder = builder.add_extension(server, critical=False)
    return builder.sign(key, hashes.SHA256()).public_bytes(Encoding.PEM).decode()


async def test_a_used_token_in_anothers_hand_gives_nothing_and_leaves_the_first_one_as_it_was(
    site: Site,
) -> None:
    token, first = site.tenant.terminals.new_token(), Terminal(site.client, site.clock)
    told = (await first.enrol(token)).json()
    thief = ec.generate_private_key(ec.SECP256R1())
    assert await refused(site, token, a_request(thief)) == "refused.enrolment"
    assert (await first.enrol(token)).json() == told
    assert (await first.call("GET", "/v1/orders")).status_code == httpx.codes.OK


async def test_a_used_token_shows_nothing_after_its_end(site: Site) -> None:
    token, first = site.tenant.terminals.new_token(), Terminal(site.client, site.clock)
    await first.enrol(token)
    site.clock.forward(days=31)
    assert await refused(site, token, first.csr()) == "refused.enrolment"


async def test_a_token_of_another_municipality_is_not_known_here(site: Site, tmp_path: Path) -> None:
    database = f"sqlite:///{site.tenant.folder / 'cloud.db'}"
    rows = [(table, row | ({"code": "990002"} if table == "town" else {})) for table, row in tiny_town()]
    other = open_tenant(tmp_path / "other", "990002", town=lambda: rows, url=database, now=site.clock)
    try:
        token, key = other.terminals.new_token(), ec.generate_private_key(ec.SECP256R1())
        assert await refused(site, token, a_request(key)) == "refused.enrolment"
        number, _ = other.terminals.enrol(token, a_request(key), "支所1")
        assert number == "T0001"
        assert site.tenant.terminals.terminal("T0001") != other.terminals.terminal("T0001")
    finally:
        other.close()


@pytest.mark.parametrize("guess", ["", " ", "0" * 24, "%", "' OR 1=1 --", "\x00", "9" * 201])
async def test_a_guessed_token_is_refused_and_enrols_nobody(site: Site, guess: str) -> None:
    key = ec.generate_private_key(ec.SECP256R1())
    assert await refused(site, guess, a_request(key)) in {"refused.enrolment", "request.malformed"}
    assert len(site.tenant.states.all()) == 1


@pytest.mark.parametrize(
    "key",
    [
        rsa.generate_private_key(65537, 2048),
        ec.generate_private_key(ec.SECP224R1()),
        ec.generate_private_key(ec.SECP256K1()),
    ],
    ids=["rsa", "p224", "k256"],
)
async def test_only_a_key_of_the_one_curve_is_certified_and_the_token_is_not_spent(
    site: Site, key: ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey
) -> None:
    token = site.tenant.terminals.new_token()
    assert await refused(site, token, a_request(key)) == "request.malformed"
    assert site.tenant.terminals.is_unused(token)


async def test_a_request_without_its_keys_own_signature_is_refused(site: Site) -> None:
    """Else anybody could have somebody's public key certified under a number of their own."""
    token, wire = (
        site.tenant.terminals.new_token(),
        bytearray(
            x509.load_pem_x509_csr(a_request(ec.generate_private_key(ec.SECP256R1())).encode()).public_bytes(
                Encoding.DER
            )
        ),
    )
    wire[wire.index(b"\x0c\x01x") + 2] ^= 1  # another name than was signed
    forged = f"-----BEGIN CERTIFICATE REQUEST-----\n{b64encode(wire).decode()}\n-----END CERTIFICATE REQUEST-----\n"
    assert await refused(site, token, forged) == "request.malformed"
    assert site.tenant.terminals.is_unused(token)


async def test_names_and_powers_a_request_asks_for_are_not_given(site: Site) -> None:
    key = ec.generate_private_key(ec.SECP256R1())
    wished = a_request(key, ca=True, name="T0001")
    number, pem = site.tenant.terminals.enrol(site.tenant.terminals.new_token(), wished, "本庁9")
    certificate = x509.load_pem_x509_certificate(pem.encode())
    assert certificate.subject.rfc4514_string() == f"CN={number}" != "CN=T0001"
    extensions = certificate.extensions
    assert not extensions.get_extension_for_class(x509.BasicConstraints).value.ca
    usage = extensions.get_extension_for_class(x509.ExtendedKeyUsage).value
    assert set(usage) == {ExtendedKeyUsageOID.CLIENT_AUTH, ExtendedKeyUsageOID.SERVER_AUTH}
    with pytest.raises(x509.ExtensionNotFound):  # and so it is no host's, whatever was asked for
        extensions.get_extension_for_class(x509.SubjectAlternativeName)
    with pytest.raises(x509.ExtensionNotFound):
        extensions.get_extension_for_class(x509.SubjectAlternativeName)


async def test_a_key_stands_for_one_number_only_and_a_revoked_one_for_none(site: Site) -> None:
    other = await site.another_terminal()
    await site.office("POST", f"/terminals/{other.number}/revocation")
    for known in (site.terminal, other):
        token = site.tenant.terminals.new_token()
        assert await refused(site, token, known.csr()) == "refused.enrolment"
        assert site.tenant.terminals.is_unused(token)
