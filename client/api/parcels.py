"""Parcels over the wire: from the cloud, a neighbour or the hall server alike; nothing unsigned gets past this file.

Nobody's secret is needed here: what is inside stays sealed, and may be kept or handed on by whoever cannot read it.
Calls are made with the terminal's own identity, never a person's session.
"""

from collections.abc import Iterable, Mapping
from typing import Literal
from urllib.parse import quote

import msgspec

from client.api.http import Http
from client.api.reply import Reply
from client.domain.enrolment import TownKey
from client.domain.errors import LinkDownError, RefusedError
from client.domain.feed import Feed
from client.domain.parcel import CannotGoOn, Parcel, SnapshotParcel
from client.rules.parcels import read_parcel
from client.rules.unpack import decoded, insist

_ROW_BYTES = 120  # of a row on the wire, for the timeout
_ROUND_BYTES = 2_000
_MANIFEST_BYTES = 100_000
_MAP_FIRST = (0x80, 0x8F)  # first bytes of a short msgpack map


class _Trouble(msgspec.Struct):
    """What the cloud says in the place of a parcel."""

    feed: str
    code: Literal["feed.too_old", "feed.ahead"]


class ParcelDoor:
    """Speaks to whoever has parcels; knows the tenant's feed keys, each by its id."""

    def __init__(self, http: Http, feed_keys: Iterable[TownKey]) -> None:
        self._http = http
        self._keys = tuple(feed_keys)

    async def parcels(
        self, after: Mapping[Feed, int], *, limit: int, wait_s: int = 0, across: bool = False
    ) -> tuple[Parcel | CannotGoOn, ...]:
        """Return what each feed has after a version, blocks first, for one request. LinkDownError.

        With ``wait_s`` the answer is held back so long while there is nothing new. With ``across`` a neighbour may give
        a parcel that begins before the version and leads beyond it.
        """
        asked = [feed for feed in Feed if feed in after]
        where = "&".join(f"{feed.value}={after[feed]}" for feed in asked)
        held = (f"&wait={wait_s}" if wait_s else "") + ("&across=1" if across else "")
        expect = _ROUND_BYTES + limit * _ROW_BYTES * len(asked)
        reply = await call(
            self._http, "GET", f"/v1/feeds?{where}&limit={limit}{held}", expect=expect, quiet_s=wait_s
        )
        told = tuple(map(self._told, decoded(list[msgspec.Raw], reply.body)))
        insist([one.feed for one in told] == asked)
        for one in told:
            if isinstance(one, Parcel):
                asked_for = after[one.feed]
                insist(one.after == asked_for or (across and one.after < asked_for < one.to))
        return told

    async def snapshot(self, begun: str | None = None) -> SnapshotParcel:
        """Return what a snapshot consists of: that of a fill begun before, where it is still kept; else the newest."""
        path = f"/v1/snapshot/parcel?begun={quote(begun, safe='')}" if begun else "/v1/snapshot/parcel"
        reply = await call(self._http, "GET", path, expect=_MANIFEST_BYTES)
        parcel = read_parcel(reply.body, self._keys)
        if not isinstance(parcel, SnapshotParcel):
            raise LinkDownError("link.fault")
        return parcel

    def _told(self, one: msgspec.Raw) -> Parcel | CannotGoOn:
        content = bytes(one)
        if content[:1] and _MAP_FIRST[0] <= content[0] <= _MAP_FIRST[1]:
            trouble = decoded(_Trouble, content)
            feed = next((feed for feed in Feed if feed.value == trouble.feed), None)
            if feed is None:
                raise LinkDownError("link.fault")
            return CannotGoOn(feed, behind=trouble.code == "feed.ahead")
        parcel = read_parcel(content, self._keys)
        if not isinstance(parcel, Parcel):
            raise LinkDownError("link.fault")
        return parcel


async def call(
    http: Http,
    method: str,
    path: str,
    asked: object = None,
    *,
    expect: int,
    headers: Mapping[str, str] | None = None,
    quiet_s: int = 0,
) -> Reply:
    """Make a call of the upkeep; any refusal but the terminal's own end is a fault: the round begins anew."""
    try:
        return await http.call(
            method, path, json=asked, expect_bytes=expect, headers=headers, quiet_s=quiet_s
        )
    except RefusedError as error:
        if error.code == "refused.terminal_revoked":
            raise
        raise LinkDownError("link.fault") from error  # a chunk of a snapshot that is gone: begin anew
