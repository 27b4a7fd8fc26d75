"""What neighbours may ask: parcels, snapshots, chunks, the time, who one is. All of it sealed, signed or public."""

import asyncio
import re
import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass

import msgspec

from client.domain.errors import LinkDownError
from client.domain.feed import Feed
from client.domain.parcel import Parcel
from client.domain.peer import PeerPapers
from client.jobs.ports import Now
from client.rules.peers import lease_json
from offline.hall import holds
from offline.hall.chunks import ChunkShelf
from offline.hall.holds import Held
from offline.hall.server import problem, stamp
from offline.hall.talk import DEFAULT_LIMITS, Asked, Call, Given
from offline.store.shelf import Shelf

_MSGPACK = "application/msgpack"
_BYTES = "application/octet-stream"
_TOWN = re.compile(r"/[0-9]{6}(?=/)")
_CHUNK = re.compile(r"/v1/snapshot/chunks/([0-9a-f]{64})")
_RANGE = re.compile(r"bytes=([0-9]{1,12})-([0-9]{0,12})")
_MOST_ROWS = 5000
_FETCH_S = 8.0  # seconds for the cloud's part of an answer: less than the neighbour's patience
_LEFT_ALONE_S = (
    30.0  # where the cloud did not answer: what is here is not kept waiting for it again and again
)
After = Mapping[Feed, int]


class Bell:
    """Wakes those who wait for news."""

    def __init__(self) -> None:
        self._next = asyncio.Event()

    def ring(self) -> None:
        """Wake them."""
        rung, self._next = self._next, asyncio.Event()
        rung.set()

    async def wait(self, seconds: float) -> bool:
        """Wait for the next ring; False where none came in time."""
        try:
            async with asyncio.timeout(seconds):
                await self._next.wait()
        except TimeoutError:
            return False
        return True


@dataclass(frozen=True, slots=True)
class Kept:
    """What a machine has to give: its shelf; a hall server keeps snapshots and asks the cloud besides."""

    shelf: Shelf
    chunks: ChunkShelf | None = None
    fetch: Callable[[After, int], Awaitable[None]] | None = None  # of the cloud, onto the shelf
    carry: Callable[[Asked], Awaitable[Given]] | None = None  # what a neighbour hands over for the cloud
    bell: Bell | None = None
    held: Held | None = None  # what papers are held for, here and at others


