"""The journal of an open ledger: cut into runs for the cloud, held against them, and looked through."""

from collections.abc import Callable

from client.domain.journal import JournalStanding, Slab, Wanted
from client.domain.terminal import TerminalFacts
from client.jobs.ports import Now
from client.rules.retention import Retention
from offline.store import journal, journal_prune, journal_search, outbox, runs
from offline.store.attachment_book import Does


class LedgerJournal:
    """Fulfils send_journal.Runs and look_in_book.Lines."""

    def __init__(self, commit: Does, read: Does, facts: TerminalFacts, to: outbox.Envelope, now: Now) -> None:
        self._commit = commit
        self._read = read
        self._facts = facts
        self._to = to
        self._now = now

    async def standing(self) -> JournalStanding:
        """Return how far the journal has come."""
        return await self._read(runs.standing)

    async def cut(self) -> int:
        """Cut what is in no run yet, sign it and lay it into the outbox, in one commit; returns how many runs."""
        return await self._commit(lambda c: runs.cut(c, self._facts, self._to, self._now()))

    async def first_bad_run(self, holds: Callable[[bytes, bytes], bool]) -> int | None:
        """Return the number from which the journal is not what was signed and sent; None where it is."""
        return await self._read(lambda c: runs.first_bad(c, self._facts, holds))

    async def prune(self, retention: Retention) -> int:
        """Take out what was kept long enough and is receipted, with a signed line of it, in one commit; returns how many."""
        if not await self._read(lambda c: bool(journal_prune.may_go(c, retention))):
            return 0
        sign = self._to.sign
        return await self._commit(lambda c: journal_prune.prune(c, self._facts, sign, retention, self._now()))

    async def first_bad_pruning(self, holds: Callable[[bytes, bytes], bool]) -> int | None:
        """Return the number from which something was taken out that the terminal did not take out; None where all was."""
        return await self._read(lambda c: journal_prune.first_bad(c, self._facts, holds))

    async def note_of(self, seq: int) -> str:
        """Return the words typed by hand beside a line; empty where there are none."""
        return await self._read(lambda c: journal.note_of(c, seq))

    async def search(self, wanted: Wanted, *, below: int, span: int, most: int) -> Slab:
        """Return at most ``most`` lines among the ``span`` numbers below one, newest first."""
        return await self._read(lambda c: journal_search.search(c, wanted, below=below, span=span, most=most))
