"""Bundles carried by hand, with everything real: the reference cloud, SQLCipher replicas, two officers' shares."""

import asyncio
from collections.abc import Iterator
from pathlib import Path

import pytest

from client.domain.errors import RefusedError
from client.domain.feed import Feed
from client.jobs.sync_replica import position_of
from client.rules.digest import root_of
from offline.store.bundle_file import BundleFile, Tell, nobody
from tests.api.small_cloud import small_cloud
from tests.builders import HANAKO, TARO
from tests.bundle_builders import CarriedTown, a_carried_town
from tests.journeys.leaks import people_of
from tests.leak_search import LeakSearch
from ui import carrying
from ui.cli.bundle_stores import Terminal, take_in

pytestmark = pytest.mark.asyncio


@pytest.fixture(scope="module")
def town(tmp_path_factory: pytest.TempPathFactory) -> Iterator[CarriedTown]:
    folder = tmp_path_factory.mktemp("carried")
    with small_cloud(folder / "cloud") as cloud:
        yield a_carried_town(cloud, folder)


async def is_equal(town: CarriedTown, terminal: Terminal) -> bool:
    register = town.cloud.tenant.register
    for feed in Feed:
        with register.reading() as connection:
            head = register.head(connection, feed.value)
        if root_of(await terminal.stores.replica.mids(feed)) != head.root:
            return False
    position = await position_of(terminal.stores.replica)
    assert position.blocks
    assert position.register
    return {Feed.BLOCKS: position.blocks.version, Feed.REGISTER: position.register.version} == town.heads()


@pytest.mark.parametrize("name", ["cloud_whole", "terminal_whole"])
async def test_a_terminal_without_replica_or_line_is_filled_from_a_file(
    town: CarriedTown, tmp_path: Path, name: str
) -> None:
    async with town.terminal(tmp_path / "t") as terminal:
        told = await town.open(terminal, town.file(name), 2, 3)
        assert await is_equal(town, terminal)
        household = (await terminal.stores.replica.household_of(TARO)).value
        assert household.members[0].name.text == "渡部　太郎"
        assert (await terminal.stores.replica.restrictions_of(household)).value.shien_sochi
        (line,) = await terminal.stores.ledger.journal_tail(1)
        assert (line.entry.kind, line.entry.actor) == ("sync", "s001")
        assert line.entry.facts["bundle"] == told["bundle"]
        assert line.entry.facts["shares"] == "2,3"


@pytest.mark.parametrize("name", ["cloud_delta", "terminal_delta", "cloud_whole", "terminal_whole"])
async def test_a_terminal_that_has_lost_its_line_goes_on_from_where_it_was(
    town: CarriedTown, tmp_path: Path, name: str
) -> None:
    async with town.terminal(tmp_path / "t") as terminal:
        await town.open(terminal, town.file("early"))
        assert not await is_equal(town, terminal)
        await town.open(terminal, town.file(name))
        assert await is_equal(town, terminal)
        assert (await terminal.stores.replica.household_of(HANAKO)).as_of.register_version == 3


async def test_the_age_of_what_was_carried_is_the_moment_the_cloud_signed_it(
    town: CarriedTown, tmp_path: Path
) -> None:
    async with town.terminal(tmp_path / "t") as terminal:
        await town.open(terminal, town.file("terminal_whole"))
        position = await position_of(terminal.stores.replica)
        assert position.register
        assert position.register.at <= BundleFile(town.file("terminal_whole")).bundle.made_at


async def test_a_bundle_tells_nobody_whose_rows_it_holds(town: CarriedTown) -> None:
    (register,) = town.folder.rglob("cloud.db")
    search = LeakSearch(people_of(register))
    bundles = list(town.folder.glob("*.bundle"))
    assert bundles
    assert {path.name: search.in_bytes(path.read_bytes()) for path in bundles} == {
        path.name: [] for path in bundles
    }


async def test_an_older_bundle_is_refused_and_the_replica_stays(town: CarriedTown, tmp_path: Path) -> None:
    async with town.terminal(tmp_path / "t") as terminal:
        await town.open(terminal, town.file("cloud_whole"))
        before = await position_of(terminal.stores.replica)
        for name in ("early", "terminal_whole"):
            with pytest.raises(RefusedError, match=r"bundle\.older"):
                await town.open(terminal, town.file(name))
        assert await position_of(terminal.stores.replica) == before
        assert await is_equal(town, terminal)
        (line,) = await terminal.stores.ledger.journal_tail(1)
        assert (line.entry.kind, line.entry.facts["code"]) == ("refusal", "bundle.older")


async def test_a_delta_alone_does_not_make_a_replica(town: CarriedTown, tmp_path: Path) -> None:
    async with town.terminal(tmp_path / "t") as terminal:
        with pytest.raises(RefusedError, match=r"bundle\.gap"):
            await town.open(terminal, town.file("terminal_delta"))


async def test_a_delta_that_begins_after_what_is_here_is_refused(town: CarriedTown, tmp_path: Path) -> None:
    path = tmp_path / "late.bundle"
    town.bundler.delta(path, {"register": 2, "blocks": 2})
    async with town.terminal(tmp_path / "t") as terminal:
        await town.open(terminal, town.file("early"))
        before = await position_of(terminal.stores.replica)
        with pytest.raises(RefusedError, match=r"bundle\.gap"):
            await town.open(terminal, path)
        assert await position_of(terminal.stores.replica) == before


