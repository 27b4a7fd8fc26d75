"""Who is in 国保, asked of the replica and written into the journal."""

from dataclasses import replace
from datetime import timedelta

import pytest

from client.domain.as_of import Source
from client.domain.clerk import Right
from client.domain.errors import RefusedError, SignInNeededError, StoreError
from client.domain.nhi import Insured
from client.jobs.look_up_insured import LookUpInsured
from tests.builders import HANAKO, NOW, TARO, TODAY, a_household, a_sign_in
from tests.fakes import FakeClock, MemoryLedger, MemoryRegister

pytestmark = pytest.mark.asyncio
SPELLS = {TARO: ((TODAY, None),)}


class Counter:
    def __init__(self) -> None:
        clock = FakeClock()
        self.replica = MemoryRegister(Source.REPLICA, [a_household()], spells=SPELLS)
        self.ledger = MemoryLedger(clock)
        self.clock = clock
        self.look = LookUpInsured(self.replica, self.ledger, now=clock)


async def test_the_look_is_answered_with_its_time_and_stands_in_the_journal() -> None:
    counter = Counter()
    assert await counter.look(a_sign_in(), (TARO, HANAKO)) == Insured(SPELLS, NOW)
    line = counter.ledger.journal[-1]
    assert (line.kind, line.subjects, line.facts["what"]) == ("view", (TARO, HANAKO), "nhi")


async def test_a_replica_that_cannot_be_read_leaves_it_open() -> None:
    counter = Counter()
    counter.replica.down = StoreError("store.not_filled")
    assert await counter.look(a_sign_in(), (TARO,)) == Insured()
    assert counter.ledger.journal == [], "nothing was looked at"


async def test_nobody_looks_without_the_right_or_after_the_lease() -> None:
    counter = Counter()
    with pytest.raises(RefusedError):
        await counter.look(a_sign_in(Right.VIEW), (TARO,))
    counter.clock.forward(timedelta(days=8))
    with pytest.raises(SignInNeededError):
        await counter.look(a_sign_in(), (TARO,))


async def test_who_has_no_right_to_insurance_looks_at_nothing_and_is_told_so() -> None:
    counter = Counter()
    sign_in = a_sign_in(Right.VIEW, Right.ACCEPT)
    sign_in = replace(sign_in, clerk=replace(sign_in.clerk, by_item=True))
    assert await counter.look(sign_in, (TARO,)) == Insured(withheld=True)
    assert counter.ledger.journal == [], "nothing was looked at"
    sign_in = replace(sign_in, clerk=replace(sign_in.clerk, rights=sign_in.clerk.rights | {Right.NHI}))
    assert (await counter.look(sign_in, (TARO,))).spells == SPELLS


async def test_what_is_known_shows_no_number_in_a_trace() -> None:
    assert str(TARO) not in repr(Insured(SPELLS, NOW))
