"""What the jobs rely on in a ledger, held to the one in memory and to the one on disk alike."""

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
import pytest_asyncio

from client.domain.as_of import Source
from client.domain.certificate import Decided, SheetState
from client.domain.change import (
    ChangeKind,
    ChangeState,
    Fate,
    NewChange,
    OutboxCounts,
    QueuedChange,
    Receipt,
    change_key,
)
from client.domain.errors import RefusedError
from client.domain.resident import AtenaNo
from client.domain.terminal import TerminalFacts
from client.jobs.ports import IssueDraft, JournalEntry, Ledger
from offline.store.ledger import LedgerFile
from offline.store.seal import public_of
from tests.builders import (
    HANAKO,
    NOW,
    TARO,
    TODAY,
    a_household,
    a_request,
    a_tenkyo_payload,
    a_town_key,
    as_of,
    some_words,
)
from tests.fakes import FakeClock, MemoryLedger, counted_random
from tests.store_builders import IDENTITY

pytestmark = pytest.mark.asyncio
_random = counted_random()

FACTS = TerminalFacts(
    terminal_no="T0001",
    terminal_name="本庁1",
    municipality_code="999997",
    municipality_name="あおぞら市",
    prefecture="みどり県",
    cloud_url="https://cloud.example",
    certificate="",
    ca="",
    feed_keys=(a_town_key(bytes(32)),),
    command_keys=(a_town_key(public_of(b"k" * 32)),),
)


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest_asyncio.fixture(params=["memory", "disk"])
async def ledger(request: pytest.FixtureRequest, tmp_path: Path, clock: FakeClock) -> AsyncIterator[Ledger]:
    if request.param == "memory":
        yield MemoryLedger(clock)
        return
    file = LedgerFile(tmp_path, FACTS, clock, IDENTITY.sign)
    await file.open(b"l" * 32, begun=False)
    yield file
    await file.close()


def a_draft(fee_yen: int = 300) -> IssueDraft:
    words, request = some_words(), a_request()
    decided = Decided(
        kind=request.kind,
        household=a_household(),
        members=a_household().members,
        options=request.options,
        whole_household=True,
        attestation=words.attestation,
        certifier=words.certifier,
        seal=words.seal,
        issued_on=TODAY,
        as_of=as_of(Source.REPLICA),
    )
    return IssueDraft(request, decided, 1, fee_yen, "プリンタ001", TODAY)


def a_change(supersedes: str | None = None) -> NewChange:
    return NewChange(
        key=change_key(NOW, _random(10)),
        kind=ChangeKind.TENKYO,
        residents=(TARO, HANAKO),
        base={TARO: 3, HANAKO: 5},
        payload=a_tenkyo_payload(),
        made_at=NOW,
        made_by="s001",
        clock_offset_ms=-40,
        todoke_date=TODAY,
        supersedes=supersedes,
    )


async def only(ledger: Ledger, key: str) -> QueuedChange:
    return next(change for change in await ledger.outbox(settled=True) if change.key == key)


async def test_a_change_comes_back_as_it_was_written(ledger: Ledger) -> None:
    change = a_change()
    queued = await ledger.queue(change)
    assert await ledger.outbox() == (queued,)
    assert (queued.state, queued.attempts, queued.next_try_at) == (ChangeState.QUEUED, 0, None)
    assert (queued.residents, dict(queued.base)) == (change.residents, dict(change.base))
    assert dict(queued.payload) == dict(change.payload)
    assert (queued.made_at, queued.todoke_date, queued.clock_offset_ms) == (NOW, TODAY, -40)
    assert queued.sealed
    assert await ledger.queue(change) == queued  # the same key again is the same change


async def test_a_change_goes_through_its_states(ledger: Ledger) -> None:
    key = (await ledger.queue(a_change())).key
    await ledger.lease((key,), now=NOW)
    assert ((await only(ledger, key)).state, (await only(ledger, key)).attempts) == (ChangeState.SENDING, 1)
    await ledger.settle(key, ChangeState.UNKNOWN, words="link.broken")
    later = NOW + timedelta(seconds=2)
    await ledger.postpone((key,), next_try_at=later, words="link.broken")
    waiting = await only(ledger, key)
    assert (waiting.next_try_at, waiting.last_words) == (later, "link.broken")
    await ledger.lease((key,), now=later)
    receipt = Receipt(41, NOW, "受付")
    await ledger.settle(key, ChangeState.ACCEPTED, receipt=receipt, words="受付")
    assert (await only(ledger, key)).receipt == receipt
    await ledger.settle(key, ChangeState.REFUSED, words="too late")  # the first answer stands
    assert (await only(ledger, key)).state is ChangeState.ACCEPTED
    assert await ledger.land(40) == 0
    assert await ledger.land(41) == 1
    assert await ledger.land(41) == 0
    assert await ledger.outbox() == ()


