"""Two counters of one hall, by the program's own doors: one has heard the cloud, the other is led on by it."""

import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from datetime import timedelta
from pathlib import Path

import pytest
import pytest_asyncio
from cryptography import x509

from client.api.sync import HttpFeeds
from client.domain.change import ChangeState
from client.domain.errors import LinkDownError
from client.domain.terminal import TerminalFacts
from client.jobs.sync_replica import SyncReplica
from client.rules.services import FEEDS
from cloud.register import put
from offline.hall.answers import Answers, Kept
from offline.hall.relay import Carried
from offline.hall.server import PeerServer
from offline.hall.talk import Asked, Given
from offline.hall.tls import calling, serving
from offline.store.peer_file import PeerFile
from tests.api.small_cloud import protect, town
from tests.builders import HANAKO, TARO
from tests.fakes import MemoryLink
from tests.promises.terminals import PC, Site, Terminal, config_in, open_terminal
from tests.store_builders import a_change
from ui.doors import utc_now
from ui.neighbours import Neighbourhood
from ui.renewal import kept_certificate

pytestmark = pytest.mark.asyncio


@pytest_asyncio.fixture
async def stack() -> AsyncIterator[AsyncExitStack]:
    async with AsyncExitStack() as made:
        yield made


@pytest.fixture
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Site:
    made = Site(tmp_path / "cloud", list(town()))
    PC((made,)).plug_in(monkeypatch)
    return made


def a_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])


async def followed(terminal: Terminal) -> None:
    """Follow the cloud, and lay by what it said."""
    doors = terminal.doors
    feeds = HttpFeeds(
        doors.http,
        doors.facts.feed_keys,
        digest_key=doors.stores.replica.digest_key,
        on_parcel=doors.stores.shelf.put,
    )
    assert (await SyncReplica(feeds, doors.stores.replica, doors.stores.ledger).round()).proven


async def test_a_counter_that_is_cut_off_is_led_on_by_the_one_beside_it(
    stack: AsyncExitStack, site: Site, tmp_path: Path
) -> None:
    place = f"127.0.0.1:{a_port()}"
    beside_config = config_in(tmp_path / "beside", site, serve_neighbours=place)
    own_config = config_in(tmp_path / "own", site, neighbours=place)
    beside = await open_terminal(stack, beside_config, site)
    own = await open_terminal(stack, own_config, site)
    for terminal in (beside, own):
        await followed(terminal)
    with site.tenant.register.writing() as connection:
        site.tenant.register.commit(connection, "blocks", [put(*protect(HANAKO))])
    await followed(beside)

    serves = Neighbourhood(beside_config, beside.doors, MemoryLink())
    loops = [asyncio.create_task(loop) for loop in serves.loops()]
    stack.callback(lambda: [loop.cancel() for loop in loops])
    link = MemoryLink()
    follows = Neighbourhood(own_config, own.doors, link)
    stack.push_async_callback(follows.close)
    for one in (serves, follows):
        await one.tend()
    await follows.follow()  # the cloud is there: nobody else is asked
    household = (await own.doors.stores.replica.household_of(TARO)).value
    assert not (await own.doors.stores.replica.restrictions_of(household)).value.shien_sochi
    link.out = {FEEDS}  # the line is good, and this service of the cloud is out
    for _ in range(100):
        try:
            await follows.follow()
            break
        except LinkDownError:  # it has only just begun to serve
            await asyncio.sleep(0.05)
    assert (await own.doors.stores.replica.restrictions_of(household)).value.shien_sochi
    theirs, ours = await beside.doors.stores.replica.position(), await own.doors.stores.replica.position()
    assert theirs.blocks
    assert ours.blocks
    assert (ours.blocks.version, ours.blocks.at) <= (theirs.blocks.version, theirs.blocks.at)
    assert ours.blocks.version == theirs.blocks.version
    for loop in loops:
        loop.cancel()
    await asyncio.gather(*loops, return_exceptions=True)


