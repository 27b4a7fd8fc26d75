"""The five analyses: what each counts, whose it is, and from where on it stands out."""

from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from client.domain.calendar import TOKYO
from client.domain.journal import BookLine
from client.domain.resident import AtenaNo
from client.rules.book_analyses import Analyses, Analysis, Finding, Thresholds, longest_row, most_within

FRIDAY = datetime(2026, 11, 20, 10, tzinfo=TOKYO)
MINUTE = timedelta(minutes=1)


def a_line(
    at: datetime, kind: str = "view", actor: str = "s001", /, *people: str, **facts: str | int
) -> BookLine:
    return BookLine(1, at.astimezone(UTC), kind, actor, tuple(map(AtenaNo, people)), facts)


def found(lines: Iterable[BookLine], which: Analysis, limits: Thresholds | None = None) -> list[Finding]:
    counts = Analyses(limits or Thresholds())
    counts.add(lines)
    return [one for one in counts.found() if one.analysis is which]


@pytest.mark.parametrize(
    ("at", "off"),
    [
        (FRIDAY, False),
        (FRIDAY.replace(hour=21, minute=59), False),
        (FRIDAY.replace(hour=22), True),
        (FRIDAY.replace(hour=0), True),
        (FRIDAY.replace(hour=4, minute=59), True),
        (FRIDAY.replace(hour=5), False),
        (FRIDAY + timedelta(days=1), True),  # Saturday
        (FRIDAY + timedelta(days=3), True),  # 勤労感謝の日
    ],
)
def test_night_and_days_off_are_those_of_japan(at: datetime, off: bool) -> None:
    assert bool(found([a_line(at)], Analysis.OFF_HOURS)) is off


def test_a_town_may_be_open_on_a_saturday_and_closed_on_a_friday() -> None:
    limits = Thresholds(
        open_days=frozenset({date(2026, 11, 21)}), closed_days=frozenset({date(2026, 11, 20)})
    )
    assert found([a_line(FRIDAY + timedelta(days=1))], Analysis.OFF_HOURS, limits) == []
    assert len(found([a_line(FRIDAY)], Analysis.OFF_HOURS, limits)) == 1


@pytest.mark.parametrize("kind", ["declaration", "deputy", "doubtful"])
def test_what_two_declare_and_an_officer_signs_off_at_night_is_theirs(kind: str) -> None:
    assert found([a_line(FRIDAY.replace(hour=2), kind, "s009", what="declared")], Analysis.OFF_HOURS)


def tries(*moments: datetime, told: datetime = FRIDAY) -> list[BookLine]:
    return [
        a_line(told, "sign_in", "s009", how="tried", no=number, at=at.astimezone(UTC).isoformat())
        for number, at in enumerate(moments)
    ]


def test_a_failure_told_beside_a_clerk_is_one_try_however_many_were_made_around_it() -> None:
    five = [FRIDAY + timedelta(seconds=2 * place) for place in range(5)]
    beside = a_line(five[2], "sign_in", "s001", how="failed", who="s009", code="sign_in.wrong_secret")
    lines = [beside, *tries(*five, told=FRIDAY + timedelta(hours=3))]
    assert [(one.staff, one.count) for one in found(lines, Analysis.FAILED)] == [("s009", 5)]


def test_a_count_of_before_moments_were_kept_stays_beside_tries_of_later() -> None:
    before = a_line(FRIDAY - timedelta(days=30), "sign_in", "s009", how="failed", tries=9)
    now = [*tries(FRIDAY - MINUTE), a_line(FRIDAY, "sign_in", "s009", how="failed", tries=1)]
    assert sorted(one.count for one in found([before, *now], Analysis.FAILED)) == [1, 9]


def test_of_more_tries_than_are_kept_the_count_tells_the_rest() -> None:
    lines = [*tries(FRIDAY - MINUTE, FRIDAY), a_line(FRIDAY, "sign_in", "s009", how="failed", tries=7)]
    assert [one.count for one in found(lines, Analysis.FAILED)] == [7]


def test_what_the_program_writes_at_night_is_nobodys_access() -> None:
    night = FRIDAY.replace(hour=2)
    kinds = ("sync", "verify", "answer", "hold", "outbox", "gap", "loss")
    assert found([a_line(night, kind, "sync") for kind in kinds], Analysis.OFF_HOURS) == []
    assert found([a_line(night, "view", "")], Analysis.OFF_HOURS) == []


def test_wrong_secrets_count_for_the_id_that_was_tried_and_as_often_as_they_were() -> None:
    lines = [
        a_line(FRIDAY, "sign_in", "s001", how="failed", tries=2),
        a_line(FRIDAY, "sign_in", "s001", how="failed", who="s009", code="sign_in.wrong_secret"),
        a_line(FRIDAY + MINUTE, "sign_in", "s001", how="failed", tries=1),
    ]
    told = {one.staff: (one.count, one.stands_out) for one in found(lines, Analysis.FAILED)}
    assert told == {"s001": (3, True), "s009": (1, False)}


def test_a_try_counts_once_on_its_own_day_however_often_and_whenever_it_is_told() -> None:
    night = FRIDAY.replace(hour=2)
    moment = night.astimezone(UTC).isoformat()
    told = [a_line(FRIDAY + MINUTE, "sign_in", "s001", how="tried", no=7, at=moment) for _ in range(2)]
    told += [a_line(FRIDAY + timedelta(days=4), "sign_in", "s001", how="failed", tries=1)]
    (failed,) = found(told, Analysis.FAILED)
    assert (failed.day.day, failed.count, failed.first.astimezone(TOKYO)) == (20, 1, night)
    assert [(one.staff, one.count) for one in found(told, Analysis.OFF_HOURS)] == [("s001", 1)]


