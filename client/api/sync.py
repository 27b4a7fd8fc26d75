"""The register's feeds, digests and snapshots over the wire; nothing unsigned or unhashed gets past this file.

Upkeep of the replica uses the terminal's own identity, never a person's session. What is not signed by a feed key
of the tenant's known here is LinkDownError ``link.unsigned``; what is not of the contract, not the chunk that was asked
for, or larger than it may be is ``link.fault``: no answer.
"""

import asyncio
import hashlib
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from datetime import datetime
from typing import Annotated, TypeVar

import msgspec
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from client.api.http import Http
from client.api.parcels import ParcelDoor, call
from client.domain.doubtful import OfflinePaper, Told, Touch
from client.domain.enrolment import TownKey
from client.domain.errors import LinkDownError
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
from client.domain.parcel import CannotGoOn, Parcel
from client.rules.authorship import moment_text
from client.rules.chunk_rows import read_chunk
from client.rules.doubtful import until
from client.rules.parcels import open_batch, open_manifest, parcel_key
from client.rules.unpack import LARGEST, decoded, insist, unpacked

T = TypeVar("T")

_DOMAIN = b"madoguchi-feed-v1\n"  # before what is signed, so that no other signature fits
_ROW_BYTES = 120  # of a row on the wire, for the timeout
_DIGEST_BYTES = 20
_TOUCH_BYTES = 400  # of what is told of one paper


_VALUES = frozenset({str, bool, int, bytes})  # text, date, time · bool · int · blob

Digest = Annotated[bytes, msgspec.Meta(min_length=16, max_length=16)]
Count = Annotated[int, msgspec.Meta(ge=0)]
BucketNo = Annotated[int, msgspec.Meta(ge=0, lt=4096)]
Moment = Annotated[datetime, msgspec.Meta(tz=True)]


class _Change(msgspec.Struct, array_like=True):
    table: str
    key: list[str | int]
    row: dict[str, object] | None


class _Envelope(msgspec.Struct):
    body: bytes
    signature: bytes
    key_id: str


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


class _Touch(msgspec.Struct):
    table: str
    at: Moment
    gone: bool
    status: str | None = None
    process: str | None = None


class _Touches(msgspec.Struct):
    feed: str
    at: Moment
    touches: list[list[_Touch] | None]


async def _let_go(_: Parcel) -> None:
    return None


