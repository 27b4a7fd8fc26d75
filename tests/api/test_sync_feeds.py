"""Feeds over the wire: nothing unsigned, unhashed, swollen or misshapen gets in."""

import asyncio
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import Any

import httpx
import msgspec
import pytest
import zstandard
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given, settings
from hypothesis import strategies as st

from client.api.http import Http
from client.api.sync import HttpFeeds
from client.domain.enrolment import TownKey
from client.domain.errors import CounterError, LinkDownError, RefusedError
from client.domain.feed import Bucket, Feed, RowChange
from client.jobs.feed_ports import CloudFeeds
from tests.builders import NOW, a_town_key
from tests.parcel_builders import DIGEST_KEY

KEY = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
TOWN_KEY = a_town_key(KEY.public_key().public_bytes_raw())
AT = "2026-11-20T05:32:00Z"
ROW = {"block_id": "b1", "reason": "職権", "n": 3, "on": True, "image": b"\x89PNG"}
DIGEST: dict[str, Any] = {
    "feed": "register",
    "version": 7,
    "at": AT,
    "root": b"r" * 16,
    "mids": [bytes(16)] * 64,
}
BUCKETS: dict[str, Any] = {"feed": "blocks", "version": 7, "buckets": [[0, bytes(16)], [4095, b"b" * 16]]}
ROWS: dict[str, Any] = {
    "feed": "blocks",
    "version": 7,
    "at": AT,
    "root": b"r" * 16,
    "changes": [["block", ["b1"], ROW], ["resident", ["1", 2], None]],
}


def packed(body: object) -> bytes:
    return zstandard.ZstdCompressor().compress(msgspec.msgpack.encode(body))


def enveloped(
    content: bytes, signer: Ed25519PrivateKey = KEY, domain: bytes = b"madoguchi-feed-v1\n"
) -> bytes:
    signature = signer.sign(domain + content)
    return msgspec.msgpack.encode(
        {"body": content, "key_id": TOWN_KEY.key_id, "signature": signature, "later": 1}
    )


def envelope(body: object) -> bytes:
    return enveloped(packed(body))


def feeds_over(
    answer: Callable[[httpx.Request], httpx.Response], *, keys: Sequence[TownKey] = (TOWN_KEY,), **more: Any
) -> HttpFeeds:
    async def respond(request: httpx.Request) -> httpx.Response:
        return answer(request)

    http = Http("https://cloud.example", None, now=lambda: NOW, transport=httpx.MockTransport(respond))
    return HttpFeeds(http, keys, digest_key=lambda: DIGEST_KEY, **more)


def streamed(status: int, content: bytes, media: str) -> httpx.Response:
    return httpx.Response(status, headers={"content-type": media}, stream=httpx.ByteStream(content))


def saying(body: object, **more: Any) -> HttpFeeds:
    return raw(envelope(body), **more)


def raw(content: bytes, media: str = "application/msgpack", **more: Any) -> HttpFeeds:
    return feeds_over(lambda _: streamed(200, content, media), **more)


def problem(status: int, code: str, **more: object) -> HttpFeeds:
    content = msgspec.json.encode({"code": code, **more})
    return feeds_over(lambda _: streamed(status, content, "application/problem+json"))


def test_it_is_the_feeds_the_sync_job_asks_for() -> None:
    feeds: CloudFeeds = saying(ROWS)
    assert feeds


@pytest.mark.asyncio
async def test_rows_are_read_value_by_value() -> None:
    told = await saying(ROWS).rows(Feed.BLOCKS, (0,))
    assert (told.feed, told.version, told.root) == (Feed.BLOCKS, 7, b"r" * 16)
    assert told.at == datetime(2026, 11, 20, 5, 32, tzinfo=UTC)
    assert told.rows == (RowChange("block", ("b1",), ROW), RowChange("resident", ("1", 2), None))
    row = told.rows[0].row
    assert row is not None
    assert row["on"] is True, "a bool that became 1 would have another digest"


