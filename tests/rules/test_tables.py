"""The outbox and a sheet of paper, as tables; every line of them, and nothing beside them."""

from dataclasses import replace
from datetime import timedelta
from enum import Enum
from typing import TypeVar

import pytest
from hypothesis import given
from hypothesis import strategies as st

from client.domain.certificate import SheetState
from client.domain.change import ChangeKind, ChangeState, NewChange, QueuedChange
from client.domain.resident import AtenaNo
from client.rules import issuing, outbox
from client.rules.issuing import SheetEvent
from client.rules.outbox import Event
from client.rules.table import OutOfTurnError, Table
from tests.builders import NOW

NO = {ChangeState.CONFLICT, ChangeState.REFUSED}
SETTLED = {ChangeState.LANDED, ChangeState.WITHDRAWN, ChangeState.SUPERSEDED}


S = TypeVar("S", bound=Enum)
E = TypeVar("E", bound=Enum)


def reachable(table: Table[S, E], start: S) -> set[S]:
    found = {start}
    while more := {after for state in found for after in table[state].values()} - found:
        found |= more
    return found


@pytest.mark.parametrize("state", ChangeState)
@pytest.mark.parametrize("event", Event)
def test_an_event_out_of_turn_raises_and_one_in_turn_does_not(state: ChangeState, event: Event) -> None:
    if event in outbox.TRANSITIONS[state]:
        assert outbox.step(state, event) is outbox.TRANSITIONS[state][event]
    else:
        with pytest.raises(OutOfTurnError):
            outbox.step(state, event)


@given(st.lists(st.sampled_from([event for event in Event if event is not Event.FORGOTTEN]), max_size=30))
def test_whatever_happens_a_settled_change_stays_settled(events: list[Event]) -> None:
    state, settled = ChangeState.QUEUED, None
    for event in events:
        if event in outbox.TRANSITIONS[state]:
            state = outbox.step(state, event)
        settled = settled or (state if state in SETTLED else None)
        assert settled in {None, state}


def test_every_state_can_be_reached_and_those_that_end_are_the_settled_ones() -> None:
    assert reachable(outbox.TRANSITIONS, ChangeState.QUEUED) == set(ChangeState)
    ends = {state for state in ChangeState if set(outbox.TRANSITIONS[state]) <= {Event.FORGOTTEN}}
    assert ends == SETTLED


def test_only_what_took_effect_can_be_forgotten_and_then_waits_for_an_answer_to_its_key() -> None:
    took_effect = {ChangeState.ACCEPTED, ChangeState.LANDED}
    assert {state for state in ChangeState if outbox.may_be_forgotten(state)} == took_effect
    assert {outbox.step(state, Event.FORGOTTEN) for state in took_effect} == {ChangeState.UNKNOWN}


def test_no_late_silence_makes_an_answered_change_unknown() -> None:
    assert not any(
        outbox.may_become(state, ChangeState.UNKNOWN) for state in (ChangeState.ACCEPTED, *SETTLED)
    )


def test_an_unknown_change_leaves_only_by_an_answer_for_its_key() -> None:
    within = {ChangeState.UNKNOWN, ChangeState.SENDING}
    out = {
        event for state in within for event, after in outbox.TRANSITIONS[state].items() if after not in within
    }
    assert out == set(outbox.ANSWERS)


def test_a_refused_change_is_not_sent_again() -> None:
    for state in NO:
        assert set(outbox.TRANSITIONS[state]) == {Event.WITHDRAWN, Event.REWRITTEN}
        assert not outbox.ready([a_change(1, "1", state=state)], NOW)


def test_only_what_was_never_sent_or_was_answered_with_no_may_be_withdrawn() -> None:
    may = {state for state in ChangeState if outbox.may_withdraw(a_change(1, "1", state=state))}
    assert may == {ChangeState.QUEUED, *NO}


def test_a_restart_turns_sending_into_unknown_and_nothing_else() -> None:
    for state in ChangeState:
        after = ChangeState.UNKNOWN if state is ChangeState.SENDING else state
        assert outbox.after_restart(state) is after


