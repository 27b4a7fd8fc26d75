"""Of several up-links the first usable one carries, and the way back to a better one is not taken in haste."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from client.rules.link import after_failure, after_success, begin
from client.rules.uplinks import GOOD_FOR, Choice, choose
from tests.builders import NOW

SECOND = timedelta(seconds=1)
MAIN, OTHER, MOBILE = range(3)


@dataclass
class Lines:
    """Three up-links one can answer and cut, on a clock."""

    now: datetime = NOW
    choice: Choice = field(default_factory=lambda: Choice((begin(NOW),) * 3))

    def answers(self, index: int) -> None:
        self._becomes(index, after_success(self.choice.states[index], self.now, ms=40))

    def fails(self, index: int) -> None:
        state = self.choice.states[index]
        self._becomes(index, after_failure(state, self.now, code="link.timeout", probe=True, jitter=1.0))

    def later(self, seconds: float) -> None:
        self.now += seconds * SECOND

    def _becomes(self, index: int, state: object) -> None:
        self.choice = choose(self.choice, index, state, unknown=begin(self.now), now=self.now)  # type: ignore[arg-type]  # a LinkState


def cut_over() -> Lines:
    lines = Lines()
    lines.answers(MAIN)
    lines.fails(MAIN)
    lines.fails(MAIN)
    lines.answers(OTHER)
    return lines


def test_the_best_one_is_tried_first_and_the_others_are_left_alone() -> None:
    lines = Lines()
    assert [lines.choice.is_watched(one) for one in (MAIN, OTHER, MOBILE)] == [True, False, False]


def test_one_failure_changes_nothing_and_an_outage_hands_over_to_the_next() -> None:
    lines = Lines()
    lines.answers(MAIN)
    lines.fails(MAIN)
    assert lines.choice.carrying == MAIN
    lines.fails(MAIN)
    assert (lines.choice.carrying, lines.choice.state.next_probe_at) == (OTHER, lines.now)
    lines.fails(OTHER)
    assert lines.choice.carrying == MOBILE
    assert all(map(lines.choice.is_watched, (MAIN, OTHER, MOBILE)))


def test_where_none_answers_all_are_probed_and_the_first_that_does_carries() -> None:
    lines = cut_over()
    for one in (OTHER, OTHER, MOBILE):
        lines.fails(one)
    assert not lines.choice.state.usable
    assert all(map(lines.choice.is_watched, (MAIN, OTHER, MOBILE)))
    lines.answers(OTHER)
    assert (lines.choice.carrying, lines.choice.state.usable) == (OTHER, True)


def test_the_way_back_is_taken_only_after_the_better_one_was_good_for_a_while() -> None:
    lines = cut_over()
    for _ in range(6):
        lines.answers(MAIN)
        assert lines.choice.carrying == OTHER
        lines.later(10)
    lines.answers(MAIN)
    assert (lines.choice.carrying, lines.choice.state.since) == (MAIN, NOW)


def test_a_clock_set_back_does_not_keep_it_on_the_worse_one() -> None:
    lines = cut_over()
    lines.answers(MAIN)
    lines.later(-3600)
    lines.answers(MAIN)
    assert lines.choice.carrying == MAIN


def test_a_better_one_that_stumbles_begins_its_time_anew() -> None:
    lines = cut_over()
    lines.answers(MAIN)
    lines.later(50)
    lines.fails(MAIN)
    lines.answers(MAIN)
    lines.later(50)
    lines.answers(MAIN)
    assert lines.choice.carrying == OTHER


def test_back_on_the_better_one_what_was_known_of_the_worse_is_forgotten() -> None:
    lines = cut_over()
    lines.answers(MAIN)
    lines.later(60)
    lines.answers(MAIN)
    lines.fails(MAIN)
    lines.fails(MAIN)
    assert (lines.choice.carrying, lines.choice.state.usable) == (OTHER, True)


def test_a_carrying_line_that_dies_hands_over_to_a_better_one_at_once_where_that_answers() -> None:
    lines = cut_over()
    lines.answers(MAIN)
    lines.fails(OTHER)
    lines.fails(OTHER)
    assert lines.choice.carrying == MAIN


@given(st.lists(st.tuples(st.integers(0, 2), st.booleans(), st.sampled_from([0.5, 5, 20, 70])), max_size=60))
def test_whatever_happens_a_usable_one_carries_and_nobody_goes_back_in_haste(
    events: list[tuple[int, bool, float]],
) -> None:
    lines = Lines()
    for index, good, pause in events:
        lines.later(pause)
        if not lines.choice.is_watched(index):
            continue
        before = lines.choice
        (lines.answers if good else lines.fails)(index)
        after = lines.choice
        assert after.state.usable or not any(one.usable for one in after.states)
        if (
            after.carrying < before.carrying
            and before.states[before.carrying].usable
            and index != before.carrying
        ):
            assert lines.now - after.state.since >= GOOD_FOR