@pytest.mark.asyncio
async def test_digest_buckets_and_rows_are_asked_as_the_contract_says() -> None:
    asked: list[tuple[str, str, bytes]] = []

    def answer(request: httpx.Request) -> httpx.Response:
        asked.append((request.method, request.url.raw_path.decode(), request.content))
        body = {"digest": DIGEST, "buckets": BUCKETS, "rows": ROWS}[request.url.path.split("/")[-1]]
        return streamed(200, envelope(body), "application/msgpack")

    feeds = feeds_over(answer)
    assert (await feeds.digest(Feed.REGISTER)).mids == (bytes(16),) * 64
    buckets = await feeds.buckets(Feed.BLOCKS, (0, 63))
    assert (buckets.version, buckets.buckets) == (7, (Bucket(0, bytes(16)), Bucket(4095, b"b" * 16)))
    assert (await feeds.rows(Feed.BLOCKS, (0, 4095))).rows[1] == RowChange("resident", ("1", 2), None)
    assert asked == [
        ("GET", "/v1/feeds/register/digest", b""),
        ("POST", "/v1/feeds/blocks/buckets", b'{"mids":[0,63]}'),
        ("POST", "/v1/feeds/blocks/rows", b'{"buckets":[0,4095]}'),
    ]


# Attacks


async def fault(question: Any, code: str = "link.fault") -> None:
    with pytest.raises(LinkDownError) as caught:
        await question
    assert caught.value.code == code


async def unsigned(question: Any) -> None:
    await fault(question, "link.unsigned")


@pytest.mark.asyncio
async def test_another_tenants_signature_is_not_ours() -> None:
    stranger = Ed25519PrivateKey.generate()
    await unsigned(raw(enveloped(packed(ROWS), stranger)).rows(Feed.BLOCKS, (0,)))


@pytest.mark.asyncio
async def test_an_envelope_is_held_against_the_key_it_names_and_no_other() -> None:
    later = Ed25519PrivateKey.from_private_bytes(bytes(range(1, 33)))
    young = a_town_key(later.public_key().public_bytes_raw(), NOW)
    content = packed(ROWS)

    def feeds(signer: Ed25519PrivateKey, key_id: str | None, *known: TownKey) -> HttpFeeds:
        told = {"body": content, "signature": signer.sign(b"madoguchi-feed-v1\n" + content)}
        named = told if key_id is None else {**told, "key_id": key_id}
        answer = msgspec.msgpack.encode(named)
        return feeds_over(lambda _: streamed(200, answer, "application/msgpack"), keys=known)

    for signer, key in ((KEY, TOWN_KEY), (later, young)):
        assert await feeds(signer, key.key_id, TOWN_KEY, young).rows(Feed.BLOCKS, (0,))
    await unsigned(feeds(later, TOWN_KEY.key_id, TOWN_KEY, young).rows(Feed.BLOCKS, (0,)))
    await unsigned(feeds(later, young.key_id, TOWN_KEY).rows(Feed.BLOCKS, (0,)))  # not told of it
    await fault(feeds(KEY, None, TOWN_KEY, young).rows(Feed.BLOCKS, (0,)))
    for key_id in ("", "00" * 8):
        await unsigned(feeds(KEY, key_id, TOWN_KEY, young).rows(Feed.BLOCKS, (0,)))


@pytest.mark.asyncio
async def test_a_signature_over_something_else_does_not_fit() -> None:
    await unsigned(raw(enveloped(packed(ROWS), domain=b"")).rows(Feed.BLOCKS, (0,)))


@given(st.data())
@settings(max_examples=60, deadline=None)
def test_no_changed_byte_of_a_signed_answer_is_believed(data: st.DataObject) -> None:
    content = bytearray(envelope(ROWS))
    at = data.draw(st.integers(0, len(content) - 1))
    content[at] ^= data.draw(st.integers(1, 255))
    # The key's id and later fields are not signed, and say nothing.
    assert heard(raw(bytes(content))) in {"link.fault", "link.unsigned", heard(saying(ROWS))}


def test_no_answer_cut_after_any_byte_is_believed() -> None:
    content = envelope(ROWS)
    told = {heard(raw(content[:end])) for end in range(len(content))}
    assert told <= {"link.fault", "link.unsigned", heard(saying(ROWS))}
    assert "link.fault" in told


