"""A link goes down after two failures and comes up after one success; the mode follows."""

from datetime import datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from client.rules.link import (
    LONGEST_WAIT,
    Health,
    LinkRules,
    LinkState,
    after_failure,
    after_success,
    answer_wait,
    begin,
)
from client.rules.modes import Mode, StopReason, WorkLeft, mode_of
from tests.builders import NOW

SECOND = timedelta(seconds=1)


def failed(state: LinkState, now: datetime = NOW, *, probe: bool = False, jitter: float = 1.0) -> LinkState:
    return after_failure(state, now, code="link.timeout", probe=probe, jitter=jitter)


def up(now: datetime = NOW) -> LinkState:
    return after_success(begin(now), now, ms=50)


def down(now: datetime = NOW) -> LinkState:
    return failed(failed(up(now), now), now, probe=True)


def test_at_the_start_nothing_is_known_and_the_first_probe_is_due() -> None:
    state = begin(NOW)
    assert (state.health, state.usable, state.next_probe_at) == (Health.DOUBTFUL, True, NOW)
    assert failed(state, probe=True).health is Health.DOWN
    assert after_success(state, NOW, ms=50).health is Health.UP


def test_a_failed_call_is_probed_at_once_and_is_not_yet_an_outage() -> None:
    state = failed(up())
    assert (state.health, state.usable, state.next_probe_at) == (Health.DOUBTFUL, True, NOW)
    assert state.code == "link.timeout"


def test_the_second_failure_in_a_row_is_an_outage() -> None:
    state = failed(failed(up()), NOW + SECOND, probe=True)
    assert (state.health, state.usable, state.since) == (Health.DOWN, False, NOW + SECOND)
    assert state.next_probe_at == NOW + 2 * SECOND


def test_a_success_between_two_failures_makes_them_no_outage() -> None:
    assert failed(after_success(failed(up()), NOW, ms=50)).usable


def test_waits_grow_to_a_minute_and_a_failed_call_does_not_hurry_them() -> None:
    state, waits = down(), []
    for _ in range(8):
        at = state.next_probe_at
        assert failed(state, at - SECOND / 2).next_probe_at == at
        assert failed(state, at - SECOND / 2).failures == state.failures
        state = failed(state, at, probe=True)
        waits.append((state.next_probe_at - at).total_seconds())
    assert waits == [2, 4, 8, 16, 32, 60, 60, 60]


def test_on_a_metered_line_probes_are_rarer() -> None:
    state = after_success(begin(NOW), NOW, ms=50, metered=True)
    assert state.next_probe_at == NOW + 60 * SECOND
    state = after_failure(down(), NOW, code="link.timeout", probe=True, jitter=0.0, metered=True)
    assert state.next_probe_at == NOW + 10 * SECOND


def test_one_success_brings_a_link_up_and_forgets_the_trouble() -> None:
    state = after_success(down(), NOW + SECOND, ms=80)
    assert (state.health, state.since, state.code, state.failures) == (Health.UP, NOW + SECOND, "", 0)
    assert not state.in_trouble(NOW + SECOND)
    assert state.next_probe_at == NOW + 11 * SECOND


def test_a_town_may_ask_for_more_than_one_success() -> None:
    rules = LinkRules(successes_to_up=2)
    once = after_success(down(), NOW, ms=80, rules=rules)
    assert (once.health, once.next_probe_at) == (Health.DOWN, NOW)
    assert after_success(once, NOW, ms=80, rules=rules).health is Health.UP


def test_a_call_that_fails_where_the_probe_succeeds_is_trouble_for_a_while() -> None:
    state = after_success(failed(up()), NOW + SECOND, ms=50)
    assert state.usable
    assert state.in_trouble(NOW + SECOND)
    assert state.code == "link.timeout"
    assert not state.in_trouble(NOW + 31 * SECOND)
    assert after_success(state, NOW + 31 * SECOND, ms=50).code == ""


