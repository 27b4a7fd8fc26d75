"""Snapshots over the wire: chunks from any cache, opened with the signed manifest's keys, never beyond bounds."""

import hashlib
from typing import Any

import httpx
import pytest
import zstandard
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from client.domain.errors import RefusedError
from client.domain.feed import Chunk, ChunkRows, Feed
from tests.api.test_sync_feeds import AT, KEY, TOWN_KEY, fault, feeds_over, packed, problem, raw, streamed
from tests.parcel_builders import clear_of, wire_of

CHUNK_BODY = {"table": "block", "columns": ["block_id", "reason"], "data": [["b1", "b2"], ["職権", None]]}
CHUNK_KEY = bytes(range(100, 132))


def sealed(content: bytes, key: bytes = CHUNK_KEY) -> bytes:
    """Seal a chunk as the contract says it."""
    return AESGCM(key).encrypt(bytes(12), content, b"madoguchi-chunk-v1")


def a_chunk(content: bytes, rows: int = 2, table: str = "block") -> Chunk:
    return Chunk(hashlib.sha256(content).hexdigest(), "core", table, rows, len(content), CHUNK_KEY)


def a_manifest(*chunks: Chunk) -> dict[str, Any]:
    names = ("sha256", "series", "table", "rows", "size", "key")
    return {
        "snapshot_id": "s1",
        "register_version": 7,
        "blocks_version": 3,
        "at": AT,
        "register_root": b"r" * 16,
        "blocks_root": b"b" * 16,
        "seal": "A256GCM",
        "chunks": [{name: getattr(chunk, name) for name in names} for chunk in chunks],
    }


def parcelled(manifest: dict[str, Any]) -> bytes:
    """Return a manifest as the parcel it travels in."""
    names = ("snapshot_id", "at", "register_version", "blocks_version")
    told = manifest["chunks"] if isinstance(manifest["chunks"], list) else []
    chunks = [[bytes.fromhex(one["sha256"]), one["size"]] for one in told]
    clear = ["snapshot", clear_of()[1], *(manifest[name] for name in names), chunks]
    return wire_of(clear, manifest, signer=KEY, key_id=TOWN_KEY.id_bytes)


@pytest.mark.asyncio
async def test_a_snapshot_is_read() -> None:
    content = sealed(packed(CHUNK_BODY))
    chunk = a_chunk(content)
    manifest = a_manifest(chunk)
    read = await raw(parcelled(manifest)).manifest()
    assert (read.snapshot_id, read.register_version, read.blocks_version, read.chunks) == (
        "s1",
        7,
        3,
        (chunk,),
    )
    rows = await raw(content, "application/octet-stream").chunk(chunk)
    assert rows == ChunkRows("block", ("block_id", "reason"), (["b1", "b2"], ["職権", None]))


@pytest.mark.asyncio
async def test_a_chunk_with_another_hash_is_not_taken() -> None:
    content = sealed(packed(CHUNK_BODY))
    await fault(raw(content + b"\0", "application/octet-stream").chunk(a_chunk(content)))


@pytest.mark.asyncio
@pytest.mark.parametrize(
    "body",
    [
        {**CHUNK_BODY, "table": "resident"},
        {**CHUNK_BODY, "columns": ["block_id"]},
        {**CHUNK_BODY, "data": [["b1"], ["職権", None]]},
        {**CHUNK_BODY, "data": [["b1", 1.5], ["職権", None]]},
        {**CHUNK_BODY, "data": [["b1", ["b2"]], ["職権", None]]},
        {**CHUNK_BODY, "data": [["b1", b"b2"], ["職権", None]]},
        {**CHUNK_BODY, "later": [[[[]]]], "data": [["b1", {}], ["職権", None]]},
    ],
)
async def test_a_chunk_that_is_not_what_the_manifest_says_is_not_taken(body: dict[str, object]) -> None:
    content = sealed(packed(body))
    await fault(raw(content, "application/octet-stream").chunk(a_chunk(content)))


@pytest.mark.asyncio
async def test_what_a_cache_has_spoilt_is_asked_for_past_it() -> None:
    content = sealed(packed(CHUNK_BODY))

    def answer(request: httpx.Request) -> httpx.Response:
        past = request.headers.get("cache-control") == "no-cache"
        return streamed(200, content if past else content[:-1] + b"?", "application/octet-stream")

    rows = await feeds_over(answer).chunk(a_chunk(content))
    assert rows.columns == ("block_id", "reason")


