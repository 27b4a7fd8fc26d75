"""What stands in the clear in a bundle, written and read: by whom it was made, for whom, and what is in it.

A bundle is one file: a first line, the sealed parts one after the other, the manifest (JSON), its signature, and a footer
that says how long those two are. Manifest and signature come last, so that a bundle is written in one go.
"""

import warnings
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from hashlib import sha256
from typing import Annotated

import msgspec
from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.x509.oid import NameOID

from client.domain.bundle import Bundle, BundleKind, BundlePart, EscrowCard, Signer, Span
from client.domain.errors import RefusedError
from client.domain.feed import Feed

ATTACHMENTS = "attachments"
MAGIC = b"MADOGUCHI-BUNDLE-1\n"
END = b"MDGEND1\n"
FOOTER = 4 + 2 + len(END)
MOST_MANIFEST = 65_536
MOST_SIGNATURE = 512
_FORMAT = 2  # since an outbox may bring attachments; what has none is of 1, for programs from before
_SPOKEN = 16  # hex digits
_DOMAIN = b"madoguchi-bundle-v1\n"  # before what is signed, so that no other signature fits
_CARD = b"madoguchi-escrow-v1\n"
_PARTS = (
    (BundleKind.WHOLE, ("snapshot", "chunks", "parcels")),  # by the cloud
    (BundleKind.WHOLE, ("rows", "parcels")),  # by a terminal
    (BundleKind.DELTA, ("parcels",)),
    (BundleKind.OUTBOX, ("changes",)),
    (BundleKind.OUTBOX, ("changes", ATTACHMENTS)),
)
_NOT_SIGNED = (  # whatever a signature, or a certificate that is none, is refused with
    InvalidSignature,
    UnsupportedAlgorithm,
    ValueError,
    TypeError,
    x509.InvalidVersion,
    x509.DuplicateExtension,
    x509.UnsupportedGeneralNameType,
    Warning,
)
Count = Annotated[int, msgspec.Meta(ge=0)]
Hex32 = Annotated[str, msgspec.Meta(pattern="^[0-9a-f]{32}$")]
Hex16 = Annotated[str, msgspec.Meta(pattern="^[0-9a-f]{16}$")]
Sha256 = Annotated[str, msgspec.Meta(pattern="^[0-9a-f]{64}$")]
Code = Annotated[str, msgspec.Meta(pattern="^[0-9]{6}$")]
Word = Annotated[str, msgspec.Meta(pattern="^[0-9A-Za-z-]{1,40}$")]
Moment = Annotated[datetime, msgspec.Meta(tz=True)]
Key32 = Annotated[bytes, msgspec.Meta(min_length=32, max_length=32)]


class _Part(msgspec.Struct):
    name: Word
    size: Count
    sha256: Sha256


class _Span(msgspec.Struct):
    to: Count
    after: Count | None = None


class _Signer(msgspec.Struct, omit_defaults=True):
    key: bytes = b""
    certificate: str = ""


class _Manifest(msgspec.Struct, kw_only=True):
    format: int
    bundle: Hex32
    municipality: Code
    environment: Word
    kind: str
    made_at: Moment
    made_by: Word
    versions: dict[str, _Span]
    escrow: Hex16
    wrapped: Annotated[bytes, msgspec.Meta(min_length=80, max_length=80)]
    signer: _Signer
    parts: Annotated[list[_Part], msgspec.Meta(max_length=8)]


class _Format(msgspec.Struct):
    format: int


class _CardFile(msgspec.Struct):
    words: str
    key_id: Hex16
    signature: bytes


class _Card(msgspec.Struct, kw_only=True):
    municipality: Code
    name: str
    key_id: Hex16
    key: Key32
    made_at: Moment
    feed_keys: list[Key32]
    ca: str


def manifest_of(bundle: Bundle) -> bytes:
    """Return what stands in the clear, as it is signed."""
    told = _Manifest(
        format=_FORMAT if bundle.part(ATTACHMENTS) else 1,
        bundle=bundle.bundle_id,
        municipality=bundle.municipality,
        environment=bundle.environment,
        kind=bundle.kind.value,
        made_at=bundle.made_at.astimezone(UTC),
        made_by=bundle.made_by,
        versions={feed.value: _Span(span.to, span.after) for feed, span in bundle.spans.items()},
        escrow=bundle.escrow_id,
        wrapped=bundle.wrapped,
        signer=_Signer(bundle.signer.key, bundle.signer.certificate),
        parts=[_Part(one.name, one.size, one.sha256.hex()) for one in bundle.parts],
    )
    return msgspec.json.format(msgspec.json.encode(told), indent=1)


def read_manifest(content: bytes) -> Bundle:
    """Read what stands in the clear. RefusedError ``refused.newer``, ``bundle.changed``."""
    try:
        if msgspec.json.decode(content, type=_Format).format > _FORMAT:
            raise RefusedError("refused.newer")
        told = msgspec.json.decode(content, type=_Manifest)
        bundle = Bundle(
            bundle_id=told.bundle,
            municipality=told.municipality,
            environment=told.environment,
            kind=BundleKind(told.kind),
            made_at=told.made_at,
            made_by=told.made_by,
            spans={feed: _span(told.versions, feed) for feed in Feed},
            escrow_id=told.escrow,
            wrapped=told.wrapped,
            signer=Signer(told.signer.key, told.signer.certificate),
            parts=tuple(BundlePart(one.name, one.size, bytes.fromhex(one.sha256)) for one in told.parts),
        )
    except (msgspec.DecodeError, ValueError, KeyError):
        raise RefusedError("bundle.changed") from None
    if not _is_possible(bundle):
        raise RefusedError("bundle.changed")
    return bundle