class HttpFeeds:
    """The cloud's feeds as the sync conversation asks them; knows the tenant's feed keys, each by its id.

    ``digest_key`` gives the tenant's digest key while the stores are open; what came is told to ``on_parcel``, sealed.
    """

    def __init__(
        self,
        http: Http,
        feed_keys: Iterable[TownKey],
        *,
        digest_key: Callable[[], bytes],
        on_parcel: Callable[[Parcel], Awaitable[None]] = _let_go,
        largest: int = LARGEST,
    ) -> None:
        self._http = http
        keys = tuple(feed_keys)
        self._keys = {one.key_id: Ed25519PublicKey.from_public_bytes(one.key) for one in keys}
        self._door = ParcelDoor(http, keys)
        self._digest_key = digest_key
        self._on_parcel = on_parcel
        self._largest = largest

    async def both(
        self, blocks: int, register: int, limit: int, *, wait_s: int = 0
    ) -> tuple[FeedBatch | None, FeedBatch | None]:
        """Return what ``feed`` does of both feeds, blocks first, for one request."""
        after = {Feed.BLOCKS: blocks, Feed.REGISTER: register}
        of_blocks, of_register = await self._batches(after, limit, wait_s)
        return of_blocks, of_register

    async def feed(self, feed: Feed, after: int, limit: int) -> FeedBatch | None:
        """Return changes after a version, at most about ``limit`` rows; None where it cannot go on from there."""
        (batch,) = await self._batches({feed: after}, limit, 0)
        return batch

    async def digest(self, feed: Feed) -> FeedDigest:
        """Return the root and the 64 digests below it at the newest version."""
        body = await self._signed(_Digest, "GET", f"/v1/feeds/{feed.value}/digest")
        insist(body.feed == feed.value)
        return FeedDigest(feed, body.version, body.at, body.root, tuple(body.mids))

    async def buckets(self, feed: Feed, mids: tuple[int, ...]) -> BucketList:
        """Return the bucket digests below some of the 64."""
        path, asked = f"/v1/feeds/{feed.value}/buckets", {"mids": list(mids)}
        body = await self._signed(_Buckets, "POST", path, asked, expect=len(mids) * 64 * _DIGEST_BYTES)
        insist(body.feed == feed.value)
        return BucketList(feed, body.version, tuple(Bucket(index, value) for index, value in body.buckets))

    async def rows(self, feed: Feed, buckets: tuple[int, ...]) -> BucketRows:
        """Return every row of some buckets."""
        path, asked = f"/v1/feeds/{feed.value}/rows", {"buckets": list(buckets)}
        body = await self._signed(_Rows, "POST", path, asked, expect=len(buckets) * 100 * _ROW_BYTES)
        insist(body.feed == feed.value)
        return BucketRows(feed, body.version, body.at, body.root, tuple(map(_change, body.changes)))

    async def touches(self, feed: Feed, papers: Sequence[OfflinePaper]) -> tuple[Told, ...]:
        """Return for each paper what was registered between what it rests on and its issue."""
        asked = {"asked": [_asked(feed, paper) for paper in papers]}
        path, expect = f"/v1/feeds/{feed.value}/touches", len(papers) * _TOUCH_BYTES
        body = await self._signed(_Touches, "POST", path, asked, expect=expect)
        insist(body.feed == feed.value and len(body.touches) == len(papers))
        return tuple(
            Told(
                body.at,
                None
                if one is None
                else tuple(Touch(t.table, t.at, t.gone, t.status, t.process) for t in one),
            )
            for one in body.touches
        )

    async def manifest(self, begun: str | None = None) -> Manifest:
        """Return what a snapshot consists of: that of a fill begun before, where the cloud still has it; else the newest."""
        return open_manifest(await self._door.snapshot(begun), self._parcel_key(), self._largest)

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
        insist(_is_chunk(sealed, chunk))
        return read_chunk(sealed, chunk, self._largest)

    async def _chunk_bytes(self, chunk: Chunk, headers: Mapping[str, str] | None = None) -> bytes:
        path = f"/v1/snapshot/chunks/{chunk.sha256}"
        return (await call(self._http, "GET", path, expect=chunk.size, headers=headers)).body

    async def _batches(self, after: Mapping[Feed, int], limit: int, wait_s: int) -> list[FeedBatch | None]:
        batches: list[FeedBatch | None] = []
        for told in await self._door.parcels(after, limit=limit, wait_s=wait_s):
            if isinstance(told, CannotGoOn):
                batches.append(None)
                continue
            batches.append(open_batch(told, self._parcel_key(), self._largest))
            await self._on_parcel(told)
        return batches

    def _parcel_key(self) -> bytes:
        return parcel_key(self._digest_key())

    async def _signed(
        self, kind: type[T], method: str, path: str, asked: object = None, *, expect: int = 2000
    ) -> T:
        return decoded(kind, await self._proven(method, path, asked, expect=expect))

    async def _proven(self, method: str, path: str, asked: object = None, *, expect: int) -> bytes:
        reply = await call(self._http, method, path, asked, expect=expect)
        envelope = decoded(_Envelope, reply.body)
        key = self._keys.get(envelope.key_id)
        if key is None:
            raise LinkDownError("link.unsigned")
        try:
            key.verify(envelope.signature, _DOMAIN + envelope.body)
        except InvalidSignature:
            raise LinkDownError("link.unsigned") from None
        return unpacked(envelope.body, self._largest)


def _asked(feed: Feed, paper: OfflinePaper) -> dict[str, object]:
    return {
        "after": paper.versions[feed],
        "until": moment_text(until(paper)),
        "residents": list(paper.residents),
        "household_no": paper.household_no,
    }


def _is_chunk(sealed: bytes, chunk: Chunk) -> bool:
    return hashlib.sha256(sealed).hexdigest() == chunk.sha256


def _change(change: _Change) -> RowChange:
    insist(change.row is None or _VALUES.issuperset(map(type, change.row.values())))
    return RowChange(change.table, tuple(change.key), change.row)
