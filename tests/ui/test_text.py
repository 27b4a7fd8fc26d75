"""Texts: both languages say the same things."""

import re

from ui.text import Words

JA, EN = Words("ja"), Words("en")
PLACE = re.compile(r"\{(\w+)\}")


def test_both_languages_have_the_same_keys() -> None:
    assert JA.all_keys() == EN.all_keys()


def test_both_languages_have_the_same_facts() -> None:
    keys = [key for key in JA.all_keys() if not key.startswith("error.")]
    assert keys
    assert [key for key in keys if set(PLACE.findall(JA(key))) != set(PLACE.findall(EN(key)))] == []


def test_a_fact_that_is_a_word_of_ours_is_told_in_words() -> None:
    assert "本籍の表示" in JA.error("refused.right_missing", {"right": "honseki"}).why


def test_a_fact_that_is_missing_is_a_dash_not_an_error_over_an_error() -> None:
    assert "―" in JA.error("sign_in.locked_out", {}).do
