"""Old data warns, older data stops, and nothing makes it look new (P07)."""

from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from client.config import Config
from client.domain.as_of import AsOf, Source
from client.domain.blocks import Restrictions
from client.domain.certificate import CertificateKind, IdentityCheck, Requester
from client.rules import freshness, gate
from client.rules.freshness import WARN_BLOCKS, WARN_REGISTER
from tests.builders import NOW, a_household, a_request, a_sign_in
from ui.policy import limits_of

HOUR = timedelta(hours=1)
KIND = CertificateKind.JUMINHYO_COPY
ages = st.timedeltas(timedelta(days=-3), timedelta(days=30))


def aged(register: timedelta, blocks: timedelta, source: Source = Source.REPLICA) -> AsOf:
    return AsOf(source, 40, NOW - register, 7, NOW - blocks)


def code(register: timedelta, blocks: timedelta, *, declared: bool = False) -> str | None:
    refusal = freshness.judge(KIND, aged(register, blocks), NOW, declared=declared).refusal
    return refusal.code if refusal else None


@pytest.mark.parametrize(
    ("register", "blocks", "warnings"),
    [
        (0, 0, ()),
        (24, 4, ()),
        (24.1, 0, (WARN_REGISTER,)),
        (0, 4.1, (WARN_BLOCKS,)),
        (72, 24, (WARN_REGISTER, WARN_BLOCKS)),
    ],
)
def test_up_to_the_stop_age_a_paper_may_be_made_and_says_how_old_it_is(
    register: float, blocks: float, warnings: tuple[str, ...]
) -> None:
    judged = freshness.judge(KIND, aged(register * HOUR, blocks * HOUR), NOW, declared=False)
    assert judged == freshness.Freshness(None, warnings)


@pytest.mark.parametrize(("register", "blocks"), [(72.1, 0), (0, 24.1), (800, 800)])
def test_beyond_the_stop_age_it_is_refused(register: float, blocks: float) -> None:
    assert code(register * HOUR, blocks * HOUR) == "refused.too_old"


def test_a_declaration_lengthens_the_register_but_never_the_blocks() -> None:
    assert code(100 * HOUR, HOUR, declared=True) is None
    assert code(169 * HOUR, HOUR, declared=True) == "refused.too_old"
    assert code(HOUR, 25 * HOUR, declared=True) == "refused.too_old"


def test_the_age_is_told_in_hours() -> None:
    refusal = freshness.judge(KIND, aged(73 * HOUR, HOUR), NOW, declared=False).refusal
    assert refusal is not None
    assert refusal.facts == {"hours": 73}


@given(ages, ages, st.booleans())
def test_older_data_is_never_judged_better(register: timedelta, blocks: timedelta, declared: bool) -> None:
    if max(-register, -blocks) <= timedelta(seconds=300):
        newer = code(register, blocks, declared=declared)
        older = code(register + HOUR, blocks + HOUR, declared=declared)
        assert newer is None or older is not None


def test_a_clock_before_the_data_is_refused_and_not_read_as_new() -> None:
    assert code(-timedelta(seconds=301), HOUR) == "refused.clock_off"
    assert code(HOUR, -timedelta(days=2)) == "refused.clock_off"
    assert code(-timedelta(seconds=299), HOUR) is None


def test_what_the_cloud_just_said_is_fresh() -> None:
    judged = freshness.judge(KIND, aged(900 * HOUR, 900 * HOUR, Source.CLOUD), NOW, declared=False)
    assert judged == freshness.Freshness()


def test_a_paper_without_limits_is_not_made_off_line() -> None:
    refusal = freshness.judge(KIND, aged(HOUR, HOUR), NOW, declared=True, table={}).refusal
    assert refusal is not None
    assert refusal.code == "refused.not_offline"
    assert freshness.needs_officer(KIND, Requester.SELF, IdentityCheck.PHOTO, table={})


def test_at_once_only_for_oneself_or_the_household_with_a_photo() -> None:
    at_once = {
        (who, how)
        for who in Requester
        for how in IdentityCheck
        if not freshness.needs_officer(KIND, who, how)
    }
    assert at_once == {(Requester.SELF, IdentityCheck.PHOTO), (Requester.HOUSEHOLD, IdentityCheck.PHOTO)}


