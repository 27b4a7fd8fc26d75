"""Feeds: what a replica follows, and what proves that it is equal."""

from typing import Annotated

import msgspec
from fastapi import APIRouter, Depends, Query, Response
from fastapi.concurrency import run_in_threadpool

from cloud.clock import read_stamp, stamp
from cloud.digest import BUCKETS, PER_MID
from cloud.news import LONGEST_S
from cloud.problems import malformed
from cloud.routes.wire import MSGPACK, MachineDep, TenantDep, TerminalDep, body_of
from cloud.touches import Rested

router = APIRouter()
_MOST_BUCKETS = 256  # whose rows are asked for at once
_MOST_PAPERS = 50  # whose touches are asked for at once
_MOST_RESIDENTS = 2000
_LONGEST_NO = 64


class Mids(msgspec.Struct):
    """Body of POST /v1/feeds/{feed}/buckets."""

    mids: Annotated[list[Annotated[int, msgspec.Meta(ge=0, lt=PER_MID)]], msgspec.Meta(max_length=PER_MID)]


class Buckets(msgspec.Struct):
    """Body of POST /v1/feeds/{feed}/rows."""

    buckets: Annotated[
        list[Annotated[int, msgspec.Meta(ge=0, lt=BUCKETS)]], msgspec.Meta(max_length=_MOST_BUCKETS)
    ]


class TouchesAsked(msgspec.Struct):
    """What one paper rested on, of POST /v1/feeds/{feed}/touches."""

    after: Annotated[int, msgspec.Meta(ge=0)]
    until: str
    residents: Annotated[
        list[Annotated[str, msgspec.Meta(min_length=1, max_length=_LONGEST_NO)]],
        msgspec.Meta(max_length=_MOST_RESIDENTS),
    ]
    household_no: Annotated[str, msgspec.Meta(max_length=_LONGEST_NO)] = ""


class Touched(msgspec.Struct):
    """Body of POST /v1/feeds/{feed}/touches."""

    asked: Annotated[list[TouchesAsked], msgspec.Meta(min_length=1, max_length=_MOST_PAPERS)]


@router.get("/v1/feeds")
async def parcels(
    tenant: TenantDep,
    _machine: MachineDep,
    blocks: Annotated[int | None, Query(ge=0)] = None,
    register: Annotated[int | None, Query(ge=0)] = None,
    limit: Annotated[int, Query(ge=1)] = 1000,
    wait: Annotated[int, Query(ge=0, le=LONGEST_S)] = 0,
) -> Response:
    """Return what both feeds have after a version, in parcels; held back while there is nothing, where that is asked."""
    asked = {"blocks": blocks, "register": register}
    after = {feed: version for feed, version in asked.items() if version is not None}
    if wait and after:
        await tenant.news.after(after, wait)
    content = await run_in_threadpool(tenant.feeds.parcels, after, limit)
    return Response(content, media_type=MSGPACK)


@router.get("/v1/feeds/{feed}")
def batch(
    tenant: TenantDep,
    _terminal: TerminalDep,
    feed: str,
    after: Annotated[int, Query(ge=0)],
    limit: Annotated[int, Query(ge=1)] = 1000,
) -> Response:
    """Return what changed after a version."""
    return Response(tenant.feeds.batch(feed, after, limit), media_type=MSGPACK)


@router.get("/v1/feeds/{feed}/digest")
def digest(tenant: TenantDep, _terminal: TerminalDep, feed: str) -> Response:
    """Return root and middle digests."""
    return Response(tenant.feeds.digest(feed), media_type=MSGPACK)


@router.post("/v1/feeds/{feed}/buckets")
def buckets(
    tenant: TenantDep, _terminal: TerminalDep, feed: str, asked: Annotated[Mids, Depends(body_of(Mids))]
) -> Response:
    """Return bucket digests."""
    return Response(tenant.feeds.buckets(feed, asked.mids), media_type=MSGPACK)


@router.post("/v1/feeds/{feed}/rows")
def rows(
    tenant: TenantDep, _terminal: TerminalDep, feed: str, asked: Annotated[Buckets, Depends(body_of(Buckets))]
) -> Response:
    """Return the rows of buckets."""
    return Response(tenant.feeds.rows(feed, asked.buckets), media_type=MSGPACK)


@router.post("/v1/feeds/{feed}/touches")
def touches(
    tenant: TenantDep, _terminal: TerminalDep, feed: str, asked: Annotated[Touched, Depends(body_of(Touched))]
) -> Response:
    """Return what was registered of some residents between a version and a moment."""
    return Response(tenant.feeds.touches(feed, [_rested(one) for one in asked.asked]), media_type=MSGPACK)


def _rested(asked: TouchesAsked) -> Rested:
    try:
        until = read_stamp(asked.until)
    except ValueError as error:
        raise malformed("until is not a moment") from error
    return Rested(asked.after, stamp(until), frozenset(asked.residents), asked.household_no)
