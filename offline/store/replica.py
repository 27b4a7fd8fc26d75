"""The replica: what the register said last, encrypted, on this disk; answers and follows."""

import asyncio
import sqlite3
from collections.abc import Callable, Collection, Iterable, Iterator
from contextlib import suppress
from datetime import date, datetime
from pathlib import Path
from typing import TypeVar

from client.domain.as_of import Answer
from client.domain.blocks import Restrictions
from client.domain.certificate import CertificateKind, FormWords
from client.domain.deputy import Deputy
from client.domain.errors import StoreError
from client.domain.feed import Bucket, ChunkRows, Feed, FeedBatch, Manifest, Mended, Position, RowChange
from client.domain.gaiji import Gaiji
from client.domain.in_force import StaffEntry
from client.domain.nhi import Insured
from client.domain.places import KnownPlace, PlaceQuery
from client.domain.query import Query
from client.domain.resident import AtenaNo, Hit, Household, HouseholdNo
from client.jobs.ports import Now
from client.rules.digest import bucket_bytes, buckets_below, mids_of
from offline.store import bundle_rows, door, doubt, proof, replica_file, residents, search, staff, sums
from offline.store.mending import Mending
from offline.store.migrations import migrate
from offline.store.places import Places
from offline.store.replica_file import DAMAGED, STEPS
from offline.store.rows import Row
from offline.store.side_file import SideFile
from offline.store.worker import Worker

T = TypeVar("T")
Opened = TypeVar("Opened")
Use = Callable[[sqlite3.Connection], T]


