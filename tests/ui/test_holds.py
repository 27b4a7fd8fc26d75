"""What papers are held for, between two counters and their cloud, and as a clerk reads it."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from datetime import timedelta
from pathlib import Path

import pytest
import pytest_asyncio

from client.domain.blocks import Block, BlockLevel, BlockProcess, Restrictions
from client.domain.change import ChangeState
from client.domain.errors import LinkDownError
from client.domain.hold import Hold
from client.jobs.find_resident import HouseholdView
from client.jobs.hold_ports import Ending
from client.jobs.restrictions import read_household
from client.rules.holds import joined
from tests.api.small_cloud import town
from tests.builders import HANAKO, NOW, TARO, TODAY, a_household
from tests.hold_builders import DEATH, SHIEN_SOCHI, TENSHUTSU, a_hold, a_restrictive
from tests.promises.terminals import PC, Site, Terminal, config_in, open_terminal
from tests.ui.test_neighbours import a_port, followed
from ui.doors import utc_now
from ui.neighbours import Neighbourhood
from ui.screens.counter.shown import BannerLine, banners
from ui.text import Words


def shown(*holds: Hold, told: Restrictions | None = None, language: str = "ja") -> tuple[BannerLine, ...]:
    household = a_household()
    view = HouseholdView(
        household=household,
        projected=household,
        restrictions=joined(told or Restrictions(), holds, (TARO, HANAKO), NOW),
        protected=frozenset(),
        pending=(),
        unsettled=(),
        warnings=(),
        masked=False,
    )
    return banners(view, None, Words(language), NOW)


def test_a_hold_is_one_line_that_names_the_request_its_time_and_its_terminal() -> None:
    assert shown(a_hold(DEATH, TARO, terminal="T0007")) == (
        BannerLine("bad", "仮受付による留保", "死亡届を審査中です（14:32:00 受付、端末 T0007）。"),
    )
    (line,) = shown(a_hold(DEATH, TARO, HANAKO, terminal="T0007"), language="en")
    assert line.text == "Death, not decided yet (received 14:32:00, terminal T0007)."


def test_a_planned_move_out_is_a_warning_with_its_day() -> None:
    (line,) = shown(a_hold(TENSHUTSU, TARO, planned=TODAY + timedelta(days=1)))
    assert (line.tone, line.text.split("。")[1]) == ("warn", "2026年11月21日から発行できません")
    assert shown(a_hold(TENSHUTSU, TARO, planned=TODAY))[0].tone == "bad"


def test_a_protection_asked_for_is_a_provisional_one_and_says_where_it_comes_from() -> None:
    heads = [line.head for line in shown(a_hold(SHIEN_SOCHI, HANAKO))]
    assert heads == ["仮支援措置", "仮受付による留保"]


@pytest.mark.parametrize("process", BlockProcess)
@pytest.mark.parametrize("language", ["ja", "en"])
def test_every_block_of_the_register_has_a_line(process: BlockProcess, language: str) -> None:
    block = Block("b1", TARO, None, process, BlockLevel.ERROR, "職権", None, None)
    (line,) = shown(told=Restrictions((block,)), language=language)
    assert line.text == "職権"


# -- two counters and their cloud


@pytest_asyncio.fixture
async def stack() -> AsyncIterator[AsyncExitStack]:
    async with AsyncExitStack() as made:
        yield made


@pytest.fixture
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Site:
    made = Site(tmp_path / "cloud", list(town()))
    PC((made,)).plug_in(monkeypatch)
    return made


class House:
    """Two counters beside each other, both of the town; the second asks the first."""

    def __init__(self, first: Terminal, second: Terminal, loops: tuple[Neighbourhood, Neighbourhood]) -> None:
        self.first, self.second = first, second
        self.serves, self.asks = loops

    async def shared(self) -> None:
        for _ in range(100):
            try:
                await self.asks.holds.round()
            except LinkDownError:  # it has only just begun to serve
                await asyncio.sleep(0.05)
            else:
                return
        raise AssertionError("nobody serves")


@pytest_asyncio.fixture
async def house(stack: AsyncExitStack, site: Site, tmp_path: Path) -> AsyncIterator[House]:
    place = f"127.0.0.1:{a_port()}"
    configs = (
        config_in(tmp_path / "first", site, serve_neighbours=place),
        config_in(tmp_path / "second", site, neighbours=place),
    )
    first, second = [await open_terminal(stack, config, site) for config in configs]
    for terminal in (first, second):
        await followed(terminal)
    serves, asks = (
        Neighbourhood(config, one.doors, one.link)
        for config, one in zip(configs, (first, second), strict=True)
    )
    stack.push_async_callback(asks.close)
    for one in (serves, asks):
        await one.tend()
    loops = [asyncio.create_task(loop) for loop in serves.loops()]
    yield House(first, second, (serves, asks))
    for loop in loops:
        loop.cancel()
    await asyncio.gather(*loops, return_exceptions=True)


def number(terminal: Terminal) -> str:
    return terminal.doors.facts.terminal_no


async def stands(terminal: Terminal) -> Restrictions:
    stores = terminal.doors.stores
    return (await read_household(stores.replica, stores.ledger, TARO))[1]


@pytest.mark.asyncio
async def test_a_death_told_at_one_counter_holds_papers_at_the_other_until_the_feed_tells_of_it(
    house: House,
) -> None:
    made = a_restrictive(DEATH, TARO, made_at=utc_now())
    await house.second.doors.stores.ledger.queue(made)
    await house.shared()  # it asks, and gives what the other lacks
    for terminal in (house.first, house.second):
        held = (await stands(terminal)).blocks
        assert [(one.block_id, one.held and one.held.terminal) for one in held] == [
            (f"{made.key}-{place}", number(house.second)) for place in (1, 2)
        ]
    await house.second.send()
    assert await house.serves.settle_holds.round() == 0
    for terminal in (house.first, house.second):
        await followed(terminal)
        found = (await stands(terminal)).blocks
        assert [(one.block_id, one.held) for one in found] == [
            (f"{made.key}-1", None),
            (f"{made.key}-2", None),
        ]
    assert await house.serves.settle_holds.round() == 1
    (row,) = await house.first.doors.stores.ledger.journal_tail(1)
    assert row.entry.facts["what"] == Ending.FEED.value


@pytest.mark.asyncio
async def test_a_protection_asked_for_at_one_counter_shelters_the_home_at_the_other(house: House) -> None:
    ledger = house.first.doors.stores.ledger
    change = await ledger.queue(a_restrictive(SHIEN_SOCHI, HANAKO, base=5, made_at=utc_now()))
    await house.shared()
    assert [one.atena_no for one in (await stands(house.second)).shien_sochi] == [HANAKO]
    await ledger.withdraw(change.key, actor="s001", reason="取り消し")
    await house.shared()
    assert not (await stands(house.first)).shien_sochi
    assert (await stands(house.second)).shien_sochi
    await house.asks.settle_holds.round()  # the cloud never saw it: nothing ends
    assert (await stands(house.second)).shien_sochi


@pytest.mark.asyncio
async def test_the_same_death_told_at_both_counters_is_held_by_whichever_the_cloud_took_in(
    house: House,
) -> None:
    for terminal in (house.first, house.second):
        change = a_restrictive(DEATH, TARO, made_at=utc_now())
        await terminal.doors.stores.ledger.queue(change)
    await house.shared()
    assert len({one.held for one in (await stands(house.second)).blocks}) == 2
    await house.first.send()
    await house.second.send()
    (late,) = await house.second.doors.stores.ledger.outbox()
    assert late.state is ChangeState.REFUSED
    await house.serves.settle_holds.round()
    assert len(await house.first.doors.stores.ledger.heard_holds()) == 1, "the feed is not younger yet"
    await followed(house.first)
    assert (await stands(house.first)).blocks
    assert len(await house.second.doors.stores.ledger.heard_holds()) == 1
    await followed(house.second)
    assert await house.asks.settle_holds.round() == 1, "the feed tells of the one that was taken in"
    assert (await stands(house.second)).blocks
