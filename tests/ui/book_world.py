"""The book of a counter in memory: its lines, laid into a real table and looked for by the very statements of the disk."""

import sqlite3
from contextlib import closing
from datetime import timedelta
from pathlib import Path

from client.domain.journal import JournalStanding, Slab, Wanted
from client.jobs.analyse_book import AnalyseBook
from client.jobs.look_in_book import LookInBook
from client.rules.book_analyses import Thresholds
from offline.store import heads, journal
from offline.store.journal_search import search
from tests.ui.world import World
from ui.screens.book.model import BookJobs


class MemoryLines:
    """look_in_book.Lines over the lines of a world, a second apart, the last one now."""

    def __init__(self, world: World) -> None:
        self._world = world

    async def standing(self) -> JournalStanding:
        return JournalStanding(len(self._world.ledger.journal))

    async def note_of(self, seq: int) -> str:
        return self._world.ledger.journal[seq - 1].note

    async def search(self, wanted: Wanted, *, below: int, span: int, most: int) -> Slab:
        entries = self._world.ledger.journal
        with closing(sqlite3.connect(":memory:")) as connection:
            heads.create(connection)
            journal.create(connection)
            journal.note_shape(connection)
            for place, entry in enumerate(entries):
                at = self._world.clock() - timedelta(seconds=len(entries) - place)
                journal.append(connection, entry, at)
            return search(connection, wanted, below=below, span=span, most=most)


def book_jobs(world: World, folder: Path | None = None) -> BookJobs:
    """Return what the screen asks for, over this world; files stay in memory."""
    analyse = AnalyseBook(
        MemoryLines(world),
        world.ledger,
        world.doubts,
        now=world.clock,
        thresholds=Thresholds(),
        folder=folder,
    )
    return BookJobs(look_in_book(world), analyse)


def look_in_book(world: World) -> LookInBook:
    """Return the officer's look over this world."""
    return LookInBook(MemoryLines(world), MemoryLines(world), world.ledger, world.replica, now=world.clock)
