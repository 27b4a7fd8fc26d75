"""This PC says that it sleeps, and waits for us; its session says that it was locked. A real bus, a played logind."""

import queue
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager

import pytest
from structlog.testing import capture_logs

from installer.dev.services import wait_until
from offline.seat.logind import Logind
from offline.seat.signs import Done, Sign
from tests.offline.logind_builders import PlayedLogind, a_bus, has_bus

pytestmark = [pytest.mark.service, pytest.mark.skipif(not has_bus(), reason="no dbus-daemon here")]
SOON = 5.0  # seconds
Told = queue.Queue[tuple[Sign, Done]]


@pytest.fixture(scope="module")
def bus() -> Iterator[str]:
    with a_bus() as address:
        yield address


class Listening:
    """A door that listens on a bus; what is heard is put into a queue."""

    def __init__(self, bus: str, pause: float) -> None:
        self.told: Told = queue.Queue()
        self.door = Logind(bus, pause=pause)
        self.door.start(lambda *sign: self.told.put(sign))

    def hear(self) -> tuple[Sign, Done]:
        return self.told.get(timeout=SOON)

    @property
    def name(self) -> str:
        assert self.door._link is not None
        return str(self.door._link.unique_name)

    def hears_nothing(self) -> None:
        with pytest.raises(queue.Empty):
            self.told.get(timeout=0.2)

    def ready(self) -> None:
        assert self.door.listens.wait(SOON)


@contextmanager
def listening(bus: str, *, pause: float = 0.05) -> Iterator[Listening]:
    one = Listening(bus, pause)
    try:
        yield one
    finally:
        one.door.close()
        assert one.door.join(SOON)


def test_a_sleep_waits_until_all_is_put_away_and_the_next_one_waits_again(bus: str) -> None:
    with closing(PlayedLogind(bus)) as logind, listening(bus) as ear:
        ear.ready()
        assert logind.asked[0][:3] == ("Inhibit", "sleep", "madoguchi")
        assert logind.asked[0][-1] == "delay"
        for _ in range(2):
            logind.prepare_for_sleep(True)
            sign, done = ear.hear()
            assert sign is Sign.SLEEP
            assert not logind.let_go(0.1)
            done()
            assert logind.let_go(SOON)
            held = len(logind.inhibitors)
            logind.prepare_for_sleep(False)
            wait_until(lambda: len(logind.inhibitors) > held, seconds=SOON, what="the door")  # noqa: B023 - at once
            assert not logind.let_go(0.1)
    assert logind.asked.count(logind.asked[0]) == 3


def test_whoever_may_not_delay_a_sleep_hears_of_it_all_the_same(bus: str) -> None:
    with capture_logs() as lines, closing(PlayedLogind(bus, delays=False)) as logind, listening(bus) as ear:
        ear.ready()
        logind.prepare_for_sleep(True)
        sign, done = ear.hear()
        done()
        assert sign is Sign.SLEEP
    assert "sleep not delayed" in [line["event"] for line in lines]


@pytest.mark.parametrize(("name", "value"), [("LockedHint", True), ("Active", False), ("Lock", True)])
def test_a_session_that_is_locked_or_left_is_heard(bus: str, name: str, value: bool) -> None:
    with closing(PlayedLogind(bus)) as logind, listening(bus) as ear:
        ear.ready()
        logind.tell("IdleHint", True)
        logind.tell("LockedHint", False)
        logind.tell("Active", True)
        ear.hears_nothing()
        if name == "Lock":
            logind.lock()
        else:
            logind.tell(name, value)
        assert ear.hear()[0] is Sign.LOCK


def test_who_has_no_session_at_a_seat_hears_of_sleep(bus: str) -> None:
    with closing(PlayedLogind(bus, session=False)) as logind, listening(bus) as ear:
        ear.ready()
        logind.lock()
        logind.prepare_for_sleep(True)
        sign, done = ear.hear()
        done()
        assert sign is Sign.SLEEP


def test_another_program_that_plays_logind_is_not_heard(bus: str) -> None:
    with closing(PlayedLogind(bus)), listening(bus) as ear:
        ear.ready()
        with closing(PlayedLogind(bus, named=False)) as other:
            other.prepare_for_sleep(True)
            other.lock()
            other.lock(to=ear.name)  # which no rule of ours holds back
            ear.hears_nothing()


def test_without_bus_or_logind_it_says_so_once_and_finds_it_when_it_comes(bus: str) -> None:
    with capture_logs() as lines:
        with listening("unix:path=/nowhere/bus", pause=0.01):
            threading.Event().wait(0.2)
        assert [line["event"] for line in lines] == ["sleep not watched"]
        with listening(bus) as ear:
            threading.Event().wait(0.2)
            with closing(PlayedLogind(bus)) as logind:
                ear.ready()
                logind.lock()
                assert ear.hear()[0] is Sign.LOCK
    assert [line["event"] for line in lines].count("sleep watched") == 1


def test_after_logind_was_started_anew_the_next_sleep_waits_for_us(bus: str) -> None:
    with listening(bus) as ear:
        with closing(PlayedLogind(bus)):
            ear.ready()
        with closing(PlayedLogind(bus)) as second:
            wait_until(lambda: bool(second.inhibitors), seconds=SOON, what="the door")
            ear.ready()
            second.prepare_for_sleep(True)
            _, done = ear.hear()
            assert not second.let_go(0.1)
            done()
            assert second.let_go(SOON)


def test_a_door_that_is_closed_holds_up_no_sleep(bus: str) -> None:
    with closing(PlayedLogind(bus)) as logind:
        with listening(bus) as ear:
            ear.ready()
        assert logind.let_go(SOON)
