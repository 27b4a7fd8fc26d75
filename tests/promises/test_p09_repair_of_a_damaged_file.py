"""P09: of a damaged replica only what is damaged is fetched anew; whatever happens meanwhile, the outbox is untouched."""

import asyncio
import os
import random
import signal
import sqlite3
import subprocess
import sys
from collections.abc import AsyncIterator
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path

import pytest
import pytest_asyncio
import sqlalchemy as sa

from client.api.commands import CommandBox
from client.domain.change import ChangeState
from client.domain.errors import LinkDownError, StoreError
from client.domain.resident import AtenaNo
from client.domain.terminal import facts_of
from client.jobs.send_outbox import SendOutbox
from client.jobs.sync_replica import SyncReplica
from client.jobs.take_chunks import Progress
from cloud import storage
from cloud.faults import Line
from cloud.register import put
from offline.store import door
from offline.store.replica import Replica
from offline.store.stores import FileStores
from tests.api.small_cloud import SmallCloud, small_cloud
from tests.builders import HANAKO, TARO
from tests.fakes import MemoryLink
from tests.offline.torn_town import HARMS, KEYS, PAGE, Town, a_town, flip
from tests.promises.terminals import files_in
from tests.replica_fakes import LandingBook
from tests.store_builders import a_change, a_person, store_keys

pytestmark = pytest.mark.long

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def town(tmp_path_factory: pytest.TempPathFactory) -> Town:
    return a_town(tmp_path_factory.mktemp("town") / "terminal")


def with_a_bad_page(town: Town) -> bytes:
    content = bytearray(town.whole)
    flip(content, town.leaf_of_residents)
    return bytes(content)


@pytest.mark.long
@pytest.mark.asyncio
@pytest.mark.parametrize(
    "moment",
    [
        "table 9",
        "swap before",
        *(pytest.param(one, marks=pytest.mark.slow) for one in ("table 0", "last", "swap after")),
    ],
)
async def test_killed_while_it_mends_a_counter_has_the_damaged_file_or_the_whole_new_one(
    town: Town, tmp_path: Path, moment: str
) -> None:
    content = with_a_bad_page(town)
    async with town.damaged(tmp_path / "harmed", content) as harmed:
        await harmed.stores.close()
        path = harmed.folder / "replica.db"
        words = [sys.executable, "-P", "-m", "tests.promises.p09_mender", str(harmed.folder), moment]
        environment = {**os.environ, "PYTHONPATH": str(ROOT)}
        ended = await asyncio.to_thread(subprocess.run, words, cwd=ROOT, env=environment, check=False)
        assert ended.returncode == -signal.SIGKILL
        assert door.is_whole(path, KEYS.replica) is (moment == "swap after")
        assert (path.read_bytes() == content) is (moment != "swap after")
        await harmed.stores.open(KEYS)
        assert not (harmed.folder / "replica.mended.db").exists()
        mended = await harmed.mend()
        assert (mended is None) is (moment == "swap after")
        assert 0 < await harmed.answers(every=2) < len(town.truth) // 2
        report = await harmed.sync()
        assert (report.filled, report.proven) == (False, True)
        assert await harmed.equals_the_register()


