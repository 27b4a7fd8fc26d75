from dataclasses import replace
from datetime import date, timedelta
from uuid import UUID

import pytest

from client.domain.as_of import Source
from client.domain.blocks import Block, BlockLevel, BlockProcess, Restrictions
from client.domain.change import ChangeKind, ChangeState, Receipt
from client.domain.clerk import Right
from client.domain.errors import LinkDownError, RefusedError, SignInNeededError, StoreError
from client.domain.intake import Entry
from client.jobs.queue_change import QueueChange
from client.jobs.reach import Reach
from client.rules.intakes.moves import TENKYO
from tests.builders import ELSEWHERE, HANAKO, NOW, TARO, TODAY, a_household, a_sign_in, a_tenkyo
from tests.fakes import FakeClock, MemoryLedger, MemoryLink, MemoryRegister, counted_random

pytestmark = pytest.mark.asyncio


class Counter:
    def __init__(self) -> None:
        self.clock = FakeClock()
        self.live = MemoryRegister(Source.CLOUD, [a_household()])
        self.replica = MemoryRegister(Source.REPLICA, [a_household()])
        self.ledger = MemoryLedger(self.clock)
        self.link = MemoryLink()
        self.job = QueueChange(
            self.live,
            self.replica,
            Reach(self.link, wait=0.05),
            self.ledger,
            now=self.clock,
            random=counted_random(),
            clock_offset_ms=lambda: -1200,
        )


@pytest.fixture
def counter() -> Counter:
    return Counter()


async def test_a_tenkyo_is_queued_on_the_versions_the_clerk_saw(counter: Counter) -> None:
    change = await counter.job.take(a_sign_in(), TENKYO, a_tenkyo())
    assert (change.kind, change.state) == (ChangeKind.TENKYO, ChangeState.QUEUED)
    assert dict(change.base) == {TARO: 3, HANAKO: 5}
    assert (change.todoke_date, change.clock_offset_ms, change.made_by) == (TODAY, -1200, "s001")
    assert UUID(change.key).version == 7
    assert change.payload == {
        "subject": TARO,
        "members": [TARO, HANAKO],
        "ido_date": "2026-11-20",
        "todoke_date": "2026-11-20",
        "to": {"town": ELSEWHERE.town, "banchi": ELSEWHERE.banchi, "katagaki": ""},
        "filer": "self",
        "whole_household": True,
    }


@pytest.mark.parametrize("down", [None, LinkDownError("link.timeout")])
async def test_the_register_itself_is_not_touched(counter: Counter, down: LinkDownError | None) -> None:
    counter.live.down = down
    await counter.job.take(a_sign_in(), TENKYO, a_tenkyo())
    assert counter.live.households == counter.replica.households == [a_household()]


@pytest.mark.parametrize(
    ("draft", "field"),
    [
        (a_tenkyo(ido_date=TODAY + timedelta(days=1), todoke_date=TODAY), "ido_date"),
        (a_tenkyo(todoke_date=TODAY + timedelta(days=1)), "todoke_date"),
        (a_tenkyo(ido_date=TODAY, todoke_date=TODAY - timedelta(days=1)), "todoke_date"),
    ],
)
async def test_a_date_no_law_allows_is_refused(counter: Counter, draft: Entry, field: str) -> None:
    with pytest.raises(RefusedError) as refused:
        await counter.job.take(a_sign_in(), TENKYO, draft)
    assert (refused.value.code, refused.value.facts) == ("refused.date", {"field": field})
    assert counter.ledger.changes == {}


async def test_today_is_the_day_at_the_counter_not_in_utc(counter: Counter) -> None:
    counter.clock.time = NOW.replace(hour=20)  # 05:00 of the 21st in Tokyo
    tomorrow = date(2026, 11, 21)
    await counter.job.take(a_sign_in(), TENKYO, a_tenkyo(ido_date=tomorrow, todoke_date=tomorrow))


