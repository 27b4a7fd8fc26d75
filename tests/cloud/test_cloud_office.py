"""The back office decides: the register moves by one version, or the intake goes back."""

import asyncio
from typing import Any

import pytest

from tests.cloud.cloud_builders import HANAKO, HOME, TARO, Site

pytestmark = pytest.mark.asyncio
YES = {"decision": "register", "decided_by": "o001"}


def rows(site: Site, table: str) -> list[dict[str, Any]]:
    with site.tenant.register.reading() as connection:
        return site.tenant.register.rows(connection, table)


async def received(site: Site, **payload: Any) -> str:
    (answer,) = await site.terminal.send(site.terminal.tenkyo(payload))
    assert answer["outcome"] == "accepted", answer
    return str(answer["key"])


async def test_an_intake_waits_with_its_content_until_it_is_decided(site: Site) -> None:
    key = await received(site)
    (case,) = (await site.office("GET", "/intakes?state=received")).json()["intakes"]
    assert (case["key"], case["payload"]["to"]["banchi"], case["base"]) == (key, "5番地", {TARO: 2})
    assert (case["terminal"], case["made_by"]) == (site.terminal.number, "s001")


async def test_a_whole_household_moves_in_one_version(site: Site) -> None:
    key = await received(site, members=[TARO, HANAKO], whole_household=True)
    told = (await site.office("POST", f"/intakes/{key}/decision", YES)).json()
    assert told == {"key": key, "state": "registered", "register_version": 3}
    batch = site.opened(await site.terminal.call("GET", "/v1/feeds/register?after=2"))
    changed = {(table, tuple(keys)) for table, keys, _ in batch["changes"]}
    assert changed == {("intake", (key,)), ("resident", (TARO, 3)), ("resident", (HANAKO, 2))}
    (new,) = [row for row in rows(site, "resident") if (row["atena_no"], row["history_no"]) == (TARO, 3)]
    assert (new["address_town"], new["address_banchi"]) == ("みどり県あおぞら市泉町", "5番地")
    assert new["before_move"] == "みどり県あおぞら市葛󠄂城町一丁目2番3号"
    assert (new["household_no"], new["relationship"], new["order_no"]) == (HOME, "世帯主", 1)
    assert (new["address_since_text"], new["address_since_sort"]) == ("令和8年11月18日", "2026-11-18")
    assert (new["todoke_date"], new["processed_date"], new["ido_reason"]) == (
        "2026-11-20",
        "2026-11-20",
        "転居",
    )
    assert (new["resident_since_text"], new["full_name"]) == ("平成20年4月1日", "渡邉󠄐　太郎")


async def test_one_who_leaves_a_household_gets_one_of_her_own(site: Site) -> None:
    key = await received(site, subject=HANAKO)
    assert (await site.office("POST", f"/intakes/{key}/decision", YES)).status_code == 200
    (new,) = [row for row in rows(site, "resident") if (row["atena_no"], row["history_no"]) == (HANAKO, 2)]
    assert new["household_no"] not in {HOME, "2000000044"}
    assert (new["relationship"], new["householder_name"], new["order_no"]) == ("世帯主", "渡邉󠄐　花子", 1)
    await site.terminal.sign_in()
    left = (await site.terminal.call("GET", f"/v1/residents/{TARO}/household")).json()["rows"]
    assert [row["atena_no"] for row in left] == [TARO]


async def test_a_householder_does_not_leave_before_the_others_have_one(site: Site) -> None:
    key = await received(site)
    answer = await site.office("POST", f"/intakes/{key}/decision", YES)
    assert (answer.status_code, answer.json()["code"]) == (422, "request.malformed")
    assert rows(site, "intake")[0]["state"] == "received"


async def test_a_returned_intake_changes_no_record(site: Site) -> None:
    before = rows(site, "resident")
    key = await received(site)
    answer = {"decision": "return", "reason": "住所不明", "decided_by": "o001"}
    told = (await site.office("POST", f"/intakes/{key}/decision", answer)).json()
    assert (told["state"], told["register_version"]) == ("returned", 3)
    (intake,) = rows(site, "intake")
    assert (intake["state"], intake["reason"]) == ("returned", "住所不明")
    assert rows(site, "resident") == before


async def test_an_intake_is_decided_once_even_by_two_at_the_same_time(site: Site) -> None:
    key = await received(site, subject=HANAKO)
    path = f"/intakes/{key}/decision"
    answers = await asyncio.gather(*(site.office("POST", path, YES) for _ in range(4)))
    assert sorted(answer.status_code for answer in answers) == [200, 409, 409, 409]
    assert len([row for row in rows(site, "resident") if row["atena_no"] == HANAKO]) == 2


async def test_a_record_that_moved_on_meanwhile_is_not_overwritten(site: Site) -> None:
    first = await received(site, subject=HANAKO)
    second = await received(site, subject=HANAKO, ido_date="2026-11-19")
    assert (await site.office("POST", f"/intakes/{first}/decision", YES)).status_code == 200
    answer = await site.office("POST", f"/intakes/{second}/decision", YES)
    assert (answer.status_code, answer.json()["code"]) == (409, "conflict.version")
    assert answer.json()["current"] == {HANAKO: 2}


async def test_what_the_office_never_saw_is_not_found(site: Site) -> None:
    assert (await site.office("POST", "/intakes/nothing/decision", YES)).status_code == 404
    assert (await site.office("POST", "/terminals/T9999/revocation")).status_code == 404