def test_a_mobile_lines_round_trip_is_not_slow_and_one_slow_answer_is_not_either() -> None:
    state = up()
    for ms in (600, 1200, 600, 3500, 3500, 600):
        state = after_success(state, NOW, ms=ms)
        assert not state.is_slow
    for _ in range(3):
        state = after_success(state, NOW, ms=3500)
    assert state.is_slow
    assert not after_success(state, NOW, ms=600).is_slow


@given(
    st.lists(
        st.tuples(st.sampled_from(["answer", "call fails", "probe fails"]), st.floats(0, 1)), max_size=40
    )
)
def test_whatever_happens_two_failures_are_down_one_answer_is_up_and_no_wait_is_over_a_minute(
    events: list[tuple[str, float]],
) -> None:
    state, now, in_a_row = up(), NOW, 0
    for event, jitter in events:
        now += SECOND
        if event == "answer":
            state, in_a_row = after_success(state, now, ms=50), 0
        else:
            state = failed(state, now, probe=event == "probe fails", jitter=jitter)
            in_a_row += 1
        assert state.usable == (in_a_row < 2)
        assert state.next_probe_at - now <= 60 * SECOND


# The mode


@pytest.mark.parametrize(
    ("link", "more", "mode"),
    [
        (up(), {}, Mode.NORMAL),
        (begin(NOW), {}, Mode.NORMAL),
        (up(), {"metered": True}, Mode.DEGRADED),
        (failed(up()), {}, Mode.DEGRADED),
        (down(), {}, Mode.DISASTER),
        (down(), {"metered": True, "before": Mode.RECOVERY}, Mode.DISASTER),
        (up(), {"before": Mode.DISASTER, "left": WorkLeft(1)}, Mode.RECOVERY),
        (up(), {"before": Mode.DISASTER, "left": WorkLeft(0, feeds_behind=True)}, Mode.RECOVERY),
        (up(), {"before": Mode.RECOVERY, "left": WorkLeft(3), "metered": True}, Mode.RECOVERY),
        (up(), {"before": Mode.RECOVERY}, Mode.NORMAL),
        (up(), {"before": Mode.DISASTER}, Mode.NORMAL),
        (up(), {"before": Mode.NORMAL, "left": WorkLeft(2)}, Mode.NORMAL),
        (down(), {"stopped": StopReason.LEASE_OVER}, Mode.STOPPED),
        (up(), {"stopped": StopReason.CLOCK}, Mode.STOPPED),
    ],
)
def test_the_mode_that_follows(link: LinkState, more: dict[str, object], mode: Mode) -> None:
    assert mode_of(link, NOW, **more) is mode  # type: ignore[arg-type]  # a table of keyword arguments


def test_a_slow_link_is_degraded() -> None:
    state = up()
    for _ in range(3):
        state = after_success(state, NOW, ms=4000)
    assert mode_of(state, NOW) is Mode.DEGRADED


@pytest.mark.parametrize(
    ("last_ms", "seconds"),
    [(None, 1.8), (0, 1.8), (20, 1.8), (450, 1.8), (500, 2.0), (620, 2.48), (650, 2.5), (60_000, 2.5)],
)
def test_a_clerk_waits_longer_on_a_far_line_and_never_long(last_ms: int | None, seconds: float) -> None:
    assert answer_wait(1.8, last_ms) == pytest.approx(seconds)


def test_a_line_of_600_ms_lets_a_connection_be_opened_within_the_wait() -> None:
    assert answer_wait(1.8, 600) >= 3 * 0.6 + 0.5


@given(st.floats(0.3, 10), st.none() | st.integers(0, 10**6))
def test_the_wait_is_never_below_what_a_town_sets_nor_stretched_beyond_the_longest(
    usual: float, last_ms: int | None
) -> None:
    assert usual <= answer_wait(usual, last_ms) <= max(usual, LONGEST_WAIT)
