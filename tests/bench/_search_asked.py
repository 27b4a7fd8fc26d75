"""A file that is asked as the reading thread of the replica asks it, and what is noted of each query."""

import sqlite3
import time
from dataclasses import dataclass, field
from pathlib import Path
from threading import Event

from client.domain.query import Query
from offline.store import door, residents, search

KEY = bytes(range(32))
LINES = 51  # fifty, and one more to know that there are more


@dataclass
class Seen:
    """The times of one class, in milliseconds."""

    wall: list[float] = field(default_factory=list)
    cpu: list[float] = field(default_factory=list)


def plain(path: Path) -> sqlite3.Connection:
    """Open the plain copy with the same library, in the same mode."""
    import sqlcipher3.dbapi2 as cipher  # type: ignore[import-untyped]  # no types; opened here without a key

    opened: sqlite3.Connection = cipher.connect(str(path), isolation_level=None, check_same_thread=False)
    for pragma in ("temp_store = MEMORY", "cache_size = -65536", "journal_mode = WAL", "query_only = ON"):
        opened.execute(f"PRAGMA {pragma}")
    return opened


def encrypted(path: Path) -> sqlite3.Connection:
    return door.open_connection(path, KEY, reading=True)


class Asked:
    """One file that is asked, as the reading thread of the replica asks it."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self.connection = connection
        self.finder = search.Finder()
        self.finder.warm(connection)  # as at opening
        self.idle = Event()  # as the worker tells its writing thread

    def time(self, query: Query, seen: Seen) -> int:
        """Answer a query and note how long it took; returns how many lines there are."""
        wall, cpu = time.perf_counter(), time.thread_time()
        self.idle.clear()
        self.connection.execute("BEGIN")
        lines = residents.find(self.connection, self.finder, query, limit=LINES).value
        self.connection.execute("ROLLBACK")
        self.idle.set()
        seen.cpu.append(1e3 * (time.thread_time() - cpu))
        seen.wall.append(1e3 * (time.perf_counter() - wall))
        return len(lines)
