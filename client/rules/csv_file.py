"""A list as a file for a spreadsheet: RFC 4180, UTF-8 with a mark by which spreadsheets know it, and no formulas."""

import csv
import io
from collections.abc import Iterable, Sequence

_BOM = b"\xef\xbb\xbf"
_FORMULA = (
    "=",
    "+",
    "-",
    "@",
    "\t",
    "\r",
    "\n",
    "＝",
    "＋",
    "－",
    "＠",
)  # what a spreadsheet would calculate


def csv_file(rows: Iterable[Sequence[str]]) -> bytes:
    """Return the content of the file; cells are plain text, whatever they begin with."""
    text = io.StringIO()
    csv.writer(text, lineterminator="\r\n").writerows([_plain(cell) for cell in row] for row in rows)
    return _BOM + text.getvalue().encode("utf-8", "replace")


def _plain(cell: str) -> str:
    """Return a cell that no spreadsheet takes for a formula, also behind blanks it would strip."""
    return f"'{cell}" if cell.lstrip(" \u3000").startswith(_FORMULA) else cell
