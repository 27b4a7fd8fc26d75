"""Everything a search can be asked: fields of a form, how names are compared, the past; and the index kept beside it."""

from typing import Any

import pytest
import sqlalchemy as sa

from cloud import storage
from cloud.register import put, remove
from cloud.residents import search
from cloud.search_index import index_town
from cloud.search_words import Asked
from tests.cloud.cloud_builders import CHO, CODE, HANAKO, HIDDEN_STREET, JIRO, KIMI, TARO, Site, a_resident

pytestmark = pytest.mark.long

PLACED = "みどり県あおぞら市葛󠄂城町一丁目"


async def found(site: Site, **asked: Any) -> list[str]:
    answer = await site.terminal.call("POST", "/v1/residents/search", {"typed": ""} | asked)
    assert answer.status_code == 200, answer.text
    return [hit["atena_no"] for hit in answer.json()["hits"]]


@pytest.mark.asyncio
@pytest.mark.parametrize(
    ("asked", "expected"),
    [
        ({"name": "わたなべ"}, [TARO, HANAKO]),
        ({"name": "わたなべ", "sex": "女"}, [HANAKO]),
        ({"name": "わたなべ", "sex": "f"}, [HANAKO]),
        ({"name": "たなべ", "match": "prefix"}, []),
        ({"name": "わたなべ", "match": "prefix"}, [TARO, HANAKO]),
        ({"name": "わたなべ", "match": "exact"}, []),
        ({"name": "わたなべ　はなこ", "match": "infix"}, [HANAKO]),
        ({"name": "わたなべはなこ", "match": "exact"}, [HANAKO]),
        ({"name": "渡辺花子", "match": "exact"}, [HANAKO]),
        ({"birth": "S60"}, [HANAKO]),
        ({"birth": "1985-12"}, [HANAKO]),
        ({"birth": "S58", "name": "わたなべ"}, [TARO]),
        ({"birth": "12月26日"}, [HANAKO]),
        ({"birth": "いつか", "name": "わたなべ"}, []),  # what cannot be read finds nobody, not everybody
        ({"number": "？"}, []),
        ({"place": "、"}, []),
        ({"name": "ー"}, []),
        ({"number": TARO}, [TARO]),
        ({"number": "2000000010"}, [TARO, HANAKO]),
        ({"number": TARO[:5]}, []),
        ({"place": "葛城町１－２－３"}, [CHO, TARO, HANAKO]),
        ({"place": "葛城町一丁目"}, [CHO, TARO, HANAKO]),
        ({"place": "城町1 2番"}, [CHO, TARO, HANAKO]),
        ({"place": "葛城町2"}, []),
        ({"place": "1番1号"}, []),
        ({"place": "1番1号", "past": True}, [TARO]),
        ({"typed": "葛城町1-2-3 花"}, [HANAKO]),
        ({"typed": "わたなべ 2000000010"}, [TARO, HANAKO]),
        ({"sex": "女"}, [CHO, KIMI, HANAKO]),
        ({"sex": "\x00"}, []),
        ({"name": "\x00"}, []),
        ({"typed": "S64.1.8"}, []),
        ({}, []),
        ({"name": " ", "place": "　"}, []),
    ],
)
async def test_all_that_is_asked_must_hold(site: Site, asked: dict[str, Any], expected: list[str]) -> None:
    woman = a_resident(CHO, "2000000052", "張　玉蓮", "", kind="foreign", latin_name="ZHANG YULIN", sex="女")
    commit(site, put("resident", woman))
    await site.terminal.sign_in()
    assert await found(site, **asked) == expected


def commit(site: Site, *changes: Any) -> None:
    register = site.tenant.register
    with register.writing() as connection:
        register.commit(connection, "register", changes)


@pytest.mark.asyncio
async def test_the_parts_of_the_list_are_beginning_holding_and_meant_otherwise(site: Site) -> None:
    people = {
        "1000000103": ("青木　一", "アオキ　ハジメ", "花町"),  # only lives there
        "1000000111": ("花田　二", "ハナダ　ジロウ", "本町"),
        "1000000120": ("立花　三", "タチバナ　サン", "本町"),
    }
    for number, (name, furigana, town) in people.items():
        commit(site, put("resident", a_resident(number, number, name, furigana, address_town=town)))
    await site.terminal.sign_in()
    assert await found(site, typed="花") == ["1000000111", "1000000120", HANAKO, "1000000103"]
    for most in range(1, 5):
        whole = ["1000000111", "1000000120", HANAKO, "1000000103"]
        assert await found(site, typed="花", limit=most) == whole[:most]


@pytest.mark.asyncio
async def test_a_hidden_place_is_searched_by_the_right_alone(site: Site) -> None:
    asked = [
        {"place": HIDDEN_STREET},
        {"typed": HIDDEN_STREET},
        {"place": "葛城町一丁目", "name": "たかしま"},
    ]
    await site.terminal.sign_in("s001")
    assert [await found(site, **one) for one in asked] == [[], [], []]
    await site.terminal.sign_in("s002")  # has shien_sochi
    assert [await found(site, **one) for one in asked] == [[KIMI], [KIMI], [KIMI]]
    answer = await site.terminal.call("POST", "/v1/residents/search", {"typed": HIDDEN_STREET})
    assert HIDDEN_STREET not in answer.text


def lines(site: Site) -> list[tuple[object, ...]]:
    index, names = storage.resident_index, storage.resident_name
    with site.tenant.engine.connect() as connection:
        heads = connection.execute(sa.select(index)).all()
        keys = connection.execute(sa.select(names)).all()
    return sorted(tuple(map(str, line)) for line in (*heads, *keys))


@pytest.mark.asyncio
async def test_the_index_is_right_whatever_version_is_written_or_taken_away(site: Site) -> None:
    def of(history_no: int, **columns: object) -> dict[str, object]:
        return a_resident(JIRO, "2000000044", "小野　次郎", "オノ　ジロウ", history_no=history_no) | columns

    steps = [
        put("resident", of(3, address_town="本町", birth_text="昭和58年4月")),
        put("resident", of(2, full_name="中田　次郎", furigana="ナカタ　ジロウ", address_town="旭町")),
        put("resident", of(1, full_name="山口　次郎", address_town="泉町")),  # one long past, set right
        put("resident", of(3, address_town="緑町")),
        put(
            "resident", of(2, address_town="泉町", household_no="2000000101")
        ),  # as that before, of another home
        remove("resident", (JIRO, 2)),
        remove("resident", (JIRO, 3)),
        remove("resident", (JIRO, 1)),
        put("resident", of(1)),
    ]
    for step in steps:
        commit(site, step)
        kept = lines(site)
        with site.tenant.register.writing() as connection:
            for table in (storage.resident_index, storage.resident_name):
                connection.execute(sa.delete(table).where(table.c.municipality == CODE))
            index_town(connection, CODE)
        assert lines(site) == kept


@pytest.mark.asyncio
async def test_what_a_version_said_is_found_as_past_once_another_follows(site: Site) -> None:
    def hits(**asked: Any) -> list[object]:
        with site.tenant.register.reading() as connection:
            return [hit["atena_no"] for hit in search(connection, CODE, Asked("わた", **asked), limit=9)]

    moved = a_resident(
        TARO, "2000000010", "渡邉　太郎", "ワタナベ　タロウ", history_no=3, address_town="本町"
    )
    commit(site, put("resident", moved))
    assert (hits(place=PLACED), hits(place=PLACED, past=True)) == ([HANAKO], [TARO, HANAKO])
    commit(site, remove("resident", (TARO, 3)))
    assert hits(place=PLACED) == [TARO, HANAKO]
