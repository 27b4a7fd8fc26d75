"""The jobs with the ledger on disk and the reference cloud, over a line that loses, doubles and cuts."""

import random
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import pytest_asyncio
import sqlalchemy as sa

from client.api.certificates import CertificateDesk
from client.api.commands import CommandBox
from client.api.residents import CloudRegister
from client.domain.as_of import Source
from client.domain.calendar import tokyo_day
from client.domain.certificate import SheetState
from client.domain.change import ChangeState
from client.domain.clerk import SignIn
from client.domain.query import Query
from client.domain.terminal import facts_of
from client.jobs.find_resident import FindResident
from client.jobs.issue_certificate import IssueCertificate
from client.jobs.queue_change import QueueChange
from client.jobs.reach import Reach
from client.jobs.send_outbox import SendOutbox
from client.rules.intakes.moves import TENKYO
from cloud import storage
from cloud.faults import Fault, FaultKind, Line
from offline.store.ledger import LedgerFile
from tests.api.small_cloud import SmallCloud, small_cloud
from tests.builders import ELSEWHERE, TARO, a_household, a_request, an_entry
from tests.fakes import MemoryLink, MemoryPress, MemoryRegister, counted_random

pytestmark = [pytest.mark.asyncio, pytest.mark.long]


class Counter:
    """Everything a counter has, but paper and replica."""

    def __init__(self, cloud: SmallCloud, folder: Path) -> None:
        assert cloud.enrolled
        self.cloud = cloud
        self.ahead = timedelta(0)
        self.facts = facts_of(cloud.enrolled, "https://cloud.example")
        self.ledger = LedgerFile(folder, self.facts, cloud.clock, cloud.identity.sign)
        self.replica = MemoryRegister(Source.REPLICA, [a_household()], at=datetime.now(UTC))
        self.press = MemoryPress()
        self.link = MemoryLink()
        reach = Reach(self.link)
        live = CloudRegister(cloud.http, lambda: cloud.token)
        self.find = FindResident(live, self.replica, reach, self.ledger, now=cloud.clock)
        self.issue = IssueCertificate(
            CertificateDesk(cloud.http, lambda: cloud.token, now=cloud.clock),
            self.replica,
            reach,
            self.ledger,
            self.press,
            now=cloud.clock,
            declared=lambda: False,
            words=self.replica.form_words,
            clock_offset_ms=lambda: cloud.http.clock_offset_ms,
        )
        self.queue = QueueChange(
            live,
            self.replica,
            reach,
            self.ledger,
            now=cloud.clock,
            random=counted_random(),
            clock_offset_ms=lambda: cloud.http.clock_offset_ms,
        )
        self.send = SendOutbox(
            CommandBox(cloud.http, self.facts.terminal_no),
            self.ledger,
            self.link,
            now=lambda: cloud.clock() + self.ahead,  # back-off passes without waiting
            jitter=lambda: 0.5,
        )

    async def serve(self, sign_in: SignIn) -> None:
        """Issue one paper and hand it over."""
        prepared = await self.issue.prepare(sign_in, a_request())
        for issued in await self.issue.issue(sign_in, prepared):
            await self.issue.confirm(sign_in, issued.copy.serial, handed_over=True)

    async def tenkyo(self, sign_in: SignIn) -> None:
        view = (await self.find.household(sign_in, TARO)).value
        day = tokyo_day(self.cloud.clock())
        numbers = tuple(member.atena_no for member in view.household.members)
        draft = an_entry(view.household, TARO, numbers, ELSEWHERE, day)
        await self.queue.take(sign_in, TENKYO, draft)

    def count(self, table: sa.Table) -> int:
        with self.cloud.tenant.engine.connect() as connection:
            return connection.execute(sa.select(sa.func.count()).select_from(table)).scalar_one()


@pytest_asyncio.fixture
async def counter(tmp_path: Path) -> AsyncIterator[Counter]:
    with small_cloud(tmp_path / "cloud") as cloud:
        await cloud.enrol()
        made = Counter(cloud, tmp_path)
        await made.ledger.open(b"l" * 32, begun=False)
        yield made
        await made.ledger.close()


