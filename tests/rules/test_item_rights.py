"""Items (在留資格等, 印鑑, 税, 国保) as rights of their own, by their days; and before a town gives them one by one."""

from dataclasses import replace
from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from client.domain.clerk import BLOCK_ACTS, ITEMS, Right, SignIn
from client.domain.in_force import RightGrant, StaffEntry, StaffMember
from client.rules.sign_in import may, right_error
from client.rules.staff_terms import end_of, within_terms
from tests.builders import NOW, TODAY, a_sign_in

DAY = timedelta(days=1)
BY_NAME = [right for right in Right if right in ITEMS]
MEMBER = StaffMember("s001", "山﨑　美咲", "市民課", None, None, None)


def a_grant(right: Right, first: date | None = None, last: date | None = None) -> RightGrant:
    return RightGrant(right.value, "s001", None, right.value, first, last)


def signed(*rights: Right, by_item: bool) -> SignIn:
    sign_in = a_sign_in(*rights)
    return replace(sign_in, clerk=replace(sign_in.clerk, by_item=by_item))


def on_the_day(sign_in: SignIn, *grants: RightGrant, by_item: bool) -> SignIn:
    """Return a sign-in off line as the rows leave it."""
    made = within_terms(sign_in, StaffEntry(MEMBER, grants, by_item), NOW)
    assert isinstance(made, SignIn)
    return made


@pytest.mark.parametrize("item", BY_NAME)
def test_in_a_town_that_gives_items_one_by_one_looking_up_gives_none(item: Right) -> None:
    looks = signed(Right.VIEW, by_item=True).clerk
    assert not may(looks, item)
    assert may(replace(looks, rights=looks.rights | {item}), item)
    missing = right_error(signed(Right.VIEW, by_item=True), item)
    assert missing
    assert missing.facts == {"right": item.value}


def test_before_that_who_may_look_up_has_them_all_and_who_may_not_has_none() -> None:
    assert signed(Right.VIEW, by_item=False).clerk.held == {Right.VIEW, *ITEMS}
    assert signed(Right.ISSUE, by_item=False).clerk.held == {Right.ISSUE}


@pytest.mark.parametrize(
    ("first", "last", "has"),
    [
        (None, None, True),
        (TODAY, TODAY, True),
        (TODAY + DAY, None, False),
        (None, TODAY - DAY, False),
    ],
)
@pytest.mark.parametrize("item", BY_NAME)
def test_off_line_an_item_is_held_from_its_day_to_its_day(
    item: Right, first: date | None, last: date | None, has: bool
) -> None:
    sign_in = signed(Right.VIEW, item, by_item=True)
    made = on_the_day(sign_in, a_grant(Right.VIEW), a_grant(item, first, last), by_item=True)
    assert may(made.clerk, item) is has
    if has and last:
        assert made.lease.until == end_of(last)  # off line nobody hears that it is over


def test_an_older_sign_in_gets_no_item_back_that_the_rows_took_away() -> None:
    """The wrap is from before the town gave items one by one; the replica knows better."""
    made = on_the_day(
        signed(Right.VIEW, by_item=False), a_grant(Right.VIEW), a_grant(Right.NHI), by_item=True
    )
    assert made.clerk.held == {Right.VIEW, Right.NHI}
    assert made.clerk.by_item


def test_older_rows_take_no_item_away_that_the_cloud_gave_and_give_none_that_it_did_not() -> None:
    """The sign-in knows of the change; the replica is from before."""
    made = on_the_day(signed(Right.VIEW, Right.TAX, by_item=True), a_grant(Right.VIEW), by_item=False)
    assert made.clerk.held == {Right.VIEW, Right.TAX}


def test_where_neither_knows_items_everything_stays_as_it_was() -> None:
    sign_in = signed(Right.VIEW, Right.ISSUE, by_item=False)
    made = on_the_day(sign_in, a_grant(Right.VIEW), a_grant(Right.ISSUE), by_item=False)
    assert made.clerk == sign_in.clerk
    assert may(made.clerk, Right.ZAIRYU)


def test_looking_up_brings_no_item_to_who_only_receives() -> None:
    assert signed(Right.VIEW, by_item=False).clerk.held > {Right.TAX, Right.NHI}
    assert signed(Right.VIEW, Right.RECEIVE, by_item=False).clerk.held == {Right.VIEW, Right.RECEIVE}


@pytest.mark.parametrize("rows", [(Right.VIEW,), (Right.VIEW, Right.RECEIVE)], ids=["older rows", "rows"])
@pytest.mark.parametrize("told", [(Right.VIEW,), (Right.VIEW, Right.RECEIVE)], ids=["older wrap", "wrap"])
def test_who_receives_by_one_word_alone_gets_no_item_by_the_other(
    told: tuple[Right, ...], rows: tuple[Right, ...]
) -> None:
    made = on_the_day(signed(*told, by_item=False), *map(a_grant, rows), by_item=False)
    assert bool(made.clerk.held & ITEMS) == (Right.RECEIVE not in {*told, *rows})


@given(
    st.frozensets(st.sampled_from(Right)),
    st.frozensets(st.sampled_from(Right)),
    st.booleans(),
    st.booleans(),
)
def test_nobody_has_off_line_what_either_the_sign_in_or_the_rows_do_not_give(
    told: frozenset[Right], granted: frozenset[Right], cloud_knows: bool, rows_know: bool
) -> None:
    sign_in = signed(Right.VIEW, by_item=cloud_knows)
    sign_in = replace(sign_in, clerk=replace(sign_in.clerk, rights=told))
    made = on_the_day(sign_in, *map(a_grant, granted), by_item=rows_know)
    by_rows = replace(sign_in.clerk, rights=granted, by_item=rows_know)
    both = sign_in.clerk.held & by_rows.held
    assert made.clerk.held <= both
    if cloud_knows or rows_know:
        assert made.clerk.held - BLOCK_ACTS == both - BLOCK_ACTS  # of those the town has not spoken yet
