"""The way to a neighbour: the calls of the cloud, at another machine of the same town, known by its lease.

What it brings counts by the cloud's own signature; what it says of itself only lets it be asked. No personal word and no
signature of a person or terminal goes to it: only which versions are wanted, and what is sealed to the cloud.
"""

import ssl
from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING

from client.api.http import Http, Now
from client.api.line import Line, Trust
from client.api.parcels import ParcelDoor
from client.api.reply import Reply
from client.domain.enrolment import TownKey
from client.domain.errors import CounterError, LinkDownError
from client.domain.feed import (
    BucketList,
    BucketRows,
    Chunk,
    ChunkRows,
    Feed,
    FeedBatch,
    FeedDigest,
    Manifest,
)
from client.domain.parcel import Parcel
from client.domain.peer import PeerPapers
from client.rules.parcels import open_batch, parcel_key
from client.rules.peers import HEADER, OwnTown, judged, lease_from_text, lease_text

if TYPE_CHECKING:
    import httpx

_PATIENCE = 2.0  # seconds to connect: it stands in the same house


class NeighbourHttp(Http):
    """Speaks to one neighbour: shows our certificate and lease, and takes no answer without a lease that holds."""

    def __init__(
        self,
        address: str,
        trust: Trust,
        town: Callable[[], OwnTown],
        papers: Callable[[], PeerPapers | None],
        *,
        now: Now,
    ) -> None:
        super().__init__(f"https://{address}", None, now=now, trust=trust, connect_timeout=_PATIENCE)
        self.address = address
        self._own_town = town
        self._papers = papers

    def _own_headers(self) -> Mapping[str, str]:
        papers = self._papers()
        if papers is None:
            raise LinkDownError("link.stranger", reason="no_lease")  # we are the stranger: nothing was sent
        return {HEADER: lease_text(papers.lease)}

    def _look_at(self, response: "httpx.Response") -> None:
        stream = response.extensions.get("network_stream")
        shown = stream.get_extra_info("ssl_object") if stream is not None else None
        if not isinstance(shown, (ssl.SSLObject, ssl.SSLSocket)):
            raise LinkDownError("link.stranger", reason="no_lease")
        certificate = shown.getpeercert(binary_form=True) or b""
        judged(lease_from_text(response.headers.get(HEADER, "")), certificate, self._own_town(), self._now())

    def _judge(self, response: "httpx.Response", raw: bytes, largest: int, line: Line) -> Reply:
        try:
            return super()._judge(response, raw, largest, line)
        except LinkDownError:
            raise
        except CounterError as error:  # only the town takes a terminal out or has somebody sign in again
            raise LinkDownError("link.fault", status=response.status_code, **error.facts) from error


async def _let_go(_: Parcel) -> None:
    return None


class NeighbourFeeds:
    """The feeds as far as neighbours lead on; fulfils the port ``CloudFeeds`` where only changes are asked for.

    The neighbours are asked in the order of the settings. What one of them spoils, or another town's or nobody's has
    signed, is left, and the next one is asked. A parcel that begins before the version asked for is taken too: it tells
    the rows it is about as they are where it ends, and where they do not come out so, the root says it (decision 22).
    """

    def __init__(
        self,
        neighbours: Iterable[Http],
        feed_keys: Iterable[TownKey],
        *,
        digest_key: Callable[[], bytes],
        on_parcel: Callable[[Parcel], Awaitable[None]] = _let_go,
    ) -> None:
        keys = tuple(feed_keys)
        self._doors = tuple(ParcelDoor(http, keys) for http in neighbours)
        self._digest_key = digest_key
        self._on_parcel = on_parcel

    async def both(
        self, blocks: int, register: int, limit: int, *, wait_s: int = 0
    ) -> tuple[FeedBatch | None, FeedBatch | None]:
        """Return what leads on from two versions, blocks first; None for a feed that nobody leads on. Nobody waits."""
        found = await self._found({Feed.BLOCKS: blocks, Feed.REGISTER: register}, limit)
        return found.get(Feed.BLOCKS), found.get(Feed.REGISTER)

    async def feed(self, feed: Feed, after: int, limit: int) -> FeedBatch | None:
        """Return what leads on from a version, or None."""
        return (await self._found({feed: after}, limit)).get(feed)

    async def digest(self, feed: Feed) -> FeedDigest:
        """Only the cloud proves. LinkDownError ``link.unreachable``."""
        raise LinkDownError("link.unreachable")

    async def buckets(self, feed: Feed, mids: tuple[int, ...]) -> BucketList:
        """Only the cloud proves. LinkDownError ``link.unreachable``."""
        raise LinkDownError("link.unreachable")

    async def rows(self, feed: Feed, buckets: tuple[int, ...]) -> BucketRows:
        """Only the cloud repairs. LinkDownError ``link.unreachable``."""
        raise LinkDownError("link.unreachable")

    async def manifest(self, begun: str | None = None) -> Manifest:
        """A first fill is the link's affair. LinkDownError ``link.unreachable``."""
        raise LinkDownError("link.unreachable")

    async def chunk(self, chunk: Chunk) -> ChunkRows:
        """A first fill is the link's affair. LinkDownError ``link.unreachable``."""
        raise LinkDownError("link.unreachable")

    async def _found(self, after: Mapping[Feed, int], limit: int) -> dict[Feed, FeedBatch]:
        """Return for each feed the way on, of several the one that leads furthest and is youngest."""
        best: dict[Feed, tuple[Parcel, FeedBatch]] = {}
        trouble: LinkDownError | None = None
        answered = False
        for door in self._doors:
            try:
                for told in await door.parcels(after, limit=limit, across=True):
                    answered = True
                    if isinstance(told, Parcel) and _is_better(told, best.get(told.feed)):
                        batch = open_batch(told, parcel_key(self._digest_key()))
                        best[told.feed] = told, replace(batch, after=after[told.feed])
            except LinkDownError as error:
                trouble = error
        if not answered:
            raise trouble or LinkDownError("link.unreachable")
        for parcel, _ in best.values():
            await self._on_parcel(parcel)
        return {feed: batch for feed, (_, batch) in best.items()}


def _is_better(parcel: Parcel, known: tuple[Parcel, FeedBatch] | None) -> bool:
    """Tell whether a parcel is the better way: it leads further, begins nearer to where we stand, or is younger."""
    return known is None or (parcel.to, parcel.after, parcel.at) > (known[0].to, known[0].after, known[0].at)
