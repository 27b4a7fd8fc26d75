"""Machines of one town serve one another over real TLS: what the cloud signed gets through, and nobody else does."""

import asyncio
import ssl
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import msgspec
import pytest
import pytest_asyncio
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding
from structlog.testing import capture_logs

from client import logs
from client.api.neighbours import NeighbourFeeds
from client.api.parcels import ParcelDoor
from client.domain.errors import LinkDownError
from client.domain.feed import Feed, RowChange
from client.domain.parcel import CannotGoOn, Parcel
from client.rules.peers import HEADER, lease_text
from offline.hall.answers import Bell, Kept
from offline.hall.talk import Limits
from offline.hall.tls import calling
from tests.offline.hall_builders import Machine, TownOfMachines, utc_now
from tests.parcel_builders import DIGEST_KEY, a_parcel, clear_of, wire_of

pytestmark = pytest.mark.asyncio
REGISTER, BLOCKS = Feed.REGISTER, Feed.BLOCKS


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
    return town.machine("T0002")


async def serving(
    stack: AsyncExitStack, machine: Machine, folder: Path, *parcels: Parcel, **more: object
) -> str:
    shelf = machine.shelf(folder)
    for parcel in parcels:
        await shelf.put(parcel)
    return await machine.serve(stack, Kept(shelf), **more)  # type: ignore[arg-type]  # handed on as given


def feeds(stack: AsyncExitStack, machine: Machine, *addresses: str) -> NeighbourFeeds:
    https = [machine.http(address) for address in addresses]
    for http in https:
        stack.push_async_callback(http.close)
    return NeighbourFeeds(https, machine.town.feed_keys, digest_key=lambda: DIGEST_KEY)


async def why(stack: AsyncExitStack, caller: Machine, address: str) -> object:
    http = caller.http(address)
    stack.push_async_callback(http.close)
    with pytest.raises(LinkDownError) as trouble:
        await http.call("GET", "/v1/peer")
    return trouble.value.facts.get("reason", trouble.value.code)


async def test_one_that_is_behind_is_led_on_by_a_neighbour(
    stack: AsyncExitStack, ours: Machine, theirs: Machine, tmp_path: Path
) -> None:
    address = await serving(
        stack, theirs, tmp_path / "shelf", a_parcel(REGISTER, 3, 5), a_parcel(BLOCKS, 2, 2)
    )
    blocks, register = await feeds(stack, ours, address).both(2, 3, 1000)
    assert blocks is not None
    assert register is not None
    assert (blocks.to, blocks.changes) == (2, ())
    assert (register.to, register.changes) == (
        5,
        (RowChange("resident", ("0000000001", 1), {"full_name": "a"}),),
    )
    assert await feeds(stack, ours, address).feed(REGISTER, 2, 1000) is None, "a gap is bridged by nobody"


async def test_the_way_of_a_neighbour_that_leads_furthest_is_taken(
    stack: AsyncExitStack, town: TownOfMachines, ours: Machine, theirs: Machine, tmp_path: Path
) -> None:
    late, third = a_parcel(REGISTER, 3, 9), town.machine("H0003")
    addresses = [
        await serving(stack, theirs, tmp_path / "one", a_parcel(REGISTER, 3, 4)),
        await serving(stack, third, tmp_path / "two", late),
        "127.0.0.1:1",  # nobody is there
    ]
    batch = await feeds(stack, ours, *addresses).feed(REGISTER, 3, 1000)
    assert batch is not None
    assert batch.to == 9


