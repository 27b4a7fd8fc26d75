"""A restrictive request stops papers and hides addresses at this counter from the moment it is written down."""

import asyncio
from datetime import timedelta

import pytest

from client.domain.blocks import Block, BlockLevel, BlockProcess, Restrictions
from client.domain.change import ChangeState
from client.domain.clerk import Right
from client.domain.errors import ConflictError, LinkDownError, RefusedError, StoreError
from client.domain.query import Query
from client.jobs.print_slip import PrintSlip, SlipPlace
from client.jobs.queue_change import QueueChange
from client.rules import gate
from client.rules.intakes.moves import TENKYO
from tests.builders import HANAKO, TARO, TODAY, a_request, a_sign_in, a_tenkyo
from tests.fakes import MemoryPress, counted_random
from tests.hold_builders import CARD_LOST, DEATH, SHIEN_SOCHI, TENSHUTSU, a_hold, a_restrictive
from tests.jobs.test_find_resident import Counter as Desk
from tests.jobs.test_issue_certificate import Counter as Issuing

pytestmark = pytest.mark.asyncio
CLERK = a_sign_in()


@pytest.mark.parametrize("online", [True, False])
@pytest.mark.parametrize("by", ["own", "neighbour"])
async def test_no_paper_is_issued_of_somebody_whose_death_was_just_told(online: bool, by: str) -> None:
    counter = Issuing()
    if not online:
        counter.cut_line()
    prepared = await counter.job.prepare(CLERK, a_request())
    if by == "own":
        await counter.ledger.queue(a_restrictive(DEATH, TARO))
    else:
        counter.ledger.heard.append(a_hold(DEATH, TARO))
    with pytest.raises(RefusedError) as refused:
        await counter.job.prepare(CLERK, a_request())
    assert refused.value.code == "refused.held"
    with pytest.raises(RefusedError, match=r"refused\.held"):  # told between preview and issue
        await counter.job.issue(CLERK, prepared)
    assert counter.press.printed == []
    assert counter.ledger.copies == {}
    assert counter.ledger.journal[-1].facts["code"] == "refused.held"


@pytest.mark.parametrize("online", [True, False])
async def test_a_planned_move_out_warns_and_what_was_seen_without_it_is_shown_again(online: bool) -> None:
    counter = Issuing()
    if not online:
        counter.cut_line()
    prepared = await counter.job.prepare(CLERK, a_request())
    await counter.ledger.queue(a_restrictive(TENSHUTSU, TARO, planned=TODAY + timedelta(days=5)))
    with pytest.raises(ConflictError):
        await counter.job.issue(CLERK, prepared)
    assert gate.WARN_BLOCK in (await counter.job.prepare(CLERK, a_request())).warnings


async def test_a_lost_seal_card_stops_no_juminhyo() -> None:
    counter = Issuing()
    await counter.ledger.queue(a_restrictive(CARD_LOST, TARO))
    assert (await counter.job.prepare(CLERK, a_request())).pages


@pytest.mark.parametrize("online", [True, False])
async def test_once_taken_back_it_stops_nothing_and_what_the_register_says_stands(online: bool) -> None:
    counter = Issuing()
    if not online:
        counter.cut_line()
    change = await counter.ledger.queue(a_restrictive(DEATH, TARO))
    block = Block("b1", TARO, None, BlockProcess.ISSUE, BlockLevel.ERROR, "職権", None, None)
    counter.cloud.restrictions = counter.replica.restrictions = Restrictions((block,))
    await counter.ledger.withdraw(change.key, actor="s001", reason="誤り")
    with pytest.raises(RefusedError, match=r"refused\.blocked"):
        await counter.job.prepare(CLERK, a_request())
    counter.cloud.restrictions = counter.replica.restrictions = Restrictions()
    assert (await counter.job.prepare(CLERK, a_request())).pages


@pytest.mark.parametrize("online", [True, False])
@pytest.mark.parametrize("by", ["own", "neighbour"])
async def test_who_asks_for_protection_shows_no_address_at_once_and_no_housemate_either(
    online: bool, by: str
) -> None:
    counter = Desk()
    if not online:
        counter.live.down = LinkDownError("link.broken")
    if by == "own":
        await counter.ledger.queue(a_restrictive(SHIEN_SOCHI, HANAKO))
    else:
        counter.ledger.heard.append(a_hold(SHIEN_SOCHI, HANAKO))
    view = (await counter.find_resident.household(CLERK, TARO)).value
    assert view.masked
    assert view.protected == {HANAKO}
    assert "葛城" not in str([member.address for member in view.household.members])
    checked = (await counter.find_resident.household(CLERK, TARO, identity_checked=True)).value
    assert not checked.masked
    found = (await counter.find_resident.find(CLERK, Query(typed="ワタナベ"))).value
    assert [(hit.address, hit.protected) for hit in found.hits] == [(None, False), (None, True)]
    here = await counter.find_resident.find_here(CLERK, Query(typed="ワタナベ　タロウ"))
    assert here is not None
    assert {hit.address for hit in here.value.hits} == {None}, "the housemate found alone"


async def test_nobody_of_a_hidden_home_is_found_by_an_address_but_by_who_answers_for_it() -> None:
    counter = Desk()
    await counter.ledger.queue(a_restrictive(SHIEN_SOCHI, HANAKO))
    by_place = Query(name="ワタナベ", place="葛城町")
    assert (await counter.find_resident.find(a_sign_in(Right.VIEW), by_place)).value.hits == ()
    officer = a_sign_in(Right.VIEW, Right.SHIEN_SOCHI)
    assert (await counter.find_resident.find(officer, by_place)).value.hits


async def test_without_a_replica_to_ask_the_person_is_hidden_and_who_is_found_beside() -> None:
    counter = Desk()
    await counter.ledger.queue(a_restrictive(SHIEN_SOCHI, HANAKO))
    counter.replica.down = StoreError("store.not_filled")
    found = (await counter.find_resident.find(CLERK, Query(typed="ワタナベ"))).value
    assert {hit.address for hit in found.hits} == {None}


@pytest.mark.parametrize("online", [True, False])
async def test_a_slip_says_no_address_of_a_home_that_is_sheltered_since(online: bool) -> None:
    counter, press = Desk(), MemoryPress()
    if not online:
        counter.live.down = LinkDownError("link.broken")
    queue = QueueChange(
        counter.live,
        counter.replica,
        counter.reach,
        counter.ledger,
        now=counter.clock,
        random=counted_random(),
        clock_offset_ms=lambda: 0,
    )
    change = await queue.take(CLERK, TENKYO, a_tenkyo())
    place = SlipPlace("みどり県あおぞら市", "本庁1")
    slip = PrintSlip(counter.live, counter.replica, counter.reach, counter.ledger, press, place=place)
    await slip(CLERK, change)
    await counter.ledger.queue(a_restrictive(SHIEN_SOCHI, HANAKO))
    await slip(CLERK, change)
    assert [bool(one.address) for one in press.slips] == [True, False]


async def test_a_hold_that_comes_while_another_waits_changes_nothing_of_the_first() -> None:
    counter = Issuing()
    first = await counter.ledger.queue(a_restrictive(DEATH, TARO))
    await asyncio.gather(*(counter.ledger.queue(a_restrictive(SHIEN_SOCHI, one)) for one in (TARO, HANAKO)))
    held = {hold.key for hold in await counter.ledger.holds_on((TARO,))}
    assert first.key in held
    assert len(held) == 2
    assert counter.ledger.changes[first.key].state is ChangeState.QUEUED