@pytest.mark.asyncio
async def test_a_chunk_of_pictures_is_read() -> None:
    body = {"table": "seal", "columns": ["id", "image"], "data": [[1, 2], [b"\x89PNG", None]]}
    content = sealed(packed(body))
    rows = await raw(content, "application/octet-stream").chunk(a_chunk(content, table="seal"))
    assert rows.data == ([1, 2], [b"\x89PNG", None])


@pytest.mark.asyncio
@pytest.mark.parametrize(
    "content",
    [
        sealed(packed(CHUNK_BODY), bytes(32)),
        packed(CHUNK_BODY),  # not sealed at all
        sealed(packed(CHUNK_BODY))[:-1],
        b"short",
        b"",
    ],
    ids=["another key", "plain", "cut", "shorter than a tag", "empty"],
)
async def test_a_chunk_its_key_does_not_open_is_not_taken(content: bytes) -> None:
    await fault(raw(content, "application/octet-stream").chunk(a_chunk(content)))


@pytest.mark.asyncio
async def test_a_chunk_swells_only_as_far_as_its_rows_allow() -> None:
    columns = {"columns": ["block_id"], "data": [["b1", "x" * 300_000]]}
    content = sealed(packed(CHUNK_BODY | columns))
    assert len(content) < 1000
    await fault(raw(content, "application/octet-stream").chunk(a_chunk(content)))
    few = sealed(packed(CHUNK_BODY | {"columns": ["block_id"], "data": [["b1", "x" * 100_000]]}))
    assert await raw(few, "application/octet-stream").chunk(a_chunk(few))


@pytest.mark.asyncio
@pytest.mark.parametrize("deep", [b"\x91" * 200_000 + b"\xc0", b"\xdd\xff\xff\xff\xff\xc0"])
async def test_nesting_and_wrong_lengths_end_as_a_fault(deep: bytes) -> None:
    for before in (b"\x81\xa4data", b"\x82\xa4data\x90\xa5later", b"\x81\xa4data\x91"):
        content = sealed(zstandard.compress(before + deep))
        await fault(raw(content, "application/octet-stream").chunk(a_chunk(content, rows=16_384)))


@pytest.mark.asyncio
async def test_a_manifest_sealed_in_a_way_not_known_here_says_that_the_program_is_too_old() -> None:
    told = a_manifest() | {"seal": "X512", "chunks": "of another shape"}
    with pytest.raises(RefusedError) as caught:
        await raw(parcelled(told)).manifest()
    assert caught.value.code == "refused.newer"


@pytest.mark.asyncio
async def test_a_fill_begun_is_asked_for_by_its_name() -> None:
    asked: list[str] = []

    def answer(request: httpx.Request) -> httpx.Response:
        asked.append(request.url.raw_path.decode())
        return streamed(200, parcelled(a_manifest()), "application/msgpack")

    feeds = feeds_over(answer)
    for begun in (None, "", "s00000001-x", "a&b=/ c"):
        await feeds.manifest(begun)
    assert asked == [
        "/v1/snapshot/parcel",
        "/v1/snapshot/parcel",
        "/v1/snapshot/parcel?begun=s00000001-x",
        "/v1/snapshot/parcel?begun=a%26b%3D%2F%20c",
    ]


@pytest.mark.asyncio
async def test_keys_of_chunks_are_in_nothing_that_is_shown() -> None:
    manifest = await raw(parcelled(a_manifest(a_chunk(b"x")))).manifest()
    assert manifest.chunks[0].key == CHUNK_KEY
    assert repr(CHUNK_KEY)[2:10] not in repr(manifest)


@pytest.mark.asyncio
async def test_a_chunk_that_is_gone_is_a_fault_so_that_the_round_begins_anew() -> None:
    await fault(problem(404, "not_found").chunk(a_chunk(b"x")))
    await fault(problem(410, "feed.too_old").digest(Feed.BLOCKS))
    await fault(problem(400, "refused.input").feed(Feed.BLOCKS, 3, 100))
