"""P08: a hold ends only rightly; what a terminal of the town in wrong hands sends under a neighbour's key lifts nothing."""

from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from client.domain.blocks import Block, BlockLevel, BlockProcess, Restrictions, ShienSochi
from client.domain.change import RESTRICTIVE, ChangeKind, ChangeState
from client.domain.clerk import Right
from client.domain.errors import RefusedError
from client.domain.hold import Hold
from client.domain.resident import AtenaNo
from client.jobs.settle_change import SettleChange
from client.rules.holds import hold_of, joined, says_all, stops
from tests.builders import HANAKO, NOW, TARO, TODAY, a_sign_in
from tests.fakes import FakeClock, MemoryLedger, MemoryLink, counted_random
from tests.hold_builders import (
    ABOLISH,
    CARD_LOST,
    DEATH,
    SHIEN_SOCHI,
    TENSHUTSU,
    a_hold,
    a_restrictive,
    queued,
)
from tests.settle_fakes import MemoryVersions
from tests.store_builders import store_keys, stores_in

TAKEN = "refused.by_cloud key_taken"
KINDS = sorted(RESTRICTIVE, key=lambda kind: kind.value)


def told_by(hold: Hold) -> Restrictions:
    """Return the rows a command under a key puts up, as the feed brings them."""
    rows = stops(hold)
    return Restrictions(
        tuple(replace(one, held=None, starts=one.starts or TODAY) for one in rows.blocks),
        tuple(replace(one, held=None) for one in rows.shien_sochi),
    )


def forged(hold: Hold, kind: ChangeKind, *residents: AtenaNo, days: int = 0) -> Restrictions:
    """Return the rows of another's command that came first under the key of a hold."""
    planned = TODAY + timedelta(days=days) if kind is TENSHUTSU else None
    return told_by(
        replace(hold, kind=kind, residents=residents or (TARO,), planned=planned, terminal="T0666")
    )


def still_held(hold: Hold, told: Restrictions) -> bool:
    both = joined(told, [hold], hold.residents, NOW + timedelta(minutes=5))
    return any(one.held for one in both.blocks) or any(one.held for one in both.shien_sochi)


ATTACKS = [
    (a_hold(DEATH, TARO), lambda hold: forged(hold, CARD_LOST)),  # stops the seal, not the papers
    (a_hold(DEATH, TARO), lambda hold: forged(hold, DEATH, HANAKO)),  # of somebody else
    (a_hold(DEATH, TARO), lambda hold: forged(hold, TENSHUTSU, days=9_999)),  # as of a day far away
    (a_hold(DEATH, TARO), lambda hold: forged(hold, SHIEN_SOCHI)),
    (a_hold(TENSHUTSU, TARO, HANAKO, planned=TODAY), lambda hold: forged(hold, TENSHUTSU, TARO)),
    (a_hold(SHIEN_SOCHI, TARO, HANAKO), lambda hold: forged(hold, SHIEN_SOCHI, TARO)),
    (a_hold(SHIEN_SOCHI, TARO), lambda hold: forged(hold, DEATH)),  # stops papers, and shows the address
    (
        a_hold(TENSHUTSU, TARO, planned=TODAY + timedelta(days=3)),
        lambda hold: forged(hold, TENSHUTSU, days=300),
    ),
]


@pytest.mark.parametrize(("hold", "rows"), ATTACKS)
def test_rows_of_another_command_under_its_key_end_no_hold(hold: Hold, rows: object) -> None:
    told = rows(hold)  # type: ignore[operator]  # a function of the table above
    assert not says_all(told, hold, hold.residents, NOW + timedelta(minutes=5))
    assert still_held(hold, told)


def test_an_alert_under_its_key_ends_no_hold_that_stops() -> None:
    hold = a_hold(DEATH, TARO)
    rows = told_by(hold)
    weak = replace(rows, blocks=tuple(replace(one, level=BlockLevel.ALERT) for one in rows.blocks))
    assert still_held(hold, weak)


def test_rows_whose_key_only_begins_like_it_are_not_its_own() -> None:
    hold = a_hold(SHIEN_SOCHI, TARO)
    longer = ShienSochi(f"{hold.key}0-1", TARO, provisional=True, starts=TODAY, ends=None)
    assert still_held(hold, Restrictions(shien_sochi=(longer,)))


@pytest.mark.parametrize("kind", KINDS)
def test_its_own_rows_say_all_its_parts_and_it_is_shown_once(kind: ChangeKind) -> None:
    hold = a_hold(kind, TARO, HANAKO, planned=TODAY if kind is TENSHUTSU else None)
    assert says_all(told_by(hold), hold, hold.residents, NOW)
    assert not still_held(hold, told_by(hold))


