"""The office's pages: who may come in, what each does, what a second click does, and that names are only ever text."""

import re

import httpx
import pytest

from cloud import database, storage
from cloud.register import put
from cloud.routes.pages.frame import COOKIE
from tests.cloud.cloud_builders import CHO, HANAKO, HIDDEN_STREET, HOME, KIMI, TARO, Site
from tests.cloud.office_builders import SEE_OTHER, Browser, acts, form_of, officer, read, words_of

pytestmark = [pytest.mark.asyncio, pytest.mark.long]
ANGRY = "<script>alert(1)</script>\"'&{{7777*7}}"


async def received(site: Site, **payload: object) -> str:
    (answer,) = await site.terminal.send(site.terminal.tenkyo(payload))
    assert answer["outcome"] == "accepted", answer
    return str(answer["key"])


async def heard(site: Site, after: int) -> list[str]:
    """Return the states of intakes that the terminal's feed tells after a version."""
    batch = site.opened(await site.terminal.call("GET", f"/v1/feeds/register?after={after}"))
    return [row["state"] for table, _, row in batch["changes"] if table == "intake"]


async def test_nobody_comes_in_without_both_factors_and_the_right(site: Site) -> None:
    browser = Browser(site.client, site.clock)
    for page in (
        "",  # the address as docs/OPERATIONS.md gives it
        "/",
        "/intakes",
        "/residents",
        "/restrictions",
        "/terminals",
        "/quarantine",
        "/staff",
        "/log",
        f"/residents/{TARO}",
    ):
        answer = await browser.get(page)
        assert (answer.status_code, answer.headers["location"]) == (SEE_OTHER, "/office/sign-in")
    wrong = await browser.sign_in(password="no")
    assert (wrong.status_code, "どれかが違います" in words_of(wrong)) == (401, True)
    assert "s002" in wrong.text  # what was typed stands there again; never the password
    assert "no</" not in wrong.text
    without = await browser.sign_in("s001")
    assert (without.status_code, "権限がありません" in words_of(without)) == (403, True)
    assert not site.client.cookies
    assert (await browser.sign_in()).headers["location"] == "/office/intakes"
    assert (await browser.get("")).headers["location"] == "/office/intakes"
    assert acts(site) == [("s002", "office.entered", "")]


async def test_the_cookie_is_the_browsers_own_secret_and_every_page_forbids_what_it_does_not_need(
    site: Site,
) -> None:
    browser = Browser(site.client, site.clock)
    cookie = (await browser.sign_in()).headers["set-cookie"]
    for word in ("HttpOnly", "Secure", "SameSite=strict", "Path=/office"):
        assert word in cookie
    token = cookie.partition("=")[2].partition(";")[0]
    with database.reading(site.tenant.engine) as connection:
        kept = connection.execute(storage.office_session.select()).all()
    assert token not in str(kept)
    for page in ("/intakes", "/sign-in", "/style.css", f"/residents/{TARO}"):
        answer = await browser.get(page)
        policy = answer.headers["content-security-policy"]
        assert "default-src 'none'" in policy
        assert "script-src" not in policy
        assert "frame-ancestors 'none'" in policy
        assert answer.headers["x-frame-options"] == "DENY"
        assert answer.headers["referrer-policy"] == "no-referrer"
        assert answer.headers["cache-control"] == "no-store"
        assert "<script" not in answer.text
        assert " style=" not in answer.text


async def test_a_session_ends_by_idleness_by_age_by_leaving_and_with_the_right(site: Site) -> None:
    browser = await officer(site)
    for _ in range(4):
        site.clock.forward(minutes=29)
        assert (await browser.get("/intakes")).status_code == 200
    site.clock.forward(minutes=31)
    assert (await browser.get("/intakes")).status_code == SEE_OTHER
    browser = await officer(site)
    for _ in range(17):
        site.clock.forward(minutes=29)
        last = await browser.get("/intakes")
    assert last.status_code == SEE_OTHER  # eight hours, however busy
    browser = await officer(site)
    kept = dict(site.client.cookies)
    await browser.fill("/intakes", "/sign-out")
    assert COOKIE not in site.client.cookies
    site.client.cookies.update(kept)
    assert (await browser.get("/intakes")).status_code == SEE_OTHER
    browser = await officer(site)
    site.tenant.personnel.revoke("s002-office", done_by="o001")
    assert (await browser.get("/intakes")).status_code == SEE_OTHER


