"""A drill: its steps in order, what the clerk's acts tick off, and the RTO it reached."""

from datetime import UTC, datetime, timedelta

import pytest

from client.domain.change import ChangeKind, ChangeState, QueuedChange
from client.rules.drill import advance, plan

BEGAN = datetime(2026, 11, 20, 5, 0, tzinfo=UTC)
STEPS = (
    ("issue_online", "issued_online"),
    ("cut", "cut"),
    ("issue_offline", "issued_offline"),
    ("intake", "accepted"),
    ("restore", "restore"),
    ("arrive", "arrived"),
)


def change(seq: int, kind: ChangeKind, seconds: float, state: ChangeState, **payload: object) -> QueuedChange:
    return QueuedChange(
        seq=seq,
        key=f"key-{seq}",
        kind=kind,
        state=state,
        residents=(),
        base={},
        payload=payload,
        sealed=b"",
        signature=b"",
        made_at=BEGAN + timedelta(seconds=seconds),
        made_by="s001",
        clock_offset_ms=0,
        todoke_date=None,
        supersedes=None,
        attempts=0,
        next_try_at=None,
        last_words="",
        receipt=None,
    )


def paper(seq: int, seconds: float, state: ChangeState, *, offline: bool) -> list[QueuedChange]:
    return [
        change(seq, ChangeKind.ISSUED, seconds, state, serial=f"1-{seq:06d}", offline=offline),
        change(seq + 1, ChangeKind.HANDED_OVER, seconds + 1, state, serial=f"1-{seq:06d}"),
    ]


def after(seconds: float) -> datetime:
    return BEGAN + timedelta(seconds=seconds)


def test_the_whole_drill_ends_with_the_time_from_cut_to_paper_in_hand() -> None:
    drill = plan(STEPS, BEGAN)
    seen = paper(1, 10, ChangeState.QUEUED, offline=False)
    drill = advance(drill, seen, after(12))
    assert drill.present is not None
    assert drill.present.step_id == "cut"
    drill = drill.done(after(20))
    seen += paper(3, 40, ChangeState.QUEUED, offline=True)
    drill = advance(drill, seen, after(42))
    assert drill.rto == timedelta(seconds=21)
    seen.append(change(5, ChangeKind.TENKYO, 60, ChangeState.QUEUED))
    drill = advance(drill, seen, after(61)).done(after(70))
    assert drill.present is not None
    assert drill.present.step_id == "arrive"
    arrived = [change(one.seq, one.kind, 0, ChangeState.LANDED) for one in seen]
    assert advance(drill, arrived, after(80)).present is None


def test_a_paper_of_before_the_cut_does_not_count_as_issued_offline() -> None:
    drill = plan(STEPS[1:3], BEGAN).done(after(100))
    assert advance(drill, paper(1, 50, ChangeState.QUEUED, offline=True), after(120)).present is not None


def test_a_numbered_paper_still_in_the_printer_does_not_count() -> None:
    drill = plan(STEPS, BEGAN)
    assert advance(drill, paper(1, 10, ChangeState.QUEUED, offline=False)[:1], after(12)) == drill


@pytest.mark.parametrize("state", [ChangeState.QUEUED, ChangeState.SENDING, ChangeState.UNKNOWN])
def test_nothing_has_arrived_while_one_change_waits(state: ChangeState) -> None:
    drill = plan((("arrive", "arrived"),), BEGAN)
    assert advance(drill, [change(1, ChangeKind.TENKYO, 1, state)], after(5)) == drill


def test_the_directors_own_steps_wait_for_the_director() -> None:
    drill = plan((("cut", "cut"),), BEGAN)
    assert advance(drill, paper(1, 1, ChangeState.QUEUED, offline=True), after(5)) == drill
    assert drill.rto is None


def test_a_finished_drill_stays_finished() -> None:
    drill = plan((("cut", "cut"),), BEGAN).done(after(1))
    assert drill.done(after(2)) == drill
    assert advance(drill, [], after(3)) == drill


def test_an_act_nobody_knows_is_refused() -> None:
    with pytest.raises(ValueError, match="earthquake"):
        plan((("shake", "earthquake"),), BEGAN)
