"""The sync conversation, word by word: what it asks, in which order, and what it does not believe."""

from dataclasses import replace
from datetime import timedelta

import pytest

from client.domain.errors import LinkDownError
from client.domain.feed import FeedPosition, Position
from client.rules import sync_steps as steps
from client.rules.sync import Settings, conversation
from tests.builders import NOW
from tests.replica_fakes import (
    MemoryReplica,
    a_row_change,
    a_tombstone,
    at_once,
)
from tests.rules.sync_builders import (
    BLOCKS,
    REGISTER,
    _cut_after,
    a_hopeless_pair,
    a_register,
    equal,
    filled,
    hold,
)


def test_a_first_fill_fetches_the_snapshot_then_follows_blocks_first() -> None:
    register, replica = a_register(), MemoryReplica()
    register.make_snapshot(rows_a_chunk=3)
    register.commit(REGISTER, a_row_change(REGISTER, 9))
    report, said = hold(register, replica)
    assert said == [
        *["AskManifest", "BeginFill", "TakeChunks", "FinishFill"],
        *["AskBoth", "OwnMids", "Confirm"],
        *["Apply", "OwnMids", "Confirm"],
    ]
    assert [question for question in register.asked if question.startswith("feed")] == [
        "feed blocks 1",
        "feed register 4",
    ]
    assert (report.filled, report.proven, report.changes) == (True, True, 1)
    assert equal(register, replica)


def test_chunks_already_there_are_not_fetched_again() -> None:
    register, replica = a_register(6), MemoryReplica()
    register.make_snapshot(rows_a_chunk=2)
    manifest = at_once(register.manifest())
    at_once(replica.begin_fill(manifest))
    first = manifest.chunks[0]
    part = at_once(register.chunk(first))
    at_once(replica.add_chunk(first.sha256, part))
    register.asked.clear()
    hold(register, replica)
    assert register.asked.count("chunk") == len(manifest.chunks) - 1
    assert equal(register, replica)


def test_seal_images_are_fetched_last() -> None:
    register = a_register(3, 0)
    register.make_snapshot(rows_a_chunk=1)
    assert register.kept
    manifest, parts = register.kept
    series = ["seals", "later", "core"]
    chunks = tuple(replace(chunk, series=one) for chunk, one in zip(manifest.chunks, series, strict=True))
    register.kept = replace(manifest, chunks=chunks), parts
    fetched: list[str] = []

    def watch(step: object, answer: object) -> object:
        if isinstance(step, steps.TakeChunks):
            fetched.extend(chunk.series for chunk in step.chunks)
        return answer

    hold(register, MemoryReplica(), twist=watch)
    assert fetched == ["core", "seals", "later"]


def test_on_a_metered_line_no_snapshot_is_fetched_unless_asked_for() -> None:
    register, replica = a_register(), MemoryReplica()
    report, said = hold(register, replica, Settings(metered=True))
    assert (said, report.needs_fill, report.proven) == ([], True, False)
    assert hold(register, replica, Settings(metered=True, fill_anyway=True))[0].proven


def test_on_a_metered_line_changes_still_come() -> None:
    register = a_register()
    replica = filled(register)
    register.commit(BLOCKS, a_row_change(BLOCKS, 7))
    assert hold(register, replica, Settings(metered=True))[0].proven
    assert equal(register, replica)


def test_where_deltas_are_not_due_the_blocks_come_alone() -> None:
    register = a_register()
    replica = filled(register)
    register.commit(BLOCKS, a_row_change(BLOCKS, 7))
    register.asked.clear()
    report, _ = hold(register, replica, Settings(metered=True, register=False))
    assert {one.split()[1] for one in register.asked} == {"blocks"}
    assert [(one.feed, one.proven) for one in report.feeds] == [(BLOCKS, True)]
    assert not report.proven


def test_when_nothing_changed_two_questions_prove_it() -> None:
    register = a_register()
    replica = filled(register)
    register.asked.clear()
    register.at += timedelta(minutes=9)
    report, _ = hold(register, replica)
    assert register.asked == ["feed blocks 1", "feed register 4"]
    assert report.proven
    assert {one.reached.at for one in report.feeds} == {register.at}


def test_a_cut_between_any_two_steps_is_gone_on_from() -> None:
    register = a_register(5, 2)
    for stop in range(1, 40):
        replica = MemoryReplica()
        talk_ends = _cut_after(register, replica, stop)
        report, _ = hold(register, replica)
        assert report.proven
        assert equal(register, replica)
        if talk_ends:
            return
    raise AssertionError("the conversation has no end")


def test_one_wrong_row_is_found_and_only_its_bucket_fetched() -> None:
    register = a_register(30)
    replica = filled(register)
    change = a_row_change(REGISTER, 3, full_name="渡邊󠄐")
    assert change.row is not None
    replica.rows(REGISTER)[change.table, change.key] = change.row
    register.asked.clear()
    report, _ = hold(register, replica)
    assert register.asked[1:] == [
        "feed register 30",
        "digest register",
        "buckets register",
        "rows register 1",
        "feed register 30",
    ]
    assert (report.repaired, report.proven) == (1, True)
    assert equal(register, replica)


