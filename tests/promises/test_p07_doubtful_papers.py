"""P07: after recovery every offline paper that a then unknown change makes doubtful is on a list, and no other.

Real stores and a real reference cloud; what is registered before and after each issue is told by the cloud's clock.
"""

from collections.abc import AsyncIterator, Callable
from datetime import timedelta
from pathlib import Path

import pytest
import pytest_asyncio

from client.domain.certificate import SheetState
from client.domain.doubtful import Done, Why
from client.domain.errors import LinkDownError
from client.domain.resident import AtenaNo
from client.jobs.check_offline_papers import AT_ONCE
from cloud.faults import Line
from tests.builders import HANAKO, TARO
from tests.promises.doubtful_desk import OfflineCounter, Town, offline_counter

pytestmark = pytest.mark.asyncio

CHANGES: dict[Why, Callable[[Town, AtenaNo], None]] = {
    Why.TENSHUTSU: Town.tenshutsu,
    Why.DEATH: Town.death,
    Why.IDO: lambda town, who: town.record(who, full_name="改姓　太郎"),
    Why.BLOCK: Town.block,
    Why.SHIEN_SOCHI: Town.shien_sochi,
}


@pytest_asyncio.fixture
async def counter(tmp_path: Path) -> AsyncIterator[OfflineCounter]:
    async with offline_counter(tmp_path) as made:
        yield made


@pytest.mark.parametrize("why", CHANGES)
@pytest.mark.parametrize("who", [TARO, HANAKO])
async def test_what_was_registered_before_the_issue_and_unknown_here_puts_the_paper_on_the_list(
    counter: OfflineCounter, why: Why, who: AtenaNo
) -> None:
    CHANGES[why](counter.town, who)
    counter.forward(30)
    paper = await counter.issue()
    assert await counter.listed() == {}  # nobody can know yet
    counter.forward(30)
    await counter.recover()
    assert await counter.listed() == {paper: {why}}


@pytest.mark.parametrize("why", CHANGES)
async def test_what_was_registered_after_the_issue_does_not(counter: OfflineCounter, why: Why) -> None:
    await counter.issue()
    counter.forward(30)
    CHANGES[why](counter.town, TARO)
    counter.forward(30)
    await counter.recover()
    assert await counter.listed() == {}
    assert (await counter.stores.ledger.doubt_counts()).unchecked == 0


async def test_of_two_papers_only_the_one_issued_after_the_change_is_listed(counter: OfflineCounter) -> None:
    await counter.issue()
    counter.forward(30)
    counter.town.tenshutsu(TARO)
    counter.forward(30)
    second = await counter.issue()
    counter.forward(30)
    counter.town.block(TARO)
    counter.forward(30)
    await counter.recover()
    assert await counter.listed() == {second: {Why.TENSHUTSU}}


async def test_a_child_registered_in_the_household_before_is_missing_on_the_paper(
    counter: OfflineCounter,
) -> None:
    counter.town.birth()
    counter.forward(10)
    paper = await counter.issue()
    counter.forward(10)
    await counter.recover()
    assert await counter.listed() == {paper: {Why.IDO}}


async def test_an_arrear_makes_no_juminhyo_copy_doubtful(counter: OfflineCounter) -> None:
    counter.town.arrears(TARO)
    counter.town.block(TARO, "seal", "b2")
    counter.forward(10)
    await counter.issue()
    counter.forward(10)
    await counter.recover()
    assert await counter.listed() == {}


async def test_a_block_set_and_lifted_before_the_issue_is_no_reason_and_one_lifted_after_is(
    counter: OfflineCounter,
) -> None:
    counter.town.block(TARO)
    counter.forward(10)
    stopped = await counter.issue()
    counter.forward(10)
    counter.town.lift()
    counter.forward(10)
    await counter.issue()
    counter.forward(10)
    await counter.recover()
    assert await counter.listed() == {stopped: {Why.BLOCK}}  # though nothing of it is left in the replica


async def test_a_change_of_the_paper_that_was_known_at_the_issue_is_none(counter: OfflineCounter) -> None:
    counter.town.record(TARO, full_name="改姓　太郎")
    counter.forward(10)
    await counter.recover()
    await counter.issue()
    counter.forward(10)
    await counter.recover()
    assert await counter.listed() == {}


@pytest.mark.parametrize("offset", [timedelta(minutes=4), timedelta(minutes=-4)])
async def test_before_and_after_are_by_the_clouds_clock_however_wrong_ours(
    tmp_path: Path, offset: timedelta
) -> None:
    async with offline_counter(tmp_path, offset) as counter:
        await counter.issue()
        counter.forward(2)
        counter.town.tenshutsu(TARO)
        counter.forward(2)
        second = await counter.issue()
        counter.forward(10)
        await counter.recover()
        assert await counter.listed() == {second: {Why.TENSHUTSU}}


async def test_what_no_clock_can_tell_apart_is_doubtful(counter: OfflineCounter) -> None:
    paper = await counter.issue()
    counter.town.tenshutsu(TARO)  # in the same second
    await counter.check()
    assert await counter.listed() == {paper: {Why.TENSHUTSU}}
    assert (await counter.stores.ledger.doubt_counts()).unchecked == 1  # the minute is not over


