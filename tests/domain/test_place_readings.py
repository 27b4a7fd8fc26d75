"""Readings of 町字 as a town's staff give them: found by what they begin with, bad lines named, never a crash."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from client.domain.place_readings import BadLine, PlaceReadings, read_readings

TABLE = "町字名,読み\n泉町,イズミチョウ\n大字山﨑,おおあざやまさき\n葛󠄂城町,ｶﾂﾗｷﾞﾁｮｳ\n"


def told(text: str) -> PlaceReadings:
    return read_readings(text.encode())


@pytest.mark.parametrize("typed", ["いず", "イズ", "ｲｽﾞ", "イ", "いずみちょう"])
def test_a_town_is_found_by_the_beginning_of_its_reading_however_it_is_typed(typed: str) -> None:
    assert told(TABLE).named(typed) == ("泉町",)


@pytest.mark.parametrize("typed", ["", "泉", "ズミ", "a", "1", "　", "いずみ町"])
def test_nothing_else_is_taken_for_the_beginning_of_a_reading(typed: str) -> None:
    assert told(TABLE).named(typed) == ()


@pytest.mark.parametrize("typed", ["やま", "オオアザ", "おおあざやま"])
def test_a_oaza_is_found_with_that_word_and_without(typed: str) -> None:
    assert told(TABLE).named(typed) == ("大字山﨑",)


def test_a_reading_of_half_width_is_as_good_as_any() -> None:
    assert told(TABLE).named("かつ") == ("葛󠄂城町",)


@pytest.mark.parametrize("end", ["\n", "\r\n"])
@pytest.mark.parametrize("begin", ["", "\ufeff"])
def test_a_header_and_a_mark_of_the_byte_order_may_be_there_or_not(begin: str, end: str) -> None:
    for head in ("", "町字名,読み" + end, "町字,よみ" + end):
        found = told(f"{begin}{head}泉町,いずみちょう{end}{end}")
        assert found.named("い") == ("泉町",)
        assert found.bad_lines == ()


def test_bad_lines_are_named_by_number_and_cost_no_other() -> None:
    lines = [
        "町字名,読み".encode(),
        "泉町,イズミチョウ".encode(),
        "本町".encode(),
        "栄町,サカエ町".encode(),
        "旭町,アサヒチョウ".encode("cp932"),
        ",アサヒチョウ".encode(),
        '"中央,チュウオウ'.encode(),
        "新町,シンマチ,9990001".encode(),
        "町字名,ヨミ".encode(),
        ("長" * 200 + ",ナガ").encode(),
        "緑町,ミドリチョウ".encode(),
    ]
    found = read_readings(b"\n".join(lines))
    assert [name for name, _ in found.readings] == ["泉町", "町字名", "緑町"]
    assert found.bad_lines == (
        BadLine(3, "1 columns instead of 2"),
        BadLine(4, "the reading is not kana"),
        BadLine(5, "not UTF-8"),
        BadLine(6, "no name of a place"),
        BadLine(7, "not CSV"),
        BadLine(8, "3 columns instead of 2"),
        BadLine(10, "no name of a place"),
    )


@given(st.binary(max_size=200) | st.text(max_size=100).map(str.encode))
def test_whatever_a_file_holds_it_is_read_or_its_lines_are_named(content: bytes) -> None:
    found = read_readings(content)
    lines = len(content.splitlines())
    assert all(1 <= one.number <= lines for one in found.bad_lines)
    assert all(name and reading for name, reading in found.readings)
