"""操作記録 joined to the face: its screen, its key (F10), its way back."""

import asyncio
from pathlib import Path

from client.config import Config
from client.jobs.analyse_book import AnalyseBook
from client.jobs.look_in_book import LookInBook
from client.rules.book_analyses import Thresholds
from offline.store.files import write_whole
from ui.doors import Doors, utc_now
from ui.face import Face
from ui.screens.book.model import BookJobs, BookModel
from ui.screens.book.view import BookView
from ui.work import Starter

KEY, SCREEN = "F10", "book"


def book_jobs_of(config: Config, doors: Doors) -> BookJobs:
    """Join the jobs behind it."""
    ledger = doors.stores.ledger
    look = LookInBook(ledger.journal, ledger.journal, ledger, doors.stores.replica, now=utc_now)
    analyse = AnalyseBook(
        ledger.journal,
        ledger,
        _write,
        now=utc_now,
        thresholds=thresholds_of(config),
        folder=Path(config.export_folder) if config.export_folder else None,
    )
    return BookJobs(look, analyse)


def thresholds_of(config: Config) -> Thresholds:
    """Return what stands out in this town."""
    return Thresholds(
        night_from=config.night_from,
        night_until=config.night_until,
        failed=config.failed_sign_ins_a_day,
        sign_ins=config.sign_ins_a_day,
        searches_an_hour=config.searches_an_hour,
        numbers=config.number_searches_a_day,
        in_a_row=config.numbers_in_a_row,
        open_days=config.days("open_days"),
        closed_days=config.days("closed_days"),
    )


async def _write(path: Path, content: bytes) -> None:
    await asyncio.to_thread(write_whole, path, content)


class BookDesk:
    """Opens the book while somebody is signed in; its screen is made when it is first wanted."""

    def __init__(self, face: Face, jobs: BookJobs, starter: Starter) -> None:
        self._face = face
        self.model = BookModel(face.words, jobs, starter, who=lambda: face.present_clerk)
        self.model.finished = face.show_counter
        self.view: BookView | None = None
        face.back_from[SCREEN] = self.model.back
        face.forgetting.append(self.model.forget)
        face.shell.on_key(KEY, lambda: self.show())  # noqa: PLW0108 - a bound method would not keep this alive

    def show(self) -> None:
        """Go to the book."""
        face = self._face
        if face.present_clerk is None or not face.may_leave():
            return
        if self.view is None:
            self.view = BookView(self.model, face.words)
            face.shell.add(SCREEN, self.view)
        self.model.changed()
        face.shell.show_screen(SCREEN)
        self.view.begin()
