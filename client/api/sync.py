"""The register's feeds, digests and snapshots over the wire; nothing unsigned or unhashed gets past this file.

Upkeep of the replica uses the terminal's own identity, never a person's session. What is not signed by a feed key
of the tenant's known here is LinkDownError ``link.unsigned``; what is not of the contract, not the chunk that was asked
for, or larger than it may be is ``link.fault``: no answer.
"""

import asyncio
import hashlib
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Annotated, NoReturn, TypeAlias, TypeVar
from urllib.parse import quote

import msgspec
import zstandard
from cryptography.exceptions import InvalidSignature, InvalidTag
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from client.api.http import Http
from client.api.reply import Reply
from client.domain.enrolment import TownKey
from client.domain.errors import ConflictError, LinkDownError, RefusedError
from client.domain.feed import (
    Bucket,
    BucketList,
    BucketRows,
    Chunk,
    ChunkRows,
    Feed,
    FeedBatch,
    FeedDigest,
    Manifest,
    RowChange,
)

T = TypeVar("T")

_DOMAIN = b"madoguchi-feed-v1\n"  # before what is signed, so that no other signature fits
_LARGEST = 64 * 1024 * 1024  # bytes of one answer, unpacked
_WINDOW = 128 * 1024 * 1024  # bytes of memory zstd may ask for
_ROW_BYTES = 120  # of a row on the wire, for the timeout
_DIGEST_BYTES = 20

_SEAL = "A256GCM"
_SEAL_BOUND = b"madoguchi-chunk-v1"
_SEAL_NONCE = bytes(12)  # each key seals one chunk and never another
_ROW_MOST = 65_536  # bytes a row of a chunk may have on the average, unpacked

_VALUES = frozenset({str, bool, int, bytes})  # text, date, time · bool · int · blob
_Plain: TypeAlias = list[str | bool | int | None]  # a column of a chunk; None where a row has no value
_Blobs: TypeAlias = list[bytes | None]

Digest = Annotated[bytes, msgspec.Meta(min_length=16, max_length=16)]
Count = Annotated[int, msgspec.Meta(ge=0)]
BucketNo = Annotated[int, msgspec.Meta(ge=0, lt=4096)]
Moment = Annotated[datetime, msgspec.Meta(tz=True)]


class _CannotGoOnError(LinkDownError):
    """The cloud's feed does not go on from the version asked for."""


class _Change(msgspec.Struct, array_like=True):
    table: str
    key: list[str | int]
    row: dict[str, object] | None


class _Envelope(msgspec.Struct):
    body: bytes
    signature: bytes
    key_id: str


class _Feed(msgspec.Struct):
    feed: str
    after: Count
    to: Count
    head: Count
    at: Moment
    root: Digest
    changes: list[_Change]


class _Digest(msgspec.Struct):
    feed: str
    version: Count
    at: Moment
    root: Digest
    mids: Annotated[list[Digest], msgspec.Meta(min_length=64, max_length=64)]


class _Buckets(msgspec.Struct):
    feed: str
    version: Count
    buckets: list[tuple[BucketNo, Digest]]


class _Rows(msgspec.Struct):
    feed: str
    version: Count
    at: Moment
    root: Digest
    changes: list[_Change]


class _Chunk(msgspec.Struct):
    sha256: Annotated[str, msgspec.Meta(pattern="^[0-9a-f]{64}$")]
    series: str
    table: str
    rows: Count
    size: Annotated[int, msgspec.Meta(ge=0, le=_LARGEST)]
    key: Annotated[bytes, msgspec.Meta(min_length=32, max_length=32)]


class _Sealing(msgspec.Struct):
    seal: str


class _Manifest(msgspec.Struct):
    snapshot_id: str
    register_version: Count
    blocks_version: Count
    at: Moment
    register_root: Digest
    blocks_root: Digest
    chunks: list[_Chunk]


class _ChunkRows(msgspec.Struct):
    table: str
    columns: list[str]
    data: list[msgspec.Raw]
    feed: str | None = None
    key: list[str] = []


