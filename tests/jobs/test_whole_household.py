"""世帯全員 means the same to the cloud and to the terminal: one table of cases, both asked, and the words agree."""

from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from client.domain.feed import Feed
from client.domain.record import resident_from_row
from client.domain.resident import AtenaNo, Household, HouseholdNo
from client.rules.on_day import is_whole
from cloud.certificates import IssueRequest, eligibility
from cloud.staff import RIGHTS, Clerk
from cloud.tenant import open_tenant
from offline.store import door, replica_file, residents, search, sums
from offline.store.rows import contract
from tests.cloud.cloud_builders import CODE, HOME, QUICK, Row, a_resident, staff, tiny_town

DAY = date(2026, 11, 20)
BEFORE, TODAY, AFTER = "2026-11-19", "2026-11-20", "2026-11-21"
CLERK = Clerk("s002", "髙島　健一", "市民課", frozenset(RIGHTS))


@dataclass(frozen=True)
class Case:
    """Who is in the household (転出予定日 or state, by number), who is on the paper, and whether that is all."""

    household: dict[str, str]
    paper: tuple[str, ...]
    whole: bool


CASES = [
    Case({"1": "", "2": ""}, ("1", "2"), True),
    Case({"1": "", "2": ""}, ("1",), False),
    Case({"1": "", "2": AFTER}, ("1",), False),  # leaves tomorrow, is still one of them
    Case({"1": "", "2": AFTER}, ("1", "2"), True),
    Case({"1": "", "2": TODAY}, ("1",), True),  # from 転出予定日 on there is no living 住民票
    Case({"1": "", "2": BEFORE}, ("1",), True),
    Case({"1": "", "2": TODAY, "3": ""}, ("1",), False),
    Case({"1": "", "2": TODAY, "3": ""}, ("1", "3"), True),
    Case({"1": "", "2": BEFORE, "3": AFTER}, ("1", "3"), True),
    Case({"1": "", "2": "tenshutsu"}, ("1",), True),
    Case({"1": "", "2": "death", "3": "shojo"}, ("1",), True),
    Case({"1": "", "2": "death", "3": TODAY, "4": ""}, ("1", "4"), True),
    Case({"1": ""}, ("1",), True),
]


def rows_of(case: Case) -> list[Row]:
    found = []
    for number, said in case.household.items():
        more: Row = {"order_no": int(number)}
        if said[:1] == "2":
            more["tenshutsu_planned"] = said
        elif said:
            more["status"] = said
        found.append(a_resident(number, HOME, f"渡邉　{number}", "ワタナベ　タロウ", **more))
    return found


@pytest.mark.parametrize("case", CASES, ids=str)
def test_cloud_and_terminal_count_the_same_members(case: Case, tmp_path: Path) -> None:
    people = rows_of(case)
    town = [pair for pair in tiny_town() if pair[0] not in {"resident", "shien_sochi"}]
    town += [("resident", row) for row in people]
    request = IssueRequest("juminhyo_copy", "1", case.paper, {}, "self", "photo", "", DAY)
    tenant = open_tenant(tmp_path, CODE, town=lambda: town, staff=staff(), rules=QUICK)
    with tenant.register.reading() as connection:
        told = eligibility(tenant.register, connection, CLERK, request)
    tenant.close()
    assert told["allowed"], told
    forms = told["forms"]
    assert isinstance(forms, dict)
    assert ("世帯全員" in forms["attestation"]) is case.whole
    members = tuple(map(AtenaNo, case.paper))
    rows = told["rows"]
    assert isinstance(rows, list)
    from_cloud = Household(HouseholdNo(HOME), tuple(map(resident_from_row, rows)))
    assert is_whole(members, from_cloud, DAY) is case.whole  # what goes on the paper beside those words
    assert is_whole(members, _from_replica(people), DAY) is case.whole


def _from_replica(people: list[Row]) -> Household:
    local = door.open_connection(Path(":memory:"), bytes(32))
    replica_file.first_shape(local)
    contract()["resident"].insert(local, bytes(32), people)
    search.rebuild(local)
    for feed in Feed:
        sums.set_position(local, feed, 1, datetime(2026, 11, 20, tzinfo=UTC))
    household = residents.household_of(local, AtenaNo("1")).value
    local.close()
    return household
