"""The drill at the roof: from the real counter it opens the drill's own; in that one it is the director."""

import asyncio
import subprocess
import sys
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass

from client.domain.clerk import SignIn
from client.domain.drill import DrillReport
from client.domain.errors import SignInNeededError, StoreError
from client.jobs.ports import Ledger, Now
from client.jobs.run_drill import DrillFrame, DrillLine, RunDrill
from client.rules.drill import Drill
from ui.drill_plan import read_plan
from ui.screens.drill.model import DrillJobs
from ui.tasks import Tasks
from ui.text import Words

FIRST = "cut"
_LOOK_S = 0.3


class DoorsToADrill:
    """What the drill screen of a real counter may do: open the drill's own counter, in a process of its own.

    One at a time. It is not our child's keeper: the real counter may close before the drill does.
    """

    def __init__(self, program: Sequence[str] | None = None) -> None:
        frozen = [sys.executable] if getattr(sys, "frozen", False) else [sys.executable, "-P", "-m", "ui"]
        self._program = program or (*frozen, "drill", FIRST)
        self.process: subprocess.Popen[bytes] | None = None

    def jobs(self) -> DrillJobs:
        """Return what the screen may ask for."""
        steps = read_plan(FIRST).step_ids
        return DrillJobs(self.start, self.nothing, self.nowhere, steps=steps, beside=self.ended)

    async def start(self) -> None:
        """Open it. StoreError ``store.in_use`` while one is open, ``store.no_training`` where none can be."""
        if self.process is not None and self.process.poll() is None:
            raise StoreError("store.in_use")
        try:
            self.process = await asyncio.to_thread(subprocess.Popen, self._program, stdin=subprocess.DEVNULL)
        except OSError as error:
            raise StoreError("store.no_training") from error

    async def ended(self) -> None:
        """Wait until it has ended. StoreError ``store.no_training`` where it could not open."""
        while self.process is not None and self.process.poll() is None:  # noqa: ASYNC110 - a thread that waits would keep a closing counter
            await asyncio.sleep(_LOOK_S)
        if self.process is not None and self.process.returncode > 0:
            raise StoreError("store.no_training")

    async def nothing(self) -> None:
        """Do nothing: a drill is ended in its own counter."""

    async def nowhere(self) -> str:
        """Print nothing: its report too is printed there."""
        return ""


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
        return DrillJobs(self.start, self.end, self.report, steps=self._plan.step_ids)

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
