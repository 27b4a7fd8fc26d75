"""The cloud's reading of what is 個人番号 or 住民票コード: as the contract's vectors say, and as a terminal reads it."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from client.domain import forbidden_numbers as terminal
from cloud import forbidden_numbers as cloud
from cloud.contract import tables
from cloud.number_guard import columns_of_words
from tests.vectors import vector

SAID = vector("forbidden_numbers")
WIDE = str.maketrans("0123456789", "０１２３４５６７８９")
NUMBER = "123456789018"


@pytest.mark.parametrize("told", SAID["texts"], ids=lambda told: f"{told['text']} {told['why']}")
def test_a_text_holds_one_as_the_vector_says(told: dict[str, Any]) -> None:
    assert cloud.holds_forbidden_number(told["text"]) == told["holds"]


@pytest.mark.parametrize("told", SAID["names"], ids=lambda told: told["name"])
def test_a_name_is_theirs_as_the_vector_says(told: dict[str, Any]) -> None:
    value = b"sealed" if told.get("octets") else "words"
    assert cloud.is_forbidden_name(told["name"], value) == told["forbidden"]


def test_codes_are_apart_from_words_as_the_vectors_say() -> None:
    assert all(map(cloud.holds_code, SAID["codes"]))
    assert not any(map(cloud.holds_code, SAID["words"]))


def test_the_vectors_have_cases_enough_of_both_kinds() -> None:
    verdicts = [told["holds"] for told in SAID["texts"]]
    assert len(verdicts) >= 60
    assert min(verdicts.count(True), verdicts.count(False)) >= 25


@pytest.mark.parametrize("table", tables())
def test_the_columns_looked_at_are_those_a_terminal_looks_at(table: str) -> None:
    kinds = tables()[table].columns
    of_words = {name for name, kind in kinds.items() if kind in {"text", "time"}}
    assert columns_of_words(table) == {name for name in of_words if not terminal.is_coded(name)}
    assert not any(map(terminal.is_forbidden_name, kinds))


# any text: digits as they are written, in all the ways that nearly are right

_figures = st.text("0123456789", min_size=1, max_size=16)


def _checked(rest: str) -> str:
    total = sum(int(digit) * (n % 6 + 2) for n, digit in enumerate(reversed(rest))) % 11
    return rest + str(0 if total <= 1 else 11 - total)


def _corporate(rest: str) -> str:
    total = sum(int(digit) * (1 + place % 2) for place, digit in enumerate(reversed(rest)))
    return f"{9 - total % 9}{rest}"


def _moment(parts: tuple[int, ...]) -> str:
    return f"{parts[0]}{''.join(f'{part:02}' for part in parts[1:])}"


_eleven, _twelve = (st.text("0123456789", min_size=size, max_size=size) for size in (11, 12))
_numbers = st.one_of(
    _eleven.map(_checked),
    st.text("0123456789", min_size=10, max_size=10).map(_checked),
    _twelve.map(_corporate),
    st.tuples(_eleven.map(_checked), st.text("0123456789", min_size=4, max_size=4)).map("".join),
    st.tuples(st.integers(1890, 2110), *map(st.integers, (0,) * 4, (13, 32, 25, 61))).map(_moment),
    _figures,
)
_sizes = st.one_of(
    *map(
        st.just, ((4, 4, 4), (3,) * 4, (6, 6), (2,) * 6, (1,) * 12, (4, 4, 3), (3, 4, 4), (5, 5, 1), (5, 6))
    ),
    *map(st.just, ((1, 4, 4, 4), (4,) * 4, (16,))),
    st.lists(st.integers(1, 6), min_size=1, max_size=8).map(tuple),
)
_gaps = st.sampled_from(
    (*" -　－‐‑–—―−ー", " - ", "   ", "    ", "---", "----", "\u00a0", "ｰ", ".", "・", "\n", "\t", "")
)
_besides = st.sampled_from((*"Aaｚ+＋.,(あ号№①²𝟏_/年 　-", "0.", "\n", "", ""))


@st.composite
def _written(draw: st.DrawFn) -> str:
    number, gap = draw(_numbers), draw(_gaps)
    groups: list[str] = []
    for size in draw(_sizes):
        groups.append(number[:size])
        number = number[size:]
    text = gap.join(group for group in [*groups, number] if group)
    return str(text.translate(WIDE)) if draw(st.booleans()) else text


_texts = st.lists(st.one_of(_written(), _besides, _figures, _gaps), max_size=7).map("".join)
_crumbs = st.text("0123789 -　－A+.", max_size=40)


@given(st.one_of(_texts, _crumbs, st.text(max_size=40)))
def test_terminal_and_cloud_read_any_text_alike(text: str) -> None:
    assert cloud.holds_forbidden_number(text) == terminal.holds_forbidden_number(text)


@given(
    st.lists(
        st.sampled_from(("my", "number", "s", "_", "juminhyo", "code", "個人番号", "no", "x", "3", "-", "MY"))
    ).map("".join),
    st.sampled_from(("words", b"octets", None)),
)
def test_terminal_and_cloud_read_any_name_alike(name: str, value: object) -> None:
    for one in (name, f"{name}_sealed"):
        assert cloud.is_forbidden_name(one, value) == terminal.is_forbidden_name(one, value)
        assert cloud.holds_code(one) == terminal.is_coded(one)


_leaves = st.one_of(
    st.sampled_from((NUMBER, NUMBER[:-1] + "9", "転居", b"octets")), st.integers(), st.booleans()
)
_names = st.sampled_from(("note", "members", "subject", "to", "mynumber_sealed", "mynumber", "papers"))
_payloads = st.recursive(
    st.dictionaries(_names, _leaves, max_size=3),
    lambda inner: st.dictionaries(
        _names, st.one_of(_leaves, inner, st.lists(st.one_of(_leaves, inner), max_size=3))
    ),
    max_leaves=8,
)


@given(_payloads)
def test_terminal_and_cloud_name_the_same_field_of_any_request(payload: dict[str, object]) -> None:
    assert cloud.forbidden_field(payload) == terminal.forbidden_field(payload)


def test_a_maps_own_key_is_not_repeated() -> None:
    assert cloud.forbidden_field({"relationships": {"1000000014": f"子 {NUMBER}"}}) == "relationships"
