"""The outbox given to a carrier: each change once, never accepted by its word, and sent to the cloud when it is back."""

from datetime import timedelta

import pytest

from client.domain.change import ChangeState, QueuedChange
from client.domain.errors import LinkDownError, RefusedError
from client.jobs.hand_over import HandOver
from tests.builders import HANAKO, TARO
from tests.fakes import FakeClock
from tests.ledger_fakes import MemoryLedger
from tests.store_builders import a_change

pytestmark = pytest.mark.asyncio


class Hall:
    """A hall server that keeps what it is given, where it is there."""

    def __init__(self) -> None:
        self.given: list[str] = []
        self.down = False
        self.full = False
        self.refuses = False

    async def probe(self) -> None:
        if self.down:
            raise LinkDownError("link.unreachable")

    async def give(self, changes: tuple[QueuedChange, ...]) -> None:
        if self.full:
            raise LinkDownError("link.busy")
        if self.refuses:
            raise RefusedError("refused.by_cloud", reason="request.too_large")
        self.given += [change.key for change in changes]


def states(ledger: MemoryLedger) -> list[ChangeState]:
    return [change.state for change in ledger.changes.values()]


async def test_what_was_handed_over_is_unknown_and_given_no_second_time() -> None:
    clock, hall = FakeClock(), Hall()
    ledger = MemoryLedger(clock)
    for who in (TARO, HANAKO):
        await ledger.queue(a_change(who))
    job = HandOver(hall, ledger, now=clock)
    assert await job.round() == 2
    assert sorted(hall.given) == sorted(ledger.changes)
    assert states(ledger) == [ChangeState.UNKNOWN] * 2
    clock.time += timedelta(hours=1)
    assert await job.round() == 0
    ready = await ledger.ready(clock(), limit=10, alone_after=2)
    assert len(ready) == 2  # for the cloud, together, as soon as it is back


async def test_a_carrier_that_is_not_there_leaves_the_outbox_as_it_was() -> None:
    clock, hall = FakeClock(), Hall()
    ledger = MemoryLedger(clock)
    await ledger.queue(a_change(TARO))
    hall.down = True
    with pytest.raises(LinkDownError, match=r"link\.unreachable"):
        await HandOver(hall, ledger, now=clock).round()
    assert states(ledger) == [ChangeState.QUEUED]


async def test_what_a_carrier_may_or_may_not_have_is_unknown_and_given_again() -> None:
    clock, hall = FakeClock(), Hall()
    ledger = MemoryLedger(clock)
    await ledger.queue(a_change(TARO))
    job, hall.full = HandOver(hall, ledger, now=clock), True
    with pytest.raises(LinkDownError, match=r"link\.busy"):
        await job.round()
    assert states(ledger) == [ChangeState.UNKNOWN]
    hall.full = False
    clock.time += timedelta(minutes=1)
    assert await job.round() == 1
    assert hall.given == list(ledger.changes)


async def test_what_a_carrier_does_not_carry_waits_for_the_line_and_holds_up_nothing() -> None:
    clock, hall = FakeClock(), Hall()
    ledger = MemoryLedger(clock)
    await ledger.queue(a_change(TARO))
    (large,) = ledger.changes
    job, hall.refuses = HandOver(hall, ledger, now=clock), True
    with pytest.raises(RefusedError):
        await job.round()
    hall.refuses = False
    await ledger.queue(a_change(HANAKO))
    clock.time += timedelta(minutes=1)
    assert await job.round() == 1
    assert large not in hall.given
    assert states(ledger) == [ChangeState.UNKNOWN] * 2


async def test_where_the_line_comes_back_meanwhile_what_was_sent_there_is_left_alone() -> None:
    clock, hall = FakeClock(), Hall()
    ledger = MemoryLedger(clock)
    await ledger.queue(a_change(TARO))
    (key,) = ledger.changes

    async def sent_meanwhile() -> None:
        await ledger.lease((key,), now=clock())
        await ledger.settle(key, ChangeState.ACCEPTED)

    hall.probe = sent_meanwhile  # type: ignore[method-assign]  # the line is back while the carrier is looked for
    assert await HandOver(hall, ledger, now=clock).round() == 0
    assert (states(ledger), hall.given) == ([ChangeState.ACCEPTED], [])
