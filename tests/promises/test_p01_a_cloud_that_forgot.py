"""P01 to P03 over real TLS: a cloud is put back to its backup; at the end everything accepted stands there once, in its order."""

import asyncio
import random
import shutil
from collections.abc import AsyncIterator, Iterator
from datetime import timedelta
from pathlib import Path

import pytest
import pytest_asyncio

from client.domain.change import ChangeState
from client.domain.errors import CounterError
from client.jobs.reconcile_outbox import ReconcileOutbox
from client.jobs.send_outbox import SendOutbox
from tests.fakes import MemoryLink
from tests.promises.p02_terminal import FAULTS, Terminal, Town

pytestmark = [pytest.mark.asyncio, pytest.mark.long]
TERMINALS = 3


class Reconciling(Terminal):
    """A terminal that holds its outbox against the cloud, as the program does."""

    def new_sender(self) -> SendOutbox:
        self.named: list[CounterError] = []
        reconcile = ReconcileOutbox(
            self.box, self.ledger, MemoryLink(), now=self.now, keep=timedelta(days=35)
        )
        reconcile.named = self.named.append
        return SendOutbox(
            reconcile,
            self.ledger,
            MemoryLink(),
            now=lambda: self.now() + self.ahead,
            jitter=lambda: 0.5,
            before=reconcile.before,
        )


class Backups:
    """The town's cloud, and copies of all it has on its disk."""

    def __init__(self, town: Town, folder: Path) -> None:
        self.town, self.kept = town, folder / "backup"

    def make(self) -> None:
        self.town.cloud.kill()
        shutil.rmtree(self.kept, ignore_errors=True)
        shutil.copytree(self.town.cloud.data, self.kept)
        asyncio.run(self.town.cloud.start())

    def put_back(self) -> None:
        self.town.cloud.kill()
        shutil.rmtree(self.town.cloud.data)
        shutil.copytree(self.kept, self.town.cloud.data)
        asyncio.run(self.town.cloud.start())


@pytest.fixture(scope="module")
def town(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Town]:
    made = Town(tmp_path_factory.mktemp("town"))
    yield made
    made.cloud.close()


@pytest_asyncio.fixture
async def terminals(town: Town, tmp_path: Path) -> AsyncIterator[list[Terminal]]:
    town.calm()
    made = []
    for number in range(TERMINALS):
        folder = tmp_path / f"pc{number}"
        folder.mkdir()
        made.append(await Reconciling(town, folder).open())
    yield made
    for terminal in made:
        await terminal.close()


async def all_arrived(terminals: list[Terminal]) -> None:
    for terminal in terminals:
        changes = await terminal.ledger.outbox()
        assert {change.state for change in changes} == {ChangeState.ACCEPTED}
        assert terminal.arrived() == terminal.wanted()
        made = [change.key for change in changes if not change.kind.is_fact]
        order = terminal.town.rows("SELECT command_key FROM intake_case ORDER BY rowid")
        assert [row["command_key"] for row in order if row["command_key"] in made] == made


async def test_a_cloud_put_back_to_its_backup_gets_everything_again_in_order(
    town: Town, terminals: list[Terminal], tmp_path: Path
) -> None:
    backups, homes = Backups(town, tmp_path), town.households()
    for home, terminal in enumerate(terminals):
        await terminal.issue()
        await terminal.move(homes[home])
        await terminal.drain(2)
    await asyncio.to_thread(backups.make)
    for home, terminal in enumerate(terminals):
        await terminal.issue()
        await terminal.move(homes[home])
        await terminal.move(homes[home])
        await terminal.drain(4)
    await all_arrived(terminals)
    await asyncio.to_thread(backups.put_back)
    for home, terminal in enumerate(terminals):
        await terminal.move(homes[home])  # accepted before the terminal knows of anything
        await terminal.issue()
        await terminal.drain(6)
    await all_arrived(terminals)
    changes = [change for terminal in terminals for change in await terminal.ledger.outbox()]
    assert (
        sum(change.forgotten is not None for change in changes) == TERMINALS * 5
    )  # two moves, and three facts


@pytest.mark.filterwarnings(
    "ignore:Exception ignored in.*(Transport|socket):pytest.PytestUnraisableExceptionWarning"
)
@pytest.mark.parametrize("seed", range(2))
async def test_backups_faults_and_restarts_in_any_order_lose_and_double_nothing(
    town: Town, terminals: list[Terminal], tmp_path: Path, seed: int
) -> None:
    chance = random.Random(seed)  # noqa: S311 the weather
    backups, homes = Backups(town, tmp_path), town.households()[10 * seed + 10 :]
    await asyncio.to_thread(backups.make)
    back = 0
    for number in range(12):
        place = chance.randrange(TERMINALS)
        terminal = terminals[place]
        if chance.random() < 0.4:
            town.plan(chance.choice(FAULTS))
        await (terminal.issue() if chance.random() < 0.4 else terminal.move(homes[place]))
        sending = asyncio.create_task(terminal.drain(2))
        if chance.random() < 0.3:
            await asyncio.sleep(chance.uniform(0, 0.1))
            sending.cancel()
            await asyncio.gather(sending, return_exceptions=True)
            await terminal.restart()
        await asyncio.gather(sending, return_exceptions=True)
        if number % 5 == 2:
            await asyncio.to_thread(backups.make)
        elif number % 5 == 4 and back < 2:  # one change may be lost three times
            back += 1
            await asyncio.to_thread(backups.put_back)
    town.calm()
    for terminal in terminals:
        await terminal.drain(12)
    await all_arrived(terminals)
