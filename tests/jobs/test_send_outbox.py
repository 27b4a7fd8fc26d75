from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

import pytest

from client.domain.change import (
    ChangeKind,
    ChangeState,
    CloudAnswer,
    NewChange,
    QueuedChange,
    Receipt,
    change_key,
)
from client.domain.errors import (
    ConflictError,
    CounterError,
    LinkDownError,
    RefusedError,
    SignInNeededError,
)
from client.domain.resident import AtenaNo
from client.jobs.send_outbox import SendOutbox
from client.jobs.settle_change import SettleChange
from tests.builders import HANAKO, NOW, TARO, a_household, a_sign_in
from tests.fakes import FakeClock, MemoryLedger, MemoryLink, counted_random

pytestmark = pytest.mark.asyncio


@dataclass
class MemoryBook:
    """ports.CloudCommands that remembers every answer under its key, as the contract says."""

    outcomes: dict[str, str] = field(default_factory=dict)  # what a key will meet; else accepted
    answers: dict[str, CloudAnswer] = field(default_factory=dict)
    took_effect: list[str] = field(default_factory=list)
    calls: int = 0
    lose_answers: int = 0
    poison: str = ""
    down: CounterError | None = None

    async def send(self, changes: tuple[QueuedChange, ...]) -> tuple[CloudAnswer, ...]:
        self.calls += 1
        if self.down:
            raise self.down
        if any(change.key == self.poison for change in changes):
            raise LinkDownError("link.fault")
        told = tuple(self._answer(change.key) for change in changes)
        if self.lose_answers:
            self.lose_answers -= 1
            raise LinkDownError("link.broken")
        return told

    async def ask(self, key: str) -> CloudAnswer | None:
        if self.down:
            raise self.down
        return self.answers.get(key)

    def _answer(self, key: str) -> CloudAnswer:
        if key not in self.answers:
            outcome = self.outcomes.get(key, "accepted")
            receipt = Receipt(len(self.answers) + 1, NOW) if outcome == "accepted" else None
            self.answers[key] = CloudAnswer(key, outcome, receipt, "")
            self.took_effect.append(key)
        return self.answers[key]


class Counter:
    def __init__(self) -> None:
        self.clock = FakeClock()
        self.ledger = MemoryLedger(self.clock)
        self.book = MemoryBook()
        self.link = MemoryLink()
        self.random = counted_random()
        self.job = SendOutbox(self.book, self.ledger, self.link, now=self.clock, jitter=lambda: 1.0)
        self.settle = SettleChange(
            self.book, self.ledger, now=self.clock, random=self.random, clock_offset_ms=lambda: 0
        )

    async def queue(self, *residents: AtenaNo, kind: ChangeKind = ChangeKind.TENKYO) -> str:
        key = change_key(self.clock(), self.random(10))
        base = dict.fromkeys(residents, 3)
        await self.ledger.queue(NewChange(key, kind, residents, base, {"n": 1}, self.clock(), "s001"))
        return key

    def states(self, keys: Iterable[str]) -> list[ChangeState]:
        return [self.ledger.changes[key].state for key in keys]


@pytest.fixture
def counter() -> Counter:
    return Counter()


async def test_what_waits_goes_up_and_its_receipt_comes_back(counter: Counter) -> None:
    keys = [await counter.queue(TARO), await counter.queue(HANAKO)]
    report = await counter.job.round()
    assert (report.sent, report.accepted, report.trouble) == (2, 2, None)
    assert counter.states(keys) == [ChangeState.ACCEPTED] * 2
    assert counter.ledger.changes[keys[0]].receipt == Receipt(1, NOW)
    assert (await counter.job.round()).sent == 0


async def test_a_lost_answer_is_unknown_and_the_repeat_takes_no_second_effect(counter: Counter) -> None:
    key = await counter.queue(TARO)
    counter.book.lose_answers = 2
    for _ in range(2):
        report = await counter.job.round()
        assert report.unknown == 1
        assert counter.states([key]) == [ChangeState.UNKNOWN]
        assert (await counter.job.round()).sent == 0  # not before its time
        counter.clock.forward(timedelta(seconds=61))
    assert (await counter.job.round()).accepted == 1
    assert counter.book.took_effect == [key]
    assert counter.link.failures == ["link.broken"] * 2


