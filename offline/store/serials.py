"""This terminal's issue numbers: taken inside the issue's own transaction, never from memory (P05)."""

import sqlite3

from client.rules.serials import next_serial, next_series
from offline.store.door import one


def create(connection: sqlite3.Connection) -> None:
    """Make the counter, and the list of series with the reason each one began."""
    connection.execute(
        "CREATE TABLE serial (only INTEGER PRIMARY KEY CHECK (only = 1), highest INTEGER NOT NULL)"
    )
    connection.execute("INSERT INTO serial VALUES (1, 0)")
    connection.execute(
        "CREATE TABLE series (begins INTEGER PRIMARY KEY, at TEXT NOT NULL, actor TEXT NOT NULL)"
    )


def highest(connection: sqlite3.Connection) -> int:
    """Return the highest number ever taken, by the counter and by the sheets."""
    counted = int(one(connection, "SELECT highest FROM serial"))
    return max(counted, int(one(connection, "SELECT coalesce(max(serial), 0) FROM sheet")))


def take(connection: sqlite3.Connection) -> int:
    """Take the next number."""
    number = next_serial(highest(connection))
    connection.execute("UPDATE serial SET highest = ?", (number,))
    return number


def skip_to(connection: sqlite3.Connection, number: int) -> range:
    """Leave every number up to this one unused; returns those that were not taken yet."""
    skipped = range(next_serial(highest(connection)), number + 1)
    if skipped:
        connection.execute("UPDATE serial SET highest = ?", (number,))
    return skipped


def latest_series(connection: sqlite3.Connection) -> int:
    """Return the first number of the last series begun after a loss; 0 where there was none."""
    return int(one(connection, "SELECT coalesce(max(begins), 0) FROM series"))


def begin_series(connection: sqlite3.Connection, *marks: int, at: str, actor: str) -> int:
    """Leave a gap above every known mark; returns the first number of the new series."""
    begins = next_series(highest(connection), *marks)
    connection.execute("UPDATE serial SET highest = ?", (begins - 1,))
    connection.execute("INSERT INTO series VALUES (?, ?, ?)", (begins, at, actor))
    return begins