async def test_a_rewritten_change_supersedes_the_old_one_at_once(ledger: Ledger) -> None:
    old = await ledger.queue(a_change())
    await ledger.lease((old.key,), now=NOW)
    await ledger.settle(old.key, ChangeState.CONFLICT)
    new = await ledger.queue(a_change(supersedes=old.key))
    assert (await only(ledger, old.key)).state is ChangeState.SUPERSEDED
    assert await ledger.outbox() == (new,)


async def test_what_is_being_sent_cannot_be_taken_back(ledger: Ledger) -> None:
    key = (await ledger.queue(a_change())).key
    await ledger.lease((key,), now=NOW)
    with pytest.raises(RefusedError):
        await ledger.settle(key, ChangeState.WITHDRAWN)
    assert (await only(ledger, key)).state is ChangeState.SENDING


async def test_each_copy_has_a_number_and_tells_the_cloud(ledger: Ledger) -> None:
    copies = [await ledger.issue(a_draft(), actor="s001", clock_offset_ms=5) for _ in range(2)]
    assert [copy.serial.serial for copy in copies] == [1, 2]
    assert {copy.state for copy in copies} == {SheetState.COMMITTED}
    assert copies[0].serial.printer == "プリンタ001"
    kinds = [change.kind for change in await ledger.outbox()]
    assert kinds == [ChangeKind.ISSUED, ChangeKind.FEE] * 2
    fact = (await ledger.outbox())[0]
    assert (fact.payload["serial"], fact.payload["offline"]) == (copies[0].serial.key, True)
    assert await ledger.open_sheets() == tuple(copies)


async def test_a_free_copy_has_no_fee(ledger: Ledger) -> None:
    await ledger.issue(a_draft(fee_yen=0), actor="s001", clock_offset_ms=0)
    assert [change.kind for change in await ledger.outbox()] == [ChangeKind.ISSUED]


async def test_a_sheet_ends_once_by_the_clerks_word(ledger: Ledger) -> None:
    copy = await ledger.issue(a_draft(fee_yen=0), actor="s001", clock_offset_ms=0)
    await ledger.note_sheet(copy.serial, SheetState.PRINTED, actor="s001", pdf_hash="ab" * 32)
    assert await ledger.open_sheets() == (replace(copy, state=SheetState.PRINTED),)
    for _ in range(2):  # said twice, it is told once
        await ledger.note_sheet(copy.serial, SheetState.HANDED_OVER, actor="s001")
    with pytest.raises(RefusedError):
        await ledger.note_sheet(copy.serial, SheetState.SPOILED, actor="s001", reason="x")
    assert await ledger.open_sheets() == ()
    assert [change.kind for change in await ledger.outbox()] == [ChangeKind.ISSUED, ChangeKind.HANDED_OVER]


async def test_a_line_of_the_journal_is_taken(ledger: Ledger) -> None:
    await ledger.record(JournalEntry("look_up", "s001", (TARO,), {"source": "cloud", "version": 41}))


async def test_a_withdrawal_is_in_the_book_with_who_and_why_in_one_commit(ledger: Ledger) -> None:
    key = (await ledger.queue(a_change())).key
    for _ in range(2):  # said twice, it is written once
        await ledger.withdraw(key, actor="s002", reason="本人の申出", why="mistake")
    change = await ledger.change(key)
    assert change is not None
    assert (change.state, change.last_words) == (ChangeState.WITHDRAWN, "本人の申出")
    assert await ledger.change("no such key") is None
    said = await lines(ledger)
    facts = {"what": "withdrawn", "change": key, "why": "mistake"}
    assert [(one.kind, one.actor, one.subjects, one.facts) for one in said if one.facts.get("what")] == [
        ("intake", "s002", (TARO, HANAKO), facts)
    ]


async def test_what_is_under_way_is_withdrawn_by_nobody_and_the_book_stays_still(ledger: Ledger) -> None:
    key = (await ledger.queue(a_change())).key
    await ledger.lease((key,), now=NOW)
    before = await lines(ledger)
    with pytest.raises(RefusedError):
        await ledger.withdraw(key, actor="s002", reason="x")
    assert await lines(ledger) == before


async def test_a_batch_is_settled_as_a_whole(ledger: Ledger) -> None:
    keys = [(await ledger.queue(a_change())).key for _ in range(3)]
    await ledger.lease(tuple(keys), now=NOW)
    again = NOW + timedelta(seconds=4)
    await ledger.settle_all(
        (
            Fate(keys[0], ChangeState.ACCEPTED, Receipt(41, NOW), "受付"),
            Fate(keys[1], ChangeState.CONFLICT, words="x"),
            Fate(keys[2], ChangeState.UNKNOWN, words="link.broken", next_try_at=again),
        )
    )
    first, second, third = [await only(ledger, key) for key in keys]
    assert (first.state, first.receipt) == (ChangeState.ACCEPTED, Receipt(41, NOW))
    assert second.state is ChangeState.CONFLICT
    assert (third.state, third.next_try_at, third.last_words) == (ChangeState.UNKNOWN, again, "link.broken")
    assert await ledger.outbox_counts() == OutboxCounts(1, 1, again, third.made_at)


