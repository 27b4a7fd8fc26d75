"""The picture of the sync conversation in docs/ARCHITECTURE.md shows every step, and every way from one to the next."""

import re
from pathlib import Path

import pytest

from client.domain.errors import LinkDownError
from client.domain.feed import Feed
from client.rules import sync_steps as steps
from client.rules.sync import Settings
from tests.replica_fakes import MemoryReplica, ModelRegister, Stand, a_row_change
from tests.rules.sync_builders import BLOCKS, REGISTER, Twist, a_hopeless_pair, a_register, filled, hold

PAGE = (Path(__file__).parents[2] / "docs/ARCHITECTURE.md").read_text("utf-8")
PICTURE = PAGE.split("## The sync conversation", 1)[1].split("```mermaid", 1)[1].split("```", 1)[0]
WHOLE, _, REST = PICTURE.partition("state ")
WITHIN, _, AFTER = REST.partition("\n    }")
Ways = set[tuple[str, str]]


def ways(part: str) -> Ways:
    return set(re.findall(r"(\S+) --> ([^\s:]+)", part))


ROUND, FEED = ways(WHOLE + AFTER), ways(WITHIN)
INTO, OUT = {b for a, b in FEED if a == "[*]"}, {a for a, b in FEED if b == "[*]"}


def drawn(before: str, after: str) -> bool:
    """Tell whether the picture has a way from one step to the next, into a feed and out of it too."""
    leaves = before in OUT or (before, "Feed") in ROUND
    comes = after in INTO or ("Feed", after) in ROUND
    return (before, after) in ROUND | FEED or (leaves and comes)


def test_the_picture_has_every_step_and_no_other() -> None:
    kinds = {kind for kind in vars(steps).values() if isinstance(kind, type) and issubclass(kind, steps.Step)}
    shown = {name for way in ROUND | FEED for name in way} - {"[*]", "Feed"}
    assert shown == {kind.__name__ for kind in kinds - {steps.Step}}


def a_first_fill() -> tuple[ModelRegister, MemoryReplica]:
    register = a_register(5, 2)
    register.make_snapshot(rows_a_chunk=1)
    register.commit(BLOCKS, a_row_change(BLOCKS, 8))
    return register, MemoryReplica()


def a_wrong_row() -> tuple[ModelRegister, MemoryReplica]:
    register = a_register(8)
    replica = filled(register)
    replica.rows(REGISTER).pop(("resident", ("0000000002", 1)))
    return register, replica


def many_changes() -> tuple[ModelRegister, MemoryReplica]:
    register = a_register(3)
    replica = filled(register)
    for feed in Feed:
        for number in range(20):
            register.commit(feed, a_row_change(feed, number + 10))
    return register, replica


def a_log_that_begins_later() -> tuple[ModelRegister, MemoryReplica]:
    register, replica = many_changes()
    for feed in Feed:
        register.forget_log(feed)
    return register, replica


def a_restored_register() -> tuple[ModelRegister, MemoryReplica]:
    register, replica = a_register(3), filled(a_register(3))
    for feed in Feed:
        replica.stands[feed].version += 5
    return register, replica


def a_wide_difference() -> tuple[ModelRegister, MemoryReplica]:
    register = ModelRegister()
    register.commit(REGISTER, *(a_row_change(REGISTER, number) for number in range(100)))
    return register, MemoryReplica({feed: Stand(register.head(feed)) for feed in Feed})


def too_much() -> tuple[ModelRegister, MemoryReplica]:
    register, replica = a_hopeless_pair()
    register.make_snapshot(rows_a_chunk=1000)
    return register, replica


@pytest.mark.parametrize("moving", [None, steps.AskDigest, steps.AskBuckets])
@pytest.mark.parametrize(
    "pair",
    [
        a_first_fill,
        a_wrong_row,
        many_changes,
        a_log_that_begins_later,
        a_restored_register,
        a_wide_difference,
        too_much,
    ],
)
def test_every_way_the_conversation_takes_is_drawn(pair: object, moving: type[object] | None) -> None:
    register, replica = pair()  # type: ignore[operator]  # one of the functions above

    def moves(step: object, answer: object) -> object:
        if moving is not None and isinstance(step, moving):
            register.commit(REGISTER, a_row_change(REGISTER, 60, order_no=register.head(REGISTER)))
        return answer

    twist: Twist = moves
    small = Settings(rows_a_batch=2, batches_a_round=4, follow_back=True)
    try:
        _, said = hold(register, replica, small, twist)
    except LinkDownError:
        pytest.fail("these all are answers to be believed")
    taken = set(zip(["[*]", *said], said, strict=False))
    assert {way for way in taken if not drawn(*way)} == set()
    assert said[-1] in OUT, "and it ends where the picture does"
