"""Every kind of intake in the office's page: told in Japanese, decided there, with rows where no rule writes them."""

from collections.abc import Iterator
from typing import Any, Literal, get_args, get_origin

import httpx
import msgspec
import pytest

from cloud.leases import Holder
from cloud.office.notified import label_of
from cloud.office.texts import texts, why
from cloud.payloads.kinds import FACTS, REQUESTS
from tests.cloud.cloud_builders import HANAKO, HOME, KIMI, OTHER_HOME, TARO, Site
from tests.cloud.intake_builders import (
    CHILD,
    DAY,
    NEW,
    PAST,
    PAYLOADS,
    a_newcomer,
    newest,
    request,
    rows,
    stand,
    taken,
    tennyu,
)
from tests.cloud.office_builders import SEE_OTHER, Browser, acts, form_of, officer, words_of

pytestmark = [pytest.mark.asyncio, pytest.mark.long]
KINDS = {**REQUESTS, **FACTS}


def structs_in(kind: Any) -> Iterator[type[msgspec.Struct]]:
    """Yield a payload's type and every one that stands in it."""
    if isinstance(kind, type) and issubclass(kind, msgspec.Struct):
        yield kind
        for field in msgspec.structs.fields(kind):
            yield from structs_in(field.type)
    for inner in get_args(kind):
        yield from structs_in(inner)


def codes_in(kind: Any) -> Iterator[str]:
    if get_origin(kind) is Literal:
        yield from (one for one in get_args(kind) if isinstance(one, str))
    else:
        for inner in get_args(kind):
            yield from codes_in(inner)


@pytest.mark.parametrize("kind", KINDS)
async def test_every_field_of_every_kind_has_a_japanese_name(kind: str) -> None:
    assert not texts()["kind"][kind].isascii()
    for struct in structs_in(KINDS[kind]):
        for field in msgspec.structs.fields(struct):
            label = label_of(kind, field.encode_name)
            assert not label.isascii(), f"{struct.__name__}.{field.encode_name}"
            for code in codes_in(field.type):
                told = texts()["choice"].get(f"{field.encode_name}.{code}", code)
                assert not told.isascii(), f"{struct.__name__}.{field.encode_name}: {code}"


@pytest.mark.parametrize(
    "code", ["incomplete", "serial_twice", "one_officer", "bad_key", "malformed", "died_on", "members"]
)
async def test_why_something_cannot_stand_is_told_in_japanese(code: str) -> None:
    assert not why(code).isascii()
    assert code not in why(code)


async def decide(browser: Browser, key: str, **typed: str) -> httpx.Response:
    return await browser.fill(f"/intakes/{key}", "/decision", {"decision": "register", **typed})


async def registered(browser: Browser, key: str, **typed: str) -> str:
    done = words_of(await browser.followed(await decide(browser, key, **typed)))
    assert "本登録しました" in done, done
    return done


def prepare(site: Site, kind: str) -> None:
    if kind == "todoke.setai_henko":
        return
    if kind == "nhi.acquire":
        stand(site, "nhi_member", {"atena_no": TARO, "acquired": "2020-04-01", "lost": "2021-04-01"})


ROWS = {
    "todoke.setai_henko": {
        f"row.{HANAKO}.relationship": "世帯主",
        f"row.{TARO}.relationship": "夫",
    },
    "nhi.acquire": {f"row.{TARO}.symbol": "あお", f"row.{TARO}.number": "1234567"},
    "seal.register": {f"row.{TARO}.registration_no": "1000009"},
}


@pytest.mark.parametrize("kind", PAYLOADS)
async def test_an_intake_of_every_kind_is_reviewed_and_registered(site: Site, kind: str) -> None:
    prepare(site, kind)
    more = {"subject": HANAKO} if kind.startswith("seal.") and kind != "seal.register" else {}
    key = await taken(site, request(site.terminal, kind, **more))
    browser = await officer(site)
    page = await browser.get(f"/intakes/{key}")
    assert texts()["kind"][kind] in words_of(page)
    assert kind not in page.text
    assert not [name for name in PAYLOADS[kind] if f"<dt>{name}</dt>" in page.text]
    await registered(browser, key, **ROWS.get(kind, {}))
    assert acts(site)[-2][1] == "intake.registered"