def test_every_paper_has_its_row() -> None:
    assert set(freshness.DEFAULTS) == set(CertificateKind)


def test_a_town_sets_its_own_ages_and_the_shipped_ones_are_its_settings_untouched() -> None:
    assert limits_of(Config()) == freshness.DEFAULTS
    strict = limits_of(
        Config(register_stop_hours=6, blocks_stop_hours=2, blocks_warn_hours=1, register_warn_hours=3)
    )
    judged = freshness.judge(KIND, aged(5 * HOUR, 1.5 * HOUR), NOW, declared=False, table=strict)
    assert judged == freshness.Freshness(None, (WARN_REGISTER, WARN_BLOCKS))
    for register, blocks in ((6.1, 1), (1, 2.1)):
        told = freshness.judge(KIND, aged(register * HOUR, blocks * HOUR), NOW, declared=False, table=strict)
        assert told.refusal
        assert told.refusal.code == "refused.too_old"
    declared = limits_of(Config(register_declared_hours=200))
    assert not freshness.judge(KIND, aged(190 * HOUR, HOUR), NOW, declared=True, table=declared).refusal
    assert freshness.judge(KIND, aged(190 * HOUR, HOUR), NOW, declared=False, table=declared).refusal


@pytest.mark.parametrize("declared", [True, False])
@pytest.mark.parametrize("identity", IdentityCheck)
@pytest.mark.parametrize("requester", Requester)
def test_from_a_set_age_on_and_in_a_shelter_at_any_a_paper_is_for_the_person_with_photo_identity_alone(
    requester: Requester, identity: IdentityCheck, declared: bool
) -> None:
    themselves = (requester, identity) == (Requester.SELF, IdentityCheck.PHOTO)
    old, shelter = Config(self_only_hours=12), Config(shelter=True)
    for config, register, blocks, only in (
        (Config(), 20, 3, False),
        (old, 11.9, 3, False),
        (old, 12, 3, True),
        (old, 1, 12, True),  # the older of the two
        (shelter, 0, 0, True),
        (shelter, -0.05, -0.05, True),  # a clock that is a little behind
    ):
        table, as_of = limits_of(config), aged(register * HOUR, blocks * HOUR)
        told = freshness.self_only(KIND, requester, identity, as_of, NOW, table=table)
        assert told is (only and not themselves)
        live = replace(as_of, source=Source.CLOUD)
        assert not freshness.self_only(KIND, requester, identity, live, NOW, table=table)
        request = replace(a_request(), requester=requester, identity=identity, purpose="年金")
        refusals = gate.verdict(
            request=request,
            household=a_household(),
            restrictions=Restrictions(),
            sign_in=a_sign_in(),
            as_of=as_of,
            now=NOW,
            offline=True,
            declared=declared,
            limits=table,
        ).refusals
        assert ("refused.self_only" in {one.code for one in refusals}) is told


@given(st.integers(1, 720), st.integers(1, 2160), st.booleans(), st.integers(-1, 1), st.integers(0, 26))
def test_a_declaration_never_stops_a_paper_that_would_be_made_without_it_nor_lets_old_blocks_through(
    stop: int, declared_stop: int, at_declared: bool, beside: int, blocks: int
) -> None:
    register = max(
        (declared_stop if at_declared else stop) + beside, 0
    )  # at the very limits, where it matters
    table = limits_of(Config(register_stop_hours=stop, register_declared_hours=declared_stop))
    told = {
        said: freshness.judge(
            KIND, aged(register * HOUR, blocks * HOUR), NOW, declared=said, table=table
        ).refusal
        for said in (False, True)
    }
    assert told[False] is not None or told[True] is None
    if blocks > 24 or register > max(stop, declared_stop):
        assert told[True] is not None


def test_a_town_that_sets_only_the_longer_stop_keeps_it_once_a_disaster_is_declared() -> None:
    table = limits_of(Config(register_stop_hours=240))  # register_declared_hours stays at 168
    assert not freshness.judge(KIND, aged(200 * HOUR, HOUR), NOW, declared=True, table=table).refusal
    assert freshness.judge(KIND, aged(241 * HOUR, HOUR), NOW, declared=True, table=table).refusal
