"""The two threads of a store: one writes, one reads, each with a connection of its own."""

import asyncio
import sqlite3
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from threading import Event, Lock
from typing import TypeVar

from client.domain.errors import StoreError
from offline.store.door import ForeignError, must_be_sound

T = TypeVar("T")
Use = Callable[[sqlite3.Connection], T]
Open = Callable[[bool], sqlite3.Connection]  # True: for reading
_A_MOMENT = 0.01  # seconds; reading without end holds a batch of a thousand up by ten seconds, not for ever
Translate = Callable[[Exception], StoreError | None]


class _Hand:
    """A thread and its connection, opened when first needed and again after it was poisoned."""

    def __init__(self, name: str, connect: Callable[[], sqlite3.Connection], translate: Translate) -> None:
        self._pool = ThreadPoolExecutor(1, thread_name_prefix=name)
        self._connect = connect
        self._translate = translate
        self._connection: sqlite3.Connection | None = None
        self._busy_with: object | None = None
        self._lock = Lock()
        self.idle = Event()
        self.idle.set()

    async def do(self, use: Use[T], job: object) -> T:
        """Run a function on this thread with its connection."""
        return await asyncio.get_running_loop().run_in_executor(self._pool, self._do, use, job)

    async def apart(self, use: Callable[[], T]) -> T:
        """Close the connection and run a function on this thread without one."""
        await self.drop()
        return await asyncio.get_running_loop().run_in_executor(self._pool, use)

    async def drop(self) -> None:
        """Close the connection; the next job opens another."""
        await asyncio.get_running_loop().run_in_executor(self._pool, self._drop)

    def interrupt(self, job: object) -> None:
        """Stop a job, if it is that one which runs now."""
        with self._lock:
            if self._busy_with is job and self._connection is not None:
                self._connection.interrupt()

    async def close(self) -> None:
        """Close connection and thread."""
        await self.drop()
        self._pool.shutdown(wait=False)

    def _do(self, use: Use[T], job: object) -> T:
        try:
            if self._connection is None:
                self._connection = self._connect()
            with self._lock:
                self._busy_with = job
            self.idle.clear()
            try:
                return use(self._connection)
            finally:  # an error too may come from what was not there to be read
                must_be_sound(self._connection)
        except ForeignError as error:
            known = self._translate(error)
            if known is None:
                raise
            self._drop()
            raise known from error
        finally:
            self.idle.set()
            with self._lock:
                self._busy_with = None

    def _drop(self) -> None:
        with self._lock:
            connection, self._connection = self._connection, None
        if connection is not None:
            with suppress(ForeignError):
                connection.close()


class Worker:
    """A store's writing and reading thread. Cancelling a caller stops a read, never a write."""

    def __init__(self, name: str, connect: Open, translate: Translate) -> None:
        self._writer = _Hand(f"{name}-write", lambda: connect(False), translate)
        self._reader = _Hand(f"{name}-read", lambda: connect(True), translate)

    async def write(self, use: Use[T]) -> T:
        """Run a function on the writing thread; it goes on to its end even when the caller is cancelled."""
        return await self._writer.do(use, object())

    async def read(self, use: Use[T]) -> T:
        """Run a function on the reading thread, on one state of the file; cancelling interrupts it."""
        job = object()

        def on_one_state(connection: sqlite3.Connection) -> T:
            connection.execute("BEGIN")
            try:
                return use(connection)
            finally:
                with suppress(ForeignError):
                    connection.execute("ROLLBACK")

        try:
            return await self._reader.do(on_one_state, job)
        except asyncio.CancelledError:
            self._reader.interrupt(job)
            raise

    def give_way(self) -> None:
        """Let what is being read be read first, for a moment: called by the writing thread between two steps.

        Both threads share one interpreter; a search is done in less time than a batch has steps.
        """
        self._reader.idle.wait(_A_MOMENT)

    async def outside(self, use: Callable[[], T]) -> T:
        """Run a function on the writing thread that opens what it needs itself; closes both connections first."""
        await self._reader.drop()
        return await self._writer.apart(use)

    async def close(self) -> None:
        """End both threads after what they are doing; the reader first, so that the writer empties the WAL."""
        await self._reader.close()
        await self._writer.close()
