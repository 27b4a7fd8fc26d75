"""Which neighbour is one of ours: a lease read, and held against the certificate that TLS showed.

A neighbour is trusted with one thing only: to be a machine of this town that may be handed what is sealed. What it hands
over counts by the cloud's own signature.
"""

import base64
import binascii
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Annotated

import msgspec
from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePublicKey
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from client.domain.enrolment import TownKey
from client.domain.errors import LinkDownError
from client.domain.peer import PeerLease, PeerRole, SignedLease

_DOMAIN = b"madoguchi-peer-v1\n"  # before what is signed, so that no other signature fits
_LONGEST = 4096  # of a lease in a header
_CLOCKS_APART = timedelta(days=1)  # a lease made later than that is of another time: our clock was set back
HEADER = "madoguchi-peer"

Moment = Annotated[datetime, msgspec.Meta(tz=True)]
Sha256 = Annotated[str, msgspec.Meta(pattern="^[0-9a-f]{64}$")]


class _Signed(msgspec.Struct):
    words: str
    key_id: str
    signature: bytes


class _Words(msgspec.Struct):
    municipality: str
    terminal_no: str
    role: PeerRole
    certificate: Sha256
    made_at: Moment
    until: Moment


@dataclass(frozen=True, slots=True)
class OwnTown:
    """What a neighbour is held against: our town, its feed keys, its authority, and who was taken out."""

    municipality: str
    feed_keys: tuple[TownKey, ...]
    ca: str = field(repr=False)
    revoked: frozenset[int] = frozenset()  # serial numbers of certificates


def lease_text(lease: SignedLease) -> str:
    """Return a lease as a header carries it."""
    return base64.urlsafe_b64encode(lease_json(lease)).decode("ascii")


def lease_json(lease: SignedLease) -> bytes:
    """Return a lease as a body carries it."""
    return msgspec.json.encode(_Signed(lease.words, lease.key_id, lease.signature))


def lease_from_text(text: str) -> SignedLease:
    """Read a header. LinkDownError ``link.stranger`` where it is none, or far too long for one."""
    if not text or len(text) > _LONGEST:
        raise _stranger("no_lease")
    try:
        return lease_from_json(base64.b64decode(text.encode("ascii"), altchars=b"-_", validate=True))
    except (binascii.Error, UnicodeEncodeError, ValueError):
        raise _stranger("no_lease") from None


def lease_from_json(content: bytes) -> SignedLease:
    """Read a body. LinkDownError ``link.stranger``."""
    try:
        signed = msgspec.json.decode(content, type=_Signed)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        raise _stranger("no_lease") from None
    return SignedLease(signed.words, signed.key_id, signed.signature)


def read_lease(lease: SignedLease, keys: Iterable[TownKey]) -> PeerLease:
    """Return what a lease says, where one of the town's keys signed it. LinkDownError ``link.stranger``."""
    key = next((one.key for one in keys if one.key_id == lease.key_id), None)
    words = lease.words.encode("utf-8", "replace")
    try:
        if key is None:
            raise _stranger("unsigned")
        Ed25519PublicKey.from_public_bytes(key).verify(lease.signature, _DOMAIN + words)
        said = msgspec.json.decode(words, type=_Words)
    except (InvalidSignature, msgspec.DecodeError, ValueError):
        raise _stranger("unsigned") from None
    return PeerLease(
        said.municipality, said.terminal_no, said.role, said.certificate, said.made_at, said.until
    )


def judged(lease: SignedLease, shown: bytes, town: OwnTown, now: datetime) -> PeerLease:
    """Return the lease of the neighbour at the other end of TLS, where it holds for the certificate shown (DER).

    LinkDownError ``link.stranger``: unsigned, of another town, over, for another certificate, or taken out.
    """
    read = read_lease(lease, town.feed_keys)
    if read.municipality != town.municipality:
        raise _stranger("town")
    if not read.made_at - _CLOCKS_APART < now < read.until:
        raise _stranger("over")
    if sha256(shown).hexdigest() != read.certificate:
        raise _stranger("certificate")
    if x509.load_der_x509_certificate(shown).serial_number in town.revoked:
        raise _stranger("revoked")
    return read


def revoked_serials(crl: bytes, ca: str) -> frozenset[int]:
    """Return which certificates a list (DER) of the town's authority (PEM) takes out.

    One that has ended still counts: who was taken out stays out. LinkDownError ``link.unsigned`` where it is another's.
    """
    if not crl:
        return frozenset()
    try:
        read = x509.load_der_x509_crl(crl)
        key = x509.load_pem_x509_certificate(ca.encode("ascii")).public_key()
    except ValueError:
        raise LinkDownError("link.unsigned") from None
    if not isinstance(key, EllipticCurvePublicKey) or not read.is_signature_valid(key):
        raise LinkDownError("link.unsigned")
    return frozenset(one.serial_number for one in read)


def _stranger(reason: str) -> LinkDownError:
    return LinkDownError("link.stranger", reason=reason)
