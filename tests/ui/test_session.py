"""Who is at the counter is looked at every second: the lease ends a session, and nobody works on old data unaware."""

import time
from dataclasses import dataclass, field, replace
from datetime import timedelta
from pathlib import Path

import pytest

from client.domain.clerk import HowSignedIn, SignIn
from client.domain.errors import LinkDownError, SignInNeededError
from client.jobs.watch_link import LinkWatch
from client.rules.modes import Mode, StopReason
from tests.builders import a_sign_in
from tests.fakes import FakeClock
from ui.session import IdleLock, SessionWatch, since_boot


async def _nothing(_: float = 0) -> None:
    return


@dataclass
class Desk:
    """A face that takes notes, and the watch over it."""

    room: bool = True
    stopped: list[str] = field(default_factory=list)
    offers: int = 0
    clock: FakeClock = field(default_factory=FakeClock)
    on_for: timedelta = timedelta(hours=1)

    def __post_init__(self) -> None:
        self.link = LinkWatch(_nothing, self.clock, _nothing)
        self.session = SessionWatch(
            self.link, now=self.clock, stop=self.stop, offer=self.offer, steady=lambda: self.on_for
        )

    def stop(self, error: SignInNeededError) -> None:
        self.stopped.append(error.code)

    def offer(self) -> bool:
        self.offers += self.room
        return self.room

    def cut(self) -> None:
        for _ in range(2):
            self.link.note_failure(LinkDownError("link.unreachable"))


def off_line() -> SignIn:
    return replace(a_sign_in(), access_token=None, how=HowSignedIn.OFFLINE)


def seconds(desk: Desk, present: SignIn | None, count: int = 3) -> None:
    for _ in range(count):
        desk.clock.forward(timedelta(seconds=1))
        desk.session.look(present)


def test_the_lease_ends_a_session_and_a_renewed_one_goes_on() -> None:
    desk, present = Desk(), off_line()
    desk.cut()
    seconds(desk, present)
    assert desk.stopped == []
    desk.clock.time = present.lease.until
    seconds(desk, present, 1)
    assert desk.stopped == ["sign_in.lease_over"]
    assert (desk.link.mode, desk.link.stopped) == (Mode.STOPPED, StopReason.LEASE_OVER)
    seconds(desk, None)
    assert desk.link.mode is Mode.STOPPED  # until somebody is let in again
    desk.link.note_success(20)
    renewed = replace(
        a_sign_in(), lease=replace(present.lease, until=present.lease.until + timedelta(days=7))
    )
    seconds(desk, renewed)
    assert desk.link.stopped is None
    assert len(desk.stopped) == 1


def test_a_locked_counter_says_once_that_the_lease_of_who_left_it_is_over() -> None:
    for back in (timedelta(0), timedelta(days=2)):
        desk, present = Desk(), off_line()
        desk.cut()
        seconds(desk, present)
        seconds(desk, None)
        assert (desk.stopped, desk.link.stopped) == ([], None)
        desk.on_for += present.lease.until - desk.clock.time
        desk.clock.time = present.lease.until - back
        seconds(desk, None)
        assert desk.stopped == ["sign_in.lease_over"]
        assert desk.link.mode is Mode.STOPPED


def test_a_locked_counter_with_a_line_is_not_stopped_whoever_left_it_signs_in_on_line() -> None:
    desk, present = Desk(), off_line()
    seconds(desk, present)
    desk.link.note_success(20)
    desk.clock.time = present.lease.until + timedelta(days=1)
    seconds(desk, None)
    assert (desk.stopped, desk.link.stopped) == ([], None)


def test_a_terminal_the_town_has_shut_lets_its_clerk_go_and_a_lifted_lock_lets_the_work_go_on() -> None:
    desk, present = Desk(), off_line()
    desk.link.stop(StopReason.ORDERED)
    seconds(desk, present, 1)
    assert (desk.stopped, desk.link.mode) == (["sign_in.shut"], Mode.STOPPED)
    desk.link.stop(None)
    seconds(desk, a_sign_in())
    assert desk.stopped == ["sign_in.shut"]