async def test_a_death_after_sending_asks_again_with_the_same_key(counter: Counter) -> None:
    key = await counter.queue(TARO)
    await counter.ledger.lease((key,), now=counter.clock())
    await counter.book.send((counter.ledger.changes[key],))
    counter.ledger.restart()
    assert counter.states([key]) == [ChangeState.UNKNOWN]
    assert (await counter.job.round()).accepted == 1
    assert counter.book.took_effect == [key]


async def test_changes_of_one_resident_go_one_after_the_other(counter: Counter) -> None:
    first, second = await counter.queue(TARO), await counter.queue(TARO, HANAKO)
    fact = await counter.queue(TARO, kind=ChangeKind.ISSUED)
    await counter.job.round()
    assert counter.states([first, second, fact]) == [
        ChangeState.ACCEPTED,
        ChangeState.QUEUED,
        ChangeState.ACCEPTED,
    ]
    await counter.job.drain()
    assert counter.book.took_effect == [first, fact, second]


async def test_a_refusal_stays_refused_until_a_person_acts(counter: Counter) -> None:
    key, behind = await counter.queue(TARO), await counter.queue(TARO)
    counter.book.outcomes[key] = "refused"
    report = await counter.job.drain()
    assert report.to_settle == 1
    assert counter.states([key, behind]) == [ChangeState.REFUSED, ChangeState.QUEUED]
    counter.clock.forward(timedelta(days=1))
    await counter.job.drain()
    assert counter.book.calls == 1
    await counter.settle.withdraw(a_sign_in(), key, reason="取下げ")
    await counter.job.drain()
    assert counter.states([key, behind]) == [ChangeState.WITHDRAWN, ChangeState.ACCEPTED]


async def test_a_conflict_is_written_again_under_a_new_key_on_the_new_base(counter: Counter) -> None:
    key = await counter.queue(TARO)
    counter.book.outcomes[key] = "conflict"
    await counter.job.drain()
    with pytest.raises(RefusedError, match=r"refused\.right_missing"):
        await counter.settle.rewrite(a_sign_in(staff_id="s003"), key, a_household())
    written = await counter.settle.rewrite(a_sign_in(), key, a_household())
    assert (written.supersedes, dict(written.base)) == (key, {TARO: 3})
    assert counter.states([key]) == [ChangeState.SUPERSEDED]
    await counter.job.drain()
    assert counter.states([written.key]) == [ChangeState.ACCEPTED]


async def test_what_is_under_way_cannot_be_taken_back(counter: Counter) -> None:
    key = await counter.queue(TARO)
    counter.book.lose_answers = 1
    await counter.job.round()
    with pytest.raises(RefusedError, match=r"refused\.under_way"):
        await counter.settle.withdraw(a_sign_in(), key, reason="取下げ")
    assert (await counter.settle.ask(key)).state is ChangeState.ACCEPTED
    with pytest.raises(RefusedError, match=r"refused\.under_way"):
        await counter.settle.rewrite(a_sign_in(), key, a_household())


async def test_a_fact_cannot_be_taken_back(counter: Counter) -> None:
    key = await counter.queue(TARO, kind=ChangeKind.ISSUED)
    with pytest.raises(RefusedError, match=r"refused\.under_way"):
        await counter.settle.withdraw(a_sign_in(), key, reason="x")


async def test_a_change_the_cloud_never_saw_stays_unknown_and_is_sent(counter: Counter) -> None:
    key = await counter.queue(TARO)
    counter.book.down = LinkDownError("link.timeout")
    await counter.job.round()
    counter.book.down = None
    assert (await counter.settle.ask(key)).state is ChangeState.UNKNOWN
    counter.clock.forward(timedelta(seconds=61))
    assert (await counter.job.drain()).accepted == 1


async def test_one_bad_envelope_does_not_stop_the_others(counter: Counter) -> None:
    keys = [await counter.queue(AtenaNo(str(number))) for number in range(5)]
    counter.book.poison = keys[2]
    for _ in range(12):
        await counter.job.drain()
        counter.clock.forward(timedelta(seconds=61))
    assert counter.states(keys) == [
        ChangeState.ACCEPTED,
        ChangeState.ACCEPTED,
        ChangeState.UNKNOWN,
        ChangeState.ACCEPTED,
        ChangeState.ACCEPTED,
    ]
    assert counter.ledger.changes[keys[2]].is_parked  # named, and a person's: it is not sent for ever


