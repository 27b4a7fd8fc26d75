"""Residents are found by what clerks type; a protected address is in no answer."""

from datetime import date
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cloud.letters import is_reading, kana_key, name_key
from cloud.wareki import read_day, write_wareki
from tests.cloud.cloud_builders import CHO, HANAKO, HIDDEN_STREET, JIRO, KIMI, TARO, Site

pytestmark = pytest.mark.long


async def found(site: Site, typed: str, **more: Any) -> list[str]:
    asked = {"typed": typed, "limit": 50, "removed": False} | more
    answer = await site.terminal.call("POST", "/v1/residents/search", asked)
    assert answer.status_code == 200, answer.text
    return [hit["atena_no"] for hit in answer.json()["hits"]]


@pytest.mark.asyncio
@pytest.mark.parametrize(
    ("typed", "expected"),
    [
        ("わたなべ", [TARO, HANAKO]),
        ("ﾜﾀﾅﾍﾞ", [TARO, HANAKO]),
        ("ワタナヘ", [TARO, HANAKO]),
        ("たなべ", [TARO, HANAKO]),  # inside the name
        ("わた はな", [HANAKO]),
        ("たな なこ", [HANAKO]),
        ("はなこ わたなべ", [HANAKO]),
        ("わたなべ 1985-12-26", [HANAKO]),
        ("の", [HANAKO]),
        ("わたなべたろ", [TARO]),
        ("タロー", [TARO]),
        ("おおの", [HANAKO]),  # former surname
        ("渡辺", [TARO, HANAKO]),  # a variant
        ("渡邉󠄐太郎", [TARO]),
        ("邊 花", [HANAKO]),
        ("渡 はなこ", [HANAKO]),
        ("高島", [KIMI]),
        ("zhang", [CHO]),
        ("Yulin", [CHO]),
        ("玉蓮", [CHO]),
        ("S58.4.12", [KIMI, TARO]),
        ("昭和60年12月26日", [HANAKO]),
        ("19900412", [CHO]),
        ("2020412", []),
        (TARO, [TARO]),
        ("１０００００００１４", [TARO]),
        ("%", []),
        ("_", []),
        ("", []),
        ("　", []),
        ("小野", []),  # moved away
    ],
)
async def test_residents_are_found_in_kana_order(site: Site, typed: str, expected: list[str]) -> None:
    await site.terminal.sign_in()
    hits = await found(site, typed)
    assert hits == expected


@pytest.mark.asyncio
async def test_the_order_is_that_of_the_readings_and_the_limit_holds(site: Site) -> None:
    await site.terminal.sign_in()
    assert await found(site, "ナ") == [TARO, HANAKO]
    assert await found(site, "ナ", limit=1) == [TARO]


@pytest.mark.asyncio
async def test_removed_residents_are_found_when_asked_for(site: Site) -> None:
    await site.terminal.sign_in()
    assert await found(site, "おの") == [HANAKO]  # inside her former name
    assert await found(site, "おの", removed=True) == [JIRO, HANAKO]


@pytest.mark.asyncio
async def test_a_protected_address_is_in_no_answer_to_search(site: Site) -> None:
    await site.terminal.sign_in()
    for typed in ("たかしま", "高島", KIMI, "S58.4.12", HIDDEN_STREET, "2000000028"):
        asked = {"typed": typed, "limit": 200, "removed": True}
        answer = await site.terminal.call("POST", "/v1/residents/search", asked)
        assert HIDDEN_STREET not in answer.text
        for hit in answer.json()["hits"]:
            if hit["atena_no"] == KIMI:
                assert (hit["address"], hit["protected"]) == (None, True)
            else:
                assert hit["address"]


