"""操作記録 joined to the face: its screen, its key (F10), its way back."""

from client.jobs.look_in_book import LookInBook
from ui.doors import Doors, utc_now
from ui.face import Face
from ui.screens.book.model import BookModel
from ui.screens.book.view import BookView
from ui.work import Starter

KEY, SCREEN = "F10", "book"


def look_in_book_of(doors: Doors) -> LookInBook:
    """Join the job behind it."""
    ledger = doors.stores.ledger
    return LookInBook(ledger.journal, ledger, doors.stores.replica, now=utc_now)


class BookDesk:
    """Opens the book while somebody is signed in; its screen is made when it is first wanted."""

    def __init__(self, face: Face, job: LookInBook, starter: Starter) -> None:
        self._face = face
        self.model = BookModel(face.words, job, starter, who=lambda: face.present_clerk)
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
