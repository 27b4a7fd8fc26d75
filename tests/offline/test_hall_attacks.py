"""A machine whose lease does not hold, or whose program lies, is in nobody's way, certificate or not."""

import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, suppress
from dataclasses import replace
from pathlib import Path

import pytest
import pytest_asyncio

from client.api.carried import MOST_BYTES, SealedBox
from client.api.neighbours import NeighbourFeeds
from client.domain.errors import LinkDownError, StoreError
from client.domain.feed import Feed
from client.rules.peers import HEADER, OwnTown, lease_text
from offline.hall import answers
from offline.hall.answers import Kept
from offline.hall.server import problem
from offline.hall.talk import Asked, Given, Limits
from offline.hall.tls import calling
from tests.offline.hall_builders import Machine, TownOfMachines
from tests.parcel_builders import DIGEST_KEY, a_parcel

pytestmark = pytest.mark.asyncio
Pipe = tuple[asyncio.StreamReader, asyncio.StreamWriter]


@pytest_asyncio.fixture
async def stack() -> AsyncIterator[AsyncExitStack]:
    async with AsyncExitStack() as made:
        yield made


@pytest.fixture
def town(tmp_path: Path) -> TownOfMachines:
    return TownOfMachines(tmp_path / "town")


@pytest.fixture
def ours(town: TownOfMachines) -> Machine:
    return town.machine("T0001")


@pytest.fixture
def theirs(town: TownOfMachines) -> Machine:
    return town.machine("H0002")


async def pipe(stack: AsyncExitStack, machine: Machine, address: str) -> Pipe:
    """Connect as a machine does, and say nothing yet."""
    host, port = address.split(":")
    context = calling(machine.identity, machine.certificate, machine.town.authority.pem)
    reader, writer = await asyncio.open_connection(host, int(port), ssl=context)
    stack.callback(hang_up, writer)
    return reader, writer


def hang_up(writer: asyncio.StreamWriter) -> None:
    writer.transport.abort()


async def is_served(stack: AsyncExitStack, machine: Machine, address: str) -> bool:
    http = machine.http(address)
    stack.push_async_callback(http.close)
    with suppress(LinkDownError):
        return (await http.call("GET", "/v1/peer")).status == 200
    return False


@pytest.mark.parametrize("target", ["//[", "//[::1", "http://[x", "/v1/peer?" + "&" * 9000, "*", "/%00/%ff"])
async def test_no_target_however_odd_is_more_than_a_bad_call(
    stack: AsyncExitStack, ours: Machine, theirs: Machine, tmp_path: Path, target: str
) -> None:
    bugs: list[object] = []
    asyncio.get_running_loop().set_exception_handler(lambda _, facts: bugs.append(facts))
    address = await theirs.serve(stack, Kept(theirs.shelf(tmp_path / "shelf")))
    reader, writer = await pipe(stack, ours, address)
    assert ours.papers is not None
    writer.write(
        f"GET {target} HTTP/1.1\r\nhost: x\r\n{HEADER}: {lease_text(ours.papers.lease)}\r\n\r\n".encode()
    )
    with suppress(OSError):
        assert (await reader.read(100)).startswith((b"HTTP/1.1 4", b"HTTP/1.1 200", b""))
    writer.transport.abort()
    await asyncio.sleep(0.05)
    assert bugs == []
    assert await is_served(stack, ours, address)


async def test_a_machine_that_holds_connections_and_says_nothing_leaves_room_for_the_others(
    stack: AsyncExitStack, town: TownOfMachines, ours: Machine, theirs: Machine, tmp_path: Path
) -> None:
    """A stolen PC has its certificate for years, and TLS asks for no more than that."""
    limits = Limits(connections=12, of_one=4)
    address = await theirs.serve(stack, Kept(theirs.shelf(tmp_path / "shelf")), limits)
    stolen = replace(town.machine("T0066"), papers=None)
    for _ in range(20):
        with suppress(OSError):
            await pipe(stack, stolen, address)
    assert await is_served(stack, ours, address)


async def test_a_thousand_connections_without_a_certificate_hold_nobody_up(
    stack: AsyncExitStack, ours: Machine, theirs: Machine, tmp_path: Path
) -> None:
    address = await theirs.serve(stack, Kept(theirs.shelf(tmp_path / "shelf")))
    host, port = address.split(":")
    for _ in range(1000):
        stack.enter_context(await asyncio.to_thread(socket.create_connection, (host, int(port))))
    assert await is_served(stack, ours, address)


@pytest.mark.parametrize(
    ("status", "code"),
    [
        (403, "terminal.revoked"),
        (401, "sign_in.expired"),
        (401, "sign_in.clock_off"),
        (409, "conflict.version"),
        (403, "refused.terminal_revoked"),
    ],
)
async def test_no_word_of_a_neighbour_is_the_towns(
    stack: AsyncExitStack, ours: Machine, theirs: Machine, status: int, code: str
) -> None:
    """It says that we were taken out, or are to sign in again: only the cloud can say so."""

    async def lie(_: Asked) -> Given:
        return problem(status, code)

    address = await theirs.serve(stack, Kept(None, carry=lie))  # type: ignore[arg-type]  # it gives nothing else
    http = ours.http(address)
    stack.push_async_callback(http.close)
    with pytest.raises(LinkDownError):
        await http.call("POST", "/v1/carried", json={})


async def test_the_largest_batch_a_terminal_seals_is_taken(
    stack: AsyncExitStack, ours: Machine, theirs: Machine
) -> None:
    taken: list[int] = []

    async def carry(asked: Asked) -> Given:
        taken.append(len(asked.call.body))
        return Given(202, b"{}")

    address = await theirs.serve(stack, Kept(None, carry=carry))  # type: ignore[arg-type]  # it gives nothing else
    http = ours.http(address)
    stack.push_async_callback(http.close)
    await SealedBox(http).put(bytes(MOST_BYTES))
    assert len(taken) == 1


async def test_a_cloud_that_never_answers_keeps_nobody_from_what_is_here(
    stack: AsyncExitStack, ours: Machine, theirs: Machine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The register cannot go on from here, so the hall server asks the cloud; the blocks are there all the same."""
    monkeypatch.setattr(answers, "_FETCH_S", 0.2)
    asked: list[object] = []

    async def never(after: object, _limit: int) -> None:
        asked.append(after)
        await asyncio.Event().wait()

    shelf = theirs.shelf(tmp_path / "shelf")
    await shelf.put(a_parcel(Feed.BLOCKS, 2, 3))
    http = ours.http(await theirs.serve(stack, Kept(shelf, fetch=never)))
    stack.push_async_callback(http.close)
    feeds = NeighbourFeeds([http], ours.town.feed_keys, digest_key=lambda: DIGEST_KEY)
    for _ in range(3):
        async with asyncio.timeout(5):
            blocks, register = await feeds.both(2, 3, 1000)
        assert blocks is not None
        assert (blocks.to, register) == (3, None)
    assert len(asked) == 1


async def test_where_its_own_disk_gives_nothing_it_lets_the_caller_go_and_goes_on(
    stack: AsyncExitStack, ours: Machine, theirs: Machine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    bugs: list[object] = []
    asyncio.get_running_loop().set_exception_handler(lambda _, facts: bugs.append(facts))

    def unreadable(_: Machine) -> OwnTown:
        raise StoreError("store.unreadable")

    with monkeypatch.context() as patched:
        patched.setattr(Machine, "own_town", unreadable)
        address = await theirs.serve(stack, Kept(theirs.shelf(tmp_path / "shelf")))
    assert not await is_served(stack, ours, address)
    await asyncio.sleep(0.05)
    assert bugs == []
