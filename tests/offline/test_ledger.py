import asyncio
import sqlite3
from collections.abc import AsyncIterator, Callable
from contextlib import suppress
from datetime import timedelta
from pathlib import Path

import pytest
import pytest_asyncio

from client.domain.certificate import SheetState
from client.domain.change import ChangeKind, ChangeState, Receipt
from client.domain.errors import RefusedError, StoreError
from client.jobs.ports import JournalEntry, Ledger
from client.rules.table import OutOfTurnError
from offline.store import door
from offline.store.stores import FileStores
from tests.builders import HANAKO, NOW, TARO, TODAY
from tests.store_builders import (
    a_change,
    an_issue,
    store_keys,
    stores_in,
)

KEYS = store_keys()


@pytest_asyncio.fixture
async def stores(tmp_path: Path) -> AsyncIterator[FileStores]:
    opened = stores_in(tmp_path)
    await opened.open(KEYS)
    yield opened
    await opened.close()


async def restarted(stores: FileStores) -> FileStores:
    await stores.close()
    await stores.open(KEYS)
    return stores


@pytest.mark.asyncio
async def test_the_file_fulfils_the_port(stores: FileStores) -> None:
    ledger: Ledger = stores.ledger
    await ledger.record(JournalEntry("look_up", "s001", (TARO,)))


@pytest.mark.asyncio
async def test_an_issue_is_number_book_and_report_in_one(stores: FileStores) -> None:
    copy = await stores.ledger.issue(an_issue(fee_yen=300, pages=2), actor="s001", clock_offset_ms=-120)
    assert copy.serial.text(1, 2) == "20261120 あおぞら市 本庁1-0007 プリンタ1 000001 1/2"
    assert copy.state is SheetState.COMMITTED
    issued, fee = await stores.ledger.outbox()
    assert (issued.kind, fee.kind) == (ChangeKind.ISSUED, ChangeKind.FEE)
    assert issued.clock_offset_ms == -120
    assert issued.payload == {
        "serial": "本庁1-0007-000001",
        "serial_no": 1,
        "kind": "juminhyo_copy",
        "day": "2026-11-20",
        "subject": TARO,
        "members": [TARO, HANAKO],
        "history": {TARO: 3, HANAKO: 5},
        "options": {"relationship": True, "honseki": False, "foreign_items": False, "furigana": True},
        "requester": "self",
        "identity": "photo",
        "pages": 2,
        "fee_yen": 300,
        "as_of": {
            "source": "replica",
            "register_version": 40,
            "register_at": "2026-11-20T05:32:00.000000Z",
            "blocks_version": 7,
            "blocks_at": "2026-11-20T05:32:00.000000Z",
        },
        "printer": "プリンタ1",
        "offline": True,
        "commit_no": (await stores.ledger.mark()).commit_no,
    }
    assert fee.payload == {"serial": "本庁1-0007-000001", "day": "2026-11-20", "fee_yen": 300}
    (line,) = await stores.ledger.journal_tail(5)
    assert (line.entry.kind, line.entry.actor, line.entry.subjects) == ("issue", "s001", (TARO, HANAKO))
    told = line.entry.facts
    draft = an_issue()
    assert (told["kind"], told["printer"], told["pages"]) == (draft.request.kind.value, draft.printer, 2)
    assert told["seal"] == int(draft.decided.seal is not None), "whether it bore the seal [STD j1370]"
    assert (told["copies"], told["purpose_told"]) == (draft.request.copies, int(bool(draft.request.purpose)))
    assert draft.request.purpose not in {str(fact) for fact in told.values()} - {""}, "no typed words"


@pytest.mark.asyncio
async def test_a_paper_without_a_fee_reports_none(stores: FileStores) -> None:
    await stores.ledger.issue(an_issue(fee_yen=0), actor="s001", clock_offset_ms=0)
    assert [change.kind for change in await stores.ledger.outbox()] == [ChangeKind.ISSUED]


@pytest.mark.asyncio
async def test_numbers_go_on_after_a_restart(stores: FileStores) -> None:
    first = [await stores.ledger.issue(an_issue(), actor="s001", clock_offset_ms=0) for _ in range(3)]
    await restarted(stores)
    later = await stores.ledger.issue(an_issue(), actor="s001", clock_offset_ms=0)
    assert [copy.serial.serial for copy in (*first, later)] == [1, 2, 3, 4]


