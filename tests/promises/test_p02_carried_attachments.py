"""Scans of a PC that dies over real TLS: another brings them while lines break, the cloud dies and the PC comes back."""

import asyncio
import random
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path

import pytest
import pytest_asyncio

from client.domain.attachment import Attachment
from client.domain.bundle import EscrowCard
from client.domain.clerk import Right
from client.domain.keys import StoreKeys, Unlocked
from client.rules.attachments import PART
from offline.store.bundle_file import BundleFile
from offline.store.bundle_maker import BundleMaker
from offline.store.stores import FileStores
from tests.attached_builders import a_photo
from tests.builders import a_sign_in
from tests.bundle_builders import an_escrow
from tests.promises.p02_terminal import KEY, Terminal, Town
from tests.promises.test_p02_attachments import PATH, attached, everything_sent, sender_of, stands, wanted
from ui.cli.bundle_stores import Terminal as AtTheCommandLine
from ui.cli.outbox import bring

pytestmark = [pytest.mark.asyncio, pytest.mark.long]
FAULTS = ("lost_answer", "answer_twice", "cut_midway", "busy", "reset")
ESCROW = an_escrow()


@pytest.fixture(scope="module")
def town(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Town]:
    made = Town(tmp_path_factory.mktemp("town"))
    yield made
    made.cloud.close()


@pytest_asyncio.fixture
async def two(town: Town, tmp_path: Path) -> AsyncIterator[tuple[Terminal, Terminal]]:
    town.calm()
    async with AsyncExitStack() as stack:
        made = [await Terminal(town, tmp_path / name).open() for name in ("dying", "helping")]
        for one in made:
            stack.push_async_callback(one.close)
        yield made[0], made[1]


@asynccontextmanager
async def at_the_command_line(one: Terminal) -> AsyncIterator[AtTheCommandLine]:
    """Close the counter, and open its stores as the verbs do."""
    await one.ledger.close()
    assert one.http.identity
    sign, keys = one.http.identity.sign, StoreKeys(b"r" * 32, KEY, b"d" * 32, b"i" * 32)
    stores = FileStores(one.folder, one.facts, one.now, sign)
    await stores.open(keys)
    try:
        unlocked = Unlocked(a_sign_in(Right.OFFICER), keys)
        yield AtTheCommandLine(one.folder, "training", one.facts, sign, stores, unlocked, one.now)
    finally:
        await stores.close()
        await one.ledger.open(KEY, begun=True)


async def export(one: Terminal, path: Path) -> int:
    async with at_the_command_line(one) as terminal:
        ledger, code = terminal.stores.ledger, one.facts.municipality_code
        card = EscrowCard(code, "あおぞら市", ESCROW.key_id, ESCROW.public, one.now(), (), "")
        maker = BundleMaker(one.facts, "training", card, terminal.sign, one.now)
        beside, _ = await ledger.attachments.to_carry()
        _, written = await maker.outbox(path, await ledger.outbox(), beside, ledger.attachment_files.content)
        return written


async def carried(helper: Terminal, path: Path) -> bool:
    async with at_the_command_line(helper) as terminal:
        told = await bring(terminal, BundleFile(path), lambda _: ESCROW.shares(1, 3), helper.http)
        return bool(told["ok"])


def whose(town: Town, beside: list[Attachment]) -> list[list[str]]:
    query = "SELECT terminal FROM attachment WHERE key LIKE '%' || ?"
    return [[row["terminal"] for row in town.rows(query, one.key)] for one in beside]


@pytest.mark.parametrize("seed", [0, *(pytest.param(one, marks=pytest.mark.slow) for one in range(1, 4))])
async def test_in_a_storm_with_the_dead_pc_back_each_is_there_whole_once_and_its_authors(
    town: Town, two: tuple[Terminal, Terminal], seed: int, tmp_path: Path
) -> None:
    chance = random.Random(seed)  # noqa: S311 the weather
    dying, helping = two
    beside: list[Attachment] = []
    for number in range(3):
        beside += await attached(dying, *(a_photo(chance.randint(20, 5 * PART), seed=n) for n in range(2)))
        if number == 0:  # one goes with a part of what lies beside it
            await dying.drain()
            sending = asyncio.create_task(sender_of(dying).drain())
            await asyncio.sleep(chance.uniform(0, 0.1))
            sending.cancel()
            await asyncio.gather(sending, return_exceptions=True)
            await dying.restart()
    assert await export(dying, tmp_path / "pc.outbox") >= 4
    for number in range(4):
        town.plan(chance.choice(FAULTS), chance.randint(1, 3), PATH)
        town.plan(chance.choice(FAULTS[:4]), 1)
        sending = asyncio.create_task(sender_of(dying).drain())
        carrying = asyncio.create_task(carried(helping, tmp_path / "pc.outbox"))
        if number == 1:
            await asyncio.sleep(chance.uniform(0, 0.3))
            await asyncio.to_thread(town.again)
        await asyncio.gather(sending, carrying)
        await dying.drain()
    town.calm()
    assert await carried(helping, tmp_path / "pc.outbox")
    await everything_sent(dying)
    assert [stands(dying, one) for one in beside] == [wanted(one) for one in beside]
    assert whose(town, beside) == [[dying.facts.terminal_no]] * len(beside)


async def test_a_pc_that_never_comes_back_lost_nothing(
    town: Town, two: tuple[Terminal, Terminal], tmp_path: Path
) -> None:
    dying, helping = two
    beside = [*await attached(dying, a_photo(3 * PART), a_photo(500, seed=2))]
    assert await export(dying, tmp_path / "pc.outbox") == 2
    for one in beside:
        (dying.folder / "attachments" / f"{one.key}.sealed").unlink()
    assert await carried(helping, tmp_path / "pc.outbox")
    assert [stands(dying, one) for one in beside] == [wanted(one) for one in beside]
    assert whose(town, beside) == [[dying.facts.terminal_no]] * len(beside)
