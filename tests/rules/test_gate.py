"""The gate fails closed: blocks, support measures, rights, identity, age (P07, P08)."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from client.domain.as_of import Source
from client.domain.blocks import Block, BlockLevel, BlockProcess, Restrictions, ShienSochi
from client.domain.certificate import CertificateRequest, IdentityCheck, JuminhyoOptions, Requester
from client.domain.clerk import Right
from client.domain.resident import (
    AtenaNo,
    ForeignStatus,
    Hit,
    Household,
    HouseholdNo,
    Removal,
    ResidentStatus,
)
from client.rules import gate
from client.rules.gate import Verdict, masked_hits, masked_household, masked_resident
from tests.builders import (
    HANAKO,
    HOUSEHOLD_NO,
    NOW,
    TARO,
    TODAY,
    a_household,
    a_request,
    a_resident,
    a_sign_in,
    as_of,
    moving_away,
)

YEARS = st.dates(date(2000, 1, 1), date(2060, 1, 1))


def judged(request: CertificateRequest | None = None, **more: Any) -> Verdict:
    offline = more.get("offline", False)
    facts: dict[str, Any] = {
        "household": a_household(),
        "restrictions": Restrictions(),
        "sign_in": a_sign_in(),
        "as_of": as_of(Source.REPLICA if offline else Source.CLOUD),
        "now": NOW,
        "offline": offline,
        "declared": False,
    }
    return gate.verdict(request=request or a_request(), **{**facts, **more})


def codes(verdict: Verdict) -> list[str]:
    return [refusal.code for refusal in verdict.refusals]


def a_block(**more: Any) -> Block:
    facts: dict[str, Any] = {
        "block_id": "b1",
        "atena_no": TARO,
        "household_no": None,
        "process": BlockProcess.ISSUE,
        "level": BlockLevel.ERROR,
        "reason": "職権",
        "starts": date(2026, 4, 1),
        "ends": None,
    }
    return Block(**{**facts, **more})


def a_measure(
    who: AtenaNo = HANAKO, *, provisional: bool = False, starts: date | None = None, ends: date | None = None
) -> ShienSochi:
    return ShienSochi("m1", who, provisional, starts, ends)


def blocked(*blocks: Block) -> Restrictions:
    return Restrictions(blocks)


def protected(*measures: ShienSochi) -> Restrictions:
    return Restrictions((), measures)


@pytest.mark.parametrize("offline", [False, True])
def test_an_ordinary_paper_goes_through(offline: bool) -> None:
    assert judged(offline=offline) == Verdict()
    assert judged(offline=offline).allowed


# 支援措置 and 抑止


@pytest.mark.parametrize("offline", [False, True])
@pytest.mark.parametrize("declared", [False, True])
@given(provisional=st.booleans(), starts=st.none() | YEARS, ends=st.none() | YEARS)
def test_no_date_and_no_declaration_lets_a_protected_person_through(
    offline: bool, declared: bool, provisional: bool, starts: date | None, ends: date | None
) -> None:
    measure = a_measure(provisional=provisional, starts=starts, ends=ends)
    verdict = judged(restrictions=protected(measure), offline=offline, declared=declared)
    assert codes(verdict) == ["refused.shien_sochi"]


@pytest.mark.parametrize("offline", [False, True])
def test_a_protected_person_who_lives_in_the_household_stops_every_paper_of_it(offline: bool) -> None:
    told = judged(a_request(TARO), restrictions=protected(a_measure(HANAKO)), offline=offline)
    assert codes(told) == ["refused.shien_sochi"]


def test_a_protected_person_who_has_left_is_warned_of_on_line_and_stops_papers_off_line() -> None:
    household = a_household()
    left = tuple(
        replace(one, status=ResidentStatus.TENSHUTSU) if one.atena_no == HANAKO else one
        for one in household.members
    )
    household, measures = replace(household, members=left), protected(a_measure(HANAKO))
    told = judged(a_request(TARO), household=household, restrictions=measures)
    assert told == Verdict((), (gate.WARN_SHIEN_SOCHI,))
    offline = judged(a_request(TARO), household=household, restrictions=measures, offline=True)
    assert codes(offline) == ["refused.shien_sochi"]


def test_a_protected_subject_counts_even_where_the_household_is_not_theirs() -> None:
    request = replace(a_request(HANAKO), subject=AtenaNo("9"))
    assert "refused.shien_sochi" in codes(judged(request, restrictions=protected(a_measure(AtenaNo("9")))))


@given(starts=st.none() | st.dates(date(2000, 1, 1), TODAY), ends=st.none() | YEARS)
def test_an_end_date_that_has_passed_lifts_no_block(starts: date | None, ends: date | None) -> None:
    assert codes(judged(restrictions=blocked(a_block(starts=starts, ends=ends)))) == ["refused.blocked"]


@pytest.mark.parametrize(
    ("block", "stops"),
    [
        (a_block(), True),
        (a_block(atena_no=None, household_no=HOUSEHOLD_NO), True),
        (a_block(starts=TODAY), True),
        (a_block(starts=TODAY + timedelta(days=1)), False),
        (a_block(atena_no=AtenaNo("9")), False),
        (a_block(atena_no=None, household_no=HouseholdNo("9")), False),
        (a_block(process=BlockProcess.VIEW), False),
        (a_block(process=BlockProcess.IDO), False),
    ],
)
def test_a_block_stops_its_own_process_from_its_day_on(block: Block, stops: bool) -> None:
    verdict = judged(restrictions=blocked(block))
    assert codes(verdict) == (["refused.blocked"] if stops else [])


def test_a_block_tells_its_reason() -> None:
    assert judged(restrictions=blocked(a_block())).refusals[0].facts == {"reason": "職権"}


def test_a_block_of_somebody_not_on_the_paper_does_not_stop_it() -> None:
    assert judged(a_request(TARO), restrictions=blocked(a_block(atena_no=HANAKO))).allowed


def test_an_alert_warns_and_does_not_stop() -> None:
    verdict = judged(restrictions=blocked(a_block(level=BlockLevel.ALERT)))
    assert verdict == Verdict((), (gate.WARN_BLOCK,))


def test_the_officers_release_opens_blocks_and_nothing_else() -> None:
    both = Restrictions((a_block(),), (a_measure(),))
    assert judged(restrictions=both, officer_released=True).allowed
    nobody = replace(a_request(), identity=IdentityCheck.NONE)
    verdict = judged(nobody, restrictions=both, officer_released=True, sign_in=a_sign_in(Right.VIEW))
    assert codes(verdict) == ["refused.right_missing", "refused.identity"]


# Clerk, members, requester


def test_a_clerk_needs_the_right_to_issue_and_honseki_needs_its_own() -> None:
    request = replace(a_request(), options=JuminhyoOptions(honseki=True))
    verdict = judged(request, sign_in=a_sign_in(Right.VIEW))
    assert [refusal.facts["right"] for refusal in verdict.refusals] == ["issue", "honseki"]
    assert judged(request, sign_in=a_sign_in(Right.ISSUE, Right.HONSEKI)).allowed


def test_somebody_of_another_household_is_not_found() -> None:
    assert codes(judged(a_request(TARO, AtenaNo("9")))) == ["refused.not_found"]


@pytest.mark.parametrize("status", [ResidentStatus.TENSHUTSU, ResidentStatus.DEATH, ResidentStatus.SHOJO])
def test_who_is_not_a_resident_gets_no_copy_of_a_living_juminhyo(status: ResidentStatus) -> None:
    assert codes(judged(household=household_with(status=status))) == ["refused.not_resident"]


@pytest.mark.parametrize(("day", "refused"), [(TODAY, True), (TODAY + timedelta(days=1), False)])
def test_the_planned_day_of_tenshutsu_counts_by_the_day_in_japan(day: date, refused: bool) -> None:
    taro, hanako = a_household().members
    household = Household(HOUSEHOLD_NO, (moving_away(taro, day), hanako))
    midnight = datetime(2026, 11, 19, 15, 0, tzinfo=UTC)  # 0:00 on the 20th in Japan
    for now in (midnight, NOW):
        verdict = judged(household=household, now=now)
        assert codes(verdict) == (["refused.not_resident"] if refused else [])
    assert judged(household=household, now=midnight - timedelta(seconds=1)).allowed


def test_nobody_gets_a_paper_without_an_identity_check() -> None:
    assert codes(judged(replace(a_request(), identity=IdentityCheck.NONE))) == ["refused.identity"]


@pytest.mark.parametrize("who", [Requester.THIRD_PARTY, Requester.OFFICIAL])
def test_a_third_party_and_an_office_must_say_what_for(who: Requester) -> None:
    verdict = judged(a_request(requester=who))
    assert codes(verdict) == ["refused.input"]
    assert verdict.refusals[0].facts == {"field": "purpose"}
    assert judged(replace(a_request(requester=who), purpose="債権の回収")).allowed


def test_items_a_third_party_gets_only_for_a_reason_are_pointed_out() -> None:
    request = replace(a_request(requester=Requester.THIRD_PARTY), purpose="債権の回収")
    assert judged(request).warnings == (gate.WARN_THIRD_PARTY,)
    assert judged(replace(request, options=JuminhyoOptions())).warnings == ()


def test_a_stay_that_is_over_is_pointed_out() -> None:
    foreign = ForeignStatus("米国", None, "留学", "1年", TODAY - timedelta(days=1), None)
    assert judged(household=household_with(foreign=foreign)).warnings == (gate.WARN_STAY_EXPIRED,)


# Off line


@pytest.mark.parametrize("who", [Requester.PROXY, Requester.THIRD_PARTY, Requester.OFFICIAL])
def test_off_line_others_wait_for_the_officers_declaration(who: Requester) -> None:
    request = replace(a_request(requester=who), purpose="年金", options=JuminhyoOptions())
    assert codes(judged(request, offline=True)) == ["refused.officer_needed"]
    assert judged(request, offline=True, declared=True).allowed
    assert judged(request, offline=False).allowed


def test_off_line_oneself_without_a_photo_waits_too() -> None:
    request = replace(a_request(), identity=IdentityCheck.TWO_DOCUMENTS)
    assert codes(judged(request, offline=True)) == ["refused.officer_needed"]


def test_old_data_is_refused_whoever_declares() -> None:
    old = as_of(Source.REPLICA, NOW - timedelta(days=8))
    assert codes(judged(offline=True, declared=True, as_of=old)) == ["refused.too_old"]


def test_the_most_serious_refusal_comes_first_and_none_is_left_out() -> None:
    verdict = judged(
        replace(a_request(TARO, HANAKO, AtenaNo("9")), identity=IdentityCheck.NONE),
        restrictions=Restrictions((a_block(),), (a_measure(),)),
        sign_in=a_sign_in(Right.VIEW),
        as_of=as_of(Source.REPLICA, NOW - timedelta(days=9)),
        offline=True,
    )
    assert codes(verdict) == [
        "refused.shien_sochi",
        "refused.blocked",
        "refused.right_missing",
        "refused.not_found",
        "refused.identity",
        "refused.too_old",
        "refused.officer_needed",
    ]


@given(
    st.sampled_from(Requester),
    st.sampled_from(IdentityCheck),
    st.booleans(),
    st.booleans(),
)
def test_what_is_open_off_line_is_open_on_line(
    who: Requester, how: IdentityCheck, declared: bool, honseki: bool
) -> None:
    options = JuminhyoOptions(honseki=honseki)
    request = replace(a_request(requester=who), identity=how, purpose="年金", options=options)
    if judged(request, offline=True, declared=declared).allowed:
        assert judged(request, offline=False, declared=declared).allowed


# Looking and taking in


Process = Callable[..., Verdict]


@pytest.mark.parametrize(
    ("judge", "process", "right"),
    [
        (gate.view_verdict, BlockProcess.VIEW, Right.VIEW),
        (gate.intake_verdict, BlockProcess.IDO, Right.ACCEPT),
    ],
)
def test_looks_and_intakes_are_stopped_by_their_own_blocks_and_rights(
    judge: Process, process: BlockProcess, right: Right
) -> None:
    def asked(restrictions: Restrictions, *rights: Right) -> Verdict:
        return judge(
            household=a_household(),
            restrictions=restrictions,
            sign_in=a_sign_in(*rights),
            now=NOW,
        )

    stop, alert = a_block(process=process), a_block(process=process, level=BlockLevel.ALERT)
    assert asked(Restrictions(), right) == Verdict()
    assert codes(asked(Restrictions(), Right.CASH)) == ["refused.right_missing"]
    assert codes(asked(blocked(stop), right)) == ["refused.blocked"]
    assert asked(blocked(alert), right) == Verdict((), (gate.WARN_BLOCK,))
    assert asked(protected(a_measure()), right) == Verdict()


# Masks


def a_hit(*, protected: bool) -> Hit:
    who = a_resident()
    return Hit(
        who.atena_no,
        who.household_no,
        "氏名",
        None,
        who.birth,
        None,
        who.address.text,
        who.status,
        False,
        protected,
    )


def test_a_search_hides_addresses_and_no_lines() -> None:
    stranger = replace(a_hit(protected=False), household_no=HouseholdNo("9"))
    plain, housemate, hidden = masked_hits([stranger, a_hit(protected=False), a_hit(protected=True)])
    assert plain == stranger
    assert housemate == replace(a_hit(protected=False), address=None)
    assert hidden == replace(a_hit(protected=True), address=None)


def test_until_identity_is_checked_no_address_of_a_protected_household_is_shown() -> None:
    shown = masked_household(a_household(), protected(a_measure()), identity_checked=False)
    assert all(member.address.text == "" for member in shown.members)
    assert masked_household(a_household(), protected(a_measure()), identity_checked=True) == a_household()
    assert masked_household(a_household(), Restrictions(), identity_checked=False) == a_household()


def test_a_measure_for_somebody_not_among_the_members_shown_hides_the_place_all_the_same() -> None:
    elsewhere = protected(a_measure(AtenaNo("9")))
    shown = masked_household(a_household(), elsewhere, identity_checked=False)
    assert all(member.address.text == "" for member in shown.members)


def test_a_masked_record_says_nothing_of_where() -> None:
    places = ["葛城町", "南町", "旧町", "転出先", "消除先", "備考の町", "本籍の町"]
    resident = replace(
        a_resident(),
        tennyu_from="南町",
        before_move="旧町",
        tenshutsu_to="転出先",
        removal=Removal("転出", TODAY, "消除先"),
        remarks="備考の町",
        honseki="本籍の町",
    )
    assert not any(place in repr(masked_resident(resident)) for place in places)
    assert masked_resident(a_resident()).removal is None


def test_every_warning_has_its_own_code() -> None:
    assert len(set(gate.WARNINGS)) == len(gate.WARNINGS)


def household_with(**more: Any) -> Household:
    taro, hanako = a_household().members
    return Household(HOUSEHOLD_NO, (replace(taro, **more), hanako))
