"""The real program killed at any moment: a batch is never half answered, and what was acknowledged is there."""

import asyncio
import random
import signal
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
import sqlalchemy as sa

from cloud import database, storage
from tests.cloud.attachment_builders import Bundle, a_bundle
from tests.cloud.cloud_builders import Row, Terminal
from tests.cloud.test_cloud_served import Program, WallClock, a_client

pytestmark = pytest.mark.long

BATCHES, IN_BATCH = 12, 25
LATEST_KILL_S = 0.6


@pytest.fixture
def program(tmp_path: Path) -> Iterator[Program]:
    made = Program(tmp_path)
    yield made
    if made.process is not None and made.process.poll() is None:
        made.end(signal.SIGKILL)


def in_book(url: str) -> dict[str, int]:
    """Return how often each command stands in the book, by its key, read while nobody serves it."""
    engine = database.open_engine(url)
    book, remembered = storage.issue_book, storage.command
    with database.reading(engine) as connection:
        effects = connection.execute(sa.select(book.c.command_key)).scalars().all()
        answers = connection.execute(sa.select(remembered.c.key)).scalars().all()
        aside = connection.execute(sa.select(storage.quarantine.c.item_id)).all()
    engine.dispose()
    assert sorted(effects) == sorted(answers), "an effect without its answer, or an answer without its effect"
    assert aside == []
    return {key: effects.count(key) for key in effects}


async def send_until_killed(terminal: Terminal, batches: list[list[Row]], heard: set[int]) -> None:
    for place, batch in enumerate(batches):
        await terminal.send(*batch)
        heard.add(place)


async def bring_until_killed(bundle: Bundle, brought: set[int]) -> None:
    for place in range(1, len(bundle.parts) + 1):
        if (await bundle.put(place)).status_code == httpx.codes.OK:
            brought.add(place)


async def one_round(
    program: Program, ready: dict[str, Any], terminal: Terminal, first: int, wait: float
) -> int:
    """Send into a program that is killed after a while, then again into one that lives; returns how many were heard."""
    serials = iter(range(first, first + BATCHES * IN_BATCH))
    batches = [[terminal.issued(next(serials)) for _ in range(IN_BATCH)] for _ in range(BATCHES)]
    bundle = a_bundle(terminal, content=bytes(40_000), cuts=20)
    heard, brought = set[int](), set[int]()
    async with a_client(ready) as client:
        terminal.client = client
        await bundle.begin()
        work = asyncio.gather(
            send_until_killed(terminal, batches, heard),
            bring_until_killed(bundle, brought),
            return_exceptions=True,
        )
        await asyncio.wait([work], timeout=wait)
        program.end(signal.SIGKILL)
        assert {type(end) for end in await work if end} <= {
            httpx.ReadError,
            httpx.RemoteProtocolError,
            httpx.ConnectError,
        }
    stands = await asyncio.to_thread(in_book, ready["database"])
    for place, batch in enumerate(batches):
        found = [stands.get(str(command["key"]), 0) for command in batch]
        assert found in ([0] * IN_BATCH, [1] * IN_BATCH), "half of a batch"
        assert place not in heard or found == [1] * IN_BATCH, "acknowledged, and not there"
    again = await program.start()
    async with a_client(again) as client:
        terminal.client = client
        for place, batch in enumerate(batches):
            outcomes = {answer["outcome"] for answer in await terminal.send(*batch)}
            assert len(outcomes) == 1
            assert place not in heard or outcomes == {"already"}
        have: Any = (await bundle.state())["have"]
        assert brought <= set(have)
        await bring_until_killed(bundle, brought)
        assert (await bundle.state())["state"] == "waiting"
    return len(heard)


async def killed_again_and_again(program: Program, rounds: int) -> None:
    """Kill the program in the middle of its work so many times, and hold its book against what was heard."""
    ready = await program.start()
    dice = random.Random(20261120)  # noqa: S311  # when to kill, no secret
    async with a_client(ready) as client:
        terminal = Terminal(client, WallClock())  # type: ignore[arg-type]  # any clock will do
        assert (await terminal.enrol(ready["enrolment_tokens"][0])).status_code == httpx.codes.CREATED
    heard = []
    for number in range(rounds):
        first = 1 + number * BATCHES * IN_BATCH
        heard.append(await one_round(program, ready, terminal, first, dice.uniform(0.02, LATEST_KILL_S)))
    assert program.end(signal.SIGTERM) == 0
    stands = in_book(ready["database"])
    assert len(stands) == rounds * BATCHES * IN_BATCH
    assert set(stands.values()) == {1}
    assert min(heard) < BATCHES, "no kill came in the middle"


@pytest.mark.asyncio
async def test_killed_at_any_moment_each_fact_takes_effect_once(program: Program) -> None:
    """Ten times over in tests/stages/outbox/."""
    await killed_again_and_again(program, 2)
