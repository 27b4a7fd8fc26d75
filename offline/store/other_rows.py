"""Rows of tables this program does not know: kept whole and proved, until a version comes that knows them."""

import sqlite3
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from client.domain.feed import Feed
from client.rules.digest import SIZE, bucket_of, row_digest
from offline.store.pack import packed, unpacked
from offline.store.rows import Key, Row, Table, contract

Kept = tuple[Row, int, bytes]  # a row with its bucket and its digest


def create(connection: sqlite3.Connection) -> None:
    """Make the table."""
    connection.execute(
        "CREATE TABLE other_row (feed TEXT NOT NULL, name TEXT NOT NULL, key BLOB NOT NULL, row BLOB NOT NULL,"
        " _bucket INTEGER NOT NULL, _digest BLOB NOT NULL, PRIMARY KEY (feed, name, key)) WITHOUT ROWID"
    )
    connection.execute("CREATE INDEX other_row_bucket ON other_row (feed, _bucket)")


@dataclass(frozen=True, slots=True)
class OtherTable:
    """A table of the register that is in no contract this program has; what its key is, only the register says."""

    name: str
    feed: Feed

    def digest_of(self, connection: sqlite3.Connection, key: Key) -> int | None:
        """Return the digest kept for a row, or None where there is no such row."""
        found = connection.execute(
            "SELECT _digest FROM other_row WHERE feed = ? AND name = ? AND key = ?", self._at(key)
        ).fetchone()
        return None if found is None else int.from_bytes(found[0])

    def row_of(self, connection: sqlite3.Connection, key: Key) -> Row | None:
        """Return a row as it was sent, or None where there is no such row."""
        found = connection.execute(
            "SELECT row FROM other_row WHERE feed = ? AND name = ? AND key = ?", self._at(key)
        ).fetchone()
        return None if found is None else unpacked(found[0])

    def delete(self, connection: sqlite3.Connection, key: Key) -> None:
        """Take a row out."""
        connection.execute("DELETE FROM other_row WHERE feed = ? AND name = ? AND key = ?", self._at(key))

    def put(self, connection: sqlite3.Connection, digest_key: bytes, key: Key, row: Row) -> None:
        """Write a row that is not there yet."""
        digest = row_digest(digest_key, self.name, row).to_bytes(SIZE)
        values = (*self._at(key), packed(dict(row)), bucket_of(self.name, key), digest)
        connection.execute("INSERT INTO other_row VALUES (?, ?, ?, ?, ?, ?)", values)

    def _at(self, key: Key) -> tuple[str, str, bytes]:
        return self.feed.value, self.name, packed(list(key))


def table_for(name: str, feed: Feed) -> Table | OtherTable:
    """Return where rows of a feed's table are kept; ValueError where the table is of the other feed."""
    table = contract().get(name)
    if table is None:
        return OtherTable(name, feed)
    if table.feed is not feed:
        raise ValueError(f"{name} does not belong to this feed")
    return table


def delete_buckets(connection: sqlite3.Connection, feed: Feed, buckets: Iterable[int]) -> None:
    """Take every row of some buckets of a feed out."""
    connection.executemany(
        "DELETE FROM other_row WHERE feed = ? AND _bucket = ?", ((feed.value, bucket) for bucket in buckets)
    )


def digests(connection: sqlite3.Connection, feed: Feed) -> Iterator[tuple[int, bytes]]:
    """Yield bucket and digest of every row of a feed."""
    yield from connection.execute("SELECT _bucket, _digest FROM other_row WHERE feed = ?", (feed.value,))


def rows_in(connection: sqlite3.Connection, feed: Feed, buckets: str) -> Iterator[tuple[int, str, Row]]:
    """Yield bucket, table and row of every row filed under some buckets, a list in JSON."""
    found = connection.execute(
        "SELECT _bucket, name, row FROM other_row WHERE feed = ? AND _bucket IN (SELECT value FROM json_each(?))",
        (feed.value, buckets),
    )
    for bucket, name, row in found:
        yield bucket, name, unpacked(row)


def take(connection: sqlite3.Connection, table: Table) -> list[Kept]:
    """Take the rows of a table that is known by now out of here, and return them."""
    of_table = (table.feed.value, table.name)
    found = connection.execute(
        "SELECT row, _bucket, _digest FROM other_row WHERE feed = ? AND name = ?", of_table
    ).fetchall()
    connection.execute("DELETE FROM other_row WHERE feed = ? AND name = ?", of_table)
    return [(unpacked(row), bucket, digest) for row, bucket, digest in found]
