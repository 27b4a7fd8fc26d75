"""Two books are compared in a few questions, whatever either lacks; what contradicts itself is not believed."""

import json
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import cache
from itertools import pairwise
from uuid import UUID

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from client.domain.change import change_key
from client.domain.tally import Tally, ToldTally
from client.rules.tally import PARTS, SLICE, Comparison, entry, since_of, tally_of
from tests.builders import NOW
from tests.vectors import octets, vector

KEEP = timedelta(days=35)
SINCE = since_of(NOW, KEEP, None)
LISTED = 40


def told_of(book: Mapping[str, str], since: str, until: str | None) -> ToldTally:
    """Answer as the contract says."""
    low, high = UUID(since).int, UUID(until).int if until else 1 << 128

    def between(first: int, end: int) -> dict[str, str]:
        return {key: outcome for key, outcome in book.items() if first <= UUID(key).int < end}

    here = between(low, high)
    if len(here) <= LISTED:
        return ToldTally(tally_of(here.items()), NOW, keys=here)
    width = -(-(high - low) // PARTS)
    bounds = sorted({min(low + place * width, high) for place in range(PARTS + 1)})
    parts = [tally_of(between(*two).items()) for two in pairwise(bounds)]
    return ToldTally(tally_of(here.items()), NOW, parts=tuple(parts))


def compared(mine: Mapping[str, str], theirs: Mapping[str, str]) -> tuple[Comparison, int]:
    comparison, asked = Comparison(mine, SINCE, tally_of(theirs.items())), 0
    while (question := comparison.question) is not None:
        told = told_of(theirs, *question)
        assert len(json.dumps(as_wire(told))) < 2_000
        comparison.take(told)
        asked += 1
    return comparison, asked


def as_wire(told: ToldTally) -> object:
    return {
        "parts": [{"held": part.held, "total": "A" * 44 if part.held else ""} for part in told.parts or ()],
        "keys": list(told.keys or ()),
        "whole": "A" * 120,
    }


def a_key(minutes: int, random: int) -> str:
    return change_key(NOW - timedelta(minutes=minutes), random.to_bytes(10))


keys = st.builds(a_key, st.integers(-2 * 1440, 60 * 1440), st.integers(0, 2**74 - 1))
outcomes = st.sampled_from(["accepted", "conflict", "refused"])
books = st.dictionaries(keys, outcomes, max_size=150)


@given(books, st.data())
def test_whatever_is_missing_extra_or_different_is_found(both: dict[str, str], data: st.DataObject) -> None:
    some = st.sets(st.sampled_from(sorted(both))) if both else st.just(set[str]())
    missing, changed = data.draw(some), data.draw(some)
    extra = data.draw(st.dictionaries(keys, outcomes, max_size=60))
    theirs = {key: outcome for key, outcome in both.items() if key not in missing}
    theirs |= {key: "other" for key in changed if key in theirs}
    theirs |= {key: outcome for key, outcome in extra.items() if key not in both}
    comparison, _ = compared(both, theirs)
    found = comparison.found
    assert set(found.missing) == {key for key in both if theirs.get(key) != both[key]}
    assert found.extra == {key: outcome for key, outcome in theirs.items() if both.get(key) != outcome}


@cache
def thousands() -> dict[str, str]:
    return {a_key(number * 16, number): "accepted" for number in range(3_000)}


@settings(max_examples=12)  # each is a book of thousands; where in it is all that is drawn
@given(st.integers(0, 2_999), st.integers(0, 2_999))
def test_one_lost_among_thousands_takes_a_few_questions(lost: int, other: int) -> None:
    book = thousands()
    mine = {key: outcome for place, (key, outcome) in enumerate(book.items()) if place != other}
    theirs = {key: outcome for place, (key, outcome) in enumerate(book.items()) if place != lost}
    comparison, asked = compared(mine, theirs)
    assert asked <= 6
    assert len(comparison.found.missing) == len(comparison.found.extra) == (lost != other)


def test_a_cloud_that_forgot_its_last_week_is_asked_a_few_questions() -> None:
    book = {a_key(number * 4, number): "accepted" for number in range(10_000)}
    kept = {key: outcome for place, (key, outcome) in enumerate(book.items()) if place >= 2_520}
    comparison, asked = compared(book, kept)
    assert asked <= 5
    assert list(comparison.found.missing) == sorted(set(book) - set(kept))  # the oldest first


def test_a_cloud_that_forgot_everything_is_asked_nothing() -> None:
    book = {a_key(number, number): "accepted" for number in range(500)}
    comparison, asked = compared(book, {})
    assert (asked, len(comparison.found.missing)) == (0, 500)


def test_equal_books_need_no_question() -> None:
    book = {a_key(number, number): "accepted" for number in range(500)}
    assert compared(book, book)[1] == 0


def test_a_key_of_a_clock_far_ahead_is_compared_too() -> None:
    ahead = change_key(NOW + timedelta(days=4000), bytes(10))
    assert compared({}, {ahead: "accepted"})[0].found.extra == {ahead: "accepted"}
    assert compared({ahead: "accepted"}, {})[0].found.missing == (ahead,)


LIES = {
    "a part too few": lambda told: replace(told, parts=told.parts[:-1]),
    "parts that do not add up": lambda told: replace(told, parts=(Tally(1, 1), *told.parts[1:])),
    "no parts": lambda told: replace(told, parts=None),
    "keys that do not add up": lambda told: replace(told, parts=None, keys={a_key(1, 1): "accepted"}),
    "no key": lambda told: replace(told, tally=entry("a", "b"), parts=None, keys={"a": "b"}),
}


@pytest.mark.parametrize("lie", LIES)
def test_what_contradicts_itself_is_not_believed(lie: str) -> None:
    theirs = {a_key(number, number): "accepted" for number in range(100)}
    mine = {a_key(0, 0): "accepted"}
    comparison = Comparison(mine, SINCE, tally_of(theirs.items()))
    assert comparison.question
    honest = told_of(theirs, *comparison.question)
    with pytest.raises(ValueError, match=r"add up|badly formed"):
        comparison.take(LIES[lie](honest))


def test_books_are_compared_twice_as_far_back_as_payloads_are_kept() -> None:
    first = UUID(SINCE).int
    assert first % SLICE == 0
    back = timedelta(milliseconds=(UUID(change_key(NOW, bytes(10))).int - first) >> 80)
    assert timedelta(days=70) <= back < timedelta(days=71)


def test_what_is_still_kept_is_compared_however_old() -> None:
    old = change_key(NOW - timedelta(days=300), bytes(10))
    assert since_of(NOW, KEEP, old) <= old
    assert since_of(NOW, KEEP, change_key(NOW, bytes(10))) == SINCE


def test_a_clock_that_lost_its_battery_compares_everything() -> None:
    assert UUID(since_of(datetime(1970, 1, 3, tzinfo=UTC), KEEP, None)).int == 0


def test_the_sum_is_that_of_the_contract() -> None:
    said = vector("tally")
    answers = [(one["key"], one["outcome"]) for one in said["answers"]]
    for (key, outcome), one in zip(answers, said["answers"], strict=True):
        assert entry(key, outcome).total.to_bytes(32) == octets(one["total"])
    assert tally_of(answers) == Tally(said["held"], int.from_bytes(octets(said["total"])))
