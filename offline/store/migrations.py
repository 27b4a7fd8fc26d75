"""Numbered steps from one shape of a file to the next; each is one transaction together with its record."""

import os
import shutil
import sqlite3
from collections.abc import Callable, Sequence
from datetime import datetime
from pathlib import Path

from client.domain.errors import StoreError
from offline.store import files
from offline.store.door import is_whole, must_be_sound, one, open_connection, transaction
from offline.store.times import utc_text

Step = Callable[[sqlite3.Connection], None]


def migrate(path: Path, key: bytes, steps: Sequence[Step], now: datetime) -> None:
    """Bring a file to the newest shape; StoreError ``store.newer`` and no change where it is newer still."""
    existed = path.exists()
    connection = open_connection(path, key)
    try:
        shape = int(one(connection, "PRAGMA user_version"))
        if shape > len(steps):
            raise StoreError("store.newer", found=shape, known=len(steps))
        if shape == len(steps):
            return
        if existed and shape > 0:
            connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
            _back_up(path, key, shape)
        for number in range(shape + 1, len(steps) + 1):
            _take(connection, number, steps[number - 1], now)
    finally:
        connection.close()


def backup_path(path: Path, shape: int) -> Path:
    """Return where the copy of a file is kept that was made before leaving a shape."""
    return path.with_name(f"{path.name}.shape{shape}")


def _take(connection: sqlite3.Connection, number: int, step: Step, now: datetime) -> None:
    with transaction(connection):
        connection.execute(
            "CREATE TABLE IF NOT EXISTS migration (no INTEGER PRIMARY KEY, name TEXT NOT NULL, at TEXT NOT NULL)"
        )
        step(connection)
        connection.execute("INSERT INTO migration VALUES (?, ?, ?)", (number, step.__name__, utc_text(now)))
        connection.execute(f"PRAGMA user_version = {number}")
        must_be_sound(connection)


def _back_up(path: Path, key: bytes, shape: int) -> None:
    kept = backup_path(path, shape)
    draft = kept.with_name(kept.name + ".new")
    files.make_own(draft)
    try:
        shutil.copyfile(path, draft)
        with draft.open("rb") as handle:
            os.fsync(handle.fileno())
    except OSError as error:
        draft.unlink(missing_ok=True)
        raise files.trouble(error) from error
    if not is_whole(draft, key):
        draft.unlink(missing_ok=True)
        raise StoreError("store.unreadable")
    os.replace(draft, kept)
    files.sync_folder(kept.parent)
