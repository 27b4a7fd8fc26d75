import asyncio
import re
import sqlite3
import unicodedata
from pathlib import Path

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from client.domain.calendar import parse_day
from client.domain.letters import is_kana, kana_key
from offline.store import door, search
from offline.store.rows import contract
from offline.store.search_key import keys_of, name_key, reading_keys, terms_of
from tests.store_builders import Row, a_person, a_register, fill, store_keys, stores_in

KEYS = store_keys()
NAMES = """
渡邉󠄐　太郎=ワタナベ　タロウ 渡辺　花子=ワタナベ　ハナコ 𠮷田　実=ヨシダ　ミノル 吉田　稔=ヨシダ　ミノル
髙島　礼子=タカシマ　レイコ 高嶋　玲子=タカシマ　レイコ 葛󠄂城　一=カツラギ　ハジメ 大野　陽子=オオノ　ヨウコ
小野　洋子=オノ　ヨウコ 佐藤　梅子=サトウ　ウメコ 佐藤　ひろみ=サトウ　ヒロミ 里　優=サト　ユウ
山﨑　勇=ヤマサキ　イサム 田中　一郎=タナカ　イチロウ 秋田　中=アキタ　アタル 神　ヴァン=ジン　ヴァン
"""
QUERIES = [
    *[
        "ワタナベ",
        "わたなべ",
        "ﾜﾀﾅﾍﾞ",
        "渡辺",
        "渡邉",
        "邊",
        "吉田",
        "高島",
        "高嶋\u3000玲",
        "葛",
        "オノ",
        "オオノ",
        "オーノ",
        "サトウウメコ",
        "サト",
        "ウメ",
        "ひろみ",
    ],
    *[
        "佐藤ひろみ",
        "田",
        "田中",
        "ー",
        "ヴァン",
        "バン",
        "1000000003",
        "S58.4.12",
        "昭和58年4月12日",
        "19830412",
        "nguyen",
        "Ｎｇｕｙｅｎ",
    ],
    *["o'brien", "グエン", "阮", "旧姓", "キュウセイ", '"', "*", "AND", "12", "ン"],
    *("", "　", "ワタ ハナ", "𠮷田 実", "サトウ ウメ", "ワタナベ S58.4.12", "NGUYEN VAN", '佐藤 " OR'),
]


def several() -> list[Row]:
    people = [
        a_person(number, full_name=name, furigana=furigana, birth_sort=f"19{50 + number}-04-12")
        for number, (name, _, furigana) in enumerate(
            pair.partition("=") for pair in re.split(r"[ \n]", NAMES.strip())
        )
    ]
    people += [
        a_person(50, kind="foreign", full_name=None, furigana=None, latin_name="NGUYEN VAN AN"),
        a_person(
            51,
            kind="foreign",
            full_name="阮　文安",
            latin_name="NGUYEN VAN ANH",
            furigana=None,
            tsusho="グエン　アン",
            tsusho_furigana="グエン　アン",
        ),
        a_person(52, kind="foreign", full_name=None, furigana=None, latin_name="O'BRIEN-SMITH, PAT"),
        a_person(
            53,
            full_name="旧姓　持子",
            furigana="ゲンセイ　モチコ",
            former_surname="旧姓",
            former_surname_furigana="キュウセイ",
        ),
        a_person(54, full_name="除票　太郎", furigana="ジョヒョウ　タロウ", status="death"),
        a_person(55, full_name="番号　花子", furigana="バンゴウ　ハナコ", birth_sort=None, birth_text="不詳"),
    ]
    return people


def plainly(row: Row, word: str, *, leading: bool = False) -> bool:
    """Tell whether a word finds a person, or leads the name, by looking at every text of the record."""
    texts = [
        str(row[column])
        for column in ("full_name", "tsusho", "former_surname", "latin_name")
        if column in row
    ]
    spoken = [
        str(row[f"{stem}furigana"]) for stem in ("", "tsusho_", "former_surname_") if f"{stem}furigana" in row
    ]
    readings = [
        key
        for text in spoken + [text for text in texts if is_kana(text)]
        for key in reading_keys(text)
        if key
    ]
    names = [key for key in map(name_key, texts) if key]
    day = parse_day(word)
    if day or word.isdecimal():
        return word == row["atena_no"] or (day is not None and row.get("birth_sort") == day.isoformat())
    if is_kana(word):
        key = kana_key(word)
        return order_of(row)[0].startswith(key) if leading else any(key in reading for reading in readings)
    key = name_key(word)
    return any(name.startswith(key) if leading else key in name for name in names)


def order_of(row: Row) -> tuple[str, str]:
    """Return a person's place in kana order."""
    keys = keys_of(row)
    return keys.kana, str(row["atena_no"])


def brute_force(people: list[Row], typed: str, limit: int, *, removed: bool) -> list[str]:
    """Say what a search must find, in the plainest way: every person, every word."""
    words = [word for word in unicodedata.normalize("NFKC", typed).split() if terms_of(word)]
    found = [
        (not plainly(row, words[0], leading=True), *order_of(row))
        for row in people
        if words and (removed or row["status"] == "resident") and all(plainly(row, word) for word in words)
    ]
    return [atena_no for *_, atena_no in sorted(found)][:limit]


def index_of(people: list[Row]) -> sqlite3.Connection:
    connection = door.open_connection(Path(":memory:"), KEYS.replica)
    for table in contract().values():
        table.create(connection)
    search.create(connection)
    contract()["resident"].insert(connection, KEYS.digest, people)
    search.rebuild(connection)
    search.index(connection)
    return connection


