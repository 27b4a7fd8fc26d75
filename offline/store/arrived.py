"""What arrived while the stores were shut, opened now that they are not."""

from collections.abc import Callable
from contextlib import suppress

from client.domain.errors import LinkDownError, RefusedError
from client.domain.feed import Feed, FeedBatch, Position
from client.rules.parcels import open_batch, parcel_key
from offline.store.shelf import Shelf


class Arrived:
    """The shelf as the sync sees it; fulfils feed_ports.LaidBy."""

    def __init__(self, shelf: Shelf, digest_key: Callable[[], bytes]) -> None:
        self._shelf = shelf
        self._digest_key = digest_key

    async def next(self, feed: Feed, after: int) -> FeedBatch | None:
        """Return what leads on from a version, or the word that it was the newest; None where nothing lies there."""
        parcel = await self._shelf.next(feed, after)
        if parcel is None:
            return None
        with suppress(LinkDownError, RefusedError):  # not to be opened here: the cloud is asked for it
            return open_batch(parcel, parcel_key(self._digest_key()))
        return None

    async def note(self, position: Position) -> None:
        """Write down where the replica stands, for the time when it is shut."""
        await self._shelf.note(position)

    async def clear(self) -> None:
        """Take everything away that was laid by, and where the replica stood."""
        await self._shelf.clear()
