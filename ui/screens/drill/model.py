"""A drill: its steps, where it stands, and the time reached. No toolkit."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from client.domain.clerk import Right, SignIn
from client.domain.errors import CounterError
from client.jobs.ports import Now
from client.rules.drill import Drill
from ui.clock import in_tokyo
from ui.notices import Note, note_of
from ui.text import Words
from ui.work import Starter


@dataclass(frozen=True, slots=True)
class StepLine:
    """A step on the screen."""

    text: str
    state: str  # done | present | ahead
    time: str


@dataclass(frozen=True, slots=True)
class DrillJobs:
    """What this screen may ask for."""

    start: Callable[[], Awaitable[None]]  # begins the drill, or opens its own counter
    end: Callable[[], Awaitable[None]]
    report: Callable[[], Awaitable[str]]  # prints the report; returns where it went
    steps: tuple[str, ...] = ()  # of the drill that can be begun, in order
    beside: Callable[[], Awaitable[None]] | None = (
        None  # lasts as long as the drill's own counter, where it has one
    )


class DrillModel:
    """The drill screen; ``begin`` and ``advance`` show a drill under way. ``finished`` is called at Esc."""

    def __init__(self, words: Words, jobs: DrillJobs, starter: Starter, now: Now) -> None:
        self.words = words
        self._jobs = jobs
        self._starter = starter
        self._now = now
        self.sign_in: SignIn | None = None
        self.drill: Drill | None = None
        self.busy = False
        self.note: Note | None = None
        self.changed: Callable[[], None] = lambda: None
        self.finished: Callable[[], None] = lambda: None

    @property
    def reason(self) -> str:
        """Return why a drill cannot be started; empty when it can."""
        if self.drill is not None and self.drill.present is not None:
            return self.words("drill.under_way")
        if self.sign_in is None or Right.OFFICER not in self.sign_in.clerk.rights:
            return self.words("drill.officer_only")
        return self.words("drill.busy") if self.busy else ""

    @property
    def over(self) -> bool:
        """Tell whether every step is done."""
        return self.drill is not None and self.drill.present is None

    @property
    def rto_text(self) -> str:
        """Return the time from the cut to the first paper handed over off line."""
        if self.drill is None or self.drill.rto is None:
            return ""
        seconds = int(self.drill.rto.total_seconds())
        return self.words("drill.rto", minutes=seconds // 60, seconds=seconds % 60)

    def lines(self) -> tuple[StepLine, ...]:
        """Return the steps in order."""
        if self.drill is None:  # what it will be
            return tuple(StepLine(self.words(f"drill_step.{step}"), "ahead", "") for step in self._jobs.steps)
        present = self.drill.present
        return tuple(
            StepLine(
                self.words(f"drill_step.{step.step_id}"),
                "done" if step.done_at else "present" if step is present else "ahead",
                f"{in_tokyo(step.done_at):%H:%M:%S}" if step.done_at else "",
            )
            for step in self.drill.steps
        )

    def show(self, drill: Drill | None) -> None:
        """Show where a drill stands."""
        self.drill = drill
        self.changed()

    def start(self) -> None:
        """Begin a drill."""
        if not self.reason:
            self._run("drill", self._begin)

    def end(self) -> None:
        """End the drill, or break it off."""
        if self.drill is not None:
            self._run("drill", self._jobs.end)

    def report(self) -> None:
        """Print the report."""
        if self.over:
            self._starter.start("report", self._report)

    def back(self) -> None:
        """Leave; a drill under way goes on."""
        self.finished()

    def dismiss(self) -> None:
        """Take the note away."""
        self.note = None
        self.changed()

    async def _begin(self) -> None:
        await self._jobs.start()
        if (beside := self._jobs.beside) is not None:
            self.note = Note("info", self.words("drill.opened"), self.words("drill.opened_more"))
            self._starter.start("drill_beside", lambda: self._beside(beside))

    async def _beside(self, beside: Callable[[], Awaitable[None]]) -> None:
        try:
            await beside()
        except CounterError as error:
            self.note = note_of(error, self.words)
        else:
            self.note = Note("info", self.words("drill.closed"))
        self.changed()

    def _run(self, name: str, job: Callable[[], Awaitable[None]]) -> None:
        self.busy, self.note = True, None
        self.changed()
        self._starter.start(name, lambda: self._do(job))

    async def _do(self, job: Callable[[], Awaitable[None]]) -> None:
        try:
            await job()
        except CounterError as error:
            self.note = self._note_of(error)
        finally:
            self.busy = False
            self.changed()

    def _note_of(self, error: CounterError) -> Note:
        if error.code == "store.in_use":  # by the drill's own counter, which stands somewhere on this desk
            return Note("info", self.words("drill.open_already"), self.words("drill.opened_more"))
        return note_of(error, self.words)

    async def _report(self) -> None:
        try:
            where = await self._jobs.report()
        except CounterError as error:
            self.note = note_of(error, self.words)
        else:
            self.note = Note("ok", self.words("drill.reported"), where)
        self.changed()
