"""Take in a bundle that was carried here: whole, into a side file that is proved and swapped in; or the changes after ours.

The bundle's seals were looked at before; here nothing of it is believed but what the town's cloud signed. Rows another
terminal sent count only when they add up to a root the cloud signed (P09).
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Protocol

from client.domain.bundle import Bundle, BundleKind, versions_of
from client.domain.enrolment import TownKey
from client.domain.errors import LinkDownError, RefusedError, StoreError
from client.domain.feed import ChunkRows, Feed, FeedBatch, Manifest, Position
from client.domain.parcel import Parcel, SnapshotParcel
from client.jobs.feed_ports import Landing, ReplicaFiles
from client.jobs.ports import JournalEntry
from client.jobs.sync_replica import position_of
from client.rules.chunk_rows import read_chunk, read_rows
from client.rules.digest import root_of
from client.rules.parcels import open_batch, open_manifest, parcel_key, read_parcel

_DAMAGED = "store.damaged_replica"
Look = Callable[[ChunkRows], object]  # refuses rows that cannot be kept
Keep = Callable[[Parcel], Awaitable[None]]  # puts a parcel where neighbours and the next bundle find it


class Contents(Protocol):
    """A bundle that was verified and can be read: its records, part by part."""

    @property
    def bundle(self) -> Bundle:
        """Return what it says of itself."""
        ...

    def records(self, name: str) -> Iterator[bytes]:
        """Yield a part's records. RefusedError ``bundle.changed``."""
        ...


@dataclass(frozen=True, slots=True)
class Town:
    """What the town is known by here, and what its parcels are opened with."""

    feed_keys: tuple[TownKey, ...]
    digest_key: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class Opener:
    """Who had a bundle opened: the clerk at the terminal, and the numbers of the officers' shares."""

    staff_id: str
    shares: tuple[int, ...]


def must_lead_on(bundle: Bundle, position: Position) -> None:
    """Refuse a bundle that does not bring a replica further, before anybody types a passphrase.

    RefusedError ``bundle.older`` (would take it back, or brings nothing), ``bundle.gap`` (begins after what is here),
    ``bundle.other_kind`` (an outbox, which is for the cloud).
    """
    if bundle.kind is BundleKind.OUTBOX:
        raise RefusedError("bundle.other_kind")
    here = versions_of(position)
    if here is None:
        if bundle.kind is BundleKind.DELTA:
            raise RefusedError("bundle.gap")
        return
    to = {feed: span.to for feed, span in bundle.spans.items()}
    back = any(to[feed] < here[feed] for feed in Feed)
    further = any(to[feed] > here[feed] for feed in Feed)
    known = [at.at for at in (position.blocks, position.register) if at]
    if (back and (bundle.kind is BundleKind.WHOLE or not further)) or (
        not further and all(bundle.made_at <= at for at in known)
    ):
        raise RefusedError("bundle.older")
    if any(span.after is not None and span.after > here[feed] for feed, span in bundle.spans.items()):
        raise RefusedError("bundle.gap")


