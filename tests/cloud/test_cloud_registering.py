"""What registering writes: by rule where a rule can, by the officer's rows where none can."""

import asyncio
from base64 import b64encode
from typing import Any

import pytest

from tests.cloud.cloud_builders import HANAKO, HOME, JIRO, KIMI, TARO, Row, Site
from tests.cloud.intake_builders import (
    AHEAD,
    CHILD,
    DAY,
    NEW,
    NO,
    PAST,
    YES,
    a_newcomer,
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
SEAL: Row = {"atena_no": TARO, "registration_no": "0001234", "registered": "2020-04-01"}


async def test_a_reviewed_intake_is_still_decided(site: Site) -> None:
    key = await taken(site, request(site.terminal, "disaster.application"))
    assert (await decided(site, key, YES | {"decision": "review"}))["state"] == "reviewing"
    assert rows(site, "intake")[0]["state"] == "reviewing"
    again = await site.office("POST", f"/intakes/{key}/decision", YES | {"decision": "review"})
    assert (again.status_code, again.json()["code"]) == (409, "office.decided")
    assert (await decided(site, key, YES))["state"] == "registered"
    again = await site.office("POST", f"/intakes/{key}/decision", NO)
    assert (again.status_code, again.json()["state"]) == (409, "registered")


def of_taro(site: Site, table: str) -> list[dict[str, Any]]:
    return [row for row in rows(site, table) if row["atena_no"] == TARO]


async def test_who_leaves_stays_on_record_until_the_day(site: Site) -> None:
    stand(site, "seal_registration", SEAL)
    key = await taken(site, request(site.terminal, "todoke.tenshutsu"))
    await decided(site, key, YES)
    row = newest(site, TARO)
    assert (row["status"], row["tenshutsu_planned"], row["tenshutsu_to"]) == (
        "resident",
        AHEAD,
        "みどり県つきみ市本町1番",
    )
    assert (row["ido_reason"], row["ido_date"], row["ido_todoke_date"]) == ("国内転出", AHEAD, DAY)
    assert "removed_date" not in row
    (seal,) = of_taro(site, "seal_registration")
    assert (seal["abolished"], seal["abolished_reason"]) == (AHEAD, "転出")


@pytest.mark.parametrize(
    ("planned", "abroad", "reason"),
    [(DAY, True, "国外転出"), ("2026-11-06", False, "国内転出"), ("2026-11-05", False, "職権消除")],
)
async def test_who_has_left_is_closed_and_told_too_late_it_is_the_offices_motion(
    site: Site, planned: str, abroad: bool, reason: str
) -> None:
    """Up to 14 days after, it is a notification still [STD j640]."""
    key = await taken(site, request(site.terminal, "todoke.tenshutsu", planned=planned, abroad=abroad))
    await decided(site, key, YES)
    for one in (TARO, HANAKO):
        row = newest(site, one)
        assert (row["status"], row["removed_reason"], row["removed_date"]) == ("tenshutsu", reason, planned)


async def test_a_householder_does_not_leave_the_others_without_one(site: Site) -> None:
    alone = request(site.terminal, "todoke.tenshutsu", members=[TARO], whole_household=False)
    key = await taken(site, alone)
    answer = await site.office("POST", f"/intakes/{key}/decision", YES)
    assert answer.status_code == 422
    assert newest(site, TARO)["history_no"] == 2


async def test_a_death_closes_the_record_and_ends_the_seal(site: Site) -> None:
    stand(site, "seal_registration", SEAL)
    key = await taken(site, request(site.terminal, "todoke.death"))
    await decided(site, key, YES)
    row = newest(site, TARO)
    assert (row["status"], row["removed_reason"], row["removed_date"]) == ("death", "死亡", PAST)
    assert of_taro(site, "seal_registration")[0]["abolished_reason"] == "死亡"
    assert newest(site, HANAKO)["history_no"] == 1


@pytest.mark.parametrize(("kind", "reason"), [("seal.abolish", "廃止申請"), ("seal.card_lost", "亡失")])
async def test_the_seal_named_ends_and_no_other(site: Site, kind: str, reason: str) -> None:
    stand(site, "seal_registration", SEAL)
    stand(site, "seal_registration", SEAL | {"registration_no": "0009999"})
    key = await taken(site, request(site.terminal, kind, registration_no="0001234"))
    await decided(site, key, YES)
    found = {
        row["registration_no"]: row.get("abolished_reason") for row in of_taro(site, "seal_registration")
    }
    assert found == {"0001234": reason, "0009999": None}


async def test_a_new_seal_stands_as_the_officer_gives_it(site: Site) -> None:
    key = await taken(site, request(site.terminal, "seal.register"))
    assert (await site.office("POST", f"/intakes/{key}/decision", YES)).status_code == 422
    row = SEAL | {"image": b64encode(b"\x89PNG").decode()}
    changes = [{"table": "seal_registration", "row": row}]
    before = heads(site)[0]
    await decided(site, key, YES | {"changes": changes})
    (seal,) = of_taro(site, "seal_registration")
    assert (seal["registration_no"], seal["image"]) == ("0001234", b"\x89PNG")
    assert heads(site)[0] == before + 1, "the row and the intake's state are one version"


async def test_insurance_ends_for_those_named(site: Site) -> None:
    for one in (TARO, HANAKO):
        stand(site, "nhi_member", {"atena_no": one, "acquired": "2020-04-01", "symbol": "あ1"})
    key = await taken(site, request(site.terminal, "nhi.lose"))
    await decided(site, key, YES)
    found = {row["atena_no"]: (row.get("lost"), row.get("lost_reason")) for row in rows(site, "nhi_member")}
    assert found == {TARO: (PAST, "社保加入"), HANAKO: (None, None), KIMI: (None, None)}


async def test_protection_is_for_a_year_less_a_day_and_ends_only_when_decided(site: Site) -> None:
    key = await taken(site, request(site.terminal, "shien_sochi.application"))
    await decided(site, key, YES)
    mine = [row for row in rows(site, "shien_sochi") if row["atena_no"] in {TARO, HANAKO}]
    assert [(row["provisional"], row["starts"], row["ends"]) for row in mine] == [
        (False, DAY, "2027-11-19")
    ] * 2
    key = await taken(site, request(site.terminal, "shien_sochi.end", members=[HANAKO]))
    assert len(rows(site, "shien_sochi")) == 3
    await decided(site, key, YES)
    assert [row["atena_no"] for row in rows(site, "shien_sochi")] == [KIMI]


async def test_who_ends_theirs_does_not_end_what_another_is_protected_by_at_their_own_application(
    site: Site,
) -> None:
    together = await taken(site, request(site.terminal, "shien_sochi.application"))
    own = await taken(site, request(site.terminal, "shien_sochi.application", subject=HANAKO, members=[]))
    for key in (together, own):
        await decided(site, key, YES)
    stand(site, "shien_sochi", {"measure_id": "S00000001", "atena_no": TARO, "provisional": False})
    await decided(site, await taken(site, request(site.terminal, "shien_sochi.end", members=[HANAKO])), YES)
    left = {row["measure_id"]: row["atena_no"] for row in rows(site, "shien_sochi")}
    assert left == {"m1": KIMI, f"{own}-1": HANAKO}
    await decided(site, await taken(site, request(site.terminal, "shien_sochi.end", subject=HANAKO)), YES)
    assert list({row["atena_no"] for row in rows(site, "shien_sochi")}) == [KIMI]


async def test_a_refused_protection_leaves_none(site: Site) -> None:
    key = await taken(site, request(site.terminal, "shien_sochi.application"))
    await decided(site, key, NO)
    assert [row["atena_no"] for row in rows(site, "shien_sochi")] == [KIMI]


async def test_newcomers_get_numbers_a_household_and_a_first_record(site: Site) -> None:
    child = a_newcomer(CHILD, full_name="", latin_name="ONO KEN", kind="foreign", relationship="子", sex="男")
    key = await taken(site, tennyu(site.terminal, a_newcomer(), child))
    told = await decided(site, key, YES)
    numbers = told["provisional"]
    assert list(numbers) == [NEW, CHILD]
    assert (await site.terminal.call("GET", f"/v1/commands/{key}")).json()["provisional"] == numbers
    (intake,) = rows(site, "intake")
    assert (intake["atena_no"], NEW in intake["provisional"]) == (numbers[NEW], True)
    first, second = newest(site, numbers[NEW]), newest(site, numbers[CHILD])
    assert first["household_no"] == second["household_no"] not in {HOME, "2000000044"}
    assert (first["order_no"], second["order_no"]) == (1, 2)
    assert (first["birth_text"], second["birth_text"]) == ("平成2年4月12日", "1990年4月12日")
    assert (first["householder_name"], first["tennyu_from"]) == ("大野󠄀　君代", "みどり県つきみ市本町1番")
    assert (first["resident_since_sort"], first["todoke_date"], first["ido_reason"]) == (
        PAST,
        DAY,
        "国内転入",
    )
    assert "mynumber_sealed" not in first
    await site.terminal.sign_in()
    found = await site.terminal.call("GET", f"/v1/residents/{numbers[CHILD]}/household")
    assert [row["atena_no"] for row in found.json()["rows"]] == [numbers[NEW], numbers[CHILD]]


async def test_what_the_law_asks_of_one_who_moves_in_is_on_record(site: Site) -> None:
    """住基法 第7条, 第30条の45."""
    foreign = a_newcomer(
        **{"kind": "foreign", "full_name": "", "latin_name": "ONO KEN", "furigana": ""},
        **{"common_name": "大野　健", "common_name_furigana": "オオノ　ケン"},
        **{"foreigner_category": "中長期在留者", "residence_status": "定住者", "residence_period": "5年"},
        **{"residence_until": "2028-01-31", "residence_card_no": "AB12345678CD"},
    )
    married = a_newcomer(
        CHILD,
        **{"relationship": "妻", "former_name": "星野", "former_name_furigana": "ホシノ"},
        belongs_to=["nhi", "jido_teate"],
    )
    paper = {"town": "みどり県つきみ市", "number": "転-123", "issued": PAST}
    told = {"from_householder": "大野　一郎", "whole_household": True, "tenshutsu_certificate": paper}
    key = await taken(site, tennyu(site.terminal, foreign, married, **told))
    numbers = (await decided(site, key, YES))["provisional"]
    first, second = newest(site, numbers[NEW]), newest(site, numbers[CHILD])
    assert (first["tsusho"], first["tsusho_furigana"]) == ("大野　健", "オオノ　ケン")
    assert (first["article_30_45"], first["residence_period"]) == ("中長期在留者", "5年")
    assert (first["residence_until"], first["residence_card_no"]) == ("2028-01-31", "AB12345678CD")
    assert (second["former_surname"], second["former_surname_furigana"]) == ("星野", "ホシノ")
    assert "former_surname" not in first
    assert not {"tsusho", "residence_card_no", "article_30_45"} & set(second)


async def test_a_certificate_of_tomorrow_is_none(site: Site) -> None:
    paper = {"town": "みどり県つきみ市", "number": "", "issued": AHEAD}
    (answer,) = await site.terminal.send(tennyu(site.terminal, tenshutsu_certificate=paper))
    assert (answer["code"], answer["reason"]) == ("refused.date", "issued")


async def test_what_waited_for_a_newcomer_is_decided_under_the_number(site: Site) -> None:
    key = await taken(site, tennyu(site.terminal))
    waiting = await taken(site, request(site.terminal, "todoke.death", subject=NEW))
    number = (await decided(site, key, YES))["provisional"][NEW]
    await decided(site, waiting, YES)
    assert newest(site, number)["status"] == "death"
    later = request(site.terminal, "shien_sochi.application", subject=NEW, members=[])
    key = await taken(site, later)
    mine = [row["atena_no"] for row in rows(site, "shien_sochi") if row["measure_id"].startswith(key)]
    assert mine == [number]


async def test_one_who_comes_back_goes_on_under_the_old_number(site: Site) -> None:
    key = await taken(site, tennyu(site.terminal, a_newcomer(former=JIRO), joins=HOME))
    assert (await decided(site, key, YES))["provisional"] == {NEW: JIRO}
    row = newest(site, JIRO)
    assert (row["history_no"], row["status"], row["household_no"], row["order_no"]) == (
        2,
        "resident",
        HOME,
        3,
    )


async def test_numbers_given_at_the_same_time_are_different(site: Site) -> None:
    new = [f"p:019a9f6e-5b1c-7c3a-9c55-0a4b5a1f7d{place}" for place in range(30, 36)]
    people = [a_newcomer(one, full_name=f"大野　{place}") for place, one in enumerate(new)]
    keys = [await taken(site, tennyu(site.terminal, one)) for one in people]
    told = await asyncio.gather(*(decided(site, key, YES) for key in keys))
    given = [number for answer in told for number in answer["provisional"].values()]
    assert len(set(given)) == len(new)


async def test_a_child_is_registered_at_its_parents_home(site: Site) -> None:
    child = a_newcomer(CHILD, full_name="渡邉󠄐　一", birth_date=PAST, relationship="子", sex="男")
    payload = {"subject": CHILD, "todoke_date": DAY, "child": child, "parent": TARO}
    command = site.terminal.command("todoke.birth", payload, residents=[CHILD, TARO], base={TARO: 2})
    key = await taken(site, command)
    number = (await decided(site, key, YES))["provisional"][CHILD]
    row = newest(site, number)
    assert (row["household_no"], row["order_no"], row["householder_name"]) == (HOME, 3, "渡邉󠄐　太郎")
    assert (row["address_banchi"], row["resident_since_text"]) == ("2番3号", "令和8年11月18日")


async def test_a_household_is_rearranged_by_the_officers_rows(site: Site) -> None:
    key = await taken(site, request(site.terminal, "todoke.setai_henko"))
    changes = [
        {"table": "resident", "row": newest(site, TARO) | {"history_no": 3, "relationship": "夫"}},
        {"table": "resident", "row": newest(site, HANAKO) | {"history_no": 2, "relationship": "世帯主"}},
    ]
    told = await decided(site, key, YES | {"changes": changes})
    assert told["register_version"] == 3
    assert (newest(site, TARO)["relationship"], newest(site, HANAKO)["relationship"]) == ("夫", "世帯主")


@pytest.mark.parametrize(
    "change",
    [
        {"table": "resident", "row": {"atena_no": TARO, "history_no": 2}},
        {"table": "resident", "row": {"atena_no": TARO, "history_no": 4}},
        {"table": "resident", "key": [TARO, 1]},
        {"table": "intake", "row": {"command_key": "x", "state": "registered"}},
        {"table": "nowhere", "row": {"x": 1}},
        {"table": "nhi_member", "row": {"atena_no": TARO, "acquired": "someday"}},
        {"table": "nhi_member", "row": {"atena_no": TARO, "acquired": DAY, "kojin_bango": "1"}},
        {"table": "nhi_member", "key": [TARO, "1999-01-01"]},
        {"table": "seal_registration", "row": {"atena_no": TARO, "registration_no": "1", "image": "%%"}},
        {"table": "nhi_member"},
    ],
    ids=str,
)
async def test_a_row_that_is_not_of_the_contract_decides_nothing(site: Site, change: Any) -> None:
    key = await taken(site, request(site.terminal, "todoke.setai_henko"))
    answer = await site.office("POST", f"/intakes/{key}/decision", YES | {"changes": [change]})
    assert (answer.status_code, answer.json()["code"]) == (422, "request.malformed")
    assert rows(site, "intake")[0]["state"] == "received"
    assert heads(site)[0] == 2
