"""A list as a file: read back it is the same, and no cell of it is a formula."""

import csv
import io

from hypothesis import given
from hypothesis import strategies as st

from client.rules.csv_file import csv_file

CELLS = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\r\n"))


def read_back(content: bytes) -> list[list[str]]:
    assert content.startswith(b"\xef\xbb\xbf")
    return list(csv.reader(io.StringIO(content.decode("utf-8-sig"))))


@given(st.lists(st.lists(CELLS, min_size=1, max_size=4).map(lambda row: ["a", *row]), max_size=5))
def test_what_is_read_back_is_what_was_written_and_nothing_is_calculated(rows: list[list[str]]) -> None:
    back = read_back(csv_file(rows))
    assert [[cell.removeprefix("'") for cell in row] for row in back] == [
        [cell.removeprefix("'") for cell in row] for row in rows
    ]
    for row in back:
        for cell in row:
            assert not cell.strip(" \u3000").startswith(("=", "+", "-", "@", "\t", "＝", "＋", "－", "＠"))


def test_a_name_that_would_be_a_formula_is_plain_text_also_behind_a_blank() -> None:
    asked = ['=HYPERLINK("http://x")', " =1+1", "　＝1", "+81", "@x", "-"]
    (back,) = read_back(csv_file([asked]))
    assert back == [f"'{cell}" for cell in asked]
