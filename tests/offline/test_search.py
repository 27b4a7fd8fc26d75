"""The search finds whom reading every record would find: nobody missed, nobody too many, in the order of the list."""

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from client.domain.query import Match, Query
from offline.store import search
from tests.offline import plain_search
from tests.offline.search_builders import found, index_of, people, queries, several
from tests.store_builders import Row, a_person

NAMES = [
    *(
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
    ),
    *(
        "サトウウメコ",
        "サト",
        "ウメ",
        "ひろみ",
        "佐藤ひろみ",
        "田",
        "田中",
        "ー",
        "ヴァン",
        "バン",
        "nguyen",
        "Ｎｇｕｙｅｎ",
    ),
    *(
        "o'brien",
        "グエン",
        "阮",
        "旧姓",
        "キュウセイ",
        "ン",
        "ワタ ハナ",
        "𠮷田 実",
        "サトウ ウメ",
        "NGUYEN VAN",
        "スズキ",
    ),
]
DATES = [
    *(
        "S58.4.12",
        "昭和58年4月12日",
        "19830412",
        "1983-04-12",
        "3580412",
        "S58",
        "昭和58年",
        "s58.4",
        "1983",
        "198304",
    ),
    *(
        "H1",
        "S64",
        "1989",
        "平成元年",
        "58.4.12",
        "4月12日",
        "不詳",
        "昭和20年不詳",
        "年月日不詳",
        "1990年4月",
        "ワタナベ S58",
    ),
]
PLACES = [
    *(
        "葛城町",
        "葛󠄂城町",
        "葛城町一丁目",
        "葛城町1",
        "葛城町１丁目２番３号",
        "葛城町一丁目2-3",
        "１－２－３",
        "2番3号",
        "2-3",
        "12",
    ),
    *(
        "2",
        "3号",
        "301番地の4",
        "301-14",
        "山崎",
        "大字山﨑",
        "霞が丘",
        "霞ケ丘12",
        "十二丁目",
        "一番町",
        "無番地",
        "ロ12",
    ),
    *(
        "コーポ",
        "こーぽ青空",
        "201",
        "メゾンドサトウ",
        "サトウ",
        "第2ハイツ",
        "団地12号棟",
        "B棟",
        "Ｂ棟１０１",
        "あおぞら市本町",
    ),
    *("みどり県", "佐藤 本町", "本町 佐藤", "町", "丁目", "葛城町12"),
]
NUMBERS = [
    "1000000003",
    "2000000001",
    "AB12345678CD",
    "ab12345678cd",
    "１００００００００３",
    "1000000",
    "1000000003 渡辺",
]
ODD = [
    '"',
    "*",
    "AND",
    "NEAR(a b)",
    "",
    "　",
    '佐藤 " OR',
    "12 34",
    "t:1",
    "-",
    "#1",
    "z",
    "%",
    "_",
    "' OR 1=1 --",
]


@pytest.mark.parametrize("typed", NAMES + DATES + PLACES + NUMBERS + ODD)
@pytest.mark.parametrize(("removed", "past"), [(False, False), (True, True)])
def test_a_search_finds_what_reading_every_record_would(typed: str, removed: bool, past: bool) -> None:
    query = Query(typed=typed, removed=removed, past=past)
    connection = index_of(several())
    wanted = plain_search.found(several(), query)
    assert found(connection, query) == wanted
    assert found(connection, query, 2) == wanted[:2]
    connection.close()


@pytest.mark.parametrize(
    ("typed", "whom"),
    [
        ("葛城町１丁目２番３号", ["渡邉󠄐　太郎"]),
        ("葛城町一丁目2-3", ["渡邉󠄐　太郎"]),
        ("わたなべ 昭和58年4月12日", ["渡邉󠄐　太郎"]),
        ("辺 花子", ["渡辺　花子"]),
        ("よしだ 平成元年", ["吉田　稔"]),
        ("1000000009", ["佐藤　梅子"]),
    ],
)
def test_clerks_find_people_by_what_visitors_say(typed: str, whom: list[str]) -> None:
    rows = {row["atena_no"]: row for row in several()}
    assert [rows[one]["full_name"] for one in found(index_of(several()), Query(typed=typed))] == whom


