"""Mind what crosses the line that carries now: the policy's table, and what has crossed since the line changed."""

from collections.abc import Callable
from datetime import datetime

from client.jobs.ports import Now
from client.rules.traffic import POLICY, Cost, Kind, Policy, may_cross


class CrossLine:
    """Says what may go now, unasked; hears what went."""

    def __init__(
        self,
        cost: Callable[[], Cost],
        waiting: Callable[[], int],
        *,
        now: Now,
        policy: Policy = POLICY,
    ) -> None:
        self._cost = cost
        self._waiting = waiting
        self._now = now
        self._policy = policy
        self._went: dict[Kind, datetime] = {}
        self._blocks_asked = False

    def may(self, kind: Kind) -> bool:
        """Tell whether something may go now, without being asked for."""
        last, now = self._went.get(kind), self._now()
        return may_cross(
            self._policy[kind, self._cost()],
            blocks_asked=self._blocks_asked,
            waiting=self._waiting(),
            since_last=now - last if last else None,
        )

    def went(self, kind: Kind) -> None:
        """Hear that something went; of the blocks, that they were asked for, whatever came of it."""
        self._went[kind] = self._now()
        self._blocks_asked = self._blocks_asked or kind is Kind.BLOCKS

    def line_changed(self) -> None:
        """Hear that another line carries, or the same one again: the blocks come first there."""
        self._blocks_asked = False
