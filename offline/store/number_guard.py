"""Nothing with a 個人番号 or a 住民票コード gets into the replica, whoever sent it (番号法; docs/SECURITY.md).

Looked at before a row is written: every column's name, and the words in the columns that hold words. Of columns and
tables this program does not know whole numbers are looked at too. Blobs (seal images, outlines of letters) are not
read. The costly look is spent only where one fast search over the joined words finds eleven digits.
"""

import re
import tomllib
from collections.abc import Iterable, Sequence
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
from resources import read_text

FORBIDDEN = "store.forbidden_number"
_EMPTY = frozenset((None, ""))
_PLAIN_NAME = re.compile(r"[A-Za-z_]{1,40}")


def look_at_chunk(chunk: ChunkRows) -> None:
    """Refuse a chunk of a snapshot. StoreError ``store.forbidden_number`` names table and column, never the value."""
    for column, values in zip(chunk.columns, chunk.data, strict=True):
        _look(chunk.table, column, values)


def look_at_changes(changes: Iterable[RowChange]) -> None:
    """Refuse a batch, or rows of a repair, as a whole. StoreError as above."""
    cells: dict[tuple[str, str], list[object]] = {}
    for change in changes:
        for column, value in (change.row or {}).items():
            cells.setdefault((change.table, column), []).append(value)
    for (table, column), values in cells.items():
        _look(table, column, values)


def _look(table: str, column: str, values: Sequence[object]) -> None:
    if _is_bad_name(table) or (_is_bad_name(column) and not _is_sealed(column, values)):
        _refuse(table, column)
    if not is_coded(column) and any(map(holds_forbidden_number, _suspects(table, column, values))):
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
