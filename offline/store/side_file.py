"""The side file of a fill: filled chunk by chunk, over restarts too, proved, and only then put in place."""

import asyncio
import os
import sqlite3
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import TypeVar

from client.domain.errors import StoreError
from client.domain.feed import ChunkRows, Manifest
from client.jobs.ports import Now
from offline.store import door, files, replica_file
from offline.store.migrations import migrate
from offline.store.replica_file import DAMAGED, STEPS
from offline.store.worker import Worker

T = TypeVar("T")
Use = Callable[[sqlite3.Connection], T]


class SideFile:
    """``replica.next.db`` with threads of its own."""

    def __init__(self, path: Path, key: bytes, digest_key: bytes, now: Now) -> None:
        self._path = path
        self._key = key
        self._digest_key = digest_key
        self._now = now
        self._worker = self._new_worker()

    async def begun(self) -> str | None:
        """Return which snapshot it is filled from; None where that cannot be known: it is begun anew then."""
        try:
            await self._worker.outside(self._migrate)
            return await self._worker.read(replica_file.snapshot_id)
        except StoreError as error:
            if error.code not in {DAMAGED, "store.newer"}:
                raise
            return None

    async def begin(self, manifest: Manifest) -> frozenset[str]:
        """Go on with this snapshot, or begin it anew; returns the chunks already here."""
        try:
            return await self._begin(manifest)
        except StoreError as error:
            if error.code not in {DAMAGED, "store.newer"}:
                raise
        await self._start_over()
        return await self._begin(manifest)

    async def add_chunk(self, sha256: str, rows: ChunkRows) -> None:
        """Write one chunk, columnar."""
        await self._write(lambda c: replica_file.add_chunk(c, self._digest_key, sha256, rows))

    async def finish(self, manifest: Manifest) -> None:
        """Prove, index and check the whole file; where it does not prove, it is gone."""
        try:
            await self._write(lambda c: replica_file.finish(c, manifest))
            await self._worker.outside(self._verify)
        except StoreError as error:
            if error.code == DAMAGED:
                await self._start_over()
            raise

    async def put_in_place_of(self, path: Path) -> None:
        """Take the place of the replica, whose handles are all closed."""
        await self._worker.outside(lambda: put_in_place(self._path, path))
        await self._worker.close()

    async def close(self) -> None:
        """Close; the file stays for the next time."""
        await self._worker.close()

    async def _begin(self, manifest: Manifest) -> frozenset[str]:
        await self._worker.outside(self._migrate)
        begun = await self._worker.read(replica_file.snapshot_id)
        if begun not in {None, manifest.snapshot_id}:
            await self._start_over()
            return await self._begin(manifest)
        if begun is None:
            await self._write(lambda c: replica_file.begin(c, manifest))
        return await self._worker.read(replica_file.chunks)

    async def _start_over(self) -> None:
        await self._worker.close()
        await asyncio.to_thread(remove, self._path)
        self._worker = self._new_worker()

    async def _write(self, work: Use[T]) -> T:
        return await self._worker.write(lambda c: door.whole(c, work))

    def _new_worker(self) -> Worker:
        return Worker(
            "fill",
            lambda reading: door.open_connection(self._path, self._key, reading=reading),
            lambda error: door.trouble(error, damaged=DAMAGED),
        )

    def _migrate(self) -> None:
        files.make_own(self._path)
        try:
            migrate(self._path, self._key, STEPS, self._now())
        except door.ForeignError as error:
            raise door.trouble(error, damaged=DAMAGED) or error from error

    def _verify(self) -> None:
        verify(self._path, self._key)


def verify(path: Path, key: bytes) -> None:
    """Bring all of a file into one, and check every page of it. StoreError ``store.damaged_replica``."""
    connection = door.open_connection(path, key)
    try:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    finally:
        connection.close()
    if not door.is_whole(path, key):
        raise StoreError(DAMAGED)


def put_in_place(new: Path, old: Path) -> None:
    """Put a file where the replica is, whose handles are all closed."""
    try:
        for ending in ("-wal", "-shm"):  # of the old file; never to be read into the new one
            old.with_name(old.name + ending).unlink(missing_ok=True)
        os.replace(new, old)
        files.sync_folder(old.parent)
    except OSError as error:
        raise files.trouble(error) from error


def remove(path: Path) -> None:
    """Take a side file away, with what SQLite keeps beside it."""
    for ending in ("", "-wal", "-shm"):
        with suppress(OSError):
            path.with_name(path.name + ending).unlink(missing_ok=True)
