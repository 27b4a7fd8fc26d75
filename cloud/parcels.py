"""Parcels: what a feed or snapshot says, sealed to the town's terminals and signed, so that anybody may carry it."""

import os
from datetime import datetime
from functools import lru_cache
from hashlib import sha256

import msgspec
import zstandard
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from cloud.keys import TenantKeys

_SIGNED = b"madoguchi-parcel-v1\n"
_DERIVED = b"madoguchi parcel v1"
_ID_SIZE = 8
_NONCE_SIZE = 12
_SMALL = 1_048_576  # bytes unpacked up to which packing well costs a fraction of a second only
_WELL, _FAST = 19, 9
_encoder = msgspec.msgpack.Encoder()


def parcel(keys: TenantKeys, kind: str, clear: list[object], content: object, now: datetime) -> bytes:
    """Return a parcel of a kind; without content nothing is sealed."""
    key = _key(keys.digest)
    head = _encoder.encode([kind, sha256(key).digest()[:_ID_SIZE], *clear])
    sealed = b"" if content is None else _sealed(key, _encoder.encode(content), head)
    signer = keys.feed_at(now)
    signature = signer.private.sign(_SIGNED + len(head).to_bytes(4, "big") + head + sealed)
    return _encoder.encode([head, sealed, bytes.fromhex(signer.key_id), signature])


@lru_cache(maxsize=64)
def _key(digest_key: bytes) -> bytes:
    """Return the key of a town's parcels: whoever has its digest key may read them."""
    return HKDF(SHA256(), 32, salt=None, info=_DERIVED).derive(digest_key)


def _sealed(key: bytes, plain: bytes, bound: bytes) -> bytes:
    level = _WELL if len(plain) <= _SMALL else _FAST
    nonce = os.urandom(_NONCE_SIZE)
    return nonce + AESGCM(key).encrypt(nonce, zstandard.ZstdCompressor(level=level).compress(plain), bound)
