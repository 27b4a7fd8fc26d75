"""Set, lift and release of blocks and measures are three rights in the office too, once a town parts them [STD j410]."""

from datetime import timedelta
from typing import Any

import pytest

from cloud.clock import day_in_tokyo
from cloud.office.blocks import BlockForm
from cloud.office.desk import desk_of
from cloud.office.log import By
from cloud.staff import BLOCK_ACTS, BLOCK_LIFT, BLOCK_SET, IN_CHARGE, clerk_of
from tests.cloud.cloud_builders import CODE, HANAKO, PASSWORD, START, TARO, Site
from tests.cloud.intake_builders import request, rows, taken
from tests.cloud.office_builders import Browser, acts, form_of, officer, words_of
from tests.cloud.test_cloud_office_towns import Cloud, Line, cloud

__all__ = ["cloud"]  # the fixture
pytestmark = pytest.mark.asyncio
TODAY = START.date()
DAY = timedelta(days=1)
WHO = "s002"


def at_work(site: Site, staff_id: str) -> set[str]:
    """Return which of the three somebody may do today."""
    with site.tenant.register.reading() as connection:
        clerk = clerk_of(connection, site.tenant.municipality, staff_id, day_in_tokyo(site.clock()))
    return {act for act in BLOCK_ACTS if clerk is not None and clerk.may(act)}


def only(site: Site, *kept: str) -> None:
    """Part the three, and leave the officer those named."""
    site.tenant.personnel.split_block_acts(done_by="o001")
    for row in rows(site, "right_grant"):
        if row.get("staff_id") == WHO and row["right"] in set(BLOCK_ACTS) - set(kept):
            site.tenant.personnel.revoke(str(row["grant_id"]), done_by="o001")
    assert at_work(site, WHO) == set(kept)


def a_block(site: Site) -> str:
    form = BlockForm("issue", "error", "確認中", TODAY.isoformat())
    return desk_of(site.tenant).blocks.raise_block(By("o001"), form, atena_no=TARO)[0]


def a_measure(site: Site) -> str:
    begun = desk_of(site.tenant).measures.begin(By("o001"), [HANAKO], provisional=False, starts="2026-11-01")
    return begun[0][0]


async def posted(site: Site, browser: Browser, path: str, **typed: str) -> int:
    page = await browser.get("/restrictions")
    said = {"csrf": form_of(page, "/sign-out").fields["csrf"], **typed}
    answer = await site.client.post(f"/office{path}", data=said)
    return answer.status_code


async def ways_to_set(site: Site, browser: Browser, block: str, measure: str) -> list[int]:
    days = {"starts": "R8.11.1", "ends": "R9.10.31"}
    block_words = {"process": "issue", "level": "error", "reason": "照会中", **days}
    return [
        await posted(site, browser, "/blocks", on="atena_no", number=TARO, **block_words),
        await posted(site, browser, f"/blocks/{block}", act="change", **block_words),
        await posted(site, browser, "/measures", number=TARO, measure="full", **days),
        *[
            await posted(site, browser, f"/measures/{measure}", act=act, ends="R9.10.31")
            for act in ("confirm", "extend", "other_side", "what nobody knows")
        ],
    ]


async def ways_to_lift(site: Site, browser: Browser, block: str, measure: str) -> list[int]:
    return [
        await posted(site, browser, f"/blocks/{block}", act="lift", sure="yes"),
        await posted(site, browser, f"/measures/{measure}", act="end", sure="yes"),
    ]


async def test_before_they_are_parted_who_is_in_charge_has_all_three(site: Site) -> None:
    answer = await site.terminal.sign_in(WHO, PASSWORD)
    assert answer.json()["staff"]["by_block"] is False
    assert at_work(site, WHO) == set(BLOCK_ACTS)
    for right in BLOCK_ACTS:  # also where none was given by name
        site.tenant.personnel.revoke(f"{WHO}-{right}", done_by="o001")
    assert at_work(site, WHO) == set(BLOCK_ACTS)
    assert at_work(site, "s001") == set()


async def test_nobody_in_charge_loses_anything_on_the_day_they_are_parted(site: Site) -> None:
    personnel = site.tenant.personnel
    personnel.grant("officer", TODAY + DAY, TODAY + 3 * DAY, section="税務課", done_by="o001")
    assert personnel.split_block_acts(done_by="o001") == len(BLOCK_ACTS)  # s002 had them by name already
    grants = rows(site, "right_grant")
    for one in grants:
        if one["right"] in IN_CHARGE:
            beside = [row for row in grants if row["right"] in BLOCK_ACTS and _holder(row) == _holder(one)]
            assert {row["right"] for row in beside} == set(BLOCK_ACTS)
            assert len(beside) == len(BLOCK_ACTS)  # once, however many charges somebody has
    assert personnel.split_block_acts(done_by="o001") == 0
    assert acts(site)[-1][1] == "staff.by_block"
    told = (await site.terminal.sign_in(WHO, PASSWORD)).json()["staff"]
    assert (told["by_block"], set(BLOCK_ACTS) <= set(told["rights"])) == (True, True)


