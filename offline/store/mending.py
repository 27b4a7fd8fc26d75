"""Mending a damaged replica: one salvage at a time, on the writing thread; given up when the stores are closed."""

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import TypeVar

from client.domain.errors import StoreError
from client.domain.feed import Mended
from client.jobs.ports import Now
from offline.store.replica_file import DAMAGED
from offline.store.salvage import Salvage, Tell
from offline.store.side_file import put_in_place, remove
from offline.store.worker import Worker

T = TypeVar("T")


class Mending:
    """Makes ``replica.mended.db`` from the damaged file, and puts it in that one's place."""

    def __init__(self, damaged: Path, now: Now) -> None:
        self._damaged = damaged
        self._side = damaged.with_name("replica.mended.db")
        self._now = now
        self._turn = asyncio.Lock()
        self._salvage: Salvage | None = None
        self._in_vain = False  # nothing of this file can be saved
        self._closed = True

    async def begin(self) -> None:
        """Hear that a file was opened or filled; what a kill left half done is taken away."""
        self._in_vain = self._closed = False
        await asyncio.to_thread(remove, self._side)

    async def close(self) -> None:
        """Stop what is under way, and wait for its end."""
        self._closed = True
        self._halt()
        async with self._turn:
            pass

    async def alone(self, work: Callable[[], Awaitable[T]]) -> T:
        """Mend from beginning to end; whoever is cancelled waiting stops it, and waits until it has ended."""
        task = asyncio.ensure_future(self._in_turn(work))
        try:
            return await asyncio.shield(task)
        except asyncio.CancelledError:
            self._halt()
            await asyncio.wait([task])
            if not task.cancelled():
                task.exception()  # known trouble has nobody to hear it any more
            raise

    async def save(self, worker: Worker, keys: tuple[bytes, bytes], tell: Tell) -> Mended | None:
        """Save what can be saved into the file beside; None where that is nothing. StoreError."""
        if self._in_vain or self._closed:
            return None
        loop = asyncio.get_running_loop()

        def told(done: int, of: int) -> None:
            loop.call_soon_threadsafe(tell, done, of)

        self._salvage = Salvage(self._damaged, self._side, *keys, self._now, told)
        try:
            return await worker.outside(self._salvage.run)
        except StoreError as error:
            if error.code != DAMAGED:
                raise
            self._in_vain = True
            return None
        finally:
            self._salvage = None

    async def put_in_place(self) -> None:
        """Put the saved file where the damaged one is, whose handles are all closed; that one is gone then."""
        await asyncio.to_thread(put_in_place, self._side, self._damaged)

    def _halt(self) -> None:
        if self._salvage is not None:
            self._salvage.stop()

    async def _in_turn(self, work: Callable[[], Awaitable[T]]) -> T:
        async with self._turn:
            return await work()
