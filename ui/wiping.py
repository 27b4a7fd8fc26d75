"""The wipe at a running counter: begun by the town's signed order, once the stores are shut; it goes on by itself."""

import asyncio
from collections.abc import Callable

from client import logs
from client.domain.errors import CounterError, LinkDownError
from client.jobs.heed_orders import HeedOrders
from client.jobs.watch_link import LinkWatch
from client.jobs.wipe_terminal import WipeTerminal
from client.rules.modes import StopReason

_LOOK_EVERY = 2.0  # seconds
_AFTER_TROUBLE = 20.0


def shut_by_order(watch: LinkWatch, wipe: WipeTerminal, shut: bool) -> None:
    """Stop the counter by order of the town, or let it go on; what else stops it stays."""
    if shut or wipe.under_way:
        watch.stop(StopReason.ORDERED)
    elif watch.stopped is StopReason.ORDERED:
        watch.stop(None)


class Wiping:
    """Looks whether this terminal is to be erased, for ever; ``is_shut`` tells whether no store is open."""

    def __init__(
        self, job: WipeTerminal, orders: HeedOrders, watch: LinkWatch, *, is_shut: Callable[[], bool]
    ) -> None:
        self._job = job
        self._orders = orders
        self._watch = watch
        self._is_shut = is_shut
        self._done = False
        self._told = ""

    async def run(self) -> None:
        """Do it, for ever; what went wrong is tried again."""
        while not self._done:
            try:
                await self.look()
            except CounterError as error:
                if isinstance(error, LinkDownError):
                    self._watch.note_failure(error)
                if error.code != self._told:
                    self._told = error.code
                    logs.logger().warning("wipe", **logs.facts_of(error))
                await asyncio.sleep(_AFTER_TROUBLE)
            await asyncio.sleep(_LOOK_EVERY)

    async def look(self) -> None:
        """Begin, or go on, where it is time. CounterError."""
        order_id = self._orders.to_be_erased
        under_way = self._job.under_way
        if order_id is None and not under_way:
            return
        self._watch.stop(StopReason.ORDERED)
        if not self._is_shut():
            return  # who is signed in is being signed out; a sheet on its way comes out first
        if not under_way:
            await self._job.begin(order_id or "")
        if self._watch.usable:
            self._done = await self._job.go_on()
            logs.logger().warning("wiped")
