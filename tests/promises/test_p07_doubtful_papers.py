"""P07: after recovery every offline paper that a then unknown change makes doubtful is on a list, and no other.

Real stores and a real reference cloud; what is registered before and after each issue is told by the cloud's clock.
"""

from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest
import pytest_asyncio

from client.domain.doubtful import Why
from client.domain.resident import AtenaNo
from tests.builders import HANAKO, TARO
from tests.promises.doubtful_desk import OfflineCounter, Town, offline_counter

pytestmark = pytest.mark.asyncio

CHANGES: dict[Why, Callable[[Town, AtenaNo], None]] = {
    Why.TENSHUTSU: Town.tenshutsu,
    Why.DEATH: Town.death,
    Why.IDO: lambda town, who: town.record(who, full_name="改姓　太郎"),
    Why.BLOCK: Town.block,
    Why.SHIEN_SOCHI: Town.shien_sochi,
}


@pytest_asyncio.fixture
async def counter(tmp_path: Path) -> AsyncIterator[OfflineCounter]:
    async with offline_counter(tmp_path) as made:
        yield made


@pytest.mark.parametrize("why", CHANGES)
@pytest.mark.parametrize("who", [TARO, HANAKO])
async def test_what_was_registered_before_the_issue_and_unknown_here_puts_the_paper_on_the_list(
    counter: OfflineCounter, why: Why, who: AtenaNo
) -> None:
    CHANGES[why](counter.town, who)
    counter.forward(30)
    paper = await counter.issue()
    assert await counter.listed() == {}  # nobody can know yet
    counter.forward(30)
    await counter.recover()
    assert await counter.listed() == {paper: {why}}


@pytest.mark.parametrize("why", CHANGES)
async def test_what_was_registered_after_the_issue_does_not(counter: OfflineCounter, why: Why) -> None:
    await counter.issue()
    counter.forward(30)
    CHANGES[why](counter.town, TARO)
    counter.forward(30)
    await counter.recover()
    assert await counter.listed() == {}
    assert (await counter.stores.ledger.doubt_counts()).unchecked == 0


async def test_of_two_papers_only_the_one_issued_after_the_change_is_listed(counter: OfflineCounter) -> None:
    await counter.issue()
    counter.forward(30)
    counter.town.tenshutsu(TARO)
    counter.forward(30)
    second = await counter.issue()
    counter.forward(30)
    counter.town.block(TARO)
    counter.forward(30)
    await counter.recover()
    assert await counter.listed() == {second: {Why.TENSHUTSU}}
