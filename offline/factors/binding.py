"""What binds a clerk's keys to a card: a secret the card alone can make, as the wrap keeps it.

A random secret is encrypted to the card's public key, and only the ciphertext is kept; the card's private key, which
cannot be read out of it, makes the secret again (key transport with RSA, NIST SP 800-56B 9; padding by RFC 8017).
A readable object on the card would be enough for whoever copies the card once; a signature would be one more thing the
same key signs. OAEP where the card has it. Where it has the older padding alone nothing is lost: nobody is told what a
decryption came to but whoever has the card and its PIN.
"""

import secrets

import msgspec
from cryptography.hazmat.primitives.asymmetric import padding
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.hazmat.primitives.hashes import SHA1
from cryptography.hazmat.primitives.serialization import load_der_public_key

from client.domain.errors import StoreError
from client.domain.factor import CardKey

_SECRET = 32
_LEAST_BITS = 2048


class Binding(msgspec.Struct, frozen=True, array_like=True):
    """A card by its number, its key by its CKA_ID, and the secret encrypted to that key; nothing of it is secret."""

    serial: str
    key_id: bytes
    padding: str
    box: bytes


def bound_to(card: CardKey) -> tuple[bytes, bytes]:
    """Return a new binding as a wrap keeps it, and its secret. StoreError ``card.no_key`` for a key that is too weak."""
    public = load_der_public_key(card.public)
    if not isinstance(public, RSAPublicKey) or public.key_size < _LEAST_BITS:
        raise StoreError("card.no_key")
    secret = secrets.token_bytes(_SECRET)
    oaep = padding.OAEP(padding.MGF1(SHA1()), SHA1(), None)  # noqa: S303 - what cards have; OAEP asks no collisions
    box = public.encrypt(secret, oaep if card.padding == "oaep" else padding.PKCS1v15())
    return msgspec.msgpack.encode(Binding(card.serial, card.key_id, card.padding, box)), secret


def binding_of(kept: bytes) -> Binding | None:
    """Return the binding a wrap keeps; None where it is none of ours."""
    try:
        return msgspec.msgpack.decode(kept, type=Binding)
    except msgspec.DecodeError:
        return None
