"""A hold on its way among terminals: signed by its maker, with the papers that show who that is, sealed to the town.

On the wire it is a msgpack array of seal id, and nonce and sealed bytes. Sealed is ``[words, signature, certificate,
lease]``: ``words`` are the canonical msgpack of the hold, certificate and lease are the maker's own, so that whoever has it
from a third machine can judge it alone. It cannot be judged once that lease is over: nothing old is brought up again.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from hashlib import sha256
from typing import Annotated

import msgspec
from cryptography import x509
from cryptography.exceptions import InvalidSignature, InvalidTag
from cryptography.hazmat.primitives.asymmetric.ec import ECDSA, EllipticCurvePublicKey
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256

from client.domain.change import RESTRICTIVE, ChangeKind
from client.domain.errors import LinkDownError, RefusedError
from client.domain.hold import Hold
from client.domain.peer import PeerRole, SignedLease
from client.domain.resident import AtenaNo
from client.rules.parcels import seal_id_of
from client.rules.peers import OwnTown, judged
from client.rules.unpack import decoded, insist

LARGEST = 8192  # bytes of one on the wire
MOST_AT_ONCE = 32  # handed over in one call, each way
MOST_PERSONS = 600  # held by one terminal at its neighbours at a time
_PEOPLE = 100  # of one request, as the contract has it
_NAME = 16  # bytes of what one is known by on its way
_NONCE = 12
_DOMAIN = b"madoguchi-hold-v1\n"  # before what is signed and bound into the seal
_encode = msgspec.msgpack.Encoder(order="deterministic").encode

Person = Annotated[str, msgspec.Meta(pattern=r"^(p:[0-9a-f-]{36}|[0-9]{1,15})$")]
Key = Annotated[str, msgspec.Meta(pattern=r"^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[0-9a-f]{4}-[0-9a-f]{12}$")]
_MOMENT = re.compile(r"2[0-9]{3}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}\.[0-9]{6}Z")


class _Wire(msgspec.Struct, array_like=True):
    seal_id: Annotated[bytes, msgspec.Meta(min_length=8, max_length=8)]
    sealed: Annotated[bytes, msgspec.Meta(min_length=_NONCE + 16, max_length=LARGEST)]


class _Signed(msgspec.Struct, array_like=True):
    words: bytes
    signature: bytes
    certificate: bytes  # DER
    lease: tuple[str, str, bytes]


class _Words(msgspec.Struct, array_like=True, forbid_unknown_fields=True):
    key: Key
    kind: str
    residents: Annotated[list[Person], msgspec.Meta(min_length=1, max_length=_PEOPLE)]
    planned: date | None
    made_at: str
    terminal: Annotated[str, msgspec.Meta(min_length=1, max_length=20)]


@dataclass(frozen=True, slots=True)
class Maker:
    """A terminal as it signs: its certificate (DER) and lease, and its key."""

    certificate: bytes = field(repr=False)
    lease: SignedLease
    sign: Callable[[bytes], bytes] = field(repr=False)


def name_of(wire: bytes) -> bytes:
    """Return what a hold is known by on its way, which whoever cannot open it sees too."""
    return sha256(wire).digest()[:_NAME]


def words_of(hold: Hold) -> bytes:
    """Return a hold's words: one hold, one form of bytes."""
    made_at = hold.made_at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
    residents = [str(one) for one in hold.residents]
    return _encode(_Words(hold.key, hold.kind.value, residents, hold.planned, made_at, hold.terminal))


def read_words(words: bytes) -> Hold:
    """Return the hold some words tell of. LinkDownError ``link.fault`` where they are none, or not in their one form."""
    said = decoded(_Words, words)
    kind = next((one for one in RESTRICTIVE if one.value == said.kind), None)
    insist(kind is not None and _MOMENT.fullmatch(said.made_at) is not None)
    insist(said.planned is None or kind is ChangeKind.TENSHUTSU)
    try:
        made_at = datetime.fromisoformat(said.made_at)
    except ValueError:
        raise LinkDownError("link.fault") from None
    residents = tuple(map(AtenaNo, said.residents))
    hold = Hold(said.key, ChangeKind(said.kind), residents, said.planned, made_at, said.terminal)
    insist(words_of(hold) == words)
    return hold


def sealed_hold(hold: Hold, maker: Maker, key: bytes, nonce: bytes) -> bytes:
    """Return an own hold as it is handed out."""
    words, lease = words_of(hold), maker.lease
    told = (lease.words, lease.key_id, lease.signature)
    content = _encode(_Signed(words, maker.sign(_DOMAIN + words), maker.certificate, told))
    return _encode(_Wire(seal_id_of(key), nonce + AESGCM(key).encrypt(nonce, content, _DOMAIN)))


def read_hold(wire: bytes, key: bytes, town: OwnTown, now: datetime) -> Hold:
    """Return a hold that a terminal of this town made, whoever brought it.

    LinkDownError ``link.stranger`` where its maker is none of ours, ``link.unsigned`` where not he signed it or it is made
    in another's name, ``link.fault`` where it is no hold; RefusedError ``refused.newer`` where another key sealed it.
    """
    insist(len(wire) <= LARGEST)
    packed = decoded(_Wire, wire)
    if packed.seal_id != seal_id_of(key):
        raise RefusedError("refused.newer")
    nonce, sealed = packed.sealed[:_NONCE], packed.sealed[_NONCE:]
    try:
        signed = decoded(_Signed, AESGCM(key).decrypt(nonce, sealed, _DOMAIN))
    except InvalidTag:
        raise LinkDownError("link.fault") from None
    lease = judged(SignedLease(*signed.lease), signed.certificate, town, now)
    _check_signature(signed, town)
    hold = read_words(signed.words)
    insist(hold.terminal == lease.terminal_no and lease.role is PeerRole.TERMINAL, "link.unsigned")
    return hold


def _check_signature(signed: _Signed, town: OwnTown) -> None:
    certificate = x509.load_der_x509_certificate(
        signed.certificate
    )  # the lease's very own: the cloud read it
    public = certificate.public_key()
    if not isinstance(public, EllipticCurvePublicKey):
        raise LinkDownError("link.unsigned")
    try:
        certificate.verify_directly_issued_by(x509.load_pem_x509_certificate(town.ca.encode("ascii")))
        public.verify(signed.signature, _DOMAIN + signed.words, ECDSA(SHA256()))
    except (InvalidSignature, ValueError, TypeError):
        raise LinkDownError("link.unsigned") from None
