"""P12: the book leaves the terminal in runs its own key signed, before all else, and the terminal knows what arrived."""

from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import pytest
import pytest_asyncio
import sqlalchemy as sa

from client.api.commands import CommandBox
from client.domain.change import ChangeKind, ChangeState, Fate
from client.domain.terminal import facts_of
from client.jobs.ports import JournalEntry
from client.jobs.send_journal import SendJournal
from client.jobs.send_outbox import SendOutbox
from cloud import storage
from cloud.faults import Line
from cloud.journals import journal_trouble
from offline.store.ledger import LedgerFile
from tests.api.small_cloud import SmallCloud, small_cloud
from tests.fakes import MemoryLink
from tests.jobs.test_ledger_port import a_change
from tests.store_builders import an_issue

pytestmark = pytest.mark.asyncio
KEY = b"l" * 32


class Counter:
    """A terminal's ledger and the two jobs that empty it."""

    def __init__(self, cloud: SmallCloud, folder: Path) -> None:
        assert cloud.enrolled
        self.cloud, self.ahead, self.link = cloud, timedelta(0), MemoryLink()
        facts = facts_of(cloud.enrolled, "https://cloud.example")
        self.ledger = LedgerFile(folder, facts, cloud.clock, cloud.identity.sign)
        self.heard: list[int] = []
        self.journal = SendJournal(
            self.ledger.journal,
            self.ledger,
            self.link,
            now=lambda: cloud.clock() + self.ahead,
            received=lambda stands: self.heard.append(stands.received),
        )
        self.send = SendOutbox(
            CommandBox(cloud.http, facts.terminal_no),
            self.ledger,
            self.link,
            now=lambda: cloud.clock() + self.ahead,
            jitter=lambda: 0.5,
        )

    async def write(self, lines: int) -> None:
        for place in range(lines):
            await self.ledger.record(JournalEntry("look_up", "s001", facts={"hits": place}))

    async def until_quiet(self) -> int:
        """Do rounds a minute apart until nothing more is cut or sent; returns how many it took."""
        for count in range(20):
            self.ahead += timedelta(minutes=2)
            await self.journal.round()
            if not (await self.send.drain()).sent:
                return count
        raise AssertionError("the book feeds itself")

    def at_cloud(self, *columns: sa.ColumnElement[object]) -> list[sa.Row[tuple[object, ...]]]:
        with self.cloud.tenant.engine.connect() as connection:
            return list(connection.execute(sa.select(*columns)))

    def troubles(self) -> list[dict[str, object]]:
        register = self.cloud.tenant.register
        with register.reading() as connection:
            return journal_trouble(connection, register.municipality)


@pytest_asyncio.fixture
async def counter(tmp_path: Path) -> AsyncIterator[Counter]:
    with small_cloud(tmp_path / "cloud") as cloud:
        await cloud.enrol()
        made = Counter(cloud, tmp_path)
        await made.ledger.open(KEY, begun=False)
        yield made
        await made.ledger.close()


async def test_the_journal_goes_before_what_was_asked_earlier_and_the_cloud_has_all_of_it(
    counter: Counter,
) -> None:
    await counter.ledger.issue(an_issue(), actor="s001", clock_offset_ms=0)
    await counter.write(3)
    await counter.journal.round()
    ready = await counter.ledger.ready(counter.cloud.clock(), limit=9, alone_after=2)
    assert ready[0].kind is ChangeKind.JOURNAL, "what was done is told first"
    assert (await counter.ledger.journal.standing()).received == 0, "cut is not received"
    await counter.until_quiet()
    stands = await counter.ledger.journal.standing()
    assert (stands.received, stands.uncut) == (stands.entries, 0)
    assert stands.received_at is not None
    assert counter.heard[-1] == stands.entries
    table = storage.journal_segment
    assert sum(line.last - line.first + 1 for line in counter.at_cloud(table.c.first, table.c.last)) == (
        stands.entries
    )
    assert counter.troubles() == []
    assert not counter.at_cloud(storage.quarantine.c.reason)


async def test_a_receipt_of_the_journal_is_no_line_of_it(counter: Counter) -> None:
    await counter.write(2)
    assert await counter.until_quiet() == 1
    assert (await counter.ledger.journal.standing()).entries == 2


