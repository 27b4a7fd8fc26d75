"""No 個人番号 and no 住民票コード comes into the register, whoever writes (番号法; docs/SECURITY.md).

Every terminal refuses a batch with one as a whole, and follows the register no further until it is mended. So rows are
looked at here before they are written: the name of each column, and the words in those that hold words.
"""

from collections.abc import Iterable, Sequence
from functools import cache
from http import HTTPStatus

from cloud.contract import Row, tables
from cloud.forbidden_numbers import (
    FEWEST_DIGITS,
    holds_code,
    holds_forbidden_number,
    is_forbidden_name,
    is_worth_reading,
)
from cloud.problems import ProblemError

FORBIDDEN = "register.forbidden_number"
_ADVICE = "digits that read as an individual number or a juminhyo code: take them out and register again"


def look_at(rows: Iterable[tuple[str, Row]]) -> None:
    """Refuse rows of the contract, each with its table; the problem names table and column, never what stands there."""
    by_table: dict[str, list[Row]] = {}
    for table, row in rows:
        by_table.setdefault(table, []).append(row)
    for table, of_table in by_table.items():
        _look_at_table(table, of_table)


def _look_at_table(table: str, rows: Sequence[Row]) -> None:
    """Look closely at single rows only where one search over all their longer words finds eleven digits."""
    columns = columns_of_words(table)
    words = [
        word
        for row in rows
        for word in map(row.get, columns)
        if isinstance(word, str) and len(word) >= FEWEST_DIGITS
    ]
    if not _names_at_fault(table) and not is_worth_reading("\n".join(words)):
        return
    for row in rows:
        column = forbidden_column(table, row)
        if column is not None:
            facts = {"table": table, "column": column}
            raise ProblemError(HTTPStatus.UNPROCESSABLE_ENTITY, FORBIDDEN, _ADVICE, **facts)


def forbidden_column(table: str, row: Row) -> str | None:
    """Return the first column of a row that may not stand in the register, if there is one."""
    named = _names_at_fault(table)
    words = columns_of_words(table)
    for column, value in row.items():
        if column in named and is_forbidden_name(column, value):
            return column
        if column in words and holds_forbidden_number(str(value)):
            return column
    return None


@cache
def columns_of_words(table: str) -> frozenset[str]:
    """Return the columns of a table that hold words: no codes, no numbers, no blobs, and no days, which are checked."""
    return frozenset(
        column
        for column, kind in tables()[table].columns.items()
        if kind in {"text", "time"} and not holds_code(column)
    )


@cache
def _names_at_fault(table: str) -> frozenset[str]:
    """Return the columns of a table that are called like one of the two: none, as long as the contract has none."""
    return frozenset(column for column in tables()[table].columns if is_forbidden_name(column))
