"""P12: whoever only receives issues and accepts nothing alone; who decided stands in the book beside them."""

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
import pytest_asyncio

from client.domain.as_of import Source
from client.domain.clerk import HowSignedIn, Lease, Right, SignIn
from client.domain.errors import CounterError
from client.domain.release import Secrets
from client.jobs.check_person import CheckPerson
from client.jobs.decide import Decide
from client.jobs.issue_certificate import IssueCertificate, IssueSettings
from client.jobs.ports import JournalEntry
from client.jobs.queue_change import QueueChange
from client.jobs.reach import Reach
from client.rules.intakes import FORMS
from tests.builders import TARO, a_household, a_request, a_sign_in, a_tenkyo
from tests.fakes import MemoryLink, MemoryPress, MemoryRegister, counted_random
from tests.promises.issuing_desk import NoCloud as NoDesk
from tests.promises.two_persons import (
    CLERK,
    NEWCOMER,
    OFFICER,
    PASSWORD,
    Desk,
    NoCloud,
    a_desk,
    grant,
    member,
)
from tests.store_builders import store_keys

pytestmark = pytest.mark.asyncio
RECEIVER = "s030"
TENKYO = FORMS["tenkyo"]


class Window:
    """The counter of an outsourced desk, its line down; stores, keys and book are real."""

    def __init__(self, desk: Desk) -> None:
        self.desk = desk
        replica = MemoryRegister(Source.REPLICA, [a_household()], at=desk.now)
        link, ledger = MemoryLink(usable=False), desk.stores.ledger

        reach = Reach(link)
        self.press = MemoryPress()
        self.issue = IssueCertificate(
            NoDesk(),
            replica,
            reach,
            ledger,
            self.press,
            now=lambda: desk.now,
            declared=lambda: False,
            words=replica.form_words,
            clock_offset_ms=lambda: 0,
            settings=IssueSettings(official_seal=False),
        )
        self.queue = QueueChange(
            replica,
            replica,
            reach,
            ledger,
            now=lambda: desk.now,
            random=counted_random(),
            clock_offset_ms=lambda: 0,
        )
        check = CheckPerson(
            NoCloud(),
            desk.vault,
            ledger,
            link,
            now=lambda: desk.now,
            within_terms=desk.log_in.within_terms,
        )
        self.decide = Decide(check, ledger, now=lambda: desk.now)

    @property
    def clerk(self) -> SignIn:
        made = a_sign_in(Right.VIEW, Right.RECEIVE, staff_id=RECEIVER, token=None)
        lease = Lease(self.desk.now + timedelta(days=1))
        return replace(made, lease=lease, at=self.desk.now, how=HowSignedIn.OFFLINE)

    async def issued(self, by: str, password: str = PASSWORD, code: str = "") -> None:
        prepared = await self.issue.prepare(self.clerk, a_request())
        shown = Secrets(by, password, code or self.desk.code(by))
        await self.decide(
            self.clerk,
            shown,
            Right.ISSUE,
            (TARO,),
            lambda decider: self.issue.issue(self.clerk, prepared, decider),
        )

    async def refused(self, by: str, password: str = PASSWORD, code: str = "") -> str:
        """Return why nothing was issued; nothing was printed."""
        before = len(self.press.printed)
        with pytest.raises(CounterError) as refusal:
            await self.issued(by, password, code)
        assert len(self.press.printed) == before
        return refusal.value.code

    async def lines(self, *kinds: str) -> list[JournalEntry]:
        tail = await self.desk.stores.ledger.journal_tail(99)
        found = sorted(tail, key=lambda line: line.seq)
        return [line.entry for line in found if line.entry.kind in kinds]


@pytest_asyncio.fixture
async def window(tmp_path: Path) -> AsyncIterator[Window]:
    rows = [
        ("staff_member", member(RECEIVER)),
        ("right_grant", grant(RECEIVER, Right.VIEW)),
        ("right_grant", grant(RECEIVER, Right.RECEIVE)),
        ("right_grant", grant(CLERK, Right.ACCEPT)),
    ]
    desk = await a_desk(tmp_path / "pc", *rows)
    await desk.admit(CLERK, Right.VIEW, Right.ISSUE, Right.ACCEPT)
    await desk.admit(RECEIVER, Right.VIEW, Right.RECEIVE)
    await desk.stores.open(store_keys())
    yield Window(desk)
    await desk.stores.close()


