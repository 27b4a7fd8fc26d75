"""変更届, 送付先, 減免, 戸籍の預かりメモ: what each writes when it is decided, and what its row in the feed says."""

from typing import Any

import pytest

from tests.cloud.cloud_builders import HANAKO, KIMI, TARO, Row, Site
from tests.cloud.held import OUTSIDER
from tests.cloud.intake_builders import (
    AHEAD,
    DAY,
    DELIVERY,
    NEW,
    NO,
    PAYLOADS,
    YES,
    decided,
    newest,
    request,
    rows,
    stand,
    taken,
    tennyu,
)
from tests.cloud.test_cloud_commands import heads

pytestmark = pytest.mark.asyncio
HELD = f"d{TARO}"  # stands in the tiny town: from ever, for every business
NOBODY = "p:019a9f6e-5b1c-7c3a-9c55-0a4b5a1f7d77"
THESE = ("nhi.change", "contact.change", "tax.reduction", "koseki.memo")
HOSPITAL = "みどり県つきみ市本町1番　月見病院"
MEMBER: Row = {"atena_no": TARO, "acquired": "2020-04-01", "symbol": "あ1", "householder_atena_no": HANAKO}
OLD: Row = {
    "delivery_id": "D000001",
    "atena_no": TARO,
    "business": "juminzei",
    "addressee": "前の宛名",
    "address": "前の住所",
    "starts": "2020-04-01",
}


@pytest.mark.parametrize("kind", THESE)
@pytest.mark.parametrize(("decision", "state"), [(YES, "registered"), (NO, "returned")])
async def test_each_state_is_told_in_the_feed(site: Site, kind: str, decision: Row, state: str) -> None:
    key = await taken(site, request(site.terminal, kind))
    told = [the_intake(site, key)]
    for step in ({**YES, "decision": "review"}, decision):
        await decided(site, key, step)
        told.append(the_intake(site, key))
    assert [row["state"] for row in told] == ["received", "reviewing", state]
    assert {(row["kind"], row["atena_no"]) for row in told} == {(kind, TARO)}
    assert [row.get("reason") for row in told] == [None, None, decision.get("reason")]
    again = await site.office("POST", f"/intakes/{key}/decision", YES)
    assert (again.status_code, again.json()["code"]) == (409, "office.decided")


def the_intake(site: Site, key: str) -> dict[str, Any]:
    (row,) = [row for row in rows(site, "intake") if row["command_key"] == key]
    return row


@pytest.mark.parametrize("kind", ["tax.reduction", "koseki.memo"])
async def test_what_the_office_alone_decides_changes_nothing_but_its_state(site: Site, kind: str) -> None:
    key = await taken(site, request(site.terminal, kind))
    before = {table: rows(site, table) for table in ("resident", "tax_account", "block")}
    was = heads(site)
    await decided(site, key, YES)
    assert {table: rows(site, table) for table in before} == before
    assert heads(site) == (was[0] + 1, was[1])


@pytest.mark.parametrize("kind", THESE)
async def test_what_is_returned_has_written_nothing(site: Site, kind: str) -> None:
    stand(site, "delivery_address", OLD)
    stand(site, "nhi_member", MEMBER)
    tables = ("resident", "nhi_member", "delivery_address", "phone")
    before = {table: rows(site, table) for table in tables}
    await decided(site, await taken(site, request(site.terminal, kind)), NO)
    assert {table: rows(site, table) for table in tables} == before


@pytest.mark.parametrize(
    ("what", "head"), [("世帯主", TARO), ("世帯", TARO), ("住所", HANAKO), ("再交付", HANAKO)]
)
async def test_a_new_householder_stands_on_the_memberships(site: Site, what: str, head: str) -> None:
    for one in (TARO, HANAKO, KIMI):
        stand(site, "nhi_member", MEMBER | {"atena_no": one, "acquired": "2021-04-01"})
    stand(site, "nhi_member", MEMBER | {"acquired": "2010-04-01", "lost": "2015-03-31"})
    key = await taken(site, request(site.terminal, "nhi.change", what=what))
    await decided(site, key, YES)
    found = {(row["atena_no"], row["acquired"]): row for row in rows(site, "nhi_member")}
    assert {found[one, "2021-04-01"]["householder_atena_no"] for one in (TARO, HANAKO)} == {head}
    assert found[TARO, "2021-04-01"]["symbol"] == "あ1"
    assert found[KIMI, "2021-04-01"]["householder_atena_no"] == HANAKO
    assert found[TARO, "2010-04-01"]["householder_atena_no"] == HANAKO


