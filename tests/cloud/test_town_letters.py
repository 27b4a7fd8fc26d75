"""Names and addresses of the synthetic town: as frequent as in life, and every letter drawn by the font."""

import csv
import unicodedata
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from random import Random
from typing import Protocol

import pytest
import uharfbuzz  # type: ignore[import-untyped]  # the library brings no types
from hypothesis import given
from hypothesis import strategies as st

from cloud.town import generate
from cloud.town.names import Names, possible_given_names
from cloud.town.numbers import Serials, modulus_11, municipality_code
from cloud.town.tables import read

pytestmark = [pytest.mark.long, pytest.mark.slow]

FONT = Path("/usr/share/fonts/truetype/ipamj/ipamjm.ttf")
TABLES = Path("cloud/town/tables")
TODAY = date(2026, 11, 20)
SELECTORS = range(0xE0100, 0xE01F0)


class Font(Protocol):
    """The part of a font these tests ask."""

    def get_nominal_glyph(self, code: int) -> int | None: ...
    def get_variation_glyph(self, code: int, selector: int) -> int | None: ...


@pytest.fixture(scope="module")
def font() -> Font:
    found: Font = uharfbuzz.Font(uharfbuzz.Face(uharfbuzz.Blob.from_file_path(str(FONT))))
    return found


@pytest.fixture(scope="module")
def texts() -> set[str]:
    """Every text of a town of twenty thousand."""
    return {
        value for _, row in generate(20_000, 3, TODAY) for value in row.values() if isinstance(value, str)
    }


@pytest.fixture(scope="module")
def names() -> list[str]:
    found = [
        row for table, row in generate(20_000, 3, TODAY) if table == "resident" and row["kind"] == "japanese"
    ]
    latest = {row["atena_no"]: str(row["full_name"]) for row in found}
    return list(latest.values())


def clusters(text: str) -> Iterator[tuple[str, int | None]]:
    for place, letter in enumerate(text):
        if ord(letter) in SELECTORS:
            continue
        following = text[place + 1 : place + 2]
        yield letter, ord(following) if following and ord(following) in SELECTORS else None


def missing(font: Font, texts: set[str]) -> set[str]:
    wanted = {cluster for text in texts for cluster in clusters(text)}
    return {
        f"{letter} {selector and hex(selector)}"
        for letter, selector in wanted
        if not (
            font.get_nominal_glyph(ord(letter))
            if selector is None
            else font.get_variation_glyph(ord(letter), selector)
        )
    }


def test_the_font_draws_every_letter_and_every_sequence_of_a_town(font: Font, texts: set[str]) -> None:
    assert not missing(font, texts)


def test_the_font_draws_everything_the_tables_can_give(font: Font) -> None:
    cells = {
        cell
        for path in TABLES.glob("*.csv")
        for line in csv.reader(path.read_text(encoding="utf-8").splitlines())
        for cell in line
        if not line[0].startswith("#")
    }
    assert not missing(font, cells)


def test_a_form_of_a_letter_is_a_form_of_its_own() -> None:
    forms = [(row["letter"], row["form"]) for row in read("letter_variants")]
    assert len(set(forms)) == len(forms)
    for letter, form in forms:
        assert form != letter
        assert form.translate({code: None for code in SELECTORS}) in form


def test_the_tables_still_hold_letters_that_normalising_would_destroy() -> None:
    forms = {row["form"] for row in read("letter_variants")}
    assert {
        "\ufa10",
        "\ufa11",
        "\U00020bb7",
        "邉\U000e0110",
        "葛\U000e0102",
        "辻\U000e0102",
        "\U00028622",
    } <= forms
    assert unicodedata.normalize("NFC", "\ufa10") not in forms


def share(names: list[str], letters: str) -> float:
    return sum(any(letter in name for letter in letters) for name in names) / len(names)


def test_variants_are_as_frequent_as_in_a_real_town(names: list[str]) -> None:
    sequences = sum(any(ord(letter) in SELECTORS for letter in name) for name in names) / len(names)
    assert 0.002 <= sequences <= 0.02
    plane_2 = sum(any(0x20000 <= ord(letter) < 0x30000 for letter in name) for name in names) / len(names)
    assert 0.0002 <= plane_2 <= 0.01
    assert 0.0005 <= share(names, "邉邊") <= 0.02
    assert 0.0005 <= share(names, "髙") <= 0.02
    assert 0.0003 <= share(names, "﨑") <= 0.02
    assert share(names, "辺") > share(names, "邉")


def test_the_most_frequent_surnames_are_the_known_ones(names: list[str]) -> None:
    counts: dict[str, int] = {}
    for name in names:
        surname = name.split("　")[0]
        counts[surname] = counts.get(surname, 0) + 1
    top = sorted(counts, key=lambda surname: -counts[surname])[:12]
    assert len({"佐藤", "鈴木", "高橋", "田中", "伊藤", "渡辺", "山本"} & set(top)) >= 5
    assert len(counts) > 1500


def test_more_than_twenty_thousand_given_names_are_possible() -> None:
    assert len(possible_given_names()) >= 20_000


def test_a_name_fits_its_generation() -> None:
    dice, names = Random(1), Names()  # noqa: S311  no secret

    def ko(year: int) -> float:
        return sum(names.given(dice, "女", year).text.endswith("子") for _ in range(2000)) / 2000

    assert ko(1940) > 0.4
    assert ko(2015) < 0.1


def test_readings_are_katakana_with_one_wide_space(texts: set[str]) -> None:
    for table, row in generate(2_000, 9, TODAY):
        if table != "resident":
            continue
        for column in ("furigana", "former_surname_furigana", "tsusho_furigana"):
            reading = str(row.get(column, "ア"))
            assert all("ァ" <= letter <= "ヶ" or letter in "ー　 " for letter in reading), reading
        if row["kind"] == "japanese":
            assert str(row["full_name"]).count("　") == str(row["furigana"]).count("　") == 1


def test_towns_of_the_city_have_readings_codes_and_letters_of_all_kinds() -> None:
    towns = read("towns")
    assert len(towns) >= 60
    assert len({town["oaza"] for town in towns}) == len(towns)
    assert len({town["name"] for town in towns}) == len(towns)
    assert all(town["kana"] and town["postcode"].startswith("000") for town in towns)
    assert {"葛\U000e0102城町", "\U00020bb7野町", "大字山\ufa11"} <= {town["name"] for town in towns}


@given(st.integers(0, 999_999_999))
def test_a_check_digit_finds_every_single_wrong_digit(serial: int) -> None:
    body = f"{serial:09d}"
    check = modulus_11(body)
    if check is None:
        return
    for place in range(9):
        wrong = body[:place] + str((int(body[place]) + 1) % 10) + body[place + 1 :]
        assert modulus_11(wrong) != check


def test_a_serial_without_check_digit_is_never_given_out() -> None:
    serials = Serials(1, Random(0), gap=0)  # noqa: S311  no secret
    numbers = [serials.take() for _ in range(300)]
    assert len(set(numbers)) == 300
    assert all(modulus_11(number[:-1]) == number[-1] for number in numbers)
    assert int(numbers[-1][:-1]) > 300


def test_a_known_municipality_code_is_right() -> None:
    assert municipality_code("13101") == "131016"
