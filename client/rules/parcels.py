"""Parcels read: the town's signature first, then, with the town's own key, what is inside.

On the wire a parcel is a msgpack array ``[clear, sealed, key_id, signature]``. ``clear`` says in the open which feed and
versions it is about, ``sealed`` holds the changes under a key only the town's terminals have, with ``clear`` bound in.
The signature is over both, so that whoever cannot read a parcel still knows that the town made it.
"""

from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from functools import lru_cache
from hashlib import sha256
from typing import Annotated, TypeAlias

import msgspec
from cryptography.exceptions import InvalidSignature, InvalidTag
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from client.domain.enrolment import TownKey
from client.domain.errors import LinkDownError, RefusedError
from client.domain.feed import Chunk, Feed, FeedBatch, Manifest, Recipe, RowChange, RowDiff
from client.domain.parcel import Parcel, SnapshotParcel
from client.rules.unpack import LARGEST, column, decoded, insist, unpacked

_DOMAIN = b"madoguchi-parcel-v1\n"  # before what is signed, so that no other signature fits
_INFO = b"madoguchi parcel v1"
_NONCE = 12
_ID = 8
_CHUNK_SEAL = "A256GCM"
_WHOLE, _SAME, _BEFORE, _GONE = range(4)  # what a row is told by: see ``feedParcels`` in the contract
_END = object()

Count = Annotated[int, msgspec.Meta(ge=0)]
Moment = Annotated[datetime, msgspec.Meta(tz=True)]
Digest = Annotated[bytes, msgspec.Meta(min_length=16, max_length=16)]
KeyId = Annotated[bytes, msgspec.Meta(min_length=_ID, max_length=_ID)]
Sha256 = Annotated[bytes, msgspec.Meta(min_length=32, max_length=32)]
Columns: TypeAlias = dict[str, object]


class _Wire(msgspec.Struct, array_like=True):
    clear: bytes
    sealed: bytes
    key_id: KeyId
    signature: bytes


class _Batch(msgspec.Struct, array_like=True, tag="batch"):
    seal_id: KeyId
    feed: str
    after: Count
    to: Count
    head: Count
    at: Moment
    root: Digest


class _Snapshot(msgspec.Struct, array_like=True, tag="snapshot"):
    seal_id: KeyId
    snapshot_id: str
    at: Moment
    register_version: Count
    blocks_version: Count
    chunks: list[tuple[Sha256, Annotated[int, msgspec.Meta(ge=0, le=LARGEST)]]]


class _Group(msgspec.Struct, array_like=True):
    """Changed rows of one table, column by column.

    A shape lists what is told of a row: a column by its place, its value being the next of that column's; or the
    complement of its place where the value is put together from the base row by the recipe in ``made``.
    """

    table: str
    keys: list[list[str | int]]
    bases: list[Annotated[int, msgspec.Meta(ge=0, le=3)]]
    columns: list[str]
    shapes: list[list[int]]
    shape_of: list[Count]
    data: list[msgspec.Raw]
    made: dict[str, list[tuple[str, str]]]


class _Chunk(msgspec.Struct):
    sha256: Annotated[str, msgspec.Meta(pattern="^[0-9a-f]{64}$")]
    series: str
    table: str
    rows: Count
    size: Annotated[int, msgspec.Meta(ge=0, le=LARGEST)]
    key: Annotated[bytes, msgspec.Meta(min_length=32, max_length=32)]


class _Sealing(msgspec.Struct):
    seal: str


class _Manifest(msgspec.Struct):
    register_root: Digest
    blocks_root: Digest
    chunks: list[_Chunk]


@lru_cache(maxsize=4)
def parcel_key(digest_key: bytes) -> bytes:
    """Return the key the town seals parcels with: derived from its digest key, which every terminal's store has."""
    return HKDF(SHA256(), 32, salt=None, info=_INFO).derive(digest_key)


def seal_id_of(key: bytes) -> bytes:
    """Return what a parcel calls the key it is sealed with, 8 bytes."""
    return sha256(key).digest()[:_ID]


def read_parcel(wire: bytes, keys: Iterable[TownKey]) -> Parcel | SnapshotParcel:
    """Return a parcel whose signature one of the town's keys made, whoever brought it; needs no secret.

    LinkDownError ``link.unsigned`` where nobody known signed it, ``link.fault`` where it is no parcel.
    """
    packed = decoded(_Wire, wire)
    key = next((one.key for one in keys if one.id_bytes == packed.key_id), None)
    if key is None:
        raise LinkDownError("link.unsigned")
    signed = _DOMAIN + len(packed.clear).to_bytes(4) + packed.clear + packed.sealed
    try:
        Ed25519PublicKey.from_public_bytes(key).verify(packed.signature, signed)
    except InvalidSignature:
        raise LinkDownError("link.unsigned") from None
    return _said(decoded(_Batch | _Snapshot, packed.clear), wire)  # type: ignore[arg-type]  # mypy knows no type form of a union


