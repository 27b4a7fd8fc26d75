"""Count the bytes of each up-link by the day, and keep the counts over a restart."""

from collections.abc import Awaitable, Callable
from contextlib import suppress

from client.domain.calendar import tokyo_day
from client.domain.errors import StoreError
from client.jobs.ports import Now
from client.rules.usage import NONE, Counts, Usage, used


class CountBytes:
    """Looks at the totals of the door now and then; what came since the last look is of the day it is."""

    def __init__(
        self,
        totals: Callable[[], Counts],
        keep: Callable[[Usage], Awaitable[None]],
        *,
        now: Now,
        kept: Usage,
    ) -> None:
        self._totals = totals
        self._keep = keep
        self._now = now
        self._usage = self._kept = kept
        self._last: Counts = {}

    @property
    def today(self) -> Counts:
        """Return what each up-link has carried today."""
        return self._usage.on(tokyo_day(self._now()))

    def look(self) -> None:
        """Count what came since the last look."""
        totals = dict(self._totals())
        more = {uplink: count.since(self._last.get(uplink, NONE)) for uplink, count in totals.items()}
        self._usage, self._last = used(self._usage, tokyo_day(self._now()), more), totals

    async def keep(self) -> None:
        """Write the counts down where they have changed; a disk that takes nothing is no trouble of theirs."""
        self.look()
        usage = self._usage
        if usage != self._kept:
            with suppress(StoreError):
                await self._keep(usage)
                self._kept = usage
