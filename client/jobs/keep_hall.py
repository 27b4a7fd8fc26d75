"""Keep what a hall server has for the terminals: newest parcels by a held-back answer, the newest snapshot whole.

It can read none of it. What it begins with are the versions of its snapshot: from there its parcels lead on. Over a line
paid by the byte no chunks come, for nobody has asked for them: only the word at which versions the snapshot is.
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
        metered: bool = False,
    ) -> None:
        self._cloud = cloud
        self._chunks = chunks
        self._shelf = shelf
        self._snapshots = snapshots
        self._ring = ring
        self._metered = metered
        self._reached: dict[Feed, int] = {}  # where no snapshot is kept to begin with
        self._asking = asyncio.Lock()

    async def follow(self, wait_s: int) -> None:
        """Ask the cloud once for what is new, and keep it. LinkDownError, StoreError, RefusedError."""
        after = await self.versions()
        told = await self._cloud.parcels(after, limit=_ROWS, wait_s=wait_s)
        await self._keep(told)
        if any(isinstance(one, CannotGoOn) and not one.behind for one in told):
            await self._begin_anew()  # the log begins later than we are

    async def fetch(self, after: Mapping[Feed, int], limit: int) -> None:
        """Ask the cloud for a neighbour who is at versions that nothing here leads on from. LinkDownError, StoreError."""
        async with self._asking:
            await self._keep(await self._cloud.parcels(after, limit=min(limit, _ROWS)))

    async def refresh(self) -> bool:
        """Fetch the newest snapshot, whole; tells whether it is another one than before. LinkDownError, StoreError."""
        if self._metered:
            return False
        newest, known = await self._cloud.snapshot(), await self._snapshots.snapshot()
        if known is not None and known.snapshot_id == newest.snapshot_id:
            return False
        for name, size in await self._snapshots.missing(newest):
            await self._fetch_chunk(name, size)
        await self._snapshots.keep(newest)
        return True

    async def versions(self) -> dict[Feed, int]:
        """Return how far what is kept leads; where nothing is, a snapshot is fetched first. LinkDownError, StoreError."""
        first = self._reached if self._metered else await self._first()
        if not first:
            await self._begin_anew()
            first = self._reached if self._metered else await self._first()
        if not first:
            raise LinkDownError("link.fault")
        self._reached = {feed: await self._shelf.reached(feed, version) for feed, version in first.items()}
        return self._reached

    async def _first(self) -> dict[Feed, int]:
        kept = await self._snapshots.snapshot()
        return _versions(kept) if kept else {}

    async def _begin_anew(self) -> None:
        if self._metered:
            self._reached = _versions(await self._cloud.snapshot())
        await self.refresh()

    async def _fetch_chunk(self, name: str, size: int) -> None:
        for _ in range(_TRIES):
            if await self._snapshots.put(name, await self._chunks.chunk(name, size)):
                return
        raise LinkDownError("link.fault")

    async def _keep(self, told: tuple[Parcel | CannotGoOn, ...]) -> None:
        for one in told:
            if isinstance(one, Parcel):
                await self._shelf.put(one)
        self._ring()


def _versions(snapshot: SnapshotParcel) -> dict[Feed, int]:
    return {Feed.BLOCKS: snapshot.blocks_version, Feed.REGISTER: snapshot.register_version}
