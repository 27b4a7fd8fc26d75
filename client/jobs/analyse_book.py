"""The officer has the book analysed, the five analyses in one reading ([STD j1370]), and what was found written out."""

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from pathlib import Path

from client.domain.calendar import TOKYO
from client.domain.clerk import Right, SignIn
from client.domain.errors import RefusedError
from client.domain.journal import BookLine, Wanted
from client.domain.resident import AtenaNo
from client.jobs.doubt_ports import ListFile
from client.jobs.look_in_book import Lines, Tell, checked
from client.jobs.ports import JournalEntry, Ledger, Now
from client.rules.book_analyses import Analyses, Finding, Thresholds
from client.rules.csv_file import csv_file
from client.rules.sign_in import right_error, session_error

SPAN = (
    2_000  # lines read and counted at a time, so that the window and others who ask the ledger come between
)
MOST_EXPORTED = 200_000  # lines of one file


class AnalyseBook:
    """What an officer may have made of the whole book; each is a line of it before anything is shown or written."""

    def __init__(
        self,
        lines: Lines,
        ledger: Ledger,
        write: ListFile,
        *,
        now: Now,
        thresholds: Thresholds,
        folder: Path | None,
    ) -> None:
        self._lines = lines
        self._ledger = ledger
        self._write = write
        self._now = now
        self._folder = folder  # where files may go; None where the town allows none
        self.thresholds = thresholds

    async def analyse(
        self, sign_in: SignIn, wanted: Wanted, *, tell: Tell = lambda _done, _of: None
    ) -> tuple[Finding, ...]:
        """Return what all five found in a period, of all staff or one. RefusedError, SignInNeededError.

        Wrong secrets typed beside a clerk stand under that clerk: the staff asked for is looked for in what was found.
        """
        self._check(sign_in)
        wanted = checked(Wanted(staff=wanted.staff, since=wanted.since, until=wanted.until))
        counts, read = Analyses(self.thresholds), 0
        async for lines in self._slabs(Wanted(since=wanted.since, until=wanted.until), tell):
            await asyncio.to_thread(counts.add, lines)
            read += len(lines)
        found = await asyncio.to_thread(counts.found)
        await self._record(sign_in, "analysed", wanted, read)
        return tuple(one for one in found if not wanted.staff or one.staff == wanted.staff)

    async def export_lines(
        self,
        sign_in: SignIn,
        wanted: Wanted,
        line: Callable[[BookLine], Sequence[str]],
        head: Sequence[str],
        *,
        tell: Tell = lambda _done, _of: None,
    ) -> Path:
        """Write the lines that fit as CSV, newest first; returns the file. RefusedError, StoreError.

        ``line`` has the words of a line: numbers and codes in words, nobody's name or address. RefusedError
        ``refused.too_many_lines`` where a file would have more lines than it may; nothing is written then.
        """
        folder = self._may_write(sign_in)
        wanted = checked(wanted)
        rows: list[Sequence[str]] = [head]
        async for lines in self._slabs(wanted, tell):
            rows += await asyncio.to_thread(lambda part: list(map(line, part)), lines)
            if len(rows) > MOST_EXPORTED:
                raise RefusedError("refused.too_many_lines", most=MOST_EXPORTED)
        await self._record(sign_in, "exported", wanted, len(rows) - 1)
        return await self._written(folder, rows)

    async def export_findings(
        self, sign_in: SignIn, wanted: Wanted, rows: Sequence[Sequence[str]], head: Sequence[str]
    ) -> Path:
        """Write what was found, in the words it was shown in. RefusedError, StoreError."""
        folder = self._may_write(sign_in)
        await self._record(sign_in, "exported", checked(wanted), len(rows))
        return await self._written(folder, [head, *rows])

    async def _slabs(self, wanted: Wanted, tell: Tell) -> AsyncIterator[tuple[BookLine, ...]]:
        below = top = (await self._lines.standing()).entries + 1
        while below:
            slab = await self._lines.search(wanted, below=below, span=SPAN, most=SPAN)
            below = slab.below
            yield slab.lines
            tell(top - below, top)

    async def _written(self, folder: Path, rows: Sequence[Sequence[str]]) -> Path:
        path = folder / f"sousakiroku-{self._now().astimezone(TOKYO):%Y%m%d-%H%M%S}.csv"
        await self._write(path, await asyncio.to_thread(csv_file, rows))
        return path

    async def _record(self, sign_in: SignIn, what: str, wanted: Wanted, count: int) -> None:
        who = (AtenaNo(wanted.subject),) if wanted.subject else ()
        facts: dict[str, str | int] = {"what": what, "by": wanted.asked_by, "lines": count}
        if wanted.staff:
            facts["who"] = wanted.staff
        await self._ledger.record(JournalEntry("book", sign_in.clerk.staff_id, who, facts))

    def _may_write(self, sign_in: SignIn) -> Path:
        self._check(sign_in)
        if self._folder is None:
            raise RefusedError("refused.no_export_folder")
        return self._folder

    def _check(self, sign_in: SignIn) -> None:
        missing = session_error(sign_in, self._now()) or right_error(sign_in, Right.OFFICER)
        if missing:
            raise missing