@pytest.mark.asyncio
async def test_a_block_is_seen_at_once(site: Site) -> None:
    from cloud.register import put

    await site.terminal.sign_in()
    block = {"block_id": "b1", "atena_no": TARO, "process": "issue", "level": "error", "reason": "調査中"}
    with site.tenant.register.writing() as connection:
        site.tenant.register.commit(connection, "blocks", [put("block", block)])
    answer = await site.terminal.call("POST", "/v1/residents/search", {"typed": "渡辺", "limit": 9})
    assert {hit["atena_no"]: hit["blocked"] for hit in answer.json()["hits"]} == {TARO: True, HANAKO: False}
    assert answer.json()["as_of"] == {
        "register_version": 1,
        "blocks_version": 2,
        "at": "2026-11-20T05:00:00Z",
    }


@pytest.mark.asyncio
async def test_a_household_comes_in_its_stored_order_and_a_removed_resident_alone(site: Site) -> None:
    await site.terminal.sign_in()
    household = (await site.terminal.call("GET", f"/v1/residents/{HANAKO}/household")).json()["rows"]
    assert [(row["atena_no"], row["history_no"]) for row in household] == [(TARO, 2), (HANAKO, 1)]
    alone = (await site.terminal.call("GET", f"/v1/residents/{JIRO}/household")).json()["rows"]
    assert [row["atena_no"] for row in alone] == [JIRO]
    history = (await site.terminal.call("GET", f"/v1/residents/{TARO}/history")).json()["rows"]
    assert [row["history_no"] for row in history] == [1, 2]
    assert (await site.terminal.call("GET", "/v1/residents/12/household")).json()[
        "code"
    ] == "refused.not_found"
    assert (await site.terminal.call("GET", "/v1/residents/12/history")).status_code == 404


@pytest.mark.parametrize(
    ("typed", "key"),
    [
        ("渡辺", "渡辺"),
        ("わたなべ", "ハタナヘ"),
        ("ワタナベ", "ハタナヘ"),
        ("ﾜﾀﾅﾍﾞ", "ハタナヘ"),
        ("オオノ", "オオノ"),
        ("おうの", "オオノ"),
        ("オーノ", "オオノ"),
        ("オノ", "オノ"),
        ("ヴァイオリン", "ハイオリン"),
        ("しょう　た", "シヨオタ"),
    ],
)
def test_readings_fold_to_their_keys(typed: str, key: str) -> None:
    assert kana_key(typed) == key


@given(st.text(alphabet="あいうえおかがきぎっゃゅょわをんーぱばは ゔ", max_size=12))
def test_hiragana_and_katakana_have_one_key_and_folding_is_final(text: str) -> None:
    katakana = "".join(chr(ord(letter) + 0x60) if "ぁ" <= letter <= "ゖ" else letter for letter in text)
    assert kana_key(text) == kana_key(katakana)
    assert kana_key(kana_key(text)) == kana_key(text)


def test_variants_and_selectors_have_one_key() -> None:
    assert name_key("渡邉󠄐　太郎") == name_key("渡邊太郎") == name_key("渡辺 太郎")
    assert name_key("𠮷田") == name_key("吉田")
    assert name_key("ＺＨＡＮＧ") == "ZHANG"
    assert is_reading("わたナベ ー")
    assert not is_reading("渡べ")
    assert is_reading("ー")  # of no sound: as such it finds nobody


@given(st.dates(min_value=date(1873, 1, 1), max_value=date(2100, 1, 1)))
def test_a_day_written_by_the_register_is_read_back(day: date) -> None:
    assert read_day(write_wareki(day)) == day


@pytest.mark.parametrize(
    ("typed", "day"),
    [
        ("3551226", date(1980, 12, 26)),
        ("明治45年7月30日", date(1912, 7, 30)),
        ("大正元年7月30日", date(1912, 7, 30)),
        ("大正15年12月25日", date(1926, 12, 25)),
        ("昭和６４年１月７日", date(1989, 1, 7)),
        ("昭和64年1月8日", None),
        ("平成31年5月1日", None),
        ("1980-12-26", date(1980, 12, 26)),
        ("1980-02-30", None),
        ("80.12.26", None),
        ("渡辺", None),
    ],
)
def test_days_are_read_as_typed(typed: str, day: date | None) -> None:
    assert read_day(typed) == day