async def test_a_newcomer_is_shown_by_what_was_notified_and_then_by_the_number_given(site: Site) -> None:
    joins = a_newcomer(CHILD, full_name="大野　一", relationship="子", birth_date="2020-01-05")
    key = await taken(site, tennyu(site.terminal, a_newcomer(), joins))
    browser = await officer(site)
    assert "大野󠄀 君代" in words_of(await browser.get("/intakes"))
    page = await browser.get(f"/intakes/{key}")
    shown = words_of(page)
    for told in ("転入する人（1）", "大野󠄀 君代", "大野 一", "平成2年4月12日", "紙の転出証明書あり", "封緘"):
        assert told in shown
    assert NEW not in page.text
    assert "c2VhbGVk" not in page.text  # what is sealed stays so
    done = await registered(browser, key)
    number = next(row["atena_no"] for row in rows(site, "resident") if row["full_name"] == "大野󠄀　君代")
    assert f"宛名番号が付きました大野󠄀 君代：{number}" in done
    assert number in words_of(await browser.get("/intakes?state=registered"))


async def test_of_a_birth_the_number_given_is_told(site: Site) -> None:
    child = a_newcomer(NEW, full_name="渡邉　一", relationship="子", birth_date=PAST)
    payload = {"subject": NEW, "todoke_date": DAY, "child": child, "parent": TARO}
    command = site.terminal.command("todoke.birth", payload, residents=[NEW, TARO], base={TARO: 2})
    key = await taken(site, command)
    browser = await officer(site)
    shown = words_of(await browser.get(f"/intakes/{key}"))
    for told in ("出生届の審査", "生まれた子", "渡邉 一", f"父または母渡邉󠄐 太郎（{TARO}）"):
        assert told in shown
    assert "宛名番号が付きました" in await registered(browser, key)


async def test_what_waits_for_a_newcomer_says_so_and_is_refused_in_words(site: Site) -> None:
    await taken(site, tennyu(site.terminal))
    payload = {"subject": NEW, "members": [NEW], "todoke_date": DAY, "acquired": PAST, "reason": "転入"}
    key = await taken(site, site.terminal.command("nhi.acquire", payload, residents=[NEW]))
    browser = await officer(site)
    assert "大野󠄀 君代には、まだ宛名番号がありません" in words_of(await browser.get(f"/intakes/{key}"))
    refused = await decide(browser, key)
    assert "先にその届出を処理してください" in words_of(refused)


async def test_a_sheltered_household_that_is_joined_keeps_its_place_hidden(site: Site) -> None:
    key = await taken(site, tennyu(site.terminal, joins=OTHER_HOME, to={"town": "隠れ町", "banchi": "7番"}))
    browser = await officer(site)
    hidden = await browser.get(f"/intakes/{key}")
    assert "隠れ町" not in hidden.text
    assert "隠れ町" in (await browser.fill(f"/intakes/{key}", "/address")).text


async def test_a_memo_about_nobody_here_is_decided_without_a_number(site: Site) -> None:
    nobody = "p:019a9f6e-5b1c-7c3a-9c55-0a4b5a1f7d77"
    key = await taken(site, request(site.terminal, "koseki.memo", subject=nobody, members=[]))
    browser = await officer(site)
    shown = words_of(await browser.get(f"/intakes/{key}"))
    for told in ("この町の住民でない人", "死亡届1通", "令和8年11月20日 13:30", "住民票の記録はありません"):
        assert told in shown
    assert "宛名番号" not in shown
    assert "住民票の記録なし" in words_of(await browser.get("/intakes"))
    await registered(browser, key)


async def test_what_waits_for_a_newcomer_is_listed_under_the_number_once_there_is_one(site: Site) -> None:
    arrival = await taken(site, tennyu(site.terminal))
    await taken(site, request(site.terminal, "tax.reduction", subject=NEW))
    browser = await officer(site)
    assert words_of(await browser.get("/intakes")).count("まだ宛名番号なし") == 2
    await registered(browser, arrival)
    number = next(row["atena_no"] for row in rows(site, "resident") if row["full_name"] == "大野󠄀　君代")
    listed = words_of(await browser.get("/intakes?state=received"))
    assert ("まだ宛名番号なし" in listed, f"大野󠄀 君代{number}" in listed) == (False, True), listed


async def test_a_change_of_contacts_is_told_in_words(site: Site) -> None:
    key = await taken(site, request(site.terminal, "contact.change"))
    shown = words_of(await (await officer(site)).get(f"/intakes/{key}"))
    for told in (
        "電話：番号090-0010-0001",
        "電話：種類携帯",
        "送付先：開始日令和8年12月1日",
        "これまでの送付先をやめるはい",
    ):
        assert told in shown, shown


