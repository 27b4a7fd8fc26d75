"""P08 at the forms: no place of a protected home is offered, none is told of somebody who may come back."""

from collections.abc import AsyncIterator, Iterator
from datetime import date
from pathlib import Path

import pytest
import pytest_asyncio

from client.domain.as_of import Source
from client.domain.places import PlaceQuery, PlaceSought
from client.domain.resident import AtenaNo, ResidentStatus
from client.jobs.check_reentry import CheckReentry, Former, ThreeFacts
from client.jobs.suggest_places import SuggestPlaces
from client.rules.buildings import building_of
from tests.hold_builders import SHIEN_SOCHI, a_restrictive
from tests.promises.p08_town import FORMER, HEAD, HOME, WATANABE, Counter, leaks, open_counter, town_rows
from ui.doors import utc_now

pytestmark = [pytest.mark.asyncio, pytest.mark.long]
Row = dict[str, object]


@pytest_asyncio.fixture
async def counter(tmp_path: Path) -> AsyncIterator[Counter]:
    """A counter on a filled replica, in the town of the story."""
    with pytest.MonkeyPatch.context() as patched:
        async with open_counter(tmp_path, patched) as opened:
            yield opened


def newest_rows() -> list[Row]:
    rows = [row for table, row in town_rows() if table == "resident"]
    return list(
        {row["atena_no"]: row for row in sorted(rows, key=lambda row: int(str(row["history_no"])))}.values()
    )


def living(*numbers: AtenaNo) -> list[Row]:
    return [row for row in newest_rows() if row["atena_no"] in numbers]


def known_openly(hidden: set[object]) -> set[str]:
    """Return the towns and buildings of everybody who lives in none of some homes: read off the rows, by no index."""
    rows = [row for row in newest_rows() if row["household_no"] not in hidden and row["status"] == "resident"]
    return {str(row["address_town"]) for row in rows} | {
        building_of(str(row.get("address_katagaki", ""))) for row in rows
    }


def pieces(rows: list[Row]) -> Iterator[str]:
    """Yield every piece of what an address of theirs is made of: whatever a hand may type."""
    for row in rows:
        for name in ("address_town", "address_banchi", "address_katagaki", "postcode"):
            text = str(row.get(name, ""))
            yield from {
                text[start : start + size] for size in (1, 2, 3, len(text)) for start in range(len(text))
            }


async def offered(counter: Counter, rows: list[Row]) -> set[str]:
    """Return everything that is offered to whoever types pieces of some addresses, in every field."""
    job = SuggestPlaces(counter.stores.replica, counter.stores.ledger, now=utc_now)
    asked = {PlaceQuery(sought, piece) for piece in pieces(rows) for sought in PlaceSought}
    for row in rows:
        town, banchi = str(row["address_town"]), str(row["address_banchi"])
        asked |= {PlaceQuery(PlaceSought.BUILDING, piece, town, banchi) for piece in ("", *pieces(rows))}
    found = [await job(counter.terminal.sign_in, one) for one in asked]
    return {place.text for places in found for place in places}


async def test_whatever_piece_of_a_protected_address_is_typed_nothing_known_only_from_there_is_offered(
    counter: Counter,
) -> None:
    rows = living(*HOME)
    found = await offered(counter, rows)
    openly = known_openly({row["household_no"] for row in rows})
    assert found, "the pieces lead to other homes"
    assert found <= openly
    only_theirs = {building_of(str(row.get("address_katagaki", ""))) for row in rows} - openly
    assert only_theirs, "the home of the story has a building of its own"
    assert not found & only_theirs


async def test_from_the_request_on_the_building_of_whoever_asked_for_protection_is_offered_no_more(
    counter: Counter,
) -> None:
    rows = living(*WATANABE)
    homes = {row["household_no"] for row in (*rows, *living(*HOME))}
    before = await offered(counter, rows)
    only_theirs = before - known_openly(homes)
    assert only_theirs, "before, what only they tell of was offered"
    await counter.stores.ledger.queue(a_restrictive(SHIEN_SOCHI, WATANABE[0], base=1))
    assert not await offered(counter, rows) & only_theirs


@pytest.mark.parametrize("line", [True, False])
async def test_a_former_housemate_of_protected_people_is_told_by_number_and_without_any_place(
    counter: Counter, line: bool
) -> None:
    counter.link.usable = line
    check = CheckReentry(counter.find)
    (row,) = living(FORMER)
    born = date.fromisoformat(str(row["birth_sort"]))
    facts = ThreeFacts((str(row["full_name"]),), born, str(row["sex"]))
    answer = await check.people(counter.sign_in, facts)
    (one,) = answer.value
    assert (one.atena_no, one.status, one.day) == (FORMER, ResidentStatus.TENSHUTSU, date(2025, 1, 31))
    assert answer.as_of.source is (Source.CLOUD if line else Source.REPLICA)
    assert leaks(answer, counter.secrets) == []
    assert (await check.former(counter.sign_in, FORMER, born, facts.sex)).value is Former.AGREES
    assert (await check.former(counter.sign_in, FORMER, date(1950, 1, 1), facts.sex)).value is Former.DIFFERS
    assert (await check.former(counter.sign_in, AtenaNo("1999999999"), born, "")).value is Former.UNKNOWN


async def test_nobody_is_told_of_whose_three_facts_are_not_all_the_same(counter: Counter) -> None:
    check = CheckReentry(counter.find)
    (row,) = living(HEAD)
    name, born, sex = str(row["full_name"]), date.fromisoformat(str(row["birth_sort"])), str(row["sex"])
    (one,) = (await check.people(counter.sign_in, ThreeFacts((name,), born, sex))).value
    assert (one.atena_no, one.protected) == (HEAD, True)
    other = "男" if sex == "女" else "女"
    for facts in (
        ThreeFacts((name,), born, other),
        ThreeFacts((name,), date(1950, 1, 1), sex),
        ThreeFacts((name[:2],), born, sex),
    ):
        assert (await check.people(counter.sign_in, facts)).value == ()


async def test_each_look_for_somebody_who_may_come_back_is_in_the_journal(counter: Counter) -> None:
    (row,) = living(FORMER)
    facts = ThreeFacts((str(row["full_name"]),), date.fromisoformat(str(row["birth_sort"])), str(row["sex"]))
    await CheckReentry(counter.find).people(counter.sign_in, facts)
    await CheckReentry(counter.find).former(counter.sign_in, FORMER, facts.birth, facts.sex)
    told = [line for line in await counter.stores.ledger.journal_tail(20) if FORMER in line.entry.subjects]
    assert sorted(line.entry.kind for line in told) == ["look_up", "look_up", "view"]
    assert leaks(told, counter.secrets) == []
