"""With a real replica and ledger: a home sheltered by a hold is found by name, shown without address, and by no address."""

from pathlib import Path

import pytest

from client.domain.as_of import Source
from client.domain.clerk import Right, SignIn
from client.domain.query import Query
from client.domain.resident import AtenaNo
from client.jobs.find_resident import FindResident
from client.jobs.reach import Reach
from tests.builders import NOW, a_sign_in
from tests.fakes import MemoryLink, MemoryRegister
from tests.hold_builders import SHIEN_SOCHI, a_restrictive
from tests.store_builders import a_person, a_register, fill, store_keys, stores_in

pytestmark = pytest.mark.asyncio


async def test_a_home_sheltered_by_a_hold_is_found_by_name_and_by_no_address(tmp_path: Path) -> None:
    people = [a_person(number) for number in (1, 2)]
    stores = stores_in(tmp_path)
    await stores.open(store_keys())
    await fill(stores, a_register(people))
    cut_off = Reach(MemoryLink(usable=False), wait=0.05)
    live = MemoryRegister(Source.CLOUD, [])
    job = FindResident(live, stores.replica, cut_off, stores.ledger, now=lambda: NOW)
    town, number = str(people[0]["address_town"]), AtenaNo(str(people[0]["atena_no"]))
    name = str(people[0]["full_name"])

    async def found(query: Query, who: SignIn) -> list[tuple[str, str | None]]:
        hits = (await job.find(who, query)).value.hits
        return [(hit.atena_no, hit.address) for hit in hits if hit.atena_no == number]

    clerk, guardian = a_sign_in(Right.VIEW), a_sign_in(Right.VIEW, Right.SHIEN_SOCHI)
    by_address = (Query(typed=town), Query(place=town), Query(typed=f"{name} {town}"))
    for query in by_address:
        assert await found(query, clerk), "found by address before"
    await stores.ledger.queue(a_restrictive(SHIEN_SOCHI, number, base=1))
    for query in by_address:
        assert await found(query, clerk) == []
        assert await found(query, guardian) == [(number, None)]
    for query in (Query(typed=name), Query(name=name), Query(number=number), Query(typed=number)):
        assert await found(query, clerk) == [(number, None)]
    await stores.close()
