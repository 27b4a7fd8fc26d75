"""The box of the lines (F3): how each is, what it carried today, and the way to resident data over a metered one."""

from collections.abc import Callable
from functools import partial

from PySide6.QtWidgets import QMessageBox

from client.domain.errors import CounterError
from ui.face import Face
from ui.jobs import FillJobs
from ui.line_report import line_report, size_words
from ui.status import Facts
from ui.work import Starter


class LineBox:
    """Opens the box while somebody is signed in; asks for a snapshot only after its size was shown."""

    def __init__(self, face: Face, jobs: FillJobs, starter: Starter, facts: Callable[[], Facts]) -> None:
        self._face = face
        self._words = face.words
        self._jobs = jobs
        self._starter = starter
        self._facts = facts
        face.shell.on_key("F3", partial(LineBox.show, self))  # a bound method would not keep this alive

    def show(self) -> None:
        """Show how the lines are."""
        if self._face.present_clerk is None:
            return
        words, facts = self._words, self._facts()
        text = line_report(facts, words)
        if not facts.needs_fill:
            self._box("lines", words("line_box.title"), text)
            return
        told = f"{text}\n\n{words('line_box.needs_fill')}"
        self._box("lines", words("line_box.title"), told, words("line_box.ask_size"), self._ask_size)

    def _ask_size(self) -> None:
        self._starter.start("fill_size", self._tell_size)

    async def _tell_size(self) -> None:
        words = self._words
        try:
            size = size_words(await self._jobs.size())
        except CounterError as error:
            self._face.show_error(error)
            return
        text = words("line_box.size", size=size)
        self._box("fill", words("line_box.title"), text, words("line_box.fetch"), self._fetch)

    def _fetch(self) -> None:
        self._starter.start("fill", self._fill)

    async def _fill(self) -> None:
        try:
            await self._jobs.fetch()
        except CounterError as error:
            self._face.show_error(error)

    def _box(
        self, name: str, title: str, text: str, action: str = "", chosen: Callable[[], None] = lambda: None
    ) -> None:
        box = QMessageBox(self._face.shell)
        box.setObjectName(name)
        box.setWindowTitle(title)
        box.setText(text)
        if action:
            button = box.addButton(action, QMessageBox.ButtonRole.AcceptRole)
            button.setObjectName(f"{name}Action")
            button.clicked.connect(chosen)
        close = box.addButton(self._words("common.close"), QMessageBox.ButtonRole.RejectRole)
        box.setDefaultButton(close)
        box.open()
