"""Heed the town's orders to this terminal, day and night, signed in or not; needs no key of the stores."""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from datetime import timedelta

from client.domain.errors import LinkDownError, RefusedError, StoreError
from client.jobs.feed_ports import CloudOrders, OrderKeeper
from client.jobs.sync_replica import either
from client.rules.orders import Obedience, heed

EVERY = timedelta(minutes=5)
EVERY_METERED = timedelta(hours=1)
_AFTER_TROUBLE = 20.0


class HeedOrders:
    """Asks for orders, does what they say, writes that down, and only then answers."""

    def __init__(self, cloud: CloudOrders, keeper: OrderKeeper, *, shut: Callable[[bool], None]) -> None:
        self._cloud = cloud
        self._keeper = keeper
        self._shut = shut
        self._stand: Obedience | None = None
        self._sure = False  # what stands here is as it was kept, not only what the file says
        self._asked = asyncio.Event()

    @property
    def is_shut(self) -> bool:
        """Tell whether nobody may sign in here, by the last order that was heard."""
        return self._known().shut

    @property
    def to_be_erased(self) -> str | None:
        """Return by which order this terminal is to be erased, or None; the order may not be known by name."""
        known = self._known()
        return known.erase_by if known.to_be_erased else None

    def ask_now(self) -> None:
        """Ask at once: the cloud calls this terminal revoked, and only its signed order makes that count."""
        self._asked.set()

    async def rest(self, seconds: float) -> None:
        """Sleep, unless it is to be asked at once."""
        await either(self._asked.wait(), asyncio.sleep(seconds))
        self._asked.clear()

    def begin(self) -> None:
        """Shut the counter where the last order heard said so; no line is needed."""
        self._shut(self._known().shut)

    async def load(self) -> None:
        """Learn what was kept, whatever became of the file; where that cannot be had now the next round asks again."""
        with suppress(StoreError):
            await self._learn()
            self._shut(self._known().shut)

    async def round(self) -> None:
        """Heed what is open. LinkDownError, StoreError, RefusedError."""
        with suppress(StoreError):  # what is ordered now counts, whatever was kept
            await self._learn()
        before = self._known()
        stand, answers = heed(before, await self._cloud.orders())
        self._stand = stand  # a disk that is full keeps nobody from being shut out
        self._shut(stand.shut)
        if stand != before:
            await self._keeper.keep(stand)
        for answer in answers:
            with suppress(RefusedError):  # an order that is no more
                await self._cloud.done(answer.order_id, answer.result)

    async def run(
        self,
        usable: Callable[[], bool],
        metered: Callable[[], bool],
        sleep: Callable[[float], Awaitable[None]],
        *,
        on_failure: Callable[[LinkDownError], None] = lambda _: None,
    ) -> None:
        """Ask now and then, for ever: once an hour where the line is paid by the byte."""
        while True:
            wait = _AFTER_TROUBLE
            if usable():
                try:
                    await self.round()
                except LinkDownError as error:
                    on_failure(error)
                except (StoreError, RefusedError):
                    pass  # asked again; what shuts the counter has done so already
                else:
                    wait = (EVERY_METERED if metered() else EVERY).total_seconds()
            await sleep(wait)

    async def _learn(self) -> None:
        if not self._sure:
            self._stand, self._sure = await self._keeper.known(), True

    def _known(self) -> Obedience:
        if self._stand is None:
            self._stand = self._keeper.read()
        return self._stand
