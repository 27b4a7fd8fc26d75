"""The ledger: book and outbox on this PC's disk. Each call returns after commit and mark are on disk."""

import sqlite3
from collections.abc import Callable
from datetime import date, datetime
from pathlib import Path
from typing import TypeVar

from client.domain.certificate import IssuedCopy, SerialNo, SheetState
from client.domain.change import ChangeState, NewChange, QueuedChange, Receipt
from client.domain.errors import StoreError
from client.domain.terminal import TerminalFacts
from client.jobs.ports import IssueDraft, JournalEntry, Now
from offline.store import book, door, heads, journal, outbox, sheets
from offline.store.journal import JournalRow, JournalVerdict
from offline.store.ledger_file import DAMAGED, commit, mark_of, prepare
from offline.store.slots import Mark, Slots
from offline.store.worker import Worker

T = TypeVar("T")
Work = Callable[[sqlite3.Connection], T]


class LedgerFile:
    """``ledger.db`` with ``ledger.slots``; fulfils ports.Ledger."""

    def __init__(self, data_dir: Path, facts: TerminalFacts, now: Now) -> None:
        self._path = data_dir / "ledger.db"
        self._slots_path = data_dir / "ledger.slots"
        self._place = book.Place(facts, outbox.Envelope(facts.command_key, facts.terminal_no))
        self._now = now
        self._worker: Worker | None = None
        self._slots: Slots | None = None

    async def open(self, key: bytes, *, begun: bool, accept_loss_by: str | None = None) -> None:
        """Open and hold against the mark; ``begun``: there was a ledger here before."""
        slots = Slots(self._slots_path, key)
        worker = Worker(
            "ledger",
            lambda reading: door.open_connection(self._path, key, reading=reading),
            lambda error: door.trouble(error, damaged=DAMAGED),
        )
        try:
            await worker.outside(
                lambda: prepare(
                    self._path, key, slots, begun=begun, now=self._now(), accept_loss_by=accept_loss_by
                )
            )
        except BaseException:
            await worker.close()
            slots.close()
            raise
        self._worker, self._slots = worker, slots

    async def close(self) -> None:
        """Close file and mark."""
        worker, self._worker = self._worker, None
        slots, self._slots = self._slots, None
        if worker is not None:
            await worker.close()
        if slots is not None:
            slots.close()

    async def record(self, entry: JournalEntry) -> None:
        """Append a line to the journal."""
        await self._commit(lambda c: journal.append(c, entry, self._now()))

    async def issue(self, draft: IssueDraft, *, actor: str, clock_offset_ms: int) -> IssuedCopy:
        """Take the next serial and write sheet, journal row and outbox facts, in one transaction."""

        return await self._commit(
            lambda c: book.issue(c, self._place, draft, now=self._now(), actor=actor, offset=clock_offset_ms)
        )

    async def note_sheet(
        self, serial: SerialNo, state: SheetState, *, actor: str, reason: str = "", pdf_hash: str = ""
    ) -> None:
        """Write what became of a copy; hand-over and spoil also queue their fact. RefusedError out of turn."""

        word = book.SheetWord(serial, state, actor, reason, pdf_hash)
        await self._commit(lambda c: book.note_sheet(c, self._place, word, self._now()))

    async def open_sheets(self) -> tuple[IssuedCopy, ...]:
        """Return the copies whose end is not known, oldest first."""
        return await self._read(sheets.open_ones)

    async def copies(self, day: date) -> tuple[IssuedCopy, ...]:
        """Return the copies that bear a day, in the order of their numbers."""
        return await self._read(lambda c: sheets.of_day(c, day))

    async def queue(self, change: NewChange) -> QueuedChange:
        """Write a change and its sealed envelope, and its journal row, in one transaction."""

        return await self._commit(lambda c: book.queue(c, self._place, change, self._now()))

    async def outbox(self, *, settled: bool = False) -> tuple[QueuedChange, ...]:
        """Return what waits, oldest first; with ``settled`` also what has landed, was withdrawn or superseded."""
        return await self._read(lambda c: outbox.waiting(c, settled=settled))

    async def change(self, key: str) -> QueuedChange | None:
        """Return a change by its key."""

        def look(connection: sqlite3.Connection) -> QueuedChange | None:
            try:
                return outbox.get(connection, key)
            except KeyError:
                return None

        return await self._read(look)

    async def lease(self, keys: tuple[str, ...], *, now: datetime) -> None:
        """Mark changes as being sent (queued or unknown → sending)."""
        await self._commit(lambda c: outbox.lease(c, keys))

    async def settle(
        self, key: str, state: ChangeState, *, receipt: Receipt | None = None, words: str = ""
    ) -> None:
        """Write the cloud's answer for a change, or UNKNOWN where none came; the first answer stands."""

        await self._commit(lambda c: book.settle(c, key, state, receipt, words=words, now=self._now()))

    async def postpone(self, keys: tuple[str, ...], *, next_try_at: datetime, words: str) -> None:
        """Write when the next try is and what the cloud or the line said."""
        await self._commit(lambda c: outbox.postpone(c, keys, next_try_at, words))

    async def land(self, register_version: int) -> int:
        """Mark accepted changes whose version the replica has reached; returns how many."""
        return await self._commit(lambda c: outbox.land(c, register_version))

    async def journal_tail(self, count: int) -> tuple[JournalRow, ...]:
        """Return the last lines of the journal, newest first."""
        return await self._read(lambda c: journal.tail(c, count))

    async def verify_journal(self) -> JournalVerdict:
        """Walk the whole chain against the heads kept beside it; names the first bad or missing entry (P12)."""
        return await self._read(lambda c: journal.first_bad(c, dict([heads.read(c, journal.CHAIN)])))

    async def verify_outbox(self) -> int | None:
        """Walk the outbox's chain; returns the number of the first bad or missing row."""
        return await self._read(outbox.first_bad)

    async def mark(self) -> Mark:
        """Return how far the ledger has come: the heads that a 日計表 and the cloud may keep."""
        return await self._read(mark_of)

    async def _commit(self, work: Work[T]) -> T:
        worker, slots = self._worker, self._slots
        if worker is None or slots is None:
            raise StoreError("store.no_keys")
        return await worker.write(lambda c: commit(c, slots, work))

    async def _read(self, use: Work[T]) -> T:
        if self._worker is None:
            raise StoreError("store.no_keys")
        return await self._worker.read(use)
