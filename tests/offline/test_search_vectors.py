"""The terminal folds what is searched as the contract's test vectors say."""

from datetime import date
from typing import Any

import pytest

from client.domain.calendar import RegisterDate
from client.domain.date_span import ANY_UNKNOWN, DateSpan, recorded, typed_dates
from client.domain.letters import is_kana, kana_key
from client.domain.place_key import place_key
from offline.store.search_key import name_key, reading_keys
from tests.vectors import vector

SAID = vector("search")


def span_of(told: dict[str, Any]) -> DateSpan:
    if "any_year" in told:
        month, day = map(int, told["any_year"].split("-"))
        return DateSpan(ANY_UNKNOWN.first, ANY_UNKNOWN.last, told["unknown"], (month, day))
    return DateSpan(date.fromisoformat(told["first"]), date.fromisoformat(told["last"]), told["unknown"])


@pytest.mark.parametrize("told", SAID["readings"], ids=lambda told: told["text"])
def test_a_reading_folds_to_the_key_of_the_vector(told: dict[str, str]) -> None:
    assert is_kana(told["text"])
    assert kana_key(told["text"]) == told["key"]


@pytest.mark.parametrize("told", SAID["parted_readings"], ids=lambda told: told["text"])
def test_a_reading_on_record_is_found_by_its_parts_and_as_one(told: dict[str, Any]) -> None:
    assert list(reading_keys(told["text"])) == told["keys"]


@pytest.mark.parametrize("told", SAID["names"], ids=lambda told: told["text"])
def test_a_name_folds_to_the_key_of_the_vector(told: dict[str, str]) -> None:
    assert not is_kana(told["text"])
    assert name_key(told["text"]) == told["key"]


def test_names_are_one_or_apart_as_the_vectors_say() -> None:
    assert all(len(set(map(name_key, names))) == 1 for names in SAID["same"])
    assert all(len(set(map(name_key, names))) == len(names) for names in SAID["apart"])


@pytest.mark.parametrize("told", SAID["places"], ids=lambda told: told["text"])
def test_a_place_folds_to_the_key_of_the_vector(told: dict[str, str]) -> None:
    assert place_key(told["text"]) == told["key"]


@pytest.mark.parametrize("told", SAID["typed_dates"], ids=lambda told: told["text"])
def test_a_date_means_the_days_of_the_vector(told: dict[str, Any]) -> None:
    assert list(typed_dates(told["text"])) == list(map(span_of, told["spans"]))


@pytest.mark.parametrize("told", SAID["birth_records"], ids=lambda told: told["text"])
def test_a_birth_on_record_spans_the_days_of_the_vector(told: dict[str, Any]) -> None:
    assert recorded(RegisterDate(told["text"], None)) == span_of(told)
