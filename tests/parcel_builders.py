"""Parcels as a town makes them, in a few lines of the tests' own: sealed, signed, and spoilt on purpose."""

from collections.abc import Iterable
from datetime import datetime
from hashlib import sha256

import msgspec
import zstandard
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from client.domain.enrolment import TownKey
from client.domain.feed import Feed, FeedBatch, RowChange, RowDiff
from client.domain.parcel import Parcel
from client.rules.parcels import read_parcel
from tests.builders import NOW

DIGEST_KEY = b"k" * 32
SIGNER = Ed25519PrivateKey.from_private_bytes(b"\5" * 32)
TOWN_KEY = TownKey("00" * 7 + "05", SIGNER.public_key().public_bytes_raw(), NOW)
ROOT = b"r" * 16
_pack = msgspec.msgpack.Encoder().encode


def seal_key(digest_key: bytes = DIGEST_KEY) -> bytes:
    """Return the key parcels are sealed with."""
    return HKDF(SHA256(), 32, salt=None, info=b"madoguchi parcel v1").derive(digest_key)


def wire_of(
    clear: list[object],
    content: object = None,
    *,
    signer: Ed25519PrivateKey = SIGNER,
    key_id: bytes = TOWN_KEY.id_bytes,
    packed: bytes | None = None,
    digest_key: bytes = DIGEST_KEY,
) -> bytes:
    """Return a parcel's bytes; ``packed`` stands in the place of the content's own."""
    head = _pack(clear)
    if packed is None and content is not None:
        packed = zstandard.compress(_pack(content))
    sealed = (
        b"" if packed is None else b"n" * 12 + AESGCM(seal_key(digest_key)).encrypt(b"n" * 12, packed, head)
    )
    signed = b"madoguchi-parcel-v1\n" + len(head).to_bytes(4) + head + sealed
    return _pack([head, sealed, key_id, signer.sign(signed)])


def clear_of(
    feed: Feed | str = Feed.REGISTER,
    after: int = 3,
    to: int = 5,
    *,
    head: int | None = None,
    at: datetime = NOW,
    root: bytes = ROOT,
    digest_key: bytes = DIGEST_KEY,
) -> list[object]:
    """Return what a batch says in the clear."""
    name = feed.value if isinstance(feed, Feed) else feed
    moment = at.isoformat().replace("+00:00", "Z")
    seal_id = sha256(seal_key(digest_key)).digest()[:8]
    return ["batch", seal_id, name, after, to, to if head is None else head, moment, root]


def a_parcel(feed: Feed = Feed.REGISTER, after: int = 3, to: int = 5, **more: object) -> Parcel:
    """Return a parcel that was verified; without changes where its versions are one."""
    usual = groups_of([RowChange("resident", ("0000000001", 1), {"full_name": "a"})])
    changes = None if after == to else more.pop("changes", usual)
    wire = wire_of(clear_of(feed, after, to, **more), changes)  # type: ignore[arg-type]  # handed on as given
    parcel = read_parcel(wire, [TOWN_KEY])
    assert isinstance(parcel, Parcel)
    return parcel


def parcel_of(batch: FeedBatch, digest_key: bytes = DIGEST_KEY) -> Parcel:
    """Return a batch as a parcel."""
    clear = clear_of(
        batch.feed,
        batch.after,
        batch.to,
        head=batch.head,
        at=batch.at,
        root=batch.root,
        digest_key=digest_key,
    )
    content = groups_of(batch.changes) if batch.to > batch.after else None
    parcel = read_parcel(wire_of(clear, content, digest_key=digest_key), [TOWN_KEY])
    assert isinstance(parcel, Parcel)
    return parcel


def groups_of(changes: Iterable[RowChange | RowDiff]) -> list[object]:
    """Return changes as parcels have them, a group for each row: what it may look like, not how it is small."""
    return [_group(change) for change in changes]


def _group(change: RowChange | RowDiff) -> list[object]:
    keys = [[part] for part in change.key]
    if isinstance(change, RowChange):
        row = change.row
        kind, columns, made = 3 if row is None else 0, dict(row or {}), {}
    else:
        kind, columns, made = 1 if change.base == change.key else 2, dict(change.columns), dict(change.made)
    names = [*columns, *made]
    shape = [*range(len(columns)), *(~place for place in range(len(columns), len(names)))]
    data = [[columns[name]] if name in columns else [] for name in names]
    recipes = {str(names.index(name)): [list(piece) for piece in recipe] for name, recipe in made.items()}
    return [change.table, keys, [kind], names, [shape], [0], data, recipes]
