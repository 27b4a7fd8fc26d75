"""Towns for tests of the search, large enough to have every case and small enough to be read."""

import re
import sqlite3
from pathlib import Path

from hypothesis import strategies as st

from client.domain.query import Match, Query
from offline.store import door, search
from offline.store.rows import contract
from tests.store_builders import Row, a_person, store_keys

KEYS = store_keys()
TOWNS = (
    "みどり県あおぞら市葛󠄂城町一丁目",
    "みどり県あおぞら市葛󠄂城町二丁目",
    "みどり県あおぞら市本町",
    "みどり県あおぞら市大字山﨑",
    "みどり県あおぞら市霞ヶ丘十二丁目",
    "みどり県あおぞら市一番町",
)
BANCHI = ("2番3号", "２番３１号", "12番3号", "301番地の4", "301番地14", "2-3", "", "無番地", "ロ12番地")
HOUSES = ("", "コーポ青空201号", "メゾン・ド・サトウ　2-3", "第2ハイツ", "ひまわり団地12号棟3号", "B棟101")
_NAMES = """
渡邉󠄐　太郎=ワタナベ　タロウ 渡辺　花子=ワタナベ　ハナコ 𠮷田　実=ヨシダ　ミノル 吉田　稔=ヨシダ　ミノル
髙島　礼子=タカシマ　レイコ 高嶋　玲子=タカシマ　レイコ 葛󠄂城　一=カツラギ　ハジメ 大野　陽子=オオノ　ヨウコ
小野　洋子=オノ　ヨウコ 佐藤　梅子=サトウ　ウメコ 佐藤　ひろみ=サトウ　ヒロミ 里　優=サト　ユウ
山﨑　勇=ヤマサキ　イサム 田中　一郎=タナカ　イチロウ 秋田　中=アキタ　アタル 神　ヴァン=ジン　ヴァン
"""
_BIRTHS = (
    "昭和58年4月12日",
    "昭和58年4月",
    "昭和64年1月3日",
    "平成元年2月1日",
    "1990年4月12日",
    "年月日不詳",
    "昭和20年頃",
)


def several() -> list[Row]:
    """Return people with names, births and homes of every kind."""
    people = [
        a_person(
            number,
            full_name=name,
            furigana=furigana,
            birth_text=_BIRTHS[number % len(_BIRTHS)],
            sex="男" if number % 2 else "女",
            address_town=TOWNS[number % len(TOWNS)],
            address_banchi=BANCHI[number % len(BANCHI)],
            address_katagaki=HOUSES[number % len(HOUSES)] or None,
        )
        for number, (name, _, furigana) in enumerate(
            pair.partition("=") for pair in re.split(r"[ \n]", _NAMES.strip())
        )
    ]
    foreign = {"kind": "foreign", "furigana": None}
    people += [
        a_person(50, **foreign, full_name=None, latin_name="NGUYEN VAN AN", residence_card_no="AB12345678CD"),
        a_person(
            51,
            **foreign,
            full_name="阮　文安",
            latin_name="NGUYEN VAN ANH",
            tsusho="グエン　アン",
            tsusho_furigana="グエン　アン",
        ),
        a_person(52, **foreign, full_name=None, latin_name="O'BRIEN-SMITH, PAT"),
        a_person(
            53,
            full_name="旧姓　持子",
            furigana="ゲンセイ　モチコ",
            former_surname="旧姓",
            former_surname_furigana="キュウセイ",
        ),
        a_person(54, full_name="除票　太郎", furigana="ジョヒョウ　タロウ", status="death"),
        a_person(55, full_name="番号　花子", furigana="バンゴウ　ハナコ", birth_sort=None, birth_text="不詳"),
        a_person(56, full_name="鈴木　さくら", furigana="スズキ　サクラ", address_banchi="1番1号"),
        a_person(
            56, history_no=2, full_name="佐藤　さくら", furigana="サトウ　サクラ", address_banchi="9番9号"
        ),
    ]
    return people