@given(st.sampled_from(KINDS), st.sets(st.integers(0, 5)))
def test_each_part_that_is_missing_keeps_the_hold(kind: ChangeKind, gone: set[int]) -> None:
    hold = a_hold(kind, TARO, HANAKO, planned=TODAY if kind is TENSHUTSU else None)
    rows = told_by(hold)
    left = Restrictions(
        tuple(one for place, one in enumerate(rows.blocks) if place not in gone),
        tuple(one for place, one in enumerate(rows.shien_sochi) if place not in gone),
    )
    assert says_all(left, hold, hold.residents, NOW) is (left == rows)


@pytest.mark.parametrize("kind", KINDS)
def test_a_key_that_was_taken_keeps_ones_own_hold(kind: ChangeKind) -> None:
    change = replace(queued(a_restrictive(kind), ChangeState.REFUSED), last_words=TAKEN)
    assert hold_of(change, "T0001") is not None
    assert hold_of(replace(change, last_words="refused.duplicate_intake"), "T0001") is None
    assert hold_of(replace(change, state=ChangeState.WITHDRAWN), "T0001") is None


@pytest.mark.asyncio
async def test_in_the_ledger_too_it_is_held_and_told_until_it_is_taken_back(tmp_path: Path) -> None:
    stores = stores_in(tmp_path)
    await stores.open(store_keys())
    try:
        ledger = stores.ledger
        change = await ledger.queue(a_restrictive(SHIEN_SOCHI, TARO))
        await ledger.lease((change.key,), now=NOW)
        await ledger.settle(change.key, ChangeState.REFUSED, words=TAKEN)
        for holds in (
            await ledger.holds_on((TARO,)),
            await ledger.own_holds(),
            await ledger.holds_of(SHIEN_SOCHI, NOW + timedelta(days=1)),
        ):
            assert [hold.key for hold in holds] == [change.key]
        await ledger.withdraw(change.key, actor="s003", reason="本人の申出")
        assert await ledger.holds_on((TARO,)) == ()
    finally:
        await stores.close()


def test_a_row_of_the_register_says_it_and_one_of_another_key_does_not() -> None:
    block = Block("k-1", TARO, None, BlockProcess.SEAL, BlockLevel.ERROR, "", TODAY, None)
    hold = replace(a_hold(CARD_LOST, TARO), key="k")
    assert says_all(Restrictions(blocks=(block,)), hold, (TARO,), NOW)
    assert not says_all(Restrictions(blocks=(replace(block, block_id="k2-1"),)), hold, (TARO,), NOW)


class Desk:
    """Where a request is taken back."""

    def __init__(self) -> None:
        self.ledger = MemoryLedger(FakeClock())
        self.link = MemoryLink()
        self.job = SettleChange(
            MemoryVersions(),  # type: ignore[arg-type]  # the cloud is not asked to take back
            self.ledger,
            now=FakeClock(),
            random=counted_random(),
            clock_offset_ms=lambda: 0,
            link=self.link,
        )


@pytest.mark.asyncio
@pytest.mark.parametrize("kind", [DEATH, TENSHUTSU, ABOLISH, CARD_LOST, SHIEN_SOCHI])
async def test_what_stops_papers_an_officer_alone_takes_back_and_on_line_only(kind: ChangeKind) -> None:
    desk = Desk()
    change = await desk.ledger.queue(a_restrictive(kind))
    clerk, officer = a_sign_in(Right.ACCEPT), a_sign_in(Right.ACCEPT, Right.OFFICER, staff_id="s003")
    with pytest.raises(RefusedError, match=r"refused\.right_missing"):
        await desk.job.withdraw(clerk, change.key, reason="誤り")
    desk.link.usable = False
    with pytest.raises(RefusedError, match=r"refused\.withdraw_offline"):
        await desk.job.withdraw(officer, change.key, reason="誤り")
    assert await desk.ledger.holds_on((TARO,))
    desk.link.usable = True
    await desk.job.withdraw(officer, change.key, reason="誤り")
    assert not await desk.ledger.holds_on((TARO,))


@pytest.mark.asyncio
async def test_what_the_cloud_refused_holds_nothing_and_is_taken_back_by_its_clerk_off_line_too() -> None:
    desk = Desk()
    desk.link.usable = False
    change = await desk.ledger.queue(a_restrictive(DEATH))
    await desk.ledger.lease((change.key,), now=NOW)
    await desk.ledger.settle(change.key, ChangeState.REFUSED, words="refused.by_cloud")
    await desk.job.withdraw(a_sign_in(Right.ACCEPT), change.key, reason="誤り")