def _span(versions: Mapping[str, _Span], feed: Feed) -> Span:
    told = versions[feed.value]
    return Span(told.after, told.to)


def _is_possible(bundle: Bundle) -> bool:
    spans = bundle.spans.values()
    if bundle.kind is BundleKind.WHOLE:
        in_turn = all(span.after is None for span in spans)
    else:
        in_turn = all(span.after is not None and span.after <= span.to for span in spans)
    names = tuple(part.name for part in bundle.parts)
    one_signer = bool(bundle.signer.key) != bool(bundle.signer.certificate)
    return in_turn and one_signer and (bundle.kind, names) in _PARTS


def spoken(bundle: Bundle) -> str:
    """Return a short number for all of a bundle, to be read aloud: who has it and who made it compare."""
    short = sha256(manifest_of(bundle)).hexdigest()[:_SPOKEN]
    return " ".join(short[at : at + 4] for at in range(0, _SPOKEN, 4))


def signed(manifest: bytes) -> bytes:
    """Return what a bundle's signature is over."""
    return _DOMAIN + manifest


def verify(manifest: bytes, signature: bytes, bundle: Bundle) -> None:
    """Hold the signature against the key the bundle names, whosever that is. RefusedError ``bundle.changed``."""
    try:
        if bundle.signer.is_cloud:
            Ed25519PublicKey.from_public_bytes(bundle.signer.key).verify(signature, signed(manifest))
        else:
            key = _key_of(_certificate(bundle.signer.certificate))
            key.verify(signature, signed(manifest), ec.ECDSA(SHA256()))
    except _NOT_SIGNED:
        raise RefusedError("bundle.changed") from None


def is_signed_by_town(bundle: Bundle, feed_keys: Iterable[bytes], ca: str) -> bool:
    """Tell whether the signer is the town's cloud, or a terminal the town took in, and of the number it says."""
    if bundle.signer.is_cloud:
        return bundle.made_by == "cloud" and bundle.signer.key in set(feed_keys)
    try:
        certificate, authority = _certificate(bundle.signer.certificate), _certificate(ca)
        certificate.verify_directly_issued_by(authority)
    except _NOT_SIGNED:
        return False
    names = [str(one.value) for one in certificate.subject.get_attributes_for_oid(NameOID.COMMON_NAME)]
    in_force = certificate.not_valid_before_utc <= bundle.made_at <= certificate.not_valid_after_utc
    return in_force and names == [bundle.made_by]


def fingerprint_of(bundle: Bundle) -> bytes:
    """Return what the signer is compared by where nobody here knows it: its public key."""
    if bundle.signer.is_cloud:
        return bundle.signer.key
    return _certificate(bundle.signer.certificate).fingerprint(SHA256())


def read_card(content: bytes, feed_keys: Iterable[bytes] | None = None) -> EscrowCard:
    """Read what the town says of its escrow. RefusedError ``bundle.card`` where none of these keys of the town signed it.

    Without keys it is held against its own: then it is whole, and whoever reads it compares its fingerprint with what the
    town told on another way.
    """
    try:
        file = msgspec.json.decode(content, type=_CardFile)
        words = file.words.encode()
        said = msgspec.json.decode(words, type=_Card)
        known = tuple(said.feed_keys if feed_keys is None else feed_keys)
        if not any(_is_signed(key, file.signature, _CARD + words) for key in known):
            raise RefusedError("bundle.card")
    except (msgspec.DecodeError, ValueError):
        raise RefusedError("bundle.card") from None
    return EscrowCard(
        said.municipality, said.name, said.key_id, said.key, said.made_at, tuple(said.feed_keys), said.ca
    )


def _is_signed(key: bytes, signature: bytes, content: bytes) -> bool:
    try:
        Ed25519PublicKey.from_public_bytes(key).verify(signature, content)
    except InvalidSignature:
        return False
    return True


def _key_of(certificate: x509.Certificate) -> ec.EllipticCurvePublicKey:
    """Return a certificate's key; ValueError where it is none a terminal of ours could have."""
    key = certificate.public_key()
    if not isinstance(key, ec.EllipticCurvePublicKey):
        raise ValueError("no key on a curve")  # noqa: TRY004 - what came from outside is wrong, not a call
    return key


def _certificate(pem: str) -> x509.Certificate:
    with warnings.catch_warnings():
        warnings.simplefilter("error")  # one the library has doubts about is none
        return x509.load_pem_x509_certificate(pem.encode())


def footer_of(manifest: bytes, signature: bytes) -> bytes:
    """Return the last bytes of a bundle."""
    return len(manifest).to_bytes(4) + len(signature).to_bytes(2) + END


def read_footer(footer: bytes) -> tuple[int, int]:
    """Return how long manifest and signature are. RefusedError ``bundle.torn``."""
    manifest, signature = int.from_bytes(footer[:4]), int.from_bytes(footer[4:6])
    if len(footer) != FOOTER or footer[6:] != END or manifest > MOST_MANIFEST or signature > MOST_SIGNATURE:
        raise RefusedError("bundle.torn")
    return manifest, signature
