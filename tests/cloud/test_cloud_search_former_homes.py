"""A hidden home is not found by whoever lived there before and lives elsewhere now, whatever happens to it meanwhile."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cloud.register import Change, put, remove
from cloud.residents import search
from cloud.search_words import Asked
from cloud.tenant import Tenant, open_tenant
from tests.cloud.cloud_builders import CODE, Row, SetClock, a_resident
from tests.cloud.shaped import shaped

pytestmark = pytest.mark.long

MOTHER, LODGER, UNCLE = "1000000103", "1000000111", "1000000120"
PEOPLE = (MOTHER, LODGER, UNCLE)
STREETS = {"2000000101": "旭町1番", "2000000119": "緑町2番", "2000000127": "泉町ロ3番"}
HOME, AWAY, FAR = STREETS


@contextmanager
def a_town(*rows: Row) -> Iterator[Tenant]:
    """Open a town of these residents."""
    town: list[tuple[str, Row]] = [
        ("town", {"code": CODE, "name": "あおぞら市"}),
        *(("resident", row) for row in rows),
    ]
    with TemporaryDirectory() as folder:
        engine = shaped(Path(folder))
        made = open_tenant(Path(folder), CODE, town=lambda: town, engine=engine, now=SetClock())
        yield made
        made.close()


def lives(number: str, home: str, version: int = 1, **more: object) -> Row:
    at = {"history_no": version, "address_town": STREETS[home], "address_banchi": ""}
    return a_resident(number, home, "山口　一", "ヤマグチ　ハジメ") | at | more


def commit(tenant: Tenant, feed: str, *changes: Change) -> None:
    with tenant.register.writing() as connection:
        tenant.register.commit(connection, feed, changes)


def protect(number: str) -> Change:
    return put("shien_sochi", {"measure_id": f"m{number}", "atena_no": number, "provisional": False})


def found(tenant: Tenant, home: str, *, shelters: bool = False, past: bool = True) -> list[str]:
    """Return whom the home's address finds: the same in the one field as in that of the form."""
    street = STREETS[home]
    # With a number, and letters alone.
    asked: list[dict[str, Any]] = [{"place": street}, {"typed": street}, {"place": street[:2]}]
    with tenant.register.reading() as connection:
        answers = [
            search(connection, CODE, Asked(**one, removed=True, past=past, shelters=shelters), limit=9)
            for one in asked
        ]
    first, *others = ([str(hit["atena_no"]) for hit in hits] for hits in answers)
    assert all(one == first for one in others)
    return first


@pytest.fixture
def tenant() -> Iterator[Tenant]:
    """Make a town where the lodger has left the mother's home; the uncle never lived there."""
    with a_town(lives(MOTHER, HOME), lives(LODGER, HOME), lives(LODGER, AWAY, 2), lives(UNCLE, FAR)) as made:
        yield made


def test_a_measure_that_begins_after_the_housemate_left_hides_the_home_of_both_and_its_end_shows_it(
    tenant: Tenant,
) -> None:
    assert found(tenant, HOME) == [MOTHER, LODGER]
    commit(tenant, "blocks", protect(MOTHER))
    assert found(tenant, HOME) == []
    assert found(tenant, HOME, shelters=True) == [MOTHER, LODGER]
    assert found(tenant, AWAY) == found(tenant, AWAY, past=False) == [LODGER]
    commit(tenant, "blocks", remove("shien_sochi", (f"m{MOTHER}",)))
    assert found(tenant, HOME) == [MOTHER, LODGER]


def test_a_home_is_hidden_from_the_day_the_protected_moves_in_until_she_has_left(tenant: Tenant) -> None:
    commit(tenant, "blocks", protect(UNCLE))
    assert (found(tenant, HOME), found(tenant, FAR)) == ([MOTHER, LODGER], [])
    commit(tenant, "register", put("resident", lives(UNCLE, HOME, 2)))
    assert found(tenant, HOME) == []
    assert found(tenant, HOME, shelters=True) == [MOTHER, LODGER, UNCLE]
    commit(tenant, "register", put("resident", lives(UNCLE, FAR, 3)))
    assert found(tenant, HOME) == [MOTHER, LODGER]  # not by him, all of whose homes are hidden
    assert found(tenant, FAR) == []


def test_a_home_stays_hidden_where_the_record_of_the_protected_was_closed(tenant: Tenant) -> None:
    commit(tenant, "blocks", protect(MOTHER))
    commit(tenant, "register", put("resident", lives(MOTHER, HOME, 2, status="tenshutsu")))
    assert found(tenant, HOME) == []
    assert found(tenant, HOME, shelters=True) == [MOTHER, LODGER]


