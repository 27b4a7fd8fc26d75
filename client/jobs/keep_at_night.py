"""Go on following while the stores are shut: what the town says is fetched and laid by, sealed, for whoever unlocks.

It needs the terminal's own identity and no key of the stores. In the morning, with or without a line, the replica takes
in what lies there, and is as old as the last word of the night.
"""

from collections.abc import Awaitable, Callable
from datetime import timedelta

from client.domain.errors import LinkDownError, StoreError
from client.domain.feed import Feed
from client.domain.parcel import CannotGoOn, Parcel
from client.jobs.feed_ports import ParcelShelf, ParcelSource

EVERY = timedelta(minutes=1)
_ROWS = 1000
_PARCELS_A_ROUND = 100


class KeepAtNight:
    """One round at a time, between the last lock and the next unlocking."""

    def __init__(
        self, source: ParcelSource, shelf: ParcelShelf, *, metered: Callable[[], bool] = lambda: False
    ) -> None:
        self._source = source
        self._shelf = shelf
        self._metered = metered

    async def round(self) -> int:
        """Fetch what is new after the replica and what lies there; returns how many parcels. LinkDownError, StoreError.

        Before the first fill there is nothing to follow. On a metered line only the blocks come.
        """
        stand = await self._shelf.position()
        if stand is None or stand.blocks is None or stand.register is None:
            return 0
        after = {Feed.BLOCKS: await self._shelf.reached(Feed.BLOCKS, stand.blocks.version)}
        if not self._metered():
            after[Feed.REGISTER] = await self._shelf.reached(Feed.REGISTER, stand.register.version)
        kept = 0
        while after and kept < _PARCELS_A_ROUND:
            told = await self._source.parcels(after, limit=_ROWS)
            after = {}
            for one in told:
                if isinstance(one, CannotGoOn):
                    continue  # a fill or a person is needed: the morning's affair
                await self._shelf.put(one)
                kept += one.is_news
                if _leads_on(one):
                    after[one.feed] = one.to
        return kept

    async def run(
        self,
        usable: Callable[[], bool],
        sleep: Callable[[float], Awaitable[None]],
        *,
        on_failure: Callable[[LinkDownError], None] = lambda _: None,
    ) -> None:
        """Hold rounds for ever while the link is usable; trouble of line and disk is outlived."""
        while True:
            if usable():
                try:
                    await self.round()
                except LinkDownError as error:
                    on_failure(error)
                except StoreError:
                    pass  # a full disk: what was accepted comes first, and the morning's round fetches it
            await sleep(EVERY.total_seconds())


def _leads_on(parcel: Parcel) -> bool:
    return parcel.is_news and parcel.to < parcel.head
