from dataclasses import replace
from itertools import product

import pytest

from client.domain.change import (
    OFFICE_NOTE,
    ChangeKind,
    ChangeState,
    CloudAnswer,
    NewChange,
    Receipt,
    change_key,
)
from client.domain.clerk import Right
from client.domain.errors import LinkDownError, RefusedError
from client.domain.intake import newcomer_id
from client.domain.resident import ResidentStatus
from client.jobs.settle_change import SettleChange
from tests.builders import HANAKO, NOW, TARO, a_household, a_sign_in
from tests.fakes import FakeClock, MemoryLedger, MemoryLink, counted_random

pytestmark = pytest.mark.asyncio
SAID = {"subject": TARO, "memo": "届出の内容"}


class OneAnswer:
    """ports.CloudCommands that knows at most one answer."""

    answer: CloudAnswer | None = None
    down: LinkDownError | None = None
    asked = 0

    async def send(self, changes: object) -> tuple[CloudAnswer, ...]:
        raise AssertionError("settling sends nothing")

    async def ask(self, key: str) -> CloudAnswer | None:
        self.asked += 1
        if self.down:
            raise self.down
        return self.answer


class Counter:
    def __init__(self, link: MemoryLink | None = None) -> None:
        self.ledger = MemoryLedger(FakeClock())
        self.cloud = OneAnswer()
        self.random = counted_random()
        self.job = SettleChange(
            self.cloud,
            self.ledger,
            now=FakeClock(),
            random=self.random,
            clock_offset_ms=lambda: 7,
            link=link,
        )

    async def change(self, state: ChangeState, kind: ChangeKind = ChangeKind.TENKYO) -> str:
        key = change_key(NOW, self.random(10))
        await self.ledger.queue(
            NewChange(key, kind, (TARO, HANAKO), {TARO: 1, HANAKO: 1}, dict(SAID), NOW, "s001")
        )
        if state is not ChangeState.QUEUED:
            await self.ledger.lease((key,), now=NOW)
            await self.ledger.settle(key, state)
        return key

    def state(self, key: str) -> ChangeState:
        return self.ledger.changes[key].state


@pytest.fixture
def counter() -> Counter:
    return Counter()


@pytest.mark.parametrize("state", [ChangeState.QUEUED, ChangeState.CONFLICT, ChangeState.REFUSED])
async def test_what_the_cloud_does_not_have_may_be_taken_back(counter: Counter, state: ChangeState) -> None:
    key = await counter.change(state)
    with pytest.raises(RefusedError, match=r"refused\.input"):
        await counter.job.withdraw(a_sign_in(), key, reason="  ")
    await counter.job.withdraw(a_sign_in(), key, reason="本人の申出")
    assert counter.state(key) is ChangeState.WITHDRAWN
    said = counter.ledger.journal[-1]
    assert said.facts == {"what": "withdrawn", "change": key, "why": "other"}
    assert (said.note, "本人の申出" in repr(said)) == ("本人の申出", False)
    assert (said.actor, said.subjects) == ("s001", (TARO, HANAKO))


@pytest.mark.parametrize("state", [ChangeState.UNKNOWN, ChangeState.ACCEPTED])
async def test_what_the_cloud_may_have_stays(counter: Counter, state: ChangeState) -> None:
    key = await counter.change(state)
    for settle in (
        counter.job.withdraw(a_sign_in(), key, reason="x"),
        counter.job.rewrite(a_sign_in(), key, a_household()),
    ):
        with pytest.raises(RefusedError, match=r"refused\.under_way"):
            await settle
    assert counter.state(key) is state


async def test_only_its_maker_or_the_officer_settles_a_change(counter: Counter) -> None:
    key = await counter.change(ChangeState.CONFLICT)
    for sign_in in (a_sign_in(Right.VIEW), a_sign_in(Right.ACCEPT, staff_id="s003")):
        with pytest.raises(RefusedError, match=r"refused\.right_missing"):
            await counter.job.withdraw(sign_in, key, reason="x")
    await counter.job.withdraw(a_sign_in(Right.ACCEPT, Right.OFFICER, staff_id="s002"), key, reason="x")
    assert counter.state(key) is ChangeState.WITHDRAWN


async def test_a_rewritten_change_stands_on_what_the_clerk_saw_now(counter: Counter) -> None:
    key = await counter.change(ChangeState.CONFLICT)
    written = await counter.job.rewrite(a_sign_in(), key, a_household())
    assert (dict(written.base), written.supersedes, written.clock_offset_ms) == ({TARO: 3, HANAKO: 5}, key, 7)
    assert written.key != key
    assert counter.state(key) is ChangeState.SUPERSEDED


async def test_somebody_who_has_left_meanwhile_is_not_moved(counter: Counter) -> None:
    key = await counter.change(ChangeState.CONFLICT)
    taro, hanako = a_household().members
    gone = replace(a_household(), members=(taro, replace(hanako, status=ResidentStatus.TENSHUTSU)))
    with pytest.raises(RefusedError, match=r"refused\.not_resident"):
        await counter.job.rewrite(a_sign_in(), key, gone)
    assert counter.state(key) is ChangeState.CONFLICT


