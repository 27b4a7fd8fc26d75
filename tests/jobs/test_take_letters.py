"""Letters of the town's own come from the replica to whoever draws, and only when they have changed."""

from dataclasses import dataclass, field
from datetime import date, timedelta

import pytest

from client.domain.as_of import Answer, AsOf, Source
from client.domain.errors import StoreError
from client.domain.gaiji import Gaiji
from client.jobs.take_letters import TakeLetters
from tests.builders import NOW, TODAY
from tests.fakes import FakeClock

KATSURA = Gaiji("E001", "カツラ", outline=b"M0 0H9V9Z")
AS_OF = AsOf(Source.REPLICA, 40, NOW, 7, NOW)


@dataclass
class Town:
    gaiji_now: tuple[Gaiji, ...] = (KATSURA,)
    shut: bool = False
    asked: list[date] = field(default_factory=list)
    drawn: list[tuple[Gaiji, ...]] = field(default_factory=list)

    async def gaiji(self, *, on: date) -> Answer[tuple[Gaiji, ...]]:
        self.asked.append(on)
        if self.shut:
            raise StoreError("store.not_filled")
        return Answer(self.gaiji_now, AS_OF)

    async def draw(self, gaiji: tuple[Gaiji, ...]) -> None:
        self.drawn.append(gaiji)


@pytest.mark.asyncio
async def test_what_is_in_force_today_in_tokyo_is_drawn_once() -> None:
    town, clock = Town(), FakeClock(NOW)
    take = TakeLetters(town, town.draw, now=clock)
    await take()
    await take()
    assert town.drawn == [(KATSURA,)]
    assert town.asked == [TODAY, TODAY]


@pytest.mark.asyncio
async def test_a_changed_outline_is_drawn_anew_and_a_letter_taken_out_is_gone() -> None:
    town = Town()
    take = TakeLetters(town, town.draw, now=FakeClock(NOW))
    await take()
    changed = Gaiji("E001", "カツラ", outline=b"M1 1H9V9Z")
    town.gaiji_now = (changed,)
    await take()
    town.gaiji_now = ()
    await take()
    assert town.drawn == [(KATSURA,), (changed,), ()]


@pytest.mark.asyncio
async def test_without_a_replica_to_read_what_is_known_stays() -> None:
    town = Town(shut=True)
    take = TakeLetters(town, town.draw, now=FakeClock(NOW + timedelta(days=1)))
    await take()
    assert town.drawn == []
    town.shut = False
    await take()
    town.shut = True
    await take()
    assert town.drawn == [(KATSURA,)]