def test_every_outcome_of_the_contract_has_an_event() -> None:
    assert set(outbox.EVENT_OF_OUTCOME.values()) == set(outbox.ANSWERS)


def test_changes_of_one_resident_go_one_at_a_time_and_in_order() -> None:
    first, second, other = a_change(1, "1"), a_change(2, "1"), a_change(3, "2")
    assert outbox.ready([second, other, first], NOW) == (first, other)
    assert outbox.held_back([second, other, first]) == ((second, first),)


def test_a_change_of_two_residents_waits_for_both_and_holds_both() -> None:
    one, both, other = a_change(1, "1"), a_change(2, "1", "2"), a_change(3, "2")
    assert outbox.ready([one, both, other], NOW) == (one,)
    assert outbox.held_back([one, both, other]) == ((both, one), (other, both))


@pytest.mark.parametrize("state", [*NO, ChangeState.SENDING])
def test_a_stuck_resident_holds_back_nobody_else(state: ChangeState) -> None:
    stuck, behind, other = a_change(1, "1", state=state), a_change(2, "1"), a_change(3, "2")
    assert outbox.ready([stuck, behind, other], NOW) == (other,)


@pytest.mark.parametrize("state", [ChangeState.ACCEPTED, *SETTLED])
def test_an_answered_change_holds_nobody_back(state: ChangeState) -> None:
    behind = a_change(2, "1")
    assert outbox.ready([a_change(1, "1", state=state), behind], NOW) == (behind,)


def test_facts_have_no_lane() -> None:
    stuck = a_change(1, "1", state=ChangeState.CONFLICT)
    facts = [a_change(2, "1", kind=ChangeKind.ISSUED), a_change(3, "1", kind=ChangeKind.FEE)]
    assert outbox.ready([stuck, *facts], NOW) == tuple(facts)


def test_an_unknown_change_is_sent_again_when_its_time_has_come() -> None:
    later = replace(a_change(1, "1", state=ChangeState.UNKNOWN), next_try_at=NOW + timedelta(seconds=5))
    assert outbox.ready([later], NOW) == ()
    assert outbox.ready([later], NOW + timedelta(seconds=5)) == (later,)
    assert outbox.ready([replace(later, next_try_at=None)], NOW)


def test_a_clock_set_back_by_an_hour_makes_no_change_wait_for_an_hour() -> None:
    change = replace(a_change(1, "1", state=ChangeState.UNKNOWN), next_try_at=NOW + timedelta(seconds=5))
    assert outbox.ready([change], NOW - timedelta(hours=1))


def test_a_batch_may_be_cut_short_at_the_newest_end() -> None:
    changes = [a_change(seq, str(seq)) for seq in range(1, 6)]
    assert outbox.ready(changes, NOW, limit=2) == tuple(changes[:2])


residents = st.lists(st.sampled_from("abcd"), min_size=1, max_size=3, unique=True)
queues = st.lists(
    st.tuples(residents, st.sampled_from(ChangeState), st.sampled_from(ChangeKind)), max_size=10
)


@given(queues)
def test_no_two_requests_of_a_resident_are_ever_under_way_together(
    drawn: list[tuple[list[str], ChangeState, ChangeKind]],
) -> None:
    changes = [a_change(seq, *who, state=state, kind=kind) for seq, (who, state, kind) in enumerate(drawn)]
    ready = outbox.ready(changes, NOW)
    for change in ready:
        if not change.kind.is_fact:
            earlier = [one for one in changes if one.seq < change.seq and not one.kind.is_fact]
            assert not any(
                set(one.residents) & set(change.residents)
                and one.state not in SETTLED | {ChangeState.ACCEPTED}
                for one in earlier
            )