@pytest.mark.parametrize(
    "kind",
    [
        *("disaster.application", "todoke.tenshutsu", "shien_sochi.application"),
        *("contact.change", "nhi.change", "koseki.memo"),
    ],
)
async def test_no_place_of_a_sheltered_person_is_told_in_any_kind(site: Site, kind: str) -> None:
    more: dict[str, Any] = {"subject": KIMI, "filer": "本人"}
    more |= {"members": [KIMI]} if kind not in {"disaster.application", "contact.change"} else {}
    places: dict[str, dict[str, Any]] = {
        "disaster.application": {"place": "隠れ町7番", "contact": "隠れ町7番"},
        "todoke.tenshutsu": {"to": "隠れ町7番"},
        "shien_sochi.application": {"first_town": "隠れ町7番"},
        "nhi.change": {"memo": "隠れ町7番に転居"},
        "koseki.memo": {"contact": "隠れ町7番"},
        "contact.change": {
            "delivery": {"addressee": "x", "place": {"town": "隠れ町", "banchi": "7番"}, "from": DAY}
        },
    }
    key = await taken(site, request(site.terminal, kind, **more | places[kind]))
    browser = await officer(site)
    assert "隠れ町" not in (await browser.get(f"/intakes/{key}")).text
    assert "隠れ町" in (await browser.fill(f"/intakes/{key}", "/address")).text


async def test_a_new_householder_is_typed_and_everybody_of_the_household_follows(site: Site) -> None:
    key = await taken(site, request(site.terminal, "todoke.setai_henko", householder=HANAKO))
    browser = await officer(site)
    form = form_of(await browser.get(f"/intakes/{key}"), "/decision")
    assert form.fields[f"row.{HANAKO}.relationship"] == "世帯主"
    assert form.fields[f"row.{TARO}.relationship"] == ""
    refused = await browser.send(form, decision="register")
    assert "「渡邉󠄐 太郎 続柄」を確かめてください" in words_of(refused)
    refused = await browser.send(form, decision="register", **{f"row.{TARO}.relationship": "世帯主"})
    assert "「世帯主」の人をちょうど1人に" in words_of(refused)
    await registered(browser, key, **{f"row.{TARO}.relationship": "夫"})
    taro, hanako = newest(site, TARO), newest(site, HANAKO)
    assert (taro["history_no"], taro["relationship"], taro["householder_name"]) == (3, "夫", "渡邉󠄐　花子")
    assert (hanako["relationship"], hanako["ido_reason"], hanako["ido_date"]) == (
        "世帯主",
        "世帯主変更",
        PAST,
    )
    assert (hanako["household_no"], hanako["ido_todoke_date"]) == (HOME, DAY)


async def test_a_household_is_parted_into_a_new_one(site: Site) -> None:
    payload = {"subject": HANAKO, "members": [HANAKO], "what": "bunri"}
    key = await taken(site, request(site.terminal, "todoke.setai_henko", **payload))
    browser = await officer(site)
    await registered(browser, key)
    hanako = newest(site, HANAKO)
    assert hanako["household_no"] not in {HOME, OTHER_HOME, ""}
    assert (hanako["order_no"], hanako["householder_name"]) == (1, "渡邉󠄐　花子")
    assert newest(site, TARO)["history_no"] == 2, "who stays as he was has no new record"


@pytest.mark.parametrize(
    ("typed", "says"),
    [
        ({f"row.{TARO}.household_no": OTHER_HOME}, "関係する世帯の番号か、空欄"),
        ({f"row.{TARO}.order_no": "2"}, "「世帯内の順」が重なって"),
        ({f"row.{TARO}.order_no": "一"}, "「渡邉󠄐 太郎 世帯内の順」を確かめて"),
        (
            {f"row.{TARO}.relationship": "世帯主", f"row.{HANAKO}.relationship": "妻"},
            "変わるところがありません",
        ),
    ],
)
async def test_what_makes_no_household_is_refused_in_words(
    site: Site, typed: dict[str, str], says: str
) -> None:
    key = await taken(site, request(site.terminal, "todoke.setai_henko"))
    browser = await officer(site)
    both = {f"row.{TARO}.relationship": "夫", f"row.{HANAKO}.relationship": "世帯主"}
    refused = await decide(browser, key, **both | typed)
    assert (refused.status_code, says in words_of(refused)) == (422, True), words_of(refused)
    assert newest(site, TARO)["history_no"] == 2


async def test_a_record_that_changed_since_the_form_was_shown_is_not_overwritten(site: Site) -> None:
    from datetime import date

    from cloud.office.desk import desk_of
    from cloud.office.log import By
    from cloud.office.residents import Ido

    key = await taken(site, request(site.terminal, "todoke.setai_henko"))
    browser = await officer(site)
    form = form_of(await browser.get(f"/intakes/{key}"), "/decision")
    desk_of(site.tenant).residents.change(
        By("s002"), TARO, {"remarks": "x"}, Ido("職権修正", date(2026, 11, 20))
    )
    refused = await browser.send(form, decision="register", **ROWS["todoke.setai_henko"])
    assert (refused.status_code, "記録が変わって" in words_of(refused)) == (409, True)
    assert newest(site, TARO)["history_no"] == 3


