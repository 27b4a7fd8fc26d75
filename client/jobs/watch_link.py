"""Watch the line: probe it, hear from every call how it went, and say which mode follows.

A failed call is probed at once; the second failure in a row is an outage. The wait between probes of a dead line
grows to a minute, with jitter, and whoever has reason to hope may ask for a probe now.
"""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import datetime, timedelta

from client.domain.errors import CounterError, LinkDownError
from client.jobs.ports import Now
from client.jobs.sync_replica import either
from client.rules.link import DEFAULT_RULES, LinkRules, LinkState, after_failure, after_success, begin
from client.rules.modes import NO_WORK, Mode, StopReason, mode_of

Probe = Callable[[], Awaitable[None]]
Sleep = Callable[[float], Awaitable[None]]

_IMPOSSIBLE = timedelta(minutes=5)  # no wait is that long: then the clock was set back


class LinkWatch:
    """One up-link under watch; ``run`` probes until cancelled."""

    def __init__(
        self,
        probe: Probe,
        now: Now,
        sleep: Sleep,
        *,
        jitter: Callable[[], float] = lambda: 1.0,
        metered: Callable[[], bool] = lambda: False,
        rules: LinkRules = DEFAULT_RULES,
    ) -> None:
        self._probe = probe
        self._now = now
        self._sleep = sleep
        self._jitter = jitter
        self._metered = metered
        self._rules = rules
        self._state = begin(now(), rules)
        self._left = NO_WORK
        self._stopped: StopReason | None = None
        self._listeners: list[Callable[[], None]] = []
        self._hurry = asyncio.Event()
        self._mode = self._mode_now(Mode.NORMAL)
        self._last_ms: int | None = None

    @property
    def usable(self) -> bool:
        """Tell whether it is worth asking the cloud."""
        return self._state.usable

    @property
    def mode(self) -> Mode:
        """Return the mode of the counter."""
        return self._mode_now(self._mode)

    @property
    def stopped(self) -> StopReason | None:
        """Return why the counter is stopped, if it is."""
        return self._stopped

    @property
    def state(self) -> LinkState:
        """Return all that is known of the link."""
        return self._state

    @property
    def last_ms(self) -> int | None:
        """Return how long the last answer took."""
        return self._last_ms

    @property
    def metered(self) -> bool:
        """Tell whether the line is paid by the byte."""
        return self._metered()

    def changed(self, callback: Callable[[], None]) -> Callable[[], None]:
        """Call back after each change of state or mode; returns the way to stop it."""
        self._listeners.append(callback)
        return lambda: self._listeners.remove(callback)

    def note_success(self, ms: float) -> None:
        """Hear that the cloud answered a call, after so many milliseconds."""
        self._last_ms = round(ms)
        self._become(
            after_success(self._state, self._now(), ms=round(ms), metered=self._metered(), rules=self._rules)
        )

    def note_failure(self, error: LinkDownError) -> None:
        """Hear that a call failed; the line is probed at once."""
        self._failed(error, probe=False)
        if self._state.next_probe_at <= self._now():
            self._hurry.set()

    def note_unsent(self, count: int) -> None:
        """Hear how many changes wait to be sent."""
        self._left = replace(self._left, unsent=count)
        self._tell_if_mode_moved()

    def note_proven(self) -> None:
        """Hear that the replica has been proven equal since the line came back."""
        self._left = replace(self._left, feeds_behind=False)
        self._tell_if_mode_moved()

    def stop(self, reason: StopReason | None) -> None:
        """Stop the counter for a reason, or let it go on with None."""
        self._stopped = reason
        self._tell_if_mode_moved()

    def hurry(self) -> None:
        """Probe now."""
        self._hurry.set()

    async def run(self) -> None:
        """Probe when it is time, until cancelled."""
        while True:
            wait = self._state.next_probe_at - self._now()
            if timedelta(0) < wait < _IMPOSSIBLE:
                await either(self._hurry.wait(), self._sleep(wait.total_seconds()))
            hurried = self._hurry.is_set()
            self._hurry.clear()
            # A call answered meanwhile puts the probe off; a clock set back must not.
            if hurried or not timedelta(0) < self._state.next_probe_at - self._now() < _IMPOSSIBLE:
                await self._probe_once()
            self._tell_if_mode_moved()  # trouble fades with time alone

    async def _probe_once(self) -> None:
        begun = self._now()
        try:
            await self._probe()
        except LinkDownError as error:
            self._failed(error, probe=True)
        except CounterError:  # a clear no is an answer: the line is good
            self._answered(begun)
        else:
            self._answered(begun)

    def _answered(self, begun: datetime) -> None:
        self.note_success(max((self._now() - begun) / timedelta(milliseconds=1), 0.0))

    def _failed(self, error: LinkDownError, *, probe: bool) -> None:
        state = after_failure(
            self._state,
            self._now(),
            code=error.code,
            probe=probe,
            jitter=self._jitter(),
            metered=self._metered(),
            rules=self._rules,
        )
        if not state.usable:
            self._left = replace(self._left, feeds_behind=True)
        self._become(state)

    def _become(self, state: LinkState) -> None:
        moved = (state.health, state.code, state.is_slow) != (
            self._state.health,
            self._state.code,
            self._state.is_slow,
        )
        self._state = state
        if not self._tell_if_mode_moved() and moved:
            self._tell()

    def _tell_if_mode_moved(self) -> bool:
        mode = self._mode_now(self._mode)
        moved = mode is not self._mode
        self._mode = mode
        if moved:
            self._tell()
        return moved

    def _mode_now(self, before: Mode) -> Mode:
        return mode_of(
            self._state,
            self._now(),
            before=before,
            left=self._left,
            metered=self._metered(),
            stopped=self._stopped,
        )

    def _tell(self) -> None:
        for callback in tuple(self._listeners):
            callback()
