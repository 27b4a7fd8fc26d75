"""職員 in the office's pages: taken on, let go, given rights and secrets; by others, never by oneself."""

import base64
import re
from datetime import timedelta
from urllib.parse import parse_qs, unquote, urlsplit

import httpx
import pytest

from cloud.totp import code_at, step_at
from tests.cloud.cloud_builders import PASSWORD, START, Site
from tests.cloud.office_builders import SEE_OTHER, Browser, acts, form_of, officer, words_of
from tests.cloud.test_cloud_tokens import search

pytestmark = pytest.mark.asyncio
TODAY = START.date()
LENT = {"staff_id": "x101", "name": "応援　花", "section": "市民課", "lent_by": "海辺町"}


def told(answer: httpx.Response, what: str) -> str:
    found = re.search(rf'id="{what}">([^<]+)<', answer.text)
    assert found is not None, words_of(answer)
    return found[1].replace("&amp;", "&")


async def sign_in(site: Site, staff_id: str, password: str, seed: bytes) -> httpx.Response:
    site.clock.forward(seconds=60)
    code = code_at(seed, step_at(site.clock()))
    return await site.terminal.sign_in(staff_id, password, code)


async def test_the_list_shows_who_works_here_and_with_which_rights_today(site: Site) -> None:
    site.tenant.personnel.grant("honseki", TODAY, section="税務課", done_by="o001")
    site.tenant.personnel.suspend("s009", done_by="o001")
    browser = await officer(site)
    page = words_of(await browser.get("/staff"))
    own = "山﨑 美咲s001市民課● 在職令和8年11月20日～住民の閲覧、証明書の交付、届出の受付"
    for shown in (own, "新人 一s009市民課■ 停止中"):
        assert shown in page
    assert "税務課本籍の閲覧" in page


async def test_somebody_lent_is_taken_on_and_signs_in_with_what_was_shown_once(site: Site) -> None:
    browser = await officer(site)
    refused = await browser.fill("/staff/new", "/staff/new", LENT)
    assert "「最後の日」を確かめてください" in words_of(refused)
    more = {"until_day": "R8.11.30", "right.view": "yes", "right.issue": "yes"}
    form = form_of(refused, "/staff/new")
    shown = await browser.send(form, **more)
    password, seed, uri = (told(shown, what) for what in ("password", "seed", "uri"))
    assert "海辺町から 令和8年11月20日～令和8年11月30日" in words_of(shown)
    parts = urlsplit(uri)
    assert (parts.scheme, parts.netloc, unquote(parts.path)) == ("otpauth", "totp", "/あおぞら市 窓口:x101")
    assert parse_qs(parts.query) == {"secret": [seed], "issuer": ["あおぞら市 窓口"]}
    again = await browser.followed(await browser.send(form, **more))  # a second click
    assert "登録済みです" in words_of(again)
    page = await browser.get("/staff/x101")
    assert password not in page.text + again.text
    assert seed not in page.text + again.text
    answer = await sign_in(site, "x101", password, base64.b32decode(seed))
    assert answer.json()["staff"]["rights"] == ["issue", "view"]
    assert acts(site)[-1] == ("s002", "staff.add", "x101")
    assert password not in str(acts(site))


@pytest.mark.parametrize(
    ("typed", "field"),
    [
        ({"staff_id": ""}, "職員番号"),
        ({"staff_id": "職 員"}, "職員番号"),
        ({"staff_id": "new"}, "職員番号"),
        ({"staff_id": "a/b"}, "職員番号"),
        ({"name": ""}, "氏名"),
        ({"section": ""}, "課"),
        ({"from_day": ""}, "最初の日"),
        ({"until_day": "あした"}, "最後の日"),
        ({"until_day": "R8.11.19"}, "最後の日"),
    ],
)
async def test_what_is_wrong_about_a_new_person_is_named(
    site: Site, typed: dict[str, str], field: str
) -> None:
    browser = await officer(site)
    full = LENT | {"from_day": "R8.11.20", "until_day": "R8.11.30"} | typed
    refused = await browser.fill("/staff/new", "/staff/new", full)
    assert (refused.status_code, f"「{field}」を" in words_of(refused)) == (422, True)
    assert (await browser.get("/staff/x101")).status_code == 404


async def test_an_id_is_given_once(site: Site) -> None:
    browser = await officer(site)
    refused = await browser.fill("/staff/new", "/staff/new", LENT | {"staff_id": "s001", "lent_by": ""})
    assert "すでに使われています" in words_of(refused)