async def test_a_parked_change_wants_a_person_and_goes_again_only_when_one_says_so(ledger: Ledger) -> None:
    key, other = [(await ledger.queue(a_change())).key for _ in range(2)]
    parked = Fate(key, ChangeState.UNKNOWN, words="refused.stumbles", counts=False)
    await ledger.lease((key,), now=NOW)
    await ledger.settle_all((parked,))
    change = await only(ledger, key)
    assert (change.is_parked, change.attempts) == (True, 0)
    assert await ledger.ready(NOW, limit=9, alone_after=2) == ()  # nor what concerns the same people after it
    assert (await ledger.outbox_counts()).wants_a_clerk == 1
    assert (await ledger.recent(1))[0].key == key
    with pytest.raises(RefusedError, match=r"refused\.under_way"):
        await ledger.send_again(other, actor="s001")
    before = await lines(ledger)
    await ledger.send_again(key, actor="s001")
    assert [one.key for one in await ledger.ready(NOW, limit=9, alone_after=2)] == [key]
    assert len(await lines(ledger)) == len(before) + 1


async def test_what_concerns_somebody_is_found_without_the_rest(ledger: Ledger) -> None:
    ours = await ledger.queue(a_change())
    other = await ledger.queue(replace(a_change(), residents=(AtenaNo("1000000099"),), base={}))
    assert await ledger.changes_of((HANAKO,)) == (ours,)
    assert await ledger.changes_of((HANAKO, TARO, AtenaNo("1000000099"))) == (ours, other)
    await ledger.withdraw(ours.key, actor="s001", reason="x")
    assert await ledger.changes_of((TARO,)) == ()
    assert [one.key for one in await ledger.changes_of((TARO,), settled=True)] == [ours.key]
    assert await ledger.changes_of(()) == ()


async def test_the_list_is_short_however_much_waits(ledger: Ledger) -> None:
    keys = [(await ledger.queue(a_change())).key for _ in range(9)]
    for key in keys[:3]:
        await ledger.withdraw(key, actor="s001", reason="x")
    for key in keys[3:6]:
        await ledger.lease((key,), now=NOW)
        await ledger.settle(key, ChangeState.CONFLICT)
    listed = [one.key for one in await ledger.recent(2)]
    assert listed == [keys[1], keys[2], keys[3], keys[4], keys[6], keys[7]]


async def test_the_book_knows_the_latest_time_since_the_cloud_vouched_for_it(
    ledger: Ledger, clock: FakeClock
) -> None:
    assert await ledger.latest_time() is None
    await ledger.record(JournalEntry("sign_in", "s001", facts={"how": "online"}))
    clock.forward(timedelta(hours=73))
    await ledger.record(JournalEntry("look_up", "s001"))
    clock.forward(-timedelta(hours=60))
    await ledger.record(JournalEntry("sign_in", "s001", facts={"how": "offline"}))
    assert await ledger.latest_time() == NOW + timedelta(hours=73)
    await ledger.record(JournalEntry("sign_in", "s001", facts={"how": "online"}))
    assert await ledger.latest_time() == NOW + timedelta(hours=13)


async def test_what_failed_often_goes_alone_and_only_when_nothing_else_is_ready(ledger: Ledger) -> None:
    keys = [
        (await ledger.queue(replace(a_change(), residents=(AtenaNo(f"100000000{n}"),), base={}))).key
        for n in range(4)
    ]
    for _ in range(2):
        await ledger.lease(tuple(keys[:2]), now=NOW)
        await ledger.settle_all(tuple(Fate(key, ChangeState.UNKNOWN, next_try_at=NOW) for key in keys[:2]))
    ready = [one.key for one in await ledger.ready(NOW, limit=9, alone_after=2)]
    assert ready == keys[2:]
    assert [one.key for one in await ledger.ready(NOW, limit=1, alone_after=2)] == keys[2:3]
    await ledger.lease(tuple(keys[2:]), now=NOW)
    assert [one.key for one in await ledger.ready(NOW, limit=9, alone_after=2)] == keys[:1]
    assert await ledger.ready(NOW - timedelta(seconds=1), limit=9, alone_after=2) == ()


async def lines(ledger: Ledger) -> tuple[JournalEntry, ...]:
    if isinstance(ledger, MemoryLedger):
        return tuple(ledger.journal)
    assert isinstance(ledger, LedgerFile)
    return tuple(row.entry for row in reversed(await ledger.journal_tail(99)))