@pytest.mark.asyncio
async def test_on_a_full_disk_the_damaged_file_stays_and_a_later_try_succeeds(
    town: Town, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    open_connection = door.open_connection

    def on_a_small_disk(path: Path, key: bytes, *, reading: bool = False) -> sqlite3.Connection:
        connection = open_connection(path, key, reading=reading)
        if path.name == "replica.mended.db":
            connection.execute("PRAGMA max_page_count = 120")
        return connection

    content = with_a_bad_page(town)
    async with town.damaged(tmp_path / "harmed", content) as harmed:
        with monkeypatch.context() as patch:
            patch.setattr(door, "open_connection", on_a_small_disk)
            for _ in range(2):
                with pytest.raises(StoreError, match=r"store\.full"):
                    await harmed.mend()
                assert not (harmed.folder / "replica.mended.db").exists()
        assert (harmed.folder / "replica.db").read_bytes() == content
        assert await harmed.answers(every=5)  # what can be read is
        assert await harmed.mend()
        assert (await harmed.sync()).filled is False
        assert await harmed.equals_the_register()


@pytest.mark.asyncio
@pytest.mark.parametrize("kind", HARMS)
async def test_no_file_of_the_ledger_is_opened_or_touched(town: Town, tmp_path: Path, kind: str) -> None:
    content = bytearray(town.whole)
    HARMS[kind](content, random.Random(kind))  # noqa: S311 - where the damage is, no secret
    async with town.damaged(tmp_path / "harmed", bytes(content)) as harmed:
        await harmed.stores.close()
        before = files_in(harmed.folder)
        for path in harmed.folder.iterdir():  # whoever opened one would fail
            if path.name.startswith(("ledger", "wraps", "stores")):
                path.rename(tmp_path / path.name)
        replica = Replica(harmed.folder / "replica.db", lambda: datetime.now(UTC))
        await replica.open(KEYS.replica, KEYS.digest)
        harmed.job = SyncReplica(harmed.feeds, replica, LandingBook())
        await harmed.sync()
        await replica.close()
        for path in tmp_path.iterdir():
            if path.is_file():
                path.rename(harmed.folder / path.name)
        after = files_in(harmed.folder)
        assert {name for name in before if before[name] != after.get(name)} <= {"replica.db"}
        assert set(before) == set(after)


# -- a whole journey, with the real cloud


@dataclass
class Counter:
    """A terminal with stores on disk and the reference cloud, without windows."""

    cloud: SmallCloud
    stores: FileStores
    folder: Path
    shown: list[Progress] = field(default_factory=list)

    def __post_init__(self) -> None:
        assert self.cloud.enrolled
        feeds = self.cloud.feeds()
        self.sync = SyncReplica(feeds, self.stores.replica, self.stores.ledger, on_progress=self.shown.append)

    async def send(self) -> int:
        assert self.cloud.enrolled
        box = CommandBox(self.cloud.http, self.cloud.enrolled.terminal_no)
        sender = SendOutbox(box, self.stores.ledger, MemoryLink(), now=self.cloud.clock, jitter=lambda: 0.5)
        return (await sender.drain()).accepted

    def taken_in(self) -> int:
        with self.cloud.tenant.engine.connect() as connection:
            query = sa.select(sa.func.count()).select_from(storage.intake_case)
            return int(connection.execute(query).scalar_one())


@pytest_asyncio.fixture
async def counter(tmp_path: Path) -> AsyncIterator[Counter]:
    people = [("resident", a_person(number + 500)) for number in range(300)]
    with small_cloud(tmp_path / "cloud", *people) as cloud:
        await cloud.enrol()
        assert cloud.enrolled
        cloud.http.identity = cloud.identity
        folder = tmp_path / "terminal"
        facts = facts_of(cloud.enrolled, "https://cloud.example")
        stores = FileStores(folder, facts, cloud.clock, cloud.identity.sign)
        await stores.open(replace(store_keys(), digest=cloud.enrolled.digest_key))
        yield Counter(cloud, stores, folder)
        await stores.close()


@pytest.mark.asyncio
async def test_a_change_queued_off_line_outlives_the_damage_and_is_sent_once(counter: Counter) -> None:
    stores, cloud = counter.stores, counter.cloud
    assert (await counter.sync.round()).filled
    cloud.faults.line = Line.CUT
    change = replace(a_change(TARO, HANAKO), base={TARO: 3, HANAKO: 5})
    await stores.ledger.queue(change)
    keys = replace(store_keys(), digest=cloud.enrolled.digest_key) if cloud.enrolled else store_keys()
    await stores.close()
    path = counter.folder / "replica.db"
    content = bytearray(path.read_bytes())
    for page in range(74, 110, 9):
        flip(content, page)
    path.write_bytes(bytes(content))
    await stores.open(keys)
    before = {name: sha for name, sha in files_in(counter.folder).items() if name.startswith("ledger")}
    with pytest.raises(StoreError, match=r"store\.damaged_replica"):
        await stores.replica.check()
    assert await stores.replica.mend(lambda done, of: None)
    after = {name: sha for name, sha in files_in(counter.folder).items() if name.startswith("ledger")}
    assert before == after
    assert [one.key for one in await stores.ledger.outbox()] == [change.key]
    with pytest.raises(LinkDownError):
        await counter.sync.round()
    cloud.faults.line = Line.OK
    with cloud.tenant.register.writing() as connection:  # and the register has moved on meanwhile
        newer = put("resident", a_person(501, history_no=2, full_name="青葉　太郎"))
        cloud.tenant.register.commit(connection, "register", [newer])
    report = await counter.sync.round()
    assert (report.filled, report.proven) == (False, True)
    assert 0 < report.repaired < 150
    (queued,) = await stores.ledger.outbox()
    assert (queued.key, queued.state) == (change.key, ChangeState.QUEUED)
    assert await counter.send() == 1
    assert await counter.send() == 0
    assert counter.taken_in() == 1
    for atena_no in (TARO, AtenaNo("1000000501")):
        household = (await stores.replica.household_of(atena_no)).value
        await stores.replica.prove(household)
    assert "青葉　太郎" in {member.shown_name for member in household.members}


@pytest.mark.asyncio
async def test_off_line_the_counter_goes_on_with_what_was_saved_and_the_book_says_so(
    counter: Counter,
) -> None:
    stores = counter.stores
    await counter.sync.round()
    counter.cloud.faults.line = Line.CUT
    path = counter.folder / "replica.db"
    with path.open("r+b") as file:  # under the open file, as a disk does it
        at = (90 - 1) * PAGE + 100
        file.seek(at)
        bit = file.read(1)[0] ^ 1
        file.seek(at)
        file.write(bytes([bit]))
    with pytest.raises(StoreError, match=r"store\.damaged_replica"):
        await stores.replica.check()
    await counter.sync.mend()  # what the rounds do, with no line
    assert [progress.mending for progress in counter.shown[-3:]] == [True] * 3
    (line,) = await stores.ledger.journal_tail(1)
    assert (line.entry.kind, line.entry.facts["broken_pages"]) == ("verify", 1)
    household = (await stores.replica.household_of(TARO)).value
    assert [member.atena_no for member in household.members] == [TARO, HANAKO]
    await stores.replica.prove(household)
    asked = [AtenaNo(f"{1000000500 + number}") for number in range(300)]
    given = sum([await is_given(stores.replica, atena_no) for atena_no in asked])
    assert 250 < given <= 300


async def is_given(replica: Replica, atena_no: AtenaNo) -> bool:
    try:
        await replica.prove((await replica.household_of(atena_no)).value)
    except StoreError:
        return False
    return True
