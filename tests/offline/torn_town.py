"""A small town in a real replica, ways to damage its file, and what must hold of whatever is saved."""

import asyncio
import random
import shutil
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager, suppress
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

from client.domain.errors import RefusedError, StoreError
from client.domain.feed import Feed, Mended
from client.domain.query import Query
from client.domain.resident import AtenaNo
from client.jobs.sync_replica import SyncReplica
from client.rules.digest import BUCKETS, mids_of
from client.rules.sync import RoundReport
from offline.store import door
from offline.store.replica import Replica
from offline.store.stores import FileStores
from tests.replica_fakes import LandingBook
from tests.small_feeds import SmallFeeds
from tests.store_builders import SmallRegister, a_person, a_register, fill, store_keys, stores_in

KEYS = store_keys()
PAGE = 4096
PEOPLE = 240
ALL = tuple(range(BUCKETS))
Harm = Callable[[bytearray, random.Random], None]


def the_register() -> SmallRegister:
    """Return people of whom some have moved, with blocks, measures, and rows of a table nobody here knows."""
    register = a_register(a_person(number) for number in range(PEOPLE))
    register.key = KEYS.digest
    for number in range(0, PEOPLE, 9):  # moved to another's home: an old record stands where they are no more
        moved = a_person(number, history_no=2, household_no=f"{2000000000 + (number + 30) % PEOPLE // 3}")
        register.rows["resident"][moved["atena_no"], 2] = moved  # type: ignore[index]  # a text
    for number in range(0, PEOPLE, 24):
        atena_no = f"{1000000000 + number}"
        register.rows["shien_sochi"][(f"m{number}",)] = {"measure_id": f"m{number}", "atena_no": atena_no}
    for number in range(5, PEOPLE, 24):
        key, who = f"b{number}", f"{1000000000 + number}"
        row = {"block_id": key, "atena_no": who, "process": "issue", "level": "error"}
        register.rows["block"][(key,)] = dict(row)
    return register


def reads(path: Path, query: str) -> bool:
    """Tell whether a query can be answered from a file, on a connection of its own."""
    try:
        connection = door.open_connection(path, KEYS.replica, reading=True)
    except door.ForeignError:
        return False
    try:
        connection.execute(query).fetchall()
    except door.ForeignError:
        return False
    finally:
        connection.close()
    return True


