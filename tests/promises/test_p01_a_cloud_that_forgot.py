"""P01 to P03: a cloud is put back to its backup; at the end everything accepted stands there once, in its order."""

import asyncio
import random
import shutil
from collections.abc import AsyncIterator, Iterator
from datetime import timedelta
from pathlib import Path

import pytest
import pytest_asyncio

from client.domain.change import ChangeKind, ChangeState
from client.domain.errors import CounterError
from client.jobs.reconcile_outbox import AT_REST, ReconcileOutbox
from client.jobs.send_outbox import SendOutbox
from tests.builders import HANAKO, TARO
from tests.fakes import MemoryLink
from tests.jobs.forgetful_cloud import KEY, ForgetfulCloud
from tests.jobs.forgetful_cloud import Terminal as Counter
from tests.promises.p02_terminal import Terminal, Town

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


@pytest.mark.parametrize("seed", [0, 1, *(pytest.param(one, marks=pytest.mark.slow) for one in range(2, 12))])
async def test_backups_lost_answers_and_restarts_in_any_order_lose_and_double_nothing(
    tmp_path: Path, seed: int
) -> None:
    """In this process, where a cloud is put back in no time and nobody meets a closed door."""
    chance = random.Random(seed)  # noqa: S311 the weather
    cloud, back = ForgetfulCloud(tmp_path), 0
    terminals = [await Counter(cloud, tmp_path / f"pc{place}").open() for place in range(TERMINALS)]
    cloud.back_up()
    for number in range(24):
        terminal = chance.choice(terminals)
        await (terminal.issue() if chance.random() < 0.4 else terminal.move(chance.choice((TARO, HANAKO))))
        cloud.way.lose = chance.choice((0, 0, 0, 1, 2))
        if chance.random() < 0.7:
            await terminal.drain(chance.randint(1, 3))
        if chance.random() < 0.2:
            await terminal.ledger.close()
            await terminal.ledger.open(KEY, begun=True)
            terminal.begin()
        if number % 9 == 4:
            shutil.rmtree(cloud.backup)
            cloud.back_up()
        elif number % 9 == 8 and back < 3:
            back += 1
            cloud.put_back()
    cloud.way.lose = 0
    cloud.clock.forward(AT_REST)  # who has nothing to send finds out within the hour
    for terminal in terminals:
        await terminal.drain(20)
        changes = await terminal.ledger.outbox()
        assert {change.state for change in changes} == {ChangeState.ACCEPTED}
        moves = [change.key for change in changes if not change.kind.is_fact]
        for who in (TARO, HANAKO):
            made = [change.key for change in changes if change.key in moves and who in change.residents]
            assert [key for key in cloud.intakes if key in made] == made
        assert [error.code for error in terminal.named if error.code != "link.forgot"] == []
        issued = [change.key for change in changes if change.kind is ChangeKind.ISSUED]
        assert sorted(key for key in cloud.issues if key in issued) == sorted(issued)
        await terminal.close()
    assert len(cloud.intakes) == len(set(cloud.intakes))
    assert any(terminal.named for terminal in terminals)
    cloud.stop()