@pytest.mark.parametrize("csrf", ["", "0" * 64, "ａ"])
async def test_a_form_of_no_page_of_ours_does_nothing(site: Site, csrf: str) -> None:
    browser = await officer(site)
    form = form_of(await browser.get("/terminals/T0001/revocation"), "/revocation")
    refused = await browser.send(form, csrf=csrf)
    assert (refused.status_code, "受け取れませんでした" in words_of(refused)) == (403, True)
    elsewhere = {"sec-fetch-site": "cross-site"}
    refused = await site.client.post(form.action, data=form.fields, headers=elsewhere)
    assert refused.status_code == 403
    refused = await site.client.post(form.action, json=form.fields)
    assert refused.status_code == 403
    terminal = site.tenant.terminals.terminal("T0001")
    assert terminal is not None
    assert not terminal.revoked


async def test_an_intake_is_taken_up_and_registered_and_the_terminal_hears_it(site: Site) -> None:
    key = await received(site, subject=HANAKO)
    browser = await officer(site)
    listed = await browser.get("/intakes")
    assert "仮受付 1件" in words_of(listed)
    assert "渡邉󠄐 花子" in words_of(listed)
    page = f"/intakes/{key}"
    shown = words_of(await browser.get(page))
    for told in ("転居届", "泉荘101", "葛󠄂城町一丁目2番3号", "令和8年11月18日", "世帯に残る人：渡邉󠄐 太郎"):
        assert told in shown
    said = await browser.followed(await browser.fill(page, "/reviewing"))
    assert "審査中にしました" in words_of(said)
    assert await heard(site, 2) == ["reviewing"]
    shown_page = await browser.get(page)
    form = form_of(shown_page, "/decision")
    answers = [await browser.send(form, decision="register") for _ in range(2)]  # a double click
    for answer in answers:
        assert "本登録しました" in words_of(await browser.followed(answer))
    assert await heard(site, 3) == ["registered"]
    assert [what for _, what, _ in acts(site)].count("intake.registered") == 1
    late = await browser.send(form_of(shown_page, "/decision"), decision="return", reason="x", once="other")
    assert "すでに決定されています（本登録）" in words_of(late)


async def test_a_return_needs_a_reason_and_what_was_typed_stays(site: Site) -> None:
    key = await received(site, subject=HANAKO)
    browser = await officer(site)
    page = f"/intakes/{key}"
    refused = await browser.fill(page, "/decision", {"decision": "return", "reason": " "})
    assert (refused.status_code, "「理由」を確かめてください" in words_of(refused)) == (422, True)
    done = await browser.fill(page, "/decision", {"decision": "return", "reason": "住所不明"})
    assert "差し戻しました" in words_of(await browser.followed(done))


async def test_of_a_part_of_a_household_the_relationships_are_asked_for(site: Site) -> None:
    key = await received(site)  # the householder alone
    browser = await officer(site)
    refused = await browser.fill(f"/intakes/{key}", "/decision", {"decision": "register"})
    assert "先に世帯主変更を処理してください" in words_of(refused)
    assert "the householder" not in refused.text


async def test_after_a_conflict_the_present_record_is_shown(site: Site) -> None:
    first, second = (
        await received(site, subject=HANAKO),
        await received(site, subject=HANAKO, ido_date="2026-11-19"),
    )
    browser = await officer(site)
    form = form_of(await browser.get(f"/intakes/{second}"), "/decision")
    await browser.fill(f"/intakes/{first}", "/decision", {"decision": "register"})
    refused = await browser.send(form, decision="register")
    assert refused.status_code == 409
    assert "いまの記録を確かめて" in words_of(refused)
    assert "受付のときは 1" in words_of(refused)


async def test_the_address_of_a_sheltered_person_is_shown_when_asked_for_and_that_is_written_down(
    site: Site,
) -> None:
    browser = await officer(site)
    found = await browser.fill("/residents", "/residents", {"typed": "たかしま"})
    assert "髙島 君代" in words_of(found)
    for page in (f"/residents/{KIMI}", f"/residents/{KIMI}/edit", "/restrictions"):
        assert HIDDEN_STREET not in (await browser.get(page)).text
    assert HIDDEN_STREET not in found.text
    shown = await browser.fill(f"/residents/{KIMI}", "/address")
    assert HIDDEN_STREET in shown.text
    assert acts(site)[-1] == ("s002", "resident.address_shown", KIMI)
    edited = await browser.fill(
        f"/residents/{KIMI}/edit", "/edit", {"ido_reason": "氏名変更", "full_name": "髙島　君子"}
    )
    assert "異動を記録しました" in words_of(await browser.followed(edited))
    shown = await browser.fill(f"/residents/{KIMI}", "/address")
    assert HIDDEN_STREET in shown.text  # what the form did not show it did not change


