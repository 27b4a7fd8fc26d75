"""A fill's pace, the time it still takes, and how many chunks it fetches at once."""

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from client.rules.filling import Pace, side_by_side

moments = st.floats(0.01, 600, allow_nan=False)
sizes = st.integers(1, 5_000_000)


def test_a_pace_is_not_told_from_the_first_pieces() -> None:
    assert Pace().rate is None
    assert Pace().after(1_000, 0.2).rate is None
    assert Pace().after(1_000, 0.2).left(10) is None


def test_a_steady_line_is_told_as_it_is() -> None:
    pace = Pace()
    for _ in range(50):
        pace = pace.after(16_000, 1.0)
    assert pace.rate == pytest.approx(16_000, rel=0.05)
    left = pace.left(160_000)
    assert left is not None
    assert left.total_seconds() == pytest.approx(10, abs=2)


def test_a_line_that_becomes_thin_is_told_so_within_a_minute() -> None:
    pace = Pace().after(10_000_000, 10.0)
    for _ in range(6):
        pace = pace.after(100_000, 10.0)
    assert pace.rate is not None
    assert pace.rate < 200_000


@given(st.lists(st.tuples(sizes, moments), min_size=1, max_size=20))
def test_a_pace_lies_between_the_slowest_and_the_fastest_piece(pieces: list[tuple[int, float]]) -> None:
    pace = Pace()
    for size, seconds in pieces:
        pace = pace.after(size, seconds)
    rates = [size / seconds for size, seconds in pieces]
    if pace.rate is not None:
        # A piece is counted whole at its end, and its seconds are not faded within it.
        assert min(rates) * 0.99 - 1 <= pace.rate <= max(rates) * 1.01 + 1


def test_nothing_left_takes_no_time_to_speak_of_and_a_clock_set_back_is_no_harm() -> None:
    pace = Pace().after(1000, 2.0).after(1000, -50.0)
    assert pace.rate == 1000
    assert pace.left(0) == timedelta(seconds=1)


@pytest.mark.parametrize(
    ("size", "seconds", "under_way", "at_once"),
    [
        (700_000, 0.5, 1, 4),
        (700_000, 40.0, 1, 1),  # 128 kbit/s: side by side each would run into its own time limit
        (700_000, 8.0, 4, 4),  # shared by four, each is slower
        (700_000, 40.0, 4, 1),  # and the line became thin
        (900, 0.7, 1, 1),  # a satellite's round trip says nothing of its width
    ],
)
def test_chunks_come_side_by_side_on_a_good_line_only(
    size: int, seconds: float, under_way: int, at_once: int
) -> None:
    assert side_by_side(size, seconds, under_way) == at_once


def test_a_small_chunk_leaves_it_as_it_was() -> None:
    assert side_by_side(10, 60.0, 4, before=4) == 4