async def test_a_counter_hands_its_outbox_to_the_hall_server_and_counts_nothing_as_accepted(
    stack: AsyncExitStack, site: Site, tmp_path: Path
) -> None:
    beside_config = config_in(tmp_path / "beside", site)
    beside = await open_terminal(stack, beside_config, site)  # stands in for the hall server
    carried = Carried(tmp_path / "carried")

    async def carry(asked: Asked) -> Given:
        assert await carried.put(asked.call.body)
        return Given(202, b"{}")

    facts, peer = beside.doors.facts, PeerFile(beside_config.terminal_dir)
    hall = Neighbourhood(beside_config, beside.doors, MemoryLink())
    await hall.tend()
    server = PeerServer(
        Answers(Kept(beside.doors.stores.shelf, carry=carry), peer.read, utc_now),
        hall.own_town,
        peer.read,
        now=utc_now,
    )
    port = await server.open(
        serving(beside.doors.vault.identity, facts.certificate, facts.ca), "127.0.0.1", 0
    )
    stack.push_async_callback(server.close)

    own_config = config_in(tmp_path / "own", site, hall_url=f"https://127.0.0.1:{port}")
    own = await open_terminal(stack, own_config, site)
    ledger, link = own.doors.stores.ledger, MemoryLink()
    change = await ledger.queue(a_change(TARO))
    gives = Neighbourhood(own_config, own.doors, link)
    stack.push_async_callback(gives.close)
    await gives.tend()
    await gives.give()
    assert await carried.count() == 0  # there is a line: the cloud itself is told
    link.usable = False
    await gives.give()
    assert await carried.count() == 1
    (kept,) = await ledger.ready(utc_now().replace(year=utc_now().year + 1), limit=5, alone_after=9)
    assert (kept.key, kept.state) == (change.key, ChangeState.UNKNOWN)
    await gives.give()
    assert await carried.count() == 1


async def _not_at_the_start(
    _config: object, _vault: object, _http: object, facts: TerminalFacts
) -> TerminalFacts:
    return facts


async def test_a_counter_that_stays_open_renews_and_whoever_calls_from_then_on_sees_the_next_certificate(
    stack: AsyncExitStack, site: Site, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    port = a_port()
    config = config_in(tmp_path / "pc", site, serve_neighbours=f"127.0.0.1:{port}")
    with monkeypatch.context() as back:
        back.setattr(site.tenant.terminals, "_now", lambda: utc_now() - timedelta(days=365 * 4))
        back.setattr("ui.doors._renewed", _not_at_the_start)
        doors = (await open_terminal(stack, config, site)).doors
    beside = (await open_terminal(stack, config_in(tmp_path / "beside", site), site)).doors
    neighbourhood = Neighbourhood(config, doors, MemoryLink())
    stack.push_async_callback(neighbourhood.close)
    tasks = [asyncio.ensure_future(loop) for loop in neighbourhood.loops()]

    async def shown() -> int:
        trust = calling(beside.vault.identity, beside.facts.certificate, beside.facts.ca)
        async with asyncio.timeout(10):
            while True:
                try:
                    _, writer = await asyncio.open_connection("127.0.0.1", port, ssl=trust)
                    break
                except OSError:
                    await asyncio.sleep(0.05)
        der = writer.get_extra_info("ssl_object").getpeercert(binary_form=True)
        writer.close()
        return x509.load_der_x509_certificate(der).serial_number

    first = await shown()
    await neighbourhood.tend()
    keep = kept_certificate(config, doors, usable=lambda: True, show=neighbourhood.show)
    assert await keep.round()
    assert not await keep.round(), "it is young again"
    assert PeerFile(config.terminal_dir).read() is None, "its lease named the one before"
    now = x509.load_pem_x509_certificate(doors.facts_now.certificate.encode()).serial_number
    assert await shown() == now != first
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
