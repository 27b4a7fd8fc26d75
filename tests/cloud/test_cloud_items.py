"""Items (在留資格等, 印鑑, 税, 国保) are rights of their own once the town says so; until then looking up gives them."""

from datetime import UTC, datetime, timedelta

import pytest

from cloud import storage
from cloud.clock import day_in_tokyo
from cloud.staff import ITEMS, NewStaff, clerk_of
from tests.cloud.cloud_builders import CHO, PASSWORD, SEED, START, TARO, Site
from tests.cloud.office_builders import acts, form_of, officer, words_of

pytestmark = pytest.mark.asyncio
TODAY = START.date()
DAY = timedelta(days=1)


async def told(site: Site, staff_id: str = "s001") -> tuple[list[str], bool]:
    """Return the rights somebody is told at sign-in, and whether items are given one by one."""
    site.clock.forward(seconds=30)
    staff = (await site.terminal.sign_in(staff_id, PASSWORD)).json()["staff"]
    return staff["rights"], staff["by_item"]


def at_work(site: Site, staff_id: str, right: str) -> bool:
    with site.tenant.register.reading() as connection:
        clerk = clerk_of(connection, site.tenant.municipality, staff_id, day_in_tokyo(site.clock()))
    return clerk is not None and clerk.may(right)


async def test_a_town_of_before_says_that_looking_up_gives_the_items(site: Site) -> None:
    assert await told(site) == (["accept", "issue", "view"], False)
    assert all(at_work(site, "s001", item) for item in ITEMS)
    assert not any(at_work(site, "s009", item) for item in ITEMS)  # may not look up


async def test_who_could_look_up_loses_nothing_on_the_day_items_begin(site: Site) -> None:
    personnel = site.tenant.personnel
    personnel.grant("view", TODAY + DAY, TODAY + 3 * DAY, section="税務課", done_by="o001")
    gone = personnel.grant("view", TODAY, section="戸籍課", done_by="o001")
    site.clock.forward(days=1)
    personnel.revoke(gone, done_by="o001")
    given = personnel.split_items(done_by="o001")
    with site.tenant.register.reading() as connection:
        rows = site.tenant.register.rows(connection, "right_grant")
    items = [row for row in rows if row["right"] in ITEMS]
    views = [
        row
        for row in rows
        if row["right"] == "view" and str(row.get("until_day", "9999")) >= str(TODAY + DAY)
    ]
    assert len(items) == len(ITEMS) * len(views)
    assert given == len(ITEMS) * (len(views) - 1)  # s002 had them by name already
    for view in views:
        of_it = [row for row in items if _to_whom(row) == _to_whom(view)]
        assert sorted(str(row["right"]) for row in of_it) == sorted(ITEMS)
    assert "戸籍課" not in [row.get("section") for row in items]
    rights, by_item = await told(site)
    assert (rights, by_item) == (sorted(["accept", "issue", "view", *ITEMS]), True)


def _to_whom(row: dict[str, object]) -> list[object]:
    return [row.get(name) for name in ("staff_id", "section", "from_day", "until_day")]


async def test_it_begins_once(site: Site) -> None:
    assert site.tenant.personnel.split_items(done_by="o001") > 0
    assert site.tenant.personnel.split_items(done_by="o001") == 0


@pytest.mark.parametrize("item", ITEMS)
async def test_an_item_begins_and_ends_on_its_days_in_tokyo(site: Site, item: str) -> None:
    site.tenant.personnel.split_items(done_by="o001")
    site.tenant.personnel.grant("view", TODAY, staff_id="s009", done_by="o001")
    site.tenant.personnel.grant(item, TODAY + DAY, TODAY + DAY, staff_id="s009", done_by="o001")
    held = {}
    for day in (20, 21, 22):
        site.clock.moment = datetime(2026, 11, day, 1, 0, tzinfo=UTC)
        held[day] = item in (await told(site, "s009"))[0]
        assert at_work(site, "s009", item) is held[day]
    assert held == {20: False, 21: True, 22: False}


async def test_a_renewal_tells_what_was_given_and_taken_since_the_sign_in(site: Site) -> None:
    site.tenant.personnel.split_items(done_by="o001")
    await told(site)
    site.tenant.personnel.grant("honseki", TODAY, staff_id="s001", done_by="o001")
    (tax,) = [one.grant_id for one in site.tenant.personnel.rights_of("s001", TODAY) if one.right == "tax"]
    site.tenant.personnel.revoke(tax, done_by="o001")
    renewed = (await site.terminal.call("POST", "/v1/sessions/current/renewal")).json()
    assert renewed["rights"] == sorted(["accept", "issue", "view", "honseki", "zairyu", "seal", "nhi"])
    assert renewed["by_item"] is True


async def test_somebody_taken_on_after_has_the_items_they_are_given_alone(site: Site) -> None:
    site.tenant.personnel.split_items(done_by="o001")
    person = NewStaff("x101", "新人", "市民課", ("view", "nhi"), PASSWORD, SEED)
    site.tenant.personnel.add(person, done_by="o001")
    assert [item for item in ITEMS if at_work(site, "x101", item)] == ["nhi"]


@pytest.mark.parametrize(("item", "word"), [("tax", "tax"), ("nhi", "nhi"), ("seal", "seals")])
async def test_taxes_insurance_and_seals_are_read_live_only_with_their_own_right(
    site: Site, item: str, word: str
) -> None:
    site.tenant.personnel.split_items(done_by="o001")
    await site.terminal.sign_in()
    path = f"/v1/residents/{TARO}/{word}"
    assert (await site.terminal.call("GET", path)).status_code == 200
    (grant,) = [one.grant_id for one in site.tenant.personnel.rights_of("s001", TODAY) if one.right == item]
    site.tenant.personnel.revoke(grant, done_by="o001")
    refused = await site.terminal.call("GET", path)
    assert (refused.status_code, refused.json()["code"], refused.json()["right"]) == (
        403,
        "refused.right_missing",
        item,
    )


