from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from client.domain.errors import RefusedError
from client.domain.intake import LATE
from client.domain.resident import Address, AtenaNo
from tests.builders import ELSEWHERE, HANAKO, HOME, TARO, TODAY, a_household, a_tenkyo


@pytest.mark.parametrize(("days", "late"), [(0, False), (14, False), (15, True), (400, True)])
def test_after_fourteen_days_the_clerk_is_told(days: int, late: bool) -> None:
    draft = a_tenkyo(ido_date=TODAY - timedelta(days=days))
    assert draft.check(TODAY) == ((LATE,) if late else ())


@given(ido=st.integers(-60, 60), todoke=st.integers(-60, 60))
def test_a_date_is_taken_only_in_the_order_the_law_knows(ido: int, todoke: int) -> None:
    draft = a_tenkyo(ido_date=TODAY + timedelta(days=ido), todoke_date=TODAY + timedelta(days=todoke))
    if ido <= todoke <= 0:
        assert set(draft.check(TODAY)) <= {LATE}
    else:
        with pytest.raises(RefusedError, match=r"refused\.date"):
            draft.check(TODAY)


def test_only_living_members_of_the_household_move_and_the_subject_among_them() -> None:
    for members in ((TARO, AtenaNo("999")), (HANAKO,)):
        with pytest.raises(RefusedError, match=r"refused\.not_resident"):
            a_tenkyo(*members).check(TODAY)


@pytest.mark.parametrize(
    ("to", "field"),
    [
        (replace(ELSEWHERE, town=" "), "town"),
        (replace(ELSEWHERE, banchi="1\n2"), "banchi"),
        (replace(ELSEWHERE, katagaki="あ" * 121), "katagaki"),
        (
            replace(ELSEWHERE, katagaki="葛\U000e0102" * 101),
            "katagaki",
        ),  # more than the contract's 200 code points
        (replace(ELSEWHERE, katagaki="山\ud800"), "katagaki"),
        (HOME, "to"),
        (replace(HOME, banchi="２番３号"), "to"),  # the same place in other letters
    ],
)
def test_an_address_that_cannot_be_is_refused_and_not_quoted(to: Address, field: str) -> None:
    with pytest.raises(RefusedError) as refused:
        replace(a_tenkyo(), to=to).check(TODAY)
    assert refused.value.facts == {"field": field}


def test_a_sequence_counts_as_one_letter_of_an_address() -> None:
    replace(a_tenkyo(), to=replace(ELSEWHERE, katagaki="葛\U000e0102" * 80 + "あ" * 40)).check(TODAY)


def test_part_of_a_household_is_not_the_whole() -> None:
    assert a_tenkyo().whole_household
    assert not a_tenkyo(TARO).whole_household
    assert a_tenkyo(TARO).base == {TARO: 3}


def test_a_draft_shows_no_place_in_a_log() -> None:
    assert "本町" not in repr(a_tenkyo())
    assert a_household().members[0].address.town not in repr(a_tenkyo())


@pytest.mark.parametrize("field", ["town", "banchi", "katagaki", "postcode"])
def test_an_address_with_an_individual_number_is_refused_at_its_field_and_not_quoted(field: str) -> None:
    to = replace(ELSEWHERE, **{field: "1234 5678 9018"})
    with pytest.raises(RefusedError) as refused:
        replace(a_tenkyo(), to=to).check(TODAY)
    assert (refused.value.code, refused.value.facts) == ("refused.forbidden_number", {"field": field})