@pytest.mark.asyncio
async def test_many_at_once_get_a_number_each(stores: FileStores) -> None:
    copies = await asyncio.gather(
        *(stores.ledger.issue(an_issue(), actor="s001", clock_offset_ms=0) for _ in range(30))
    )
    assert sorted(copy.serial.serial for copy in copies) == list(range(1, 31))


@pytest.mark.asyncio
async def test_a_copy_is_followed_to_its_end(stores: FileStores) -> None:
    copy = await stores.ledger.issue(an_issue(fee_yen=0), actor="s001", clock_offset_ms=0)
    note = stores.ledger.note_sheet
    await note(copy.serial, SheetState.SENT, actor="s001", pdf_hash="ab" * 32)
    await note(copy.serial, SheetState.PRINTED, actor="s001", pdf_hash="ab" * 32)
    assert [one.state for one in await stores.ledger.open_sheets()] == [SheetState.PRINTED]
    await note(copy.serial, SheetState.HANDED_OVER, actor="s001")
    await note(copy.serial, SheetState.HANDED_OVER, actor="s001")  # said twice, written once
    assert await stores.ledger.open_sheets() == ()
    _, handed = await stores.ledger.outbox()
    assert (handed.kind, dict(handed.payload)) == (
        ChangeKind.HANDED_OVER,
        {"serial": copy.serial.key, "reason": ""},
    )
    assert [line.entry.kind for line in await stores.ledger.journal_tail(9)] == [
        "handed_over",
        "sheet",
        "sheet",
        "issue",
    ]
    assert [one.state for one in await stores.ledger.copies(TODAY)] == [SheetState.HANDED_OVER]


@pytest.mark.asyncio
async def test_a_spoiled_copy_keeps_its_reason(stores: FileStores) -> None:
    copy = await stores.ledger.issue(an_issue(fee_yen=0), actor="s001", clock_offset_ms=0)
    await stores.ledger.note_sheet(copy.serial, SheetState.SPOILED, actor="s002", reason="紙詰まり")
    spoiled = (await stores.ledger.outbox())[-1]
    assert (spoiled.kind, spoiled.payload["reason"], spoiled.made_by) == (
        ChangeKind.SPOILED,
        "紙詰まり",
        "s002",
    )


@pytest.mark.asyncio
async def test_what_was_handed_over_is_not_spoiled_afterwards(stores: FileStores) -> None:
    copy = await stores.ledger.issue(an_issue(), actor="s001", clock_offset_ms=0)
    await stores.ledger.note_sheet(copy.serial, SheetState.SENT, actor="s001")
    await stores.ledger.note_sheet(copy.serial, SheetState.HANDED_OVER, actor="s001")
    with pytest.raises(RefusedError):
        await stores.ledger.note_sheet(copy.serial, SheetState.SPOILED, actor="s001")


@pytest.mark.asyncio
async def test_after_a_restart_a_copy_under_way_is_unknown_and_asked_for(stores: FileStores) -> None:
    copies = [await stores.ledger.issue(an_issue(), actor="s001", clock_offset_ms=0) for _ in range(3)]
    await stores.ledger.note_sheet(copies[1].serial, SheetState.SENT, actor="s001")
    await stores.ledger.note_sheet(copies[2].serial, SheetState.PRINTED, actor="s001")
    await restarted(stores)
    assert [copy.state for copy in await stores.ledger.open_sheets()] == [
        SheetState.UNKNOWN,
        SheetState.UNKNOWN,
        SheetState.PRINTED,
    ]
    await stores.ledger.note_sheet(
        copies[0].serial, SheetState.SENT, actor="s001"
    )  # a late word tells nothing
    await stores.ledger.note_sheet(copies[0].serial, SheetState.SPOILED, actor="s001", reason="未確認")


@pytest.mark.asyncio
async def test_a_queued_change_comes_back_as_it_was_made(stores: FileStores) -> None:
    change = a_change(TARO, HANAKO)
    queued = await stores.ledger.queue(change)
    await restarted(stores)
    (found,) = await stores.ledger.outbox()
    assert found == queued
    assert (found.key, found.state, found.residents) == (change.key, ChangeState.QUEUED, (TARO, HANAKO))
    assert (found.base, found.payload, found.made_at) == (change.base, change.payload, change.made_at)
    assert found.todoke_date == change.todoke_date


@pytest.mark.asyncio
async def test_the_same_key_is_written_once(stores: FileStores) -> None:
    change = a_change()
    first = await stores.ledger.queue(change)
    assert await stores.ledger.queue(change) == first
    assert len(await stores.ledger.outbox()) == 1
    assert len(await stores.ledger.journal_tail(9)) == 1