@pytest.mark.parametrize(
    "error",
    [
        SignInNeededError("sign_in.clock_off"),
        RefusedError("refused.terminal_revoked"),
        ConflictError("conflict.version"),  # of a batch as a whole: of no contract, and said all the same
    ],
)
async def test_a_no_to_the_terminal_itself_stops_everything(counter: Counter, error: CounterError) -> None:
    key = await counter.queue(TARO)
    counter.book.down = error
    report = await counter.job.drain()
    assert report.trouble is error
    assert counter.states([key]) == [ChangeState.UNKNOWN]
    assert counter.link.failures == []  # the line is good


async def test_the_wait_the_cloud_asks_for_is_kept_within_a_minute(counter: Counter) -> None:
    await counter.queue(TARO)
    counter.book.down = LinkDownError("link.busy", retry_after=30)
    assert (await counter.job.round()).next_try_at == counter.clock() + timedelta(seconds=30)
    counter.clock.forward(timedelta(seconds=31))
    counter.book.down = LinkDownError("link.busy", retry_after=86_400)
    assert (await counter.job.round()).next_try_at == counter.clock() + timedelta(seconds=60)


async def test_a_dead_line_is_not_tried(counter: Counter) -> None:
    key = await counter.queue(TARO)
    counter.link.usable = False
    await counter.job.round()
    assert counter.book.calls == 0
    assert counter.states([key]) == [ChangeState.QUEUED]


async def test_an_answer_that_forgets_one_leaves_that_one_unknown(counter: Counter) -> None:
    keys = [await counter.queue(TARO), await counter.queue(HANAKO)]

    class Forgetful(MemoryBook):
        async def send(self, changes: tuple[QueuedChange, ...]) -> tuple[CloudAnswer, ...]:
            return (await super().send(changes))[:1]

    job = SendOutbox(Forgetful(), counter.ledger, counter.link, now=counter.clock, jitter=lambda: 0.0)
    report = await job.round()
    assert (report.accepted, report.unknown) == (1, 1)
    assert counter.states(keys) == [ChangeState.ACCEPTED, ChangeState.UNKNOWN]
    assert counter.ledger.changes[keys[1]].next_try_at


async def test_a_batch_has_bounds(counter: Counter) -> None:
    for number in range(70):
        await counter.queue(AtenaNo(str(number)))
    assert (await counter.job.round()).sent == 50
    report = await counter.job.round()
    assert (report.sent, report.more) == (20, False)
    keys = [await counter.queue(AtenaNo(str(number))) for number in range(100, 103)]
    for key in keys:
        counter.ledger.changes[key] = replace(counter.ledger.changes[key], sealed=bytes(300_000))
    report = await counter.job.round()
    assert (report.sent, report.more) == (1, True)


class TakenBackMeanwhile(MemoryLedger):
    """A clerk takes the first one back between the look and the sending."""

    async def lease(self, keys: tuple[str, ...], *, now: datetime) -> None:
        self.changes[keys[0]] = replace(self.changes[keys[0]], state=ChangeState.WITHDRAWN)
        await super().lease(keys, now=now)


async def test_what_is_taken_back_as_it_is_picked_is_not_sent_and_holds_nothing_up(counter: Counter) -> None:
    counter.ledger = TakenBackMeanwhile(counter.clock)
    job = SendOutbox(counter.book, counter.ledger, counter.link, now=counter.clock, jitter=lambda: 1.0)
    keys = [await counter.queue(TARO), await counter.queue(HANAKO)]
    assert (await job.round()).sent == 0
    assert counter.states(keys) == [ChangeState.WITHDRAWN, ChangeState.QUEUED]
    assert counter.book.took_effect == []


async def test_a_line_that_carries_batches_quickly_is_given_larger_ones_until_there_is_trouble(
    counter: Counter,
) -> None:
    sizes: list[int] = []
    real = counter.book.send

    async def send(changes: tuple[QueuedChange, ...]) -> tuple[CloudAnswer, ...]:
        sizes.append(len(changes))
        return await real(changes)

    counter.book.send = send  # type: ignore[method-assign]  # to see what is sent
    for number in range(900):
        await counter.queue(AtenaNo(str(number)))
    await counter.job.drain()
    assert sizes == [50, 100, 200, 400, 150]
    for number in range(900, 1020):
        await counter.queue(AtenaNo(str(number)))
    counter.book.lose_answers = 1
    assert (await counter.job.round()).trouble
    counter.clock.forward(timedelta(minutes=10))
    await counter.job.drain()
    assert sizes[5:] == [120, 50, 70]
    assert not [one for one in await counter.ledger.outbox() if one.state is not ChangeState.ACCEPTED]
