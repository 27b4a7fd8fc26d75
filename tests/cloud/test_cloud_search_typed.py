"""What was typed is read as it is meant: a name as one name, what nobody sees as nothing, and no more than a few words."""

import unicodedata
from collections.abc import Iterator
from itertools import chain
from pathlib import Path
from typing import Any

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cloud.letters import is_reading, kana_key, name_key, visible, words_of
from cloud.place_keys import place_key
from cloud.register import put
from cloud.residents import search
from cloud.search_words import MOST_WORDS, Asked
from cloud.services import payers
from cloud.tenant import Tenant
from tests.cloud.cloud_builders import CODE, HANAKO, TARO, SetClock, Site, a_resident, a_tenant

pytestmark = pytest.mark.long

SATO, MIXED = "1000000103", "1000000111"
ZERO_WIDTH, SELECTOR, IDEOGRAPHIC, BELL, NUL, MARK, SOFT, HALF = (
    *("\u200b", "\ufe0f", "\U000e0100", "\x07", "\0", "\ufeff", "\xad", "\ud800"),
)
UNSEEN = st.sampled_from(
    [ZERO_WIDTH, SELECTOR, IDEOGRAPHIC, BELL, NUL, MARK, SOFT, HALF, "\x7f", "\u200f", "\U000e0041"]
)
SPACES = st.sampled_from(
    [" ", "　", "\t", "\n", "\x0b", "\x1f", "\x85", "\xa0", "\u2003", "\u2028", "\u1680"]
)
OFFICE = "\uf8ff"  # private use: a letter of the town's own


@pytest.fixture(scope="module")
def tenant(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Tenant]:
    made = a_tenant(Path(tmp_path_factory.mktemp("cloud")), SetClock())
    register = made.register
    with register.writing() as connection:
        people = [
            a_resident(SATO, "2000000101", "佐藤　梅", f"サ{ZERO_WIDTH}トウ\n{SELECTOR}ウメ"),
            a_resident(
                MIXED, "2000000102", "渡辺　マリ", f"ワタナベ{MARK}　マリ", address_town=f"本{SOFT}町"
            ),
        ]
        register.commit(connection, "register", [put("resident", one) for one in people])
    yield made
    made.close()


def found(tenant: Tenant, **asked: Any) -> list[object]:
    with tenant.register.reading() as connection:
        return [hit["atena_no"] for hit in search(connection, CODE, Asked(**asked), limit=9)]


@pytest.mark.parametrize(
    ("name", "exact", "prefix"),
    [
        ("渡辺 太郎", [TARO], [TARO]),
        ("渡辺太郎", [TARO], [TARO]),
        ("渡\u2003辺\u2028太　郎", [TARO], [TARO]),
        ("ワタナベ　タロウ", [TARO], [TARO]),
        ("わたなべ たろう", [TARO], [TARO]),
        ("ワタナベ タ", [], [TARO]),
        ("渡辺 花", [], [HANAKO]),
        ("ワタナベ", [], [TARO, HANAKO, MIXED]),
        ("渡辺", [], [MIXED, TARO, HANAKO]),
        ("太郎 渡辺", [], []),
        ("タロウ ワタナベ", [], []),
        ("渡辺 タロウ", [], []),  # half reading, half written: one name is the one or the other
        ("渡辺 マリ", [MIXED], [MIXED]),
        ("サトウ ウメ", [SATO], [SATO]),
        ("サトー ウメ", [SATO], [SATO]),
        ("サトウウメ", [SATO], [SATO]),
        ("サトウ ウ", [], [SATO]),
        ("ウメ", [], []),
        ("ー", [], []),
    ],
)
def test_a_name_that_is_compared_as_a_whole_is_one_name_however_it_is_parted(
    tenant: Tenant, name: str, exact: list[str], prefix: list[str]
) -> None:
    assert found(tenant, name=name, match="exact") == exact
    assert sorted(map(str, found(tenant, name=name, match="prefix"))) == sorted(prefix)


def test_words_of_a_name_that_is_held_are_conditions_of_their_own(tenant: Tenant) -> None:
    assert found(tenant, name="タロウ ワタナベ") == [TARO]
    assert found(tenant, name="渡辺 タロウ") == [TARO]


@pytest.mark.parametrize("match", ["infix", "prefix", "exact"])
def test_how_a_name_is_compared_says_nothing_of_the_field_for_everything(tenant: Tenant, match: str) -> None:
    assert found(tenant, typed="たなべ なこ", match=match) == [HANAKO]
    assert found(tenant, typed="辺 太", match=match) == [TARO]
    assert found(tenant, typed="たろう", name="渡辺 太郎", match=match) == [TARO]


def test_the_list_begins_with_whose_first_name_begins_so_and_a_word_typed_leads_it(tenant: Tenant) -> None:
    assert found(tenant, typed="タ", name="ワタ ナベ", match="prefix") == [TARO, HANAKO, MIXED]
    assert found(tenant, name="ワタ ナベ", match="prefix") == [TARO, HANAKO, MIXED]


