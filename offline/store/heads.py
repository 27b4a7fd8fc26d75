"""Where each chain of the ledger ends, kept apart from its rows: a row cut off at the tail leaves a gap."""

import sqlite3

from client.rules.chain import GENESIS
from offline.store.pack import packed, unpacked

Head = tuple[int, bytes]


def create(connection: sqlite3.Connection) -> None:
    """Make the table."""
    connection.execute("CREATE TABLE meta (name TEXT PRIMARY KEY, value BLOB NOT NULL) WITHOUT ROWID")


def read(connection: sqlite3.Connection, name: str) -> Head:
    """Return number and hash of a chain's last row."""
    found = connection.execute("SELECT value FROM meta WHERE name = ?", (f"head.{name}",)).fetchone()
    if found is None:
        return 0, GENESIS
    seq, link = unpacked(found[0])
    return seq, link


def write(connection: sqlite3.Connection, name: str, seq: int, link: bytes) -> None:
    """Write number and hash of a chain's last row."""
    connection.execute(
        "INSERT INTO meta VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET value = excluded.value",
        (f"head.{name}", packed([seq, link])),
    )
