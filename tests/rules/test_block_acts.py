"""Set, lift and release are three rights, by their days; until a town parts them, who is in charge has all [STD j410]."""

from dataclasses import replace
from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from client.domain.clerk import BLOCK_ACTS, IN_CHARGE, Clerk, Right
from client.domain.errors import RefusedError
from client.domain.in_force import RightGrant, StaffEntry, StaffMember
from client.rules import releases
from client.rules.sign_in import may
from client.rules.staff_terms import common, within_terms
from tests.builders import NOW, TODAY, a_sign_in

DAY = timedelta(days=1)
MEMBER = StaffMember("s001", "山﨑　美咲", "市民課", None, None, None)
SOME_RIGHTS = st.frozensets(st.sampled_from(list(Right)))


def a_clerk(rights: frozenset[Right], *, by_item: bool = True, by_block: bool = True) -> Clerk:
    return Clerk("s001", "山﨑　美咲", "市民課", rights, by_item, None, by_block)


CLERKS = st.builds(a_clerk, SOME_RIGHTS, by_item=st.booleans(), by_block=st.booleans())


@pytest.mark.parametrize("charge", [Right.OFFICER, Right.SHIEN_SOCHI])
def test_before_a_town_parts_them_who_is_in_charge_has_all_three_and_nobody_else(charge: Right) -> None:
    assert all(may(a_clerk(frozenset({charge}), by_block=False), act) for act in BLOCK_ACTS)
    others = frozenset(Right) - IN_CHARGE - BLOCK_ACTS
    assert not any(may(a_clerk(others, by_block=False), act) for act in BLOCK_ACTS)


@given(rights=SOME_RIGHTS)
def test_once_it_has_parted_them_none_comes_with_anything(rights: frozenset[Right]) -> None:
    assert a_clerk(rights).held & BLOCK_ACTS == rights & BLOCK_ACTS


@given(told=CLERKS, newer=CLERKS)
def test_of_two_words_on_somebody_only_what_both_give_stands(told: Clerk, newer: Clerk) -> None:
    both = common(told, newer)
    assert both.held <= told.held & newer.held


@given(told=CLERKS, newer=CLERKS)
def test_where_the_newer_word_parts_them_nobody_loses_what_both_give(told: Clerk, newer: Clerk) -> None:
    parted = replace(newer, by_block=True)
    assert common(told, parted).held & BLOCK_ACTS == told.held & parted.held & BLOCK_ACTS


@pytest.mark.parametrize(
    ("first", "last", "has"),
    [(None, None, True), (TODAY, TODAY, True), (TODAY + DAY, None, False), (None, TODAY - DAY, False)],
)
def test_off_line_an_act_begins_and_ends_on_its_days_whatever_the_wrap_says(
    first: date | None, last: date | None, *, has: bool
) -> None:
    wrap = a_sign_in(Right.OFFICER)  # kept before the town parted them: all three
    assert Right.BLOCK_RELEASE in wrap.clerk.held
    grants = tuple(
        RightGrant(right.value, "s001", None, right.value, *days)
        for right, days in ((Right.OFFICER, (None, None)), (Right.BLOCK_RELEASE, (first, last)))
    )
    made = within_terms(wrap, StaffEntry(MEMBER, grants, by_item=True, by_block=True), NOW)
    assert not isinstance(made, Exception)
    assert made.clerk.held & BLOCK_ACTS == ({Right.BLOCK_RELEASE} if has else set())


@pytest.mark.parametrize("code", sorted(releases.RELEASED_BY))
def test_a_release_takes_who_is_in_charge_and_the_right_to_release(code: str) -> None:
    assert releases.rights_needed([RefusedError(code)]) == {releases.RELEASED_BY[code], Right.BLOCK_RELEASE}
    assert releases.rights_needed([RefusedError("refused.identity")]) == set()
