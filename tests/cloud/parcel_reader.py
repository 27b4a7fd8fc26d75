"""A reader of parcels, from the words of the contract alone."""

from collections.abc import Iterator
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
    if kind == "batch" and inside is not None:
        inside = [change for group in inside for change in changes_in(group)]
    return {**dict(zip(names[kind].split(), said, strict=True)), "inside": inside}


def changes_in(group: list[Any]) -> Iterator[list[Any]]:
    """Yield the rows of a group: table and key; with what it is now; or with what differs, its base, what is made."""
    table, keys, bases, columns, shapes, shape_of, data, made = group
    left = [iter(values) for values in data]
    for key, base, shape in zip(zip(*keys, strict=True), bases, shape_of, strict=True):
        told = {columns[at]: next(left[at]) for at in shapes[shape] if at >= 0}
        recipes = {columns[~at]: made[str(~at)] for at in shapes[shape] if at < 0}
        of = [*key[:-1], key[-1] - 1] if base == 2 else list(key)
        yield [table, list(key), *([] if base == 3 else [told] if base == 0 else [told, of, recipes])]
    assert all(next(values, None) is None for values in left)