async def test_one_that_stands_inside_a_neighbours_parcel_is_led_on_too_and_where_one_begins_there_by_that(
    stack: AsyncExitStack, ours: Machine, theirs: Machine, tmp_path: Path
) -> None:
    across, wide, exact = a_parcel(REGISTER, 3, 7), a_parcel(REGISTER, 2, 6), a_parcel(REGISTER, 5, 7)
    address = await serving(stack, theirs, tmp_path / "one", across, wide)
    batch = await feeds(stack, ours, address).feed(REGISTER, 5, 1000)
    assert batch is not None
    assert (batch.after, batch.to) == (5, 7)
    assert await feeds(stack, ours, address).feed(REGISTER, 7, 1000) is None
    nearer = await serving(stack, theirs, tmp_path / "two", exact)
    got: list[Parcel] = []

    async def on_parcel(parcel: Parcel) -> None:
        got.append(parcel)

    https = [ours.http(one) for one in (address, nearer)]
    for http in https:
        stack.push_async_callback(http.close)
    both = NeighbourFeeds(https, ours.town.feed_keys, digest_key=lambda: DIGEST_KEY, on_parcel=on_parcel)
    assert (await both.feed(REGISTER, 5, 1000)) is not None
    assert got == [exact]
    # Whoever does not ask for it, as a terminal of an earlier version, is given none that begins elsewhere.
    door = ParcelDoor(https[0], ours.town.feed_keys)
    assert await door.parcels({REGISTER: 5}, limit=10) == (CannotGoOn(REGISTER, behind=False),)


async def test_where_nobody_answers_it_is_said(stack: AsyncExitStack, ours: Machine) -> None:
    with pytest.raises(LinkDownError, match=r"link\.unreachable"):
        await feeds(stack, ours, "127.0.0.1:1").both(0, 0, 10)
    with pytest.raises(LinkDownError, match=r"link\.unreachable"):
        await feeds(stack, ours).both(0, 0, 10)


async def test_only_a_lease_that_holds_is_served(
    stack: AsyncExitStack, town: TownOfMachines, ours: Machine, theirs: Machine, tmp_path: Path
) -> None:
    address = await serving(stack, theirs, tmp_path / "shelf")
    http = ours.http(address)
    stack.push_async_callback(http.close)
    assert (await http.call("GET", "/v1/peer")).status == 200
    over = town.machine("T0004", until=timedelta(seconds=-1))
    stolen = replace(ours, papers=town.machine("T0005").papers)  # another's lease with one's own certificate
    assert ours.papers is not None
    forged = replace(ours.papers.lease, words=ours.papers.lease.words.replace("T0001", "H0001"))
    for machine, reason in (
        (over, "over"),
        (stolen, "certificate"),
        (replace(ours, papers=replace(ours.papers, lease=forged)), "unsigned"),
    ):
        assert await why(stack, machine, address) in {"peer.stranger", reason}


async def test_a_machine_without_a_lease_asks_nobody_and_is_told_nothing(
    stack: AsyncExitStack, ours: Machine, theirs: Machine, tmp_path: Path
) -> None:
    address = await serving(stack, theirs, tmp_path / "shelf", a_parcel(REGISTER, 3, 5))
    assert await why(stack, replace(ours, papers=None), address) == "no_lease"
    status, body = await bare(ours, address, "GET /v1/feeds?register=3 HTTP/1.1\r\nhost: x\r\n\r\n")
    assert (status, msgspec.json.decode(body)["code"]) == (403, "peer.stranger")


async def bare(machine: Machine, address: str, *lines: str) -> tuple[int, bytes]:
    """Speak to a neighbour by hand."""
    context = calling(machine.identity, machine.certificate, machine.town.authority.pem)
    host, port = address.split(":")
    reader, writer = await asyncio.open_connection(host, int(port), ssl=context)
    try:
        for line in lines:
            writer.write(line.encode())
            await writer.drain()
        writer.write_eof() if writer.can_write_eof() else None
        head = (await reader.readuntil(b"\r\n\r\n")).decode()
        length = int(head.lower().split("content-length: ")[1].split("\r\n")[0])
        return int(head.split()[1]), await reader.readexactly(length)
    finally:
        writer.transport.abort()


async def test_another_towns_machine_and_one_with_no_certificate_never_get_as_far_as_a_word(
    stack: AsyncExitStack, ours: Machine, theirs: Machine, tmp_path: Path
) -> None:
    address = await serving(stack, theirs, tmp_path / "shelf")
    abroad = TownOfMachines(tmp_path / "abroad", "990002").machine("T0001")
    assert await why(stack, abroad, address) in {"link.untrusted", "link.broken", "link.unreachable"}
    # Even where both trust the other's authority, the lease names the wrong town.
    posing = replace(abroad, town=theirs.town)
    assert await why(stack, posing, address) in {"link.untrusted", "link.broken", "link.unreachable"}
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.load_verify_locations(cadata=theirs.town.authority.pem)
    host, port = address.split(":")
    reader, writer = await asyncio.open_connection(host, int(port), ssl=context)
    writer.write(b"GET /v1/peer HTTP/1.1\r\nhost: x\r\n\r\n")
    with pytest.raises(
        (OSError, asyncio.IncompleteReadError)
    ):  # in TLS 1.3 the client hears of it with its first word
        await reader.readexactly(1)
    writer.close()