@given(
    name=st.sampled_from([("渡邉太郎", TARO), ("ワタナベタロウ", TARO), ("サトウウメ", SATO)]), data=st.data()
)
def test_a_name_in_full_is_found_with_any_spaces_and_anything_unseen_in_it(
    tenant: Tenant, name: tuple[str, str], data: st.DataObject
) -> None:
    text, number = name
    typed = "".join(letter + data.draw(st.text(SPACES | UNSEEN, max_size=2)) for letter in text)
    if len(typed.split()) <= MOST_WORDS:
        for match in ("exact", "prefix"):
            assert found(tenant, name=typed, match=match) == [number]


@pytest.mark.parametrize(
    ("asked", "expected"),
    [
        ({"typed": f"わた{ZERO_WIDTH}なべ{SELECTOR} たろ"}, [TARO]),
        ({"name": f"渡{IDEOGRAPHIC}{SELECTOR}辺{NUL}太郎"}, [TARO]),
        ({"name": f"わた{HALF}なべ", "sex": f"女{MARK}"}, [HANAKO]),
        ({"birth": f"昭和{ZERO_WIDTH}60年12月{BELL}26日"}, [HANAKO]),
        ({"number": f"{MARK}10000{SOFT}00014"}, [TARO]),
        ({"typed": f"10000{SOFT}00014"}, [TARO]),
        ({"place": f"葛{IDEOGRAPHIC}城{ZERO_WIDTH}町1{SELECTOR}-2-3", "name": "はなこ"}, [HANAKO]),
        ({"place": "本町"}, [MIXED]),
        ({"name": "さとううめ"}, [SATO]),
        ({"name": "さとおうめ"}, [SATO]),
        ({"typed": f"{ZERO_WIDTH}{NUL} {SELECTOR}", "name": "はなこ"}, [HANAKO]),
        ({"name": f"{ZERO_WIDTH}", "place": f"{MARK}", "birth": f"{NUL}", "typed": "はなこ"}, [HANAKO]),
        ({"name": f"{ZERO_WIDTH}{HALF}"}, []),
        ({"sex": f"{ZERO_WIDTH}"}, []),
        ({"typed": f"{NUL}", "birth": f"{MARK}", "number": f"{SELECTOR}"}, []),
        ({"name": OFFICE}, []),  # a letter nobody has
        ({"name": f"はなこ {OFFICE}"}, []),
    ],
)
def test_what_nobody_sees_counts_for_nothing_in_any_field(
    tenant: Tenant, asked: dict[str, str], expected: list[str]
) -> None:
    assert found(tenant, **asked) == expected


def test_payers_are_found_by_the_same_words(tenant: Tenant) -> None:
    with tenant.register.reading() as connection:
        assert payers(tenant.register, connection, f"{ZERO_WIDTH} {NUL}", 9) == {
            "outsider": [],
            "corporation": [],
        }


TEXTS = st.text(
    st.sampled_from("わたワヴァ邉𠮷A1-ー・之ケ大字一丁目") | SPACES | st.characters(codec="utf-8"),
    max_size=12,
)


@given(TEXTS, st.data())
def test_no_key_is_another_for_what_nobody_sees(text: str, data: st.DataObject) -> None:
    plain = visible(text)
    strewn = "".join(letter + data.draw(st.text(UNSEEN, max_size=2)) for letter in plain)
    for key in (kana_key, name_key, place_key):
        assert key(strewn) == key(plain)
    assert words_of(strewn) == words_of(plain)
    assert is_reading(strewn) is is_reading(plain)


@given(st.text(st.sampled_from("アカサタナオコソトノウーッャガパ・"), max_size=8), st.data())
def test_no_white_space_is_in_the_key_of_a_reading(text: str, data: st.DataObject) -> None:
    parted = "".join(letter + data.draw(st.text(SPACES, max_size=2)) for letter in text)
    assert kana_key(parted) == kana_key(text)
    assert is_reading(parted) is is_reading(text)


def test_what_stays_visible_is_said_code_point_by_code_point() -> None:
    selectors = {*map(chr, range(0xFE00, 0xFE10)), *map(chr, range(0xE0100, 0xE01F0))}
    for letter in map(chr, chain(range(0x20000), range(0xE0000, 0xE0200), range(0x10FFF0, 0x110000))):
        kind, selects = unicodedata.category(letter), letter in selectors
        drops = selects or kind in {"Cf", "Cs"} or (kind == "Cc" and letter.strip() != "")
        assert visible(letter) == ("" if drops else letter)


@pytest.mark.asyncio
@pytest.mark.parametrize("field", ["typed", "name", "birth", "place", "number", "sex"])
@pytest.mark.parametrize("match", ["infix", "exact"])
async def test_more_words_than_are_read_are_refused_as_a_text_that_is_too_long(
    site: Site, field: str, match: str
) -> None:
    async def asked(text: str) -> httpx.Response:
        body = {"typed": "", "match": match} | {field: text}
        return await site.terminal.call("POST", "/v1/residents/search", body)

    await site.terminal.sign_in()
    most = " ".join(["1"] * MOST_WORDS)
    assert (await asked(most)).status_code == httpx.codes.OK
    assert (await asked(f"{most} {ZERO_WIDTH}　")).status_code == httpx.codes.OK
    too_long = (await asked("1" * 201)).json()
    for text in (f"{most} 2", "\ufdfa" * 6):  # three spaces in one letter
        refused = await asked(text)
        assert (refused.status_code, refused.json()) == (422, too_long)
