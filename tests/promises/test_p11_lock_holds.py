"""P11: a terminal the town has locked stays locked, whatever becomes of the file that says so, on line and off."""

import json
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import timedelta
from pathlib import Path

import pytest

from client.config import Config
from client.domain.errors import CounterError
from client.rules import totp
from client.rules.modes import StopReason
from client.rules.orders import Obedience
from cloud.orders import NewOrder
from offline.store.order_file import FILE, OrderFile
from tests.api.small_cloud import PASSWORD, SEED, town
from tests.promises.terminals import PC, Site, config_in, open_terminal
from ui import doors
from ui.wiring import CloudLine, line_of

pytestmark = pytest.mark.asyncio
NEWER = "ffffffff-ffff-7fff-bfff-ffffffffffff"
Tamper = Callable[[Path, bytes], object]


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    opened = Site(tmp_path / "cloud", list(town()))
    yield opened
    opened.tenant.close()


@pytest.fixture
def pc(site: Site, monkeypatch: pytest.MonkeyPatch) -> PC:
    made = PC((site,))
    made.plug_in(monkeypatch)
    return made


class Counter:
    """A started counter at which nobody is signed in."""

    def __init__(self, site: Site, opened: doors.Doors, line: CloudLine) -> None:
        self.site = site
        self.doors = opened
        self.line = line

    def order(self, kind: str) -> str:
        return self.site.tenant.orders.give(NewOrder(self.doors.facts.terminal_no, kind, "o001"))  # type: ignore[arg-type]  # of a list

    async def off_line(self) -> str:
        """Return what a clerk who has worked here meets with right secrets and no line."""
        later = doors.utc_now() + timedelta(minutes=1)
        try:
            await self.doors.vault.unlock("s001", PASSWORD, totp.code(SEED, totp.step_of(later)), now=later)
        except CounterError as error:
            return error.code
        return "in"

    async def on_line(self) -> str:
        """Return what a clerk new to this PC meets whom the cloud lets in."""
        self.line.watch.note_success(5)
        code = totp.code(SEED, totp.step_of(doors.utc_now()))
        try:
            await self.line.log_in(self.site.clerk(), PASSWORD, code)
        except CounterError as error:
            return error.code
        await self.line.log_in.sign_out()
        return "in"


@asynccontextmanager
async def started(config: Config, site: Site) -> AsyncIterator[Counter]:
    async with AsyncExitStack() as stack:
        opened = await doors.open_doors(stack, config)
        stack.push_async_callback(opened.stores.close)
        yield Counter(site, opened, line_of(config, opened, lambda _progress: None))


async def locked(config: Config, site: Site) -> bytes:
    """Have a clerk work here, then the town lock it; return the file of orders from before."""
    folder = config.terminal_dir
    async with AsyncExitStack() as stack:
        await open_terminal(stack, config, site)
    async with started(config, site) as counter:
        counter.order("unlock")
        await counter.line.orders.round()
        before = (folder / FILE).read_bytes()
        order_id = counter.order("lock")
        await counter.line.orders.round()
        assert site.tenant.orders.told(order_id)[2] == "done", "the town gives it no more"
        assert OrderFile(folder).read().locked
    return before


TAMPERED = {
    "taken away": lambda file, _before: file.unlink(),
    "put back from before": lambda file, before: file.write_bytes(before),
    "damaged": lambda file, _before: file.write_bytes(b"{"),
    "edited": lambda file, _before: file.write_text(
        json.dumps({"newest": NEWER, "locked": False, "to_be_erased": False})
    ),
}


@pytest.mark.parametrize("tamper", TAMPERED.values(), ids=TAMPERED.keys())
async def test_a_locked_terminal_opens_for_nobody_whatever_becomes_of_the_file_of_orders(
    pc: PC, site: Site, tmp_path: Path, tamper: Tamper
) -> None:
    config = config_in(tmp_path / "pc", site)
    before = await locked(config, site)
    tamper(config.terminal_dir / FILE, before)
    async with started(config, site) as counter:
        assert await counter.off_line() == "sign_in.shut"
        assert await counter.on_line() == "sign_in.shut"
        await counter.line.orders.load()
        assert counter.line.watch.stopped is StopReason.ORDERED, "and it says so before anybody tries"
        await counter.line.orders.round()
        assert await counter.off_line() == "sign_in.shut", "nor does a round without orders open it"
        counter.order("unlock")
        await counter.line.orders.round()
        assert (await counter.off_line(), await counter.on_line()) == ("in", "in")


async def test_a_terminal_is_not_made_deaf_to_orders_by_a_file_that_names_one_to_come(
    pc: PC, site: Site, tmp_path: Path
) -> None:
    config = config_in(tmp_path / "pc", site)
    await locked(config, site)
    async with started(config, site) as counter:
        counter.order("unlock")
        await counter.line.orders.round()
    OrderFile(config.terminal_dir).write(Obedience(NEWER))
    async with started(config, site) as counter:
        counter.order("lock")
        await counter.line.orders.round()
        assert await counter.off_line() == "sign_in.shut"


async def test_a_lock_that_an_older_program_wrote_into_the_file_alone_is_under_the_seal_from_the_next_start_on(
    pc: PC, site: Site, tmp_path: Path
) -> None:
    config = config_in(tmp_path / "pc", site)
    async with AsyncExitStack() as stack:
        await open_terminal(stack, config, site)
    OrderFile(config.terminal_dir).write(Obedience("0190", locked=True))
    async with started(config, site) as counter:
        await counter.line.orders.load()
        assert counter.line.orders.is_shut
    (config.terminal_dir / FILE).unlink()
    async with started(config, site) as counter:
        assert await counter.off_line() == "sign_in.shut"


async def test_where_the_file_of_keys_is_damaged_an_order_is_kept_in_its_own_file_and_the_town_told(
    pc: PC, site: Site, tmp_path: Path
) -> None:
    config = config_in(tmp_path / "pc", site)
    async with AsyncExitStack() as stack:
        await open_terminal(stack, config, site)
    async with started(config, site) as counter:
        for name in ("wraps.json", "wraps.copy.json"):
            path = config.terminal_dir / name
            book = json.loads(path.read_bytes())
            path.write_text(json.dumps(book | {"staff": []}))
        order_id = counter.order("lock")
        await counter.line.orders.round()
        assert site.tenant.orders.told(order_id)[2] == "done"
        assert OrderFile(config.terminal_dir).read().locked
        assert await counter.on_line() == "sign_in.shut"
