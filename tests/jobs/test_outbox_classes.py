"""Stop all, park one, retry: what the sender does with a batch that got no answers, and what of it a person is told."""

from dataclasses import dataclass, field
from datetime import timedelta

import pytest

from client.domain.change import ChangeKind, ChangeState, CloudAnswer, QueuedChange
from client.domain.errors import CounterError, LinkDownError, RefusedError, SignInNeededError
from client.domain.resident import AtenaNo
from client.jobs.send_outbox import SendOutbox
from tests.builders import HANAKO, TARO, a_household, a_sign_in
from tests.fakes import FakeClock
from tests.jobs.test_send_outbox import Counter, MemoryBook

pytestmark = pytest.mark.asyncio


@dataclass
class Picky(MemoryBook):
    """A cloud that answers a batch with a certain change in it with one and the same trouble."""

    bad: dict[str, CounterError] = field(default_factory=dict)
    batches: list[int] = field(default_factory=list)

    async def send(self, changes: tuple[QueuedChange, ...]) -> tuple[CloudAnswer, ...]:
        self.batches.append(len(changes))
        for change in changes:
            if change.key in self.bad:
                raise self.bad[change.key]
        return await super().send(changes)


class Desk(Counter):
    def __init__(self) -> None:
        super().__init__()
        self.picky = Picky()
        self.book = self.picky
        self.job = SendOutbox(self.picky, self.ledger, self.link, now=self.clock, jitter=lambda: 1.0)
        self.settle._cloud = self.picky

    async def some(self, count: int = 5) -> list[str]:
        return [await self.queue(AtenaNo(str(number))) for number in range(count)]

    async def rounds(self, count: int) -> None:
        for _ in range(count):
            await self.job.drain()
            self.clock.forward(timedelta(seconds=61))


@pytest.fixture
def desk() -> Desk:
    return Desk()


TOO_LARGE = RefusedError("refused.by_cloud", reason="request.too_large")
STOPS = [
    SignInNeededError("sign_in.clock_off"),
    SignInNeededError("sign_in.expired"),
    RefusedError("refused.terminal_revoked"),
    RefusedError("refused.not_found"),
    LinkDownError("link.untrusted"),
    LinkDownError("link.unknown_host"),
]


@pytest.mark.parametrize("error", STOPS)
async def test_a_no_to_the_terminal_stops_all_until_it_is_mended(desk: Desk, error: CounterError) -> None:
    keys = await desk.some(120)
    desk.picky.down = error
    for _ in range(10):  # ten rounds of the counter's loop, 5 s apart
        await desk.job.drain()
        desk.clock.forward(timedelta(seconds=5))
    assert desk.job.stopped is error
    assert desk.picky.batches[0] == 50
    assert set(desk.picky.batches[1:]) == {0}  # afterwards it is only asked whether that is over
    assert len(desk.picky.batches) < 8  # later and later
    touched = [change for change in desk.ledger.changes.values() if change.state is not ChangeState.QUEUED]
    assert len(touched) == 50
    assert {change.attempts for change in touched} == {0}  # it was not about them
    desk.picky.down = None
    report = await desk.job.at_once()
    assert report.accepted == 120
    assert not desk.job.stopped
    assert sorted(desk.picky.took_effect) == sorted(keys)


async def test_a_stop_is_asked_about_at_most_a_minute_apart_and_sooner_where_a_clerk_says_so(
    desk: Desk,
) -> None:
    await desk.some(1)
    desk.picky.down = RefusedError("refused.terminal_revoked")
    await desk.rounds(9)
    report = await desk.job.drain()
    assert report.next_try_at is not None
    assert report.next_try_at <= desk.clock() + timedelta(seconds=60)
    calls = desk.picky.calls
    await desk.job.drain()
    assert desk.picky.calls == calls
    await desk.job.at_once()
    assert desk.picky.calls == calls + 1


