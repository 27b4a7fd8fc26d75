"""The town locks a terminal beside the reference cloud: at once, by its own identity, and for the next start too."""

import asyncio
from collections.abc import Iterator
from pathlib import Path

import pytest
import pytest_asyncio

from client.api.upkeep import UpkeepDesk
from client.domain.errors import LinkDownError, StoreError
from client.domain.terminal import TerminalFacts
from client.jobs.heed_orders import EVERY, EVERY_METERED, HeedOrders
from client.rules.orders import Obedience
from cloud.faults import Fault, FaultKind
from cloud.orders import NewOrder
from offline.store.order_file import FILE, OrderFile
from tests.api.small_cloud import SmallCloud, small_cloud
from tests.api.test_upkeep import facts

pytestmark = pytest.mark.asyncio


class Terminal:
    """A terminal that heeds its orders; ``shut`` is what it heard last."""

    def __init__(self, cloud: SmallCloud, own: TerminalFacts, folder: Path) -> None:
        self.cloud = cloud
        self.facts = own
        self.shut: list[bool] = []
        self.job = HeedOrders(UpkeepDesk(cloud.http, self.facts), OrderFile(folder), shut=self.shut.append)

    def ordered(self, kind: str) -> str:
        return self.cloud.tenant.orders.give(NewOrder(self.facts.terminal_no, kind, "o001"))  # type: ignore[arg-type]  # of a list


@pytest.fixture
def cloud(tmp_path: Path) -> Iterator[SmallCloud]:
    with small_cloud(tmp_path / "cloud") as cloud:
        yield cloud


@pytest_asyncio.fixture
async def terminal(cloud: SmallCloud, tmp_path: Path) -> Terminal:
    return Terminal(cloud, await facts(cloud), tmp_path)


async def test_a_lock_holds_until_the_town_unlocks_also_after_a_new_start_without_a_line(
    terminal: Terminal, tmp_path: Path
) -> None:
    order_id = terminal.ordered("lock")
    await terminal.job.round()
    assert terminal.job.is_shut
    assert terminal.cloud.tenant.orders.told(order_id)[2] == "done"
    later = Terminal(terminal.cloud, terminal.facts, tmp_path)
    later.job.begin()
    assert later.shut == [True]
    later.ordered("unlock")
    await later.job.round()
    assert (later.shut[-1], later.job.is_shut) == (False, False)
    assert OrderFile(tmp_path).read().locked is False


async def test_an_order_whose_answer_was_lost_is_obeyed_once_and_answered_again(terminal: Terminal) -> None:
    order_id = terminal.ordered("lock")
    terminal.cloud.faults.plan(Fault(FaultKind.LOST_ANSWER, "/v1/orders/"))
    with pytest.raises(LinkDownError):
        await terminal.job.round()
    assert terminal.job.is_shut, "shut first, answered then"
    await terminal.job.round()
    assert terminal.cloud.tenant.orders.told(order_id)[2] == "done"


async def test_one_that_is_to_be_erased_is_shut_and_the_office_sees_the_order_still_open(
    terminal: Terminal,
) -> None:
    order_id = terminal.ordered("wipe")
    terminal.ordered("unlock")
    await terminal.job.round()
    assert terminal.job.is_shut
    assert terminal.cloud.tenant.orders.told(order_id)[1:] == (None, None)


async def test_a_full_disk_keeps_nobody_from_being_shut_out(terminal: Terminal) -> None:
    class Full:
        def read(self) -> Obedience:
            return Obedience()

        async def known(self) -> Obedience:
            return Obedience()

        async def keep(self, _stand: Obedience) -> None:
            raise StoreError("store.full")

    job = HeedOrders(UpkeepDesk(terminal.cloud.http, terminal.facts), Full(), shut=terminal.shut.append)
    order_id = terminal.ordered("lock")
    with pytest.raises(StoreError):
        await job.round()
    assert terminal.shut == [True]
    assert terminal.cloud.tenant.orders.told(order_id)[2] is None, (
        "it is told done only once it is written down"
    )


async def test_a_file_that_cannot_be_read_shuts_nobody_out(tmp_path: Path) -> None:
    for content in (b"", b"{", b"\xff", b'{"newest": 3}'):
        (tmp_path / FILE).write_bytes(content)
        assert OrderFile(tmp_path).read() == Obedience()


async def test_a_line_paid_by_the_byte_is_asked_once_an_hour_and_a_dead_one_not_at_all(
    terminal: Terminal,
) -> None:
    slept: list[float] = []

    async def sleep(seconds: float) -> None:
        slept.append(seconds)
        if len(slept) == 3:
            raise asyncio.CancelledError

    states = iter([(True, False), (True, True), (False, False)])
    now = [(False, False)]

    def usable() -> bool:
        now[0] = next(states)
        return now[0][0]

    with pytest.raises(asyncio.CancelledError):
        await terminal.job.run(usable, lambda: now[0][1], sleep)
    assert slept == [EVERY.total_seconds(), EVERY_METERED.total_seconds(), 20.0]
    assert len([one for one in terminal.shut if not one]) == 2
