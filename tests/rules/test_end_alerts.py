"""End dates of blocks and measures: told in time, to whom they concern, and nothing is lifted by telling."""

from dataclasses import replace
from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from client.domain.as_of import Source
from client.domain.blocks import Block, BlockLevel, BlockProcess, Restrictions, ShienSochi
from client.domain.clerk import Right
from client.rules import gate, on_day
from client.rules.end_alerts import end_alerts
from client.rules.on_day import MeasureTerm
from tests.builders import HANAKO, NOW, TARO, TODAY, a_household, a_request, a_sign_in, as_of

DAYS = st.dates(date.min, date.max)
NEAR = st.integers(-400, 400).map(lambda days: TODAY + timedelta(days=days))
ENDS = st.none() | NEAR | DAYS
RIGHTS = st.frozensets(st.sampled_from(Right))
WITHIN = st.integers(1, 366)
BLOCKS = st.builds(
    Block,
    st.just("b1"),
    st.just(TARO),
    st.none(),
    st.sampled_from(BlockProcess),
    st.sampled_from(BlockLevel),
    st.just("職権"),
    st.none() | NEAR,
    ENDS,
)
MEASURES = st.builds(ShienSochi, st.just("m1"), st.just(HANAKO), st.booleans(), st.none() | NEAR, ENDS)
STANDING = st.builds(
    Restrictions, st.lists(BLOCKS, max_size=4).map(tuple), st.lists(MEASURES, max_size=4).map(tuple)
)


def measure(ends: date | None) -> Restrictions:
    return Restrictions((), (ShienSochi("m1", HANAKO, False, None, ends),))


@given(STANDING, RIGHTS, DAYS, WITHIN)
def test_nobody_but_who_is_responsible_learns_of_an_end_date(
    restrictions: Restrictions, rights: frozenset[Right], today: date, within: int
) -> None:
    told = end_alerts(restrictions, rights, today, within=within)
    if Right.SHIEN_SOCHI not in rights:
        assert all(one.process is not None for one in told)
        others = replace(restrictions, shien_sochi=())
        assert told == end_alerts(others, rights, today, within=within)  # as if there were none
    if Right.OFFICER not in rights:
        assert all(one.process is None for one in told)


@given(STANDING, DAYS, WITHIN)
def test_every_end_is_told_from_so_many_days_before_and_ever_after_once_and_in_order(
    restrictions: Restrictions, today: date, within: int
) -> None:
    due: set[tuple[BlockProcess | None, date | None]] = {(None, one.ends) for one in restrictions.shien_sochi}
    due |= {(one.process, one.ends) for one in restrictions.blocks}
    told = end_alerts(restrictions, frozenset(Right), today, within=within)
    expected = {(what, ends) for what, ends in due if ends and ends.toordinal() - within <= today.toordinal()}
    assert {(one.process, one.ends) for one in told} == expected
    assert len(told) == len(expected)
    assert [one.ends for one in told] == sorted(one.ends for one in told)
    assert all(one.past is (one.ends < today) for one in told)


@pytest.mark.parametrize(
    ("left", "seen"), [(32, []), (31, [False]), (1, [False]), (0, [False]), (-1, [True]), (-4000, [True])]
)
def test_the_alert_begins_a_month_before_the_last_day_and_says_it_is_over_only_after_it(
    left: int, seen: list[bool]
) -> None:
    told = end_alerts(measure(TODAY + timedelta(days=left)), {Right.SHIEN_SOCHI}, TODAY, within=31)
    assert [one.past for one in told] == seen


@given(NEAR)
def test_as_delivered_it_is_told_whenever_the_measure_can_be_extended(ends: date) -> None:
    restrictions = measure(ends)
    if on_day.measure_term(restrictions.shien_sochi[0], TODAY) is not MeasureTerm.RUNNING:
        assert end_alerts(restrictions, {Right.SHIEN_SOCHI}, TODAY, within=31)


@given(st.integers(-4000, 400))
def test_whatever_is_told_of_its_end_stops_as_before(left: int) -> None:
    block = Block("b1", TARO, None, BlockProcess.ISSUE, BlockLevel.ERROR, "職権", None, None)
    endless = Restrictions((block,), measure(None).shien_sochi)
    ends = TODAY + timedelta(days=left)
    ending = Restrictions((replace(block, ends=ends),), measure(ends).shien_sochi)

    def refused(restrictions: Restrictions) -> list[str]:
        verdict = gate.verdict(
            request=replace(a_request(), members=(TARO, HANAKO)),
            household=a_household(),
            restrictions=restrictions,
            sign_in=a_sign_in(*Right),
            as_of=as_of(Source.CLOUD),
            now=NOW,
            offline=False,
            declared=False,
        )
        return [one.code for one in verdict.refusals]

    assert refused(ending) == refused(endless) == ["refused.shien_sochi", "refused.blocked"]
