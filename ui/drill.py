"""The drill at the roof: from the real counter it opens the drill's own; in that one it is the director."""

import asyncio
import sys
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from client.domain.clerk import SignIn
from client.domain.drill import DrillReport
from client.domain.errors import SignInNeededError
from client.jobs.ports import DrillLine, Ledger, Now
from client.jobs.run_drill import DrillFrame, RunDrill
from client.rules.drill import Drill
from ui.drill_plan import read_plan
from ui.screens.drill.model import DrillJobs
from ui.tasks import Tasks
from ui.text import Words

FIRST = "cut"


def doors_to_a_drill() -> DrillJobs:
    """Return what the drill screen of a real counter may do: open the drill's own counter, in a process of its own."""

    async def start() -> None:
        program = [sys.executable] if getattr(sys, "frozen", False) else [sys.executable, "-P", "-m", "ui"]
        await asyncio.create_subprocess_exec(*program, "drill", FIRST)

    async def nothing() -> None:
        return None

    async def nowhere() -> str:
        return ""

    return DrillJobs(start=start, end=nothing, report=nowhere)


@dataclass(frozen=True, slots=True)
class Place:
    """Where the drill is held, for its report."""

    town: str
    terminal: str


class Director:
    """Directs one drill in its own counter; ``show`` is set by the roof and called with where it stands."""

    def __init__(
        self,
        name: str,
        *,
        line: DrillLine,
        ledger: Ledger,
        tasks: Tasks,
        words: Words,
        place: Place,
        who: Callable[[], SignIn | None],
        now: Now,
        print_report: Callable[[DrillReport], Awaitable[str]],
    ) -> None:
        self._plan = read_plan(name)
        self._line = line
        self._ledger = ledger
        self._tasks = tasks
        self._words = words
        self._place = place
        self._who = who
        self._now = now
        self._print_report = print_report
        self.show: Callable[[Drill | None], None] = lambda _drill: None
        self._run: RunDrill | None = None
        self._officer = ""

    def jobs(self) -> DrillJobs:
        """Return what the drill screen may ask for."""
        return DrillJobs(start=self.start, end=self.end, report=self.report)

    async def start(self) -> None:
        """Begin; the director acts on its own from now on. SignInNeededError."""
        sign_in = self._who()
        if sign_in is None:
            raise SignInNeededError("sign_in.expired")
        self._officer = sign_in.clerk.name
        run = RunDrill(
            self._plan.steps, line=self._line, ledger=self._ledger, now=self._now, sleep=asyncio.sleep
        )
        run.changed = lambda: self.show(run.drill)
        self._run = run
        self.show(run.drill)
        self._tasks.start("drill_under_way", lambda: self._direct(run, sign_in.clerk.staff_id))

    async def end(self) -> None:
        """Break it off, or put it away; the line is whole again before this returns."""
        await self._tasks.cancel("drill_under_way")
        self._run = None
        self.show(None)

    async def report(self) -> str:
        """Print the report; returns the printer's word."""
        if self._run is None:
            return ""
        plan = self._plan
        frame = DrillFrame(
            scenario=self._words(f"drill.name_{plan.name}"),
            town=self._place.town,
            terminal=self._place.terminal,
            line=self._words(f"drill.line_{plan.line_profile}"),
            officer=self._officer,
        )
        return await self._print_report(await self._run.report(frame, self._words))

    async def _direct(self, run: RunDrill, actor: str) -> None:
        await run.run(actor)
        self.show(run.drill)
