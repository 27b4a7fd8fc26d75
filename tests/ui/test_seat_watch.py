"""The lid is shut or the session locked: covered and shut before the PC sleeps. Real D-Bus and screens, a played logind."""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, closing
from ctypes import addressof
from ctypes.wintypes import MSG

import pytest
from PySide6.QtWidgets import QLineEdit
from structlog.testing import capture_logs

from client.domain.errors import StoreError
from offline.seat.logind import Logind
from offline.seat.signs import Done, Sign
from tests.offline.logind_builders import PlayedLogind, a_bus, has_bus
from tests.ui import states
from tests.ui.drive import Counter
from ui.screens.certificate.model import Phase
from ui.seat_watch import Seat, SeatWatch
from ui.windows_seat import KIND, PBT_APMSUSPEND, WM_POWERBROADCAST, WM_WTSSESSION_CHANGE, WindowsSeat

pytestmark = [pytest.mark.service, pytest.mark.skipif(not has_bus(), reason="no dbus-daemon here")]
Drive = Callable[..., None]


@pytest.fixture(scope="module")
def bus() -> Iterator[str]:
    with a_bus() as address:
        yield address


@asynccontextmanager
async def watching(counter: Counter, seat: Seat, *, sheet: float = 0.2) -> AsyncIterator[None]:
    watch = SeatWatch(
        seat,
        counter.face,
        counter.world.jobs.log_in,
        counter.tasks,
        forget_typed=counter.log_in_view.clear,
        sheet=sheet,
    )
    task = asyncio.create_task(watch.run())
    await asyncio.sleep(0)
    yield
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


@asynccontextmanager
async def at_a_seat(counter: Counter, bus: str, *, sheet: float = 0.2) -> AsyncIterator[PlayedLogind]:
    """Sit at a PC whose logind can say that it will sleep."""
    with closing(PlayedLogind(bus)) as logind:
        seat = Logind(bus, pause=0.05)
        async with watching(counter, seat, sheet=sheet):
            assert await asyncio.to_thread(seat.listens.wait, 5)
            yield logind
        assert await asyncio.to_thread(seat.join, 5)


async def slept(logind: PlayedLogind) -> None:
    """Shut the lid, and wait until the PC may sleep."""
    logind.prepare_for_sleep(True)
    assert await asyncio.to_thread(logind.let_go, 5)


def covered_and_shut(counter: Counter) -> None:
    assert counter.shell.present == "log_in"
    assert counter.world.stores.keys is None
    assert counter.world.jobs.log_in.present is None
    assert counter.face.present_clerk is None


def test_before_the_pc_sleeps_the_screen_is_covered_and_the_keys_are_gone_and_the_visit_waits(
    drive: Drive, bus: str
) -> None:
    async def play(counter: Counter) -> None:
        await states.tenkyo(counter)
        typed = dict(counter.face.taking_in.change.values)
        async with at_a_seat(counter, bus) as logind:
            assert counter.world.stores.keys is not None
            await slept(logind)
            covered_and_shut(counter)
            logind.prepare_for_sleep(False)
            for name, text in (("logInStaff", "s001"), ("logInPassword", "aozora"), ("logInCode", "123456")):
                await counter.hands.type(name, text)
            await counter.hands.push("logInButton")
            await counter.hands.until(lambda: counter.shell.present == "change", "the form", 5)
            assert dict(counter.face.taking_in.change.values) == typed
            await slept(logind)
            covered_and_shut(counter)

    drive(play)


def test_the_pc_does_not_sleep_while_the_files_are_still_being_shut(drive: Drive, bus: str) -> None:
    async def play(counter: Counter) -> None:
        await counter.sign_in()
        stores, go_on = counter.world.stores, asyncio.Event()
        real = stores.close

        async def slow() -> None:
            await go_on.wait()
            await real()

        stores.close = slow  # type: ignore[method-assign]  # a disk that takes its time
        async with at_a_seat(counter, bus) as logind:
            logind.prepare_for_sleep(True)
            await counter.hands.until(lambda: counter.shell.present == "log_in", "the cover", 5)
            assert not await asyncio.to_thread(logind.let_go, 0.2)
            go_on.set()
            assert await asyncio.to_thread(logind.let_go, 5)
            covered_and_shut(counter)

    drive(play)


def test_a_sheet_on_its_way_is_waited_for_but_not_for_ever(drive: Drive, bus: str) -> None:
    async def play(counter: Counter) -> None:
        await counter.sign_in()
        async with at_a_seat(counter, bus, sheet=0.4) as logind:
            counter.face.certificate.phase = Phase.PRINTING
            logind.prepare_for_sleep(True)
            await asyncio.sleep(0.2)
            assert counter.shell.present == "counter"
            counter.face.certificate.phase = Phase.PREVIEW
            assert await asyncio.to_thread(logind.let_go, 5)
            covered_and_shut(counter)
            logind.prepare_for_sleep(False)
            await counter.quiet()
            await counter.sign_in()
            counter.face.certificate.phase = Phase.PRINTING
            await slept(logind)
            covered_and_shut(counter)
            counter.face.certificate.phase = Phase.PREVIEW

    drive(play)