async def test_the_officer_may_give_a_member_another_number_besides(site: Site) -> None:
    stand(site, "nhi_member", MEMBER)
    key = await taken(site, request(site.terminal, "nhi.change", what="世帯"))
    new = MEMBER | {"symbol": "あ2", "householder_atena_no": TARO}
    await decided(site, key, YES | {"changes": [{"table": "nhi_member", "row": new}]})
    assert new in rows(site, "nhi_member")


async def contacts(site: Site, more: Row, *, without: tuple[str, ...] = ()) -> str:
    """Register a change of contacts as it is told; returns its key."""
    told = {name: value for name, value in (PAYLOADS["contact.change"] | more).items() if name not in without}
    payload = {"subject": TARO, "todoke_date": DAY, **told}
    command = site.terminal.command("contact.change", payload, residents=[TARO], base={TARO: 2})
    key = await taken(site, command)
    await decided(site, key, YES)
    return key


def places(site: Site) -> dict[str, tuple[object, ...]]:
    return {
        row["delivery_id"]: (row.get("business"), row["address"], row.get("starts"), row.get("ends"))
        for row in rows(site, "delivery_address")
        if row["atena_no"] == TARO
    }


async def test_letters_go_elsewhere_from_the_day_told(site: Site) -> None:
    stand(site, "delivery_address", OLD)
    stand(site, "delivery_address", OLD | {"delivery_id": "D000002", "atena_no": KIMI})
    delivery = DELIVERY | {"business": "juminzei"}
    key = await contacts(site, {"delivery": delivery}, without=("phone", "ends_delivery"))
    assert places(site).pop(HELD)[3] is None
    found = {one: row for one, row in places(site).items() if one != HELD}
    assert found == {
        "D000001": ("juminzei", "前の住所", "2020-04-01", "2026-11-30"),
        f"{key}-1": ("juminzei", HOSPITAL, AHEAD, "2027-03-31"),
    }
    others = [row for row in rows(site, "delivery_address") if row["atena_no"] == KIMI]
    assert [row for row in others if "ends" in row] == []


async def test_letters_of_another_business_go_on_as_before(site: Site) -> None:
    stand(site, "delivery_address", OLD)
    key = await contacts(site, {}, without=("phone", "ends_delivery"))
    found = places(site)
    assert (found["D000001"][3], found[HELD][3]) == (None, "2026-11-30")
    assert found[f"{key}-1"][0] == "all"


async def test_letters_go_home_again(site: Site) -> None:
    stand(site, "delivery_address", OLD)
    stand(site, "delivery_address", OLD | {"delivery_id": "D000002", "ends": "2021-03-31"})
    stand(site, "delivery_address", OLD | {"delivery_id": "D000003", "starts": AHEAD})
    await contacts(site, {}, without=("phone", "delivery"))
    ends = {one: row[3] for one, row in places(site).items()}
    assert ends == {HELD: DAY, "D000001": DAY, "D000002": "2021-03-31"}, "what never came into use is gone"


async def test_a_telephone_takes_the_place_of_the_one_of_its_use(site: Site) -> None:
    stand(site, "phone", {"phone_id": "P1", "atena_no": TARO, "kind": "携帯", "number": "0999-00-0000"})
    await contacts(site, {}, without=("delivery", "ends_delivery"))
    work = await contacts(
        site, {"phone": {"number": "+81-90", "use": "work"}}, without=("delivery", "ends_delivery")
    )
    mine = [row for row in rows(site, "phone") if row["atena_no"] == TARO]
    assert {row["phone_id"]: (row["kind"], row["number"]) for row in mine} == {
        "P1": ("携帯", "090-0010-0001"),
        f"p{TARO}": ("自宅", "0999-00-0014"),
        f"{work}-1": ("勤務先", "+81-90"),
    }


