"""The ledger: book and outbox on this PC's disk. Each call returns after commit and mark are on disk."""

import sqlite3
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from contextlib import suppress
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import TypeVar

from client.domain.certificate import IssuedCopy, SerialNo, SheetState
from client.domain.change import ChangeKind, ChangeState, Fate, NewChange, OutboxCounts, QueuedChange, Receipt
from client.domain.doubtful import Done, DoubtCounts, DoubtfulPaper, OfflinePaper, SignOff, Verdict
from client.domain.errors import StoreError
from client.domain.hold import Hold
from client.domain.release import Release
from client.domain.resident import AtenaNo
from client.domain.tally import Forgotten
from client.domain.terminal import NOTHING_SEEN, TerminalFacts, TerminalSeen
from client.jobs.hold_ports import Ending, Heard
from client.jobs.ports import IssueDraft, JournalEntry, Now
from client.rules.serials import next_serial
from offline.store import (
    book,
    calls,
    continuity,
    door,
    doubts,
    heads,
    holds,
    journal,
    outbox,
    reckoning,
    rewritten,
    serials,
    sheets,
    sheltered,
    waiting,
)
from offline.store.anchor import Anchor
from offline.store.attachment_book import LedgerAttachments
from offline.store.attachment_files import SealedFiles
from offline.store.continuity import mark_of
from offline.store.journal import JournalRow, JournalVerdict
from offline.store.journal_book import LedgerJournal
from offline.store.ledger_file import DAMAGED, Marks, Opening, commit, prepare
from offline.store.slots import Mark, Slots
from offline.store.unsent_copies import UnsentCopies
from offline.store.worker import Worker

T = TypeVar("T")
Work = Callable[[sqlite3.Connection], T]


