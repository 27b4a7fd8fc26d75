"""P02 and P03 over real TLS: however answers are lost, doubled, cut or late, a change takes effect once, in its order."""

import asyncio
import gc
import random
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
import pytest_asyncio

from client.domain.change import ChangeState
from client.domain.errors import LinkDownError
from tests.builders import a_sign_in
from tests.promises.p02_terminal import FAULTS, Terminal, Town

pytestmark = [pytest.mark.asyncio, pytest.mark.long]


@pytest.fixture(scope="module")
def town(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Town]:
    made = Town(tmp_path_factory.mktemp("town"))
    yield made
    made.cloud.close()


@pytest_asyncio.fixture
async def terminal(town: Town, tmp_path: Path) -> AsyncIterator[Terminal]:
    town.calm()  # the test before may have planned more than it met
    made = await Terminal(town, tmp_path).open()
    yield made
    await made.close()


async def not_accepted(terminal: Terminal) -> list[tuple[ChangeState, int, str]]:
    return [
        (change.state, change.attempts, change.last_words)
        for change in await terminal.ledger.outbox()
        if change.state is not ChangeState.ACCEPTED
    ]


@pytest.mark.parametrize("fault", [*FAULTS, "delay"])
async def test_a_fault_of_each_kind_doubles_nothing(town: Town, terminal: Terminal, fault: str) -> None:
    for household in town.households()[:2]:
        town.plan(fault, 2)
        await terminal.issue()
        await terminal.move(household)
        await terminal.drain(3)
    await terminal.drain(4)
    assert await not_accepted(terminal) == []
    assert terminal.arrived() == terminal.wanted()


# httpcore leaves the socket of a TLS handshake that was cancelled to the collector, which warns of it.
@pytest.mark.filterwarnings(
    "ignore:Exception ignored in.*(Transport|socket):pytest.PytestUnraisableExceptionWarning"
)
@pytest.mark.parametrize("seed", [0, *(pytest.param(one, marks=pytest.mark.slow) for one in range(1, 4))])
async def test_a_storm_of_faults_and_restarts_doubles_nothing(
    town: Town, terminal: Terminal, seed: int
) -> None:
    chance = random.Random(seed)  # noqa: S311 the weather
    households = town.households()
    for number in range(12):
        for _ in range(chance.randrange(3)):
            town.plan(chance.choice(FAULTS), chance.randint(1, 2))
        await (terminal.issue() if chance.random() < 0.6 else terminal.move(chance.choice(households)))
        sending = asyncio.create_task(terminal.drain())
        dies = chance.random() < 0.5
        if dies:  # in the middle of a call
            await asyncio.sleep(chance.uniform(0, 0.1))
            sending.cancel()
        await asyncio.gather(sending, return_exceptions=True)
        if dies:
            await terminal.restart()
        if number == 6:
            await asyncio.to_thread(town.again)
    await terminal.drain(30)
    gc.collect()  # what a cancelled handshake left is warned of here, not in the next test
    assert await not_accepted(terminal) == []
    assert terminal.arrived() == terminal.wanted()


async def test_batches_sent_at_once_again_and_out_of_order_take_effect_once(
    town: Town, terminal: Terminal
) -> None:
    chance = random.Random(5)  # noqa: S311 the weather
    for household in town.households()[:3]:
        await terminal.issue()
        await terminal.move(household)
    changes = await terminal.ledger.outbox()
    first: dict[str, object] = {}

    async def send(some: tuple[int, ...]) -> None:
        try:
            answers = await terminal.box.send(tuple(changes[place] for place in some))
        except LinkDownError:
            return
        for answer in answers:  # whoever asks again gets the first answer
            told = (answer.outcome, answer.receipt)
            assert first.setdefault(answer.key, told) == told

    places = list(range(len(changes)))
    for _ in range(6):
        chance.shuffle(places)
        town.plan(chance.choice(FAULTS))
        alone = [send((place,)) for place in places[: len(places) // 2]]
        await asyncio.gather(send(tuple(places)), send(tuple(reversed(places))), *alone)
    await send(tuple(places))
    assert set(first) == {change.key for change in changes}
    assert terminal.arrived() == terminal.wanted()
    await terminal.drain(2)  # and the terminal, which heard nothing of all this, sends everything once more
    assert await not_accepted(terminal) == []
    assert terminal.arrived() == terminal.wanted()


async def test_two_senders_of_one_ledger_double_nothing(town: Town, terminal: Terminal) -> None:
    for household in town.households()[:5]:
        await terminal.issue()
        await terminal.move(household)
    town.plan("lost_answer", 3)
    await asyncio.gather(*(terminal.sender.drain() for _ in range(4)))
    await terminal.drain(6)
    assert await not_accepted(terminal) == []
    assert terminal.arrived() == terminal.wanted()


async def test_changes_of_one_resident_arrive_in_their_order_and_a_stuck_one_holds_back_nobody_else(
    town: Town, terminal: Terminal
) -> None:
    households = town.households()
    stuck, other = households[0], households[1]
    bad = await terminal.move(stuck, base=7)
    later = [await terminal.move(stuck) for _ in range(2)]
    free = [await terminal.move(other) for _ in range(3)]
    town.plan("lost_answer", 2)
    await terminal.issue()
    await terminal.drain(8)
    found = {change.key: change for change in await terminal.ledger.outbox()}
    assert found[bad].state is ChangeState.CONFLICT  # in sight, and a person's to settle
    assert {found[key].state for key in later} == {ChangeState.QUEUED}
    assert {found[key].state for key in free} == {ChangeState.ACCEPTED}
    assert not {row["key"] for row in town.rows("SELECT key FROM command")} & set(later)
    await terminal.settle.withdraw(a_sign_in(), bad, reason="書き直す")
    await terminal.drain(6)
    order = [row["command_key"] for row in town.rows("SELECT command_key FROM intake_case ORDER BY rowid")]
    assert [key for key in order if key in later] == later
    assert [key for key in order if key in free] == free
    terminal.moves.pop(0)
    assert terminal.arrived() == terminal.wanted()