@dataclass
class Town:
    """A filled terminal that can be copied and damaged, and what it answered while it was whole."""

    folder: Path
    register: SmallRegister
    truth: dict[AtenaNo, object] = field(default_factory=dict)
    places: dict[AtenaNo, str | None] = field(default_factory=dict)

    @property
    def whole(self) -> bytes:
        return (self.folder / "replica.db").read_bytes()

    @property
    def pages(self) -> int:
        return len(self.whole) // PAGE

    @cached_property
    def leaf_of_residents(self) -> int:
        """Return a page that holds rows of residents and nothing above or beside them: from the middle of them."""
        found = [page for page in range(2, self.pages) if self._bears_residents(page)]
        return found[len(found) // 2]

    def _bears_residents(self, page: int) -> bool:
        """Tell whether with a page go some residents, but neither the first nor the last, nor any line of the index."""
        content = bytearray(self.whole)
        flip(content, page)
        harmed = self.folder / "tried.db"
        harmed.write_bytes(bytes(content))
        return (
            reads(harmed, "SELECT max(rowid) FROM resident NOT INDEXED")
            and reads(harmed, "SELECT min(rowid) FROM resident NOT INDEXED")
            and reads(harmed, "SELECT max(rk) FROM person")
            and not reads(harmed, "SELECT count(_digest || _bucket) FROM resident NOT INDEXED")
        )

    def root_of(self, name: str) -> int:
        """Return the page a table or index begins at."""
        connection = door.open_connection(self.folder / "replica.db", KEYS.replica)
        try:
            return int(door.one(connection, "SELECT rootpage FROM sqlite_master WHERE name = ?", name))
        finally:
            connection.close()

    def flipped(self, folder: Path, *pages: int) -> AbstractAsyncContextManager["Damaged"]:
        """Open a copy some of whose pages have a wrong byte."""
        content = bytearray(self.whole)
        for page in pages:
            flip(content, page)
        return self.damaged(folder, bytes(content))

    @asynccontextmanager
    async def damaged(self, folder: Path, content: bytes) -> AsyncIterator["Damaged"]:
        """Open a copy whose replica is another file."""
        shutil.copytree(self.folder, folder)
        (folder / "replica.db").write_bytes(content)
        stores = stores_in(folder)
        await stores.open(KEYS)
        try:
            yield Damaged(self, stores, folder)
        finally:
            await stores.close()
            shutil.rmtree(folder)


@dataclass
class Damaged:
    """A terminal with a damaged replica, off line until ``sync``."""

    town: Town
    stores: FileStores
    folder: Path
    book: LandingBook = field(default_factory=LandingBook)

    def __post_init__(self) -> None:
        self.feeds = SmallFeeds(self.town.register)
        self.job = SyncReplica(self.feeds, self.replica, self.book)

    @property
    def replica(self) -> Replica:
        return self.stores.replica

    async def mend(self) -> Mended | None:
        """Find the damage and save what can be saved, with no line."""
        with suppress(StoreError):
            await self.replica.check()
        return await self.replica.mend(lambda done, of: None)

    async def sync(self) -> RoundReport:
        return await self.job.round()

    async def answers(self, every: int = 1) -> int:
        """Return for how many residents a paper may be made; what is answered is what the whole one had answered."""
        given = 0
        for atena_no in list(self.town.truth)[::every]:
            answer = await answer_of(self.replica, atena_no)
            assert answer in {None, self.town.truth[atena_no]}, atena_no
            given += answer is not None
        return given

    async def tells_no_place_it_should_not(self) -> bool:
        """Tell whether a search says of everybody the place it had said, or none."""
        try:
            hits = (await self.replica.find(Query(typed="ジュウミン"), limit=1000)).value
        except StoreError:
            return True
        return all(hit.address in {None, self.town.places[hit.atena_no]} for hit in hits)

    async def equals_the_register(self) -> bool:
        for feed in Feed:
            if await self.replica.mids(feed) != mids_of(self.town.register.sums(feed)):
                return False
            if await self.replica.wrong_buckets(feed, ALL):
                return False
        return await self.answers(every=7) == len(list(self.town.truth)[::7])


async def answer_of(replica: Replica, atena_no: AtenaNo) -> str | None:
    """Return what a paper would be made from; None where there will be none."""
    try:
        household = (await replica.household_of(atena_no)).value
        restrictions = (await replica.restrictions_of(household)).value
        await replica.prove(household)
    except StoreError as error:
        assert error.code == "store.damaged_replica"  # noqa: PT017 - any other trouble is a fault here
        return None
    return repr((household, restrictions))


def a_town(folder: Path) -> Town:
    """Fill a terminal's replica, and note what it answers."""
    town = Town(folder, the_register())

    async def filled() -> None:
        stores = stores_in(folder)
        await stores.open(KEYS)
        await fill(stores, town.register)
        everybody = (await stores.replica.find(Query(typed="ジュウミン"), limit=1000)).value
        town.places = {hit.atena_no: hit.address for hit in everybody}
        for number in range(PEOPLE):
            atena_no = AtenaNo(f"{1000000000 + number}")
            with suppress(RefusedError):
                answer = await answer_of(stores.replica, atena_no)
                assert answer
                town.truth[atena_no] = answer
        await stores.close()

    asyncio.run(filled())
    return town


def flip(content: bytearray, page: int, at: int = 100) -> None:
    """Turn one bit in a page, counted from 1."""
    content[(page - 1) * PAGE + at] ^= 1


def _somewhere(content: bytearray, chance: random.Random) -> int:
    return chance.randrange(2, len(content) // PAGE + 1)


def one_bit(content: bytearray, chance: random.Random) -> None:
    flip(content, _somewhere(content, chance), chance.randrange(PAGE))


def several_pages(content: bytearray, chance: random.Random) -> None:
    for _ in range(chance.randrange(2, 12)):
        flip(content, _somewhere(content, chance), chance.randrange(PAGE))


def a_zeroed_page(content: bytearray, chance: random.Random) -> None:
    page = _somewhere(content, chance)
    content[(page - 1) * PAGE : page * PAGE] = bytes(PAGE)


def two_pages_swapped(content: bytearray, chance: random.Random) -> None:
    one, other = ((_somewhere(content, chance) - 1) * PAGE for _ in range(2))
    content[one : one + PAGE], content[other : other + PAGE] = (
        content[other : other + PAGE],
        content[one : one + PAGE],
    )


def a_torn_page(content: bytearray, chance: random.Random) -> None:
    page = _somewhere(content, chance)
    content[page * PAGE - 512 : page * PAGE] = chance.randbytes(512)


def cut_short(content: bytearray, chance: random.Random) -> None:
    del content[chance.randrange(PAGE, len(content)) :]


def a_run_of_pages(content: bytearray, chance: random.Random) -> None:
    first = _somewhere(content, chance)
    for page in range(first, min(first + chance.randrange(2, 40), len(content) // PAGE + 1)):
        flip(content, page)


HARMS: Mapping[str, Harm] = {
    harm.__name__: harm
    for harm in (
        one_bit,
        several_pages,
        a_zeroed_page,
        two_pages_swapped,
        a_torn_page,
        cut_short,
        a_run_of_pages,
    )
}
