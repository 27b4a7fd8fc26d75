"""P04 with a real replica, a real ledger and the real cloud: the cloud decides, a clerk settles, and a no stays a no."""

import asyncio
import tempfile
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from client.api.commands import CommandBox
from client.api.http import Http
from client.domain.change import OFFICE_NOTE, ChangeState, Fate, QueuedChange, Receipt
from client.domain.clerk import Right
from client.jobs.carry_outbox import CarryOutbox
from client.jobs.compare_change import CompareChange
from client.jobs.find_resident import FindResident
from client.jobs.reach import Reach
from client.jobs.send_outbox import SendOutbox, SendReport
from client.jobs.settle_change import SettleChange
from client.rules.comparison import Differ, compare
from client.rules.outbox import NEEDS_A_PERSON
from client.rules.projection import project
from offline.store.identity import TerminalIdentity
from offline.store.ledger import LedgerFile
from tests.api.small_cloud import small_cloud
from tests.api.test_cloud_doors import _tenkyo
from tests.builders import NOW, TARO, a_sign_in
from tests.bundle_builders import CarriedTown, an_escrow
from tests.fakes import FakeClock, MemoryLink, counted_random
from tests.jobs.test_ledger_port import FACTS, a_change
from tests.store_builders import IDENTITY
from ui.cli.bundle_stores import Terminal

pytestmark = pytest.mark.long


@pytest.fixture
def town(tmp_path: Path) -> Iterator[CarriedTown]:
    with small_cloud(tmp_path / "cloud") as cloud:
        made = CarriedTown(cloud, tmp_path, an_escrow())
        for _ in range(2):
            asyncio.run(made.enrol())
        yield made


@asynccontextmanager
async def line_of(town: CarriedTown) -> AsyncIterator[CommandBox]:
    http = Http("https://cloud.example", None, now=town.now, transport=town.cloud.transport)
    http.identity = TerminalIdentity(town.facts[0].terminal_no, town.keys[0])
    try:
        yield CommandBox(http, town.facts[0].terminal_no)
    finally:
        await http.close()


async def sent(town: CarriedTown, terminal: Terminal) -> SendReport:
    async with line_of(town) as box:
        ledger = terminal.stores.ledger
        return await SendOutbox(box, ledger, MemoryLink(), now=town.now, jitter=lambda: 0.0).at_once()


def as_written(change: QueuedChange) -> QueuedChange:
    """Return what a clerk wrote, without what became of it."""
    return replace(
        change, state=ChangeState.QUEUED, attempts=0, next_try_at=None, last_words="", receipt=None
    )


@pytest.mark.asyncio
async def test_no_download_overwrites_what_waits_and_no_conflict_is_merged(town: CarriedTown) -> None:
    async with town.terminal(town.folder / "one", 0) as terminal:
        await town.sync(terminal)
        ledger, replica = terminal.stores.ledger, terminal.stores.replica
        written = await ledger.queue(_tenkyo())
        town.rename("渡部　太郎", 4)  # the office was first
        await town.sync(terminal)
        assert await ledger.change(written.key) == written  # row by row as the clerk wrote it
        household = (await replica.household_of(TARO)).value
        shown = project(household, await ledger.outbox())
        assert [change.key for change in shown.pending] == [written.key]
        (taro,) = [one for one in shown.household.members if one.atena_no == TARO]
        (decided,) = [one for one in household.members if one.atena_no == TARO]
        assert decided.history_no == 4
        assert taro.address != decided.address  # the move is shown over the record, and is not in it
        rows = town.cloud.tenant.register
        with rows.reading() as connection:
            before = list(rows.rows(connection, "resident"))
        await sent(town, terminal)
        change = await ledger.change(written.key)
        assert change is not None
        assert (change.state, as_written(change)) == (ChangeState.CONFLICT, as_written(written))
        with rows.reading() as connection:
            assert list(rows.rows(connection, "resident")) == before  # not a letter of it was taken over
        await town.sync(terminal)
        assert await ledger.land(10_000) == 0
        shown = project((await replica.household_of(TARO)).value, await ledger.outbox())
        assert (shown.pending, [one.key for one in shown.unsettled]) == ((), [written.key])
        assert shown.household == (await replica.household_of(TARO)).value  # and shown as it was decided


@pytest.mark.asyncio
async def test_a_no_stays_over_restart_retry_sign_in_and_another_terminal_until_a_person_acts(
    town: CarriedTown,
) -> None:
    folder = town.folder / "one"
    async with town.terminal(folder, 0) as terminal:
        key = (await terminal.stores.ledger.queue(_tenkyo(history_no=9))).key
        await sent(town, terminal)
        said = await terminal.stores.ledger.change(key)
        assert said is not None
        assert said.state is ChangeState.CONFLICT
    for _ in range(2):  # each opening is a new sign-in
        async with town.terminal(folder, 0) as terminal:
            ledger = terminal.stores.ledger
            await sent(town, terminal)
            async with line_of(town) as box:
                settle = SettleChange(
                    box, ledger, now=town.now, random=counted_random(), clock_offset_ms=lambda: 0
                )
                assert await settle.ask(key) == said
                changes = await ledger.outbox()
                carried = await CarryOutbox(box, ledger.record, now=town.now)(
                    changes, terminal=town.facts[0].terminal_no, actor="s002"
                )
            assert carried.changes[0].state is ChangeState.CONFLICT
            assert await ledger.change(key) == said
    async with town.terminal(folder, 0) as terminal, line_of(town) as box:
        ledger = terminal.stores.ledger
        settle = SettleChange(box, ledger, now=town.now, random=counted_random(), clock_offset_ms=lambda: 0)
        by = replace(a_sign_in(Right.ACCEPT, Right.OFFICER))
        await settle.withdraw(by, key, reason="取下げ")
        (line,) = await ledger.journal_tail(1)
        assert (line.entry.actor, line.entry.facts["what"]) == (by.clerk.staff_id, "withdrawn")
        assert await ledger.outbox() == ()


