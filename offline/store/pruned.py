"""Which lines of the journal were taken out after their time, each time signed by the terminal: where the chain begins.

A row says of a row of lines their first and last number, the hash before the first and that of the last, and which line
of the journal tells of it. Without the terminal's key, which is not on the disk, nobody can write one.
"""

import sqlite3

from client.rules.chain import GENESIS
from offline.store.door import one
from offline.store.heads import Head


def pruned_shape(connection: sqlite3.Connection) -> None:
    """Make the table."""
    connection.execute(
        "CREATE TABLE journal_pruned (first INTEGER PRIMARY KEY, last INTEGER NOT NULL, prev BLOB NOT NULL,"
        " head BLOB NOT NULL, signature BLOB NOT NULL, told_by INTEGER NOT NULL)"
    )


def boundary(connection: sqlite3.Connection) -> Head:
    """Return number and hash of the last line that was taken out; what stands before the first where none was."""
    if one(connection, "SELECT 1 FROM sqlite_schema WHERE name = 'journal_pruned'") is None:
        return 0, GENESIS  # a file on its way from an older shape
    found = connection.execute("SELECT last, head FROM journal_pruned ORDER BY first DESC LIMIT 1").fetchone()
    return (0, GENESIS) if found is None else (int(found[0]), bytes(found[1]))
