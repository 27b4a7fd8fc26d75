"""Lease and lock-out hold, also against a clock that is set back."""

from datetime import datetime, timedelta
from itertools import pairwise

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from client.domain.clerk import Lease, Right
from client.rules.sign_in import (
    CLOCK_TOLERANCE,
    DEFAULT_LOCKOUT,
    Lockout,
    after_right_secret,
    after_wrong_secret,
    clock_error,
    lease_over,
    locked_for,
    lockout_error,
    may,
    offline_error,
    right_error,
    time_seen,
)
from tests.builders import NOW, a_clerk, a_sign_in

MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
spans = st.timedeltas(timedelta(0), timedelta(days=30))
jumps = st.timedeltas(timedelta(days=-30), timedelta(days=30))


def wrong(times: int) -> Lockout:
    lockout = Lockout()
    for _ in range(times):
        lockout = after_wrong_secret(lockout, NOW)
    return lockout


def test_four_wrong_secrets_do_not_lock_and_the_fifth_does() -> None:
    assert lockout_error(wrong(4), NOW) is None
    error = lockout_error(wrong(5), NOW)
    assert error is not None
    assert (error.code, error.facts) == ("sign_in.locked_out", {"minutes": 5})


def test_the_lock_out_doubles_up_to_an_hour() -> None:
    waits = [locked_for(wrong(times), NOW) / MINUTE for times in range(5, 12)]
    assert waits == [5, 10, 20, 40, 60, 60, 60]


def test_a_lock_out_ends_by_itself_and_the_next_failure_locks_for_longer() -> None:
    later = NOW + 5 * MINUTE
    assert lockout_error(wrong(5), later) is None
    assert locked_for(after_wrong_secret(wrong(5), later), later) == 10 * MINUTE


def test_the_last_half_minute_is_told_as_one() -> None:
    error = lockout_error(wrong(5), NOW + timedelta(minutes=4, seconds=30))
    assert error is not None
    assert error.facts == {"minutes": 1}


@given(st.integers(5, 30), spans)
def test_a_clock_set_back_never_shortens_a_lock_out(times: int, back: timedelta) -> None:
    lockout = wrong(times)
    assert locked_for(lockout, NOW - back) >= locked_for(lockout, NOW)
    again = after_wrong_secret(lockout, NOW - back)
    assert again.until is not None
    assert lockout.until is not None
    assert again.until >= lockout.until


acts = st.sampled_from((*6 * ("wrong",), "time", "started anew"))
far = 30 * DAY
leaps = st.sampled_from(
    (-far, far, *2 * (-4 * MINUTE, 0 * DAY, MINUTE / 60, 5 * MINUTE, HOUR, 2 * HOUR, 3 * HOUR))
)
plays = st.integers(60, 150).flatmap(
    lambda many: st.lists(st.tuples(leaps, acts), min_size=many, max_size=many)
)


def looked_at(days: list[tuple[timedelta, str]]) -> list[tuple[datetime, Lockout]]:
    """Play guesses as the keeper of keys takes them; return when one was looked at, and how it stood after."""
    stand, now, found = Lockout(), NOW, list[tuple[datetime, Lockout]]()
    for leap, act in days:
        now += leap
        before = stand
        if act == "started anew":
            stand = msgspec.json.decode(msgspec.json.encode(stand), type=Lockout)
        elif act == "time":
            stand = time_seen(stand, now)
        elif lockout_error(stand, now) is None and clock_error(now, stand.seen) is None:
            stand = after_wrong_secret(stand, now)
            found.append((now, stand))
        assert before.seen is None or (stand.seen is not None and stand.seen >= before.seen)
        assert before.until is None or (stand.until is not None and stand.until >= before.until)
    return found


@given(plays)
def test_in_any_order_of_guesses_starts_and_clocks_no_more_than_thirty_are_looked_at(
    days: list[tuple[timedelta, str]],
) -> None:
    assert len(looked_at(days)) <= DEFAULT_LOCKOUT.most


@given(plays)
def test_in_any_order_no_guess_is_looked_at_before_the_wait_of_the_one_before_is_over(
    days: list[tuple[timedelta, str]],
) -> None:
    found = looked_at(days)
    for (_, stand), (then, _) in pairwise(found):
        assert stand.until is None or then >= stand.until
    for number, ((at, _), (then, _)) in enumerate(pairwise(found), 1):
        if number >= DEFAULT_LOCKOUT.failures:
            assert then - at >= min(DEFAULT_LOCKOUT.first * 2 ** (number - 5), DEFAULT_LOCKOUT.longest)


def test_a_clock_set_forward_before_each_guess_reaches_thirty_and_stays_there() -> None:
    assert len(looked_at([(2 * HOUR, "wrong")] * 200)) == DEFAULT_LOCKOUT.most


def test_the_right_secret_forgets_the_wrong_ones_but_not_the_time() -> None:
    assert after_right_secret(wrong(3), NOW - MINUTE) == Lockout(seen=NOW)
    assert time_seen(wrong(3), NOW + MINUTE) == Lockout(3, None, NOW + MINUTE)


@given(spans, jumps)
def test_a_lease_is_over_when_it_says_so_and_a_clock_set_back_does_not_lengthen_it(
    since: timedelta, jump: timedelta
) -> None:
    lease = Lease(NOW + timedelta(days=7))
    seen = NOW + since
    if seen >= lease.until:
        assert lease_over(lease, seen + jump, seen)
    assert lease_over(lease, seen) == (since >= timedelta(days=7))


def test_off_line_a_lease_lets_in_until_it_ends() -> None:
    lease = Lease(NOW + MINUTE)
    assert offline_error(lease, NOW) is None
    assert offline_error(lease, NOW, NOW + CLOCK_TOLERANCE) is not None
    error = offline_error(lease, NOW + MINUTE)
    assert error is not None
    assert error.code == "sign_in.lease_over"


def test_a_clock_far_before_a_time_seen_is_off() -> None:
    error = offline_error(Lease(NOW + 9 * MINUTE), NOW, NOW + CLOCK_TOLERANCE + MINUTE)
    assert error is not None
    assert (error.code, error.facts) == ("sign_in.clock_off", {"seconds": 360, "way": "behind"})


def test_a_right_is_had_or_refused_by_name() -> None:
    assert may(a_clerk(Right.VIEW), Right.VIEW)
    assert right_error(a_sign_in(Right.VIEW), Right.VIEW) is None
    error = right_error(a_sign_in(Right.OFFICER), Right.SHIEN_SOCHI)
    assert error is not None
    assert (error.code, error.facts) == ("refused.right_missing", {"right": "shien_sochi"})
