"""What finding and settling doubtful papers needs from the world: the register's word, the book, paper and a file."""

from collections.abc import Sequence
from pathlib import Path
from typing import Protocol

from client.domain.certificate import Printed
from client.domain.doubtful import (
    Done,
    DoubtCounts,
    DoubtfulList,
    DoubtfulPaper,
    OfflinePaper,
    Told,
    Verdict,
)
from client.domain.feed import Feed
from client.jobs.ports import JournalEntry


class CloudTouches(Protocol):
    """The register, asked what it knew of papers before they were issued."""

    async def touches(self, feed: Feed, papers: Sequence[OfflinePaper]) -> tuple[Told, ...]:
        """Return for each paper what was registered between what it rests on and its issue. LinkDownError."""
        ...


class DoubtBook(Protocol):
    """The part of the ledger that knows what offline papers rested on."""

    async def record(self, entry: JournalEntry) -> None:
        """Append a line to the journal."""
        ...

    async def unchecked_papers(self, after: int, limit: int) -> tuple[OfflinePaper, ...]:
        """Return offline papers the register has not had its last word on, by number, after one."""
        ...

    async def note_verdicts(self, verdicts: Sequence[Verdict]) -> int:
        """Write what was found, in the journal too, in one transaction; returns how many papers are new on the list."""
        ...

    async def doubtful_papers(self) -> tuple[DoubtfulPaper, ...]:
        """Return the list, open lines first, the oldest number first."""
        ...

    async def doubt_counts(self) -> DoubtCounts:
        """Return how many wait."""
        ...

    async def sign_off_paper(self, serial: int, done: Done, *, remark: str, actor: str) -> None:
        """Write what was done about a paper, in the journal too. RefusedError where it is not open."""
        ...


class ListPress(Protocol):
    """The press as far as it prints 停止中発行 要確認一覧."""

    async def print_doubtful(self, listed: DoubtfulList) -> Printed:
        """Print it. PaperError."""
        ...


class ListFile(Protocol):
    """Where an officer has the list written to."""

    async def __call__(self, path: Path, content: bytes) -> None:
        """Write a whole file or none. StoreError."""
        ...
