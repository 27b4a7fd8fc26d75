"""What crosses which line: blocks always, then the outbox, then deltas, snapshots when asked for."""

from datetime import date, timedelta

import pytest

from client.rules.traffic import LATER_EVERY, POLICY, Cost, Kind, When, may_cross, policy_of
from client.rules.usage import KEPT, Bytes, Usage, used

DAY = date(2026, 11, 20)


def may(
    kind: Kind, cost: Cost, *, asked: bool = True, waiting: int = 0, last: timedelta | None = None
) -> bool:
    return may_cross(POLICY[kind, cost], blocks_asked=asked, waiting=waiting, since_last=last)


def test_the_table_names_every_kind_on_every_line() -> None:
    assert POLICY.keys() == {(kind, cost) for kind in Kind for cost in Cost}


def test_blocks_cross_every_line_whatever_else_waits() -> None:
    assert all(may(Kind.BLOCKS, cost, asked=False, waiting=99) for cost in Cost)


@pytest.mark.parametrize("kind", Kind)
def test_a_free_line_carries_everything_at_once(kind: Kind) -> None:
    assert may(kind, Cost.FREE, asked=False, waiting=9, last=timedelta(0))


def test_over_a_metered_line_each_waits_for_what_goes_before_it() -> None:
    steps = [
        {"asked": False, "waiting": 2},
        {"asked": True, "waiting": 2},
        {"asked": True, "waiting": 0},
    ]
    crossing = [{kind for kind in Kind if may(kind, Cost.METERED, **step)} for step in steps]  # type: ignore[arg-type]  # a table of keyword arguments
    assert crossing == [
        {Kind.BLOCKS},
        {Kind.BLOCKS, Kind.OUTBOX},
        {Kind.BLOCKS, Kind.OUTBOX, Kind.DELTAS},
    ]


def test_deltas_over_a_metered_line_come_once_a_minute_and_a_clock_set_back_holds_nothing_up() -> None:
    for last, due in ((timedelta(seconds=59), False), (LATER_EVERY, True), (timedelta(hours=-1), True)):
        assert may(Kind.DELTAS, Cost.METERED, last=last) is due


@pytest.mark.parametrize(("word", "crosses"), [("at_once", True), ("later", False), ("asked", False)])
def test_the_town_may_say_how_deltas_cross_and_nothing_else(word: str, crosses: bool) -> None:
    policy = policy_of(When(word))
    when = policy[Kind.DELTAS, Cost.METERED]
    assert may_cross(when, blocks_asked=True, waiting=3, since_last=None) is crosses
    assert {place for place in POLICY if policy[place] != POLICY[place]} <= {(Kind.DELTAS, Cost.METERED)}


@pytest.mark.parametrize(("word", "crosses"), [("at_once", True), ("later", False), ("asked", False)])
def test_attachments_cross_a_metered_line_only_where_the_town_says_so(word: str, crosses: bool) -> None:
    policy = policy_of(When.LATER, When(word))
    when = policy[Kind.ATTACHMENTS, Cost.METERED]
    assert may_cross(when, blocks_asked=True, waiting=3, since_last=None) is crosses
    changed = {place for place in POLICY if policy[place] != POLICY[place]}
    assert changed <= {(Kind.ATTACHMENTS, Cost.METERED)}


def test_bytes_are_counted_by_day_and_up_link_for_a_month() -> None:
    usage = Usage()
    for days, count in ((0, Bytes(10, 200)), (0, Bytes(1, 2)), (1, Bytes(5, 5)), (1, Bytes())):
        usage = used(usage, DAY + timedelta(days=days), {"main": count, "mobile": Bytes()})
    assert usage.days == {DAY: {"main": Bytes(11, 202)}, DAY + timedelta(days=1): {"main": Bytes(5, 5)}}
    assert (usage.on(DAY)["main"].all, usage.on(DAY - KEPT)) == (213, {})
    assert DAY not in used(usage, DAY + KEPT, {"main": Bytes(1, 1)}).days