async def test_a_later_word_puts_a_paper_on_the_list_that_an_earlier_one_did_not(
    counter: OfflineCounter,
) -> None:
    paper = await counter.issue()
    await counter.check()
    assert await counter.listed() == {}
    counter.forward(0.5)
    counter.town.block(TARO)
    counter.forward(10)
    await counter.recover()
    assert await counter.listed() == {paper: {Why.BLOCK}}


async def test_a_reason_found_after_the_officer_signed_opens_the_line_again(counter: OfflineCounter) -> None:
    ledger = counter.stores.ledger
    counter.town.record(TARO, full_name="改姓　太郎")
    counter.forward(10)
    await counter.issue()
    await counter.check()
    line = await counter.line()
    await ledger.sign_off_paper(line.serial.serial, Done.CONTACTED, remark="電話済み", actor="s003")
    assert (await ledger.doubt_counts()).open == 0
    await counter.check()
    assert (await counter.line()).signed_off is not None  # the same reason again opens nothing
    counter.forward(0.5)
    counter.town.block(TARO)
    counter.forward(10)
    await counter.recover()
    assert (await counter.line()).signed_off is None
    assert {doubt.why for doubt in (await counter.line()).doubts} == {Why.IDO, Why.BLOCK}


async def test_a_spoiled_sheet_is_on_the_list_as_such_and_one_never_printed_is_not(
    counter: OfflineCounter,
) -> None:
    counter.town.tenshutsu(TARO)
    counter.forward(10)
    spoiled = await counter.issue(handed_over=False)
    printed = await counter.issue(handed_over=None)
    counter.press.state = SheetState.UNKNOWN
    unknown = await counter.issue(handed_over=None)
    prepared = await counter.job.prepare(counter.clerk, counter.request())
    never = await counter.stores.ledger.issue(counter.draft(prepared), actor="s001", clock_offset_ms=0)
    await counter.job.confirm(counter.clerk, never.serial, handed_over=False, reason="印刷前に中止")
    counter.forward(10)
    await counter.recover()
    states = {one.serial.key: one.state for one in await counter.stores.ledger.doubtful_papers()}
    assert states == {
        spoiled: SheetState.SPOILED,
        printed: SheetState.PRINTED,
        unknown: SheetState.UNKNOWN,
    }
    assert (await counter.stores.ledger.doubt_counts()).open == 3


async def test_found_and_signed_off_are_in_the_book_once_each_and_hold_no_name(
    counter: OfflineCounter,
) -> None:
    ledger = counter.stores.ledger
    counter.town.shien_sochi(HANAKO)
    counter.forward(10)
    key = await counter.issue()
    counter.forward(10)
    await counter.recover()
    await counter.recover()
    line = await counter.line()
    await ledger.sign_off_paper(line.serial.serial, Done.REPLACED, remark="差替え済み", actor="s003")
    rows = [row.entry for row in await ledger.journal_tail(50) if row.entry.kind == "doubtful"]
    assert [(one.actor, dict(one.facts), one.subjects) for one in reversed(rows)] == [
        ("terminal", {"what": "found", "why": "shien_sochi", "serial": key}, (TARO,)),
        ("s003", {"what": "signed_off", "done": "replaced", "serial": key}, (TARO,)),
    ]
    assert (await ledger.verify_journal()).first_bad is None


async def test_a_line_that_is_cut_while_it_is_asked_loses_no_paper(counter: OfflineCounter) -> None:
    counter.town.tenshutsu(TARO)
    counter.forward(10)
    paper = await counter.issue()
    counter.forward(10)
    counter.town.cloud.faults.line = Line.CUT
    with pytest.raises(LinkDownError):
        await counter.check()
    assert (await counter.stores.ledger.doubt_counts()).unchecked == 1
    counter.town.cloud.faults.clear()
    await counter.recover()
    assert await counter.listed() == {paper: {Why.TENSHUTSU}}


async def test_papers_beyond_one_question_are_all_asked_about(counter: OfflineCounter) -> None:
    counter.town.block(TARO)
    counter.forward(10)
    papers = {await counter.issue() for _ in range(AT_ONCE + 1)}
    counter.forward(10)
    await counter.recover()
    assert set(await counter.listed()) == papers


async def test_the_list_outlives_a_restart_and_the_book_can_be_read_again(counter: OfflineCounter) -> None:
    counter.town.death(TARO)
    counter.forward(10)
    paper = await counter.issue()
    await counter.stores.close()
    await counter.stores.open(counter.keys)
    counter.forward(10)
    await counter.recover()
    await counter.stores.close()
    await counter.stores.open(counter.keys)
    assert await counter.listed() == {paper: {Why.DEATH}}


async def test_a_paper_from_before_the_registers_memory_is_doubtful(counter: OfflineCounter) -> None:
    """A restored register, or a log cut short: nobody can say what it knew then."""
    paper = await counter.issue()
    counter.town.forget_log()
    counter.forward(10)
    await counter.check()
    assert await counter.listed() == {paper: {Why.UNKNOWN}}
