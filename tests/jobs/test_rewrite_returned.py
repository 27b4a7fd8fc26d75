"""What the office returned is written anew, by whom it may be, and the cloud hears it as another."""

from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path

import pytest
import pytest_asyncio

from client.api.commands import CommandBox
from client.domain.attachment import MOST_OF_CHANGE, Attachment, MediaType
from client.domain.calendar import tokyo_day
from client.domain.change import OFFICE_NOTE, ChangeKind, ChangeState, QueuedChange
from client.domain.clerk import Lease, Right, SignIn
from client.domain.errors import CounterError, RefusedError, SignInNeededError
from client.domain.intake import Entry, is_newcomer
from client.domain.resident import Household
from client.jobs.compare_change import CompareChange
from client.jobs.rewrite_returned import RewriteReturned, ToRewrite
from client.jobs.settle_change import SettleChange
from client.rules.intakes import ALL, FORMS
from client.rules.intakes.moves import TENKYO
from cloud.office.case import Decision
from tests.api.small_cloud import small_cloud
from tests.builders import TARO, a_sign_in, a_tenkyo
from tests.fakes import counted_random
from tests.form_builders import NEW, filled
from tests.jobs.test_counter_and_cloud import Counter
from tests.jobs.test_queue_change import Counter as MemoryCounter
from tests.settle_fakes import MemoryVersions

pytestmark = [pytest.mark.asyncio, pytest.mark.long]
READABLE = [form.name for form in ALL if form.kind is not ChangeKind.SHIEN_SOCHI]


@dataclass
class Desk:
    """A counter with the cloud, and what its clerk can do with what was returned."""

    counter: Counter
    sign_in: SignIn

    def __post_init__(self) -> None:
        counter, now = self.counter, self.counter.cloud.clock
        self.told = MemoryVersions()
        settle = SettleChange(
            CommandBox(counter.cloud.http, counter.facts.terminal_no),
            counter.ledger,
            now=now,
            random=counted_random(),
            clock_offset_ms=lambda: 0,
        )
        self.compare = CompareChange(counter.find, self.told, counter.ledger)
        self.rewrite = RewriteReturned(
            counter.find, self.told, counter.queue, settle, counter.ledger, now=now, random=counted_random()
        )

    async def returned(self, name: str, **more: str) -> QueuedChange:
        """Take a form in, let the cloud take it and the office return it, and land it here."""
        household = (await self.counter.find.household(self.sign_in, TARO)).value.household
        entry = filled(name, tokyo_day(self.counter.cloud.clock()), household, **more)
        change = await self.counter.queue.take(self.sign_in, FORMS[name], entry)
        await self.heard(change.key)
        self.counter.cloud.tenant.office.decide(change.key, Decision("return", "office", "書類不備"))
        await self.counter.ledger.land(self.counter.cloud.register_version())
        self.told.tell(change.key, "returned", "書類不備")
        return change

    async def heard(self, key: str) -> QueuedChange:
        await self.counter.send.drain()
        change = await self.counter.ledger.change(key)
        assert change is not None
        assert change.state is ChangeState.ACCEPTED, change.last_words
        return change

    async def again(self, opened: ToRewrite) -> QueuedChange:
        told = opened.told
        entry = Entry(
            household=opened.view.household if opened.view else None,
            subject=opened.subject,
            members=told.members,
            values=told.values,
            todoke=told.todoke,
            filer=told.filer,
            newcomers=told.newcomers,
        )
        return await self.rewrite.save(self.sign_in, opened.key, told.form, entry, ())


@pytest_asyncio.fixture
async def desk(tmp_path: Path) -> AsyncIterator[Desk]:
    with small_cloud(tmp_path / "cloud") as cloud:
        await cloud.enrol()
        counter = Counter(cloud, tmp_path)
        await counter.ledger.open(b"l" * 32, begun=False)
        yield Desk(counter, await cloud.sign_in())
        await counter.ledger.close()


