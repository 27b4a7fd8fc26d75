"""Snapshots as a hall server keeps them: parcels that say what there is, and sealed chunks by the hash of their bytes.

Every chunk is hashed again before it is given: what a disk has spoilt is fetched anew, and helps nobody until then.
"""

from collections.abc import Callable
from contextlib import suppress
from hashlib import sha256
from pathlib import Path

from client.domain.enrolment import TownKey
from client.domain.errors import LinkDownError
from client.domain.parcel import SnapshotParcel
from client.rules.parcels import read_parcel
from offline.store.files import make_folder, read_whole, write_whole
from offline.store.turns import Turns

_ENDING = ".snapshot"
_KEPT = 2  # snapshots: a fill that was begun goes on with the one before


class ChunkShelf:
    """A folder of chunks and of the snapshots they belong to; its work is done off the loop, one at a time."""

    def __init__(self, folder: Path, keys: Callable[[], tuple[TownKey, ...]]) -> None:
        self._folder = folder
        self._keys = keys
        self._off_loop = Turns()

    async def missing(self, snapshot: SnapshotParcel) -> tuple[tuple[str, int], ...]:
        """Return which chunks of a snapshot are not here, with their sizes."""
        return await self._off_loop(lambda: tuple(one for one in snapshot.chunks if not self._has(*one)))

    async def put(self, name: str, content: bytes) -> bool:
        """Keep a chunk where it is the one its name says. StoreError ``store.full`` and others."""
        return await self._off_loop(lambda: self._put(name, content))

    async def get(self, name: str) -> bytes | None:
        """Return a chunk that is whole, or None."""
        return await self._off_loop(lambda: self._get(name))

    async def keep(self, snapshot: SnapshotParcel) -> None:
        """Keep what a snapshot consists of, all of its chunks being here, and let go of what none needs any more."""
        await self._off_loop(lambda: self._keep(snapshot))

    async def snapshot(self, begun: str = "") -> SnapshotParcel | None:
        """Return the newest snapshot that is here as a whole; the one named where that is."""
        return await self._off_loop(lambda: self._snapshot(begun))

    def _has(self, name: str, size: int) -> bool:
        path = self._folder / name
        return path.is_file() and path.stat().st_size == size

    def _put(self, name: str, content: bytes) -> bool:
        if sha256(content).hexdigest() != name:
            return False
        make_folder(self._folder)
        write_whole(self._folder / name, content)
        return True

    def _get(self, name: str) -> bytes | None:
        path = self._folder / name
        content = read_whole(path)
        if content is not None and sha256(content).hexdigest() != name:
            path.unlink(missing_ok=True)
            return None
        return content

    def _keep(self, snapshot: SnapshotParcel) -> None:
        make_folder(self._folder)
        name = sha256(snapshot.wire).hexdigest()[:32] + _ENDING
        write_whole(self._folder / name, snapshot.wire)
        kept = self._all()[:_KEPT]
        needed = {chunk for _, one in kept for chunk, _ in one.chunks} | {path.name for path, _ in kept}
        for path in self._folder.iterdir():
            if path.name not in needed:
                path.unlink(missing_ok=True)

    def _snapshot(self, begun: str) -> SnapshotParcel | None:
        whole = [one for _, one in self._all() if all(self._has(*chunk) for chunk in one.chunks)]
        named = (one for one in whole if one.snapshot_id == begun)
        return next(named, None) or next(iter(whole), None)

    def _all(self) -> list[tuple[Path, SnapshotParcel]]:
        """Return the snapshots whose signature holds, newest first, by the cloud's own moments."""
        found = []
        for path in self._folder.glob(f"*{_ENDING}"):
            with suppress(LinkDownError):
                parcel = read_parcel(read_whole(path) or b"", self._keys())
                if isinstance(parcel, SnapshotParcel):
                    found.append((path, parcel))
        return sorted(found, key=lambda one: one[1].at, reverse=True)
