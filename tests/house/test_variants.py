"""The contract's table of variants is what its script makes of the installed map."""

from installer.dev import variants


def test_the_table_is_up_to_date() -> None:
    assert variants.TABLE.read_text("utf-8") == variants.table(), "run ./dev variants"


def test_the_table_names_its_source_and_licence() -> None:
    assert all(word in variants.HEAD for word in ("MJ縮退マップ", "CC BY-SA 2.1 JP", "jntajis-python"))
