"""The mode of the counter: a pure answer from link, work left and reasons to stop (design of the five modes)."""

from dataclasses import dataclass
from datetime import datetime
from enum import Enum

from client.rules.link import LinkState


class Mode(Enum):
    """How the counter works now."""

    NORMAL = "normal"  # 通常
    DEGRADED = "degraded"  # 縮退
    DISASTER = "disaster"  # 災害
    RECOVERY = "recovery"  # 復旧
    STOPPED = "stopped"  # 停止


class StopReason(Enum):
    """Why nothing may be done here at all."""

    LEASE_OVER = "lease_over"
    REVOKED = "revoked"
    CLOCK = "clock"
    INTEGRITY = "integrity"
    ORDERED = "ordered"  # locked, or to be erased, by order of the town


@dataclass(frozen=True, slots=True)
class WorkLeft:
    """What still has to cross after an outage: changes to send, and feeds not yet proven equal."""

    unsent: int = 0
    feeds_behind: bool = False

    @property
    def any(self) -> bool:
        """Tell whether anything is left."""
        return self.unsent > 0 or self.feeds_behind


NO_WORK = WorkLeft()


def mode_of(
    link: LinkState,
    now: datetime,
    *,
    before: Mode = Mode.NORMAL,
    left: WorkLeft = NO_WORK,
    metered: bool = False,
    partly: bool = False,
    stopped: StopReason | None = None,
) -> Mode:
    """Return the mode that follows. A declaration by the officer widens what disaster mode may issue; it does not
    make a disaster where the cloud answers, nor end one where it does not. ``partly`` says that not every service can
    be had.
    """
    if stopped is not None:
        return Mode.STOPPED
    if not link.usable:
        return Mode.DISASTER
    if before in {Mode.DISASTER, Mode.RECOVERY} and left.any:
        return Mode.RECOVERY
    if metered or partly or link.is_slow or link.in_trouble(now):
        return Mode.DEGRADED
    return Mode.NORMAL
