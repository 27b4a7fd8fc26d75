"""Waiting for news: many terminals hold a call open, and one look at the heads a while is made for all of them."""

import asyncio
from collections.abc import Callable, Mapping

from fastapi.concurrency import run_in_threadpool

LONGEST_S = 55  # proxies on the way end a silent connection after a minute
_LOOK_EVERY_S = 0.5
Heads = Mapping[str, int]


class News:
    """The heads of one town's feeds, watched while somebody waits."""

    def __init__(self, heads: Callable[[], Heads], *, longest_s: float = LONGEST_S) -> None:
        self._heads = heads
        self.longest_s = longest_s
        self._look: asyncio.Task[Heads] | None = None

    async def after(self, known: Heads, seconds: float) -> None:
        """Return when a head is no longer the version known of it, or after so many seconds."""
        ends = asyncio.get_running_loop().time() + min(seconds, self.longest_s)
        while asyncio.get_running_loop().time() < ends:
            heads = await asyncio.shield(self._next_look())
            if any(heads[feed] != version for feed, version in known.items()):
                return

    def _next_look(self) -> "asyncio.Task[Heads]":
        loop = asyncio.get_running_loop()
        if self._look is None or self._look.done() or self._look.get_loop() is not loop:
            self._look = loop.create_task(self._look_soon())
        return self._look

    async def _look_soon(self) -> Heads:
        await asyncio.sleep(_LOOK_EVERY_S)
        return await run_in_threadpool(self._heads)
