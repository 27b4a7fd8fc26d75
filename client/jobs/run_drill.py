"""Run a drill: cut the line, watch what the clerk achieves, restore it, and report (P13: in training only)."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Protocol

from client.domain.change import ChangeKind, ChangeState, QueuedChange
from client.domain.drill import DrillCount, DrillEvent, DrillReport
from client.jobs.ports import JournalEntry, Ledger, Now
from client.rules.drill import Act, Drill, advance, plan

_LOOK_EVERY = 0.25
_PAUSE = 3.0  # before the director acts, so that the clerk sees what was done last
RTO_TARGET = timedelta(
    minutes=5
)  # from the cut to the first paper in a visitor's hand; an officer may set another
_ARRIVED = frozenset({ChangeState.ACCEPTED, ChangeState.LANDED})


@dataclass(frozen=True, slots=True)
class DrillFrame:
    """What a drill report says beside what happened."""

    scenario: str
    town: str
    terminal: str
    line: str
    officer: str


class DrillLine(Protocol):
    """The line of a training cloud, which a drill may cut."""

    async def cut(self) -> None:
        """Cut the line; calls hang from now on."""
        ...

    async def restore(self) -> None:
        """Make it whole again."""
        ...


class RunDrill:
    """The director of one drill; ``drill`` is where it stands, ``changed`` is called after each step."""

    def __init__(
        self,
        steps: Sequence[tuple[str, str]],
        *,
        line: DrillLine,
        ledger: Ledger,
        now: Now,
        sleep: Callable[[float], Awaitable[None]],
        pause: float = _PAUSE,
    ) -> None:
        self.drill: Drill = plan(steps, now())
        self._line = line
        self._ledger = ledger
        self._now = now
        self._sleep = sleep
        self._pause = pause
        self._cut = False
        self.changed: Callable[[], None] = lambda: None

    async def run(self, actor: str) -> Drill:
        """Go through the steps to the end. However it ends, the line is whole again."""
        await self._ledger.record(JournalEntry("drill", actor, facts={"step": "begin"}))
        try:
            while self.drill.present is not None:
                await self._one_step()
        finally:
            if self._cut:
                await self._line.restore()
        await self._ledger.record(JournalEntry("drill", actor, facts={"step": "end"}))
        return self.drill

    async def _one_step(self) -> None:
        before = self.drill
        self.drill = advance(self.drill, await self._ledger.outbox(settled=True), self._now())
        present = self.drill.present
        if present is not None and present.act in {Act.CUT, Act.RESTORE}:
            self.changed()
            await self._sleep(self._pause)
            await self._direct(present.act)
            self.drill = self.drill.done(self._now())
        if self.drill != before:
            self.changed()
        await self._sleep(_LOOK_EVERY)

    async def _direct(self, act: Act) -> None:
        if act is Act.CUT:
            self._cut = True
            await self._line.cut()
        else:
            await self._line.restore()
            self._cut = False

    async def report(self, frame: DrillFrame, say: Callable[[str], str]) -> DrillReport:
        """Return the report; ``say`` gives the words for ``drill_step.<id>`` and ``drill_count.<what>``."""
        changes = [
            change
            for change in await self._ledger.outbox(settled=True)
            if change.made_at >= self.drill.began_at
        ]
        done = [step for step in self.drill.steps if step.done_at]
        events = [
            DrillEvent(step.done_at, say(f"drill_step.{step.step_id}")) for step in done if step.done_at
        ]
        return DrillReport(
            scenario=frame.scenario,
            town=frame.town,
            terminal=frame.terminal,
            line=frame.line,
            officer=frame.officer,
            started_at=self.drill.began_at,
            ended_at=self._now(),
            rto=self.drill.rto,
            rto_target=RTO_TARGET,
            events=(DrillEvent(self.drill.began_at, say("drill_step.begin")), *events),
            counts=tuple(_counts(changes, say)),
        )


def _counts(changes: Sequence[QueuedChange], say: Callable[[str], str]) -> list[DrillCount]:
    kinds = (
        ("issued", ChangeKind.ISSUED),
        ("handed_over", ChangeKind.HANDED_OVER),
        ("tenkyo", ChangeKind.TENKYO),
    )
    return [
        DrillCount(
            what=say(f"drill_count.{name}"),
            accepted=sum(change.kind is kind for change in changes),
            arrived=sum(change.kind is kind and change.state in _ARRIVED for change in changes),
        )
        for name, kind in kinds
    ]