async def test_the_same_notification_twice_is_refused_while_the_first_is_under_way(counter: Counter) -> None:
    await counter.job.take(a_sign_in(), TENKYO, a_tenkyo())
    with pytest.raises(RefusedError, match=r"refused\.duplicate_intake"):
        await counter.job.take(a_sign_in(), TENKYO, a_tenkyo(TARO))
    assert len(counter.ledger.changes) == 1
    assert counter.ledger.journal[-1].facts["code"] == "refused.duplicate_intake"


async def test_after_it_landed_only_the_very_same_one_is_a_second(counter: Counter) -> None:
    change = await counter.job.take(a_sign_in(), TENKYO, a_tenkyo())
    await counter.ledger.lease((change.key,), now=NOW)
    await counter.ledger.settle(change.key, ChangeState.ACCEPTED, receipt=Receipt(41, NOW))
    assert await counter.ledger.land(41) == 1
    with pytest.raises(RefusedError, match=r"refused\.duplicate_intake"):
        await counter.job.take(a_sign_in(), TENKYO, a_tenkyo())
    further = a_tenkyo(to=replace(ELSEWHERE, banchi="9番9号"))
    await counter.job.take(a_sign_in(), TENKYO, further)


async def test_what_was_refused_may_be_brought_again(counter: Counter) -> None:
    change = await counter.job.take(a_sign_in(), TENKYO, a_tenkyo())
    await counter.ledger.lease((change.key,), now=NOW)
    await counter.ledger.settle(change.key, ChangeState.REFUSED)
    await counter.job.take(a_sign_in(), TENKYO, a_tenkyo())


@pytest.mark.parametrize("usable", [True, False])
async def test_a_block_on_changes_stops_the_intake(counter: Counter, usable: bool) -> None:
    block = Block("b1", TARO, None, BlockProcess.IDO, BlockLevel.ERROR, "異動抑止", None, None)
    counter.live.restrictions = counter.replica.restrictions = Restrictions((block,))
    counter.link.usable = usable
    with pytest.raises(RefusedError, match=r"refused\.blocked"):
        await counter.job.take(a_sign_in(), TENKYO, a_tenkyo())


async def test_only_who_may_accept_accepts(counter: Counter) -> None:
    with pytest.raises(RefusedError, match=r"refused\.right_missing"):
        await counter.job.take(a_sign_in(Right.VIEW), TENKYO, a_tenkyo())
    assert counter.ledger.changes == {}


async def test_a_full_disk_is_not_called_accepted(counter: Counter) -> None:
    counter.ledger.full = True
    with pytest.raises(StoreError):
        await counter.job.take(a_sign_in(), TENKYO, a_tenkyo())
    assert counter.ledger.changes == {}


async def test_two_of_one_household_may_move_one_after_the_other(counter: Counter) -> None:
    first = await counter.job.take(a_sign_in(), TENKYO, a_tenkyo(TARO))
    second = await counter.job.take(a_sign_in(), TENKYO, replace(a_tenkyo(HANAKO), subject=HANAKO))
    assert (first.residents, second.residents) == ((TARO,), (HANAKO,))
    assert not first.payload["whole_household"]


async def test_a_postcode_goes_along_where_it_is_known(counter: Counter) -> None:
    draft = a_tenkyo(to=replace(ELSEWHERE, postcode="999-0002"))
    to = (await counter.job.take(a_sign_in(), TENKYO, draft)).payload["to"]
    assert isinstance(to, dict)
    assert to["postcode"] == "999-0002"


async def test_nothing_is_accepted_after_the_lease(counter: Counter) -> None:
    counter.clock.forward(timedelta(days=20))
    with pytest.raises(SignInNeededError, match=r"sign_in\.lease_over"):
        await counter.job.take(a_sign_in(), TENKYO, a_tenkyo())
    assert not counter.ledger.changes
