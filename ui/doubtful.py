"""停止中発行 要確認一覧 joined to the face: its screen, its key (F11), its way back."""

from client.jobs.ports import Now
from client.jobs.settle_doubtful import SettleDoubtful
from ui.face import Face
from ui.screens.doubtful.model import DoubtfulModel
from ui.screens.doubtful.view import DoubtfulView
from ui.work import Starter

KEY, SCREEN = "F11", "doubtful"


class DoubtfulDesk:
    """Opens the list while somebody is signed in; its screen is made when it is first wanted."""

    def __init__(self, face: Face, job: SettleDoubtful, starter: Starter, now: Now) -> None:
        self._face = face
        self.model = DoubtfulModel(face.words, job, starter, now, who=lambda: face.present_clerk)
        self.model.finished = face.show_counter
        self.view: DoubtfulView | None = None
        face.back_from[SCREEN] = self.model.back
        face.shell.on_key(KEY, lambda: self.show())  # noqa: PLW0108 - a bound method would not keep this alive

    def show(self) -> None:
        """Go to the list."""
        face = self._face
        if face.present_clerk is None or not face.may_leave():
            return
        if self.view is None:
            self.view = DoubtfulView(self.model, face.words)
            face.shell.add(SCREEN, self.view)
        self.model.load()
        face.shell.show_screen(SCREEN)
        self.view.begin()
