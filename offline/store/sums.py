"""The 4,096 bucket sums of each feed, and the version they stand for; written with the rows they cover."""

import json
import sqlite3
from collections.abc import Iterable
from datetime import datetime

from client.domain.as_of import AsOf, Source
from client.domain.errors import StoreError
from client.domain.feed import Feed, FeedPosition, Position
from client.rules.digest import BUCKETS, bucket_bytes, mids_of, plus, root_of, row_digest
from offline.store import other_rows
from offline.store.rows import tables_of
from offline.store.times import utc_from, utc_text


def create(connection: sqlite3.Connection) -> None:
    """Make the tables."""
    connection.execute(
        "CREATE TABLE feed (name TEXT PRIMARY KEY, version INTEGER NOT NULL, at TEXT NOT NULL)"
    )
    connection.execute(
        "CREATE TABLE bucket (feed TEXT NOT NULL, no INTEGER NOT NULL, total BLOB NOT NULL,"
        " PRIMARY KEY (feed, no)) WITHOUT ROWID"
    )


def load(connection: sqlite3.Connection, feed: Feed) -> list[int]:
    """Return the sums as kept."""
    totals = [0] * BUCKETS
    for no, total in connection.execute("SELECT no, total FROM bucket WHERE feed = ?", (feed.value,)):
        totals[no] = int.from_bytes(total)
    return totals


def save(connection: sqlite3.Connection, feed: Feed, totals: list[int], touched: Iterable[int]) -> None:
    """Write the sums that changed."""
    connection.executemany(
        "INSERT INTO bucket VALUES (?, ?, ?) ON CONFLICT (feed, no) DO UPDATE SET total = excluded.total",
        [(feed.value, no, bucket_bytes(totals[no])) for no in touched],
    )


def from_digests(connection: sqlite3.Connection, feed: Feed) -> list[int]:
    """Add up the digests kept with the rows."""
    totals = [0] * BUCKETS
    for table in tables_of(feed):
        for bucket, digest in connection.execute(f'SELECT _bucket, _digest FROM "{table.name}"'):
            totals[bucket] = plus(totals[bucket], int.from_bytes(digest))
    for bucket, digest in other_rows.digests(connection, feed):
        totals[bucket] = plus(totals[bucket], int.from_bytes(digest))
    return totals


def from_rows(
    connection: sqlite3.Connection, feed: Feed, buckets: Iterable[int], digest_key: bytes
) -> dict[int, int]:
    """Hash the rows filed under some buckets anew; one that is filed where it does not belong makes that bucket wrong."""
    totals = dict.fromkeys(buckets, 0)
    wanted = json.dumps(list(totals))
    for table in tables_of(feed):
        for bucket, row in table.filed_under(connection, wanted):
            totals[bucket] = plus(totals[bucket], row_digest(digest_key, table.name, row))
    for bucket, name, row in other_rows.rows_in(connection, feed, wanted):
        totals[bucket] = plus(totals[bucket], row_digest(digest_key, name, row))
    return totals


def root(totals: list[int]) -> bytes:
    """Return the root over all sums."""
    return root_of(mids_of(totals))


def set_position(connection: sqlite3.Connection, feed: Feed, version: int, at: datetime) -> None:
    """Write the version reached and when it was known to be the newest."""
    connection.execute(
        "INSERT INTO feed VALUES (?, ?, ?) ON CONFLICT (name) DO UPDATE SET version = excluded.version, at = excluded.at",
        (feed.value, version, utc_text(at)),
    )


def position(connection: sqlite3.Connection, feed: Feed) -> FeedPosition:
    """Return the version reached. StoreError ``store.not_filled``."""
    found = connection.execute("SELECT version, at FROM feed WHERE name = ?", (feed.value,)).fetchone()
    if found is None:
        raise StoreError("store.not_filled")
    return FeedPosition(found[0], utc_from(found[1]))


def positions(connection: sqlite3.Connection) -> Position:
    """Return the versions of both feeds."""
    return Position(position(connection, Feed.BLOCKS), position(connection, Feed.REGISTER))


def as_of(connection: sqlite3.Connection) -> AsOf:
    """Return what an answer from this file stands on."""
    register, blocks = position(connection, Feed.REGISTER), position(connection, Feed.BLOCKS)
    return AsOf(Source.REPLICA, register.version, register.at, blocks.version, blocks.at)
