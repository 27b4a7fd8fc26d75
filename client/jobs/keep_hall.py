"""Keep what a hall server has for the terminals: newest parcels by a held-back answer, the newest snapshot whole.

It can read none of it. What it begins with are the versions of its snapshot: from there its parcels lead on.
"""

import asyncio
from collections.abc import Callable, Mapping
from typing import Protocol

from client.domain.errors import LinkDownError
from client.domain.feed import Feed
from client.domain.parcel import CannotGoOn, Parcel, SnapshotParcel

_ROWS = 200  # few, so that parcels begin at many versions and lead more terminals on, and a thin line brings them soon
_TRIES = 2  # for a chunk that does not come whole


class CloudParcels(Protocol):
    """What the cloud says in parcels; their signature has been verified."""

    async def parcels(
        self, after: Mapping[Feed, int], *, limit: int, wait_s: int = 0
    ) -> tuple[Parcel | CannotGoOn, ...]:
        """Return what each feed has after a version."""
        ...

    async def snapshot(self, begun: str | None = None) -> SnapshotParcel:
        """Return what a snapshot consists of."""
        ...


class CloudChunks(Protocol):
    """Sealed chunks."""

    async def chunk(self, name: str, size: int) -> bytes:
        """Return one."""
        ...


class KeptParcels(Protocol):
    """Where parcels are kept."""

    async def put(self, parcel: Parcel) -> None:
        """Keep one."""
        ...

    async def reached(self, feed: Feed, after: int) -> int:
        """Return the version those kept lead to."""
        ...


class KeptChunks(Protocol):
    """Where snapshots are kept."""

    async def missing(self, snapshot: SnapshotParcel) -> tuple[tuple[str, int], ...]:
        """Return which chunks are not here."""
        ...

    async def put(self, name: str, content: bytes) -> bool:
        """Keep a chunk; False where it is not what its name says."""
        ...

    async def keep(self, snapshot: SnapshotParcel) -> None:
        """Keep what a snapshot consists of."""
        ...

    async def snapshot(self, begun: str = "") -> SnapshotParcel | None:
        """Return the newest that is whole."""
        ...


class KeepHall:
    """One thing at a time is asked of the cloud for a feed, whoever wants it."""

    def __init__(
        self,
        cloud: CloudParcels,
        chunks: CloudChunks,
        *,
        shelf: KeptParcels,
        snapshots: KeptChunks,
        ring: Callable[[], None],
    ) -> None:
        self._cloud = cloud
        self._chunks = chunks
        self._shelf = shelf
        self._snapshots = snapshots
        self._ring = ring
        self._asking = asyncio.Lock()

    async def follow(self, wait_s: int) -> None:
        """Ask the cloud once for what is new, and keep it. LinkDownError, StoreError, RefusedError."""
        after = await self.versions()
        await self._keep(await self._cloud.parcels(after, limit=_ROWS, wait_s=wait_s))

    async def fetch(self, after: Mapping[Feed, int], limit: int) -> None:
        """Ask the cloud for a neighbour who is at versions that nothing here leads on from. LinkDownError, StoreError."""
        async with self._asking:
            await self._keep(await self._cloud.parcels(after, limit=min(limit, _ROWS)))

    async def refresh(self) -> bool:
        """Fetch the newest snapshot, whole; tells whether it is another one than before. LinkDownError, StoreError."""
        newest, known = await self._cloud.snapshot(), await self._snapshots.snapshot()
        if known is not None and known.snapshot_id == newest.snapshot_id:
            return False
        for name, size in await self._snapshots.missing(newest):
            await self._fetch_chunk(name, size)
        await self._snapshots.keep(newest)
        return True

    async def versions(self) -> dict[Feed, int]:
        """Return how far what is kept leads; where nothing is, a snapshot is fetched first. LinkDownError, StoreError."""
        begin = await self._snapshots.snapshot()
        if begin is None:
            await self.refresh()
            begin = await self._snapshots.snapshot()
        if begin is None:
            raise LinkDownError("link.fault")
        first = {Feed.BLOCKS: begin.blocks_version, Feed.REGISTER: begin.register_version}
        return {feed: await self._shelf.reached(feed, version) for feed, version in first.items()}

    async def _fetch_chunk(self, name: str, size: int) -> None:
        for _ in range(_TRIES):
            if await self._snapshots.put(name, await self._chunks.chunk(name, size)):
                return
        raise LinkDownError("link.fault")

    async def _keep(self, told: tuple[Parcel | CannotGoOn, ...]) -> None:
        for one in told:
            if isinstance(one, Parcel):
                await self._shelf.put(one)
            elif not one.behind:
                await self.refresh()  # the log begins later than we are: go on from a snapshot
        self._ring()