@pytest.mark.parametrize("typed", QUERIES)
@pytest.mark.parametrize("removed", [False, True])
def test_a_search_finds_what_reading_every_record_would(typed: str, removed: bool) -> None:
    people = several()
    connection = index_of(people)
    assert search.find(connection, typed, limit=50, removed=removed) == brute_force(
        people, typed, 50, removed=removed
    )
    assert search.find(connection, typed, limit=2, removed=removed) == brute_force(
        people, typed, 2, removed=removed
    )


kana = st.text(alphabet="アイウオカガコサトナハバンヨユッーヴ", min_size=1, max_size=4)
kanji = st.text(alphabet="渡邉邊辺田中高髙山崎﨑𠮷吉佐藤々ノ", min_size=1, max_size=3)
latin = st.text(alphabet="ANGUY'-", min_size=1, max_size=4)


@st.composite
def people(draw: st.DrawFn) -> list[Row]:
    found = []
    for number in range(draw(st.integers(1, 12))):
        foreign = draw(st.booleans())
        found.append(
            a_person(
                number,
                full_name=f"{draw(kanji)}　{draw(kanji)}" if not foreign or draw(st.booleans()) else None,
                latin_name=f"{draw(latin)} {draw(latin)}" if foreign else None,
                furigana=f"{draw(kana)}　{draw(kana)}" if not foreign else None,
                tsusho=draw(st.none() | kanji | kana),
                tsusho_furigana=draw(st.none() | kana),
                former_surname=draw(st.none() | kanji),
                birth_sort=draw(st.sampled_from(["1983-04-12", "1984-04-12", None])),
                status=draw(st.sampled_from(["resident", "resident", "death"])),
            )
        )
    return found


typing = st.lists(kana | kanji | latin | st.sampled_from(["S58.4.12", "1000000002", "1983"]), max_size=3).map(
    " ".join
)


@settings(max_examples=120, deadline=None)
@given(people=people(), typed=typing, limit=st.integers(1, 6), removed=st.booleans())
@example(people=several(), typed="ウ", limit=50, removed=True)
def test_for_any_town_and_any_typing_the_search_is_exact(
    people: list[Row], typed: str, limit: int, removed: bool
) -> None:
    connection = index_of(people)
    assert search.find(connection, typed, limit=limit, removed=removed) == brute_force(
        people, typed, limit, removed=removed
    )
    connection.close()


@settings(max_examples=40, deadline=None)
@given(people=people(), changed=people(), typed=typing)
def test_it_stays_exact_as_people_come_go_and_change_names(
    people: list[Row], changed: list[Row], typed: str
) -> None:
    connection = index_of(people)
    resident = contract()["resident"]
    now = {str(row["atena_no"]): row for row in people}
    for place, row in enumerate(changed):
        atena_no = str(row["atena_no"])
        resident.delete(connection, (atena_no, 1))
        now.pop(atena_no, None)
        if place % 3 != 2:
            resident.insert(connection, KEYS.digest, [row])
            now[atena_no] = row
        search.renew(connection, [atena_no])
    assert search.find(connection, typed, limit=50, removed=True) == brute_force(
        list(now.values()), typed, 50, removed=True
    )
    assert search.find(connection, "ア", limit=50, removed=True) == brute_force(
        list(now.values()), "ア", 50, removed=True
    )
    connection.close()


def test_where_no_room_is_left_in_kana_order_the_index_is_made_anew() -> None:
    people = [a_person(0, furigana="ア"), a_person(1, furigana="イ")]
    connection = index_of(people)
    for number in range(2, 40):  # each between the first two: halves the gap each time
        row = a_person(number, furigana="ア" + "ア" * (41 - number))
        contract()["resident"].insert(connection, KEYS.digest, [row])
        search.renew(connection, [str(row["atena_no"])])
        people.append(row)
    assert search.find(connection, "ア", limit=99, removed=False) == brute_force(
        people, "ア", 99, removed=False
    )


@pytest.mark.asyncio
async def test_of_a_protected_person_and_housemates_the_search_shows_no_address(tmp_path: Path) -> None:
    register = a_register(several())
    register.key = KEYS.digest
    stores = stores_in(tmp_path)
    await stores.open(KEYS)
    await fill(stores, register)
    await stores.replica.apply(
        register.put("shien_sochi", {"measure_id": "m1", "atena_no": "1000000001", "ends": "2020-01-01"})
    )
    await stores.replica.apply(
        register.put(
            "block", {"block_id": "b1", "atena_no": "1000000000", "process": "view", "level": "error"}
        )
    )
    first, second = (await stores.replica.find("ワタナベ", limit=5)).value
    assert (first.name, first.address, first.blocked, first.protected) == (
        "渡邉󠄐　太郎",
        None,
        True,
        False,
    )
    assert (second.name, second.address, second.blocked, second.protected) == (
        "渡辺　花子",
        None,
        False,
        True,
    )
    (neighbour,) = (await stores.replica.find("タカシマ レイコ 1000000004", limit=5)).value
    assert neighbour.address == "みどり県あおぞら市葛城町一丁目4番3号"
    assert (
        await stores.replica.find("葛城町", limit=5)
    ).value == ()  # no search by address gives anybody away
    await stores.close()


@pytest.mark.asyncio
async def test_typing_on_leaves_no_search_behind(tmp_path: Path) -> None:
    register = a_register(several())
    register.key = KEYS.digest
    stores = stores_in(tmp_path)
    await stores.open(KEYS)
    await fill(stores, register)
    tasks = [
        asyncio.create_task(stores.replica.find("ワタナベ"[: 1 + number % 4], limit=50))
        for number in range(40)
    ]
    await asyncio.sleep(0)
    for task in tasks[:-1]:
        task.cancel()
    await asyncio.gather(*tasks[:-1], return_exceptions=True)
    assert len((await tasks[-1]).value) == 2
    await stores.close()