class Answers:
    """Answers calls from what is kept."""

    def __init__(self, kept: Kept, papers: Callable[[], PeerPapers | None], now: Now) -> None:
        self._kept = kept
        self._papers = papers
        self._now = now
        self._fetching = asyncio.Lock()
        self._not_before = 0.0

    async def __call__(self, asked: Asked) -> Given:
        """Return an answer; whatever is not asked rightly is a problem of the contract."""
        call = asked.call
        path = _TOWN.sub("", call.path, count=1)
        if chunk := _CHUNK.fullmatch(path):
            return await self._chunk(call, chunk[1])
        if path == "/v1/carried" and self._kept.carry is not None:
            return await self._kept.carry(asked) if call.method == "POST" else problem(405, "request.method")
        if path == "/v1/holds" and self._kept.held is not None:
            return await holds.answer(self._kept.held, asked)
        known = {
            "/v1/clock": self._clock,
            "/v1/peer": self._peer,
            "/v1/feeds": self._feeds,
            "/v1/snapshot/parcel": self._snapshot,
        }
        if path not in known:
            return problem(404, "request.unknown")
        if call.method != "GET":
            return problem(405, "request.method")
        return await known[path](call)

    async def _clock(self, _call: Call) -> Given:
        return Given(200, msgspec.json.encode({"now": stamp(self._now())}), route="/v1/clock")

    async def _peer(self, _call: Call) -> Given:
        papers = self._papers()
        if papers is None:
            return problem(404, "refused.not_found")
        return Given(200, lease_json(papers.lease), route="/v1/peer")

    async def _feeds(self, call: Call) -> Given:
        try:
            after = {feed: _count(call.query[feed.value]) for feed in Feed if feed.value in call.query}
            limit = min(_count(call.query.get("limit", "1000")), _MOST_ROWS)
            wait = min(_count(call.query.get("wait", "0")), DEFAULT_LIMITS.wait_s)
        except ValueError:
            return problem(422, "request.malformed")
        if not after or not limit:
            return problem(422, "request.malformed")
        found = await self._news(after, limit, wait)
        if call.query.get("across") == "1":
            found = {
                feed: parcel or await self._kept.shelf.next(feed, after[feed], across=True)
                for feed, parcel in found.items()
            }
        told = [
            msgspec.Raw(parcel.wire) if parcel is not None else {"feed": feed.value, "code": "feed.too_old"}
            for feed, parcel in found.items()
        ]
        return Given(200, msgspec.msgpack.encode(told), _MSGPACK, route="/v1/feeds")

    async def _news(self, after: After, limit: int, wait: int) -> dict[Feed, Parcel | None]:
        """Return what there is, after waiting for news where there is none."""
        found = await self._on_shelf(after)
        if None in found.values():
            found = await self._fetched(after, limit)
        bell, loop = self._kept.bell, asyncio.get_running_loop()
        until = loop.time() + wait
        while bell is not None and not _is_news(found) and await bell.wait(max(0.0, until - loop.time())):
            found = await self._on_shelf(after)
        return found

    async def _on_shelf(self, after: After) -> dict[Feed, Parcel | None]:
        return {feed: await self._kept.shelf.next(feed, version) for feed, version in after.items()}

    async def _fetched(self, after: After, limit: int) -> dict[Feed, Parcel | None]:
        """Return what there is after the cloud was asked; a house that lacks the same asks it once."""
        async with self._fetching:
            found = await self._on_shelf(after)
            left_alone = time.monotonic() < self._not_before
            if None not in found.values() or self._kept.fetch is None or left_alone:
                return found  # whoever came before has fetched it, or heard nothing
            try:
                async with asyncio.timeout(_FETCH_S):
                    await self._kept.fetch(after, limit)
            except (LinkDownError, TimeoutError):  # the cloud is away: what is here is all there is
                self._not_before = time.monotonic() + _LEFT_ALONE_S
        return await self._on_shelf(after)

    async def _snapshot(self, call: Call) -> Given:
        chunks = self._kept.chunks
        snapshot = await chunks.snapshot(call.query.get("begun", "")) if chunks else None
        if snapshot is None:
            return problem(404, "refused.not_found")
        return Given(200, snapshot.wire, _MSGPACK, route="/v1/snapshot/parcel")

    async def _chunk(self, call: Call, name: str) -> Given:
        if call.method not in {"GET", "HEAD"}:
            return problem(405, "request.method")
        content = await self._kept.chunks.get(name) if self._kept.chunks else None
        if content is None:
            return problem(404, "refused.not_found")
        return _part(call, name, content)


def _part(call: Call, name: str, content: bytes) -> Given:
    """Return a chunk, or the one part of it that is asked for."""
    tag, route = f'"{name}"', "/v1/snapshot/chunks/{sha256}"
    headers = {"etag": tag, "accept-ranges": "bytes", "cache-control": "public, max-age=31536000, immutable"}
    if call.method == "HEAD":
        return Given(200, b"", _BYTES, headers, route, length=len(content))
    wanted = _RANGE.fullmatch(call.headers.get("range", ""))
    if wanted is None or call.headers.get("if-range", tag) != tag:
        return Given(200, content, _BYTES, headers, route)
    first, last = int(wanted[1]), int(wanted[2] or len(content) - 1)
    if first >= len(content) or last < first:
        refused = problem(416, "request.out_of_range")
        return Given(416, refused.body, refused.kind, {"content-range": f"bytes */{len(content)}"}, route)
    end = min(last + 1, len(content))
    span = {"content-range": f"bytes {first}-{end - 1}/{len(content)}"}
    return Given(206, content[first:end], _BYTES, headers | span, route)


def _is_news(found: Mapping[Feed, Parcel | None]) -> bool:
    return any(one is None or one.is_news for one in found.values())


def _count(text: str) -> int:
    if not text.isascii() or not text.isdecimal() or len(text) > 15:
        raise ValueError("not a count")
    return int(text)