def test_former_names_and_homes_are_found_only_on_request() -> None:
    connection = index_of(several())
    for typed in ("スズキ", "鈴木", "1番1号 サクラ"):
        assert found(connection, Query(typed=typed)) == []
        assert found(connection, Query(typed=typed, past=True)) == ["1000000056"]


def test_a_name_is_compared_whole_where_that_is_asked() -> None:
    rows = [
        a_person(0, furigana="サトウ　ユウ"),
        a_person(1, furigana="サト　ユウ"),
        a_person(2, furigana="ムサト　ユウ"),
    ]
    connection = index_of(rows)
    for match, whom in ((Match.INFIX, 3), (Match.PREFIX, 2), (Match.EXACT, 1)):
        assert (
            len(found(connection, Query(name="さとゆう" if match is Match.EXACT else "さと", match=match)))
            == whom
        )


def test_a_field_nobody_can_read_finds_nobody_rather_than_everybody() -> None:
    connection = index_of(several())
    assert found(connection, Query(name="ワタナベ", birth="いつか")) == []
    assert found(connection, Query(name="ワタナベ", number="？")) == []


def test_between_thirteen_and_thirty_one_a_number_is_never_found_in_the_middle() -> None:
    rows = [
        a_person(number, address_banchi=f"{banchi}番地") for number, banchi in enumerate((2, 12, 21, 312))
    ]
    connection = index_of(rows)
    assert found(connection, Query(place="2番地")) == ["1000000000", "1000000002"]
    assert found(connection, Query(place="12")) == ["1000000001"]


@settings(max_examples=60, deadline=None)
@given(town=people(), query=queries(), limit=st.integers(1, 6))
@example(town=several(), query=Query(typed="ウ", removed=True), limit=50)
def test_for_any_town_and_any_query_the_search_is_exact(town: list[Row], query: Query, limit: int) -> None:
    is_exact(town, query, limit)


@pytest.mark.slow
@pytest.mark.timeout(900)
@settings(max_examples=600, deadline=None)
@given(town=people(), query=queries(), limit=st.integers(1, 6))
def test_for_hundreds_of_towns_the_search_is_exact(town: list[Row], query: Query, limit: int) -> None:
    is_exact(town, query, limit)


def is_exact(town: list[Row], query: Query, limit: int) -> None:
    connection = index_of(town)
    assert found(connection, query, limit) == plain_search.found(town, query)[:limit]
    connection.close()


@pytest.mark.parametrize(
    ("name", "match"),
    [
        ("ワタナベ　タロウ", Match.EXACT),
        ("渡辺 太郎", Match.EXACT),
        ("渡邉\t太郎", Match.EXACT),
        ("ワタナベタロウ", Match.EXACT),
        ("ワタナベ タ", Match.PREFIX),
        ("渡辺　太", Match.PREFIX),
        ("わた\u200bなべ\ufe0f", Match.PREFIX),
    ],
)
def test_a_name_that_is_compared_whole_is_one_name_with_or_without_its_space(name: str, match: Match) -> None:
    connection = index_of(several())
    assert found(connection, Query(name=name, match=match))[0] == "1000000000"


def test_how_names_are_compared_is_of_the_form_s_name_alone() -> None:
    connection = index_of(several())
    assert found(connection, Query(typed="タナベ", match=Match.EXACT)) == found(
        connection, Query(typed="タナベ")
    )
    assert found(connection, Query(name="タナベ", match=Match.EXACT)) == []


@pytest.mark.parametrize("match", [Match.PREFIX, Match.EXACT])
@pytest.mark.parametrize("name", ["ロ", "郎", "タロウ", "太郎"])
def test_an_ending_that_nobody_s_name_begins_with_costs_no_reading_of_those_who_have_it(
    name: str, match: Match
) -> None:
    connection = index_of(
        [a_person(number, full_name="住民　太郎", furigana="ジュウミン　タロウ") for number in range(500)]
    )
    finder = search.Finder()
    finder.warm(connection)
    steps: list[int] = []
    connection.set_progress_handler(lambda: steps.append(1), 10)
    assert finder.find(connection, Query(name=name, match=match), limit=9) == []
    assert len(steps) < 50