def _said(clear: _Batch | _Snapshot, wire: bytes) -> Parcel | SnapshotParcel:
    if isinstance(clear, _Snapshot):
        return SnapshotParcel(
            clear.snapshot_id,
            clear.at,
            clear.register_version,
            clear.blocks_version,
            tuple((sha.hex(), size) for sha, size in clear.chunks),
            clear.seal_id,
            wire,
        )
    feed = next((one for one in Feed if one.value == clear.feed), None)
    if feed is None or not clear.after <= clear.to <= clear.head:
        raise LinkDownError("link.fault")
    return Parcel(
        feed, clear.after, clear.to, clear.head, clear.at, clear.root, seal_id=clear.seal_id, wire=wire
    )


def open_batch(parcel: Parcel, key: bytes, most: int = LARGEST) -> FeedBatch:
    """Return the changes in a parcel. RefusedError ``refused.newer`` where it is sealed with a key not known here."""
    content = _opened(parcel, key, most)
    groups = decoded(list[_Group], content) if content else []
    changes = tuple(change for group in groups for change in _changes(group))
    insist(bool(parcel.is_news) or not changes)
    return FeedBatch(parcel.feed, parcel.after, parcel.to, parcel.head, parcel.at, changes, parcel.root)


def open_manifest(parcel: SnapshotParcel, key: bytes, most: int = LARGEST) -> Manifest:
    """Return what a snapshot consists of, with the keys of its chunks. RefusedError ``refused.newer``."""
    content = _opened(parcel, key, most)
    if decoded(_Sealing, content).seal != _CHUNK_SEAL:
        raise RefusedError("refused.newer")  # nothing of it could be opened: say so before fetching any
    body = decoded(_Manifest, content)
    chunks = tuple(
        Chunk(one.sha256, one.series, one.table, one.rows, one.size, one.key) for one in body.chunks
    )
    insist({(one.sha256, one.size) for one in chunks} == set(parcel.chunks))
    return Manifest(
        snapshot_id=parcel.snapshot_id,
        register_version=parcel.register_version,
        blocks_version=parcel.blocks_version,
        at=parcel.at,
        register_root=body.register_root,
        blocks_root=body.blocks_root,
        chunks=chunks,
    )


def _opened(parcel: Parcel | SnapshotParcel, key: bytes, most: int) -> bytes:
    if parcel.seal_id != seal_id_of(key):
        raise RefusedError("refused.newer")
    packed = decoded(_Wire, parcel.wire)
    if not packed.sealed:
        return b""
    nonce, sealed = packed.sealed[:_NONCE], packed.sealed[_NONCE:]
    try:
        return unpacked(AESGCM(key).decrypt(nonce, sealed, packed.clear), most)
    except (InvalidTag, ValueError):  # sealed otherwise than it says, or shorter than a tag
        raise LinkDownError("link.fault") from None


def _changes(group: _Group) -> Iterator[RowChange | RowDiff]:
    """Yield the rows of a group. LinkDownError ``link.fault`` where its parts do not fit one another."""
    keys = list(zip(*group.keys, strict=False))
    insist(bool(group.keys) and all(len(part) == len(keys) for part in group.keys))
    insist(len(group.bases) == len(group.shape_of) == len(keys) and len(group.data) == len(group.columns))
    left = [iter(column(values)) for values in group.data]
    try:
        made = {int(place): tuple(recipe) for place, recipe in group.made.items()}
        for key, base, shape in zip(keys, group.bases, group.shape_of, strict=True):
            places = group.shapes[shape]
            told = {group.columns[place]: next(left[place]) for place in places if place >= 0}
            recipes = {group.columns[~place]: made[~place] for place in places if place < 0}
            yield _row(group.table, key, base, told, recipes)
        insist(all(next(values, _END) is _END for values in left))
    except (IndexError, KeyError, StopIteration, ValueError):
        raise LinkDownError("link.fault") from None


def _row(
    table: str, key: tuple[str | int, ...], base: int, told: Columns, recipes: Mapping[str, Recipe]
) -> RowChange | RowDiff:
    if base == _GONE:
        return RowChange(table, key, None)
    if base == _WHOLE:
        insist(not recipes and None not in told.values())
        return RowChange(table, key, told)
    of = key
    if base == _BEFORE:
        last = key[-1]
        insist(isinstance(last, int) and not isinstance(last, bool))
        of = (*key[:-1], int(last) - 1)
    return RowDiff(table, key, told, of, recipes)
