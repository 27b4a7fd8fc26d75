"""Rows of the contract in the replica: every column as it was sent, nothing added, nothing lost.

Columns have no type in the file, so that no value is converted on its way; a column this program does not
know yet is kept in ``_extra``, and the digest of the row still comes out. Rows of whole tables it does not know
are in ``other_rows.py``.
"""

import sqlite3
import tomllib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import cache
from itertools import repeat
from typing import Any

import msgspec

from client.domain.feed import Feed
from client.rules.digest import SIZE, bucket_of, digests_by_column, row_digest
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
        """Make the indexes: on buckets, and on the person concerned where the key does not begin with it."""
        connection.execute(f'CREATE INDEX "{self.name}_bucket" ON "{self.name}" (_bucket)')
        if "atena_no" in self.columns and self.key[0] != "atena_no":
            connection.execute(f'CREATE INDEX "{self.name}_atena_no" ON "{self.name}" (atena_no)')

    def take_in_new_columns(self, connection: sqlite3.Connection) -> None:
        """Make the columns the table in the file does not have, and move there what was kept of them."""
        there = {name for _, name, *_ in connection.execute(f'PRAGMA table_info("{self.name}")')}
        new = [column for column in self.columns if column not in there]
        for column in new:
            connection.execute(f'ALTER TABLE "{self.name}" ADD COLUMN "{column}"')
        kept = (
            connection.execute(f'SELECT rowid, _extra FROM "{self.name}" WHERE _extra IS NOT NULL')
            if new
            else ()
        )
        settled = ", ".join([*(f'"{column}" = ?' for column in new), "_extra = ?"])
        for rowid, extra in list(kept):
            values = dict(_further(extra))
            moved = [values.pop(column, None) for column in new]
            left = packed(values) if values else None
            connection.execute(f'UPDATE "{self.name}" SET {settled} WHERE rowid = ?', [*moved, left, rowid])

    def insert(self, connection: sqlite3.Connection, digest_key: bytes, rows: Iterable[Row]) -> None:
        """Write rows that are not there yet."""
        self.insert_counted(
            connection,
            ((row, self.bucket(row), row_digest(digest_key, self.name, row).to_bytes(SIZE)) for row in rows),
        )

    def insert_columns(
        self,
        connection: sqlite3.Connection,
        digest_key: bytes,
        names: Sequence[str],
        data: Sequence[Sequence[Any]],
    ) -> None:
        """Write rows that are not there yet, as a snapshot has them: column by column, None where there is no value."""
        known = dict(zip(names, data, strict=True))
        buckets, digests = bucket_column(self, known), digests_by_column(digest_key, self.name, known)
        extra = self._extra_column({name: known[name] for name in names if name not in self.columns})
        columns = [known.get(column, repeat(None)) for column in self.columns]
        connection.executemany(self._insertion, zip(*columns, extra, buckets, digests, strict=False))

    def _extra_column(self, unknown: Mapping[str, Sequence[Any]]) -> Iterable[bytes | None]:
        if not unknown:
            return repeat(None)
        rows = (
            {name: value for name, value in zip(unknown, values, strict=True) if value is not None}
            for values in zip(*unknown.values(), strict=True)
        )
        return (packed(row) if row else None for row in rows)

    @property
    def _insertion(self) -> str:
        marks = ", ".join("?" * (len(self.columns) + 3))
        return f'INSERT INTO "{self.name}" ({self._names}, _extra, _bucket, _digest) VALUES ({marks})'

    def insert_counted(self, connection: sqlite3.Connection, rows: Iterable[tuple[Row, int, bytes]]) -> None:
        """Write rows that are not there yet, each with the bucket and the digest it has already."""
        connection.executemany(
            self._insertion, ([*self._cells(row), bucket, digest] for row, bucket, digest in rows)
        )

    def put(self, connection: sqlite3.Connection, digest_key: bytes, key: Key, row: Row) -> None:
        """Write a row that is not there yet; ValueError where it does not bear the key it was sent under."""
        if key_in(row, self.key) != tuple(key):
            raise ValueError(f"a row of {self.name} under another key")
        self.insert(connection, digest_key, [row])

    def digest_of(self, connection: sqlite3.Connection, key: Key) -> int | None:
        """Return the digest kept for a row, or None where there is no such row."""
        found = connection.execute(
            f'SELECT _digest FROM "{self.name}" WHERE {self._where}', tuple(key)
        ).fetchone()
        return None if found is None else int.from_bytes(found[0])

    def row_of(self, connection: sqlite3.Connection, key: Key) -> Row | None:
        """Return a row as it was sent, or None where there is no such row."""
        found = self.where(connection, f"WHERE {self._where}", *key)
        return found[0] if found else None

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
        return [self.row(values) for values in found]

    def filed_under(self, connection: sqlite3.Connection, buckets: str) -> Iterator[tuple[int, Row]]:
        """Yield the rows filed under some buckets, a list in JSON, each with its bucket."""
        found = connection.execute(
            f'SELECT _bucket, {self._names}, _extra FROM "{self.name}"'
            " WHERE _bucket IN (SELECT value FROM json_each(?))",
            (buckets,),
        )
        return ((bucket, self.row(values)) for bucket, *values in found)

    def bucket(self, row: Row) -> int:
        """Return the bucket a row belongs to, by the key it bears."""
        return bucket_of(self.name, key_in(row, self.key))

    def _cells(self, row: Row) -> list[object]:
        extra = {
            column: value for column, value in row.items() if column not in self.columns and value is not None
        }
        return [*(row.get(column) for column in self.columns), packed(extra) if extra else None]

    def row(self, values: Sequence[Any]) -> Row:
        """Return a row as it was sent, from its columns and what was kept beside them."""
        row = {
            column: bool(value) if column in self.flags else value
            for column, value in zip(self.columns, values, strict=False)
            if value is not None
        }
        return row if values[-1] is None else {**row, **_further(values[-1])}


def _further(extra: bytes) -> Row:
    """Return the columns kept beside the others; what cannot be read is one more, so that the digest does not come out."""
    with suppress(msgspec.DecodeError, TypeError):
        found = unpacked(extra)
        if isinstance(found, dict):
            return found
    return {"_extra": True}


def bucket_column(table: Table, columns: Mapping[str, Sequence[Any]]) -> Iterator[int]:
    """Yield the buckets of rows given column by column."""
    return (bucket_of(table.name, key) for key in zip(*(columns[name] for name in table.key), strict=True))


def key_in(row: Row, columns: Sequence[str]) -> tuple[Any, ...]:
    """Return the key a row bears."""
    return tuple(row.get(column) for column in columns)


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


def table_named(name: str) -> Table:
    """Return a table this program knows."""
    return contract()[name]


def tables_of(feed: Feed) -> tuple[Table, ...]:
    """Return the tables of a feed."""
    return tuple(table for table in contract().values() if table.feed is feed)
