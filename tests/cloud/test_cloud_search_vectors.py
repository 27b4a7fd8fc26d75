"""The cloud folds what is searched as the contract's test vectors say."""

from typing import Any

import pytest

from cloud.date_spans import Span, as_typed, on_record
from cloud.letters import is_reading, kana_key, name_key
from cloud.place_keys import place_key
from cloud.search_index import keys_of_reading
from tests.vectors import vector

SAID = vector("search")


def span_of(told: dict[str, Any]) -> Span:
    if "any_year" in told:
        return Span(18000101, 99991231, told["unknown"], int(told["any_year"].replace("-", "")))
    first, last = (int(told[name].replace("-", "")) for name in ("first", "last"))
    return Span(first, last, told["unknown"])


@pytest.mark.parametrize("told", SAID["readings"], ids=lambda told: told["text"])
def test_a_reading_folds_to_the_key_of_the_vector(told: dict[str, str]) -> None:
    assert is_reading(told["text"])
    assert kana_key(told["text"]) == told["key"]


@pytest.mark.parametrize("told", SAID["parted_readings"], ids=lambda told: told["text"])
def test_a_reading_on_record_is_found_by_its_parts_and_as_one(told: dict[str, Any]) -> None:
    assert list(dict.fromkeys(keys_of_reading(told["text"]))) == told["keys"]


@pytest.mark.parametrize("told", SAID["names"], ids=lambda told: told["text"])
def test_a_name_folds_to_the_key_of_the_vector(told: dict[str, str]) -> None:
    assert not is_reading(told["text"])
    assert name_key(told["text"]) == told["key"]


def test_names_are_one_or_apart_as_the_vectors_say() -> None:
    assert all(len(set(map(name_key, names))) == 1 for names in SAID["same"])
    assert all(len(set(map(name_key, names))) == len(names) for names in SAID["apart"])


@pytest.mark.parametrize("told", SAID["places"], ids=lambda told: told["text"])
def test_a_place_folds_to_the_key_of_the_vector(told: dict[str, str]) -> None:
    assert place_key(told["text"]) == told["key"]


@pytest.mark.parametrize("told", SAID["typed_dates"], ids=lambda told: told["text"])
def test_a_date_means_the_days_of_the_vector(told: dict[str, Any]) -> None:
    assert as_typed(told["text"]) == list(map(span_of, told["spans"]))


@pytest.mark.parametrize("told", SAID["birth_records"], ids=lambda told: told["text"])
def test_a_birth_on_record_spans_the_days_of_the_vector(told: dict[str, Any]) -> None:
    assert on_record(told["text"]) == span_of(told)
