"""Payloads of what arrived are deleted after their days, by the cloud's clock, and nothing of them is left."""

from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import pytest
import pytest_asyncio

from client.domain.change import ChangeState
from client.domain.errors import RefusedError
from client.rules.holds import hold_of
from client.rules.projection import address_to
from tests.jobs.forgetful_cloud import KEEP, KEY, ForgetfulCloud, Terminal
from tests.opened_pages import opened_pages

pytestmark = pytest.mark.asyncio
DAY = timedelta(days=1)


@pytest_asyncio.fixture
async def terminal(tmp_path: Path) -> AsyncIterator[Terminal]:
    cloud = ForgetfulCloud(tmp_path)
    made = await Terminal(cloud, tmp_path / "pc").open()
    yield made
    await made.close()
    cloud.stop()


async def look(terminal: Terminal) -> None:
    terminal.begin()
    assert await terminal.reconcile.before() is None


async def landed(terminal: Terminal) -> str:
    """Have a move arrive, land, and be found over by the cloud's clock."""
    key = await terminal.move()
    await terminal.drain()
    await terminal.land()
    await look(terminal)
    return key


async def is_kept(terminal: Terminal, key: str) -> bool:
    change = await terminal.one(key)
    assert bool(change.payload) is bool(change.sealed)
    return bool(change.sealed)


def left_of(terminal: Terminal, words: bytes) -> int:
    return sum(words in page for page in opened_pages(terminal.folder / "ledger.db", KEY))


async def test_what_landed_is_kept_for_its_days_and_then_nothing_of_it_is_left(terminal: Terminal) -> None:
    key = await landed(terminal)
    move = address_to(await terminal.one(key))
    assert move is not None
    words = move.banchi.encode()
    assert left_of(terminal, words) > 0
    terminal.cloud.clock.forward(KEEP - DAY)
    await look(terminal)
    assert await is_kept(terminal, key)
    terminal.cloud.clock.forward(DAY)
    await look(terminal)
    assert not await is_kept(terminal, key)
    await terminal.ledger.close()
    assert left_of(terminal, words) == 0
    await terminal.ledger.open(KEY, begun=True)  # its chain and its mark hold
    assert await terminal.ledger.verify_outbox() is None
    change = await terminal.one(key)
    assert change.receipt is not None
    assert change.state is ChangeState.LANDED
    (line,) = [row.entry for row in await terminal.ledger.journal_tail(9) if row.entry.kind == "outbox"]
    assert line.facts["what"] == "cleared"


async def test_what_has_not_landed_is_never_deleted(terminal: Terminal) -> None:
    accepted = await terminal.move()
    await terminal.drain()
    conflict = await terminal.move(base=5)
    await terminal.drain()
    queued = await terminal.move()
    for _ in range(12):
        terminal.cloud.clock.forward(KEEP / 3)
        await look(terminal)
    assert [await is_kept(terminal, key) for key in (accepted, conflict, queued)] == [True] * 3


async def test_what_was_taken_back_is_deleted_after_its_days(terminal: Terminal) -> None:
    key = await terminal.move()
    await terminal.ledger.withdraw(key, actor="s001", reason="書き損じ")
    await look(terminal)
    terminal.cloud.clock.forward(KEEP)
    await look(terminal)
    assert not await is_kept(terminal, key)


@pytest.mark.parametrize("jump", [-DAY, 40 * DAY, -400 * DAY, 4000 * DAY])
async def test_a_clock_of_this_pc_that_jumps_deletes_nothing(terminal: Terminal, jump: timedelta) -> None:
    key = await landed(terminal)
    terminal.off = jump
    for _ in range(3):
        await look(terminal)
    terminal.off = timedelta(0)
    await look(terminal)
    assert await is_kept(terminal, key)
    terminal.cloud.clock.forward(KEEP - DAY)
    await look(terminal)
    assert await is_kept(terminal, key)
    terminal.cloud.clock.forward(DAY)
    await look(terminal)
    assert not await is_kept(terminal, key)


@pytest.mark.parametrize("jump", [-DAY, 40 * DAY])
async def test_a_clock_of_the_cloud_that_jumps_deletes_nothing(terminal: Terminal, jump: timedelta) -> None:
    key = await landed(terminal)
    terminal.cloud.clock.forward(jump)
    terminal.off = -jump
    for _ in range(3):
        await look(terminal)
    terminal.cloud.clock.forward(-jump)
    terminal.off = timedelta(0)
    await look(terminal)
    assert await is_kept(terminal, key)


async def test_what_landed_while_a_clock_was_wrong_is_kept_its_days_from_when_both_agree(
    terminal: Terminal,
) -> None:
    terminal.off = -40 * DAY
    key = await landed(terminal)
    terminal.off = timedelta(0)
    await look(terminal)
    assert await is_kept(terminal, key)
    terminal.cloud.clock.forward(KEEP - DAY)
    await look(terminal)
    assert await is_kept(terminal, key)


async def test_without_the_clouds_word_nothing_is_deleted(terminal: Terminal) -> None:
    key = await landed(terminal)
    terminal.cloud.way.there = None
    terminal.cloud.clock.forward(2 * KEEP)
    terminal.begin()
    assert await terminal.reconcile.before() is not None
    assert await is_kept(terminal, key)
    terminal.cloud.start()


async def test_one_that_is_forgotten_after_its_days_is_named_and_stays_as_it_was(terminal: Terminal) -> None:
    terminal.cloud.back_up()
    key = await landed(terminal)
    terminal.cloud.clock.forward(KEEP)
    await look(terminal)
    assert not await is_kept(terminal, key)
    terminal.cloud.put_back()
    await look(terminal)
    assert (terminal.codes, terminal.named[0].facts) == (["store.forgotten_gone"], {"changes": 1})
    assert (await terminal.one(key)).state is ChangeState.LANDED
    (row,) = await terminal.ledger.journal_tail(1)
    assert (row.entry.kind, row.entry.facts["what"], row.entry.facts["key"]) == ("answer", "gone", key)


async def test_one_that_is_forgotten_in_its_days_is_kept_for_new_ones(terminal: Terminal) -> None:
    terminal.cloud.back_up()
    key = await landed(terminal)
    terminal.cloud.clock.forward(KEEP - DAY)
    terminal.cloud.put_back()
    await look(terminal)
    await terminal.drain()
    await terminal.land()
    terminal.cloud.clock.forward(2 * DAY)
    await look(terminal)
    assert await is_kept(terminal, key)


async def test_a_change_without_its_payload_can_still_be_read(terminal: Terminal) -> None:
    key = await landed(terminal)
    terminal.cloud.clock.forward(KEEP)
    await look(terminal)
    change = await terminal.one(key)
    assert hold_of(change, terminal.number) is None
    assert key in {one.key for one in await terminal.ledger.recent(10)}
    with pytest.raises(RefusedError):
        await terminal.ledger.withdraw(key, actor="s001", reason="x")
