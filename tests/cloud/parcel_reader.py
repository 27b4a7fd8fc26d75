"""A reader of parcels, from the words of the contract alone."""

from hashlib import sha256
from typing import Any

import msgspec
import zstandard
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from cloud.tenant import Tenant
from tests.cloud.cloud_builders import feed_keys


def open_parcel(content: list[bytes], tenant: Tenant) -> dict[str, Any]:
    """Open a parcel as the contract says, and return what it says in the clear and what is sealed in it."""
    clear, sealed, key_id, signature = content
    signed = b"madoguchi-parcel-v1\n" + len(clear).to_bytes(4, "big") + clear + sealed
    Ed25519PublicKey.from_public_bytes(feed_keys(tenant)[key_id.hex()]).verify(signature, signed)
    key = HKDF(SHA256(), 32, salt=None, info=b"madoguchi parcel v1").derive(tenant.keys.digest)
    kind, seal_id, *said = msgspec.msgpack.decode(clear)
    assert seal_id == sha256(key).digest()[:8]
    packed = AESGCM(key).decrypt(sealed[:12], sealed[12:], clear) if sealed else None
    names = {
        "batch": "feed after to head at root",
        "snapshot": "snapshot_id at register_version blocks_version chunks",
    }
    inside = None if packed is None else msgspec.msgpack.decode(zstandard.decompress(packed))
    return {**dict(zip(names[kind].split(), said, strict=True)), "inside": inside}