def test_a_sheet_on_its_way_is_waited_for() -> None:
    desk, present = Desk(), off_line()
    desk.clock.time = present.lease.until
    seconds(desk, present, 3)  # the face could not lock yet: it is asked again
    assert len(desk.stopped) == 3


def test_a_clock_set_back_makes_no_lease_longer() -> None:
    desk, present = Desk(), off_line()
    desk.clock.time = present.lease.until - timedelta(seconds=2)
    seconds(desk, present, 1)
    desk.clock.forward(timedelta(seconds=5))
    desk.session.look(None)
    desk.clock.forward(-timedelta(seconds=5))
    desk.session.look(present)
    assert desk.stopped == []  # a new session begins with the clock as it was checked at the sign-in
    seconds(desk, present, 1)
    assert desk.stopped == ["sign_in.lease_over"]
    desk.clock.forward(-timedelta(days=1))
    desk.session.look(present)
    assert len(desk.stopped) == 2


def test_a_clock_set_back_again_and_again_makes_no_session_longer() -> None:
    desk, present = Desk(), off_line()
    desk.session.look(present)
    left = present.lease.until - desk.clock.time
    for _ in range(10):
        desk.on_for += left / 10
        desk.clock.forward(-timedelta(hours=1))
        desk.session.look(present)
    assert desk.stopped == ["sign_in.lease_over"]


def test_who_sits_down_later_is_judged_by_the_clock_as_it_stands_then() -> None:
    desk = Desk()
    desk.session.look(off_line())
    desk.on_for += timedelta(days=400)
    desk.session.look(off_line())
    assert desk.stopped == []


@pytest.mark.parametrize(("minutes", "locked"), [(0, False), (9.9, False), (10, True), (600, True)])
def test_the_screen_locks_when_nobody_touched_it_whatever_the_clock_says(
    minutes: float, locked: bool
) -> None:
    passed, locks = timedelta(hours=3), []
    idle = IdleLock(timedelta(minutes=10), lambda: locks.append(1), steady=lambda: passed)
    passed += timedelta(minutes=9)
    idle.touched()
    passed += timedelta(minutes=minutes)
    idle.look(None)
    assert locks == []
    idle.look(off_line())
    assert bool(locks) is locked


def test_the_time_since_the_start_of_this_pc_goes_forward_and_counts_its_sleep() -> None:
    first = since_boot()
    assert timedelta(0) < first <= since_boot()
    if hasattr(time, "CLOCK_BOOTTIME"):
        up = float(Path("/proc/uptime").read_text("ascii").split()[0])
        assert abs(since_boot().total_seconds() - up) < 5


def test_who_signed_in_off_line_hears_once_that_the_line_is_back() -> None:
    desk, present = Desk(), off_line()
    desk.cut()
    seconds(desk, present)
    assert (desk.offers, desk.session.sign_in_again) == (0, False)
    desk.link.note_success(20)
    desk.room = False  # something else is being said
    seconds(desk, present)
    assert (desk.offers, desk.session.sign_in_again) == (0, True)
    desk.room = True
    seconds(desk, present)
    assert desk.offers == 1
    desk.cut()
    seconds(desk, present)
    desk.link.note_success(20)
    seconds(desk, present)
    assert desk.offers == 2
    seconds(desk, a_sign_in())
    assert (desk.offers, desk.session.sign_in_again) == (2, False)


def test_whoever_lost_the_session_at_the_cloud_is_offered_a_new_sign_in() -> None:
    desk, present, has_session = Desk(), a_sign_in(), True
    desk.link.note_success(20)
    desk.session = SessionWatch(
        desk.link, now=desk.clock, stop=desk.stop, offer=desk.offer, has_session=lambda: has_session
    )
    seconds(desk, present)
    assert (desk.offers, desk.session.sign_in_again) == (0, False)
    has_session = False
    seconds(desk, present)
    assert (desk.offers, desk.session.sign_in_again) == (1, True)
    assert desk.stopped == []