class Replica:
    """``replica.db``; fulfils ports.OwnRegister, ports.OwnLetters, feed_ports.ReplicaFiles and hold_ports.ToldRows.

    Where the file is damaged, ``position`` says that there is none, and it takes no more in: it is to be mended,
    and where nothing of it can be saved, filled anew.
    """

    def __init__(self, path: Path, now: Now) -> None:
        self._path = path
        self._side_path = path.with_name("replica.next.db")
        self._now = now
        self._key = b""
        self._digest_key = b""
        self._worker: Worker | None = None
        self._finder = search.Finder()
        self._places = Places()
        self._side: SideFile | None = None
        self._damaged = False
        self.damage_found = False  # since it was opened, whether mended meanwhile or not: the clerk is told
        self.indexing: search.Told = search.nobody  # hears, on a thread, how far a new index at opening is
        self._swap = asyncio.Lock()
        self._mending = Mending(path, now)

    async def open(self, key: bytes, digest_key: bytes) -> None:
        """Open and migrate. StoreError, but not for a damaged file: that is mended, or filled anew."""
        self._key, self._digest_key = key, digest_key
        self._damaged = self.damage_found = False
        await self._mending.begin()
        async with self._swap:
            if self._path.exists():
                await self._start()

    async def close(self) -> None:
        """Close every handle and forget the keys; a fill goes on at the next opening where it was, a mending anew."""
        await self._mending.close()
        async with self._swap:
            await self._stop()
            side, self._side = self._side, None
            if side is not None:
                await side.close()
        self._key = self._digest_key = b""

    def digest_key(self) -> bytes:
        """Return the tenant's digest key while it is open. StoreError ``store.no_keys``."""
        if not self._digest_key:
            raise StoreError("store.no_keys")
        return self._digest_key

    async def find(self, query: Query, *, limit: int) -> Answer[tuple[Hit, ...]]:
        """Return residents that match, in kana order, block marks at once."""
        return await self._read(lambda c: residents.find(c, self._finder, query, limit=limit))

    async def household_of(self, atena_no: AtenaNo) -> Answer[Household]:
        """Return the present household of a resident. RefusedError ``refused.not_found``."""
        return await self._read(lambda c: residents.household_of(c, atena_no))

    async def restrictions_of(self, household: Household) -> Answer[Restrictions]:
        """Return every block and support measure that concerns a household or its members."""
        return await self._read(lambda c: residents.restrictions_of(c, household))

    async def places(self, asked: PlaceQuery, *, sheltered: Collection[AtenaNo]) -> tuple[KnownPlace, ...]:
        """Return places as the register writes them; none known only from a home that is hidden, or is so by a hold."""
        return await self._read(lambda c: self._places.find(c, self._finder, asked, sheltered=sheltered))

    async def homes_of(self, who: Iterable[AtenaNo]) -> frozenset[HouseholdNo]:
        """Return the households of some residents, of those that are known."""
        return await self._read(lambda c: residents.homes_of(c, who))

    async def sheltered_among(
        self, who: Collection[AtenaNo], also: Collection[AtenaNo]
    ) -> frozenset[AtenaNo]:
        """Return who of some people lives with somebody under support measures, or with one of ``also``."""
        return await self._read(lambda c: residents.sheltered_among(c, who, also))

    async def told_of(self, keys: Collection[str]) -> Restrictions:
        """Return the rows of some requests, by key, among the blocks."""
        return await self._read(lambda c: residents.told_of(c, keys))

    async def form_words(self, kind: CertificateKind, *, whole: bool, on: date) -> Answer[FormWords]:
        """Return certifier, seal, attestation and fee in force on a day."""
        return await self._read(lambda c: residents.form_words(c, kind, whole=whole, on=on))

    async def words_under(
        self, deputy: Deputy, kind: CertificateKind, *, whole: bool, on: date
    ) -> Answer[FormWords]:
        """Return the same with a deputy declared here as certifier; with a seal only of the very deputy."""
        words = (deputy.title, deputy.name)
        return await self._read(lambda c: residents.form_words(c, kind, whole=whole, on=on, deputy=words))

    async def certifier_on(self, day: date) -> Answer[tuple[str, str] | None]:
        """Return title and name of who certifies on a day, None where the register names nobody."""
        return await self._read(lambda c: residents.certifier_on(c, day))

    async def history_of(self, atena_no: AtenaNo) -> Answer[tuple[Row, ...]]:
        """Return every version of a resident's record, newest first."""
        return await self._read(lambda c: residents.history_of(c, atena_no))

    async def insured(self, who: Collection[AtenaNo]) -> Answer[Insured]:
        """Return of some people when they were in 国保, as the register last said."""
        return await self._read(lambda c: residents.insured(c, who))

    async def intakes_of(self, atena_no: AtenaNo) -> Answer[tuple[Row, ...]]:
        """Return what became of a resident's intakes, as the register last said."""
        return await self._read(lambda c: residents.intakes_of(c, atena_no))

    async def intakes_told(self, keys: Collection[str], *, returned: int) -> Answer[tuple[Row, ...]]:
        """Return what became of some intakes by their keys, and of those returned last, so many."""
        return await self._read(lambda c: residents.intakes_told(c, keys, returned))

    async def gaiji(self, *, on: date) -> Answer[tuple[Gaiji, ...]]:
        """Return the 外字 in force on a day, by their codes."""
        return await self._read(lambda c: residents.gaiji(c, on))

    async def staff_of(self, staff_id: str) -> StaffEntry:
        """Return what the register says of a staff id. StoreError, also where a row may be missing."""
        return await self._read(lambda c: staff.entry_of(c, staff_id))

    async def position(self) -> Position:
        """Return the versions reached, and when each was known to be the newest; None where a fill is needed."""
        if not self._key:
            raise StoreError("store.no_keys")
        try:
            return Position(None, None) if self._damaged else await self._read(sums.positions)
        except StoreError as error:
            if error.code in {"store.not_filled", DAMAGED}:
                return Position(None, None)
            raise

    async def apply(self, batch: FeedBatch) -> None:
        """Apply rows, version and digests in one transaction; a batch already applied changes nothing."""

        def give_way() -> None:
            if self._worker is not None:
                self._worker.give_way()

        await self._write(lambda c: replica_file.apply(c, self._digest_key, batch, give_way))

    async def confirm(self, feed: Feed, version: int, at: datetime) -> None:
        """Write down that a version was the newest at a moment."""
        await self._write(lambda c: replica_file.confirm(c, feed, version, at, self._now()))

    async def mids(self, feed: Feed) -> tuple[bytes, ...]:
        """Return the 64 middle digests of a feed, 16 bytes each."""
        return await self._read(lambda c: mids_of(sums.load(c, feed)))

    async def bucket_sums(self, feed: Feed, mids: tuple[int, ...]) -> tuple[Bucket, ...]:
        """Return the bucket digests below some of the 64."""

        def look(connection: sqlite3.Connection) -> tuple[Bucket, ...]:
            totals = sums.load(connection, feed)
            return tuple(Bucket(no, bucket_bytes(totals[no])) for mid in mids for no in buckets_below(mid))

        return await self._read(look)

    async def replace_buckets(
        self, feed: Feed, version: int, buckets: tuple[int, ...], rows: tuple[RowChange, ...]
    ) -> None:
        """Replace all rows of some buckets by the register's, in one transaction; the repair of P09."""
        await self._write(
            lambda c: replica_file.replace_buckets(
                c, self._digest_key, feed, version=version, buckets=buckets, rows=rows
            )
        )

    async def wrong_buckets(self, feed: Feed, buckets: tuple[int, ...]) -> tuple[int, ...]:
        """Read and hash the rows of some buckets anew; returns those that are not what they should be."""
        return await self._read(lambda c: replica_file.wrong_buckets(c, self._digest_key, feed, buckets))

    async def distrust(self, feed: Feed, buckets: tuple[int, ...]) -> None:
        """Count some buckets as their rows are, so that the next comparison finds what differs."""
        await self._write(lambda c: replica_file.distrust(c, self._digest_key, feed, buckets))

    async def check(self) -> None:
        """Check the seal of every page, of indexes too. StoreError ``store.damaged_replica`` where one is broken."""
        if not await self._write(lambda _: door.is_whole(self._path, self._key)):
            self._damaged = self.damage_found = True
            raise StoreError(DAMAGED)

    async def prove(self, household: Household) -> None:
        """Read and hash anew what a paper on a household is made from. StoreError ``store.damaged_replica``."""
        wrong = await self._read(lambda c: proof.wrong_for(c, self._digest_key, household))
        for feed, buckets in wrong.items():
            await self.distrust(feed, buckets)
        if wrong:
            raise StoreError(DAMAGED)

    async def carry(self, use: Callable[[Position, Iterator[bytes]], T]) -> T:
        """Hand the versions and every row, packed, to who carries them away: one state of the file, off the loop."""
        return await self._read(lambda c: use(sums.positions(c), bundle_rows.packed_rows(c)))

    async def mend(self, tell: Callable[[int, int], None]) -> Mended | None:
        """Save what can be read of a damaged file, and go on with that; None where there was nothing to be done."""
        return await self._mending.alone(lambda: self._mend(tell))

    async def begun(self) -> str | None:
        """Return which snapshot a fill was begun from and not ended, or None."""
        return await self._beside().begun() if self._side_path.exists() else None

    async def begin_fill(self, manifest: Manifest) -> frozenset[str]:
        """Open (or go on with) the side file of a fill; returns the chunks already in it."""
        return await self._beside().begin(manifest)

    async def add_chunk(self, sha256: str, rows: ChunkRows) -> None:
        """Write one chunk, columnar, into the side file."""
        await self._need(self._side).add_chunk(sha256, rows)

    async def finish_fill(self, manifest: Manifest) -> None:
        """Index, verify the roots and the file, swap it in. StoreError where it does not verify."""
        await self._need(self._side).finish(manifest)
        async with self._swap:
            await self._stop()
            side, self._side = self._need(self._side), None
            await side.put_in_place_of(self._path)
            self._damaged = False
            await self._mending.begin()
            await self._start()

    async def _mend(self, tell: Callable[[int, int], None]) -> Mended | None:
        if not self._damaged:
            return None
        worker = self._worker or self._new_worker()  # the same: what was being written is written before
        try:
            mended = await self._mending.save(worker, (self._key, self._digest_key), tell)
        finally:
            if worker is not self._worker:
                await worker.close()
        async with self._swap:
            if mended is None or not self._damaged:  # filled anew meanwhile
                return None
            await self._stop()
            await self._mending.put_in_place()
            self._damaged = False
            try:
                await self._start()
            except StoreError:
                self._damaged = (
                    True  # it is whole, and does not open now: tried again, never filled anew for that
                )
                raise
        return mended

    def _beside(self) -> SideFile:
        if self._side is None:
            if not self._key:
                raise StoreError("store.no_keys")
            self._side = SideFile(self._side_path, self._key, self._digest_key, self._now)
        return self._side

    async def _start(self) -> None:
        worker = self._new_worker()
        try:
            await worker.outside(self._migrate)
            self.damage_found |= await worker.read(doubt.is_any)
        except StoreError as error:
            await worker.close()
            if error.code != DAMAGED:
                raise
            self._damaged = self.damage_found = True
            return
        self._worker, self._finder, self._places = worker, search.Finder(), Places()
        with suppress(StoreError):  # a damaged page is met again by whoever asks
            await worker.read(self._finder.warm)

    async def _stop(self) -> None:
        worker, self._worker = self._worker, None
        if worker is not None:
            await worker.close()

    def _new_worker(self) -> Worker:
        return Worker("replica", self._connect, self._trouble)

    def _connect(self, reading: bool) -> sqlite3.Connection:
        return door.open_connection(self._path, self._key, reading=reading)

    def _migrate(self) -> None:
        if not self._path.stat().st_size:  # it came here whole; an empty file would pass for a new one
            raise StoreError(DAMAGED)
        try:
            migrate(self._path, self._key, STEPS, self._now())
            self._bring_up_search()
        except door.ForeignError as error:
            raise self._trouble(error) or error from error
        except StoreError as error:
            if error.code == "store.unreadable" and not door.is_whole(self._path, self._key):
                raise StoreError(DAMAGED) from error  # no copy of it could be made before it is migrated
            raise

    def _bring_up_search(self) -> None:
        connection = door.open_connection(self._path, self._key)
        try:
            door.whole(
                connection,
                lambda c: search.bring_up(c, filled=replica_file.is_filled(c), told=self.indexing),
            )
        finally:
            connection.close()

    def _trouble(self, error: Exception) -> StoreError | None:
        known = StoreError(DAMAGED) if door.is_bad_sector(error) else door.trouble(error, damaged=DAMAGED)
        if known is not None and known.code == DAMAGED:
            self._damaged = self.damage_found = True
            # What they keep may have been read from that page.
            self._finder, self._places = search.Finder(), Places()
        return known

    async def _read(self, use: Use[T]) -> T:
        async with self._swap:
            worker = self._need(self._worker)
        return await worker.read(use)

    async def _write(self, work: Use[T]) -> T:
        async with self._swap:
            worker = self._need(None if self._damaged else self._worker)
        return await worker.write(lambda c: door.whole(c, work))

    def _need(self, opened: Opened | None) -> Opened:
        if opened is not None:
            return opened
        if not self._key:
            raise StoreError("store.no_keys")
        raise StoreError(DAMAGED if self._damaged else "store.not_filled")