async def test_what_was_carried_here_can_be_carried_on(town: CarriedTown, tmp_path: Path) -> None:
    """A terminal that never had a line since makes the next terminal's bundle."""
    async with town.terminal(tmp_path / "t") as terminal:
        await town.open(terminal, town.file("early"))
        await town.open(terminal, town.file("cloud_delta"))
        maker, stores = town.maker(terminal), terminal.stores
        since = {feed: await stores.shelf.earliest(feed) for feed in Feed}
        assert since == {Feed.BLOCKS: 1, Feed.REGISTER: 1}
        await maker.whole(tmp_path / "whole", stores.replica, stores.shelf, lambda _: None)
        await maker.delta(tmp_path / "delta", stores.shelf, since)
    for name in ("whole", "delta"):
        async with town.terminal(tmp_path / f"on_{name}", 0) as terminal:
            await town.open(terminal, town.file("early"))
            await town.open(terminal, tmp_path / name)
            assert await is_equal(town, terminal)


async def test_a_terminal_that_never_heard_the_cloud_makes_no_bundle(
    town: CarriedTown, tmp_path: Path
) -> None:
    async with town.terminal(tmp_path / "t") as terminal:
        maker, stores = town.maker(terminal), terminal.stores
        with pytest.raises(RefusedError, match=r"bundle\.no_word"):
            await maker.whole(tmp_path / "out", stores.replica, stores.shelf, lambda _: None)
        with pytest.raises(RefusedError, match=r"bundle\.no_word"):
            await maker.delta(tmp_path / "out", stores.shelf, dict.fromkeys(Feed, 1))
        assert not list(tmp_path.glob("out*"))


@pytest.mark.parametrize("name", ["cloud_whole", "terminal_whole", "cloud_delta"])
async def test_broken_off_it_leaves_a_replica_that_is_proved_and_a_line_and_goes_on_next_time(
    town: CarriedTown, tmp_path: Path, name: str
) -> None:
    async with town.terminal(tmp_path / "t") as terminal:
        await town.open(terminal, town.file("early"))
        before = await position_of(terminal.stores.replica)
        loop = asyncio.get_running_loop()

        def stop(_: int) -> None:
            loop.call_soon_threadsafe(task.cancel)

        opening = carrying.take_in(terminal.here, BundleFile(town.file(name)), town.two(), stop)
        task = asyncio.create_task(opening)
        with pytest.raises(asyncio.CancelledError):
            await task
        assert await position_of(terminal.stores.replica) == before
        (line,) = await terminal.stores.ledger.journal_tail(1)
        assert (line.entry.kind, line.entry.facts["code"]) == ("refusal", "cancelled")
        await town.open(terminal, town.file(name))
        assert await is_equal(town, terminal)


@pytest.mark.parametrize(("name", "before"), [("cloud_whole", ""), ("terminal_whole", "early")])
async def test_locked_while_it_is_proved_it_is_the_old_replica_or_the_new_and_goes_on_next_time(
    town: CarriedTown, tmp_path: Path, name: str, before: str
) -> None:
    async with town.terminal(tmp_path / "t") as terminal:
        if before:
            await town.open(terminal, town.file(before))

        def stop() -> None:
            task.cancel()

        opening = carrying.take_in(
            terminal.here, BundleFile(town.file(name)), town.two(), lambda _: None, stop
        )
        task = asyncio.create_task(opening)
        with pytest.raises(asyncio.CancelledError):
            await task
    async with town.terminal(tmp_path / "t") as terminal:  # signed in again
        if before:
            assert (await terminal.stores.replica.household_of(TARO)).value.members
        await town.open(terminal, town.file(name))
        assert await is_equal(town, terminal)


class KilledError(Exception):
    """The program was killed here."""


class UntilKilled(BundleFile):
    """A bundle whose reader is killed after so many records."""

    left = 0

    def records(self, name: str, content_key: bytes, tell: Tell = nobody) -> Iterator[bytes]:
        for record in super().records(name, content_key, tell):
            if not self.left:
                raise KilledError
            self.left -= 1
            yield record


@pytest.mark.parametrize("name", ["cloud_whole", "terminal_whole", "terminal_delta"])
async def test_killed_anywhere_in_the_opening_it_stands_where_it_proved_to_be_and_goes_on(
    town: CarriedTown, tmp_path: Path, name: str
) -> None:
    killed = 0
    while True:
        async with town.terminal(tmp_path / f"t{killed}") as terminal:
            await town.open(terminal, town.file("early"))
            before = await position_of(terminal.stores.replica)
            cut = UntilKilled(town.file(name))
            cut.left = killed
            try:
                await take_in(terminal, cut, town.two())
            except KilledError:
                pass
            else:
                break
            after = await position_of(terminal.stores.replica)
            assert after.register
            assert before.register
            assert after.register.version >= before.register.version
        async with town.terminal(tmp_path / f"t{killed}") as terminal:
            assert (await terminal.stores.replica.household_of(TARO)).value.members
            if not await is_equal(town, terminal):  # killed after the last change it stands there already
                await town.open(terminal, town.file(name))
            assert await is_equal(town, terminal)
        killed += 5
    assert killed
