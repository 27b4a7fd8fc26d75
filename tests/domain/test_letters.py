"""What counts as the same name, and what as the same letter ([STD j330])."""

import unicodedata

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from client.domain.letters import clusters, code_points, is_kana, is_selector, kana_key, strip_selectors

KATAKANA = "".join(chr(code) for code in range(0x30A1, 0x30FB)) + "ー"
SELECTORS = "\ufe00\ufe0f\U000e0100\U000e01ef"
readings = st.text(KATAKANA + " 　・", max_size=12)
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
    assert all(is_selector(letter) for part in parts for letter in part[1:])


@pytest.mark.parametrize(
    ("name", "letters"),
    [
        ("渡邉󠄐", ("渡", "邉󠄐")),
        ("𠮷田", ("𠮷", "田")),
        ("葛󠄂城", ("葛󠄂", "城")),
        ("髙島", ("髙", "島")),
        ("", ()),
    ],
)
def test_a_letter_is_what_a_person_calls_one(name: str, letters: tuple[str, ...]) -> None:
    assert clusters(name) == letters


@given(texts)
def test_without_selectors_only_selectors_are_gone(text: str) -> None:
    bare = strip_selectors(text)
    assert not any(map(is_selector, bare))
    assert [letter for letter in text if not is_selector(letter)] == list(bare)


@pytest.mark.parametrize("typed", ["ワタ", "わたなべ", "ﾜﾀﾅﾍﾞ", "コーイチ", "ヤマダ タロウ", "ゔ"])
def test_kana_is_a_reading(typed: str) -> None:
    assert is_kana(typed)


@pytest.mark.parametrize("typed", ["", "  ", "渡辺", "ワタ邉", "S55.12.26", "1000000001", "Smith"])
def test_anything_else_is_not(typed: str) -> None:
    assert not is_kana(typed)


def test_a_letter_is_named_by_its_code_points() -> None:
    assert code_points("邉󠄐") == "U+9089 U+E0110"
    assert code_points("𠮷") == "U+20BB7"
