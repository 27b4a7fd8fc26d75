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


def test_who_must_call_reads_whom_where_the_town_has_set_it() -> None:
    set_words = Words("ja", "内線 2345 情報係")
    for code in ("sign_in.shut", "sign_in.lease_over", "store.damaged_ledger", "bug"):
        assert "（内線 2345 情報係）" in set_words.error(code).do, code
        assert "{" not in JA.error(code).do
        assert "（" not in JA.error(code).do
    assert "(ext. 2345)" in Words("en", "ext. 2345").error("sign_in.shut").do