def test_a_batch_that_does_not_come_out_is_not_applied_and_the_replica_is_repaired() -> None:
    register = a_register(8)
    replica = filled(register)
    replica.rows(REGISTER).pop(("resident", ("0000000002", 1)))
    register.commit(REGISTER, a_row_change(REGISTER, 50))
    report, said = hold(register, replica)
    assert said[3:] == [
        *["Apply", "AskDigest", "OwnMids", "AskBuckets", "OwnBuckets", "AskRows", "Replace"],
        *["AskFeed", "OwnMids", "Confirm"],
    ]
    assert report.proven
    assert equal(register, replica)


@pytest.mark.parametrize("after", [steps.AskDigest, steps.AskBuckets])
def test_if_the_register_moves_on_in_between_the_comparison_begins_again(after: type[object]) -> None:
    register = a_register(8)
    replica = filled(register)
    replica.rows(REGISTER).pop(("resident", ("0000000002", 1)))
    moved: list[int] = []

    def move_on(step: object, answer: object) -> object:
        if isinstance(step, after) and not moved:
            moved.append(1)
            register.commit(REGISTER, a_row_change(REGISTER, 60))
        return answer

    report, said = hold(register, replica, twist=move_on)
    assert said.count("AskDigest") == 2
    assert said.count("Replace") == 1
    assert report.proven
    assert equal(register, replica)


def test_a_register_that_never_holds_still_is_not_called_equal() -> None:
    register = a_register(8)
    replica = filled(register)
    replica.rows(REGISTER).pop(("resident", ("0000000002", 1)))

    def always_moving(step: object, answer: object) -> object:
        if isinstance(step, steps.AskDigest):
            register.commit(REGISTER, a_row_change(REGISTER, 60, order_no=register.head(REGISTER)))
        return answer

    report, said = hold(register, replica, twist=always_moving)
    assert not report.proven
    assert "Replace" not in said
    assert hold(register, replica)[0].proven


def test_a_register_restored_from_its_backup_is_followed_back_only_when_a_person_says_so() -> None:
    register = a_register(3)
    register.back_up()
    register.commit(REGISTER, a_row_change(REGISTER, 10))
    replica = filled(register)
    register.restore()
    before = dict(replica.rows(REGISTER))
    with pytest.raises(LinkDownError, match=r"link\.backwards"):
        hold(register, replica)
    assert (replica.rows(REGISTER), replica.stands[REGISTER].version) == (before, 4)
    report, _ = hold(register, replica, Settings(follow_back=True))
    assert report.proven
    assert replica.stands[REGISTER].version == 3
    assert equal(register, replica)


def test_a_restored_register_that_has_grown_past_us_again_is_noticed() -> None:
    register = a_register(3)
    register.back_up()
    register.commit(REGISTER, a_row_change(REGISTER, 10))
    replica = filled(register)
    register.restore()
    register.commit(REGISTER, a_row_change(REGISTER, 11))
    register.commit(REGISTER, a_tombstone(REGISTER, 0))
    assert hold(register, replica)[0].proven
    assert equal(register, replica)


def test_equal_rows_under_another_version_need_no_rows() -> None:
    register = a_register(3)
    replica = filled(register)
    register.back_up()
    replica.stands[REGISTER].version = 9
    report, said = hold(register, replica, Settings(follow_back=True))
    assert "AskRows" not in said
    assert report.proven
    assert replica.stands[REGISTER].version == 3


def test_a_log_that_begins_later_is_no_obstacle() -> None:
    register = a_register(3)
    replica = filled(register)
    register.commit(REGISTER, a_row_change(REGISTER, 10))
    register.commit(REGISTER, a_row_change(REGISTER, 11))
    register.forget_log(REGISTER)
    assert hold(register, replica)[0].proven
    assert equal(register, replica)


def test_where_most_differs_the_replica_is_filled_anew() -> None:
    register, replica = a_hopeless_pair()
    register.make_snapshot(rows_a_chunk=1000)
    report, said = hold(register, replica)
    assert "AskRows" not in said
    assert (report.filled, report.proven, report.needs_fill) == (True, True, False)


def test_on_a_metered_line_it_is_said_instead() -> None:
    register, replica = a_hopeless_pair()
    report, said = hold(register, replica, Settings(metered=True))
    assert "AskManifest" not in said
    assert (report.filled, report.proven, report.needs_fill) == (False, False, True)


def test_after_many_batches_the_blocks_have_their_turn_again() -> None:
    register = a_register(3)
    replica = filled(register)
    for number in range(20):
        register.commit(REGISTER, a_row_change(REGISTER, number + 10))
    report, _ = hold(register, replica, Settings(rows_a_batch=2, batches_a_round=4))
    assert (report.more, report.proven, report.changes) == (True, False, 8)
    assert replica.stands[REGISTER].version == 11


def test_a_position_in_one_feed_only_is_a_position_nowhere() -> None:
    talk = conversation(Position(FeedPosition(1, NOW), None))
    assert isinstance(next(talk), steps.AskManifest)