async def test_what_is_owed_for_insurance_is_no_part_of_the_taxes_without_its_right(site: Site) -> None:
    site.tenant.personnel.split_items(done_by="o001")
    await site.terminal.sign_in()
    path = f"/v1/residents/{TARO}/tax"
    whole = (await site.terminal.call("GET", path)).json()
    assert "nhi" in {row["tax"] for row in whole["tax_account"]}
    assert "withheld" not in whole
    site.tenant.personnel.revoke(
        next(one.grant_id for one in site.tenant.personnel.rights_of("s001", TODAY) if one.right == "nhi"),
        done_by="o001",
    )
    less = (await site.terminal.call("GET", path)).json()
    assert less["tax_account"] == [row for row in whole["tax_account"] if row["tax"] != "nhi"]
    assert less["withheld"] == ["nhi"]


async def test_the_office_begins_it_on_its_page_then_gives_and_takes_each_item(site: Site) -> None:
    browser = await officer(site)
    page = await browser.get("/staff")
    assert "○ 未使用" in words_of(page)
    done = await browser.followed(await browser.send(form_of(page, "/staff/items")))
    assert "項目ごとの権限を始めました" in words_of(done)
    assert "● 使用中" in words_of(done)
    assert "/staff/items" not in done.text  # there is no way back
    mine = await browser.get("/staff/s001")
    for word in ("在留資格等の閲覧", "印鑑登録の閲覧", "税の閲覧", "国民健康保険の閲覧"):
        assert word in words_of(mine)
    (grant,) = [
        held.grant_id for held in site.tenant.personnel.rights_of("s001", TODAY) if held.right == "tax"
    ]
    await browser.send(form_of(mine, f"/rights/{grant}"))
    assert not at_work(site, "s001", "tax")
    assert at_work(site, "s001", "nhi")
    typed = {"right": "tax", "from_day": "R8.11.20", "until_day": ""}
    await browser.fill("/staff/s001", "/s001/rights", typed)
    assert at_work(site, "s001", "tax")
    assert [
        what for _, what, _ in acts(site) if what in {"staff.by_item", "staff.revoke", "staff.grant"}
    ] == ["staff.by_item", "staff.revoke", "staff.grant"]


async def test_an_officer_gives_no_item_they_do_not_hold(site: Site) -> None:
    browser = await officer(site)
    site.tenant.personnel.split_items(done_by="o001")
    (own,) = [held.grant_id for held in site.tenant.personnel.rights_of("s002", TODAY) if held.right == "tax"]
    site.tenant.personnel.revoke(own, done_by="o001")
    typed = {"right": "tax", "from_day": "R8.11.20", "until_day": ""}
    refused = await browser.fill("/staff/s009", "/s009/rights", typed)
    assert refused.status_code == 403
    assert not at_work(site, "s009", "tax")


async def test_an_officer_without_the_right_sees_changes_and_finds_nothing_of_a_foreigners_status(
    site: Site,
) -> None:
    browser = await officer(site)
    typed = {
        "residence_status": "興行の甲",
        "residence_card_no": "ZZ98765432YX",
        "ido_reason": "在留資格等変更",
    }
    await browser.fill(f"/residents/{CHO}/edit", "/edit", typed)
    kept = _record_of(site, CHO)
    assert kept["residence_status"] == "興行の甲"
    assert "興行の甲" in words_of(await browser.get(f"/residents/{CHO}"))
    site.tenant.personnel.split_items(done_by="o001")
    form = form_of(await browser.get(f"/residents/{CHO}/edit"), "/edit")
    (own,) = [one.grant_id for one in site.tenant.personnel.rights_of("s002", TODAY) if one.right == "zairyu"]
    site.tenant.personnel.revoke(own, done_by="o001")
    shown = await browser.get(f"/residents/{CHO}")
    assert "在留資格等（権限がありません）" in words_of(shown)
    edit = await browser.get(f"/residents/{CHO}/edit")
    assert 'name="residence_status"' not in edit.text  # an empty field would write nothing over it
    sent = await browser.send(
        form, residence_status="永住者", remarks="備考", ido_reason="職権修正"
    )  # as it was open
    found = await browser.fill("/residents", "/residents", {"typed": "ZZ98765432YX"})
    for page in (shown, edit, sent, found):
        assert "興行の甲" not in page.text
        assert CHO not in found.text
    now = _record_of(site, CHO)
    assert (now["residence_status"], now["remarks"]) == ("興行の甲", "備考")


def _record_of(site: Site, atena_no: str) -> dict[str, object]:
    column = storage.rows["resident"].c.atena_no
    with site.tenant.register.reading() as connection:
        rows = site.tenant.register.rows(connection, "resident", column == atena_no)
    return dict(max(rows, key=lambda row: int(str(row["history_no"]))))


async def test_who_receives_gets_no_item_with_looking_up_nor_on_the_day_items_begin(site: Site) -> None:
    personnel = site.tenant.personnel
    for right in ("view", "receive"):
        personnel.grant(right, TODAY, staff_id="s009", done_by="o001")
    assert at_work(site, "s009", "view")
    assert not any(at_work(site, "s009", item) for item in ITEMS)
    personnel.split_items(done_by="o001")
    assert not any(at_work(site, "s009", item) for item in ITEMS)
    personnel.grant("tax", TODAY, staff_id="s009", done_by="o001")
    assert [item for item in ITEMS if at_work(site, "s009", item)] == ["tax"]
