"""Tell the cloud how this terminal is: when that has changed, at most every five minutes, and else once an hour."""

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta

from client.domain.errors import RefusedError
from client.domain.terminal import TerminalState
from client.jobs.feed_ports import ReplicaFiles
from client.jobs.ports import CloudStates, Ledger, Now
from client.jobs.sync_replica import position_of

AT_MOST = timedelta(minutes=5)
AT_LEAST = timedelta(hours=1)


class TellState:
    """One word at a time, with the terminal's own proof; never over a line paid by the byte."""

    def __init__(
        self,
        cloud: CloudStates,
        ledger: Ledger,
        replica: ReplicaFiles,
        *,
        program: str,
        now: Now,
        usable: Callable[[], bool],
        clock_offset_ms: Callable[[], int],
    ) -> None:
        self._cloud = cloud
        self._ledger = ledger
        self._replica = replica
        self._program = program
        self._now = now
        self._usable = usable
        self._clock_offset_ms = clock_offset_ms
        self._last: tuple[TerminalState, datetime] | None = None

    async def round(self) -> None:
        """Tell it where it is time. LinkDownError, StoreError, RefusedError ``refused.terminal_revoked``."""
        if not self._usable():
            return
        state, now = await self._present(), self._now()
        if self._last is not None and not is_due(*self._last, state, now):
            return
        try:
            await self._cloud.tell(state)
        except RefusedError as error:
            if error.code == "refused.terminal_revoked":
                raise  # any other no is an older cloud's, and no clerk's affair
        self._last = state, now

    async def _present(self) -> TerminalState:
        counts, position = await self._ledger.outbox_counts(), await position_of(self._replica)
        return TerminalState(
            program=self._program,
            register_version=position.register.version if position.register else None,
            blocks_version=position.blocks.version if position.blocks else None,
            waiting=counts.waiting,
            oldest_waiting=counts.oldest_at,
            clock_offset_ms=self._clock_offset_ms(),
        )


def is_due(told: TerminalState, told_at: datetime, state: TerminalState, now: datetime) -> bool:
    """Tell whether it is time; the clock's offset alone is no change, and a clock set back waits for nothing."""
    age = now - told_at
    same = replace(told, clock_offset_ms=0) == replace(state, clock_offset_ms=0)
    return age < timedelta(0) or age >= (AT_LEAST if same else AT_MOST)