def test_numbers_that_begin_anew_with_a_file_of_keys_begun_anew_are_other_tries() -> None:
    moments = [(FRIDAY + n * MINUTE).isoformat() for n in range(2)]
    told = [a_line(FRIDAY, "sign_in", "s001", how="tried", no=1, at=at) for at in moments]
    assert [one.count for one in found(told, Analysis.FAILED)] == [2]


def test_what_failed_beside_a_clerk_is_told_at_once_and_not_counted_again_as_a_try() -> None:
    at = FRIDAY.isoformat()
    told = [
        a_line(
            FRIDAY + timedelta(seconds=2),
            "sign_in",
            "s001",
            how="failed",
            who="s009",
            code="sign_in.wrong_secret",
        ),
        a_line(FRIDAY + timedelta(hours=3), "sign_in", "s009", how="tried", no=3, at=at),
    ]
    assert [(one.staff, one.count) for one in found(told, Analysis.FAILED)] == [("s009", 1)]


def test_a_moment_that_cannot_be_read_is_that_of_the_line() -> None:
    told = [a_line(FRIDAY, "sign_in", "s001", how="tried", no=1, at="gestern")]
    assert [one.day.day for one in found(told, Analysis.FAILED)] == [20]


def test_sign_ins_are_counted_by_id_and_day_and_leaving_is_none() -> None:
    lines = [a_line(FRIDAY + n * MINUTE, "sign_in", "s001", how="online") for n in range(20)]
    lines += [a_line(FRIDAY, "sign_in", "s001", how=how) for how in ("out", "failed", "beside_online")]
    lines += [a_line(FRIDAY + timedelta(days=3), "sign_in", "s001", how="offline")]
    told = [(one.day.day, one.count, one.stands_out) for one in found(lines, Analysis.SIGN_INS)]
    assert told == [(20, 20, True), (23, 1, False)]


def test_searches_within_any_hour_count_also_over_the_turn_of_the_hour() -> None:
    lines = [a_line(FRIDAY + timedelta(minutes=31) + n * MINUTE, "look_up") for n in range(58)]
    (quiet,) = found(lines, Analysis.MASS)
    assert (quiet.most, quiet.stands_out) == (58, False)
    lines += [a_line(FRIDAY + timedelta(minutes=50, seconds=n), "look_up") for n in (1, 2)]
    (loud,) = found(lines, Analysis.MASS)
    assert (loud.most, loud.stands_out) == (60, True)


def test_numbers_tried_one_after_the_other_stand_out_long_before_there_are_many() -> None:
    people = ("1000000012", "1000000025", "1000000038", "1000000041", "1000000053")  # stems 100000001..5
    lines = [a_line(FRIDAY + n * MINUTE, "look_up", "s001", one, by="number") for n, one in enumerate(people)]
    (finding,) = found(lines, Analysis.BY_NUMBER)
    assert (finding.count, finding.most, finding.stands_out) == (5, 5, True)
    by_name = [replace(line, facts={"by": "name+place"}) for line in lines]
    assert found(by_name, Analysis.BY_NUMBER) == []


def test_a_number_beside_other_fields_is_a_search_from_a_number_too() -> None:
    assert len(found([a_line(FRIDAY, "look_up", by="birth+number")], Analysis.BY_NUMBER)) == 1


def test_newcomers_without_a_number_are_in_no_row() -> None:
    assert longest_row(["new-01", "", "1000000012"]) == 1


def test_what_stands_out_comes_first_and_the_newest_day_before_the_others() -> None:
    lines = [
        a_line(FRIDAY + timedelta(days=n), "sign_in", "s001", how="failed", tries=n + 1) for n in range(4)
    ]
    told = [(one.day.day, one.stands_out) for one in found(lines, Analysis.FAILED)]
    assert told == [(23, True), (22, True), (21, False), (20, False)]


@given(st.lists(st.integers(0, 86_399), max_size=60), st.randoms(use_true_random=False))
def test_the_order_in_which_lines_are_read_changes_nothing(seconds: list[int], random: Random) -> None:
    lines = [
        a_line(
            FRIDAY.replace(hour=0) + timedelta(seconds=one),
            ("look_up", "view", "sign_in")[one % 3],
            f"s00{one % 4}",
            f"{1000000000 + one}",
            by=("number", "name")[one % 2],
            how=("online", "failed")[one % 2],
        )
        for one in seconds
    ]
    mixed = list(lines)
    random.shuffle(mixed)
    whole, parts = Analyses(Thresholds()), Analyses(Thresholds())
    whole.add(lines)
    for line in mixed:
        parts.add([line])
    assert whole.found() == parts.found()


@given(st.lists(st.integers(0, 600), max_size=40))
def test_the_most_within_a_span_is_that_of_every_window_tried(minutes: list[int]) -> None:
    times = [FRIDAY + one * MINUTE for one in minutes]
    tried = [sum(begin <= at < begin + timedelta(hours=1) for at in times) for begin in times]
    assert most_within(times, timedelta(hours=1)) == max(tried, default=0)
