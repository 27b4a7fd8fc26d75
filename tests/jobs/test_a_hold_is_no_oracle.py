"""P08: where somebody lives whose protection was just taken in, no search by address tells, however many live there."""

from dataclasses import replace

import pytest

from client.domain.as_of import Answer, Source
from client.domain.query import Query
from client.domain.resident import AtenaNo, Found, Hit, Household, HouseholdNo
from client.jobs.find_resident import HITS, FindResident
from tests.builders import a_household, a_sign_in
from tests.fakes import MemoryRegister
from tests.hold_builders import SHIEN_SOCHI, a_hold
from tests.jobs.test_find_resident import Counter

pytestmark = pytest.mark.asyncio
ASKED, ELSEWHERE = "泉町", "別町"


class ByPlace(MemoryRegister):
    """A register that looks for people by town, in the order they are in."""

    async def find(self, query: Query, *, limit: int) -> Answer[tuple[Hit, ...]]:
        hits = [
            self._hit(member.atena_no, home)
            for home in self.households
            for member in home.members
            if (not query.place or (not query.unplaced and query.place in member.address.text))
            and query.number in {"", member.atena_no}
        ]
        return Answer(tuple(hits[:limit]), self.as_of)


def town(where: str, protected: int, others: int) -> list[Household]:
    """Return the homes of a town: first those who asked for protection, who live somewhere; then the others."""
    base = a_household()
    return [
        replace(
            base,
            household_no=HouseholdNo(f"8{place:09d}"),
            members=(
                replace(
                    base.members[0],
                    atena_no=AtenaNo(f"9{place:09d}"),
                    address=replace(base.members[0].address, town=where if place < protected else ASKED),
                ),
            ),
        )
        for place in range(protected + others)
    ]


async def asked(where: str, protected: int, others: int, *, cut: bool) -> tuple[Found, dict[str, str | int]]:
    """Search by address, and return what is shown and what the journal has of it."""
    counter = Counter()
    homes = town(where, protected, others)
    counter.live, counter.replica = ByPlace(Source.CLOUD, homes, version=41), ByPlace(Source.REPLICA, homes)
    counter.link.usable = not cut
    for home in homes[:protected]:
        counter.ledger.heard.append(a_hold(SHIEN_SOCHI, home.members[0].atena_no))
    job = FindResident(counter.live, counter.replica, counter.reach, counter.ledger, now=counter.clock)
    found = (await job.find(a_sign_in(), Query(place=ASKED))).value
    return found, dict(counter.ledger.journal[-1].facts)


@pytest.mark.parametrize("cut", [False, True])
@pytest.mark.parametrize("protected", [1, 3])
@pytest.mark.parametrize("others", [0, 10, HITS - 3, HITS - 1, HITS, HITS + 1, HITS + 5])
async def test_two_towns_that_differ_only_in_their_address_answer_alike(
    cut: bool, protected: int, others: int
) -> None:
    assert await asked(ASKED, protected, others, cut=cut) == await asked(
        ELSEWHERE, protected, others, cut=cut
    )