@pytest.mark.parametrize("name", READABLE)
async def test_every_form_that_was_returned_is_opened_taken_in_and_heard_again(desk: Desk, name: str) -> None:
    old = await desk.returned(name)
    opened = await desk.rewrite.open(desk.sign_in, old.key)
    assert opened.told.form is FORMS[name]
    new = await desk.again(opened)
    assert (new.supersedes, new.kind) == (old.key, old.kind)
    await desk.heard(new.key)
    states = [one["state"] for one in desk.counter.cloud.tenant.office.intakes()]
    assert sorted(map(str, states)) == ["received", "returned"]
    with pytest.raises(RefusedError, match=r"refused\.under_way"):
        await desk.rewrite.open(desk.sign_in, old.key)


@pytest.mark.parametrize("name", ["tenkyo", "tennyu"])
async def test_what_is_left_to_the_office_is_heard_with_why_under_a_key_of_its_own(
    desk: Desk, name: str
) -> None:
    old = await desk.returned(name)
    seen = await desk.compare(desk.sign_in, old.key)
    assert await desk.rewrite.to_office(desk.sign_in, seen, reason=" 連絡がつかない ")
    (new,) = await desk.counter.ledger.outbox()
    assert (new.payload[OFFICE_NOTE], new.supersedes) == ("連絡がつかない", old.key)
    await desk.heard(new.key)


async def test_who_joins_a_household_comes_back_over_that_household(desk: Desk) -> None:
    more = {f"{NEW}.relationship": "同居人"}
    old = await desk.returned("tennyu", joins="1", **more)
    opened = await desk.rewrite.open(desk.sign_in, old.key)
    assert opened.view is not None
    assert opened.view.household.member(TARO)
    new = await desk.again(opened)
    assert new.payload["joins"] == old.payload["joins"]
    assert all(map(is_newcomer, new.residents))
    assert set(new.residents).isdisjoint(old.residents)
    await desk.heard(new.key)


async def test_of_one_that_was_returned_twice_the_newest_alone_is_open(desk: Desk) -> None:
    first = await desk.returned("tenkyo")
    second = await desk.again(await desk.rewrite.open(desk.sign_in, first.key))
    await desk.heard(second.key)
    desk.counter.cloud.tenant.office.decide(second.key, Decision("return", "office", "まだ不備"))
    await desk.counter.ledger.land(desk.counter.cloud.register_version())
    desk.told.tell(second.key, "returned", "まだ不備")
    third = await desk.again(await desk.rewrite.open(desk.sign_in, second.key))
    await desk.heard(third.key)
    assert third.supersedes == second.key


async def refusal(desk: Desk, who: SignIn, key: str) -> str:
    with pytest.raises(CounterError) as told:
        await desk.rewrite.open(who, key)
    return told.value.code


async def test_only_what_was_returned_and_can_be_read_is_opened_and_only_by_whom_it_is(desk: Desk) -> None:
    old = await desk.returned("contact")
    other = await desk.counter.queue.take(
        desk.sign_in,
        FORMS["reduction"],
        filled("reduction", tokyo_day(desk.counter.cloud.clock()), await home(desk)),
    )
    assert await refusal(desk, desk.sign_in, "nobody's") == "refused.not_found"
    assert await refusal(desk, desk.sign_in, other.key) == "refused.under_way"
    lease = desk.sign_in.lease
    accepts = replace(a_sign_in(Right.VIEW, Right.ACCEPT, staff_id="s002"), lease=lease)
    assert await refusal(desk, accepts, old.key) == "refused.right_missing"
    officer = replace(a_sign_in(Right.VIEW, Right.ACCEPT, Right.OFFICER, staff_id="s002"), lease=lease)
    assert (await desk.rewrite.open(officer, old.key)).told.form is FORMS["contact"]
    await desk.counter.ledger.make_unreadable((TARO,))
    assert await refusal(desk, desk.sign_in, old.key) == "refused.office_alone"
    over = replace(desk.sign_in, lease=Lease(desk.counter.cloud.clock() - timedelta(seconds=1)))
    with pytest.raises(SignInNeededError):
        await desk.rewrite.open(over, old.key)