def index_of(people: list[Row], protected: tuple[str, ...] = ()) -> sqlite3.Connection:
    """Return an encrypted file with these people and the index made over them."""
    connection = door.open_connection(Path(":memory:"), KEYS.replica)
    for table in contract().values():
        table.create(connection)
    search.create(connection)
    contract()["resident"].insert(connection, KEYS.digest, people)
    measures: list[Row] = [{"measure_id": f"m{no}", "atena_no": one} for no, one in enumerate(protected)]
    contract()["shien_sochi"].insert(connection, KEYS.digest, measures)
    search.rebuild(connection)
    search.index(connection)
    return connection


def found(connection: sqlite3.Connection, query: Query, limit: int = 50) -> list[str]:
    """Return what the search finds."""
    return search.Finder().find(connection, query, limit=limit)


KANA = st.text(alphabet="アイウオカガコサトナハバンヨユッーヴ", min_size=1, max_size=4)
KANJI = st.text(alphabet="渡邉邊辺田中高髙山崎﨑𠮷吉佐藤々ノ", min_size=1, max_size=3)
LATIN = st.text(alphabet="ANGUY'-", min_size=1, max_size=4)
BIRTHS = st.sampled_from(_BIRTHS)
PLACES = st.text(alphabet="葛城町山崎本霞ヶ丘一二十丁目番号地の12３-－ ハイツB", min_size=1, max_size=6)
NUMBERS = st.sampled_from(
    ["1000000002", "2000000001", "12", "3", "AB12345678CD", "1983", "198304", "3580412"]
)
DATES = st.sampled_from(
    ["S58.4.12", "S58", "昭和58年4月", "H1", "1989", "不詳", "S20年不詳", "4月12日", "58.4.12"]
)
_FULL_NAMES = st.tuples(KANA | KANJI, st.sampled_from(["　", " ", "\u200b", "\t"]), KANA | KANJI).map("".join)
WORDS = KANA | KANJI | LATIN | PLACES | NUMBERS | DATES


@st.composite
def people(draw: st.DrawFn) -> list[Row]:
    """Draw a town of up to twelve people, some of whom have had other names and homes."""
    found: list[Row] = []
    for number in range(draw(st.integers(1, 12))):
        foreign = draw(st.booleans())
        for version in range(1, draw(st.sampled_from([1, 1, 2, 3])) + 1):
            found.append(
                a_person(
                    number,
                    history_no=version,
                    household_no=f"{2000000000 + draw(st.integers(0, 4))}",
                    full_name=f"{draw(KANJI)}　{draw(KANJI)}" if not foreign or draw(st.booleans()) else None,
                    latin_name=f"{draw(LATIN)} {draw(LATIN)}" if foreign else None,
                    furigana=f"{draw(KANA)}　{draw(KANA)}" if not foreign else None,
                    tsusho=draw(st.none() | KANJI | KANA),
                    tsusho_furigana=draw(st.none() | KANA),
                    former_surname=draw(st.none() | KANJI),
                    birth_text=draw(BIRTHS),
                    sex=draw(st.sampled_from(["男", "女", None])),
                    residence_card_no=draw(st.sampled_from([None, None, "AB12345678CD"]))
                    if foreign
                    else None,
                    address_town=draw(st.sampled_from(TOWNS)),
                    address_banchi=draw(st.sampled_from(BANCHI)) or None,
                    address_katagaki=draw(st.sampled_from(HOUSES)) or None,
                    status=draw(st.sampled_from(["resident", "resident", "death"])),
                )
            )
    return found


def _sentences(most: int) -> st.SearchStrategy[str]:
    return st.lists(WORDS, max_size=most).map(" ".join)


@st.composite
def queries(draw: st.DrawFn) -> Query:
    """Draw what a clerk may ask: most of it in the one field."""
    form = draw(st.booleans())
    return Query(
        typed=draw(_sentences(3)) if not form else "",
        name=draw(st.sampled_from(["", "ア", "田"]) | KANA | KANJI | _FULL_NAMES) if form else "",
        birth=draw(st.just("") | DATES | KANA) if form else "",
        place=draw(st.just("") | PLACES) if form else "",
        number=draw(st.just("") | NUMBERS) if form else "",
        sex=draw(st.sampled_from(["", "", "男"])) if form else "",
        match=draw(st.sampled_from(Match)),
        removed=draw(st.booleans()),
        past=draw(st.booleans()),
        sheltered=draw(st.booleans()),
    )