async def test_a_line_that_dies_while_all_is_stopped_does_not_change_what_is_said(desk: Desk) -> None:
    await desk.some(1)
    desk.picky.down = stop = RefusedError("refused.terminal_revoked")
    await desk.job.drain()
    desk.picky.down = LinkDownError("link.timeout")
    await desk.job.at_once()
    assert desk.job.stopped is stop


async def test_one_that_the_cloud_cannot_take_goes_alone_is_parked_and_the_others_go_on(desk: Desk) -> None:
    keys = await desk.some(60)
    desk.picky.bad[keys[7]] = TOO_LARGE
    await desk.job.drain()  # one round: nobody waits for anybody's back-off
    assert desk.states([keys[7]]) == [ChangeState.REFUSED]  # never acted on: it may be written anew
    assert desk.ledger.changes[keys[7]].last_words == "refused.cannot_be_read"
    others = [key for key in keys if key != keys[7]]
    assert set(desk.states(others)) == {ChangeState.ACCEPTED}
    assert (await desk.ledger.outbox_counts()).wants_a_clerk == 1
    calls = desk.picky.calls
    await desk.rounds(5)
    assert desk.picky.calls == calls  # not tried for ever
    await desk.settle.withdraw(a_sign_in(), keys[7], reason="取下げ")
    assert desk.states([keys[7]]) == [ChangeState.WITHDRAWN]


async def test_one_bad_among_hundreds_costs_some_batches_and_not_hundreds_of_calls(desk: Desk) -> None:
    keys = await desk.some(750)
    desk.picky.bad[keys[500]] = TOO_LARGE
    await desk.job.drain()
    assert desk.states([keys[500]]) == [ChangeState.REFUSED]
    assert set(desk.states([key for key in keys if key != keys[500]])) == {ChangeState.ACCEPTED}
    assert len(desk.picky.batches) < 50 + 20  # those that were beside it among fifty, and all others together


async def test_a_way_that_takes_no_large_batch_is_given_smaller_ones_and_parks_nothing(desk: Desk) -> None:
    keys = await desk.some(900)

    @dataclass
    class Narrow(Picky):
        async def send(self, changes: tuple[QueuedChange, ...]) -> tuple[CloudAnswer, ...]:
            if len(changes) > 120:
                self.batches.append(-len(changes))
                raise LinkDownError("link.fault", status=413)
            return await super().send(changes)

    narrow = Narrow()
    job = SendOutbox(narrow, desk.ledger, desk.link, now=desk.clock, jitter=lambda: 1.0)
    await job.drain()
    assert narrow.batches[:4] == [50, 100, -200, 50]
    assert set(narrow.batches[4:]) == {100}
    assert set(desk.states(keys)) == {ChangeState.ACCEPTED}
    assert sorted(narrow.took_effect) == sorted(keys)


async def test_a_parked_request_whose_fate_is_in_doubt_stays_unknown_and_goes_again_when_told(
    desk: Desk,
) -> None:
    key, behind = await desk.queue(TARO), await desk.queue(TARO, HANAKO)
    free = await desk.queue(AtenaNo("9"))
    desk.picky.bad[key] = LinkDownError("link.broken")
    await desk.job.round()  # sent, and nobody knows
    desk.clock.forward(timedelta(seconds=61))
    desk.picky.bad[key] = TOO_LARGE
    await desk.rounds(3)
    change = desk.ledger.changes[key]
    assert (change.state, change.is_parked) == (ChangeState.UNKNOWN, True)
    assert desk.states([behind, free]) == [ChangeState.QUEUED, ChangeState.ACCEPTED]
    with pytest.raises(RefusedError, match=r"refused\.under_way"):
        await desk.settle.withdraw(a_sign_in(), key, reason="取下げ")
    with pytest.raises(RefusedError, match=r"refused\.under_way"):
        await desk.settle.rewrite(a_sign_in(), key, a_household())
    with pytest.raises(RefusedError, match=r"refused\.under_way"):
        await desk.settle.send_again(a_sign_in(), behind)  # that one is not parked
    desk.picky.bad.clear()
    await desk.settle.send_again(a_sign_in(), key)
    assert desk.ledger.journal[-1].facts == {"what": "sent_again", "change": key}
    await desk.job.drain()
    assert desk.states([key, behind]) == [ChangeState.ACCEPTED] * 2
    assert desk.picky.took_effect.count(key) == 1


