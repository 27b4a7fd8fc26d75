"""Nothing with a 個人番号 or a 住民票コード gets into the replica, whoever sent it (番号法; docs/SECURITY.md).

Looked at before a row is written: every column's name, and the words in the columns that hold words. Of columns and
tables this program does not know whole numbers are looked at too, and the keys: they are kept beside the row. (A row of
a table it knows is written by the columns it bears, and only under that key.) Blobs (seal images, outlines of letters)
are not read. The costly look is spent only where one fast search over the joined words finds eleven digits.
"""

import re
import tomllib
from collections.abc import Iterable, Iterator, Sequence
from functools import cache, lru_cache
from typing import NoReturn, cast

from client.domain.errors import StoreError
from client.domain.feed import ChunkRows, RowChange
from client.domain.forbidden_numbers import (
    JUMINHYO_CODE,
    SUSPECT,
    holds_forbidden_number,
    is_coded,
    is_forbidden_name,
)
from offline.store.rows import contract
from resources import read_text

FORBIDDEN = "store.forbidden_number"
_KEY = "key"  # of a row of an unknown table: which columns it is made of nobody has said
_EMPTY = frozenset((None, ""))
_PLAIN_NAME = re.compile(r"[A-Za-z_]{1,40}")
_A_CODE = re.compile(r"[0-9A-Za-z._:-]*")  # what stands in the column of a code and is no words


def look_at_chunk(chunk: ChunkRows) -> None:
    """Refuse a chunk of a snapshot. StoreError ``store.forbidden_number`` names table and column, never the value."""
    other = chunk.table not in contract()
    for column, values in zip(chunk.columns, chunk.data, strict=True):
        _look(chunk.table, column, values)
        if other and column in chunk.key:
            _look_at_words(chunk.table, column, [value for value in values if not _is_code(value)])
    _look_at_name(chunk.table)


def look_at_changes(changes: Iterable[RowChange]) -> None:
    """Refuse a batch, or rows of a repair, as a whole. StoreError as above."""
    cells: dict[tuple[str, str], list[object]] = {}
    keys: dict[str, list[object]] = {}
    for change in changes:
        for column, value in (change.row or {}).items():
            cells.setdefault((change.table, column), []).append(value)
        keys.setdefault(change.table, []).extend(() if change.table in contract() else _unproved(change))
    for (table, column), values in cells.items():
        _look(table, column, values)
    for table, parts in keys.items():
        _look_at_name(table)
        _look_at_words(table, _KEY, parts)


def _unproved(change: RowChange) -> Iterator[object]:
    """Yield the parts of a key that are not known as codes.

    A code stands in a column of codes too; and in the key of a removal, of which nothing is written.
    """
    row = change.row
    codes = change.key if row is None else [value for column, value in row.items() if is_coded(column)]
    return (part for part in change.key if part not in codes or not _is_code(part))


def _is_code(value: object) -> bool:
    return not isinstance(value, str) or _A_CODE.fullmatch(value) is not None


def _look_at_name(table: str) -> None:
    if _is_bad_name(table):
        _refuse(table, "")


def _look(table: str, column: str, values: Sequence[object]) -> None:
    if _is_bad_name(table) or (_is_bad_name(column) and not _is_sealed(column, values)):
        _refuse(table, column)
    if not is_coded(column):
        _look_at_words(table, column, values)


def _look_at_words(table: str, column: str, values: Sequence[object]) -> None:
    if any(map(holds_forbidden_number, _suspects(table, column, values))):
        _refuse(table, column)


def _suspects(table: str, column: str, values: Sequence[object]) -> Sequence[str]:
    """Return the words to be looked at closely: none, but where eleven digits stand among them.

    It runs over every cell of a town: each word once, none that is too short, and those that are left as one text.
    """
    try:
        words = [word for word in cast("set[str]", set(values) - _EMPTY) if len(word) >= JUMINHYO_CODE]
        return words if SUSPECT.search("\n".join(words)) else ()
    except TypeError:  # there are numbers or blobs among them
        words = [value for value in _as_words(table, column, values) if SUSPECT.search(value)]
    return words


def _as_words(table: str, column: str, values: Sequence[object]) -> Sequence[str]:
    kinds = set(map(type, values))
    words = [value for value in values if isinstance(value, str)] if str in kinds else []
    if int in kinds and (table, column) not in _numbers():
        words += [str(value) for value in values if isinstance(value, int)]
    return words


@cache
def _numbers() -> frozenset[tuple[str, str]]:
    """Return the columns of the contract that hold whole numbers: amounts, counts, years."""
    declared = tomllib.loads(read_text("contract", "tables.toml"))
    return frozenset(
        (table, column)
        for table, shape in declared.items()
        for column, kind in shape["columns"].items()
        if kind == "int"
    )


@lru_cache(maxsize=4096)
def _is_bad_name(name: str) -> bool:
    """Tell whether a name is that of one of the two, sealed or not, or one of them itself."""
    return is_forbidden_name(name) or holds_forbidden_number(name)


def _is_sealed(column: str, values: Sequence[object]) -> bool:
    sealed = (b"" if value is None else value for value in values)
    return not holds_forbidden_number(column) and not any(is_forbidden_name(column, one) for one in sealed)


def _refuse(table: str, column: str) -> NoReturn:
    names = {"table": table, "column": column}
    raise StoreError(FORBIDDEN, **{what: _told(name) for what, name in names.items()})


def _told(name: str) -> str:
    """Return a name as it may be quoted: what is no plain word could be a number itself."""
    return name if _PLAIN_NAME.fullmatch(name) else "?"
