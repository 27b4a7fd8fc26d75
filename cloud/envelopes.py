"""Sealed payloads: HPKE (RFC 9180) to the tenant's command key, bound to key, kind and terminal."""

import msgspec
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey
from cryptography.hazmat.primitives.hpke import AEAD, KDF, KEM, Suite

_SUITE = Suite(KEM.X25519, KDF.HKDF_SHA256, AEAD.AES_256_GCM)


class UnreadableError(Exception):
    """An envelope that is not for us, was changed, or holds no payload."""


def info_of(key: str, kind: str, terminal: str) -> bytes:
    """Return what binds an envelope to the words beside it: all of them go into HPKE's info."""
    return "\0".join(("madoguchi command v1", key, kind, terminal)).encode("utf-8")


def open_payload(private_key: X25519PrivateKey, sealed: bytes, info: bytes) -> dict[str, object]:
    """Open an envelope and read its payload (msgpack map); UnreadableError."""
    try:
        content = _SUITE.decrypt(sealed, private_key, info)
        return msgspec.msgpack.decode(content, type=dict[str, object])
    except (InvalidTag, ValueError, msgspec.DecodeError, msgspec.ValidationError):
        raise UnreadableError from None