async def test_what_is_handed_to_the_office_says_why_and_stands_on_what_was_seen(counter: Counter) -> None:
    key = await counter.change(ChangeState.CONFLICT)
    with pytest.raises(RefusedError, match=r"refused\.input"):
        await counter.job.to_office(a_sign_in(), key, {TARO: 3}, reason=" ")
    with pytest.raises(RefusedError, match=r"refused\.forbidden_number"):
        await counter.job.to_office(a_sign_in(), key, {TARO: 3}, reason="個人番号 123456789018")
    handed = await counter.job.to_office(a_sign_in(), key, {TARO: 3, HANAKO: 5}, reason="どちらとも言えない")
    assert (dict(handed.base), handed.supersedes) == ({TARO: 3, HANAKO: 5}, key)
    assert handed.payload == {**SAID, OFFICE_NOTE: "どちらとも言えない"}
    await counter.ledger.lease((handed.key,), now=NOW)
    await counter.ledger.settle(handed.key, ChangeState.CONFLICT)
    again = await counter.job.rewrite(a_sign_in(), handed.key, a_household())
    assert again.payload == SAID  # the counter decides after all


async def test_what_only_the_cloud_can_read_is_never_written_again_and_an_officer_alone_withdraws_it(
    counter: Counter,
) -> None:
    key = await counter.change(ChangeState.REFUSED)
    counter.ledger.changes[key] = replace(counter.ledger.changes[key], payload={})
    officer = a_sign_in(Right.ACCEPT, Right.OFFICER)
    for settle in (
        counter.job.rewrite(officer, key, a_household()),
        counter.job.to_office(officer, key, {}, reason="x"),
    ):
        with pytest.raises(RefusedError, match=r"refused\.office_alone"):
            await settle
    with pytest.raises(RefusedError, match=r"refused\.right_missing"):
        await counter.job.withdraw(a_sign_in(Right.ACCEPT), key, reason="x")
    await counter.job.withdraw(officer, key, reason="x")
    assert counter.state(key) is ChangeState.WITHDRAWN


async def test_a_newcomer_is_written_again_without_a_version(counter: Counter) -> None:
    key = await counter.change(ChangeState.REFUSED)
    who = newcomer_id("019a9f6e-5b1c-7c3a-9c55-0a4b5a1f7d21")
    counter.ledger.changes[key] = replace(counter.ledger.changes[key], residents=(who,), base={})
    written = await counter.job.rewrite(a_sign_in(), key, None)
    assert (written.residents, dict(written.base)) == ((who,), {})


async def test_an_unknown_change_learns_its_fate_by_its_key(counter: Counter) -> None:
    key = await counter.change(ChangeState.UNKNOWN)
    assert (await counter.job.ask(key)).state is ChangeState.UNKNOWN
    counter.cloud.down = LinkDownError("link.timeout")
    with pytest.raises(LinkDownError):
        await counter.job.ask(key)
    counter.cloud.down = None
    counter.cloud.answer = CloudAnswer(key, "accepted", Receipt(41, NOW), "")
    assert (await counter.job.ask(key)).receipt == Receipt(41, NOW)
    asked = counter.cloud.asked
    assert (await counter.job.ask(key)).state is ChangeState.ACCEPTED
    assert counter.cloud.asked == asked  # what is known is not asked again


async def test_a_fact_and_a_stranger_are_not_settled(counter: Counter) -> None:
    key = await counter.change(ChangeState.QUEUED, ChangeKind.ISSUED)
    with pytest.raises(RefusedError, match=r"refused\.under_way"):
        await counter.job.withdraw(a_sign_in(), key, reason="x")
    with pytest.raises(RefusedError, match=r"refused\.not_found"):
        await counter.job.ask("no such key")


@pytest.mark.parametrize("line", [True, False])
@pytest.mark.parametrize("kind", [ChangeKind.TENKYO, ChangeKind.DEATH, ChangeKind.SHIEN_SOCHI])
@pytest.mark.parametrize("state", [ChangeState.QUEUED, ChangeState.CONFLICT, ChangeState.UNKNOWN])
async def test_what_is_offered_to_be_taken_back_is_what_is_then_taken_back(
    line: bool, kind: ChangeKind, state: ChangeState
) -> None:
    for officer, staff_id in product((True, False), ("s001", "s002")):
        rights = (Right.ACCEPT, Right.OFFICER) if officer else (Right.ACCEPT,)
        clerk, counter = a_sign_in(*rights, staff_id=staff_id), Counter(MemoryLink(usable=line))
        key = await counter.change(state, kind)
        kept = counter.job.kept(clerk, counter.ledger.changes[key])
        if kept is None:
            await counter.job.withdraw(clerk, key, reason="x")
            assert counter.state(key) is ChangeState.WITHDRAWN
        else:
            with pytest.raises(RefusedError) as refused:
                await counter.job.withdraw(clerk, key, reason="x")
            assert (kept.code, kept.facts) == (refused.value.code, refused.value.facts)
            assert counter.state(key) is state
        stops_papers = kind is not ChangeKind.TENKYO
        assert (kept is None) is (
            state is not ChangeState.UNKNOWN
            and (officer or staff_id == "s001")
            and (not stops_papers or (officer and line))
        )
