"""The contract's tables of letters are what their scripts make of the installed map and font."""

import pytest

from installer.dev import mj_letters, variants


def test_the_table_is_up_to_date() -> None:
    assert variants.TABLE.read_text("utf-8") == variants.table(), "run ./dev variants"


def test_the_letters_by_number_are_up_to_date() -> None:
    assert mj_letters.TABLE.read_text("utf-8") == mj_letters.table(), "run ./dev variants"


@pytest.mark.parametrize(
    ("head", "source"),
    [
        (variants.HEAD, "MJ縮退マップ"),
        (variants.HEAD, "jntajis-python"),
        (mj_letters.HEAD, "MJ文字情報一覧表"),
    ],
)
def test_a_table_names_its_source_and_licence(head: str, source: str) -> None:
    assert source in head
    assert "CC BY-SA 2.1 JP" in head