@pytest.mark.asyncio
async def test_what_was_being_sent_is_unknown_after_a_restart(stores: FileStores) -> None:
    change = await stores.ledger.queue(a_change())
    await stores.ledger.lease((change.key,), now=NOW)
    await restarted(stores)
    (found,) = await stores.ledger.outbox()
    assert (found.state, found.attempts) == (ChangeState.UNKNOWN, 1)
    await stores.ledger.lease((change.key,), now=NOW)
    assert (await stores.ledger.outbox())[0].attempts == 2


@pytest.mark.asyncio
async def test_an_accepted_change_lands_when_the_replica_has_reached_it(stores: FileStores) -> None:
    change = await stores.ledger.queue(a_change())
    await stores.ledger.lease((change.key,), now=NOW)
    await stores.ledger.settle(change.key, ChangeState.ACCEPTED, receipt=Receipt(41, NOW, "仮受付"))
    assert await stores.ledger.land(40) == 0
    assert await stores.ledger.land(41) == 1
    assert await stores.ledger.land(41) == 0
    assert await stores.ledger.outbox() == ()
    (found,) = await stores.ledger.outbox(settled=True)
    assert (found.state, found.receipt) == (ChangeState.LANDED, Receipt(41, NOW, "仮受付"))


@pytest.mark.asyncio
async def test_the_first_answer_stands(stores: FileStores) -> None:
    change = await stores.ledger.queue(a_change())
    await stores.ledger.lease((change.key,), now=NOW)
    await stores.ledger.settle(change.key, ChangeState.REFUSED, words="refused.date")
    await stores.ledger.settle(change.key, ChangeState.ACCEPTED, receipt=Receipt(41, NOW))
    await stores.ledger.settle(change.key, ChangeState.UNKNOWN)
    (found,) = await stores.ledger.outbox()
    assert (found.state, found.last_words, found.receipt) == (ChangeState.REFUSED, "refused.date", None)
    kinds = [line.entry.kind for line in await stores.ledger.journal_tail(9)]
    assert kinds == ["answer", "intake"]


@pytest.mark.asyncio
async def test_nobody_withdraws_what_is_unknown(stores: FileStores) -> None:
    change = await stores.ledger.queue(a_change())
    await stores.ledger.lease((change.key,), now=NOW)
    await stores.ledger.settle(change.key, ChangeState.UNKNOWN)
    with pytest.raises(RefusedError):
        await stores.ledger.settle(change.key, ChangeState.WITHDRAWN)
    with pytest.raises(RefusedError):
        await stores.ledger.queue(a_change(supersedes=change.key))
    assert len(await stores.ledger.outbox(settled=True)) == 1


@pytest.mark.asyncio
async def test_writing_anew_supersedes_in_the_same_commit(stores: FileStores) -> None:
    old = await stores.ledger.queue(a_change())
    await stores.ledger.lease((old.key,), now=NOW)
    await stores.ledger.settle(old.key, ChangeState.CONFLICT)
    new = await stores.ledger.queue(a_change(supersedes=old.key))
    assert await stores.ledger.outbox() == (new,)
    found = await stores.ledger.change(old.key)
    assert found is not None
    assert found.state is ChangeState.SUPERSEDED


@pytest.mark.asyncio
async def test_a_change_out_of_turn_is_not_sent(stores: FileStores) -> None:
    change = await stores.ledger.queue(a_change())
    await stores.ledger.settle(change.key, ChangeState.WITHDRAWN)
    with pytest.raises(OutOfTurnError):
        await stores.ledger.lease((change.key,), now=NOW)


@pytest.mark.asyncio
async def test_the_next_try_is_written_down(stores: FileStores) -> None:
    change = await stores.ledger.queue(a_change())
    later = NOW + timedelta(seconds=30)
    await stores.ledger.postpone((change.key,), next_try_at=later, words="混雑しています")
    (found,) = await stores.ledger.outbox()
    assert (found.next_try_at, found.last_words) == (later, "混雑しています")


@pytest.mark.asyncio
async def test_closed_stores_say_so(tmp_path: Path) -> None:
    stores = stores_in(tmp_path)
    with pytest.raises(StoreError, match="no_keys"):
        await stores.ledger.outbox()
    with pytest.raises(StoreError, match="no_keys"):
        await stores.ledger.record(JournalEntry("look_up", "s001"))