def test_whoever_opens_the_lid_is_not_let_in_by_what_was_typed_before(drive: Drive, bus: str) -> None:
    async def play(counter: Counter) -> None:
        keys, go_on = counter.world.jobs.log_in, asyncio.Event()
        real = keys._unlock

        async def slow(*secrets: str) -> object:
            found = await real(*secrets)
            await go_on.wait()
            return found

        keys._unlock = slow  # type: ignore[method-assign, assignment]  # Argon2 at work
        async with at_a_seat(counter, bus) as logind:
            for name, text in (("logInStaff", "s001"), ("logInPassword", "aozora"), ("logInCode", "123456")):
                await counter.hands.type(name, text)
            await counter.hands.push("logInButton")
            assert counter.tasks.running("sign_in")
            await slept(logind)
            go_on.set()
            await counter.quiet()
            covered_and_shut(counter)
            for name in ("logInStaff", "logInPassword", "logInCode"):
                assert counter.hands.find(QLineEdit, name).text() == ""
            assert not counter.face.log_in.busy

    drive(play)


def test_a_book_that_cannot_be_written_keeps_no_file_open_over_a_sleep_nor_the_next_one_unwatched(
    drive: Drive, bus: str
) -> None:
    async def play(counter: Counter) -> None:
        await counter.sign_in()
        ledger = counter.world.ledger
        real = ledger.record

        async def full(_entry: object) -> None:
            raise StoreError("store.disk_full")

        async with at_a_seat(counter, bus) as logind:
            ledger.record = full  # type: ignore[method-assign, assignment]  # a full disk
            await slept(logind)
            covered_and_shut(counter)
            ledger.record = real  # type: ignore[method-assign]  # room again
            logind.prepare_for_sleep(False)
            counter.bugs.clear()
            await counter.quiet()
            await counter.sign_in()
            await slept(logind)
            covered_and_shut(counter)

    drive(play)


def test_the_lock_of_the_session_locks_the_counter_after_the_sheet(drive: Drive, bus: str) -> None:
    async def play(counter: Counter) -> None:
        await counter.sign_in()
        async with at_a_seat(counter, bus) as logind:
            counter.face.certificate.phase = Phase.PRINTING
            logind.lock()
            await asyncio.sleep(0.3)
            assert counter.shell.present == "counter"
            counter.face.certificate.phase = Phase.PREVIEW
            await counter.hands.until(lambda: counter.shell.present == "log_in", "the lock", 5)
            await counter.quiet()
            covered_and_shut(counter)

    drive(play)


def test_without_any_bus_the_counter_works_as_ever_and_its_log_says_so(drive: Drive) -> None:
    async def play(counter: Counter) -> None:
        seat = Logind("unix:path=/nowhere/bus", pause=0.05)
        async with watching(counter, seat):
            await counter.sign_in()
            await counter.open_resident()
            counter.face.lock()
            await counter.quiet()
            covered_and_shut(counter)

    with capture_logs() as lines:
        drive(play)
    assert [line["event"] for line in lines].count("sleep not watched") == 1


# -- Windows, with messages made up


def message(number: int, word: int) -> MSG:
    return MSG(message=number, wParam=word)


def test_windows_is_held_up_until_the_counter_is_covered_and_shut(drive: Drive) -> None:
    async def play(counter: Counter) -> None:
        await counter.sign_in()
        seat = WindowsSeat(counter.shell)
        async with watching(counter, seat):
            told, passed = message(WM_POWERBROADCAST, PBT_APMSUSPEND), asyncio.Event()
            answers: list[object] = []

            def sent() -> None:  # by Windows, from the loop
                answers.append(seat.nativeEventFilter(KIND, addressof(told)))
                answers.append(counter.world.stores.keys)  # when the filter returns, the PC sleeps
                passed.set()

            asyncio.get_running_loop().call_soon(sent)
            await passed.wait()
            assert answers == [(False, 0), None]
            covered_and_shut(counter)

    drive(play)


@pytest.mark.parametrize(("number", "word", "locks"), [(WM_WTSSESSION_CHANGE, 7, True), (0x100, 7, False)])
def test_windows_says_that_the_session_is_locked(drive: Drive, number: int, word: int, locks: bool) -> None:
    async def play(counter: Counter) -> None:
        await counter.sign_in()
        seat = WindowsSeat(counter.shell)
        async with watching(counter, seat):
            told = message(number, word)  # kept: what lies at its address is read
            seat.nativeEventFilter(KIND, addressof(told))
            await asyncio.sleep(0.2)
            assert (counter.shell.present == "log_in") is locks

    drive(play)


def test_a_message_that_cannot_be_read_ends_nothing(drive: Drive) -> None:
    async def play(counter: Counter) -> None:
        def broken(_sign: Sign, _done: Done) -> None:
            raise ValueError

        seat = WindowsSeat(counter.shell)
        seat.start(broken)
        told = message(WM_POWERBROADCAST, PBT_APMSUSPEND)
        with capture_logs() as lines:
            assert seat.nativeEventFilter(KIND, addressof(told)) == (False, 0)
        seat.close()
        assert [line["event"] for line in lines] == ["seat message not read"]

    drive(play)
