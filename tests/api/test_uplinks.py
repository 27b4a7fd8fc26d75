"""One door over several up-links, through real sockets: half-open, portals, services that are out, a hall that reads."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import UTC, datetime
from functools import partial

import msgspec
import pytest

from client.api.http import Http
from client.domain.errors import LinkDownError
from client.domain.uplink import Route, Uplink
from client.jobs.reach import Reach
from client.jobs.watch_link import LinkWatch, WatchedLine
from client.rules.modes import Mode
from client.rules.services import CERTIFICATES, RESIDENTS
from tests.api.sockets import GOOD, Serve, answer, request, saying, served

pytestmark = pytest.mark.asyncio

PORTAL = saying(answer(b"<html>Wi-Fi login</html>", kind="text/html"))


def _now() -> datetime:
    return datetime.now(UTC)


async def half_open(reader: asyncio.StreamReader, _writer: asyncio.StreamWriter) -> None:
    """Accept, hear everything, say nothing for ever."""
    while await reader.read(1000):
        pass


class Cloud:
    """A cloud that notes what it was asked, and whose services can be out."""

    def __init__(self) -> None:
        self.asked: list[str] = []
        self.connections = 0
        self.out: set[str] = set()

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        while True:
            path = (await request(reader)).split(b" ")[1].decode()
            self.asked.append(path)
            writer.write(self._answer(path))
            await writer.drain()

    def _answer(self, path: str) -> bytes:
        if any(path.startswith(one) for one in self.out):
            problem = b'{"code":"service.down","service":"residents"}'
            return answer(problem, status="503 Service Unavailable", kind="application/problem+json")
        if path == "/v1/health":
            state = "down" if self.out else "ok"
            return answer(msgspec.json.encode({"services": {"residents": state, "certificates": "ok"}}))
        return answer(msgspec.json.encode({"now": _now()}))


@asynccontextmanager
async def lines(
    main: Serve, *others: tuple[Uplink, Serve], wait: float = 0.3
) -> AsyncIterator[tuple[Http, LinkWatch]]:
    async with AsyncExitStack() as stack:
        url = await stack.enter_async_context(served(main))
        more = [Route(one, await stack.enter_async_context(served(serve))) for one, serve in others]
        http = Http(url, None, now=_now, more=more, connect_timeout=wait)
        stack.push_async_callback(http.close)
        watch = LinkWatch(
            partial(http.probe, Uplink.MAIN),
            _now,
            asyncio.sleep,
            more=[WatchedLine(one.uplink, partial(http.probe, one.uplink)) for one in more],
            carry=lambda uplink, dead: http.carry(uplink, cut=dead),
            health=http.health,
        )
        running = asyncio.create_task(watch.run())
        try:
            yield http, watch
        finally:
            running.cancel()
            await asyncio.gather(running, return_exceptions=True)


async def until(watch: LinkWatch, holds: Callable[[], bool]) -> None:
    """Wait until something holds, looking whenever the watch tells of a change."""
    changed = asyncio.Event()
    watch.changed(changed.set)
    async with asyncio.timeout(5):
        while not holds():
            changed.clear()
            await changed.wait()


async def carried_by(watch: LinkWatch, uplink: Uplink) -> None:
    await until(watch, lambda: watch.uplink is uplink and watch.last_ms is not None)


@pytest.mark.parametrize("trouble", [half_open, PORTAL], ids=["half-open", "portal"])
async def test_a_line_that_takes_and_never_gives_or_gives_a_portal_hands_over(trouble: Serve) -> None:
    cloud = Cloud()
    async with lines(trouble, (Uplink.SECOND, cloud.serve)) as (http, watch):
        began = time.monotonic()
        await carried_by(watch, Uplink.SECOND)
        assert time.monotonic() - began < 3
        assert (watch.usable, watch.mode, http.carrying) == (True, Mode.NORMAL, Uplink.SECOND)
        assert (await http.call("GET", "/v1/orders")).status == 200
        await http.call("GET", "/v1/orders")
        assert (cloud.asked, cloud.connections) == (["/v1/clock", "/v1/orders", "/v1/orders"], 1)
        assert http.used["main"].sent > 0
        assert http.used["second"].received > 3 * 50


async def test_alone_such_a_line_is_an_outage_by_the_first_probe() -> None:
    async with lines(half_open) as (_, watch):
        await until(watch, lambda: not watch.usable)
        assert (watch.mode, watch.state.code) == (Mode.DISASTER, "link.timeout")


async def test_a_call_under_way_on_a_line_that_is_given_up_is_a_cut_call() -> None:
    cloud = Cloud()
    async with served(half_open) as dead, served(cloud.serve) as good:
        http = Http(dead, None, now=_now, more=[Route(Uplink.SECOND, good)])
        call = asyncio.create_task(http.call("GET", "/v1/orders"))
        await asyncio.sleep(0.2)
        began = time.monotonic()
        http.carry(Uplink.SECOND, cut=True)
        with pytest.raises(LinkDownError, match=r"link\.broken") as cut:
            await call
        assert time.monotonic() - began < 2
        assert cut.value.over == "main"
        assert (await http.call("GET", "/v1/orders")).status == 200
        await http.close()


async def test_a_call_under_way_on_a_good_line_is_let_come_to_its_end() -> None:
    asked, let_go = asyncio.Event(), asyncio.Event()

    async def slow(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await request(reader)
        asked.set()
        await let_go.wait()
        writer.write(GOOD)
        await writer.drain()
        await reader.read()

    async with served(slow) as second, served(Cloud().serve) as main:
        http = Http(main, None, now=_now, more=[Route(Uplink.SECOND, second)])
        http.carry(Uplink.SECOND, cut=False)
        call = asyncio.create_task(http.call("GET", "/v1/orders"))
        await asyncio.wait_for(asked.wait(), 5)
        http.carry(Uplink.MAIN, cut=False)
        let_go.set()
        assert (await call).status == 200
        await http.close()


async def test_one_service_that_is_out_leaves_the_others_on_line_and_comes_back_by_its_health() -> None:
    cloud = Cloud()
    async with lines(cloud.serve) as (http, watch):
        await carried_by(watch, Uplink.MAIN)
        reach = Reach(watch)
        cloud.out = {"/v1/residents"}
        for _ in range(2):
            with pytest.raises(LinkDownError, match=r"link\.busy"):
                await reach.ask(RESIDENTS, lambda: http.call("GET", "/v1/residents"))
        assert (watch.usable, watch.affected) == (True, (RESIDENTS,))
        assert [watch.usable_for(one) for one in (RESIDENTS, CERTIFICATES)] == [False, True]
        assert (await reach.ask(CERTIFICATES, lambda: http.call("GET", "/v1/eligibility"))).status == 200
        cloud.out = set()
        await until(watch, lambda: watch.usable_for(RESIDENTS))
        assert "/v1/health" in cloud.asked
