"""Rows of the contract in the replica: every column as it was sent, nothing added, nothing lost.

Columns have no type in the file, so that no value is converted on its way; a column this program does not
know yet is kept in ``_extra``, and the digest of the row still comes out.
"""

import sqlite3
import tomllib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

from client.domain.errors import StoreError
from client.domain.feed import Feed
from client.rules.digest import SIZE, bucket_of, row_digest
from offline.store.pack import packed, unpacked
from resources import read_text

Row = Mapping[str, object]
Key = Sequence[str | int]


@dataclass(frozen=True, slots=True)
class Table:
    """A table of the contract as it is kept."""

    name: str
    feed: Feed
    key: tuple[str, ...]
    columns: tuple[str, ...]
    flags: frozenset[str]  # columns that are true or false; SQLite knows only numbers

    @property
    def _where(self) -> str:
        return _quoted(self.key, " = ? AND ") + " = ?"

    @property
    def _names(self) -> str:
        return _quoted(self.columns)

    def create(self, connection: sqlite3.Connection) -> None:
        """Make the table, without its index on buckets, which a fill adds at the end."""
        keys = _quoted(self.key)
        connection.execute(
            f'CREATE TABLE "{self.name}" ({self._names}, _extra, _bucket NOT NULL, _digest NOT NULL, PRIMARY KEY ({keys}))'
        )

    def index(self, connection: sqlite3.Connection) -> None:
        """Make the index on buckets."""
        connection.execute(f'CREATE INDEX "{self.name}_bucket" ON "{self.name}" (_bucket)')

    def insert(self, connection: sqlite3.Connection, digest_key: bytes, rows: Iterable[Row]) -> None:
        """Write rows that are not there yet."""
        marks = ", ".join("?" * (len(self.columns) + 3))
        connection.executemany(
            f'INSERT INTO "{self.name}" VALUES ({marks})', (self._values(row, digest_key) for row in rows)
        )

    def digest_of(self, connection: sqlite3.Connection, key: Key) -> int | None:
        """Return the digest kept for a row, or None where there is no such row."""
        found = connection.execute(
            f'SELECT _digest FROM "{self.name}" WHERE {self._where}', tuple(key)
        ).fetchone()
        return None if found is None else int.from_bytes(found[0])

    def delete(self, connection: sqlite3.Connection, key: Key) -> None:
        """Take a row out."""
        connection.execute(f'DELETE FROM "{self.name}" WHERE {self._where}', tuple(key))

    def delete_buckets(self, connection: sqlite3.Connection, buckets: Iterable[int]) -> None:
        """Take every row of some buckets out."""
        connection.executemany(
            f'DELETE FROM "{self.name}" WHERE _bucket = ?', ((bucket,) for bucket in buckets)
        )

    def keys_in(self, connection: sqlite3.Connection, bucket: int) -> list[tuple[str | int, ...]]:
        """Return the keys of a bucket's rows."""
        names = ", ".join(f'"{column}"' for column in self.key)
        return connection.execute(
            f'SELECT {names} FROM "{self.name}" WHERE _bucket = ?', (bucket,)
        ).fetchall()

    def where(self, connection: sqlite3.Connection, condition: str, *values: object) -> list[Row]:
        """Return rows as they were sent."""
        found = connection.execute(f'SELECT {self._names}, _extra FROM "{self.name}" {condition}', values)
        return [self._row(values) for values in found]

    def bucket(self, row: Row) -> int:
        """Return the bucket a row belongs to, by the key it bears."""
        key: list[Any] = [row.get(column) for column in self.key]
        return bucket_of(self.name, key)

    def check_key(self, key: Key, row: Row) -> None:
        """Raise ValueError where a row does not bear the key it was sent under."""
        if tuple(row.get(column) for column in self.key) != tuple(key):
            raise ValueError(f"a row of {self.name} under another key")

    def _values(self, row: Row, digest_key: bytes) -> list[object]:
        extra = {
            column: value for column, value in row.items() if column not in self.columns and value is not None
        }
        return [
            *(row.get(column) for column in self.columns),
            packed(extra) if extra else None,
            self.bucket(row),
            row_digest(digest_key, self.name, row).to_bytes(SIZE),
        ]

    def _row(self, values: tuple[Any, ...]) -> Row:
        row = {
            column: bool(value) if column in self.flags else value
            for column, value in zip(self.columns, values, strict=False)
            if value is not None
        }
        return row if values[-1] is None else {**row, **unpacked(values[-1])}


@cache
def _quoted(names: tuple[str, ...], between: str = ", ") -> str:
    return between.join(f'"{name}"' for name in names)


@cache
def contract() -> Mapping[str, Table]:
    """Return the tables of the contract this program was built with."""
    declared = tomllib.loads(read_text("contract", "tables.toml"))
    return {
        name: Table(
            name=name,
            feed=Feed(table["feed"]),
            key=tuple(table["key"]),
            columns=tuple(table["columns"]),
            flags=frozenset(column for column, kind in table["columns"].items() if kind == "bool"),
        )
        for name, table in declared.items()
    }


def table_named(name: str, feed: Feed | None = None) -> Table:
    """Return a table; StoreError ``store.newer`` where the register has one that this program does not know."""
    table = contract().get(name)
    if table is None:
        raise StoreError("store.newer")
    if feed is not None and table.feed is not feed:
        raise ValueError(f"{name} does not belong to this feed")
    return table


def tables_of(feed: Feed) -> tuple[Table, ...]:
    """Return the tables of a feed."""
    return tuple(table for table in contract().values() if table.feed is feed)
