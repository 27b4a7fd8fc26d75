"""Answers that contradict themselves or the question are no answers."""

from dataclasses import replace
from datetime import timedelta

import pytest

from client.domain.errors import LinkDownError
from client.domain.feed import BucketList, Feed
from client.rules import sync_steps as steps
from client.rules.digest import bucket_of
from tests.builders import NOW
from tests.replica_fakes import (
    MemoryReplica,
    ModelRegister,
    Stand,
    a_row_change,
    a_tombstone,
    at_once,
)
from tests.rules.sync_builders import BLOCKS, REGISTER, Twist, a_register, filled, hold


def test_many_wrong_buckets_are_fetched_in_several_requests_and_replaced_at_once() -> None:
    register = ModelRegister()
    register.commit(REGISTER, *(a_row_change(REGISTER, number) for number in range(100)))
    replica = MemoryReplica({feed: Stand(register.head(feed)) for feed in Feed})
    report, said = hold(register, replica)
    assert said.count("AskRows") == 2
    assert said.count("Replace") == 1
    assert report.proven


LONG_AGO = NOW - timedelta(days=1)


def with_field(kind: type[object], **more: object) -> Twist:
    def twist(step: object, answer: object) -> object:
        return replace(answer, **more) if isinstance(step, kind) else answer  # type: ignore[type-var]  # all answers are dataclasses

    return twist


def first_word(**more: object) -> Twist:
    """Twist what the round's first question is answered about the blocks."""

    def twist(step: object, answer: object) -> object:
        if not isinstance(step, steps.AskBoth):
            return answer
        assert isinstance(answer, tuple)
        return replace(answer[0], **more), answer[1]

    return twist


@pytest.mark.parametrize(
    "twist",
    [
        first_word(feed=REGISTER),
        first_word(after=0),
        first_word(to=0),
        first_word(head=99),
        first_word(to=99),
        with_field(steps.AskDigest, feed=REGISTER),
        with_field(steps.AskDigest, root=bytes(16)),
        with_field(steps.AskBuckets, buckets=()),
        with_field(steps.AskRows, feed=REGISTER),
        with_field(steps.AskRows, rows=(a_tombstone(BLOCKS, 0),)),
        with_field(steps.AskRows, rows=(a_row_change(BLOCKS, 1),)),
    ],
)
def test_an_answer_that_contradicts_itself_or_the_question_is_no_answer(twist: Twist) -> None:
    register = a_register(2, 2)
    replica = filled(register)
    replica.rows(BLOCKS).pop(("block", ("b0",)))
    with pytest.raises(LinkDownError) as caught:
        hold(register, replica, twist=twist)
    assert caught.value.code == "link.fault"
    assert ("block", ("b0",)) not in replica.rows(BLOCKS)


@pytest.mark.parametrize("twist", [first_word(at=LONG_AGO), with_field(steps.AskDigest, at=LONG_AGO)])
def test_an_answer_from_before_the_last_one_is_told_as_stale(twist: Twist) -> None:
    register = a_register(2, 2)
    replica = filled(register)
    replica.rows(BLOCKS).pop(("block", ("b0",)))
    with pytest.raises(LinkDownError, match=r"link\.stale"):
        hold(register, replica, twist=twist)
    assert ("block", ("b0",)) not in replica.rows(BLOCKS)


def test_an_old_digest_is_not_taken_for_a_register_that_went_back() -> None:
    register = a_register(2, 2)
    early = at_once(register.digest(REGISTER))
    register.commit(REGISTER, a_row_change(REGISTER, 7))
    replica = filled(register)
    replica.rows(REGISTER).pop(("resident", ("0000000001", 1)))

    def cache(step: object, answer: object) -> object:
        return early if isinstance(step, steps.AskDigest) and step.feed is REGISTER else answer

    with pytest.raises(LinkDownError, match=r"link\.stale"):
        hold(register, replica, twist=cache)


def test_buckets_that_do_not_add_up_to_the_64_are_not_believed() -> None:
    register = a_register(2, 2)
    replica = filled(register)
    replica.rows(BLOCKS).pop(("block", ("b0",)))

    def lie(step: object, answer: object) -> object:
        if isinstance(answer, BucketList):
            return replace(
                answer, buckets=tuple(replace(bucket, digest=bytes(16)) for bucket in answer.buckets)
            )
        return answer

    with pytest.raises(LinkDownError):
        hold(register, replica, twist=lie)


def test_a_replica_whose_rows_will_not_hold_is_not_called_equal() -> None:
    register = a_register(2, 2)
    replica = filled(register)

    def drops_a_row(step: object, answer: object) -> object:
        if isinstance(step, steps.OwnMids | steps.OwnBuckets) and step.feed is BLOCKS:
            replica.rows(BLOCKS).pop(("block", ("b0",)), None)
            return at_once(replica.mids(BLOCKS)) if isinstance(step, steps.OwnMids) else answer
        return answer

    report, _ = hold(register, replica, twist=drops_a_row)
    assert not report.proven
    assert not report.feeds[0].proven
    assert report.feeds[0].repaired > 0


def test_the_job_does_every_step_there_is() -> None:
    kinds = {kind for kind in vars(steps).values() if isinstance(kind, type) and issubclass(kind, steps.Step)}
    assert {kind.__name__ for kind in kinds - {steps.Step}} == {
        *["AskBoth", "AskFeed", "AskDigest", "AskBuckets", "AskRows", "AskManifest", "TakeChunks"],
        *["Apply", "Confirm", "OwnMids", "OwnBuckets", "Replace", "BeginFill", "FinishFill"],
    }


def test_the_tables_of_the_model_are_in_different_buckets() -> None:
    assert bucket_of("block", ("b0",)) != bucket_of("block", ("b1",))