def heard(feeds: HttpFeeds) -> str:
    try:
        return repr(asyncio.run(feeds.rows(Feed.BLOCKS, (0,))))
    except LinkDownError as error:
        return error.code


@pytest.mark.asyncio
async def test_the_answer_for_one_feed_is_no_answer_for_the_other() -> None:
    for question in (
        saying(ROWS).rows(Feed.REGISTER, (0,)),
        saying(DIGEST).digest(Feed.BLOCKS),
        saying(BUCKETS).buckets(Feed.REGISTER, (0,)),
        saying(ROWS).rows(Feed.REGISTER, (0,)),
    ):
        await fault(question)


@pytest.mark.asyncio
@pytest.mark.parametrize(
    "wrong",
    [
        {"root": b"short"},
        {"version": -1},
        {"at": "yesterday"},
        {"at": "2026-11-20T05:32:00"},
        {"changes": [["block", "b1", ROW]]},
        {"changes": [["block", ["b1"], {"reason": None}]]},
        {"changes": [["block", ["b1"], {"reason": 1.5}]]},
        {"changes": [["block", [None], None]]},
        {"changes": None},
        {"version": "5"},
    ],
)
async def test_a_signed_answer_that_is_not_of_the_contract_is_none(wrong: dict[str, object]) -> None:
    await fault(saying({**ROWS, **wrong}).rows(Feed.BLOCKS, (0,)))


@pytest.mark.asyncio
async def test_digests_and_buckets_have_their_size_and_number() -> None:
    await fault(saying({**DIGEST, "mids": [bytes(16)] * 63}).digest(Feed.REGISTER))
    await fault(saying({**DIGEST, "mids": [bytes(15)] * 64}).digest(Feed.REGISTER))
    await fault(saying({**BUCKETS, "buckets": [[4096, bytes(16)]]}).buckets(Feed.BLOCKS, (63,)))


@pytest.mark.asyncio
async def test_what_swells_beyond_bounds_is_stopped_whatever_its_frame_says() -> None:
    bomb = msgspec.msgpack.encode({**ROWS, "later": bytes(3_000_000)})
    frames = [
        zstandard.ZstdCompressor(level=19).compress(bomb),
        zstandard.ZstdCompressor(write_content_size=False).compress(bomb),
    ]
    for frame in frames:
        assert len(frame) < 3000
        await fault(raw(enveloped(frame), largest=1_000_000).rows(Feed.BLOCKS, (0,)))
        assert await raw(enveloped(frame)).rows(Feed.BLOCKS, (0,))


@pytest.mark.asyncio
@pytest.mark.parametrize(
    "content",
    [b"", b"<html>Please sign in</html>", packed(ROWS), enveloped(b"no zstd"), enveloped(packed(ROWS)[:-9])],
)
async def test_garbage_is_a_fault(content: bytes) -> None:
    await fault(raw(content).rows(Feed.BLOCKS, (0,)))


# What the cloud says no to


@pytest.mark.asyncio
async def test_a_revoked_terminal_hears_it() -> None:
    with pytest.raises(RefusedError) as caught:
        await problem(403, "terminal.revoked").rows(Feed.BLOCKS, (0,))
    assert caught.value.code == "refused.terminal_revoked"


@pytest.mark.asyncio
async def test_a_busy_cloud_is_busy() -> None:
    with pytest.raises(LinkDownError) as caught:
        await problem(503, "link.busy").digest(Feed.BLOCKS)
    assert caught.value.code == "link.busy"


@pytest.mark.asyncio
async def test_no_failure_quotes_a_row() -> None:
    secret = {**ROWS, "changes": [["block", ["b1"], {"reason": {"ひみつ": 1}}]]}
    with pytest.raises(CounterError) as caught:
        await saying(secret).rows(Feed.BLOCKS, (0,))
    assert "ひみつ" not in repr(caught.value) + repr(caught.value.__cause__)
    assert caught.value.__suppress_context__