async def test_a_membership_is_typed_and_nobody_is_a_member_twice(site: Site) -> None:
    stand(site, "nhi_member", {"atena_no": TARO, "acquired": "2020-04-01", "lost": "2021-04-01"})
    stand(
        site,
        "nhi_member",
        {"atena_no": HANAKO, "acquired": "2020-04-01", "symbol": "あお", "number": "77", "branch": "03"},
    )
    key = await taken(site, request(site.terminal, "nhi.acquire"))
    twice = await taken(site, request(site.terminal, "nhi.acquire", acquired=DAY))
    browser = await officer(site)
    form = form_of(await browser.get(f"/intakes/{key}"), "/decision")
    told = {
        name: form.fields[f"row.{TARO}.{name}"]
        for name in ("symbol", "number", "branch", "householder_atena_no")
    }
    assert told == {"symbol": "あお", "number": "77", "branch": "04", "householder_atena_no": TARO}
    refused = await browser.send(form, decision="register", **{f"row.{TARO}.acquired": "きのう"})
    assert "「渡邉󠄐 太郎 資格を取得した日」を確かめて" in words_of(refused)
    await registered(browser, key, **{f"row.{TARO}.acquired": "R8.11.18", f"row.{TARO}.burden": "2"})
    (row,) = [one for one in rows(site, "nhi_member") if one["atena_no"] == TARO and "lost" not in one]
    assert (row["acquired"], row["acquired_reason"], row["burden"]) == (PAST, "社保離脱", 2)
    refused = await decide(browser, twice)
    assert "すでに国民健康保険に加入している" in words_of(refused)


async def test_a_seal_is_looked_at_and_registered_under_a_number_of_its_own(site: Site) -> None:
    key = await taken(site, request(site.terminal, "seal.register"))
    browser = await officer(site)
    page = await browser.get(f"/intakes/{key}")
    assert f'src="/office/intakes/{key}/seal.png"' in page.text
    image = await browser.get(f"/intakes/{key}/seal.png")
    assert (image.content, image.headers["content-type"]) == (b"\x89PNG", "image/png")
    assert "「渡邉󠄐 太郎 登録番号」を確かめて" in words_of(await decide(browser, key))
    taken_no = {f"row.{TARO}.registration_no": "1000003"}
    assert "すでに使われています" in words_of(await decide(browser, key, **taken_no))
    await registered(browser, key, **{f"row.{TARO}.registration_no": "1000009"})
    (row,) = [one for one in rows(site, "seal_registration") if one["atena_no"] == TARO]
    assert (row["registration_no"], row["registered"], row["image"]) == ("1000009", DAY, b"\x89PNG")


async def test_a_seal_without_an_image_is_not_registered(site: Site) -> None:
    payload = {"subject": TARO, "todoke_date": DAY, "registered_name": "渡邉　太郎", "identity": "photo"}
    command = site.terminal.command("seal.register", payload, residents=[TARO], base={TARO: 2})
    key = await taken(site, command)
    browser = await officer(site)
    assert (await browser.get(f"/intakes/{key}/seal.png")).status_code == 404
    refused = await decide(browser, key, **{f"row.{TARO}.registration_no": "1000009"})
    assert "印影が付いていません" in words_of(refused)


async def test_who_else_edits_is_told_and_the_own_lease_is_not(site: Site) -> None:
    key = await taken(site, site.terminal.tenkyo({"subject": HANAKO}))
    browser = await officer(site)
    holder = Holder("s001", "山﨑　美咲", "市民課", "T0001")
    held = site.tenant.leases.take(HANAKO, holder)
    told = f"山﨑 美咲さん（市民課、端末 T0001）が、宛名番号 {HANAKO} の記録を編集中です（14:06まで）"
    assert told in words_of(await browser.get(f"/intakes/{key}"))
    refused = await decide(browser, key)
    assert (refused.status_code, "14:06まで" in words_of(refused)) == (409, True)
    assert "山﨑 美咲さん（市民課、端末 T0001）" in words_of(refused)
    site.tenant.leases.give_back(HANAKO, held.token)
    assert (await browser.fill(f"/intakes/{key}", "/reviewing")).status_code == SEE_OTHER
    assert "編集中" not in words_of(await browser.get(f"/intakes/{key}"))
    at_counter = await site.terminal.sign_in()
    assert at_counter.status_code == httpx.codes.CREATED
    lease = (await site.terminal.call("POST", f"/v1/residents/{HANAKO}/lease", {})).json()
    assert (lease["by"], lease["section"]) == ("髙島　健一", "市民課")
