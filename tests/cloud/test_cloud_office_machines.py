"""端末 and 隔離 in the office's pages: how each terminal is, what it is ordered, what was put aside."""

from datetime import timedelta
from typing import Any

import httpx
import pytest

from cloud.clock import stamp
from cloud.office.terminals import health_of
from cloud.terminal_states import TerminalLine, Told
from tests.cloud.cloud_builders import HIDDEN_STREET, KIMI, START, TARO, Site, Terminal
from tests.cloud.office_builders import Browser, acts, form_of, officer, words_of

pytestmark = pytest.mark.asyncio
AT = stamp(START)


def a_line(**more: Any) -> TerminalLine:
    told = {"program": "1.2.0", "register_version": 5, "blocks_version": 3, "waiting": 0}
    told |= {"oldest_waiting": None, "clock_offset_ms": 0}
    facts: dict[str, Any] = {
        "terminal_no": "T0001",
        "name": "本庁1",
        "enrolled_at": AT,
        "revoked_since": None,
    }
    facts |= {"told_at": AT, "open_orders": 0}
    word = more.pop("told", told)
    return TerminalLine(
        **facts | {n: v for n, v in more.items() if n in facts},
        told=word and Told(**{**word, **{n: v for n, v in more.items() if n in told}}),
    )


@pytest.mark.parametrize(
    ("more", "signs"),
    [
        ({}, ["good"]),
        ({"told_at": None, "told": None}, ["never"]),
        ({"told_at": stamp(START - timedelta(hours=23, minutes=59))}, ["good"]),
        ({"told_at": stamp(START - timedelta(hours=24))}, ["silent"]),
        ({"blocks_version": 2}, ["behind"]),
        ({"register_version": 99}, ["ahead"]),
        ({"register_version": None, "blocks_version": None}, ["good"]),
        ({"waiting": 3, "oldest_waiting": stamp(START - timedelta(minutes=59))}, ["good"]),
        ({"waiting": 3, "oldest_waiting": stamp(START - timedelta(hours=1))}, ["waiting"]),
        ({"clock_offset_ms": -300_001}, ["skew"]),
        ({"open_orders": 1}, ["orders"]),
        ({"revoked_since": AT, "open_orders": 1, "blocks_version": 1}, ["revoked", "orders"]),
    ],
)
async def test_what_is_to_be_seen_about_a_terminal(more: dict[str, Any], signs: list[str]) -> None:
    assert list(health_of(a_line(**more), {"register": 5, "blocks": 3}, START).signs) == signs


async def tells(site: Site, **more: object) -> None:
    state = {
        "program": "1.2.0",
        "register_version": 1,
        "blocks_version": 1,
        "waiting": 0,
        "clock_offset_ms": 0,
    }
    answer = await site.terminal.call("PUT", "/v1/terminals/self/state", state | more)
    assert answer.status_code in {200, 204}, answer.text


async def test_the_list_tells_how_old_and_how_far_behind_each_terminal_is(site: Site) -> None:
    browser = await officer(site)
    assert "○ まだ連絡なし" in words_of(await browser.get("/terminals"))
    await tells(site, waiting=2, oldest_waiting=stamp(site.clock() - timedelta(hours=3)))
    site.tenant.personnel.grant("cash", START.date(), staff_id="s009", done_by="o001")
    page = words_of(await browser.get("/terminals"))
    for told in ("▲ 更新待ち", "1版 遅れ", "◎ 1時間以上の送信待ち", "2件最も古いもの 3時間前", "1.2.0"):
        assert told in page
    site.clock.forward(hours=25)
    browser = await officer(site)
    assert "■ 24時間以上連絡なし" in words_of(await browser.get("/terminals"))


async def test_orders_are_given_on_the_terminals_page_and_what_became_of_them_is_told(site: Site) -> None:
    browser, page = await officer(site), f"/terminals/{site.terminal.number}"
    for kind, said in (("lock", "ロックを指示"), ("unlock", "解除を指示"), ("reenrol", "再登録を指示")):
        form = form_of(await browser.get(page), "/orders")
        for _ in range(2):  # a double click
            assert said in words_of(await browser.followed(await browser.send(form, order=kind)))
    assert "◇ 未実行の指示" in words_of(await browser.get(page))
    given = (await site.terminal.call("GET", "/v1/orders")).json()["orders"]
    assert len(given) == 3
    order_id = site.tenant.orders.given(site.terminal.number)[-1]["order_id"]
    await site.terminal.call("POST", f"/v1/orders/{order_id}/done", {"result": "done"})
    assert "● 実行した" in words_of(await browser.get(page))
    assert [what for _, what, _ in acts(site)][-3:] == [
        "terminal.lock",
        "terminal.unlock",
        "terminal.reenrol",
    ]


async def test_a_wipe_is_asked_once_more(site: Site) -> None:
    browser, page = await officer(site), f"/terminals/{site.terminal.number}"
    assert 'value="wipe"' not in (await browser.get(page)).text
    asked = await browser.get(f"{page}/wipe")
    assert "元に戻せません" in words_of(asked)
    done = await browser.send(form_of(asked, "/orders"), order="wipe")
    assert "消去を指示しました" in words_of(await browser.followed(done))
    (order,) = site.tenant.orders.given(site.terminal.number)
    assert (order["kind"], order["made_by"]) == ("wipe", "s002")


