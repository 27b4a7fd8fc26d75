"""Rows of the replica packed by column, as chunks are; and rows another terminal packed, looked at before they come in."""

import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from itertools import groupby

import zstandard

from client.domain.errors import RefusedError, StoreError
from client.domain.feed import ChunkRows, Feed
from offline.store.pack import packed, unpacked
from offline.store.rows import Row, Table, contract

ROWS = 8192
_PICTURES = 16  # times fewer rows where there are blobs among them
_LEVEL = 9


def packed_rows(connection: sqlite3.Connection) -> Iterator[bytes]:
    """Yield every row of both feeds, table by table; one chunk is in memory at a time."""
    for table in contract().values():
        yield from _of_known(connection, table)
    yield from _of_others(connection)


def _of_known(connection: sqlite3.Connection, table: Table) -> Iterator[bytes]:
    columns = ", ".join(f'"{column}"' for column in table.columns)
    found = connection.execute(f'SELECT {columns}, _extra FROM "{table.name}"')
    most = ROWS
    while values := found.fetchmany(most):
        rows = [table.row(cells) for cells in values]
        yield _packed(table.name, table.feed, table.key, rows)
        has_pictures = any(isinstance(cell, bytes) for row in rows[:_PICTURES] for cell in row.values())
        most = ROWS // _PICTURES if has_pictures else ROWS


def _of_others(connection: sqlite3.Connection) -> Iterator[bytes]:
    """Yield rows of tables this program does not know: their keys are told by value, so column names are found."""
    found = connection.execute("SELECT feed, name, key, row FROM other_row ORDER BY feed, name")
    for (feed, name), lines in groupby(found, key=lambda line: (line[0], line[1])):
        rows, keys = [], []
        for *_, key, row in lines:
            rows.append(unpacked(row))
            keys.append(unpacked(key))
        yield _packed(name, Feed(feed), _key_columns(rows, keys), rows)


def _key_columns(rows: Sequence[Row], keys: Sequence[Sequence[object]]) -> tuple[str, ...]:
    """Return columns that hold the keys in every row. StoreError ``store.newer`` where none do."""
    names: list[str] = []
    for place in range(len(keys[0])):
        wanted = [key[place] for key in keys]
        fitting = (column for column in rows[0] if [row.get(column) for row in rows] == wanted)
        found = next((column for column in fitting if column not in names), None)
        if found is None:
            raise StoreError("store.newer")
        names.append(found)
    return tuple(names)


def _packed(table: str, feed: Feed, key: Sequence[str], rows: Sequence[Row]) -> bytes:
    columns = list(dict.fromkeys(column for row in rows for column in row))
    content: Mapping[str, object] = {
        "table": table,
        "feed": feed.value,
        "key": list(key),
        "columns": columns,
        "data": [[row.get(column) for row in rows] for column in columns],
    }
    return zstandard.ZstdCompressor(level=_LEVEL).compress(packed(content))


def must_have_keys(rows: ChunkRows) -> None:
    """Refuse rows whose keys are not whole, or that are told to be of another feed. RefusedError ``bundle.unproven``."""
    known = contract().get(rows.table)
    key, feed = (known.key, known.feed) if known else (rows.key, rows.feed)
    columns = dict(zip(rows.columns, rows.data, strict=True))
    whole = bool(key) and all(
        name in columns and all(isinstance(value, str | int) for value in columns[name]) for name in key
    )
    if not whole or feed is None or feed is not rows.feed:
        raise RefusedError("bundle.unproven")