class HttpFeeds:
    """The cloud's feeds as the sync conversation asks them; knows the tenant's feed keys, each by its id."""

    def __init__(self, http: Http, feed_keys: Iterable[TownKey], *, largest: int = _LARGEST) -> None:
        self._http = http
        self._keys = {one.key_id: Ed25519PublicKey.from_public_bytes(one.key) for one in feed_keys}
        self._largest = largest

    async def feed(self, feed: Feed, after: int, limit: int) -> FeedBatch | None:
        """Return changes after a version, at most about ``limit`` rows; None where it cannot go on from there."""
        path = f"/v1/feeds/{feed.value}?after={after}&limit={limit}"
        try:
            body = await self._signed(_Feed, "GET", path, expect=limit * _ROW_BYTES)
        except _CannotGoOnError:
            return None
        _insist(body.feed == feed.value)
        return FeedBatch(
            feed, body.after, body.to, body.head, body.at, tuple(map(_change, body.changes)), body.root
        )

    async def digest(self, feed: Feed) -> FeedDigest:
        """Return the root and the 64 digests below it at the newest version."""
        body = await self._signed(_Digest, "GET", f"/v1/feeds/{feed.value}/digest")
        _insist(body.feed == feed.value)
        return FeedDigest(feed, body.version, body.at, body.root, tuple(body.mids))

    async def buckets(self, feed: Feed, mids: tuple[int, ...]) -> BucketList:
        """Return the bucket digests below some of the 64."""
        path, asked = f"/v1/feeds/{feed.value}/buckets", {"mids": list(mids)}
        body = await self._signed(_Buckets, "POST", path, asked, expect=len(mids) * 64 * _DIGEST_BYTES)
        _insist(body.feed == feed.value)
        return BucketList(feed, body.version, tuple(Bucket(index, value) for index, value in body.buckets))

    async def rows(self, feed: Feed, buckets: tuple[int, ...]) -> BucketRows:
        """Return every row of some buckets."""
        path, asked = f"/v1/feeds/{feed.value}/rows", {"buckets": list(buckets)}
        body = await self._signed(_Rows, "POST", path, asked, expect=len(buckets) * 100 * _ROW_BYTES)
        _insist(body.feed == feed.value)
        return BucketRows(feed, body.version, body.at, body.root, tuple(map(_change, body.changes)))

    async def manifest(self, begun: str | None = None) -> Manifest:
        """Return what a snapshot consists of: that of a fill begun before, where the cloud still has it; else the newest."""
        path = f"/v1/snapshot?begun={quote(begun, safe='')}" if begun else "/v1/snapshot"
        content = await self._proven("GET", path, expect=100_000)
        if _decoded(_Sealing, content).seal != _SEAL:
            raise RefusedError("refused.newer")  # nothing of it could be opened: say so before fetching any
        body = _decoded(_Manifest, content)
        return Manifest(
            snapshot_id=body.snapshot_id,
            register_version=body.register_version,
            blocks_version=body.blocks_version,
            at=body.at,
            register_root=body.register_root,
            blocks_root=body.blocks_root,
            chunks=tuple(
                Chunk(one.sha256, one.series, one.table, one.rows, one.size, one.key) for one in body.chunks
            ),
        )

    async def chunk(self, chunk: Chunk) -> ChunkRows:
        """Return one chunk, its hash as the signed manifest names it; whatever cache it came from."""
        sealed = await self._chunk_bytes(chunk)
        if not _is_chunk(sealed, chunk):
            sealed = await self._chunk_bytes(
                chunk, {"cache-control": "no-cache"}
            )  # past what a cache has spoilt
        return await asyncio.to_thread(
            self._chunk_rows, sealed, chunk
        )  # large: the window does not wait for it

    def _chunk_rows(self, sealed: bytes, chunk: Chunk) -> ChunkRows:
        _insist(_is_chunk(sealed, chunk))
        packed = _unsealed(sealed, chunk.key)
        rows = _decoded(_ChunkRows, self._unpacked(packed, _ROW_MOST * (chunk.rows + 1)))
        _insist(rows.table == chunk.table and len(rows.data) == len(rows.columns))
        data = tuple(map(_column, rows.data))
        _insist(all(len(column) == chunk.rows for column in data))
        feed = next((one for one in Feed if one.value == rows.feed), None)
        return ChunkRows(rows.table, tuple(rows.columns), data, feed, tuple(rows.key))

    async def _chunk_bytes(self, chunk: Chunk, headers: Mapping[str, str] | None = None) -> bytes:
        path = f"/v1/snapshot/chunks/{chunk.sha256}"
        return (await self._call("GET", path, None, chunk.size, headers)).body

    async def _signed(
        self, kind: type[T], method: str, path: str, asked: object = None, *, expect: int = 2000
    ) -> T:
        return _decoded(kind, await self._proven(method, path, asked, expect=expect))

    async def _proven(self, method: str, path: str, asked: object = None, *, expect: int) -> bytes:
        reply = await self._call(method, path, asked, expect)
        envelope = _decoded(_Envelope, reply.body)
        try:
            self._keys[envelope.key_id].verify(envelope.signature, _DOMAIN + envelope.body)
        except (KeyError, InvalidSignature):
            raise LinkDownError("link.unsigned") from None
        return self._unpacked(envelope.body, self._largest)

    async def _call(
        self, method: str, path: str, asked: object, expect: int, headers: Mapping[str, str] | None = None
    ) -> Reply:
        try:
            return await self._http.call(method, path, json=asked, expect_bytes=expect, headers=headers)
        except ConflictError as error:  # feed.ahead
            raise _CannotGoOnError("link.fault") from error
        except RefusedError as error:
            if error.code == "refused.terminal_revoked":
                raise
            kind = _CannotGoOnError if error.facts.get("reason") == "feed.too_old" else LinkDownError
            raise kind("link.fault") from error  # a chunk of a snapshot that is gone: begin the round anew

    def _unpacked(self, packed: bytes, most: int) -> bytes:
        """Decompress within bounds, never beyond the largest: what a frame says of its own size is not trusted."""
        most = min(most, self._largest)
        try:
            reader = zstandard.ZstdDecompressor(max_window_size=_WINDOW).stream_reader(packed)
            plain = reader.read(most + 1)
        except zstandard.ZstdError as error:
            raise LinkDownError("link.fault") from error
        _insist(len(plain) <= most)
        return plain


