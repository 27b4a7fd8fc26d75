"""What counts as the same name, and what as the same letter ([STD j330])."""

import unicodedata

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from client.domain.letters import (
    clusters,
    code_points,
    is_kana,
    is_private,
    is_selector,
    kana_key,
    length,
    one_for_all,
    same_name,
    seen,
)

KATAKANA = "".join(chr(code) for code in range(0x30A1, 0x30FB)) + "ー"
SELECTORS = "\ufe00\ufe0f\U000e0100\U000e01ef"
readings = st.text(KATAKANA + " 　・", max_size=12)
ODD = "\ud800\udc00\udfff\u200d\u200f\u202e\u3099\u0301\x00\n\x7f\ue000\U0010ffff👨👩👧🏽🇯🇵𠮷﨑か゛ﾞ"
odd_texts = st.text(st.one_of(st.characters(), st.sampled_from(ODD), st.sampled_from(SELECTORS)), max_size=40)
texts = st.text(st.one_of(st.characters(), st.sampled_from("渡邉辻葛𠮷" + SELECTORS)), max_size=12)


@pytest.mark.parametrize(
    "typed", ["ワタナベ", "わたなべ", "ﾜﾀﾅﾍﾞ", "わた なべ", "ワタ　ナヘ", "ハタナベ", "ワタナ\u30d8\u3099"]
)
def test_watanabe_is_watanabe_however_typed(typed: str) -> None:
    assert kana_key(typed) == "ハタナヘ"


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("コウイチ", "コオイチ"),
        ("コウイチ", "コーイチ"),
        ("ジョウ", "ジョー"),
        ("ヨウコ", "ようこ"),
        ("ショウジ", "シヨウシ"),
        ("キャット", "キヤツト"),
        ("ヴァイオレット", "バイオレツト"),
        ("ヴ", "ブ"),
        ("ゔぃくとる", "ビクトル"),
        ("ヲウ", "オウ"),
        ("カヲル", "カオル"),
        ("ヰ", "イ"),
        ("ヱミ", "エミ"),
        ("マリー", "マリ"),
        ("ヤマダ タロウ", "ヤマダタロウ"),
        ("マリア・ルイサ", "マリアルイサ"),
    ],
)
def test_readings_that_are_one(one: str, other: str) -> None:
    assert kana_key(one) == kana_key(other)


def test_oono_and_ono_stay_apart() -> None:
    assert kana_key("オオノ") == kana_key("オーノ") == kana_key("おうの") != kana_key("オノ")


@pytest.mark.parametrize("dash", "ー―－‐‑–—−ｰ-~～〜")
def test_all_dashes_are_one_dash(dash: str) -> None:
    assert kana_key(f"コ{dash}イチ") == kana_key("コーイチ")
    assert kana_key(f"マリ{dash}") == kana_key("マリー")


@given(readings)
def test_folding_twice_is_folding_once(reading: str) -> None:
    assert kana_key(kana_key(reading)) == kana_key(reading)


@given(readings)
def test_hiragana_and_half_width_fold_alike(reading: str) -> None:
    hiragana = "".join(chr(ord(letter) - 0x60) if "ァ" <= letter <= "ヶ" else letter for letter in reading)
    assert kana_key(hiragana) == kana_key(reading)
    assert kana_key(unicodedata.normalize("NFD", reading)) == kana_key(reading)


@given(readings, st.integers(0, 12))
def test_a_space_between_two_sounds_changes_nothing(reading: str, at: int) -> None:
    assume(not reading[:at].endswith("ヴ"))  # ヴ and a small vowel are one sound
    assert kana_key(reading[:at] + "　" + reading[at:]) == kana_key(reading)


@given(readings)
def test_a_key_has_no_voicing_no_small_kana_and_no_marks(reading: str) -> None:
    assert not set(kana_key(reading)) & set("ガパァィゥェォッャュョヮー・ 　\u3099\u309aヲワ")


@given(texts)
def test_clusters_put_together_are_the_text(text: str) -> None:
    assert "".join(clusters(text)) == text


@given(texts)
def test_a_selector_stays_with_its_letter(text: str) -> None:
    parts = clusters(text)
    assert all(not is_selector(part[0]) for part in parts[1:])