async def test_a_right_is_granted_for_days_and_ended(site: Site) -> None:
    browser = await officer(site)
    typed = {"right": "cash", "from_day": "R8.11.25", "until_day": "R8.11.30"}
    form = form_of(await browser.get("/staff/s009"), "/s009/rights")
    for _ in range(2):
        done = words_of(await browser.followed(await browser.send(form, **typed)))
        assert "権限を付けました" in done
    assert "手数料・日締め ○ 開始前令和8年11月25日～令和8年11月30日本人" in done
    (held,) = site.tenant.personnel.rights_of("s009", TODAY + timedelta(days=5))
    page = await browser.get("/staff/s009")
    ended = await browser.send(form_of(page, f"/rights/{held.grant_id}"), until_day="R8.11.26")
    assert "～令和8年11月26日" in words_of(await browser.followed(ended))
    ended = await browser.send(form_of(await browser.get("/staff/s009"), f"/rights/{held.grant_id}"))
    assert "ありません" in words_of(await browser.followed(ended))
    wrong = await browser.fill("/staff/s009", "/s009/rights", typed | {"until_day": "R8.11.24"})
    assert "「最後の日」を確かめて" in words_of(wrong)


async def test_a_section_is_granted_a_right(site: Site) -> None:
    browser = await officer(site)
    typed = {"section": "税務課", "right": "view", "from_day": "R8.11.20"}
    done = await browser.followed(await browser.fill("/staff", "/staff/rights", typed))
    assert "税務課住民の閲覧令和8年11月20日～" in words_of(done)
    grant = re.search(r"/staff/rights/([0-9a-f-]{36})", done.text)
    assert grant is not None
    ended = await browser.send(form_of(done, grant[1]))
    assert "課の権限 ありません" in words_of(await browser.followed(ended))
    nobody = await browser.fill("/staff", "/staff/rights", typed | {"section": ""})
    assert "「課」を確かめて" in words_of(nobody)


async def test_somebody_is_suspended_let_in_again_and_let_go(site: Site) -> None:
    browser = await officer(site)
    await site.terminal.sign_in()
    done = await browser.fill("/staff/s001", "/suspension", {"act": "suspend"})
    assert "■ 停止中" in words_of(await browser.followed(done))
    assert (await search(site.terminal)).status_code == 401
    done = await browser.fill("/staff/s001", "/suspension", {"act": "resume"})
    assert "● 在職" in words_of(await browser.followed(done))
    done = await browser.fill("/staff/s001", "/end", {"until_day": "R8.11.21"})
    assert "～令和8年11月21日" in words_of(await browser.followed(done))
    before = await browser.fill("/staff/s001", "/end", {"until_day": "R8.11.1"})
    assert "「最後の日」を確かめて" in words_of(before)
    whats = [what for _, what, _ in acts(site)]
    assert whats[-3:] == ["staff.suspend", "staff.resume", "staff.end"]


async def test_a_lost_password_and_a_lost_phone_are_made_good(site: Site) -> None:
    browser = await officer(site)
    shown = await browser.fill("/staff/s001", "/secrets", {"act": "password"})
    password = told(shown, "password")
    assert 'id="seed"' not in shown.text
    shown = await browser.fill("/staff/s001", "/secrets", {"act": "factor"})
    seed = base64.b32decode(told(shown, "seed"))
    assert 'id="password"' not in shown.text
    assert (await sign_in(site, "s001", PASSWORD, seed)).status_code == 401
    assert (await sign_in(site, "s001", password, seed)).status_code == 201
    assert [what for _, what, _ in acts(site)][-2:] == ["staff.reset_password", "staff.set_factor"]


@pytest.mark.parametrize(
    ("action", "typed"),
    [
        ("/s002/rights", {"right": "cash", "from_day": "R8.11.20"}),
        ("/s002/end", {"until_day": "R9.3.31"}),
        ("/s002/suspension", {"act": "suspend"}),
        ("/s002/secrets", {"act": "password"}),
        ("/s002/secrets", {"act": "factor"}),
        ("/rights", {"section": "市民課", "right": "shien_sochi", "from_day": "R8.11.20"}),
        ("/rights/s002-office", {"staff_id": "s002"}),
    ],
)
async def test_nobody_acts_on_their_own_access(site: Site, action: str, typed: dict[str, str]) -> None:
    browser = await officer(site)
    page = await browser.get("/staff/s002")
    assert "自分の権限・パスワードは変えられません" in words_of(page)
    csrf = form_of(page, "/sign-out").fields["csrf"]
    refused = await site.client.post(f"/office/staff{action}", data={"csrf": csrf, **typed})
    assert (refused.status_code, "ほかの担当者に依頼してください" in words_of(refused)) == (403, True)
    assert [what for _, what, _ in acts(site)] == ["office.entered"]


async def test_the_pages_about_staff_are_for_the_office_alone(site: Site) -> None:
    browser = Browser(site.client, site.clock)
    assert (await browser.sign_in("s001")).status_code == 403
    for page in ("/staff", "/staff/new", "/staff/s001"):
        assert (await browser.get(page)).status_code == SEE_OTHER
    browser = await officer(site)
    for page in ("/staff/nobody", "/staff/%00"):
        assert (await browser.get(page)).status_code in {404, 422}