async def test_a_day_on_line_is_in_the_clouds_book(counter: Counter) -> None:
    sign_in = await counter.cloud.sign_in()
    hits = (await counter.find.find(sign_in, Query(typed="わたなべ"))).value.hits
    assert hits[0].atena_no == TARO
    await counter.serve(sign_in)
    await counter.tenkyo(sign_in)
    report = await counter.send.drain()
    assert (report.accepted, report.to_settle, report.trouble) == (4, 0, None)
    assert counter.count(storage.issue_book) == 1
    assert counter.count(storage.quarantine) == 0
    assert counter.press.printed[0].as_of.source is Source.CLOUD


async def test_a_cut_in_mid_request_ends_on_paper_and_in_the_book(counter: Counter) -> None:
    sign_in = await counter.cloud.sign_in()
    counter.cloud.faults.line = Line.CUT
    await counter.serve(sign_in)
    await counter.tenkyo(sign_in)
    assert counter.press.printed[0].as_of.source is Source.REPLICA
    assert (await counter.send.round()).trouble
    counter.cloud.faults.clear()
    counter.ahead = timedelta(minutes=2)
    assert (await counter.send.drain()).trouble is None
    assert counter.count(storage.issue_book) == 1
    assert counter.count(storage.rows["intake"]) == 1
    assert {change.state for change in await counter.ledger.outbox()} == {ChangeState.ACCEPTED}


SPOILING = (
    FaultKind.LOST_ANSWER,
    FaultKind.ANSWER_TWICE,
    FaultKind.BUSY,
    FaultKind.CUT_MIDWAY,
    FaultKind.WRONG_LENGTH,
    FaultKind.GARBAGE,
    FaultKind.PORTAL,
    FaultKind.ERROR,
    FaultKind.REFUSED,
)


@pytest.mark.parametrize("seed", range(6))
async def test_however_the_line_behaves_everything_arrives_exactly_once(counter: Counter, seed: int) -> None:
    dice = random.Random(seed)  # noqa: S311 - a test's dice
    sign_in = await counter.cloud.sign_in()
    papers = 4
    for _ in range(papers):
        await counter.serve(sign_in)
        counter.cloud.faults.clear()
        times, hidden = dice.randint(1, 3), dice.random() < 0.5
        fault = Fault(dice.choice(SPOILING), "/v1/commands", times=times, takes_effect=hidden, status=504)
        counter.cloud.faults.plan(fault)
        await counter.send.drain()
        if dice.random() < 0.5:  # the program dies and comes back
            await counter.ledger.close()
            await counter.ledger.open(b"l" * 32, begun=True)
        counter.ahead += timedelta(minutes=2)
    counter.cloud.faults.clear()
    for _ in range(8):
        counter.ahead += timedelta(minutes=2)
        await counter.send.drain()
    waiting = await counter.ledger.outbox()
    assert {change.state for change in waiting} == {ChangeState.ACCEPTED}
    assert len(waiting) == 3 * papers  # issued, fee, handed over
    assert counter.count(storage.issue_book) == papers
    assert counter.count(storage.command) == len(waiting)
    assert counter.count(storage.quarantine) == 0


async def test_a_death_between_number_and_paper_is_asked_about(counter: Counter) -> None:
    class KilledError(Exception):
        pass

    def die(decided: object) -> None:
        raise KilledError

    sign_in = await counter.cloud.sign_in()
    counter.press.before_print = die
    prepared = await counter.issue.prepare(sign_in, a_request())
    with pytest.raises(KilledError):
        await counter.issue.issue(sign_in, prepared)
    await counter.ledger.close()
    await counter.ledger.open(b"l" * 32, begun=True)
    (sheet,) = await counter.issue.open_sheets()
    assert sheet.state in {SheetState.COMMITTED, SheetState.UNKNOWN}
    await counter.issue.confirm(sign_in, sheet.serial, handed_over=False, reason="印刷前に停止")
    assert await counter.issue.open_sheets() == ()
