"""Salvage: every row of a damaged replica that can still be read and proves itself, in a new file beside it.

A row is kept where it hashes to its own digest and lies in its own bucket; the sums are counted from what was kept,
at the version the file had reached. So the next comparison with the register finds exactly what is missing. What may
not be trusted until then is written down (``doubt.py``). Nothing of the ledger is opened or touched.
"""

import sqlite3
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass, field
from datetime import datetime
from itertools import islice
from pathlib import Path
from threading import Event

from client.domain.errors import StoreError
from client.domain.feed import Feed, Mended
from offline.store import door, files, losses, sums
from offline.store.door import ForeignError
from offline.store.migrations import migrate
from offline.store.replica_file import DAMAGED, STEPS, make_searchable
from offline.store.salvage_rows import sources
from offline.store.side_file import remove, verify
from offline.store.times import utc_from
from offline.store.torn import Torn

_AT_ONCE = 5000  # rows a transaction
_STEPS_BETWEEN_LOOKS = 20_000  # of SQLite's machine, between two looks at whether to stop

Tell = Callable[[int, int], None]


@dataclass(slots=True)
class Salvage:
    """One salvage, from the damaged file into the one beside it. What is half done is begun again, never gone on with."""

    damaged: Path
    side: Path
    key: bytes = field(repr=False)
    digest_key: bytes = field(repr=False)
    now: Callable[[], datetime]
    tell: Tell
    _stopped: Event = field(default_factory=Event)

    def stop(self) -> None:
        """End soon: the stores are being closed."""
        self._stopped.set()

    def run(self) -> Mended:
        """Save, prove and leave the new file beside the damaged one, or leave nothing.

        StoreError: ``store.damaged_replica`` where nothing can be saved, ``store.no_keys`` where it was stopped.
        """
        remove(self.side)
        try:
            return self._save()
        except ForeignError as error:
            remove(self.side)
            if self._stopped.is_set():
                raise StoreError("store.no_keys") from error
            raise door.trouble(error, damaged=DAMAGED) or error from error
        except BaseException:
            remove(self.side)
            raise

    def _save(self) -> Mended:
        with closing(Torn(self.damaged, self.key, self._watch)) as torn:
            if torn.all("PRAGMA user_version") != [(len(STEPS),)]:
                raise StoreError(DAMAGED)
            feeds = torn.all("SELECT name, version, at FROM feed NOT INDEXED")
            if {name for name, *_ in feeds} != {feed.value for feed in Feed}:
                raise StoreError(DAMAGED)
            files.make_own(self.side)
            migrate(self.side, self.key, STEPS, self.now())
            with closing(door.open_connection(self.side, self.key)) as side:
                self._watch(side)
                mended = self._fill(torn, side, feeds)
            verify(self.side, self.key)
            return mended

    def _fill(self, torn: Torn, side: sqlite3.Connection, feeds: list[tuple[str, int, str]]) -> Mended:
        copied, partly = self._copy(torn, side)
        with door.transaction(side):
            for name, version, at in feeds:
                totals = sums.from_digests(side, Feed(name))
                sums.save(side, Feed(name), totals, [no for no, total in enumerate(totals) if total])
                sums.set_position(side, Feed(name), version, utc_from(at))
            missing = losses.write(torn, side, partly)
        self._go_on()
        with door.transaction(side):
            make_searchable(side)
        return Mended(torn.bad_pages(), copied, missing)

    def _copy(self, torn: Torn, side: sqlite3.Connection) -> tuple[int, frozenset[str]]:
        """Copy all tables; returns how many rows came, and the tables from which some may be missing."""
        copied, partly, there = 0, set(), list(sources(self.digest_key))
        for done, source in enumerate(there):
            self.tell(done, len(there) + 1)  # the last is to make it searchable
            holes, left_out = torn.holes, 0
            rows = torn.rows(source.select, *source.values)
            while some := list(islice(rows, _AT_ONCE)):
                self._go_on()
                good = [row[1:] for row in some if source.proves(row)]
                left_out += len(some) - len(good)
                with door.transaction(side):
                    side.executemany(source.insert, good)
                copied += len(good)
            if left_out or torn.holes > holes:
                partly.add(source.name)
        self.tell(len(there), len(there) + 1)
        return copied, frozenset(partly)

    def _go_on(self) -> None:
        if self._stopped.is_set():
            raise StoreError("store.no_keys")

    def _watch(self, connection: sqlite3.Connection) -> None:
        connection.set_progress_handler(self._stopped.is_set, _STEPS_BETWEEN_LOOKS)