async def _book(stores: FileStores, tmp_path: Path, entries: int = 5) -> Path:
    for number in range(entries):
        await stores.ledger.record(JournalEntry("look_up", "s001", (TARO,), {"hits": number}))
    assert await stores.ledger.verify_journal() == await stores.ledger.verify_journal()
    await stores.close()
    return tmp_path / "ledger.db"


Tampering = Callable[[sqlite3.Connection], object]
CASES: dict[str, tuple[Tampering, int]] = {
    "changed": (lambda c: c.execute("""UPDATE journal SET facts = '{"hits": 9}' WHERE seq = 3"""), 3),
    "other actor": (lambda c: c.execute("UPDATE journal SET actor = 's002' WHERE seq = 2"), 2),
    "other subject": (lambda c: c.execute("""UPDATE journal SET subjects = '[]' WHERE seq = 4"""), 4),
    "other time": (
        lambda c: c.execute("UPDATE journal SET at = '2026-11-20T05:31:00.000000Z' WHERE seq = 1"),
        1,
    ),
    "garbled": (lambda c: c.execute("UPDATE journal SET facts = '{' WHERE seq = 2"), 2),
    "removed": (lambda c: c.execute("DELETE FROM journal WHERE seq = 3"), 3),
    "first removed": (lambda c: c.execute("DELETE FROM journal WHERE seq = 1"), 1),
    "last removed": (lambda c: c.execute("DELETE FROM journal WHERE seq = 5"), 5),
    "closed up": (
        lambda c: [
            c.execute("DELETE FROM journal WHERE seq = 2"),
            c.execute("UPDATE journal SET seq = seq - 1 WHERE seq > 2"),
        ],
        2,
    ),
    "reordered": (
        lambda c: [
            c.execute("UPDATE journal SET seq = -1 WHERE seq = 2"),
            c.execute("UPDATE journal SET seq = 2 WHERE seq = 3"),
            c.execute("UPDATE journal SET seq = 3 WHERE seq = -1"),
        ],
        2,
    ),
    "added": (
        lambda c: c.execute(
            "INSERT INTO journal SELECT 6, at, kind, actor, subjects, facts, hash FROM journal WHERE seq = 5"
        ),
        6,
    ),
}


@pytest.mark.asyncio
@pytest.mark.parametrize("case", CASES)
async def test_the_first_entry_that_was_tampered_with_is_named(tmp_path: Path, case: str) -> None:
    tamper, first_bad = CASES[case]
    stores = stores_in(tmp_path)
    await stores.open(KEYS)
    path = await _book(stores, tmp_path)
    connection = door.open_connection(path, KEYS.ledger)
    tamper(connection)
    connection.close()
    with suppress(StoreError):  # where the last row is concerned the mark knows it first
        await stores.open(KEYS)
    await stores.accept_loss(KEYS, actor="s002")
    assert (await stores.ledger.verify_journal()).first_bad == first_bad
    await stores.close()


@pytest.mark.asyncio
async def test_a_whole_book_is_found_whole(stores: FileStores) -> None:
    for number in range(5):
        await stores.ledger.record(JournalEntry("look_up", "s001", (TARO,), {"hits": number}))
    verdict = await stores.ledger.verify_journal()
    assert (verdict.entries, verdict.first_bad) == (5, None)


@pytest.mark.asyncio
@pytest.mark.parametrize(
    "tamper",
    [
        "UPDATE outbox SET payload = x'80' WHERE seq = 2",
        "UPDATE outbox SET made_by = 's009' WHERE seq = 2",
        "UPDATE outbox_resident SET atena_no = '9' WHERE seq = 2",
        "UPDATE outbox SET sealed = x'00' WHERE seq = 2",
        "UPDATE outbox SET signature = x'00' WHERE seq = 2",
    ],
)
async def test_a_change_tampered_with_is_named(tmp_path: Path, tamper: str) -> None:
    stores = stores_in(tmp_path)
    await stores.open(KEYS)
    for _ in range(3):
        await stores.ledger.queue(a_change())
    assert await stores.ledger.verify_outbox() is None
    await stores.close()
    connection = door.open_connection(tmp_path / "ledger.db", KEYS.ledger)
    connection.execute(tamper)
    connection.close()
    with pytest.raises(StoreError, match="ledger_broken"):
        await stores.open(KEYS)
    await stores.accept_loss(KEYS, actor="s002")
    assert await stores.ledger.verify_outbox() == 2
    await stores.close()