def _decoded(kind: type[T], plain: bytes | msgspec.Raw) -> T:
    """Read msgpack by the contract: unknown fields are allowed, wrong types are not."""
    try:
        return msgspec.msgpack.decode(plain, type=kind)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        _fault()  # the reader's own words are dropped: they may quote a row


def _is_chunk(sealed: bytes, chunk: Chunk) -> bool:
    return hashlib.sha256(sealed).hexdigest() == chunk.sha256


def _unsealed(sealed: bytes, key: bytes) -> bytes:
    try:
        return AESGCM(key).decrypt(_SEAL_NONCE, sealed, _SEAL_BOUND)
    except (InvalidTag, ValueError):  # another key, or shorter than a tag
        _fault()


def _column(packed: msgspec.Raw) -> list[object]:
    """Read a column as what it may be, so that nothing nests and no few bytes become many objects."""
    try:
        return list(msgspec.msgpack.decode(packed, type=_Plain))
    except (msgspec.DecodeError, UnicodeDecodeError):
        return list(_decoded(_Blobs, packed))


def _change(change: _Change) -> RowChange:
    _insist(change.row is None or _VALUES.issuperset(map(type, change.row.values())))
    return RowChange(change.table, tuple(change.key), change.row)


def _insist(holds: bool) -> None:
    if not holds:
        _fault()


def _fault() -> NoReturn:
    raise LinkDownError("link.fault") from None