async def home(desk: Desk) -> Household:
    return (await desk.counter.find.household(desk.sign_in, TARO)).value.household


async def test_another_form_cannot_take_its_place(desk: Desk) -> None:
    old = await desk.returned("contact")
    entry = filled("reduction", tokyo_day(desk.counter.cloud.clock()))
    with pytest.raises(RefusedError, match=r"refused\.input"):
        await desk.rewrite.save(desk.sign_in, old.key, FORMS["reduction"], entry, ())


async def test_what_only_the_cloud_reads_is_left_to_the_office_in_the_journal_alone(desk: Desk) -> None:
    old = await desk.returned("contact")
    await desk.counter.ledger.make_unreadable((TARO,))
    seen = await desk.compare(desk.sign_in, old.key)
    assert seen.sealed
    with pytest.raises(RefusedError, match=r"refused\.input"):
        await desk.rewrite.to_office(desk.sign_in, seen, reason=" ")
    with pytest.raises(RefusedError, match=r"refused\.forbidden_number"):
        await desk.rewrite.to_office(desk.sign_in, seen, reason="123456789018")
    assert not await desk.rewrite.to_office(desk.sign_in, seen, reason="番号を伝えた")
    assert await desk.counter.ledger.outbox() == ()
    lines = [line.entry for line in await desk.counter.ledger.journal_tail(3)]
    assert {line.kind for line in lines} >= {"intake", "call_back"}
    assert await desk.counter.ledger.called((old.key,)) == {old.key}


async def test_what_lay_beside_it_is_named_again_with_what_is_new_as_far_as_the_cloud_takes_it() -> None:
    counter = MemoryCounter()
    old = await counter.job.take(a_sign_in(), TENKYO, a_tenkyo())
    note = an_attachment(1, old.key).note
    before = replace(old, state=ChangeState.LANDED, payload={**old.payload, "attachments": [note]})
    counter.ledger.changes[old.key] = before
    key = "019a9f6e-5b1c-7c3a-9c55-0a4b5a1f7d77"
    beside = tuple(an_attachment(n, key) for n in range(2, 2 + MOST_OF_CHANGE))
    with pytest.raises(RefusedError, match=r"attachment\.too_many"):
        await counter.job.take(a_sign_in(), TENKYO, a_tenkyo(), beside, instead_of=before)
    new = await counter.job.take(a_sign_in(), TENKYO, a_tenkyo(), beside[:1], instead_of=before)
    assert new.payload["attachments"] == [note, beside[0].note]
    with pytest.raises(RefusedError, match=r"refused\.duplicate_intake"):
        await counter.job.take(a_sign_in(), TENKYO, a_tenkyo())


async def test_one_that_met_a_conflict_on_its_way_and_was_returned_again_is_no_second_one() -> None:
    counter = MemoryCounter()
    changes = counter.ledger.changes
    first = await counter.job.take(a_sign_in(), TENKYO, a_tenkyo())
    changes[first.key] = first = replace(first, state=ChangeState.LANDED)
    second = await counter.job.take(a_sign_in(), TENKYO, a_tenkyo(), instead_of=first)
    changes[second.key] = replace(second, state=ChangeState.SUPERSEDED)
    third = replace(second, key="019a9f6e-5b1c-7c3a-9c55-0a4b5a1f7d78", seq=9, supersedes=second.key)
    changes[third.key] = third = replace(third, state=ChangeState.LANDED)
    fourth = await counter.job.take(a_sign_in(), TENKYO, a_tenkyo(), instead_of=third)
    assert fourth.supersedes == third.key


def an_attachment(number: int, command_key: str) -> Attachment:
    key = f"019a9f6e-5b1c-7c3a-9c55-0a4b5a1f7e{number:02d}"
    return Attachment(key, command_key, MediaType.PNG, 9, "0" * 64)