@pytest.mark.parametrize(
    ("name", "letters"),
    [
        ("渡邉󠄐", ("渡", "邉󠄐")),
        ("𠮷田", ("𠮷", "田")),
        ("葛󠄂城", ("葛󠄂", "城")),
        ("髙島", ("髙", "島")),
        ("", ()),
        ("か\u3099き", ("か\u3099", "き")),
        ("ﾊﾞ", ("ﾊ", "ﾞ")),  # a half-width voicing mark takes a cell of its own
        ("e\u0301\u0302x", ("e\u0301\u0302", "x")),
        ("\U000e0110邉", ("\U000e0110", "邉")),
        ("邉\U000e0110\u3099", ("邉\U000e0110\u3099",)),
        ("👨\u200d👩\u200d👧🏽", ("👨\u200d👩\u200d👧🏽",)),
        ("山\u200d👧", ("山\u200d", "👧")),
        ("\u200f山\x00\n", ("\u200f", "山", "\x00", "\n")),
        ("\ud800\udc00山\udfff\U000e0110", ("\ud800", "\udc00", "山", "\udfff\U000e0110")),
        ("a" + "\u0301" * 40, ("a" + "\u0301" * 15, "\u0301" * 16, "\u0301" * 9)),
    ],
)
def test_a_letter_is_what_a_person_calls_one(name: str, letters: tuple[str, ...]) -> None:
    assert clusters(name) == letters


@given(odd_texts)
def test_of_a_text_only_what_nobody_sees_is_left_out(text: str) -> None:
    left_out = [letter for letter in text if letter not in seen(letter)]
    assert seen(text) == "".join(letter for letter in text if letter not in left_out)
    assert not [one for one in left_out if one.isspace() or is_private(one) or one.isalnum()]
    assert not [one for one in seen(text) if is_selector(one) or unicodedata.category(one) in {"Cf", "Cs"}]


@pytest.mark.parametrize(
    "unseen", ["\u200b", "\u200f", "\ufeff", "\ufe0f", "\U000e0110", "\x00", "\xad", "\ud800"]
)
def test_what_nobody_sees_changes_no_key(unseen: str) -> None:
    typed = f"わた{unseen}なべ{unseen}"
    assert is_kana(typed)
    assert kana_key(typed) == kana_key("ワタナベ")


@pytest.mark.parametrize("typed", ["ワタ", "わたなべ", "ﾜﾀﾅﾍﾞ", "コーイチ", "ヤマダ タロウ", "ゔ"])
def test_kana_is_a_reading(typed: str) -> None:
    assert is_kana(typed)


@pytest.mark.parametrize("typed", ["", "  ", "渡辺", "ワタ邉", "S55.12.26", "1000000001", "Smith"])
def test_anything_else_is_not(typed: str) -> None:
    assert not is_kana(typed)


def test_a_letter_is_named_by_its_code_points() -> None:
    assert code_points("邉󠄐") == "U+9089 U+E0110"
    assert code_points("𠮷") == "U+20BB7"


@given(odd_texts)
def test_any_text_has_letters_a_length_and_keys(text: str) -> None:
    parts = clusters(text)
    assert "".join(parts) == text
    assert all(parts)
    assert length(text) == len(parts) <= len(text)
    assert is_kana(kana_key(text)) or not is_kana(text) or not kana_key(text)
    assert all(code_points(part).startswith("U+") for part in parts)
    assert same_name(text, "".join(parts))
    assert not same_name(text, text + "\U000e0110")
    seen(text)


@given(odd_texts, odd_texts)
def test_a_text_is_never_shorter_for_what_is_put_behind_it(one: str, other: str) -> None:
    assert length(one) <= length(one + other) <= length(one) + length(other)


@pytest.mark.parametrize(
    ("name", "letters"), [("渡邉\U000e0110", 2), ("𠮷田", 2), ("か\u3099く", 2), ("葛\U000e0102城", 2)]
)
def test_length_is_what_a_person_counts(name: str, letters: int) -> None:
    assert length(name) == letters


@pytest.mark.parametrize(
    "other",
    [
        "\ufa10",  # U+FA10, which NFC would turn into U+585A
        "塚\U000e0100",
        "塚 ",
        "か\u3099",
        "",
    ],
)
def test_a_name_is_equal_to_nothing_but_its_own_code_points(other: str) -> None:
    assert same_name("塚", "塚")
    assert not same_name("塚", other)
    assert not same_name("が", "か\u3099")


def test_what_a_search_finds_alike_is_not_the_same_name() -> None:
    assert one_for_all("邊") == one_for_all("邉")
    assert not same_name("渡邊", "渡邉")


def test_private_use_of_every_plane_is_a_towns_own() -> None:
    assert all(map(is_private, "\ue000\uf8ff\U000f0000\U0010de92"))
    assert not any(map(is_private, "山a\U000e0110\ud800\uffff"))
