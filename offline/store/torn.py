"""A damaged file, read round what cannot be read: a failed range is left behind, and reading goes on after it.

One bad page poisons a connection (sqlcipher#617), so each failure costs a new one. An inner page of a tree may hide
a long range: the steps over it grow with the distance, and halving then finds where it ends.
"""

import sqlite3
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from client.domain.errors import StoreError
from offline.store import door
from offline.store.door import ForeignError

_DAMAGED = "store.damaged_replica"
_LAST = (1 << 62) - 1
_MOST_OPENINGS = 20_000  # some twenty seconds; a file with more holes than this is filled anew instead
_ALONE = " LIMIT 1"  # the library steps one row ahead, and with a failure there loses the row in its hand
_FINE = 8  # of a distance of so many, steps are single; then an eighth of it


class Torn:
    """Reads a damaged file; ``holes`` grows whenever something could not be read."""

    def __init__(self, path: Path, key: bytes, watch: Callable[[sqlite3.Connection], None]) -> None:
        self._path = path
        self._key = key
        self._watch = watch
        self._connection: sqlite3.Connection | None = None
        self._openings = 0
        self.holes = 0

    def all(self, sql: str) -> list[tuple[Any, ...]]:
        """Return every row of a short query. StoreError ``store.damaged_replica`` where one cannot be read."""
        try:
            return self._open().execute(sql).fetchall()
        except ForeignError as error:
            self._leave(error)
            raise _beyond_saving() from error

    def rows(self, sql: str, *values: object) -> Iterator[tuple[Any, ...]]:
        """Yield what can be read by a query for rows from a whole number on.

        That number stands first in each row, orders them, and is the last value the query takes.
        """
        begin: int | None = 0
        limit = ""
        while begin is not None:
            last = begin
            try:
                for row in self._open().execute(f"{sql}{limit}", (*values, begin)):
                    begin = int(row[0]) + 1
                    yield row
            except ForeignError as error:
                self._leave(error)
                self.holes += 1
                if limit:
                    begin, limit = self._behind(sql, values, begin), ""
                else:
                    limit = _ALONE
            else:
                if not limit or begin == last:
                    return
                limit = ""

    def bad_pages(self) -> int:
        """Return how many pages' seals are broken; of a file cut short, none of those that are gone."""
        try:
            return len(self._open().execute("PRAGMA cipher_integrity_check").fetchall())
        except ForeignError as error:
            self._leave(error)
            return 0
        finally:
            self.close()

    def close(self) -> None:
        """Close; the next reading opens again."""
        connection, self._connection = self._connection, None
        if connection is not None:
            connection.close()

    def _behind(self, sql: str, values: tuple[object, ...], failed: int) -> int | None:
        """Return the first number behind a failed one from which something can be read, or the end be seen."""
        low, distance = failed, 1
        while not self._answers(sql, values, high := failed + distance):
            low, distance = high, distance + 1 + distance // _FINE
            if failed + distance > _LAST:
                return None
        while high - low > 1:
            middle = (low + high) // 2
            if self._answers(sql, values, middle):
                high = middle
            else:
                low = middle
        return high

    def _answers(self, sql: str, values: tuple[object, ...], begin: int) -> bool:
        try:
            self._open().execute(f"{sql}{_ALONE}", (*values, begin)).fetchone()
        except ForeignError as error:
            self._leave(error)
            return False
        return True

    def _open(self) -> sqlite3.Connection:
        if self._connection is None:
            self._openings += 1
            if self._openings > _MOST_OPENINGS:
                raise _beyond_saving()
            self._connection = door.open_torn(self._path, self._key)
            self._watch(self._connection)
        return self._connection

    def _leave(self, error: Exception) -> None:
        """Let go of a poisoned connection; whatever is no damage goes on up."""
        poisoned = self._connection is not None and not door.is_sound(self._connection)
        self.close()
        known = door.trouble(error, damaged=_DAMAGED)
        if not poisoned and (known is None or known.code not in {_DAMAGED, "store.unreadable"}):
            raise error


def _beyond_saving() -> StoreError:
    return StoreError(_DAMAGED)
