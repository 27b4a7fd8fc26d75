"""Acts of two joined to the face: reached from the sign-in window and from every screen (Shift+F9), and back again."""

import os
from datetime import timedelta

from client.jobs.declare_deputy import DeclareDeputy
from client.jobs.declare_disaster import DeclareDisaster
from client.jobs.let_in import LetIn
from client.jobs.log_in import LogIn
from ui.doors import Doors, utc_now
from ui.face import Face
from ui.screens.log_in.view import LogInView
from ui.screens.two.model import TwoModel, declared_words, deputy_words
from ui.screens.two.view import TwoView
from ui.work import Starter

KEY, SCREEN = "Shift+F9", "two"
LONGEST = timedelta(hours=24)  # for which two may let a third in


class TwoDesk:
    """Opens the screen, signed in or not; it is made when it is first wanted, and goes back to where one came from."""

    def __init__(
        self,
        face: Face,
        log_in: LogInView,
        job: LetIn,
        declare: DeclareDisaster,
        starter: Starter,
        *,
        deputy: DeclareDeputy,
    ) -> None:
        self._face = face
        self.model = TwoModel(face.words, job, declare, deputy, starter)

        def declared() -> str:
            told = declared_words(declare.present, face.words), deputy_words(deputy.present, face.words)
            return "\n".join(filter(None, told))

        log_in.declared = declared
        self.model.finished = self._leave
        self.view: TwoView | None = None
        face.back_from[SCREEN] = self.model.back
        face.shell.on_key(KEY, lambda: self.show())  # noqa: PLW0108 - a bound method would not keep this alive
        log_in.offer(face.words("two.offer"), lambda: self.show())  # noqa: PLW0108 - as above

    def show(self) -> None:
        """Go to the screen."""
        face = self._face
        if face.shell.present == SCREEN or not face.may_leave():
            return
        if self.view is None:
            self.view = TwoView(self.model, face.words, lambda: face.letters)
            face.shell.add(SCREEN, self.view)
        face.shell.show_screen(SCREEN)
        self.view.begin()

    def _leave(self) -> None:
        if self._face.shell.present != SCREEN:
            return
        if self._face.present_clerk is None:
            self._face.shell.show_screen("log_in")
        else:
            self._face.show_counter()


def let_in_of(doors: Doors, log_in: LogIn) -> LetIn:
    """Join the act of two to vault, replica and book."""
    stores = doors.stores
    return LetIn(
        log_in,
        doors.vault,
        stores.replica,
        stores.ledger,
        now=utc_now,
        random=os.urandom,
        longest=LONGEST,
    )
