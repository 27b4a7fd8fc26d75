"""A drill as a list of steps: what it waits for, what it does, and what was reached when."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import Enum

from client.domain.change import ChangeKind, ChangeState, QueuedChange


class Act(Enum):
    """What happens in a drill: the clerk's acts, seen in the outbox, and the director's own."""

    ISSUED_ONLINE = "issued_online"
    ISSUED_OFFLINE = "issued_offline"
    ACCEPTED = "accepted"  # an intake was taken (仮受付)
    ARRIVED = "arrived"  # nothing waits any more
    CUT = "cut"
    RESTORE = "restore"


DIRECTORS = frozenset({Act.CUT, Act.RESTORE})
WAITING = frozenset({ChangeState.QUEUED, ChangeState.SENDING, ChangeState.UNKNOWN})


@dataclass(frozen=True, slots=True)
class Step:
    """One step; ``done_at`` is None while it is ahead."""

    step_id: str
    act: Act
    done_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Drill:
    """Where a drill stands; the first step not done is the present one."""

    steps: tuple[Step, ...]
    began_at: datetime

    @property
    def present(self) -> Step | None:
        """Return the step to do next, or None at the end."""
        return next((step for step in self.steps if step.done_at is None), None)

    @property
    def rto(self) -> timedelta | None:
        """Return the time from the cut to the first paper handed over off line; None where not reached."""
        cut = self._when(Act.CUT)
        paper = self._when(Act.ISSUED_OFFLINE)
        return paper - cut if cut and paper else None

    def _when(self, act: Act) -> datetime | None:
        return next((step.done_at for step in self.steps if step.act is act), None)

    def done(self, at: datetime) -> "Drill":
        """Return the drill with the present step done."""
        present = self.present
        if present is None:
            return self
        return replace(
            self, steps=tuple(replace(step, done_at=at) if step is present else step for step in self.steps)
        )


def plan(steps: Sequence[tuple[str, str]], began_at: datetime) -> Drill:
    """Make a drill from (id, act) pairs; ValueError on an act nobody can do or see."""
    return Drill(tuple(Step(step_id, Act(act)) for step_id, act in steps), began_at)


def advance(drill: Drill, changes: Sequence[QueuedChange], now: datetime) -> Drill:
    """Return the drill after looking at the outbox: the present step is done when its act has happened since."""
    present = drill.present
    if present is None or present.act in DIRECTORS:
        return drill
    since = max((step.done_at for step in drill.steps if step.done_at), default=drill.began_at)
    happened = _happened(present.act, changes, since, now)
    return advance(drill.done(happened), changes, now) if happened else drill


def _happened(act: Act, changes: Sequence[QueuedChange], since: datetime, now: datetime) -> datetime | None:
    if act is Act.ARRIVED:
        return None if any(change.state in WAITING for change in changes) else now
    offline = {
        change.payload.get("serial"): change.payload.get("offline") is True
        for change in changes
        if change.kind is ChangeKind.ISSUED
    }
    for change in changes:
        if change.made_at >= since and _act_of(change, offline) is act:
            return change.made_at
    return None


def _act_of(change: QueuedChange, offline: Mapping[object, bool]) -> Act | None:
    """A paper counts when it is in the visitor's hand, not when it was numbered."""
    if change.kind is ChangeKind.HANDED_OVER:
        return Act.ISSUED_OFFLINE if offline.get(change.payload.get("serial")) else Act.ISSUED_ONLINE
    return None if change.kind.is_fact else Act.ACCEPTED
