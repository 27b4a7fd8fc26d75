"""Eligibility is the cloud's own word: refused with a code, or allowed with all the paper needs."""

from base64 import b64decode
from hashlib import sha256
from typing import Any

import pytest

from cloud.register import put
from tests.cloud.cloud_builders import CHO, CODE, HANAKO, HOME, JIRO, KIMI, START, TARO, Site

pytestmark = pytest.mark.asyncio


def asked(**more: Any) -> dict[str, Any]:
    return {
        "kind": "juminhyo_copy",
        "subject": TARO,
        "members": [TARO, HANAKO],
        "options": {"relationship": True, "honseki": False, "foreign_items": False, "furigana": True},
        "requester": "self",
        "identity": "photo",
        "purpose": "",
        "on": "2026-11-20",
    } | more


async def judged(site: Site, **more: Any) -> dict[str, Any]:
    answer = await site.terminal.call("POST", "/v1/eligibility", asked(**more))
    assert answer.status_code == 200, answer.text
    return dict(answer.json())


def codes(answer: dict[str, Any]) -> list[tuple[str, str | None]]:
    return [(refusal["code"], refusal.get("reason")) for refusal in answer["refusals"]]


async def test_a_resident_gets_the_household_copy_with_words_seal_and_fee(site: Site) -> None:
    await site.terminal.sign_in()
    answer = await judged(site)
    assert answer["allowed"]
    assert [row["atena_no"] for row in answer["rows"]] == [TARO, HANAKO]
    forms = answer["forms"]
    assert forms["attestation"] == "この写しは、世帯全員の住民票の原本と相違ないことを証明する。"
    assert (forms["certifier"], forms["fee_yen"]) == ({"title": "市長", "name": "𠮷田　一郎"}, 300)
    assert forms["town"] == {"code": CODE, "name": "あおぞら市", "prefecture": "みどり県"}
    assert b64decode(forms["seal"]["image"]).startswith(b"\x89PNG")
    assert answer["as_of"] == forms["as_of"]


async def test_a_seal_the_terminal_holds_is_named_and_not_sent_again(site: Site) -> None:
    await site.terminal.sign_in()
    full = await judged(site)
    held = sha256(b64decode(full["forms"]["seal"]["image"])).hexdigest()
    named = await judged(site, seal=held)
    assert named["forms"]["seal"] == {"side_mm": full["forms"]["seal"]["side_mm"], "sha256": held}
    assert [row["atena_no"] for row in named["rows"]] == [TARO, HANAKO]
    assert named["restrictions"] == full["restrictions"]


async def test_a_seal_the_terminal_does_not_hold_is_sent(site: Site) -> None:
    await site.terminal.sign_in()
    full = await judged(site)
    assert (await judged(site, seal="0" * 64))["forms"] == full["forms"]


async def test_an_answer_says_which_question_it_is_to_a_refusal_too(site: Site) -> None:
    await site.terminal.sign_in()
    assert (await judged(site, question="k3Jx0aQe9sZrW1Tb"))["question"] == "k3Jx0aQe9sZrW1Tb"
    assert (await judged(site, question="0000", identity="none"))["question"] == "0000"
    assert "question" not in await judged(site)


async def test_an_answer_is_packed_for_whoever_takes_it_so_and_says_the_same(site: Site) -> None:
    await site.terminal.sign_in()
    told = []
    for taken, packed in (
        ("gzip", "gzip"),
        ("br, gzip;q=0.5", "gzip"),
        ("identity", None),
        ("gzip;q=0", None),
    ):
        answer = await site.terminal.call("POST", "/v1/eligibility", asked(), accept_encoding=taken)
        assert answer.headers.get("content-encoding") == packed
        told.append({name: value for name, value in answer.json().items() if name not in {"as_of", "forms"}})
    assert told[1:] == told[:-1]


async def test_a_question_names_itself_in_few_letters(site: Site) -> None:
    await site.terminal.sign_in()
    answer = await site.terminal.call("POST", "/v1/eligibility", asked(question="x" * 65))
    assert answer.json()["code"] == "request.malformed"


async def test_part_of_a_household_bears_the_other_words(site: Site) -> None:
    await site.terminal.sign_in()
    answer = await judged(site, members=[TARO])
    assert "世帯全員" not in answer["forms"]["attestation"]
    direct = await site.terminal.call("GET", "/v1/forms/juminhyo_copy?scope=members&on=2026-11-20")
    assert direct.json() == answer["forms"]


@pytest.mark.parametrize(
    ("more", "expected"),
    [
        ({"kind": "passport"}, [("refused.input", "kind")]),
        ({"subject": "12"}, [("refused.not_found", None)]),
        ({"members": [TARO, KIMI]}, [("refused.shien_sochi", None), ("refused.not_found", "members")]),
        ({"subject": KIMI, "members": [KIMI]}, [("refused.shien_sochi", None)]),
        ({"subject": JIRO, "members": [JIRO]}, [("refused.not_resident", None)]),
        ({"identity": "none"}, [("refused.identity", None)]),
        ({"requester": "third_party"}, [("refused.input", "purpose")]),
        ({"options": {"honseki": True}}, [("refused.right_missing", "honseki")]),
    ],
)
async def test_what_a_rule_forbids_is_refused_by_its_code_and_nothing_is_shown(
    site: Site, more: dict[str, Any], expected: list[tuple[str, str | None]]
) -> None:
    await site.terminal.sign_in()
    answer = await judged(site, **more)
    assert (answer["allowed"], codes(answer)) == (False, expected)
    assert not {"rows", "forms", "restrictions"} & set(answer)