async def test_an_intake_of_a_sheltered_person_tells_no_place_before_it_is_asked_for(site: Site) -> None:
    (answer,) = await site.terminal.send(
        site.terminal.tenkyo({"subject": KIMI, "whole_household": True}, base={KIMI: 1})
    )
    browser = await officer(site)
    page = await browser.get(f"/intakes/{answer['key']}")
    assert HIDDEN_STREET not in page.text
    assert "泉荘" not in page.text
    shown = await browser.fill(f"/intakes/{answer['key']}", "/address")
    assert HIDDEN_STREET in shown.text
    assert "泉荘" in shown.text
    assert acts(site)[-1] == ("s002", "intake.address_shown", answer["key"])


async def test_a_block_is_raised_changed_and_lifted(site: Site) -> None:
    browser = await officer(site)
    typed = {"number": "1000000021", "reason": "照会中", "starts": "R8.11.20"}
    refused = await browser.fill("/restrictions", "/blocks", typed)
    assert "「宛名番号」を確かめてください" in words_of(refused)
    assert 'value="照会中"' in refused.text
    form = form_of(refused, "/blocks")
    for _ in range(2):
        done = await browser.send(form, number=TARO)
        assert "抑止を登録しました" in words_of(await browser.followed(done))
    listed = await browser.get("/restrictions")
    (link,) = {one for one in re.findall(r"/office(/blocks/\w+)", listed.text)}
    changed = await browser.fill(link, link, {"act": "change", "reason": "実態調査中"})
    assert "実態調査中" in words_of(await browser.followed(changed))
    unsure = await browser.fill(link, link, {"act": "lift"})
    assert (unsure.status_code, "何も変わっていません" in words_of(unsure)) == (422, True)
    lifted = await browser.fill(link, link, {"act": "lift", "sure": "yes"})
    assert "抑止を解除しました" in words_of(await browser.followed(lifted))
    gone = await browser.get(link)
    assert (gone.status_code, "見つかりません" in words_of(gone)) == (404, True)
    assert [what for _, what, _ in acts(site)][-3:] == ["block.raised", "block.changed", "block.lifted"]


async def test_a_measure_protects_a_household_is_extended_and_ended(site: Site) -> None:
    browser = await officer(site)
    typed = {"number": TARO, "starts": "2026-11-20", "whole": "yes"}
    done = await browser.fill("/restrictions", "/measures", typed)
    assert "支援措置を開始しました" in words_of(await browser.followed(done))
    listed = await browser.get("/restrictions")
    assert words_of(listed).count("◇ 仮支援措置") == 2
    links = sorted(set(re.findall(r"/office(/measures/S\w+)", listed.text)))
    done = await browser.fill(links[0], links[0], {"act": "confirm", "ends": "R9.11.19"})
    assert "本措置にしました" in words_of(await browser.followed(done))
    refused = await browser.fill(links[0], links[0], {"act": "extend", "ends": "R9.11.18"})
    assert "「終了予定日」を確かめてください" in words_of(refused)
    unsure = await browser.fill(links[0], links[0], {"act": "end"})
    assert (unsure.status_code, "何も変わっていません" in words_of(unsure)) == (422, True)
    done = await browser.fill(links[0], links[0], {"act": "end", "sure": "yes"})
    assert "支援措置を終了しました" in words_of(await browser.followed(done))


async def test_measures_are_for_those_in_charge_of_them(site: Site) -> None:
    site.tenant.personnel.revoke("s002-shien_sochi", done_by="o001")
    browser = await officer(site)
    csrf = form_of(await browser.get("/restrictions"), "/sign-out").fields["csrf"]
    for path in ("/measures", "/measures/m1"):
        answer = await site.client.post(f"/office{path}", data={"csrf": csrf, "number": TARO, "act": "end"})
        assert (answer.status_code, "支援措置責任者に依頼" in words_of(answer)) == (403, True)


async def test_two_officers_with_one_record_open_do_not_overwrite_each_other(site: Site) -> None:
    browser = await officer(site)
    form = form_of(await browser.get(f"/residents/{TARO}/edit"), "/edit")
    other = form_of(await browser.get(f"/residents/{TARO}/edit"), "/edit")
    done = await browser.send(form, ido_reason="転籍", honseki="みどり県あおぞら市泉町5番地")
    assert "異動を記録しました" in words_of(await browser.followed(done))
    refused = await browser.send(other, ido_reason="職権修正", honseki="みどり県あおぞら市泉町6番地")
    assert refused.status_code == 409
    assert "みどり県あおぞら市泉町6番地" in refused.text  # what was typed
    assert "いまの記録 みどり県あおぞら市泉町5番地" in words_of(refused)