@given(queues)
def test_nothing_stuck_is_hidden(drawn: list[tuple[list[str], ChangeState, ChangeKind]]) -> None:
    changes = [a_change(seq, *who, state=state, kind=kind) for seq, (who, state, kind) in enumerate(drawn)]
    told = {change.key for change, _ in outbox.held_back(changes)} | {
        one.key for one in outbox.ready(changes, NOW)
    }
    waiting = [one for one in changes if one.state in {ChangeState.QUEUED, ChangeState.UNKNOWN}]
    assert all(one.key in told for one in waiting)
    unanswered = waiting + [one for one in changes if one.state is ChangeState.SENDING]
    assert outbox.waiting_to_be_sent(changes) == sum(
        one.kind is not ChangeKind.JOURNAL for one in unanswered
    )  # the book goes by itself


@given(st.integers(-1, 10_000), st.floats(0, 1))
def test_a_wait_is_never_above_a_minute_nor_below_half_a_second(attempts: int, jitter: float) -> None:
    assert timedelta(seconds=0.5) <= outbox.backoff(attempts, jitter) <= timedelta(seconds=60)


def test_waits_double() -> None:
    assert [outbox.backoff(n, 1).total_seconds() for n in range(1, 9)] == [1, 2, 4, 8, 16, 32, 60, 60]
    assert outbox.backoff(3, 0) == timedelta(seconds=2)


@pytest.mark.parametrize("jitter", [-0.1, 1.1])
def test_jitter_is_a_share(jitter: float) -> None:
    with pytest.raises(ValueError, match="jitter"):
        outbox.backoff(1, jitter)


# A sheet of paper


@pytest.mark.parametrize("state", SheetState)
@pytest.mark.parametrize("event", SheetEvent)
def test_a_sheet_knows_only_the_events_of_its_table(state: SheetState, event: SheetEvent) -> None:
    if event in issuing.TRANSITIONS[state]:
        after = issuing.step(state, event)
        assert issuing.may_become(state, after)
    else:
        with pytest.raises(OutOfTurnError):
            issuing.step(state, event)


def test_every_sheet_state_can_be_reached_and_ends_handed_over_or_spoiled() -> None:
    assert reachable(issuing.TRANSITIONS, SheetState.COMMITTED) == set(SheetState)
    ends = {state for state in SheetState if not issuing.is_open(state)}
    assert ends == {SheetState.HANDED_OVER, SheetState.SPOILED}


def test_nothing_is_handed_over_that_no_printer_was_given() -> None:
    assert not issuing.may_become(SheetState.COMMITTED, SheetState.HANDED_OVER)
    assert not issuing.may_become(SheetState.SENT, SheetState.COMMITTED)


def test_every_open_sheet_can_be_spoiled() -> None:
    assert all(
        issuing.may_become(state, SheetState.SPOILED) for state in SheetState if issuing.is_open(state)
    )


def test_after_a_crash_a_sheet_is_unknown_unless_the_printer_had_spoken() -> None:
    after = {state: issuing.after_restart(state) for state in SheetState}
    assert after == {
        **{state: state for state in SheetState},
        SheetState.COMMITTED: SheetState.UNKNOWN,
        SheetState.SENT: SheetState.UNKNOWN,
    }


def a_change(
    seq: int, *residents: str, state: ChangeState = ChangeState.QUEUED, kind: ChangeKind = ChangeKind.TENKYO
) -> QueuedChange:
    who = tuple(map(AtenaNo, residents))
    return queued(NewChange(f"k{seq}", kind, who, dict.fromkeys(who, 1), {}, NOW, "s001"), seq, state)


def queued(change: NewChange, seq: int, state: ChangeState) -> QueuedChange:
    return QueuedChange(
        seq=seq,
        key=change.key,
        kind=change.kind,
        state=state,
        residents=change.residents,
        base=change.base,
        payload=change.payload,
        sealed=b"",
        signature=b"",
        made_at=change.made_at,
        made_by=change.made_by,
        clock_offset_ms=0,
        todoke_date=None,
        supersedes=None,
        attempts=0,
        next_try_at=None,
        last_words="",
        receipt=None,
    )
