"""Parcels over the wire: one question for both feeds, and nothing that the town did not sign."""

from typing import Any

import httpx
import msgspec
import pytest

from client.api.http import Http
from client.api.parcels import ParcelDoor
from client.api.sync import HttpFeeds
from client.domain.errors import LinkDownError, RefusedError
from client.domain.feed import Feed, RowChange
from client.domain.parcel import CannotGoOn, Parcel
from tests.api.test_sync_feeds import fault, streamed, unsigned
from tests.builders import NOW
from tests.parcel_builders import DIGEST_KEY, TOWN_KEY, a_parcel, clear_of, groups_of, wire_of

pytestmark = pytest.mark.asyncio
BLOCKS, REGISTER = Feed.BLOCKS, Feed.REGISTER
_pack = msgspec.msgpack.encode


def listed(*items: bytes) -> bytes:
    """Return an answer of some parcels, each as it is."""
    return bytes([0x90 + len(items)]) + b"".join(items)


class Wire:
    """A line to somebody who always answers the same, and what was asked over it."""

    def __init__(self, content: bytes, status: int = 200, media: str = "application/msgpack") -> None:
        self.asked: list[str] = []
        self.kept: list[Parcel] = []

        async def respond(request: httpx.Request) -> httpx.Response:
            self.asked.append(request.url.raw_path.decode())
            return streamed(status, content, media)

        transport = httpx.MockTransport(respond)
        self.http = Http("https://cloud.example", None, now=lambda: NOW, transport=transport)
        self.door = ParcelDoor(self.http, [TOWN_KEY])
        self.feeds = HttpFeeds(self.http, [TOWN_KEY], digest_key=lambda: DIGEST_KEY, on_parcel=self._keep)

    async def _keep(self, parcel: Parcel) -> None:
        self.kept.append(parcel)


def both() -> tuple[Parcel, Parcel]:
    return a_parcel(BLOCKS, 3, 4, changes=groups_of([RowChange("block", ("b1",), None)])), a_parcel(
        REGISTER, 7, 7
    )


async def test_one_question_brings_both_feeds_blocks_first() -> None:
    blocks, register = both()
    wire = Wire(listed(blocks.wire, register.wire))
    of_blocks, of_register = await wire.feeds.both(3, 7, 100)
    assert wire.asked == ["/v1/feeds?blocks=3&register=7&limit=100"]
    assert of_blocks is not None
    assert of_register is not None
    assert (of_blocks.to, of_blocks.changes) == (4, (RowChange("block", ("b1",), None),))
    assert (of_register.to, of_register.changes) == (7, ())
    assert wire.kept == [blocks, register]


async def test_one_feed_may_be_asked_alone_and_an_answer_waited_for() -> None:
    wire = Wire(listed(both()[1].wire))
    assert await wire.feeds.feed(REGISTER, 7, 50)
    await wire.door.parcels({REGISTER: 7}, limit=50, wait_s=25)
    assert wire.asked == ["/v1/feeds?register=7&limit=50", "/v1/feeds?register=7&limit=50&wait=25"]


async def test_what_cannot_be_gone_on_from_is_said_for_each_feed() -> None:
    old = _pack({"feed": "blocks", "code": "feed.too_old", "log_from": 9})
    ahead = _pack({"feed": "register", "code": "feed.ahead", "head": 2})
    wire = Wire(listed(old, ahead))
    assert await wire.feeds.both(3, 7, 100) == (None, None)
    told = await wire.door.parcels({BLOCKS: 3, REGISTER: 7}, limit=1)
    assert told == (CannotGoOn(BLOCKS, behind=False), CannotGoOn(REGISTER, behind=True))


async def test_blocks_come_though_the_register_cannot_go_on() -> None:
    ahead = _pack({"feed": "register", "code": "feed.ahead"})
    of_blocks, of_register = await Wire(listed(both()[0].wire, ahead)).feeds.both(3, 7, 100)
    assert of_blocks is not None
    assert of_register is None


async def test_an_answer_to_another_question_is_none() -> None:
    blocks, register = both()
    for content in (
        listed(register.wire, blocks.wire),
        listed(blocks.wire),
        listed(blocks.wire, register.wire, register.wire),
        listed(a_parcel(BLOCKS, 2, 4, changes=[]).wire, register.wire),
        listed(),
        b"",
        _pack({"feed": "blocks"}),
        listed(_pack({"feed": "rumours", "code": "feed.ahead"}), register.wire),
    ):
        wire = Wire(content)
        await fault(wire.feeds.both(3, 7, 100))
        assert wire.kept == []


async def test_what_another_town_signed_is_neither_read_nor_kept() -> None:
    wire = Wire(listed(wire_of(clear_of(), [], key_id=b"\x09" * 8)))
    await unsigned(wire.feeds.feed(REGISTER, 3, 100))
    assert wire.kept == []


async def test_what_cannot_be_opened_is_not_kept_for_others() -> None:
    wire = Wire(listed(a_parcel(changes=[["resident"]]).wire))
    await fault(wire.feeds.feed(REGISTER, 3, 100))
    assert wire.kept == []


async def test_a_batch_is_no_snapshot_and_a_snapshot_no_batch() -> None:
    snapshot = wire_of(["snapshot", clear_of()[1], "s1", "2026-04-01T00:00:00Z", 7, 3, []], {})
    await fault(Wire(a_parcel().wire).door.snapshot())
    await fault(Wire(listed(snapshot)).feeds.feed(REGISTER, 3, 100))
    wire = Wire(snapshot)
    assert (await wire.door.snapshot("s0/ä")).snapshot_id == "s1"
    assert wire.asked == ["/v1/snapshot/parcel?begun=s0%2F%C3%A4"]


async def test_a_refusal_is_a_fault_but_the_terminals_own_end_is_heard() -> None:
    def no(status: int, code: str) -> Any:
        return Wire(msgspec.json.encode({"code": code}), status, "application/problem+json").feeds.both(
            3, 7, 9
        )

    await fault(no(400, "refused.input"))
    with pytest.raises(RefusedError):
        await no(403, "terminal.revoked")
    with pytest.raises(LinkDownError) as caught:
        await no(503, "link.busy")
    assert caught.value.code == "link.busy"
