"""A restrictive request stops papers from its receipt on: it adds to the register's word and lifts nothing of it."""

from dataclasses import replace
from datetime import date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from client.domain.as_of import Source
from client.domain.blocks import Block, BlockLevel, BlockProcess, Restrictions, ShienSochi
from client.domain.calendar import tokyo_day
from client.domain.change import RESTRICTIVE, ChangeKind, ChangeState, Receipt
from client.domain.hold import Hold
from client.domain.resident import AtenaNo, Hit
from client.rules import gate
from client.rules.holds import STANDING, hidden_homes, hold_of, joined, sheltered_by, stops, veiled_hit
from cloud.command import Command
from cloud.holds import holds_of
from cloud.payloads.kinds import REQUESTS, read
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
)
from tests.hold_builders import DEATH, SHIEN_SOCHI, TENSHUTSU, a_hold, a_restrictive, landed, queued

STRANGER = AtenaNo("9999999999")
DAYS = st.dates(TODAY - timedelta(days=20), TODAY + timedelta(days=20))
KINDS = st.sampled_from(sorted(RESTRICTIVE, key=lambda kind: kind.value))
PEOPLE = st.lists(st.sampled_from((TARO, HANAKO, STRANGER)), min_size=1, unique=True).map(tuple)


@st.composite
def holds(draw: st.DrawFn) -> Hold:
    kind = draw(KINDS)
    return a_hold(kind, *draw(PEOPLE), planned=draw(DAYS) if kind is TENSHUTSU else None)


@st.composite
def registers(draw: st.DrawFn) -> Restrictions:
    block = st.builds(
        Block,
        block_id=st.uuids().map(str),
        atena_no=st.sampled_from((TARO, HANAKO)),
        household_no=st.none() | st.just(HOUSEHOLD_NO),
        process=st.sampled_from(BlockProcess),
        level=st.sampled_from(BlockLevel),
        reason=st.just("職権"),
        starts=st.none() | DAYS,
        ends=st.none() | DAYS,
    )
    measure = st.builds(
        ShienSochi, st.uuids().map(str), st.sampled_from((TARO, HANAKO)), st.booleans(), st.none(), st.none()
    )
    return Restrictions(tuple(draw(st.lists(block, max_size=3))), tuple(draw(st.lists(measure, max_size=2))))


@given(KINDS, PEOPLE, DAYS)
def test_it_stops_just_what_the_register_will_say_under_the_same_ids(
    kind: ChangeKind, people: tuple[AtenaNo, ...], planned: date
) -> None:
    change = a_restrictive(kind, *people, planned=planned)
    hold = hold_of(queued(change, ChangeState.QUEUED), "T0001")
    assert hold is not None
    request = read(REQUESTS[kind.value], dict(change.payload))
    command = Command(
        key=change.key,
        kind=kind.value,
        residents=people,
        base={},
        made_at="",
        written_at="",
        clock_offset_ms=0,
        made_by="s001",
        terminal="T0001",
        sealed=b"",
        signature=b"",
    )
    cloud_says = [one.row for one in holds_of(command, request, people, tokyo_day(NOW))]
    ours = stops(hold)
    found = [
        {
            "block_id": one.block_id,
            "atena_no": one.atena_no,
            "process": one.process.value,
            "level": one.level.value,
            "reason": one.reason,
        }
        for one in ours.blocks
    ] + [
        {"measure_id": one.measure_id, "atena_no": one.atena_no, "provisional": one.provisional}
        for one in ours.shien_sochi
    ]
    assert found == [
        {name: value for name, value in (row or {}).items() if name != "starts"} for row in cloud_says
    ]


@given(registers(), st.lists(holds(), max_size=3), DAYS)
def test_it_only_adds(told: Restrictions, held: list[Hold], day: date) -> None:
    household = a_household()
    numbers = {member.atena_no for member in household.members}
    now = datetime.combine(day, NOW.timetz())

    def refusals(restrictions: Restrictions) -> list[str]:
        verdict = gate.verdict(
            request=a_request(),
            household=household,
            restrictions=restrictions,
            sign_in=a_sign_in(),
            as_of=as_of(Source.CLOUD, at=now),
            now=now,
            offline=False,
            declared=False,
        )
        return [one.code for one in verdict.refusals] + list(verdict.warnings)

    both = joined(told, held, numbers, NOW)
    assert set(told.blocks) <= set(both.blocks)
    assert set(told.shien_sochi) <= set(both.shien_sochi)
    assert set(refusals(told)) <= {*refusals(both)} | {gate.WARN_SHIEN_SOCHI}
    assert gate.shelters(both) >= gate.shelters(told)
    assert all(one.atena_no in numbers for one in both.blocks if one.held)


@given(holds())
def test_what_the_register_tells_of_the_same_request_is_shown_once(hold: Hold) -> None:
    numbers = set(hold.residents)
    theirs = stops(hold)
    told = Restrictions(
        tuple(replace(one, held=None) for one in theirs.blocks),
        tuple(replace(one, held=None) for one in theirs.shien_sochi),
    )
    assert joined(told, [hold, hold], numbers, NOW) == told
    twice = joined(Restrictions(), [hold, hold], numbers, NOW)
    assert twice == theirs


