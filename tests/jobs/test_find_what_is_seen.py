"""What of a search counts: what a person sees of it, in as many words as a visitor says."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from client.domain.errors import RefusedError
from client.domain.letters import seen
from client.domain.query import Query
from client.jobs.find_resident import MOST_WORDS
from tests.builders import a_sign_in
from tests.jobs.test_find_resident import Counter

UNSEEN = ("\ud800", "\udfff", "\u200b", "\u00ad", "\u202e", "\ufeff", "\x00", "\x7f", "\ufe00", "\U000e0100")
NUMBER = "379474484458"


def asked(field: str, text: str) -> Query:
    return replace(Query(), **{field: text})  # type: ignore[arg-type]  # all of them are texts


@pytest.mark.asyncio
@pytest.mark.parametrize("unseen", UNSEEN, ids=ascii)
async def test_what_nobody_sees_is_not_asked_for(unseen: str) -> None:
    counter = Counter()
    await counter.find_resident.find(a_sign_in(), Query(typed=f"わた{unseen}なべ", name=unseen))
    await counter.find_resident.find_here(a_sign_in(), Query(typed=f"わた{unseen}なべ"))
    assert [one.typed for one in counter.live.queries + counter.replica.queries] == ["わたなべ"] * 2
    assert counter.live.queries[0].name == ""


@pytest.mark.asyncio
@pytest.mark.parametrize("unseen", UNSEEN, ids=ascii)
async def test_a_search_for_nothing_that_is_seen_is_a_search_for_nothing(unseen: str) -> None:
    with pytest.raises(RefusedError) as refused:
        await Counter().find_resident.find(a_sign_in(), Query(typed=unseen))
    assert refused.value.code == "refused.input"


@pytest.mark.asyncio
@pytest.mark.parametrize("unseen", UNSEEN, ids=ascii)
async def test_a_number_is_one_whatever_unseen_stands_between_its_digits(unseen: str) -> None:
    counter = Counter()
    with pytest.raises(RefusedError) as refused:
        await counter.find_resident.find(a_sign_in(), Query(typed=unseen.join(NUMBER)))
    assert refused.value.code == "refused.number_search"
    assert counter.ledger.journal == []


@given(st.text(st.characters(), max_size=20))
def test_what_is_seen_can_travel_and_is_seen_whole_again(text: str) -> None:
    kept = seen(text)
    kept.encode()
    assert seen(kept) == kept
    assert kept.split() == [word for word in map(seen, text.split()) if word]


def test_the_towns_own_letters_marks_and_white_space_are_seen() -> None:
    for text in ("渡　邉 \ue001", "か\u3099\t1\n2", "𠮷", "①㈱ﾜﾀ"):
        assert seen(text) == text


@pytest.mark.asyncio
@pytest.mark.parametrize("field", ["typed", "name", "birth", "place", "number", "sex"])
async def test_a_field_takes_sixteen_words(field: str) -> None:
    counter = Counter()
    most = "　".join(["わ"] * MOST_WORDS)
    await counter.find_resident.find(a_sign_in(), asked(field, most))
    assert MOST_WORDS == 16
    for ask in (counter.find_resident.find, counter.find_resident.find_here):
        with pytest.raises(RefusedError) as refused:
            await ask(a_sign_in(), asked(field, most + " わ"))
        assert (refused.value.code, refused.value.facts["words"]) == ("refused.input_too_long", 16)
    assert len(counter.live.queries) == 1