@pytest.mark.parametrize(
    ("payload", "reason"),
    [
        ({}, "phone"),
        ({"ends_delivery": False}, "phone"),
        ({"delivery": DELIVERY | {"until": DAY}}, "until"),
    ],
)
async def test_a_change_of_contacts_says_what_changes_and_when(site: Site, payload: Row, reason: str) -> None:
    told = {"subject": TARO, "todoke_date": DAY, **payload}
    command = site.terminal.command("contact.change", told, residents=[TARO], base={TARO: 2})
    (answer,) = await site.terminal.send(command)
    assert (answer["code"], answer["reason"]) == ("refused.input", reason)


@pytest.mark.parametrize("kind", ["contact.change", "tax.reduction"])
async def test_who_pays_here_and_lives_elsewhere_is_heard_too(site: Site, kind: str) -> None:
    stand(site, "outsider", {"atena_no": OUTSIDER, "full_name": "緑川　なぎ"})
    key = await taken(site, request(site.terminal, kind, subject=OUTSIDER))
    await decided(site, key, YES)
    assert (the_intake(site, key)["atena_no"], the_intake(site, key)["state"]) == (OUTSIDER, "registered")
    if kind == "contact.change":
        new = [row for row in rows(site, "delivery_address") if row["delivery_id"].startswith(key)]
        assert [row["atena_no"] for row in new] == [OUTSIDER]


async def test_nobody_of_this_register_is_concerned_and_the_papers_are_noted_all_the_same(site: Site) -> None:
    key = await taken(site, request(site.terminal, "koseki.memo", subject=NOBODY, members=[]))
    assert (the_intake(site, key)["atena_no"], the_intake(site, key)["state"]) == (NOBODY, "received")
    await decided(site, key, YES | {"decision": "review"})
    await decided(site, key, YES)
    assert (the_intake(site, key)["atena_no"], the_intake(site, key)["state"]) == (NOBODY, "registered")
    assert newest(site, TARO)["history_no"] == 2


async def test_a_memo_does_not_make_somebody_known_to_others(site: Site) -> None:
    await taken(site, request(site.terminal, "koseki.memo", subject=NOBODY, members=[]))
    (answer,) = await site.terminal.send(request(site.terminal, "tax.reduction", subject=NOBODY))
    assert answer["code"] == "refused.not_found"


@pytest.mark.parametrize("kind", THESE)
async def test_what_is_about_a_newcomer_goes_by_the_number_as_soon_as_there_is_one(
    site: Site, kind: str
) -> None:
    arrival = await taken(site, tennyu(site.terminal))
    more: Row = {"members": [NEW]} if kind == "nhi.change" else {}
    more |= {"members": []} if kind == "koseki.memo" else {}
    waiting = await taken(site, request(site.terminal, kind, subject=NEW, **more))
    assert the_intake(site, waiting)["atena_no"] == NEW
    await decided(site, waiting, YES | {"decision": "review"})
    assert (the_intake(site, waiting)["atena_no"], the_intake(site, waiting)["state"]) == (NEW, "reviewing")
    number = (await decided(site, arrival, YES))["provisional"][NEW]
    assert (the_intake(site, waiting)["atena_no"], the_intake(site, waiting)["state"]) == (
        number,
        "reviewing",
    )
    await decided(site, waiting, YES)
    assert (the_intake(site, waiting)["atena_no"], the_intake(site, waiting)["state"]) == (
        number,
        "registered",
    )


@pytest.mark.parametrize(("decision", "status"), [(YES, 409), (NO, 200)], ids=["registered", "returned"])
async def test_a_newcomer_who_waits_is_registered_first_but_what_is_wrong_goes_back_at_once(
    site: Site, decision: Row, status: int
) -> None:
    await taken(site, tennyu(site.terminal))
    key = await taken(site, request(site.terminal, "tax.reduction", subject=NEW))
    answer = await site.office("POST", f"/intakes/{key}/decision", decision)
    assert answer.status_code == status
    assert the_intake(site, key)["state"] == {409: "received", 200: "returned"}[status]
