"""P07: a paper under a deputy declared at the terminal is on the list where the register names another for its day."""

from collections.abc import AsyncIterator
from datetime import date, timedelta
from pathlib import Path

import pytest
import pytest_asyncio

from client.domain.calendar import tokyo_day
from client.domain.deputy import Deputy
from client.domain.doubtful import Why
from client.domain.errors import ConflictError
from client.jobs.declare_deputy import EndDeputy
from client.rules.deputy import WARN, WARN_NO_SEAL
from cloud.register import put
from tests.promises.doubtful_desk import OfflineCounter, offline_counter

pytestmark = pytest.mark.asyncio
TITLE, NAME = "市長職務代理者　副市長", "渡邉\U000e0110　海"


@pytest_asyncio.fixture
async def counter(tmp_path: Path) -> AsyncIterator[OfflineCounter]:
    async with offline_counter(tmp_path) as made:
        yield made


async def declare(counter: OfflineCounter) -> Deputy:
    now = counter.town.cloud.clock()
    today = tokyo_day(now)
    at = (await counter.stores.replica.certifier_on(today)).as_of.register_at
    made = Deputy("s009", "s001", TITLE, NAME, today, today + timedelta(days=1), now, at)
    await counter.deputies.declare(made)
    return made


def register(counter: OfflineCounter, title: str, name: str, first: date) -> None:
    row: dict[str, object] = {"certifier_id": "c9", "title": title, "name": name}
    counter.town.commit("register", put("certifier", {**row, "in_force_from": first.isoformat()}))


def day(counter: OfflineCounter) -> date:
    return tokyo_day(counter.town.cloud.clock())


async def test_a_paper_under_it_bears_the_deputy_and_says_so_before(counter: OfflineCounter) -> None:
    await declare(counter)
    prepared = await counter.job.prepare(counter.clerk, counter.request())
    certifier = prepared.decided.certifier
    assert (certifier.title, certifier.name, certifier.declared) == (TITLE, NAME, True)
    assert prepared.decided.seal is None
    assert {WARN, WARN_NO_SEAL} <= set(prepared.warnings)
    serial = await counter.issue()
    lines = [one.entry for one in await counter.stores.ledger.journal_tail(9)]
    (issued,) = [line for line in lines if line.kind == "issue"]
    assert (issued.facts["serial"], issued.facts["deputy"]) == (serial, 1)


async def test_what_the_clerk_saw_before_it_ended_is_shown_again_before_it_is_printed(
    counter: OfflineCounter,
) -> None:
    made = await declare(counter)
    prepared = await counter.job.prepare(counter.clerk, counter.request())
    await counter.deputies.end(made)
    with pytest.raises(ConflictError, match=r"conflict\.version"):
        await counter.job.issue(counter.clerk, prepared)


async def test_where_the_register_names_another_for_that_day_the_paper_is_listed(
    counter: OfflineCounter,
) -> None:
    before = await counter.issue()
    await declare(counter)
    paper = await counter.issue()
    assert await counter.listed() == {}
    counter.forward(30)
    await counter.recover()
    assert await counter.listed() == {paper: {Why.CERTIFIER}}
    assert before != paper
    assert (await counter.stores.ledger.doubt_counts()).unchecked == 0


@pytest.mark.parametrize("spaced", [NAME, NAME.replace("　", " "), NAME.replace("　", "")])
async def test_where_the_register_names_the_same_it_is_not(counter: OfflineCounter, spaced: str) -> None:
    await declare(counter)
    await counter.issue()
    counter.forward(10)
    register(counter, TITLE, spaced, day(counter))
    counter.forward(10)
    await counter.recover()
    assert await counter.listed() == {}
    assert (await counter.stores.ledger.doubt_counts()).unchecked == 0


async def test_another_form_of_a_letter_is_another_name(counter: OfflineCounter) -> None:
    await declare(counter)
    paper = await counter.issue()
    register(counter, TITLE, NAME.replace("\U000e0110", ""), day(counter))
    counter.forward(10)
    await counter.recover()
    assert await counter.listed() == {paper: {Why.CERTIFIER}}


async def test_a_deputy_registered_from_the_day_after_leaves_todays_paper_doubtful(
    counter: OfflineCounter,
) -> None:
    await declare(counter)
    paper = await counter.issue()
    register(counter, TITLE, NAME, day(counter) + timedelta(days=1))
    counter.forward(10)
    await counter.recover()
    assert await counter.listed() == {paper: {Why.CERTIFIER}}


async def test_nothing_is_judged_by_what_the_replica_knew_before_the_paper(counter: OfflineCounter) -> None:
    await declare(counter)
    await counter.issue()
    counter.forward(10)
    await counter.check()
    assert await counter.listed() == {}
    assert (await counter.stores.ledger.doubt_counts()).unchecked == 1


async def test_the_next_round_of_sync_ends_it_and_the_book_says_by_what(counter: OfflineCounter) -> None:
    await declare(counter)
    counter.forward(10)
    await counter.sync.round()
    prepared = await counter.job.prepare(counter.clerk, counter.request())
    assert not prepared.decided.certifier.declared, "the register has spoken, written down or not"
    tidy = EndDeputy(counter.deputies, counter.stores.ledger, now=counter.town.cloud.clock)
    register_at = (await counter.stores.replica.position()).register
    assert register_at is not None
    assert await tidy(register_at.at) is None
    assert counter.deputies.present is None
    lines = [one.entry for one in await counter.stores.ledger.journal_tail(9)]
    assert [line.facts["how"] for line in lines if line.kind == "deputy"] == ["register"]