async def test_what_the_cloud_remembers_is_not_parked(desk: Desk) -> None:
    key = await desk.queue(TARO)
    desk.picky.lose_answers = 1  # it took effect, and nobody heard
    await desk.job.round()
    desk.picky.bad[key] = TOO_LARGE  # then a proxy learns to say no
    desk.clock.forward(timedelta(seconds=61))
    await desk.job.drain()
    assert desk.states([key]) == [ChangeState.ACCEPTED]


async def test_a_fact_that_cannot_be_taken_is_parked_and_never_refused(desk: Desk) -> None:
    key = await desk.queue(TARO, kind=ChangeKind.ISSUED)
    desk.picky.bad[key] = TOO_LARGE
    await desk.job.drain()
    assert desk.ledger.changes[key].is_parked
    assert [change.key for change in await desk.ledger.recent(10)] == [key]


async def test_one_the_cloud_always_stumbles_over_is_parked_once_it_answers_nothing_else_wrong(
    desk: Desk,
) -> None:
    keys = await desk.some(5)
    desk.picky.bad[keys[2]] = LinkDownError("link.fault", status=500)
    await desk.rounds(14)
    assert desk.ledger.changes[keys[2]].last_words == "refused.stumbles"
    assert desk.ledger.changes[keys[2]].is_parked
    calls = desk.picky.calls
    await desk.rounds(3)
    assert desk.picky.calls == calls


async def test_a_cloud_that_fails_at_everything_parks_nothing(desk: Desk) -> None:
    keys = await desk.some(3)
    desk.picky.down = LinkDownError("link.fault", status=500)
    await desk.rounds(40)
    assert not any(desk.ledger.changes[key].is_parked for key in keys)
    desk.picky.down = None
    await desk.rounds(4)
    assert set(desk.states(keys)) == {ChangeState.ACCEPTED}


async def test_a_proxy_that_forbids_one_content_stops_nobody_else(desk: Desk) -> None:
    keys = await desk.some(5)
    desk.picky.bad[keys[1]] = RefusedError("refused.by_cloud", reason="forbidden")  # a class it does not look
    await desk.rounds(4)
    assert desk.job.stopped is None
    assert desk.ledger.changes[keys[1]].last_words == "refused.cannot_be_read"
    assert set(desk.states([*keys[:1], *keys[2:]])) == {ChangeState.ACCEPTED}


async def test_a_clock_that_jumps_back_a_day_neither_loses_nor_delays(desk: Desk) -> None:
    first = await desk.queue(TARO)
    desk.picky.down = LinkDownError("link.timeout")
    await desk.job.drain()
    stopped = Desk()
    key = await stopped.queue(TARO)
    stopped.picky.down = RefusedError("refused.terminal_revoked")
    await stopped.rounds(6)
    for one in (desk, stopped):
        one.clock.forward(-timedelta(days=1))
        one.picky.down = None
        await one.job.drain()
    second = await desk.queue(TARO)  # made a day before the first, by this clock
    await desk.job.drain()
    assert desk.picky.took_effect == [first, second]
    assert stopped.states([key]) == [ChangeState.ACCEPTED]


async def test_nothing_is_parked_while_it_cannot_be_asked_whether_it_took_effect() -> None:
    @dataclass
    class Dumb(Picky):
        async def ask(self, key: str) -> CloudAnswer | None:
            raise LinkDownError("link.timeout")

    desk = Desk()
    desk.picky = desk.book = Dumb()
    desk.job = SendOutbox(desk.picky, desk.ledger, desk.link, now=FakeClock(), jitter=lambda: 1.0)
    key = await desk.queue(TARO)
    desk.picky.bad[key] = TOO_LARGE
    report = await desk.job.drain()
    assert desk.states([key]) == [ChangeState.UNKNOWN]
    assert not desk.ledger.changes[key].is_parked
    assert report.next_try_at is not None