async def test_a_long_outage_arrives_in_runs_that_follow_each_other(
    counter: Counter, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("offline.store.runs.MOST_ENTRIES", 16)
    counter.cloud.faults.line = Line.CUT
    counter.link.usable = False
    for _ in range(4):
        await counter.write(10)
        counter.ahead += timedelta(minutes=30)
        await counter.journal.round()
    counter.cloud.faults.clear()
    counter.link.usable = True
    await counter.until_quiet()
    await counter.write(5)
    await counter.until_quiet()
    assert (await counter.ledger.journal.standing()).received == 45
    assert len(counter.at_cloud(storage.journal_segment.c.first)) >= 4
    assert counter.troubles() == []


async def test_without_a_line_no_line_of_the_book_is_uncut_for_more_than_a_minute_and_no_run_is_made_before(
    counter: Counter,
) -> None:
    counter.link.usable = False
    await counter.ledger.issue(an_issue(), actor="s001", clock_offset_ms=0)
    await counter.write(3)
    await counter.journal.round()
    assert (await counter.ledger.journal.standing()).cut == 0, "what waits beside it goes nowhere now"
    counter.ahead += timedelta(minutes=1)
    await counter.journal.round()
    stands = await counter.ledger.journal.standing()
    assert (stands.uncut, stands.cut) == (0, stands.entries)
    await counter.write(100)
    await counter.journal.round()
    assert (await counter.ledger.journal.standing()).uncut == 0, "nor are a hundred lines left to a minute"


async def test_what_waits_for_a_clerk_to_see_is_not_the_book_itself(counter: Counter) -> None:
    counter.cloud.faults.line = Line.CUT
    await counter.write(3)
    await counter.ledger.journal.cut()
    counts = await counter.ledger.outbox_counts()
    assert (counts.waiting, counts.oldest_at) == (0, None)
    assert await counter.ledger.recent(9) == ()
    assert len(await counter.ledger.outbox()) == 1, "yet it waits, and is carried and handed over"


async def test_a_run_the_cloud_put_aside_is_not_received(counter: Counter) -> None:
    await counter.write(3)
    await counter.ledger.journal.cut()
    (run,) = await counter.ledger.outbox()
    await counter.ledger.lease((run.key,), now=counter.cloud.clock())
    await counter.ledger.settle_all((Fate(run.key, ChangeState.ACCEPTED, words="quarantined"),))
    assert (await counter.ledger.journal.standing()).received == 0


async def test_a_run_lost_by_the_cloud_whose_envelope_is_gone_is_cut_anew(counter: Counter) -> None:
    await counter.write(3)
    await counter.until_quiet()
    (run,) = await counter.ledger.outbox()
    await counter.ledger.clear_out(counter.cloud.clock(), timedelta(0))
    await counter.ledger.land(10**9)
    now = counter.cloud.clock() + timedelta(days=400)
    await counter.ledger.clear_out(now, timedelta(0))
    await counter.ledger.clear_out(now + timedelta(days=400), timedelta(0))
    await counter.ledger.forget((run.key,))
    await counter.write(1)
    await counter.until_quiet()
    stands = await counter.ledger.journal.standing()
    assert stands.received == stands.entries
    assert counter.troubles() == []
    table = storage.journal_segment
    assert len([line for line in counter.at_cloud(table.c.first) if line.first == 1]) == 2


async def test_a_request_waits_behind_the_journal_not_for_it(counter: Counter) -> None:
    await counter.write(1)
    await counter.ledger.queue(a_change())
    await counter.ledger.journal.cut()
    (first, second) = await counter.ledger.ready(counter.cloud.clock(), limit=9, alone_after=2)
    assert (first.kind, second.kind) == (ChangeKind.JOURNAL, ChangeKind.TENKYO)
    await counter.ledger.lease((first.key,), now=counter.cloud.clock())
    (alone,) = await counter.ledger.ready(counter.cloud.clock(), limit=9, alone_after=2)
    assert alone.kind is ChangeKind.TENKYO


async def test_words_typed_by_hand_stay_beside_their_line_on_this_disk_and_reach_neither_chain_nor_cloud(
    counter: Counter,
) -> None:
    facts = {"what": "withdrawn", "why": "other"}
    await counter.ledger.record(JournalEntry("intake", "s001", facts=facts, note="渡邉花子さんの電話"))
    await counter.until_quiet()
    (row,) = await counter.ledger.journal_tail(1)
    assert row.entry.facts == facts
    assert await counter.ledger.journal.note_of(row.seq) == "渡邉花子さんの電話"
    table = storage.journal_segment
    for (kept,) in counter.at_cloud(table.c.payload):
        assert "花子" not in str(kept)
        assert "withdrawn" in str(kept)
    assert (await counter.ledger.verify_journal()).first_bad is None
