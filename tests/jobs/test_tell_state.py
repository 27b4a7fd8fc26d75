"""The office knows how each terminal is, and the line hardly feels it."""

from dataclasses import dataclass, field, replace
from datetime import timedelta

import pytest

from client.domain.errors import LinkDownError, RefusedError
from client.domain.feed import Feed
from client.domain.terminal import TerminalState
from client.jobs.tell_state import TellState, is_due
from tests.builders import NOW
from tests.ledger_fakes import FakeClock, MemoryLedger
from tests.replica_fakes import MemoryReplica, Stand
from tests.store_builders import a_change

STATE = TerminalState("1.0", 17, 3, 0, None, 40)


@dataclass
class Office:
    """ports.CloudStates that remembers what it was told."""

    told: list[TerminalState] = field(default_factory=list)
    trouble: Exception | None = None

    async def tell(self, state: TerminalState) -> None:
        if self.trouble:
            raise self.trouble
        self.told.append(state)


@dataclass
class Counter:
    """A terminal with its ledger and replica, and the office it tells."""

    office: Office = field(default_factory=Office)
    ledger: MemoryLedger = field(default_factory=MemoryLedger)
    replica: MemoryReplica = field(default_factory=MemoryReplica)
    clock: FakeClock = field(default_factory=FakeClock)
    usable: bool = True

    def __post_init__(self) -> None:
        self.job = TellState(
            self.office,
            self.ledger,
            self.replica,
            program="1.0",
            now=self.clock,
            usable=lambda: self.usable,
            clock_offset_ms=lambda: 40,
        )


@pytest.mark.parametrize(
    ("present", "after", "due"),
    [
        (STATE, timedelta(minutes=59), False),
        (STATE, timedelta(hours=1), True),
        (replace(STATE, waiting=1), timedelta(minutes=4), False),
        (replace(STATE, waiting=1), timedelta(minutes=5), True),
        (replace(STATE, clock_offset_ms=90_000), timedelta(minutes=30), False),
        (STATE, timedelta(seconds=-1), True),
    ],
)
def test_it_is_told_when_it_has_changed_and_once_an_hour(
    present: TerminalState, after: timedelta, due: bool
) -> None:
    assert is_due(STATE, NOW, present, NOW + after) is due


@pytest.mark.asyncio
async def test_what_waits_and_what_the_replica_has_reached_is_told() -> None:
    counter = Counter()
    oldest = await counter.ledger.queue(a_change())
    await counter.ledger.queue(replace(a_change(), made_at=NOW + timedelta(minutes=1)))
    counter.replica.stands = {Feed.BLOCKS: Stand(3), Feed.REGISTER: Stand(17)}
    await counter.job.round()
    assert counter.office.told == [TerminalState("1.0", 17, 3, 2, oldest.made_at, 40)]
    await counter.job.round()
    assert len(counter.office.told) == 1


@pytest.mark.asyncio
async def test_nothing_is_told_over_a_line_that_is_down_or_paid_by_the_byte() -> None:
    counter = Counter(usable=False)
    await counter.job.round()
    assert counter.office.told == []


@pytest.mark.asyncio
async def test_what_was_not_heard_is_told_again_and_an_older_clouds_no_troubles_nobody() -> None:
    counter = Counter()
    for trouble in (LinkDownError("link.timeout"), RefusedError("refused.terminal_revoked")):
        counter.office.trouble = trouble
        with pytest.raises(type(trouble)):
            await counter.job.round()
    counter.office.trouble = RefusedError("refused.not_found")
    await counter.job.round()
    counter.office.trouble = None
    await counter.job.round()
    assert counter.office.told == []  # it waits for its time, as if it had been told