@pytest.mark.asyncio
async def test_what_is_written_again_stands_on_what_was_looked_at_and_a_register_that_moved_since_says_no(
    town: CarriedTown,
) -> None:
    async with town.terminal(town.folder / "one", 0) as terminal, line_of(town) as box:
        await town.sync(terminal)
        ledger, replica = terminal.stores.ledger, terminal.stores.replica
        by = a_sign_in(Right.VIEW, Right.ACCEPT)
        look = CompareChange(
            FindResident(replica, replica, Reach(MemoryLink()), ledger, now=town.now), replica, ledger
        )
        settle = SettleChange(box, ledger, now=town.now, random=counted_random(), clock_offset_ms=lambda: 0)
        written = await ledger.queue(_tenkyo())
        town.rename("渡部　太郎", 4)
        await sent(town, terminal)
        await town.sync(terminal)
        seen = await look(by, written.key)
        (taro,) = [one for one in seen.people if one.atena_no == TARO]
        items = {one.name: one for one in compare(seen.change, taro.was, taro.now)}
        assert (taro.base, seen.seen[TARO]) == (3, 4)
        assert items["name"].differ is Differ.MOVED
        assert items["name"].now == "渡部　太郎"
        assert items["address"].differ is Differ.WROTE
        town.rename("渡邊　太郎", 5)  # while the clerk looks, the register moves again
        again = await settle.rewrite(by, written.key, seen.household)
        await sent(town, terminal)
        said = await ledger.change(again.key)
        assert said is not None
        assert (said.state, dict(said.base)[TARO]) == (ChangeState.CONFLICT, 4)  # nobody saw the fifth
        await town.sync(terminal)
        rows = town.cloud.tenant.register
        with rows.reading() as connection:
            before = list(rows.rows(connection, "resident"))
        seen = await look(by, again.key)
        handed = await settle.to_office(by, again.key, seen.seen, reason="どちらの氏名とも言えない")
        await sent(town, terminal)
        said = await ledger.change(handed.key)
        assert said is not None
        assert said.state is ChangeState.ACCEPTED
        with rows.reading() as connection:
            assert list(rows.rows(connection, "resident")) == before  # the office decides, nothing else
        case = town.cloud.tenant.office.intake(handed.key)
        assert case["payload"] == {**written.payload, OFFICE_NOTE: "どちらの氏名とも言えない"}
        for key in (written.key, again.key):
            old = await ledger.change(key)
            assert old is not None
            assert (old.state, old.payload) == (
                ChangeState.SUPERSEDED,
                written.payload,
            )  # kept as it was written
        decisions = [
            line.entry.facts for line in await ledger.journal_tail(50) if "supersedes" in line.entry.facts
        ]
        assert [(one["what"], one["key"], one["supersedes"]) for one in decisions] == [
            ("to_office", handed.key, again.key),
            ("rewritten", again.key, written.key),
        ]


FATES = st.sampled_from(
    [
        (ChangeState.ACCEPTED, Receipt(41, NOW)),
        (ChangeState.CONFLICT, None),
        (ChangeState.REFUSED, None),
        (ChangeState.UNKNOWN, None),
        (ChangeState.LANDED, None),
    ]
)


@settings(max_examples=25, deadline=None)
@given(no=st.sampled_from(sorted(NEEDS_A_PERSON, key=str)), later=st.lists(FATES, max_size=6))
def test_whatever_is_heard_after_a_no_changes_nothing(
    no: ChangeState, later: list[tuple[ChangeState, Receipt | None]]
) -> None:
    async def play(folder: Path) -> None:
        ledger = LedgerFile(folder, FACTS, FakeClock(), IDENTITY.sign)
        await ledger.open(b"l" * 32, begun=False)
        key = (await ledger.queue(a_change())).key
        await ledger.lease((key,), now=NOW)
        await ledger.settle_all((Fate(key, no, words="x"),))
        said = await ledger.change(key)
        for state, receipt in later:
            await ledger.settle(key, state, receipt=receipt, words="y")
            await ledger.land(10_000)
            assert await ledger.ready(NOW, limit=9, alone_after=2) == ()
            assert await ledger.change(key) == said
        await ledger.close()
        await ledger.open(b"l" * 32, begun=True)
        assert await ledger.change(key) == said
        await ledger.close()

    with tempfile.TemporaryDirectory() as place:
        asyncio.run(play(Path(place)))