class LedgerFile:
    """``ledger.db`` with ``ledger.slots`` and its anchor outside the disk.

    Fulfils ports.Ledger, release_issue.ReleaseBook, hold_ports.HeldBook, doubt_ports.DoubtBook and tally_ports.AnsweredBook.
    """

    def __init__(
        self,
        data_dir: Path,
        facts: TerminalFacts,
        now: Now,
        sign: outbox.Signer,
        *,
        anchor: Anchor | None = None,
    ) -> None:
        self._path = data_dir / "ledger.db"
        self._slots_path = data_dir / "ledger.slots"
        self._place = book.Place(facts, outbox.Envelope(facts.command_keys, facts.terminal_no, sign))
        self._now = now
        self._anchor = anchor or Anchor()
        self._worker: Worker | None = None
        self._slots: Slots | None = None
        self.attachment_files = SealedFiles(data_dir / "attachments", facts, now)
        self._copies = UnsentCopies(data_dir, facts, now)
        self.attachments = LedgerAttachments(
            self._commit, self._read, self.attachment_files, now, there=self._there
        )
        self.journal = LedgerJournal(self._commit, self._read, facts, self._place.envelope, now)

    async def open(
        self,
        key: bytes,
        *,
        begun: bool,
        seen: TerminalSeen = NOTHING_SEEN,
        accept_loss_by: str | None = None,
    ) -> None:
        """Open and hold against mark, anchor and what the cloud has seen; ``begun``: there was a ledger before."""
        slots = Slots(self._slots_path, key)
        worker = Worker(
            "ledger",
            lambda reading: door.open_connection(self._path, key, reading=reading),
            lambda error: door.trouble(error, damaged=DAMAGED),
        )
        marks, opening = Marks(slots, self._anchor), Opening(self._now(), begun, seen, accept_loss_by)
        after_loss = accept_loss_by is not None
        try:
            await worker.outside(lambda: prepare(self._path, key, marks, opening))
            await worker.write(lambda c: self._copies.begin(c, after_loss=after_loss))
        except BaseException:
            await worker.close()
            self._copies.close()
            slots.close()
            raise
        self._worker, self._slots = worker, slots
        await self.attachments.tidy(after_loss=after_loss)

    async def check(self, seen: TerminalSeen) -> None:
        """Hold the open ledger against what the cloud has seen of it. StoreError ``store.ledger_behind``."""
        loss = continuity.seen_further(await self.mark(), seen)
        if loss is not None:
            raise loss

    async def close(self) -> None:
        """Close file and mark, and tell the anchor exactly how far the ledger came."""
        worker, self._worker = self._worker, None
        slots, self._slots = self._slots, None
        if worker is not None and slots is not None:
            last = slots.last
            if last is not None and not slots.stale:
                with suppress(StoreError):  # then numbers stay reserved, and the next opening names them
                    await worker.outside(lambda: self._anchor.settle(last))
            await worker.close()
        self._copies.close()
        if slots is not None:
            slots.close()

    async def record(self, entry: JournalEntry) -> None:
        """Append a line to the journal."""
        await self._commit(lambda c: journal.append(c, entry, self._now()))

    async def issue(self, draft: IssueDraft, *, actor: str, clock_offset_ms: int) -> IssuedCopy:
        """Take the next serial and write sheet, journal row and outbox facts, in one transaction."""

        def work(connection: sqlite3.Connection) -> IssuedCopy:
            self._anchor.reserve(next_serial(serials.highest(connection)))
            now = self._now()
            return book.issue(connection, self._place, draft, now=now, actor=actor, offset=clock_offset_ms)

        return await self._commit(work)

    async def release(self, release: Release) -> None:
        """Write a release and its report, which goes before all others, in one transaction."""
        await self._commit(lambda c: book.release(c, self._place, release, self._now()))

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
        """Write a change and its sealed envelope, and its journal row, in one transaction.

        StoreError ``store.attachment_lost`` where what lies beside it is not on the disk.
        """
        if await self.attachment_files.missing(change.attachments):
            raise StoreError("store.attachment_lost")
        queued = await self._commit(lambda c: book.queue(c, self._place, change, self._now()))
        if change.supersedes is not None:
            await self._write(self._copies.again)
        self.attachment_files.written_down(change.attachments)
        return queued

    async def outbox(self, *, settled: bool = False) -> tuple[QueuedChange, ...]:
        """Return what waits, oldest first; with ``settled`` also what has landed, was withdrawn or superseded."""
        return await self._read(lambda c: outbox.waiting(c, settled=settled))

    async def change(self, key: str) -> QueuedChange | None:
        """Return a change by its key."""
        return next(iter(await self.changes_by((key,))), None)

    async def changes_of(
        self, residents: tuple[AtenaNo, ...], *, settled: bool = False
    ) -> tuple[QueuedChange, ...]:
        """Return what concerns some residents and waits, oldest first; with ``settled`` also what is over."""
        return await self._read(lambda c: waiting.of_residents(c, residents, settled=settled))

    async def recent(self, limit: int) -> tuple[QueuedChange, ...]:
        """Return what wants a clerk, what waits to be sent, and what is over last, at most so many of each."""
        return await self._read(lambda c: waiting.recent(c, limit))

    async def changes_by(self, keys: Collection[str]) -> tuple[QueuedChange, ...]:
        """Return those of some keys that are this terminal's, oldest first."""
        return await self._read(lambda c: outbox.by_key(c, keys)) if keys else ()

    async def called(self, keys: Collection[str]) -> frozenset[str]:
        """Return about which of some changes somebody was called."""
        return await self._read(lambda c: calls.among(c, keys))

    async def rewritten(self, keys: Collection[str]) -> frozenset[str]:
        """Return which of some changes were written anew."""
        return await self._read(lambda c: rewritten.among(c, keys))

    async def note_call(self, key: str, *, actor: str) -> None:
        """Write into the journal that the resident was called about a change."""
        await self._commit(lambda c: calls.note(c, key, actor=actor, now=self._now()))

    async def outbox_counts(self) -> OutboxCounts:
        """Return how much waits, without reading it."""
        return await self._read(waiting.counts)

    async def ready(self, now: datetime, *, limit: int, alone_after: int) -> tuple[QueuedChange, ...]:
        """Return what may be sent now, oldest first; of what was tried often, the least tried alone."""
        return await self._read(lambda c: waiting.ready(c, now, limit=limit, alone_after=alone_after))

    async def lease(self, keys: tuple[str, ...], *, now: datetime) -> None:
        """Mark changes as being sent (queued or unknown → sending)."""
        await self._commit(lambda c: outbox.lease(c, keys))

    async def settle(
        self, key: str, state: ChangeState, *, receipt: Receipt | None = None, words: str = ""
    ) -> None:
        """Write the cloud's answer for a change, or UNKNOWN where none came; the first answer stands."""
        await self.settle_all((Fate(key, state, receipt, words),))

    async def settle_all(self, fates: tuple[Fate, ...]) -> None:
        """Write what became of a batch, in one transaction."""
        await self._commit(lambda c: book.settle_all(c, fates, self._now()))
        await self._write(lambda _: self._copies.answered(fates))

    async def withdraw(self, key: str, *, actor: str, reason: str, why: str = "other") -> None:
        """Take a change back, with its journal row, in one transaction. RefusedError."""
        told = {"actor": actor, "reason": reason, "why": why}
        await self._commit(lambda c: book.withdraw(c, key, **told, now=self._now()))
        await self._write(self._copies.again)
        await self.attachments.tidy(after_loss=False)

    async def send_again(self, key: str, *, actor: str) -> None:
        """Let a parked change go again, with its journal row, in one transaction. RefusedError."""
        await self._commit(lambda c: book.send_again(c, key, actor=actor, now=self._now()))

    async def postpone(self, keys: tuple[str, ...], *, next_try_at: datetime, words: str) -> None:
        """Write when the next try is and what the cloud or the line said."""
        await self._commit(lambda c: outbox.postpone(c, keys, next_try_at, words))

    async def land(self, register_version: int) -> int:
        """Mark accepted changes whose version the replica has reached; returns how many."""
        return await self._commit(lambda c: outbox.land(c, register_version))

    async def oldest_kept(self) -> str | None:
        """Return the first key that has an answer and whose payload is still here."""
        return await self._read(reckoning.oldest_kept)

    async def held(self, since: str) -> dict[str, str]:
        """Return what the cloud should hold from a key on, with its outcomes."""
        return await self._read(lambda c: reckoning.held(c, since))

    async def forget(self, keys: tuple[str, ...]) -> Forgotten:
        """Let changes that the cloud has forgotten go out again, in one transaction, in the journal too."""
        forgotten = await self._commit(lambda c: reckoning.forget(c, keys, self._now()))
        await self._write(self._copies.again)
        return forgotten

    async def note_strangers(self, told: Mapping[str, str]) -> int:
        """Write down what the cloud holds under this terminal's name that is not known here; returns how many."""
        return await self._commit(lambda c: reckoning.note_strangers(c, told, self._now()))

    async def strangers(self) -> int:
        """Return how many there are."""
        return await self._read(reckoning.strangers)

    async def clear_out(self, at: datetime, keep: timedelta) -> int:
        """Delete payloads and envelopes of what was over so long before a moment of the cloud's; returns how many."""
        if not await self._read(lambda c: reckoning.wants_clearing(c, at, keep)):
            return 0
        return await self._commit(lambda c: reckoning.clear_out(c, at, keep, self._now()))

    async def readable_people(self) -> frozenset[AtenaNo]:
        """Return whom the readable words of requests are about."""
        return await self._read(sheltered.readable_people)

    async def make_unreadable(self, who: Collection[AtenaNo]) -> int:
        """Take the readable words of every request about some people from the disk; returns of how many requests."""
        changes = await self._commit(lambda c: sheltered.make_unreadable(c, who, self._now()))
        if changes and self._worker is not None:  # old frames of the log hold what the pages held
            await self._worker.write(lambda c: c.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall())
        return changes

    async def holds_on(self, residents: Iterable[AtenaNo]) -> tuple[Hold, ...]:
        """Return what is held of some residents, here and by neighbours."""
        who = tuple(residents)
        return await self._read(lambda c: holds.on(c, self._own_number, who))

    async def holds_of(self, kind: ChangeKind, blocks_at: datetime) -> tuple[Hold, ...]:
        """Return all that is held by requests of a kind and that blocks of a moment do not surely tell of."""
        return await self._read(lambda c: holds.of(c, self._own_number, kind, blocks_at))

    async def own_holds(self) -> tuple[Hold, ...]:
        """Return what this terminal itself stands behind."""
        return await self._read(lambda c: holds.own(c, self._own_number))

    async def heard_holds(self) -> tuple[Hold, ...]:
        """Return what neighbours hold and nothing has ended, oldest first."""
        return await self._read(holds.heard)

    async def held_wires(self) -> tuple[bytes, ...]:
        """Return the names of what was heard and stands, as it is handed on."""
        return await self._read(holds.names)

    async def wires(self, names: Collection[bytes]) -> tuple[bytes, ...]:
        """Return some of it, as it came."""
        return await self._read(lambda c: holds.wires(c, names))

    async def hear_hold(self, hold: Hold, wire: bytes, *, giver: str) -> Heard:
        """Keep a neighbour's hold and write it into the journal, in one commit; one known already changes nothing."""
        own = self._own_number
        said = await self._read(lambda c: holds.weighed(c, own, hold))
        if said is not Heard.TAKEN:
            return said  # what is said a thousand times costs no commit
        return await self._commit(lambda c: holds.hear(c, own, hold, wire, giver=giver, now=self._now()))

    async def end_hold(self, hold: Hold, ending: Ending, *, actor: str, reason: str = "") -> bool:
        """End a neighbour's hold, in the journal too; False where it did not stand."""
        return await self._commit(
            lambda c: holds.end(c, hold, ending, actor=actor, reason=reason, now=self._now())
        )

    async def unchecked_papers(self, after: int, limit: int) -> tuple[OfflinePaper, ...]:
        """Return offline papers the register has not had its last word on, by number, after one."""
        return await self._read(lambda c: doubts.unchecked(c, after, limit))

    async def note_verdicts(self, verdicts: Sequence[Verdict]) -> int:
        """Write what was found of offline papers, in the journal too; returns how many are new on the list."""
        return await self._commit(lambda c: doubts.note(c, verdicts, self._now())) if verdicts else 0

    async def doubtful_papers(self) -> tuple[DoubtfulPaper, ...]:
        """Return 停止中発行 要確認一覧."""
        return await self._read(doubts.listed)

    async def doubt_counts(self) -> DoubtCounts:
        """Return how many papers wait for the officer, and for the register's word."""
        return await self._read(doubts.counts)

    async def sign_off_paper(self, serial: int, done: Done, *, remark: str, actor: str) -> None:
        """Write what was done about a paper, in the journal too. RefusedError where it is not open."""
        await self._commit(lambda c: doubts.sign_off(c, serial, SignOff(actor, self._now(), done, remark)))

    async def latest_time(self) -> datetime | None:
        """Return the latest time in the journal since the cloud last vouched for the clock."""
        return await self._read(journal.latest_time)

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

    @property
    def _own_number(self) -> str:
        return self._place.facts.terminal_no

    async def _commit(self, work: Work[T]) -> T:
        worker, slots = self._worker, self._slots
        if worker is None or slots is None:
            raise StoreError("store.no_keys")

        def write(connection: sqlite3.Connection) -> T:
            result = commit(connection, slots, lambda c: self._copies.beside(c, work))
            if slots.last is not None:
                self._anchor.follow(slots.last)
            return result

        return await worker.write(write)

    async def _there(self, key: str) -> None:
        await self._write(lambda _: self._copies.there((key,)))

    async def _write(self, work: Work[None]) -> None:
        if self._worker is not None:
            await self._worker.write(work)

    async def _read(self, use: Work[T]) -> T:
        if self._worker is None:
            raise StoreError("store.no_keys")
        return await self._worker.read(use)