class OpenBundle:
    """Brings the replica to where a bundle leads; what is refused leaves it as it was, or at a version it proved."""

    def __init__(
        self,
        replica: ReplicaFiles,
        ledger: Landing,
        town: Town,
        *,
        look: Look,
        keep: Keep,
        proving: Callable[[], object] = lambda: None,
    ) -> None:
        self._replica = replica
        self._ledger = ledger
        self._town = town
        self._key = parcel_key(town.digest_key)
        self._look = look
        self._keep = keep
        self._proving = (
            proving  # hears when all rows are in the side file, which is now proved and swapped in
        )

    async def __call__(self, contents: Contents, opener: Opener) -> Position:
        """Take it in, land what is reached, write it in the journal. RefusedError ``bundle.…``, StoreError."""
        before = await position_of(self._replica)
        must_lead_on(contents.bundle, before)
        try:
            await self._take_in(contents, before)
        except LinkDownError as error:  # not of the contract: here too that is no bundle of the town's
            raise RefusedError("bundle.unproven") from error
        finally:
            after = await position_of(self._replica)
            if after.register is not None:
                await self._ledger.land(after.register.version)
        await self._ledger.record(_entry(contents.bundle, before, after, opener))
        return after

    async def _take_in(self, contents: Contents, before: Position) -> None:
        if contents.bundle.kind is BundleKind.WHOLE and self._is_ahead(contents.bundle, before):
            if contents.bundle.part("snapshot"):
                await self._fill_from_snapshot(contents, before)
            else:
                await self._fill_from_rows(contents)
        await self._follow(contents)

    def _is_ahead(self, bundle: Bundle, before: Position) -> bool:
        here = versions_of(before)
        return here is None or any(span.to > here[feed] for feed, span in bundle.spans.items())

    async def _fill_from_snapshot(self, contents: Contents, before: Position) -> None:
        found = [
            read_parcel(wire, self._town.feed_keys) async for wire in _each(contents.records("snapshot"))
        ]
        if len(found) != 1 or not isinstance(found[0], SnapshotParcel):
            raise RefusedError("bundle.unproven")
        manifest = open_manifest(found[0], self._key)
        await self._must_reach(contents, manifest)
        here = versions_of(before)
        begins = {Feed.BLOCKS: manifest.blocks_version, Feed.REGISTER: manifest.register_version}
        if here is not None and all(begins[feed] <= here[feed] for feed in Feed):
            return  # what is here is at least as new: following is enough
        have = await self._replica.begin_fill(manifest)
        records = _each(contents.records("chunks"))
        for chunk in manifest.chunks:
            sealed = await anext(records, b"")
            if sha256(sealed).hexdigest() != chunk.sha256:
                raise RefusedError("bundle.unproven")
            if chunk.sha256 not in have:
                await self._replica.add_chunk(
                    chunk.sha256, await asyncio.to_thread(read_chunk, sealed, chunk)
                )
        await self._finish(manifest)

    async def _must_reach(self, contents: Contents, manifest: Manifest) -> None:
        """Follow the parcels in thought from the snapshot to where the bundle says it leads, before anything is swapped."""
        at = {Feed.BLOCKS: manifest.blocks_version, Feed.REGISTER: manifest.register_version}
        async for parcel in self._parcels(contents):
            if parcel.after == at[parcel.feed]:
                at[parcel.feed] = parcel.to
        if at != {feed: span.to for feed, span in contents.bundle.spans.items()}:
            raise RefusedError("bundle.unproven")

    async def _fill_from_rows(self, contents: Contents) -> None:
        words = {parcel.feed: parcel async for parcel in self._parcels(contents)}
        if any(not _says(words.get(feed), span.to) for feed, span in contents.bundle.spans.items()):
            raise RefusedError("bundle.unproven")
        blocks, register = words[Feed.BLOCKS], words[Feed.REGISTER]
        manifest = Manifest(
            snapshot_id=f"carried-{contents.bundle.bundle_id}",
            register_version=register.to,
            blocks_version=blocks.to,
            at=min(blocks.at, register.at),
            register_root=register.root,
            blocks_root=blocks.root,
            chunks=(),
        )
        have = await self._replica.begin_fill(manifest)
        async for packed in _each(contents.records("rows")):
            name = sha256(packed).hexdigest()
            if name not in have:
                rows = await asyncio.to_thread(read_rows, packed)
                self._look(rows)
                await self._replica.add_chunk(name, rows)
        await self._finish(manifest)

    async def _finish(self, manifest: Manifest) -> None:
        self._proving()
        try:
            await self._replica.finish_fill(manifest)
        except StoreError as error:
            if error.code != _DAMAGED:
                raise
            raise RefusedError("bundle.unproven") from error

    async def _follow(self, contents: Contents) -> None:
        async for parcel in self._parcels(contents):
            here = versions_of(await self._replica.position())
            if here is None or parcel.after > here[parcel.feed]:
                raise RefusedError("bundle.gap")
            if parcel.after == here[parcel.feed] < parcel.to:
                await self._apply(open_batch(parcel, self._key))
            elif parcel.after < here[parcel.feed] < parcel.to:
                raise RefusedError("bundle.gap")  # it begins before our version and ends after it
            await self._keep(parcel)
            if _says(parcel, (versions_of(await self._replica.position()) or {})[parcel.feed]):
                await self._confirm(parcel)

    async def _apply(self, batch: FeedBatch) -> None:
        try:
            await self._replica.apply(batch)
        except StoreError as error:
            if error.code != _DAMAGED:
                raise
            raise RefusedError("bundle.unproven") from error

    async def _confirm(self, parcel: Parcel) -> None:
        if root_of(await self._replica.mids(parcel.feed)) != parcel.root:
            raise RefusedError("bundle.unproven")
        position = await self._replica.position()
        here = position.blocks if parcel.feed is Feed.BLOCKS else position.register
        if here is not None:
            reached = max(here.at, parcel.at)
            await self._replica.confirm(parcel.feed, here.version, reached)

    async def _parcels(self, contents: Contents) -> AsyncIterator[Parcel]:
        async for wire in _each(contents.records("parcels")):
            parcel = read_parcel(wire, self._town.feed_keys)
            if not isinstance(parcel, Parcel):
                raise RefusedError("bundle.unproven")
            yield parcel


async def _each(records: Iterator[bytes]) -> AsyncIterator[bytes]:
    """Read records off the loop: each takes a disk and a cipher."""
    while (record := await asyncio.to_thread(next, records, None)) is not None:
        yield record


def _says(parcel: Parcel | None, version: int) -> bool:
    """Tell whether a parcel says that a version was the newest."""
    return parcel is not None and parcel.to == parcel.head == version


def _entry(bundle: Bundle, before: Position, after: Position, opener: Opener) -> JournalEntry:
    was, now = versions_of(before) or {}, versions_of(after) or {}
    return JournalEntry(
        kind="sync",
        actor=opener.staff_id,
        facts={
            "bundle": bundle.bundle_id,
            "bundle_kind": bundle.kind.value,
            "made_by": bundle.made_by,
            "shares": ",".join(map(str, opener.shares)),
            "blocks_before": was.get(Feed.BLOCKS, 0),
            "register_before": was.get(Feed.REGISTER, 0),
            "blocks_version": now.get(Feed.BLOCKS, 0),
            "register_version": now.get(Feed.REGISTER, 0),
        },
    )
