"""Scrub the replica: read and hash every row anew within the day, a few buckets at a time (P09).

The sums kept beside the rows prove nothing of a bit that turned under them. What is wrong is counted as it is
found; the next round of sync then sees it differ from the register, and fetches it.
"""

from collections.abc import Callable
from datetime import timedelta

from client.domain.errors import StoreError
from client.domain.feed import Feed
from client.jobs.feed_ports import OwnRows
from client.rules.digest import BUCKETS

A_STEP = 8  # buckets; a clerk's look-up waits no longer than these take
EVERY = timedelta(seconds=15)  # so all of both feeds takes about four hours of an open counter
_OF_ALL = BUCKETS * len(Feed)


class ScrubReplica:
    """Goes round the buckets of both feeds for ever; ``wake`` asks the sync for a repair."""

    def __init__(self, replica: OwnRows, *, wake: Callable[[], None], begin: int = 0) -> None:
        self._replica = replica
        self._wake = wake
        self._next = begin % _OF_ALL

    async def step(self, count: int = A_STEP) -> int:
        """Look at the next few buckets, once a round at all pages; returns how many buckets were wrong. StoreError."""
        if self._next == 0:
            await self._replica.check()
        feed, first = tuple(Feed)[self._next // BUCKETS], self._next % BUCKETS
        buckets = tuple(range(first, min(first + count, BUCKETS)))
        found = await self._look(feed, buckets)
        self._next = (self._next + len(buckets)) % _OF_ALL
        return found

    async def pages(self) -> None:
        """Look at the seal of every page. StoreError ``store.damaged_replica`` where one is broken."""
        await self._replica.check()

    async def everything(self, tell: Callable[[int, int], None] = lambda _done, _of: None) -> int:
        """Look at the rows of both feeds, all of them now; returns how many buckets were wrong."""
        wrong = 0
        for done in range(0, _OF_ALL, A_STEP):  # so a look-up in between waits no longer than for a step
            tell(done, _OF_ALL)
            first = done % BUCKETS
            wrong += await self._look(tuple(Feed)[done // BUCKETS], tuple(range(first, first + A_STEP)))
        tell(_OF_ALL, _OF_ALL)
        return wrong

    async def idle_step(self) -> None:
        """Look at the next few buckets, if there is a replica now."""
        try:
            await self.step()
        except StoreError:  # closed, not filled or damaged: the sync knows, and mends it or fills it anew
            return

    async def _look(self, feed: Feed, buckets: tuple[int, ...]) -> int:
        wrong = await self._replica.wrong_buckets(feed, buckets)
        if wrong:
            await self._replica.distrust(feed, wrong)
            self._wake()
        return len(wrong)