def test_who_has_come_to_a_hidden_home_is_found_by_no_former_one_either(tenant: Tenant) -> None:
    commit(tenant, "blocks", protect(UNCLE))
    commit(tenant, "register", put("resident", lives(LODGER, FAR, 3)))
    assert (found(tenant, HOME), found(tenant, AWAY)) == ([MOTHER], [])


def test_one_address_of_two_homes_is_found_by_the_one_that_is_not_hidden(tenant: Tenant) -> None:
    """The house was that of a household of one's own before, and is the protected one's now."""
    own = lives(LODGER, HOME, 1, household_no="2000000135")
    shared = lives(LODGER, HOME, 2)
    commit(tenant, "register", *(put("resident", row) for row in (own, shared, lives(LODGER, AWAY, 3))))
    commit(tenant, "blocks", protect(MOTHER))
    assert found(tenant, HOME) == [LODGER]
    commit(tenant, "register", put("resident", shared | {"history_no": 1}))
    assert found(tenant, HOME) == []


def test_names_of_a_time_in_a_hidden_home_are_found_as_all_others_are(tenant: Tenant) -> None:
    commit(
        tenant, "register", put("resident", lives(LODGER, HOME, 1, full_name="中田　一", furigana="ナカタ"))
    )
    commit(tenant, "blocks", protect(MOTHER))
    with tenant.register.reading() as connection:
        for name in ("なかた", "中田"):
            hits = search(connection, CODE, Asked(name=name, past=True), limit=9)
            assert [hit["atena_no"] for hit in hits] == [LODGER]


class Plainly:
    """Who is found by an address, said in the plainest way: every version of everybody is looked at."""

    def __init__(self) -> None:
        self.versions: dict[str, list[Row]] = {number: [lives(number, FAR)] for number in PEOPLE}
        self.protected: set[str] = set()

    def rows(self) -> list[Row]:
        return [row for rows in self.versions.values() for row in rows]

    def found(self, home: str, *, shelters: bool, past: bool) -> list[str]:
        hidden = (
            set() if shelters else {self.versions[number][-1]["household_no"] for number in self.protected}
        )
        return [
            number
            for number, rows in sorted(self.versions.items())
            if rows[-1]["household_no"] not in hidden
            and any(
                row["household_no"] == home and home not in hidden for row in (rows if past else rows[-1:])
            )
        ]


def move(town: Plainly, number: str, home: str) -> tuple[str, Change]:
    town.versions[number].append(lives(number, home, len(town.versions[number]) + 1))
    return "register", put("resident", town.versions[number][-1])


def leave(town: Plainly, number: str, _home: str) -> tuple[str, Change]:
    closed = town.versions[number][-1] | {"status": "dead", "history_no": len(town.versions[number]) + 1}
    town.versions[number].append(closed)
    return "register", put("resident", closed)


def strike_out(town: Plainly, number: str, home: str) -> tuple[str, Change]:
    if len(town.versions[number]) == 1:
        return move(town, number, home)
    gone = town.versions[number].pop()
    return "register", remove("resident", (number, int(str(gone["history_no"]))))


def begin_or_end(town: Plainly, number: str, _home: str) -> tuple[str, Change]:
    town.protected ^= {number}
    return "blocks", protect(number) if number in town.protected else remove("shien_sochi", (f"m{number}",))


STEPS: st.SearchStrategy[Callable[[Plainly, str, str], tuple[str, Change]]] = st.sampled_from(
    [move, move, leave, strike_out, begin_or_end, begin_or_end]
)


@pytest.mark.slow
@settings(max_examples=25, deadline=None)
@given(
    steps=st.lists(
        st.tuples(STEPS, st.sampled_from(PEOPLE), st.sampled_from(list(STREETS))), min_size=1, max_size=10
    )
)
def test_whatever_happens_an_address_finds_whoever_it_may(
    steps: list[tuple[Callable[[Plainly, str, str], tuple[str, Change]], str, str]],
) -> None:
    town = Plainly()
    with a_town(*town.rows()) as tenant:
        for step, number, home in steps:
            feed, change = step(town, number, home)
            commit(tenant, feed, change)
            for street in STREETS:
                for shelters, past in ((False, True), (False, False), (True, True)):
                    said = found(tenant, street, shelters=shelters, past=past)
                    assert said == town.found(street, shelters=shelters, past=past)