async def test_one_that_was_taken_out_is_served_no_more_and_serves_nobody(
    stack: AsyncExitStack, ours: Machine, theirs: Machine, tmp_path: Path
) -> None:
    address = await serving(stack, theirs, tmp_path / "shelf", a_parcel(REGISTER, 3, 5))
    http = ours.http(address)
    stack.push_async_callback(http.close)
    assert (await http.call("GET", "/v1/peer")).status == 200
    theirs.crl = a_list(ours.town, ours.serial)
    with pytest.raises(LinkDownError):  # at its next call, on the same connection
        await http.call("GET", "/v1/peer")
    theirs.crl, ours.crl = b"", a_list(ours.town, theirs.serial)
    assert await why(stack, ours, address) == "revoked"


def a_list(town: TownOfMachines, serial: int) -> bytes:
    now = utc_now()
    entry = x509.RevokedCertificateBuilder().serial_number(serial).revocation_date(now).build()
    builder = x509.CertificateRevocationListBuilder().issuer_name(town.authority.certificate.subject)
    builder = builder.last_update(now).next_update(now + timedelta(days=30)).add_revoked_certificate(entry)
    return builder.sign(town.authority.key, SHA256()).public_bytes(Encoding.DER)


async def test_a_neighbour_that_serves_what_the_town_did_not_sign_is_left(
    stack: AsyncExitStack, ours: Machine, theirs: Machine, tmp_path: Path
) -> None:
    """The shelf itself serves nothing unsigned, so here the neighbour's program is a liar's."""
    good = a_parcel(REGISTER, 3, 5)
    changed = bytearray(good.wire)
    changed[-70] ^= 1
    other = Ed25519PrivateKey.from_private_bytes(b"\x09" * 32)
    foreign = wire_of(clear_of(REGISTER, 3, 5), [], signer=other)
    for lie in (bytes(changed), foreign, a_parcel(REGISTER, 4, 5).wire, a_parcel(BLOCKS, 3, 5).wire):
        address = await theirs.serve(stack, Kept(Liar(lie)))  # type: ignore[arg-type]  # a shelf as far as it is asked
        with pytest.raises(LinkDownError, match=r"link\.(unsigned|fault)"):
            await feeds(stack, ours, address).feed(REGISTER, 3, 1000)
        honest = await serving(stack, theirs, tmp_path / "honest", good)
        batch = await feeds(stack, ours, address, honest).feed(REGISTER, 3, 1000)
        assert batch is not None
        assert batch.to == 5


class Liar:
    """A shelf that gives one parcel to whatever is asked."""

    def __init__(self, wire: bytes) -> None:
        self._wire = wire

    async def next(self, feed: Feed, after: int, *, across: bool = False) -> Parcel:
        return replace(a_parcel(feed, after, after + 2), wire=self._wire)


async def test_what_was_spoilt_on_a_neighbours_disk_is_not_served(
    stack: AsyncExitStack, ours: Machine, theirs: Machine, tmp_path: Path
) -> None:
    address = await serving(stack, theirs, tmp_path / "shelf", a_parcel(REGISTER, 3, 5))
    (file,) = (tmp_path / "shelf").glob("register-*")
    file.write_bytes(file.read_bytes()[:-1])
    http = ours.http(address)
    stack.push_async_callback(http.close)
    told = await ParcelDoor(http, ours.town.feed_keys).parcels({REGISTER: 3}, limit=10)
    assert told == (CannotGoOn(REGISTER, behind=False),)


