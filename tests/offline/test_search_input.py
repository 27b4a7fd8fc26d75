"""Whatever is typed or pasted: no error, no delay, and nothing found that was not meant."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from client.domain.query import Match, Query
from tests.offline import plain_search
from tests.offline.search_builders import found, index_of, several
from tests.store_builders import a_person

pytestmark = pytest.mark.long

STRANGE = [
    "😀",
    "👨‍👩‍👧‍👦",
    "\x00",
    "\x07\x1b[2J",
    "\ud800",
    "渡\udc00辺",
    "\U000e0100",
    "\U000e0100渡辺",
    "\u202e逆",
    "\u200fﾜﾀﾅﾍﾞ",
    "\ufeff",
    "\u3099",
    "' OR 1=1 --",
    "'; DROP TABLE person; --",
    '"',
    '"ワタ',
    "ワタ*",
    "NEAR(ワタ ナベ, 3)",
    "ワタ OR ナベ",
    "t : ワタ",
    "{t}: ワタ",
    "^ワタ",
    "-ワタ",
    "ワタ AND NOT ナベ",
    "%",
    "_",
    "\\",
    "１" * 60,
    "9" * 200,
    "第" * 200,
    "ア" * 200,
    "ア " * 100,
    "1-" * 100,
    "百" * 60,
    "十" * 200,
    "2026-99-99",
    "99999999",
    "S99.99.99",
    "\t\n\r",
    "　",
]


@pytest.mark.parametrize("typed", STRANGE)
@pytest.mark.parametrize("field", ["typed", "name", "birth", "place", "number", "sex"])
def test_strange_input_finds_what_reading_every_record_would_and_breaks_nothing(
    typed: str, field: str
) -> None:
    people = several()
    connection = index_of(people)
    for past in (False, True):
        query = Query(**{field: typed}, past=past)  # type: ignore[arg-type]  # each field is a text
        assert found(connection, query) == plain_search.found(people, query)
    assert found(connection, Query(typed="ワタナベ")) == ["1000000000", "1000000001"]
    connection.close()


@settings(max_examples=200, deadline=None)
@given(text=st.text(st.characters(codec=None), max_size=30), match=st.sampled_from(Match))
def test_any_text_at_all_can_be_typed(text: str, match: Match) -> None:
    people = several()
    connection = index_of(people)
    query = Query(typed=text, match=match, removed=True, past=True)
    assert found(connection, query) == plain_search.found(people, query)
    connection.close()


def test_a_name_of_another_person_written_with_another_sequence_is_found_and_shown_as_it_stands() -> None:
    people = [a_person(0, full_name="渡邉󠄐　太郎"), a_person(1, full_name="渡邉󠄂　太郎")]
    assert found(index_of(people), Query(typed="渡邉󠄂")) == ["1000000000", "1000000001"]
