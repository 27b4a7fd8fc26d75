"""A counter to drive: real windows and jobs on the real loop, the world behind them in memory."""

import asyncio
import time
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path

from PySide6.QtCore import QObject, QTimer
from PySide6.QtWidgets import QApplication

from client.domain.feed import FeedPosition, Position
from printing.layout.fonts import find_fonts
from printing.layout.glyphs import FontChain
from tests.journeys.gestures import Hands
from tests.ui import acts_of_two
from tests.ui.book_world import book_jobs
from tests.ui.world import World
from ui import theme as look
from ui.book_desk import BookDesk
from ui.doubtful import DoubtfulDesk
from ui.face import Face
from ui.line_box import LineBox
from ui.releasing import ReleaseDesk
from ui.screens.log_in.model import LogInModel
from ui.screens.log_in.view import LogInView
from ui.settling import SettleDesk
from ui.shell import Shell
from ui.status import Facts, Line
from ui.tasks import Tasks
from ui.text import Words
from ui.two import TwoDesk
from ui.widgets.letters import Letters


class Pulse(QObject):
    """Counts how long the window could not be touched: gaps between beats of a 5 ms timer."""

    def __init__(self) -> None:
        super().__init__()
        self.longest = 0.0
        self._last = time.perf_counter()
        self._timer = QTimer(self)
        self._timer.setInterval(5)
        self._timer.timeout.connect(self._beat)
        self._timer.start()

    def _beat(self) -> None:
        now = time.perf_counter()
        self.longest = max(self.longest, now - self._last)
        self._last = now

    def begin(self) -> None:
        """Measure from here."""
        self._last = time.perf_counter()
        self.longest = 0.0

    def stop(self) -> None:
        """End the measuring."""
        self._timer.stop()


@dataclass
class Counter:
    """What a test holds in its hands."""

    app: QApplication
    world: World
    words: Words
    shell: Shell
    face: Face
    log_in_view: LogInView
    tasks: Tasks
    hands: Hands
    bugs: list[BaseException]
    facts: Facts
    letters: Letters
    two: TwoDesk = field(init=False)

    async def sign_in(self, staff_id: str = "s001") -> None:
        """Sign in by gestures."""
        await self.hands.type("logInStaff", staff_id)
        await self.hands.type("logInPassword", "aozora")
        await self.hands.type("logInCode", "123456")
        await self.hands.push("logInButton")
        await self.hands.until(lambda: self.shell.present == "counter", "the counter", 5)

    async def open_resident(self, kana: str = "わたなべ はなこ") -> None:
        """Find somebody by kana and open the first hit."""
        await self.hands.type("search", kana)
        await self.hands.until(lambda: bool(self.face.counter.find.lines), "a hit", 5)
        self.face.counter.find.choose(0)
        await self.hands.until(lambda: self.face.counter.resident is not None, "the resident", 5)
        await self.quiet()

    async def quiet(self) -> None:
        """Wait until nothing is under way, or what is waits for a person's decision."""
        await self.hands.until(lambda: not self.tasks.any_running or self.face.deciding.waiting, "quiet", 5)
        await asyncio.sleep(0.01)

    def show_status(self, facts: Facts) -> None:
        """Show another state of the line."""
        self.facts = facts
        self.shell.show_status(facts, self.world.clock())
        self.face.replica.told(facts)

    def save(self, path: Path) -> None:
        """Save a picture of the window, and of a dialog over it."""
        QApplication.sendPostedEvents()
        picture = self.shell.grab()
        dialog = QApplication.activeModalWidget()
        if dialog is not None:
            from PySide6.QtGui import QPainter

            over = dialog.grab()
            painter = QPainter(picture)
            painter.drawPixmap(
                (self.shell.width() - dialog.width()) // 2, (self.shell.height() - dialog.height()) // 2, over
            )
            painter.end()
        picture.save(str(path))

    async def close(self) -> None:
        """Put everything away."""
        dialog = QApplication.activeModalWidget()
        if dialog is not None:
            dialog.close()
        await self.tasks.close()
        self.shell.close_for_good()
        self.shell.deleteLater()
        await asyncio.sleep(0.01)
        if self.bugs:
            raise self.bugs[0]


async def open_counter(
    app: QApplication,
    *,
    theme: str = "light",
    size: tuple[int, int] = (1366, 768),
    training: bool = False,
    language: str = "ja",
    percent: int = 100,
    world: World | None = None,
) -> Counter:
    """Open a counter at its sign-in window."""
    look.apply(app, theme, percent=percent)
    world = world or World()
    words = Words(language)
    bugs: list[BaseException] = []
    tasks = Tasks(asyncio.get_running_loop(), lambda _name, error: bugs.append(error))
    model = LogInModel(words)
    view = LogInView(model, words, town="あおぞら市", terminal="市民課　窓口1")
    shell = Shell(words, title="あおぞら市　窓口端末", place="窓口1", training=training)
    shell.add("log_in", view)
    face = Face(
        shell,
        words,
        (model, view),
        jobs=world.jobs,
        starter=tasks,
        now=world.clock,
        town="みどり県あおぞら市",
    )
    letters = Letters(FontChain(find_fonts(), strict=False))
    for _ in face.build(letters):
        pass
    model.serve(world.jobs.log_in, tasks)
    now = world.clock()
    position = FeedPosition(41, now - timedelta(seconds=28))
    facts = Facts(Line.ONLINE, ms=18, position=Position(position, position), printer="プリンタ1")
    counter = Counter(app, world, words, shell, face, view, tasks, Hands(), bugs, facts, letters)
    LineBox(face, world.jobs.fill, tasks, lambda: counter.facts)
    DoubtfulDesk(face, world.jobs.doubtful, tasks, world.clock)
    BookDesk(face, book_jobs(world, Path("extracts")), tasks)
    ReleaseDesk(face, world.jobs.release, world.jobs.offline, 10, tasks)
    acts = acts_of_two.let_in(world), acts_of_two.declare(world)
    counter.two = TwoDesk(face, view, *acts, tasks, deputy=acts_of_two.deputy(world))
    SettleDesk(face, world.jobs.compare, world.jobs.settle, tasks, world.clock, returned=world.jobs.returned)
    counter.show_status(facts)
    shell.resize(*size)
    shell.show()
    shell.activateWindow()
    await asyncio.sleep(0.02)
    return counter
