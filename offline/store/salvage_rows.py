"""Where a salvage reads each kind of row, how it is known to be good, and where it goes."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import msgspec

from client.domain.feed import Feed
from client.rules.digest import bucket_of, row_digest
from offline.store.pack import unpacked
from offline.store.rows import Table, contract

Cells = Sequence[Any]


@dataclass(frozen=True, slots=True)
class Source:
    """Rows of one kind: a query that begins with the number they are read by, and what proves a row."""

    name: str
    select: str
    values: tuple[object, ...]
    insert: str
    proves: Callable[[Cells], bool]


def other(feed: Feed) -> str:
    """Return the name under which rows of unknown tables of a feed are copied."""
    return f"other rows of {feed.value}"


def sources(digest_key: bytes) -> Iterator[Source]:
    """Yield all there is to copy."""
    for table in contract().values():
        yield _of_table(table, digest_key)
    for feed in Feed:
        yield _of_other_rows(feed, digest_key)


def _of_table(table: Table, digest_key: bytes) -> Source:
    names = ", ".join(f'"{name}"' for name in (*table.columns, "_extra", "_bucket", "_digest"))
    marks = ", ".join("?" * (len(table.columns) + 3))

    def proves(cells: Cells) -> bool:
        _, *values, bucket, digest = cells
        try:
            row = table.row(values)
        except (msgspec.DecodeError, TypeError, ValueError):
            return False
        return bool(
            bucket == table.bucket(row) and row_digest(digest_key, table.name, row) == _number(digest)
        )

    return Source(
        table.name,
        f'SELECT rowid, {names} FROM "{table.name}" NOT INDEXED WHERE rowid >= ? ORDER BY rowid',
        (),
        f'INSERT OR IGNORE INTO "{table.name}" ({names}) VALUES ({marks})',
        proves,
    )


def _of_other_rows(feed: Feed, digest_key: bytes) -> Source:
    def proves(cells: Cells) -> bool:
        _, _, name, key, row, bucket, digest = cells
        try:
            found, known = unpacked(row), unpacked(key)
            return bool(
                bucket == bucket_of(name, known) and row_digest(digest_key, name, found) == _number(digest)
            )
        except (msgspec.DecodeError, TypeError, ValueError, AttributeError):
            return False

    return Source(
        other(feed),
        "SELECT _bucket, feed, name, key, row, _bucket, _digest FROM other_row"
        " WHERE feed = ? AND _bucket >= ? ORDER BY _bucket",
        (feed.value,),
        "INSERT OR IGNORE INTO other_row (feed, name, key, row, _bucket, _digest) VALUES (?, ?, ?, ?, ?, ?)",
        proves,
    )


def _number(digest: object) -> int | None:
    return int.from_bytes(digest) if isinstance(digest, bytes) else None
