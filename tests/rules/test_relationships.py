"""続柄 [STD j110]: words of the list, or chains of up to four."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from client.rules.relationships import OFFERED, is_lawful, written

LINKS = ("夫", "妻", "子", "父", "母", "兄", "姉", "弟", "妹", "夫（未届）", "妻（未届）")


@pytest.mark.parametrize(
    "text", ["世帯主", "縁故者", "同居人", "子（子の夫）", "妻(未届)", "父 の 兄 の 子", *OFFERED]
)
def test_these_are_taken(text: str) -> None:
    assert is_lawful(text)


@pytest.mark.parametrize(
    "text",
    ["", "祖父", "祖母", "おじ", "甥", "孫", "家事使用人", "準世帯主", "長男", "の", "子の", "世帯主の子"],
)
def test_these_are_not(text: str) -> None:
    assert not is_lawful(text)


@given(st.lists(st.sampled_from(LINKS), min_size=1, max_size=8))
def test_a_chain_has_four_links_at_most(links: list[str]) -> None:
    assert is_lawful("の".join(links)) == (len(links) <= 4)


@given(st.text(max_size=20))
def test_how_it_is_written_changes_nothing_of_what_it_is(text: str) -> None:
    assert is_lawful(text) == is_lawful(written(text))
