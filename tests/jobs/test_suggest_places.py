"""Places by the kana they begin with: from readings the town gave, and of what the replica knows alone."""

import pytest

from client.domain.as_of import Source
from client.domain.place_readings import PlaceReadings, read_readings
from client.domain.places import PlaceQuery, PlaceSought
from client.jobs.suggest_places import SuggestPlaces
from tests.builders import a_household, a_sign_in
from tests.fakes import FakeClock, MemoryLedger, MemoryRegister

pytestmark = pytest.mark.asyncio


class Asked:
    """A job over a replica, with readings, and how often those were asked for."""

    def __init__(self, table: str) -> None:
        self.times = 0
        self.table = table
        self.replica = MemoryRegister(Source.REPLICA, [a_household()])
        self.job = SuggestPlaces(
            self.replica, MemoryLedger(FakeClock()), now=FakeClock(), readings=self.readings
        )

    async def readings(self) -> PlaceReadings:
        self.times += 1
        return read_readings(self.table.encode())

    async def texts(self, typed: str, sought: PlaceSought = PlaceSought.TOWN) -> list[str]:
        return [one.text for one in await self.job(a_sign_in(), PlaceQuery(sought, typed))]


async def test_what_is_typed_in_kana_finds_the_town_of_that_reading() -> None:
    home = a_household().members[0].address.town
    asked = Asked(f"{home},かつらぎちょう\n見知らぬ町,カツ\n")
    for typed in ("かつ", "カツラ", "ｶﾂﾗｷﾞ"):
        assert await asked.texts(typed) == [home], "and none that only the file knows"
    assert await asked.texts("ぎ") == []


async def test_readings_are_for_names_of_towns_alone() -> None:
    asked = Asked("")
    for sought in (PlaceSought.POSTCODE, PlaceSought.BUILDING):
        await asked.texts("かつ", sought)
    assert asked.times == 0


async def test_without_readings_everything_is_as_it_was() -> None:
    job = SuggestPlaces(
        MemoryRegister(Source.REPLICA, [a_household()]), MemoryLedger(FakeClock()), now=FakeClock()
    )
    home = a_household().members[0].address.town
    found = await job(a_sign_in(), PlaceQuery(PlaceSought.TOWN, home[-3:]))
    assert [one.text for one in found] == [home]