async def test_an_answer_is_held_back_until_there_is_news(
    stack: AsyncExitStack, ours: Machine, theirs: Machine, tmp_path: Path
) -> None:
    shelf, bell = theirs.shelf(tmp_path / "shelf"), Bell()
    await shelf.put(a_parcel(REGISTER, 5, 5))
    http = ours.http(await theirs.serve(stack, Kept(shelf, bell=bell)))
    stack.push_async_callback(http.close)
    door = ParcelDoor(http, ours.town.feed_keys)
    waiting = asyncio.create_task(door.parcels({REGISTER: 5}, limit=10, wait_s=30))
    await door.parcels(
        {REGISTER: 5}, limit=10
    )  # a second call is not held up, and the first one waits by then
    await shelf.put(a_parcel(REGISTER, 5, 6))
    bell.ring()
    (told,) = await waiting
    assert isinstance(told, Parcel)
    assert told.to == 6


async def test_bodies_and_callers_have_bounds(
    stack: AsyncExitStack, ours: Machine, theirs: Machine, tmp_path: Path
) -> None:
    limits = Limits(calls_a_minute=3, body_bytes=100, head_s=0.2, idle_s=1.0)
    address = await serving(stack, theirs, tmp_path / "shelf", limits=limits)
    assert ours.papers is not None
    head = f"POST /v1/carried HTTP/1.1\r\nhost: x\r\n{HEADER}: {lease_text(ours.papers.lease)}\r\ncontent-length: "
    status, _ = await bare(ours, address, f"{head}101\r\n\r\n{'x' * 101}")
    assert status == 413
    for slow in ("GET /v1/peer HT", f"{head}9\r\n\r\nxx"):
        with pytest.raises((asyncio.IncompleteReadError, OSError)):
            await bare(ours, address, slow)
    http = ours.http(address)
    stack.push_async_callback(http.close)
    for _ in range(3):
        await http.call("GET", "/v1/peer")
    with pytest.raises(LinkDownError, match=r"link\.busy"):
        await http.call("GET", "/v1/peer")
    other = theirs.town.machine("T0009").http(address)
    stack.push_async_callback(other.close)
    assert (await other.call("GET", "/v1/peer")).status == 200  # one that asks too much is in nobody's way


@pytest.mark.parametrize(
    "asked",
    [
        ("/v1/feeds", 422, "request.malformed"),
        ("/v1/feeds?register=-1", 422, "request.malformed"),
        ("/v1/feeds?register=3&limit=0", 422, "request.malformed"),
        ("/v1/residents/1000000014/household", 404, "request.unknown"),
        ("/v1/snapshot", 404, "request.unknown"),
        ("/v1/snapshot/parcel", 404, "refused.not_found"),
        ("/v1/snapshot/chunks/" + "0" * 64, 404, "refused.not_found"),
        ("/v1/snapshot/chunks/..%2f..%2fpeer.json", 404, "request.unknown"),
        ("/v1/carried", 404, "request.unknown"),
    ],
)
async def test_what_is_not_to_be_had_is_said_as_the_contract_does(
    stack: AsyncExitStack, ours: Machine, theirs: Machine, tmp_path: Path, asked: tuple[str, int, str]
) -> None:
    target, status, code = asked
    address = await serving(stack, theirs, tmp_path / "shelf")
    assert ours.papers is not None
    call = f"GET {target} HTTP/1.1\r\nhost: x\r\n{HEADER}: {lease_text(ours.papers.lease)}\r\n\r\n"
    told, body = await bare(ours, address, call)
    assert (told, msgspec.json.decode(body)["code"]) == (status, code)


async def test_the_log_says_which_machine_asked_for_what_kind_of_thing_and_nothing_more(
    stack: AsyncExitStack, ours: Machine, theirs: Machine, tmp_path: Path
) -> None:
    address = await serving(stack, theirs, tmp_path / "shelf", a_parcel(REGISTER, 3, 5))
    with capture_logs() as said:
        await feeds(stack, ours, address).feed(REGISTER, 3, 77)
        await why(stack, replace(ours, papers=theirs.town.machine("T0005").papers), address)
    assert {name for line in said for name in line} <= logs.FIELDS | {"log_level"}
    first, second = said
    assert (first["terminal_no"], first["route"], first["status"]) == ("T0001", "/v1/feeds", 200)
    assert (second["event"], second["refused"]) == ("stranger refused", "certificate")