def test_another_terminal_that_uses_the_same_key_takes_nothing_from_the_first() -> None:
    honest = a_hold(SHIEN_SOCHI, TARO)
    posing = replace(honest, kind=DEATH, residents=(HANAKO,), terminal="T0666")
    both = joined(Restrictions(), [posing, honest], (TARO, HANAKO), NOW)
    assert [one.atena_no for one in both.shien_sochi] == [TARO]


@pytest.mark.parametrize("state", ChangeState)
def test_it_stands_until_refused_taken_back_written_again_or_landed(state: ChangeState) -> None:
    change = queued(a_restrictive(DEATH), state, Receipt(41, NOW))
    over = state in {ChangeState.REFUSED, ChangeState.WITHDRAWN, ChangeState.SUPERSEDED}
    assert (hold_of(change, "T0001") is None) is over
    assert (state in STANDING) is not over


def test_a_request_that_restricts_nobody_holds_nothing() -> None:
    change = queued(replace(a_restrictive(DEATH), kind=ChangeKind.TENKYO), ChangeState.QUEUED)
    assert hold_of(change, "T0001") is None


def test_once_landed_it_gives_way_to_blocks_that_are_surely_younger_and_to_no_others() -> None:
    hold = landed(a_hold(DEATH), NOW)
    for after, stands in ((-3600, True), (0, True), (60, True), (61, False)):
        both = joined(Restrictions(), [hold], (TARO,), NOW + timedelta(seconds=after))
        assert bool(both.blocks) is stands


def test_a_move_out_only_warns_until_its_day_and_one_without_a_day_stops_at_once() -> None:
    def codes(hold: Hold, day: date) -> tuple[list[str], tuple[str, ...]]:
        now = datetime.combine(day, NOW.timetz())
        verdict = gate.verdict(
            request=a_request(),
            household=a_household(),
            restrictions=joined(Restrictions(), [hold], (TARO, HANAKO), NOW),
            sign_in=a_sign_in(),
            as_of=as_of(Source.CLOUD, at=now),
            now=now,
            offline=False,
            declared=False,
        )
        return [one.code for one in verdict.refusals], verdict.warnings

    leaving = TODAY + timedelta(days=3)
    assert codes(a_hold(TENSHUTSU, planned=leaving), TODAY) == ([], (gate.WARN_BLOCK,))
    assert codes(a_hold(TENSHUTSU, planned=leaving), leaving)[0] == ["refused.held"]
    change = queued(a_restrictive(TENSHUTSU), ChangeState.QUEUED)
    unread = hold_of(replace(change, payload={"planned": "someday"}), "T0001")
    assert unread is not None
    assert codes(unread, TODAY)[0] == ["refused.held"]


def test_a_clock_that_goes_ahead_at_the_maker_delays_no_stop() -> None:
    hold = a_hold(DEATH, made_at=NOW + timedelta(days=400))
    both = joined(Restrictions(), [hold], (TARO,), NOW)
    assert all(one.starts is None for one in both.blocks)


def test_the_refusal_names_the_request_its_time_and_its_terminal() -> None:
    (refusal,) = gate.verdict(
        request=a_request(),
        household=a_household(),
        restrictions=joined(Restrictions(), [a_hold(DEATH, terminal="T0007")], (TARO,), NOW),
        sign_in=a_sign_in(),
        as_of=as_of(Source.CLOUD),
        now=NOW,
        offline=False,
        declared=False,
    ).refusals
    assert refusal.facts == {"change_kind": "todoke.death", "at": "2026-11-20 14:32", "terminal": "T0007"}


def hit(atena_no: AtenaNo, household_no: str = HOUSEHOLD_NO) -> Hit:
    one = a_resident(atena_no)
    return Hit(
        atena_no,
        household_no,  # type: ignore[arg-type]  # as a test writes it
        one.shown_name,
        one.name.furigana,
        one.birth,
        one.sex,
        "葛城町1番",
        one.status,
        blocked=False,
        protected=False,
    )


def test_in_a_search_a_protected_person_is_marked_and_nobody_of_that_home_shows_an_address() -> None:
    sheltered = sheltered_by([a_hold(SHIEN_SOCHI, TARO), a_hold(DEATH, STRANGER)], NOW)
    assert sheltered == {TARO}
    found = (hit(TARO), hit(HANAKO), hit(STRANGER, "77"))
    shown = [veiled_hit(one, sheltered, hidden_homes(found, sheltered, ())) for one in found]
    assert [(one.address, one.protected) for one in shown] == [
        (None, True),
        (None, False),
        ("葛城町1番", False),
    ]
    assert hidden_homes(found[1:], sheltered, {HOUSEHOLD_NO}) == {HOUSEHOLD_NO}, "the housemate found alone"
    already = replace(hit(HANAKO), protected=True)
    assert veiled_hit(already, sheltered, ()).protected, "what the register says stays"
