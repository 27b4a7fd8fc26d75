"""The tasks a screen has started: one of each name, kept alive, failures reported, cancelled on close."""

import asyncio
from collections.abc import Callable

from ui.work import Work


class Tasks:
    """Starts work from a gesture. A second gesture of the same name does nothing while the first is at work."""

    def __init__(self, loop: asyncio.AbstractEventLoop, report: Callable[[str, BaseException], None]) -> None:
        self._loop = loop
        self._report = report
        self._running: dict[str, asyncio.Task[None]] = {}
        self._closed = False

    def start(self, name: str, work: Work) -> bool:
        """Start work unless the same is under way; returns whether it was started."""
        if self._closed or name in self._running:
            return False
        self._begin(name, work)
        return True

    def replace(self, name: str, work: Work) -> None:
        """Start work in place of the same under way, which is cancelled: a search as one types."""
        if self._closed:
            return
        if old := self._running.pop(name, None):
            old.cancel()
        self._begin(name, work)

    def running(self, name: str) -> bool:
        """Tell whether work of a name is under way."""
        return name in self._running

    def names_running(self) -> frozenset[str]:
        """Return the names of all work under way."""
        return frozenset(self._running)

    @property
    def any_running(self) -> bool:
        """Tell whether anything is under way."""
        return bool(self._running)

    async def close(self) -> None:
        """Cancel everything and wait until it has ended; nothing starts any more."""
        self._closed = True
        await self.cancel()

    async def cancel(self, *names: str) -> None:
        """Cancel what is under way, all of it or some by name, and wait until it has ended."""
        running = tuple(task for name, task in self._running.items() if not names or name in names)
        for task in running:
            task.cancel()
        await asyncio.gather(*running, return_exceptions=True)

    def _begin(self, name: str, work: Work) -> None:
        task = self._loop.create_task(self._guarded(name, work), name=name)
        self._running[name] = task
        task.add_done_callback(lambda done: self._ended(name, done))

    async def _guarded(self, name: str, work: Work) -> None:
        try:
            await work()
        except Exception as error:
            self._report(name, error)

    def _ended(self, name: str, done: asyncio.Task[None]) -> None:
        if self._running.get(name) is done:
            del self._running[name]
