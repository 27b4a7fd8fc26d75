"""The door to SQLCipher: the only place that imports it; what comes out is typed as sqlite3."""

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, TypeVar, cast

import sqlcipher3.dbapi2 as cipher  # type: ignore[import-untyped]  # no types; this file is their door

from client.domain.errors import StoreError

T = TypeVar("T")

ForeignError = cast("type[Exception]", cipher.Error)
Interrupted = cast("type[Exception]", cipher.OperationalError)

# cipher_memory_security stays off: it wipes each allocation, and fifty short reads took 31 ms instead of 3.
# Once, in one place: changing cipher pragmas after the key corrupts files (sqlcipher/sqlcipher#613).
_BEFORE_KEY = ("PRAGMA cipher_log_level = NONE",)
_AFTER_KEY = (
    "PRAGMA temp_store = MEMORY",
    "PRAGMA secure_delete = ON",
    "PRAGMA foreign_keys = ON",
    "PRAGMA trusted_schema = OFF",
    "PRAGMA busy_timeout = 5000",
)
_CACHE_KIB = 65_536

_FULL, _CORRUPT, _NOT_A_DATABASE, _CANNOT_OPEN = 13, 11, 26, 14
_IO_ERROR, _READ_ONLY, _PERMISSION = 10, 8, 3
_BAD_SECTORS = frozenset(
    {266, 522, 8458}
)  # IOERR_READ, _SHORT_READ, _CORRUPTFS: the disk gives a page no more
_POISONED = "identified deferred error"  # SQLCipher after one bad page: every further page fails


def _as_it_is(value: object) -> object:
    return value


# For what it does not know as its own, None and bytes among it, the module looks for ways to adapt each value: a row of
# a resident, sixteen of its columns empty, took 19 µs to write instead of 5.
for _kind in (type(None), bytes):
    cipher.register_adapter(_kind, _as_it_is)


def open_connection(path: Path, key: bytes, *, reading: bool = False) -> sqlite3.Connection:
    """Open a store with its raw key; in WAL, each commit brought to disk, nothing temporary outside memory."""
    connection = cipher.connect(str(path), isolation_level=None, check_same_thread=False)
    try:
        _unlock(connection, key)
        connection.execute(f"PRAGMA cache_size = -{_CACHE_KIB}")
        connection.execute("SELECT count(*) FROM sqlite_master").fetchone()
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA synchronous = FULL")
        if reading:
            connection.execute("PRAGMA query_only = ON")
    except ForeignError:
        connection.close()
        raise
    return cast("sqlite3.Connection", connection)


def open_torn(path: Path, key: bytes) -> sqlite3.Connection:
    """Open a damaged store, only to read what still can be read."""
    connection = cipher.connect(str(path), isolation_level=None, check_same_thread=False)
    try:
        _unlock(connection, key)
        connection.execute("PRAGMA writable_schema = ON")  # else a file cut short does not open at all
        connection.execute("SELECT count(*) FROM sqlite_master").fetchone()
        connection.execute("PRAGMA query_only = ON")
    except ForeignError:
        connection.close()
        raise
    return cast("sqlite3.Connection", connection)


def _unlock(connection: Any, key: bytes) -> None:
    for pragma in _BEFORE_KEY:
        connection.execute(pragma)
    connection.execute(f"PRAGMA key = \"x'{key.hex()}'\"")
    for pragma in _AFTER_KEY:
        connection.execute(pragma)


@contextmanager
def transaction(connection: sqlite3.Connection) -> Iterator[sqlite3.Connection]:
    """Run a block as one transaction: all of it or nothing."""
    connection.execute("BEGIN IMMEDIATE")
    try:
        yield connection
        connection.execute("COMMIT")
    except BaseException:
        with suppress(ForeignError):  # a full disk or a bad page has rolled back already
            connection.execute("ROLLBACK")
        raise


def whole(connection: sqlite3.Connection, work: Callable[[sqlite3.Connection], T]) -> T:
    """Run a function as one transaction."""
    with transaction(connection):
        done = work(connection)
        must_be_sound(connection)
        return done


def must_be_sound(connection: sqlite3.Connection) -> None:
    """Raise what a bad page raises where a connection has met one, whoever kept that to himself."""
    if not is_sound(connection):
        raise ForeignError(f"{_POISONED}: a page whose seal does not hold was read")


def is_sound(connection: sqlite3.Connection) -> bool:
    """Tell whether every page a connection has read had a seal that holds; it takes two microseconds.

    SQLCipher hands on a page whose seal does not hold as if it were read, without what was in it. As a part of a tree
    SQLite refuses it; as the tail of a long value it passes. The full-text search keeps its lists in such values: where
    a list breaks off, it takes that for its end, and nobody for an answer. Only the state of the connection tells,
    from then until it is closed.
    """
    return bool(one(connection, "PRAGMA cipher_status") == "1")


def seals_hold(connection: sqlite3.Connection) -> bool:
    """Check the seal of every page of an open file; some 5 ms for each MB."""
    return not connection.execute("PRAGMA cipher_integrity_check").fetchall()


def is_whole(path: Path, key: bytes) -> bool:
    """Check every page's seal on a connection of its own: one bad page poisons a connection (sqlcipher#617)."""
    try:
        connection = open_connection(path, key)
    except ForeignError:
        return False
    try:
        return seals_hold(connection)
    except ForeignError:
        return False
    finally:
        connection.close()


def trouble(error: Exception, *, damaged: str) -> StoreError | None:
    """Translate what SQLCipher said into known trouble; None for what is a bug of ours.

    ``damaged`` is the code of the store concerned. The key was checked before the file was opened, so a
    file that is "not a database" is a damaged one.
    """
    code = int(getattr(error, "sqlite_errorcode", 0) or 0) & 0xFF
    if code == _FULL:
        return StoreError("store.full")
    if code in {_CORRUPT, _NOT_A_DATABASE} or _POISONED in str(error):
        return StoreError(damaged)
    if code in {_IO_ERROR, _READ_ONLY, _PERMISSION, _CANNOT_OPEN}:
        return StoreError("store.unreadable")
    return None


def is_bad_sector(error: Exception) -> bool:
    """Tell whether it was the disk that could not give a page: for a replica as good as a broken seal."""
    return getattr(error, "sqlite_errorcode", 0) in _BAD_SECTORS


def one(connection: sqlite3.Connection, sql: str, *values: object) -> Any:
    """Return the single value of a single row, or None."""
    row = connection.execute(sql, values).fetchone()
    return None if row is None else row[0]