async def test_a_new_resident_is_written_down_and_found(site: Site) -> None:
    browser = await officer(site)
    typed = {
        "ido_reason": "出生",
        "full_name": "渡邉　一",
        "furigana": "ワタナベ　ハジメ",
        "birth_text": "R8.11.19",
    }
    refused = await browser.fill("/residents/new", "/residents/new", typed)
    assert "「続柄」を確かめてください" in words_of(refused)
    more = {"relationship": "子", "address_town": "みどり県あおぞら市", "household_no": HOME}
    done = await browser.send(form_of(refused, "/residents/new"), **more)
    record = await browser.followed(done)
    assert "新しい住民を記載しました" in words_of(record)
    found = await browser.fill("/residents", "/residents", {"typed": "わたなべ はじめ"})
    assert "渡邉 一" in words_of(found)


async def test_a_terminal_is_revoked_and_a_token_enrols_another(site: Site) -> None:
    browser = await officer(site)
    told = await browser.fill("/terminals", "/token")
    token = re.search(r'id="token">(\w+)<', told.text)
    assert token is not None
    assert site.tenant.terminals.is_unused(token[1])
    assert token[1] not in (await browser.get("/terminals")).text
    form = form_of(await browser.get(f"/terminals/{site.terminal.number}/revocation"), "/revocation")
    for _ in range(2):
        answer = await browser.followed(await browser.send(form))
        assert "× 失効" in words_of(answer)
    refused = await site.terminal.call("GET", "/v1/snapshot")
    assert refused.json()["code"] == "terminal.revoked"


async def test_whatever_a_name_says_it_is_shown_as_text(site: Site) -> None:
    register = site.tenant.register
    with register.writing() as connection:
        row = register.row(connection, "resident", (CHO, 1)) or {}
        texts = {
            name: ANGRY
            for name, value in row.items()
            if isinstance(value, str)
            and name
            not in {
                "atena_no",
                "household_no",
                "birth_sort",
                "resident_since_sort",
                "residence_until",
                "status",
            }
        }
        register.commit(connection, "register", [put("resident", {**row, **texts})])
        block = {"block_id": "b1", "atena_no": CHO, "process": "issue", "level": "error", "reason": ANGRY}
        register.commit(connection, "blocks", [put("block", block)])
    with database.writing(site.tenant.engine) as connection:
        connection.execute(storage.terminal.update().values(name=ANGRY))
    payload = {
        "subject": CHO,
        "filer": ANGRY,
        "to": {"town": ANGRY, "banchi": ANGRY},
        "whole_household": True,
    }
    (sent,) = await site.terminal.send(site.terminal.tenkyo(payload))
    browser = await officer(site)
    pages = ["/intakes", f"/intakes/{sent['key']}", f"/residents/{CHO}", f"/residents/{CHO}/edit"]
    pages += ["/restrictions", "/blocks/b1", "/terminals", "/terminals/T0001"]
    answers = [await browser.get(page) for page in pages]
    answers.append(await browser.fill("/residents", "/residents", {"typed": ANGRY}))
    answers.append(await browser.fill("/residents", "/residents", {"typed": CHO}))
    answers.append(
        await browser.fill("/residents/new", "/residents/new", {"full_name": ANGRY, "ido_date": ANGRY})
    )
    for answer in answers:
        assert "&lt;script&gt;" in answer.text, answer.url
        assert {tag for tag, _ in read(answer).tags}.isdisjoint({"script", "iframe", "img", "svg"}), (
            answer.url
        )
        assert not [name for _, told in read(answer).tags for name in told if name.startswith("on")], (
            answer.url
        )
        assert "54439" not in re.sub(r"[0-9a-f-]{16,}", "", answer.text), answer.url


@pytest.mark.parametrize(
    "path",
    ["/../v1/clock", "/%2e%2e/%2e%2e/etc/passwd", "/style.css/../frame.py", "/intakes/../../keys/office.key"],
)
async def test_no_address_leads_to_a_file(site: Site, path: str) -> None:
    browser = await officer(site)
    answer = await browser.get(path)
    assert "root:" not in answer.text
    assert answer.content != (site.tenant.folder / "keys" / "office.key").read_bytes()
    for key in ("../../keys", "%00", "x' OR 1=1 --", "𠮷" * 100):
        for where in ("intakes", "residents", "blocks", "measures"):
            found = await site.client.get(httpx.URL(f"https://cloud.test/office/{where}/{key}"))
            assert found.status_code in {404, 422}, (where, key)


async def test_letters_no_database_keeps_are_refused_in_words(site: Site) -> None:
    browser = await officer(site)
    refused = await browser.fill("/residents", "/residents", {"typed": "a\0b"})
    assert (refused.status_code, "使えない文字" in words_of(refused)) == (422, True)


async def test_the_log_names_acts_and_keys_and_no_value_of_a_record(site: Site) -> None:
    browser = await officer(site)
    await browser.fill(f"/residents/{TARO}/edit", "/edit", {"manner": "correct", "full_name": "渡邊　太郎"})
    page = words_of(await browser.get("/log"))
    assert f"s002記載を修正{TARO}" in page
    assert "渡" not in page
