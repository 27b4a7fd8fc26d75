"""訓練: what a drill found, as the report for the officer states it."""

from dataclasses import dataclass
from datetime import datetime, timedelta


@dataclass(frozen=True, slots=True)
class DrillEvent:
    """A moment of the drill: when, what happened, and whether it went as it should."""

    at: datetime  # UTC
    words: str
    ok: bool = True


@dataclass(frozen=True, slots=True)
class DrillCount:
    """What was done at the counter during the drill, and how much of it the cloud has."""

    what: str  # 住民票の写しの交付
    accepted: int
    arrived: int

    @property
    def whole(self) -> bool:
        """Tell whether everything arrived, and nothing twice."""
        return self.accepted == self.arrived


@dataclass(frozen=True, slots=True)
class DrillReport:
    """訓練記録: timeline, time to recovery (RTO) and what arrived.

    ``rto`` is the time from the cut to the first paper in the resident's hand; None where none was made.
    """

    scenario: str
    town: str
    terminal: str
    line: str  # the line profile: モバイルルータ（従量制）
    officer: str
    started_at: datetime
    ended_at: datetime
    rto: timedelta | None
    rto_target: timedelta
    events: tuple[DrillEvent, ...]
    counts: tuple[DrillCount, ...]
    remarks: str = ""

    def __post_init__(self) -> None:
        if self.started_at.tzinfo is None or self.ended_at < self.started_at or not self.events:
            raise ValueError("a drill has a beginning, an end and a timeline")

    @property
    def passed(self) -> bool:
        """Tell whether the counter recovered in time, every step went well and everything arrived."""
        in_time = self.rto is not None and self.rto <= self.rto_target
        return in_time and all(event.ok for event in self.events) and all(c.whole for c in self.counts)
