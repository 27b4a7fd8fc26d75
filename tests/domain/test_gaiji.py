"""Letters of the town's own: their code points, and the letters they count as in a search."""

import pytest

from client.domain.gaiji import Gaiji, gaiji_links
from client.domain.letters import letter_of_mj


@pytest.mark.parametrize(
    ("code", "letter"), [("E001", "\ue001"), ("f8ff", "\uf8ff"), ("10DE92", "\U0010de92")]
)
def test_a_code_of_private_use_is_a_letter(code: str, letter: str) -> None:
    assert Gaiji(code).letter == letter


@pytest.mark.parametrize(
    "code", ["", "0041", "9089", "D800", "110000", "GGGG", "E001 ", "-E001", "0xE001", "00E001E001"]
)
def test_any_other_code_is_none(code: str) -> None:
    assert Gaiji(code).letter is None


@pytest.mark.parametrize(
    ("mj_code", "letter"),
    [
        ("MJ014031", "棃"),
        ("MJ014007", "梨"),
        ("MJ030196", "﨑"),
        ("MJ010541", "崎"),
        ("MJ028902", "髙"),
        ("MJ028901", "高"),
        ("MJ026190", "邉"),
        ("MJ060248", "邉"),  # with a selector: the letter it is a form of
        ("mj026190", "邉"),
        ("MJ999999", None),
        ("MJ26190", None),
        ("MJ02619０", None),
        ("", None),
    ],
)
def test_a_number_belongs_to_a_letter(mj_code: str, letter: str | None) -> None:
    assert letter_of_mj(mj_code) == letter


def test_a_letter_of_the_towns_own_counts_as_the_letter_of_its_number() -> None:
    rows = (
        Gaiji("E001", mj_code="MJ060248"),
        Gaiji("E002"),
        Gaiji("E003", mj_code="MJ999999"),
        Gaiji("0041", mj_code="MJ026190"),
    )
    assert gaiji_links(rows) == {"\ue001": "邉"}


def test_an_outline_is_not_printed_with_the_row() -> None:
    assert "M0 0" not in repr(Gaiji("E001", outline=b"M0 0"))