def _holder(row: dict[str, Any]) -> tuple[object, ...]:
    return tuple(row.get(name) for name in ("staff_id", "section", "from_day", "until_day"))


async def test_who_may_set_does_not_lift_and_who_may_lift_does_not_set(site: Site) -> None:
    block, measure = a_block(site), a_measure(site)
    browser = await officer(site)
    only(site, BLOCK_SET)
    before = [rows(site, table) for table in ("block", "shien_sochi")]
    assert set(await ways_to_lift(site, browser, block, measure)) == {403}
    assert [rows(site, table) for table in ("block", "shien_sochi")] == before
    assert 403 not in await ways_to_set(site, browser, block, measure)
    site.tenant.personnel.grant(BLOCK_LIFT, TODAY, staff_id=WHO, done_by="o001")
    only(site, BLOCK_LIFT)
    before = [rows(site, table) for table in ("block", "shien_sochi")]
    assert set(await ways_to_set(site, browser, block, measure)) == {403}
    assert [rows(site, table) for table in ("block", "shien_sochi")] == before
    assert 403 not in await ways_to_lift(site, browser, block, measure)


async def test_who_may_release_at_a_counter_neither_sets_nor_lifts_here(site: Site) -> None:
    block, measure = a_block(site), a_measure(site)
    browser = await officer(site)
    only(site, "block_release")
    ways = [
        *await ways_to_set(site, browser, block, measure),
        *await ways_to_lift(site, browser, block, measure),
    ]
    assert set(ways) == {403}


@pytest.mark.parametrize(
    ("kind", "decision", "act"),
    [
        ("shien_sochi.application", "register", BLOCK_SET),
        ("shien_sochi.application", "return", BLOCK_LIFT),
        ("shien_sochi.end", "register", BLOCK_LIFT),
    ],
)
async def test_a_decision_about_a_measure_takes_the_right_to_what_it_does(
    site: Site, kind: str, decision: str, act: str
) -> None:
    key = await taken(site, request(site.terminal, kind))
    only(site, *(one for one in BLOCK_ACTS if one != act))
    before = rows(site, "shien_sochi")
    words = {"decision": decision, "decided_by": WHO, "reason": "書類不備"}
    answer = await site.office("POST", f"/intakes/{key}/decision", words)
    assert (answer.status_code, answer.json().get("right")) == (403, act)
    assert rows(site, "shien_sochi") == before
    assert acts(site)[-1] == (WHO, "measures.refused", key)
    site.tenant.personnel.grant(act, TODAY, staff_id=WHO, done_by="o001")
    assert (await site.office("POST", f"/intakes/{key}/decision", words)).status_code == 200


async def test_reviewing_one_and_returning_an_end_take_neither(site: Site) -> None:
    key = await taken(site, request(site.terminal, "shien_sochi.end"))
    only(site)
    for decision in ("review", "return"):
        words = {"decision": decision, "decided_by": WHO, "reason": "書類不備"}
        assert (await site.office("POST", f"/intakes/{key}/decision", words)).status_code == 200


async def test_nobody_gives_an_act_they_do_not_have(site: Site) -> None:
    only(site, BLOCK_SET)
    browser = await officer(site)
    page = await browser.get("/staff")
    assert "抑止の権限" in words_of(page)
    said = {"right": BLOCK_LIFT, "from_day": "R8.11.20"}
    answer = await browser.fill("/staff/s001", "/rights", said)
    assert answer.status_code == 403


async def test_the_same_on_the_command_line(
    cloud: Cloud, database: str | None, capsys: pytest.CaptureFixture[str]
) -> None:
    line = Line(cloud, database, capsys)
    (raised,) = line.rows("block", TARO, "--reason", "照会中", "--starts", "R8.11.1")
    (begun,) = line.rows("measure", "begin", TARO, "--starts", "2026-11-01", "--ends", "2027-10-31")
    (told,) = line.rows("block-acts-one-by-one")
    assert told == {"given": 0}  # the first officer has them by name
    cloud.ours.personnel.revoke(f"{WHO}-{BLOCK_LIFT}", done_by="o001")
    assert "block_lift" in line.says("unblock", raised["block_id"], code=1)
    assert "block_lift" in line.says("measure", "end", begun["measure_id"], code=1)
    line.says("measure", "extend", begun["measure_id"], "--ends", "2028-10-31")
    cloud.ours.personnel.revoke(f"{WHO}-{BLOCK_SET}", done_by="o001")
    cloud.ours.personnel.grant(BLOCK_LIFT, cloud.clock().date(), staff_id=WHO, done_by="o001")
    assert "block_set" in line.says("block", TARO, "--reason", "照会中", code=1)
    assert "block_set" in line.says("measure", "extend", begun["measure_id"], "--ends", "2028-10-31", code=1)
    line.says("unblock", raised["block_id"])
    line.says("measure", "end", begun["measure_id"])
    assert cloud.ours.municipality == CODE
