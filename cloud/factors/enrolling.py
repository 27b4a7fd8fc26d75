"""A card or a FIDO2 key that a person brings: read from what ``madoguchi factor`` wrote, or from a card's certificate.

What ``madoguchi factor`` wrote names the person and is signed by the card or the key itself, so nothing is enrolled that
cannot sign, and nothing for somebody else. A certificate or public key (PEM) is for cards a town issues in numbers.
"""

import binascii
from base64 import urlsafe_b64decode
from dataclasses import dataclass, field
from hashlib import sha256
from http import HTTPStatus

import msgspec
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    PublicFormat,
    load_der_public_key,
    load_pem_public_key,
)
from cryptography.x509 import load_pem_x509_certificate

from cloud.factors.fido2_key import Fido2Key
from cloud.problems import ProblemError
from cloud.sign_in_rules import SignInRules

MARK = "madoguchi-factor-1:"
SIGNED = b"madoguchi card enrolment v1\0"  # not what a sign-in signs: neither stands for the other
ASKED = b"madoguchi key enrolment v1\0"
_BITS = range(2048, 8193)
_MOST = 16_384  # letters; a certificate with its whole chain of names has fewer
_NOT_READ = (ValueError, TypeError, binascii.Error, UnsupportedAlgorithm, msgspec.DecodeError)


@dataclass(frozen=True, slots=True)
class Brought:
    """A factor somebody brings: public parts alone. ``state`` is a FIDO2 key's counter."""

    kind: str
    secret: bytes = field(repr=False)
    state: str = "0"


class _Card(msgspec.Struct, frozen=True, tag_field="kind", tag="card"):
    staff_id: str
    public: bytes
    signature: bytes


class _Key(msgspec.Struct, frozen=True, tag_field="kind", tag="fido2"):
    staff_id: str
    credential: bytes
    answer: dict[str, object]


def brought(text: str, staff_id: str, rules: SignInRules) -> Brought:
    """Return what is to be enrolled for somebody. ProblemError ``office.factor_…``, and which of four it is."""
    text = text.strip()
    if len(text) > _MOST:
        raise _refused("office.factor_unreadable")
    if text.startswith("-----BEGIN "):
        return Brought("card", _public_of_pem(text))
    told = _read(text)
    if told.staff_id != staff_id:
        raise _refused("office.factor_other_person")
    return _card(told) if isinstance(told, _Card) else _key(told, rules)


def fingerprint(kind: str, secret: bytes) -> str:
    """Return what a public part is compared by, as ``madoguchi factor`` shows it; empty where it is a secret."""
    if kind not in {"card", "fido2"}:
        return ""
    digest = sha256(secret).hexdigest()[:24]
    return "-".join(digest[place : place + 4] for place in range(0, len(digest), 4))


def _read(text: str) -> _Card | _Key:
    folded = "".join(text.split())
    if not folded.startswith(MARK):
        raise _refused("office.factor_unreadable")
    try:
        content = urlsafe_b64decode(folded.removeprefix(MARK).encode("ascii"))
        told: _Card | _Key = msgspec.json.decode(content, type=_Card | _Key)
    except _NOT_READ:
        raise _refused("office.factor_unreadable") from None
    return told


def _card(told: _Card) -> Brought:
    try:
        key = load_der_public_key(told.public)
    except _NOT_READ:
        raise _refused("office.factor_unreadable") from None
    public = _strong(key)
    try:
        key_said = SIGNED + told.staff_id.encode()
        public.verify(told.signature, key_said, padding.PKCS1v15(), SHA256())
    except InvalidSignature:
        raise _refused("office.factor_unproved") from None
    return Brought("card", _der(public))


def _key(told: _Key, rules: SignInRules) -> Brought:
    asked = sha256(ASKED + told.staff_id.encode()).digest()
    counter = Fido2Key(rules.relying_party).proved(told.credential, told.answer, asked)
    if counter is None:
        raise _refused("office.factor_unproved")
    return Brought("fido2", told.credential, str(counter))


def _public_of_pem(text: str) -> bytes:
    pem = text.encode("utf-8", "replace")
    try:
        if b"BEGIN CERTIFICATE" in pem:
            return _der(_strong(load_pem_x509_certificate(pem).public_key()))
        return _der(_strong(load_pem_public_key(pem)))
    except _NOT_READ:
        raise _refused("office.factor_unreadable") from None


def _strong(key: object) -> rsa.RSAPublicKey:
    if not isinstance(key, rsa.RSAPublicKey) or key.key_size not in _BITS or key.public_numbers().e < 65537:
        raise _refused("office.factor_weak")
    return key


def _der(key: rsa.RSAPublicKey) -> bytes:
    return key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)


def _refused(code: str) -> ProblemError:
    return ProblemError(HTTPStatus.UNPROCESSABLE_ENTITY, code)