async def test_no_order_but_those_of_the_page_is_given(site: Site) -> None:
    browser, page = await officer(site), f"/terminals/{site.terminal.number}"
    form = form_of(await browser.get(page), "/orders")
    for kind in ("policy", "", "explode"):
        assert (await browser.send(form, order=kind)).status_code == 404
    for path in ("/terminals/T9999", f"{page}/lock", "/terminals/T9999/wipe"):
        assert (await browser.get(path)).status_code == 404
    assert site.tenant.orders.given(site.terminal.number) == []


async def put_aside(site: Site, *, subject: str = TARO) -> Terminal:
    """Let a revoked terminal hand over a request; returns it."""
    gone = await site.another_terminal()
    await site.office("POST", f"/terminals/{gone.number}/revocation")
    payload = {"subject": subject, "whole_household": True}
    await site.terminal.send(gone.tenkyo(payload, base={subject: 2 if subject == TARO else 1}))
    return gone


async def item_page(site: Site, browser: Browser, state: str = "kept") -> str:
    (item,) = site.tenant.quarantine.items(state)
    return f"/quarantine/{item['item_id']}"


async def test_what_was_put_aside_is_listed_opened_and_let_in(site: Site) -> None:
    gone = await put_aside(site)
    browser = await officer(site)
    listed = words_of(await browser.get("/quarantine"))
    for told in ("未処理 1件", "転居届", gone.number, "失効した端末から届いた"):
        assert told in listed
    page = await item_page(site, browser)
    assert "泉荘101" not in words_of(await browser.get(page))
    opened = words_of(await browser.fill(page, "/opening"))
    assert "新しい住所：方書泉荘101" in opened
    assert acts(site)[-1] == ("s002", "quarantine.opened", page.rpartition("/")[2])
    form = form_of(await browser.get(page), "/release")
    for _ in range(2):
        assert "取り込みました" in words_of(await browser.followed(await browser.send(form)))
    assert "転居届" in words_of(await browser.get("/intakes"))
    assert "取り込み済み 1件" in words_of(await browser.get("/quarantine"))


async def test_what_cannot_be_let_in_says_why_and_is_put_away_with_a_reason(site: Site) -> None:
    await put_aside(site)
    browser = await officer(site)
    site.tenant.personnel.suspend("s009", done_by="o001")
    page = await item_page(site, browser)
    form = form_of(await browser.get(page), "/release")
    from cloud.office.desk import desk_of
    from cloud.office.log import By

    desk_of(site.tenant).residents.change(By("s002"), TARO, {"remarks": "x"}, _ido())
    refused = await browser.send(form)
    assert "取り込めません：その後に記録が変わっている" in words_of(refused)
    refused = await browser.fill(page, "/dismissal")
    assert (refused.status_code, "「理由」を確かめてください" in words_of(refused)) == (422, True)
    done = await browser.fill(page, "/dismissal", {"reason": "紙で受け直した"})
    shown = words_of(await browser.followed(done))
    for told in ("× 却下", "紙で受け直した"):
        assert told in shown
    assert (await browser.get("/quarantine/nothing")).status_code == 404


def _ido() -> Any:
    from datetime import date

    from cloud.office.residents import Ido

    return Ido("職権修正", date(2026, 11, 20))


async def test_of_a_sheltered_person_no_place_is_shown_there_either(site: Site) -> None:
    await put_aside(site, subject=KIMI)
    browser = await officer(site)
    page = await item_page(site, browser)
    opened = await browser.fill(page, "/opening")
    assert "非表示" in words_of(opened)
    assert "泉荘" not in opened.text
    assert HIDDEN_STREET not in opened.text


async def test_a_gap_in_a_journal_is_told(site: Site) -> None:
    browser = await officer(site)
    assert "届いた分は途切れていません" in words_of(await browser.get("/quarantine"))
    fact, _ = site.terminal.journal(4, 2, bytes(32))
    await site.terminal.send(fact)
    page = words_of(await browser.get("/quarantine"))
    assert f"{site.terminal.number}▲ 途中が届いていない1～3" in page


async def test_whatever_came_is_shown_as_text(site: Site) -> None:
    angry = "<script>alert(1)</script>"
    await site.terminal.send({"key": angry, "kind": angry, "sealed": angry})
    await site.terminal.send({"key": "?", "kind": "fact.issued", "sealed": angry})
    browser = await officer(site)
    for item in site.tenant.quarantine.items():
        page = f"/quarantine/{item['item_id']}"
        for answer in (await browser.get("/quarantine"), await browser.fill(page, "/opening")):
            assert answer.status_code == httpx.codes.OK
            assert "<script" not in answer.text


async def test_what_is_nested_without_end_or_no_text_is_shown_as_sealed(site: Site) -> None:
    deep: dict[str, Any] = {}
    for _ in range(60):
        deep = {"x": deep or 1}
    gone = await site.another_terminal()
    await site.office("POST", f"/terminals/{gone.number}/revocation")
    await gone.send(gone.command("fact.issued", {"serial": b"\xff", "facts": {"x": [deep]}, "to": deep}))
    browser = await officer(site)
    opened = await browser.fill(await item_page(site, browser), "/opening")
    assert (opened.status_code, "封緘されています" in words_of(opened)) == (200, True)
