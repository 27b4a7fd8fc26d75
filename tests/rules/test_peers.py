"""Whom a machine takes for a neighbour of its own town, and whom not."""

import base64
import json
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding

from client.domain.enrolment import TownKey
from client.domain.errors import LinkDownError
from client.domain.peer import PeerRole, SignedLease
from client.rules import peers
from client.rules.peers import OwnTown
from tests.vectors import octets, vector

AT = datetime(2026, 11, 20, 6, 0, tzinfo=UTC)
SAID = vector("peer")
KEY = TownKey(SAID["feed_key"]["id"], octets(SAID["feed_key"]["public"]), AT)
OTHERS = TownKey(
    "00" * 8, Ed25519PrivateKey.from_private_bytes(b"x" * 32).public_key().public_bytes_raw(), AT
)
SHOWN = octets(SAID["certificate"])
LEASE = SignedLease(SAID["lease"]["words"], SAID["lease"]["key_id"], octets(SAID["lease"]["signature"]))
TOWN = OwnTown("990001", (KEY,), "")


def why(lease: SignedLease = LEASE, shown: bytes = SHOWN, town: OwnTown = TOWN, now: datetime = AT) -> object:
    with pytest.raises(LinkDownError, match=r"link\.stranger") as stranger:
        peers.judged(lease, shown, town, now)
    return stranger.value.facts["reason"]


def test_a_lease_of_the_vector_holds_for_the_certificate_it_names() -> None:
    read = peers.judged(peers.lease_from_text(SAID["header"]), SHOWN, TOWN, AT)
    assert (read.terminal_no, read.role, read.until) == (
        "H0003",
        PeerRole.HALL,
        datetime(2026, 11, 27, 5, 32, tzinfo=UTC),
    )
    assert peers.lease_from_text(peers.lease_text(LEASE)) == LEASE


def test_a_lease_ends_at_its_moment() -> None:
    end = datetime(2026, 11, 27, 5, 32, tzinfo=UTC)
    assert peers.judged(LEASE, SHOWN, TOWN, end - timedelta(seconds=1)).terminal_no == "H0003"
    assert why(now=end) == "over"


def test_a_clock_set_back_days_makes_no_old_lease_good_again() -> None:
    assert why(now=AT - timedelta(days=2)) == "over"
    assert peers.judged(LEASE, SHOWN, TOWN, AT - timedelta(hours=20)).terminal_no == "H0003"


@pytest.mark.parametrize(
    "changed",
    [
        lambda words: words.replace("2026-11-27", "2036-11-27"),
        lambda words: words.replace("hall", "terminal"),
        lambda words: words + " ",
        lambda words: words + "\ud800",
    ],
)
def test_not_a_word_of_a_lease_can_be_changed(changed: Callable[[str], str]) -> None:
    assert why(replace(LEASE, words=changed(LEASE.words))) == "unsigned"


def test_a_lease_of_another_town_or_certificate_or_of_one_taken_out_is_none() -> None:
    assert why(town=replace(TOWN, municipality="990002")) == "town"
    assert why(town=replace(TOWN, feed_keys=(OTHERS,))) == "unsigned"
    assert why(town=replace(TOWN, feed_keys=(replace(OTHERS, key_id=KEY.key_id),))) == "unsigned"
    assert why(shown=another_certificate()) == "certificate"
    assert why(town=replace(TOWN, revoked=frozenset({7}))) == "revoked"


@pytest.mark.parametrize(
    "text",
    [
        "",
        "no base64!",
        "AA==",
        "é",
        "A" * 5000,
        base64.urlsafe_b64encode(json.dumps({"words": 1}).encode()).decode(),
    ],
)
def test_what_is_no_lease_is_read_as_none(text: str) -> None:
    with pytest.raises(LinkDownError, match=r"link\.stranger"):
        peers.lease_from_text(text)


def another_certificate() -> bytes:
    return a_certificate("T0009").public_bytes(Encoding.DER)


def a_certificate(name: str, key: ec.EllipticCurvePrivateKey | None = None) -> x509.Certificate:
    key = key or ec.generate_private_key(ec.SECP256R1())
    named = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, name)])
    builder = x509.CertificateBuilder().subject_name(named).issuer_name(named).public_key(key.public_key())
    builder = builder.serial_number(9).not_valid_before(AT).not_valid_after(AT + timedelta(days=9))
    return builder.sign(key, SHA256())


def test_a_list_counts_with_its_authoritys_signature_only_and_after_its_end_too() -> None:
    key = ec.generate_private_key(ec.SECP256R1())
    ca = a_certificate("the town", key)
    entry = x509.RevokedCertificateBuilder().serial_number(42).revocation_date(AT).build()
    builder = x509.CertificateRevocationListBuilder().issuer_name(ca.subject).add_revoked_certificate(entry)
    made = (
        builder.last_update(AT - timedelta(days=60)).next_update(AT - timedelta(days=30)).sign(key, SHA256())
    )
    der = made.public_bytes(Encoding.DER)
    assert peers.revoked_serials(der, pem(ca)) == {42}
    assert peers.revoked_serials(b"", pem(ca)) == frozenset()
    for crl, authority in ((der, a_certificate("another")), (der[:-1], ca), (b"list", ca)):
        with pytest.raises(LinkDownError, match=r"link\.unsigned"):
            peers.revoked_serials(crl, pem(authority))


def pem(certificate: x509.Certificate) -> str:
    return certificate.public_bytes(Encoding.PEM).decode("ascii")
