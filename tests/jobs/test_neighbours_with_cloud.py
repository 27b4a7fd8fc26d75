"""A hall server and a terminal beside the reference cloud: what the cloud said leads the terminal on when it is gone."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack
from dataclasses import dataclass, replace
from datetime import timedelta
from functools import partial
from pathlib import Path

import httpx
import pytest
import pytest_asyncio

from client.api.chunks import ChunkDoor
from client.api.enrolment import EnrolmentDesk
from client.api.hall_first import HallFirst, ParcelsHallFirst
from client.api.http import Http
from client.api.neighbours import NeighbourFeeds, NeighbourHttp
from client.api.parcels import ParcelDoor
from client.api.peers import PeerDesk
from client.api.sync import HttpFeeds
from client.domain.enrolment import Enrolled
from client.domain.errors import LinkDownError, RefusedError
from client.domain.feed import Feed, Position
from client.domain.peer import PeerPapers, PeerRole
from client.jobs.keep_at_night import KeepAtNight
from client.jobs.keep_hall import KeepHall
from client.jobs.sync_replica import SyncReplica
from client.rules.peers import OwnTown
from cloud.app import create_app
from cloud.faults import Fault, FaultKind
from cloud.register import put
from offline.hall.answers import Answers, Bell, Kept
from offline.hall.chunks import ChunkShelf
from offline.hall.server import PeerServer
from offline.hall.tls import calling, serving
from offline.store.arrived import Arrived
from offline.store.identity import TerminalIdentity, new_key, signing_request
from offline.store.replica import Replica
from offline.store.shelf import Shelf
from tests.api.small_cloud import SmallCloud, protect, small_cloud
from tests.builders import HANAKO, TARO
from tests.jobs.test_sync_with_cloud import REPLICA_KEY, Follower
from tests.offline.hall_builders import utc_now

pytestmark = [pytest.mark.asyncio, pytest.mark.long]
NAME, STREET = "鸕鶿草葺不合　蟠龍斎", "曼珠沙華通り九百九十九番"


@dataclass
class House:
    """A terminal that follows, and a hall server in the next room."""

    follower: Follower
    terminal: PeerPapers
    hall_folder: Path
    hall_papers: PeerPapers
    hall_told: Enrolled
    hall_identity: TerminalIdentity
    keep: KeepHall
    kept: Kept

    def neighbour_feeds(self, address: str) -> NeighbourFeeds:
        cloud = self.follower.cloud
        told = cloud.enrolled
        assert told
        town = OwnTown(told.municipality_code, told.feed_keys, told.ca)
        trust = partial(calling, cloud.identity, told.certificate, told.ca)
        self.http = NeighbourHttp(address, trust, lambda: town, lambda: self.terminal, now=utc_now)
        return NeighbourFeeds([self.http], told.feed_keys, digest_key=lambda: told.digest_key)

    async def serve(self, stack: AsyncExitStack) -> str:
        told = self.hall_told
        town = OwnTown(told.municipality_code, told.feed_keys, told.ca)
        answers = Answers(self.kept, lambda: self.hall_papers, utc_now)
        server = PeerServer(answers, lambda: town, lambda: self.hall_papers, now=utc_now)
        context = serving(self.hall_identity, told.certificate, told.ca)
        port = await server.open(context, "127.0.0.1", 0)
        stack.push_async_callback(server.close)
        return f"127.0.0.1:{port}"

    def secrets(self) -> list[bytes]:
        told = self.follower.cloud.enrolled
        assert told
        return [told.digest_key, *(word.encode() for word in (NAME, STREET, *NAME.split("　"), TARO, HANAKO))]


@pytest_asyncio.fixture
async def house(tmp_path: Path) -> AsyncIterator[House]:
    with small_cloud(tmp_path / "cloud") as cloud:
        await cloud.enrol()
        assert cloud.enrolled
        replica = Replica(tmp_path / "replica.db", cloud.clock)
        await replica.open(REPLICA_KEY, cloud.enrolled.digest_key)
        papers = PeerPapers(await PeerDesk(cloud.http).lease())
        yield await a_house(Follower(cloud, replica), papers, tmp_path / "hall")
        await replica.close()


async def a_house(follower: Follower, papers: PeerPapers, folder: Path) -> House:
    cloud, key = follower.cloud, new_key()
    transport = httpx.ASGITransport(app=create_app(cloud.tenant, training=True, faults=cloud.faults))
    http = Http("https://cloud.example", None, now=cloud.clock, transport=transport)
    token = cloud.tenant.terminals.new_token("hall")
    told = await EnrolmentDesk(http).enrol(token, signing_request(key), "庁内", role=PeerRole.HALL)
    http.identity = identity = TerminalIdentity(told.terminal_no, key)
    shelf = Shelf(folder / "shelf", lambda: told.feed_keys)
    chunks, bell = ChunkShelf(folder / "chunks", lambda: told.feed_keys), Bell()
    door = ParcelDoor(http, told.feed_keys)
    keep = KeepHall(door, ChunkDoor(http), shelf=shelf, snapshots=chunks, ring=bell.ring)
    hall_papers = PeerPapers(await PeerDesk(http).lease())
    kept = Kept(shelf, chunks, keep.fetch, bell=bell)
    return House(follower, papers, folder, hall_papers, told, identity, keep, kept)


async def test_a_terminal_is_led_on_by_the_hall_server_while_the_cloud_is_gone(house: House) -> None:
    follower, keep = house.follower, house.keep
    async with AsyncExitStack() as stack:
        assert (await follower.sync.round()).proven
        await keep.follow(0)
        follower.commit("register", follower.resident(history_no=4, full_name=NAME, remarks=STREET))
        follower.commit("blocks", put(*protect(HANAKO)))
        await keep.follow(0)
        cut(follower.cloud)
        with pytest.raises(LinkDownError):
            await follower.sync.round()
        feeds = house.neighbour_feeds(await house.serve(stack))
        stack.push_async_callback(house.http.close)
        report = await SyncReplica(feeds, follower.replica, follower.book, metered=lambda: True).round()
        assert (report.changes, report.proven) == (2, True)
        household = (await follower.replica.household_of(TARO)).value
        assert household.members[0].name.text == NAME
        assert (await follower.replica.restrictions_of(household)).value.shien_sochi
        said_at = {}
        for feed, reached in versions(await follower.replica.position()).items():
            parcel = await house.kept.shelf.next(feed, reached[0] - 1)
            assert parcel is not None
            said_at[feed] = (parcel.to, parcel.at)
        assert (
            versions(await follower.replica.position()) == said_at
        )  # as old as the cloud's own word, no younger
        mend(follower.cloud)
        assert await follower.equal()
        assert stolen(house) == []


@pytest.mark.parametrize("back_again", [False, True], ids=["moved on", "and back again in between"])
async def test_a_terminal_that_stands_inside_the_halls_parcel_is_led_on_or_stays_as_it_was(
    house: House, back_again: bool
) -> None:
    """Differences hold between two versions; between them it is the root that tells whether they came out."""
    follower, keep = house.follower, house.keep
    names = ("渡邉　一", "渡邉　二") if not back_again else ("渡邉　一", NAME)
    async with AsyncExitStack() as stack:
        follower.commit("register", follower.resident(history_no=4, full_name=NAME))
        assert (await follower.sync.round()).proven
        await keep.follow(0)
        for number, name in enumerate(names):
            follower.commit("register", follower.resident(history_no=4, full_name=name))
            follower.commit("register", follower.resident(history_no=5 + number, full_name=name))
            follower.commit("blocks", put(*protect((TARO, HANAKO)[number])))
            if number == 0:
                assert (await follower.sync.round()).proven  # and the hall server hears of it later
        await keep.follow(0)
        stood = versions(await follower.replica.position())
        cut(follower.cloud)
        feeds = house.neighbour_feeds(await house.serve(stack))
        stack.push_async_callback(house.http.close)
        sync = SyncReplica(feeds, follower.replica, follower.book, metered=lambda: True)
        if back_again:
            with pytest.raises(LinkDownError, match=r"link\.unreachable"):  # only the cloud compares
                await sync.round()
            assert versions(await follower.replica.position())[Feed.REGISTER] == stood[Feed.REGISTER]
        else:
            assert (await sync.round()).proven
            household = (await follower.replica.household_of(TARO)).value
            assert household.members[0].name.text == names[1]
        blocks = versions(await follower.replica.position())[Feed.BLOCKS]
        assert blocks[0] == stood[Feed.BLOCKS][0] + 1, (
            "blocks come before the register, whatever becomes of it"
        )
        mend(follower.cloud)
        assert (await follower.sync.round()).proven
        assert await follower.equal()


def versions(position: Position) -> dict[Feed, tuple[int, object]]:
    assert position.blocks
    assert position.register
    return {
        Feed.BLOCKS: (position.blocks.version, position.blocks.at),
        Feed.REGISTER: (position.register.version, position.register.at),
    }


def cut(cloud: SmallCloud) -> None:
    cloud.faults.plan(Fault(FaultKind.RESET, "/v1", times=0))


def mend(cloud: SmallCloud) -> None:
    cloud.faults.clear()


def stolen(house: House) -> list[str]:
    """Return which files of the hall server tell of somebody, or open what does."""
    files = [path for path in house.hall_folder.rglob("*") if path.is_file()]
    assert {path.suffix for path in files} >= {".parcel", ".snapshot"}
    return [path.name for path in files if any(word in path.read_bytes() for word in house.secrets())]


async def test_a_neighbour_that_is_behind_is_asked_on_at_the_cloud(house: House) -> None:
    follower = house.follower
    async with AsyncExitStack() as stack:
        assert (await follower.sync.round()).proven
        follower.commit("register", follower.resident(history_no=4, full_name=NAME))
        feeds = house.neighbour_feeds(await house.serve(stack))
        stack.push_async_callback(house.http.close)
        position = await follower.replica.position()
        assert position.register
        batch = await feeds.feed(Feed.REGISTER, position.register.version, 1000)
        assert batch is not None
        assert batch.to == position.register.version + 1


async def test_what_a_whole_house_lacks_is_asked_of_the_cloud_once(house: House) -> None:
    follower, asked = house.follower, list[object]()

    async def fetch(after: Mapping[Feed, int], limit: int) -> None:
        asked.append(after)
        await house.keep.fetch(after, limit)

    house.kept = replace(house.kept, fetch=fetch)
    async with AsyncExitStack() as stack:
        assert (await follower.sync.round()).proven
        follower.commit("register", follower.resident(history_no=4, full_name=NAME))
        address = await house.serve(stack)
        at = versions(await follower.replica.position())[Feed.REGISTER][0]
        terminals = []
        for _ in range(8):
            terminals.append(house.neighbour_feeds(address))
            stack.push_async_callback(house.http.close)
        batches = await asyncio.gather(*(one.feed(Feed.REGISTER, at, 1000) for one in terminals))
    assert [batch and batch.to for batch in batches] == [at + 1] * 8
    assert len(asked) == 1


async def test_a_chunk_the_disk_has_spoilt_is_not_given_and_fetched_anew(house: House) -> None:
    await house.keep.refresh()
    chunks = house.kept.chunks
    assert chunks
    snapshot = await chunks.snapshot()
    assert snapshot
    name, size = snapshot.chunks[0]
    path = house.hall_folder / "chunks" / name
    path.write_bytes(bytes(size))
    assert await chunks.get(name) is None
    assert await chunks.snapshot() is None  # one that is not whole begins no fill
    await house.keep.follow(0)
    assert await chunks.get(name) is not None


async def test_a_hall_server_on_a_line_that_costs_follows_and_fetches_no_snapshot(house: House) -> None:
    follower, kept = house.follower, house.kept
    assert kept.chunks
    costly = KeepHall(
        house.keep._cloud,
        house.keep._chunks,
        shelf=kept.shelf,
        snapshots=kept.chunks,
        ring=lambda: None,
        metered=True,
    )
    follower.commit("blocks", put(*protect(HANAKO)))
    await costly.follow(0)
    await costly.refresh()
    assert await costly.versions() == {
        Feed.BLOCKS: 2,
        Feed.REGISTER: follower.cloud.register_version(),
    }
    assert await kept.chunks.snapshot() is None
    assert not any((house.hall_folder / "chunks").glob("*"))


async def test_a_token_of_the_other_kind_enrols_nobody(house: House) -> None:
    cloud = house.follower.cloud
    desk = EnrolmentDesk(cloud.http)
    for given, role in (("hall", PeerRole.TERMINAL), ("terminal", PeerRole.HALL)):
        token = cloud.tenant.terminals.new_token(given)  # type: ignore[arg-type]  # one of the two
        with pytest.raises(RefusedError, match=r"refused\.enrolment"):
            await desk.enrol(token, signing_request(new_key()), "x", role=role)


async def test_a_house_fills_and_follows_over_the_hall_servers_line_alone(house: House) -> None:
    follower, keep = house.follower, house.keep
    cloud = follower.cloud
    told = cloud.enrolled
    assert told
    async with AsyncExitStack() as stack:
        await keep.follow(0)
        house.neighbour_feeds(await house.serve(stack))
        stack.push_async_callback(house.http.close)
        hall = HttpFeeds(house.http, told.feed_keys, digest_key=lambda: told.digest_key)
        feeds = HallFirst(hall, cloud.feeds(), now=utc_now)
        sync = SyncReplica(feeds, follower.replica, follower.book)
        before = cloud.http.bytes_received
        report = await sync.round()
        assert (report.filled, report.proven) == (True, True)
        follower.commit("register", follower.resident(history_no=4, full_name=NAME))
        await keep.follow(0)
        assert (await sync.round()).changes == 1
        assert cloud.http.bytes_received == before
        assert await follower.equal()

        # Where the hall server has heard nothing for a while, and where it is gone, the cloud itself is asked.
        follower.commit("blocks", put(*protect(HANAKO)))
        late = HallFirst(hall, cloud.feeds(), now=lambda: utc_now() + timedelta(minutes=2))
        assert (await SyncReplica(late, follower.replica, follower.book).round()).changes == 1
        follower.commit("register", follower.resident(history_no=5, full_name=NAME))
        await stack.aclose()
        assert (await sync.round()).changes == 1
        assert await follower.equal()


async def test_at_night_too_a_house_costs_the_hall_servers_line_alone(house: House, tmp_path: Path) -> None:
    follower, keep = house.follower, house.keep
    cloud = follower.cloud
    told = cloud.enrolled
    assert told
    shelf = Shelf(tmp_path / "own", lambda: told.feed_keys)
    own = Arrived(shelf, follower.replica.digest_key)
    async with AsyncExitStack() as stack:
        assert (await SyncReplica(cloud.feeds(), follower.replica, follower.book, laid_by=own).round()).proven
        house.neighbour_feeds(await house.serve(stack))
        stack.push_async_callback(house.http.close)
        source = ParcelsHallFirst(
            ParcelDoor(house.http, told.feed_keys), ParcelDoor(cloud.http, told.feed_keys), now=utc_now
        )
        night = KeepAtNight(source, shelf)
        follower.commit("register", follower.resident(history_no=4, full_name=NAME))
        await keep.follow(0)
        before = cloud.http.bytes_received
        assert await night.round() == 1
        assert cloud.http.bytes_received == before
        await stack.aclose()
        follower.commit("blocks", put(*protect(HANAKO)))
        assert await night.round() == 1, "where the hall server is gone, the cloud itself is asked"
    sync = SyncReplica(cloud.feeds(), follower.replica, follower.book, laid_by=own)
    assert await sync.take_in() == 2
    assert await follower.equal()