async def test_a_paper_goes_out_by_decision_and_the_book_names_both(window: Window) -> None:
    await window.issued(CLERK)
    (line,) = await window.lines("issue")
    assert (line.actor, line.facts["decided_by"]) == (RECEIVER, CLERK)
    (fact,) = [one for one in await window.desk.stores.ledger.outbox() if one.kind.value == "fact.issued"]
    assert (fact.made_by, fact.payload["received_by"]) == (CLERK, RECEIVER)
    assert len(window.press.printed) == 1


async def test_a_notification_is_taken_in_by_decision_and_the_book_names_both(window: Window) -> None:
    await window.decide(
        window.clerk,
        Secrets(CLERK, PASSWORD, window.desk.code(CLERK)),
        Right.ACCEPT,
        (TARO,),
        lambda decider: window.queue.take(window.clerk, TENKYO, a_tenkyo(), decider=decider),
    )
    (line,) = await window.lines("intake")
    assert (line.actor, line.facts["decided_by"]) == (RECEIVER, CLERK)
    (change,) = [one for one in await window.desk.stores.ledger.outbox() if not one.kind.is_fact]
    assert change.made_by == CLERK


async def test_nobody_decides_for_themselves_nor_without_the_right_and_the_refusal_is_in_the_book(
    window: Window,
) -> None:
    assert await window.refused(RECEIVER) == "refused.decision_self"
    assert await window.refused(OFFICER) == "refused.right_missing"
    (line,) = await window.lines("refusal")
    assert (line.actor, line.facts["who"]) == (RECEIVER, OFFICER)


async def test_a_code_that_was_used_decides_nothing_again(window: Window) -> None:
    code = window.desk.code(CLERK)
    await window.issued(CLERK, code=code)
    assert await window.refused(CLERK, code=code) == "sign_in.code_used"
    assert len(await window.lines("issue")) == 1


async def test_guessing_at_the_deciders_secrets_locks_them_and_is_counted(window: Window) -> None:
    tries = [await window.refused(CLERK, "出まかせの合言葉です 1") for _ in range(5)]
    assert tries == ["sign_in.wrong_secret"] * 4 + ["sign_in.locked_out"]
    assert await window.refused(CLERK) == "sign_in.locked_out"
    failed = [one for one in await window.lines("sign_in") if one.facts.get("how") == "failed"]
    assert [(one.actor, one.facts["who"]) for one in failed] == [(RECEIVER, CLERK)] * 6


async def test_whose_lease_or_right_is_over_decides_nothing(window: Window) -> None:
    window.desk.now += timedelta(days=8)
    assert await window.refused(CLERK) in {"sign_in.lease_over", "refused.too_old"}


async def test_who_was_let_in_by_two_decides_nothing(window: Window, tmp_path: Path) -> None:
    desk = window.desk
    await desk.stores.close()
    words = await desk.word(OFFICER), await desk.word(CLERK)
    shown = desk.newcomer()
    await desk.let_in(*words, shown)
    desk.seeds[NEWCOMER] = shown.seed
    await desk.stores.open(store_keys())
    assert await window.refused(NEWCOMER, shown.password) == "refused.let_in_by_two"


async def test_who_only_receives_is_neither_of_two(window: Window) -> None:
    desk = window.desk
    await desk.stores.close()
    with pytest.raises(CounterError) as refusal:
        await desk.word(RECEIVER)
    assert refusal.value.code == "refused.receives_only"
    await desk.stores.open(store_keys())


async def test_nothing_of_a_decision_is_left_for_the_next_paper_nor_for_the_next_start(
    window: Window,
) -> None:
    await window.issued(CLERK)
    prepared = await window.issue.prepare(window.clerk, a_request())
    again = Window(window.desk)
    for one in (window, again):
        with pytest.raises(CounterError) as refusal:
            await one.issue.issue(one.clerk, prepared)
        assert refusal.value.code == "refused.decision_needed"
        with pytest.raises(CounterError) as refusal:
            await one.queue.take(one.clerk, TENKYO, a_tenkyo())
        assert refusal.value.code == "refused.decision_needed"
