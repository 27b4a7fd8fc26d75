"""Sealing to a public key (HPKE, RFC 9180): what the cloud alone may open, and what waits for the next unlock."""

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.hpke import AEAD, KDF, KEM, Suite

from client.domain.enrolment import TownKey
from client.domain.errors import StoreError

_SUITE = Suite(KEM.X25519, KDF.HKDF_SHA256, AEAD.AES_256_GCM)


def info_of(purpose: str, *bound: str) -> bytes:
    """Return what an envelope is bound to: its purpose and the words that stand beside it in the clear.

    The library's one-shot HPKE takes no further associated data; ``info`` binds as firmly.
    """
    return "\0".join((purpose, *bound)).encode()


def sealed_command(payload: bytes, to: TownKey, key: str, kind: str, terminal_no: str) -> bytes:
    """Return a command's envelope: the id of the town's key, and what that key opens, bound to the words beside it."""
    info = info_of("madoguchi command v1", key, kind, terminal_no, to.key_id)
    return to.id_bytes + sealed(payload, to.key, info)


def sealed_words(text: str, to: TownKey, municipality: str) -> bytes:
    """Return words of a notification that the cloud alone may read: a number, who threatens somebody."""
    info = info_of("madoguchi words v1", municipality, to.key_id)
    return to.id_bytes + sealed(text.encode(), to.key, info)


ATTACHMENT_SEAL = (
    8 + 32 + 16
)  # bytes a sealed attachment has beside its content: id of the key, encapsulation, tag


def sealed_attachment(content: bytes, to: TownKey, words: tuple[str, str, str]) -> bytes:
    """Return an attachment's envelope, bound to its key, the key of its command and its terminal."""
    return to.id_bytes + sealed(content, to.key, info_of("madoguchi attachment v1", *words, to.key_id))


def sealed_batch(content: bytes, to: TownKey, municipality: str) -> bytes:
    """Return commands as a neighbour carries them: who and what they are about is for the cloud alone."""
    info = info_of("madoguchi carried v1", municipality, to.key_id)
    return to.id_bytes + sealed(content, to.key, info)


def sealed(content: bytes, public_key: bytes, info: bytes) -> bytes:
    """Return encapsulated key and ciphertext, one after the other."""
    return _SUITE.encrypt(content, X25519PublicKey.from_public_bytes(public_key), info)


def opened(envelope: bytes, private_key: bytes, info: bytes) -> bytes:
    """Open an envelope; StoreError ``store.wrong_key`` where it is not ours or was changed."""
    try:
        return _SUITE.decrypt(envelope, X25519PrivateKey.from_private_bytes(private_key), info)
    except (InvalidTag, ValueError) as error:
        raise StoreError("store.wrong_key") from error


def public_of(private_key: bytes) -> bytes:
    """Return the public part of an X25519 key."""
    return X25519PrivateKey.from_private_bytes(private_key).public_key().public_bytes_raw()
