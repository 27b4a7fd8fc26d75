"""Commands as they are sealed and signed: HPKE (RFC 9180) to a command key of the tenant's, the author's signature."""

from collections.abc import Mapping
from hashlib import sha256
from typing import TypeAlias

import msgspec
from cryptography.exceptions import InvalidSignature, InvalidTag
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.hpke import AEAD, KDF, KEM, Suite
from cryptography.hazmat.primitives.serialization import load_pem_public_key

from cloud.command import Command
from cloud.keys import TenantKeys

_SUITE = Suite(KEM.X25519, KDF.HKDF_SHA256, AEAD.AES_256_GCM)
_ID_SIZE = 8  # bytes of a key's id, before what is sealed to it
_SIGNED = b"madoguchi-command-v1\n"
_pack = msgspec.msgpack.Encoder().encode
Payload: TypeAlias = Mapping[str, object]


class UnreadableError(Exception):
    """An envelope that is not for us, was changed, or holds no payload; the message says which."""


def open_payload(keys: TenantKeys, command: Command) -> Payload:
    """Open a command's envelope and read its payload (msgpack map); UnreadableError."""
    key_id, sealed = command.sealed[:_ID_SIZE].hex(), command.sealed[_ID_SIZE:]
    private_key = keys.command_of(key_id)
    if private_key is None:
        raise UnreadableError("unknown_key")
    bound = ("madoguchi command v1", command.key, command.kind, command.terminal, key_id)
    try:
        content = _SUITE.decrypt(sealed, private_key, "\0".join(bound).encode("utf-8"))
        return msgspec.msgpack.decode(content, type=dict[str, object])
    except (InvalidTag, ValueError, msgspec.DecodeError, msgspec.ValidationError):
        raise UnreadableError("unreadable") from None


def signed_words(command: Command) -> bytes:
    """Return what the author of a command signed: all that stands in the clear, and the envelope by its hash."""
    return _SIGNED + _pack(
        [
            command.key,
            command.kind,
            list(command.residents),
            [[one, command.base[one]] for one in sorted(command.base)],
            command.written_at,
            command.clock_offset_ms,
            command.made_by,
            command.terminal,
            command.todoke_date.isoformat() if command.todoke_date else None,
            command.supersedes,
            sha256(command.sealed).digest(),
        ]
    )


def is_signed(command: Command, public_key: bytes) -> bool:
    """Tell whether a command bears the signature of a terminal's key (PEM)."""
    key = load_pem_public_key(public_key)
    if not isinstance(key, ec.EllipticCurvePublicKey):
        return False
    try:
        key.verify(command.signature, signed_words(command), ec.ECDSA(SHA256()))
    except (InvalidSignature, UnicodeEncodeError):
        return False
    return True