async def test_without_the_right_to_issue_nothing_is_issued(site: Site) -> None:
    await site.terminal.sign_in("s009")
    assert codes(await judged(site)) == [("refused.right_missing", "issue")]


async def test_who_only_receives_is_told_nothing_a_paper_could_be_made_from(site: Site) -> None:
    site.tenant.personnel.grant("receive", START.date(), staff_id="s009", done_by="o001")
    site.tenant.personnel.grant("view", START.date(), staff_id="s009", done_by="o001")
    await site.terminal.sign_in("s009")
    answer = await judged(site)
    assert codes(answer) == [("refused.right_missing", "issue")]
    assert not {"rows", "forms", "restrictions"} & set(answer)
    await site.terminal.sign_in("s001")  # who decides: the same paper, the same terminal
    assert (await judged(site))["allowed"]


async def test_a_block_stops_also_after_its_last_day_and_an_alert_warns(site: Site) -> None:
    await site.terminal.sign_in()
    block = {"block_id": "b1", "household_no": HOME, "process": "issue", "level": "error", "reason": "調査中"}
    ended = block | {"starts": "2025-01-01", "ends": "2025-12-31"}
    with site.tenant.register.writing() as connection:
        site.tenant.register.commit(connection, "blocks", [put("block", ended)])
    assert codes(await judged(site)) == [("refused.blocked", "調査中")]
    for change in ({"level": "alert"}, {"process": "view"}, {"starts": "2027-01-01"}):
        with site.tenant.register.writing() as connection:
            site.tenant.register.commit(connection, "blocks", [put("block", block | change)])
        answer = await judged(site)
        assert answer["allowed"]
        assert answer["warnings"] == (["warning.block"] if "level" in change else [])


async def test_warnings_tell_of_a_stay_that_ended_and_of_items_for_third_parties(site: Site) -> None:
    await site.terminal.sign_in()
    answer = await judged(
        site,
        subject=CHO,
        members=[CHO],
        requester="third_party",
        purpose="債権の回収",
        options={"relationship": True},
    )
    assert answer["warnings"] == ["warning.stay_expired", "warning.third_party_items"]


async def test_a_planned_move_away_ends_the_living_record_on_its_day(site: Site) -> None:
    await site.terminal.sign_in()
    with site.tenant.register.reading() as connection:
        row = site.tenant.register.row(connection, "resident", (HANAKO, 1))
    assert row is not None
    leaving = row | {"history_no": 2, "tenshutsu_planned": "2026-11-25"}
    with site.tenant.register.writing() as connection:
        site.tenant.register.commit(connection, "register", [put("resident", leaving)])
    assert (await judged(site, on="2026-11-24"))["allowed"]
    assert codes(await judged(site, on="2026-11-25")) == [("refused.not_resident", None)]


async def test_whoever_lives_with_somebody_protected_gets_no_paper_and_is_only_warned_once_that_one_left(
    site: Site,
) -> None:
    await site.terminal.sign_in()
    with site.tenant.register.writing() as connection:
        measure = {"measure_id": "m2", "atena_no": HANAKO, "provisional": True}
        site.tenant.register.commit(connection, "blocks", [put("shien_sochi", measure)])
        hanako = site.tenant.register.row(connection, "resident", (HANAKO, 1))
    assert codes(await judged(site, members=[TARO])) == [("refused.shien_sochi", None)]
    assert hanako is not None
    leaving = hanako | {"history_no": 2, "tenshutsu_planned": "2026-11-25"}
    with site.tenant.register.writing() as connection:
        site.tenant.register.commit(connection, "register", [put("resident", leaving)])
    assert codes(await judged(site, members=[TARO], on="2026-11-24")) == [("refused.shien_sochi", None)]
    left = await judged(site, members=[TARO], on="2026-11-25")
    assert left["allowed"]
    assert left["warnings"] == ["warning.shien_sochi_household"]


async def test_restrictions_name_measures_and_blocks(site: Site) -> None:
    await site.terminal.sign_in()
    about = {"household_no": "2000000028", "atena_nos": [KIMI, TARO]}
    answer = (await site.terminal.call("POST", "/v1/restrictions", about)).json()
    assert [row["measure_id"] for row in answer["shien_sochi"]] == ["m1"]
    assert answer["blocks"] == []


@pytest.mark.parametrize("query", ["scope=members&on=2019-01-01", "scope=all&on=2026-11-20"])
async def test_words_not_in_force_are_not_found(site: Site, query: str) -> None:
    await site.terminal.sign_in()
    answer = await site.terminal.call("GET", f"/v1/forms/juminhyo_copy?{query}")
    assert answer.json()["code"] == "refused.not_found"
    malformed = await site.terminal.call("GET", "/v1/forms/juminhyo_copy?scope=members&on=today")
    assert malformed.json()["code"] == "request.malformed"
