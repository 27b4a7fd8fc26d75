"""Watch the lines: probe them, hear from every call how it went, and say which carries and which mode follows.

A failed call is probed at once; the second failure in a row is an outage of that up-link, and the next one carries. The
wait between probes of a dead line grows to a minute, with jitter, and whoever has reason to hope may ask for a probe
now. A service that fails while the line is good is out alone.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta

from client.domain.errors import CounterError, LinkDownError
from client.domain.uplink import Uplink
from client.jobs.ports import Now
from client.jobs.sync_replica import either
from client.jobs.watch_services import Health, ServiceWatch
from client.rules import services, uplinks
from client.rules.link import DEFAULT_RULES, LinkRules, LinkState, after_failure, after_success, begin
from client.rules.modes import NO_WORK, Mode, StopReason, mode_of
from client.rules.services import Services
from client.rules.uplinks import Choice

Probe = Callable[[], Awaitable[None]]
Sleep = Callable[[float], Awaitable[None]]

_IMPOSSIBLE = timedelta(minutes=5)  # no wait is that long: then the clock was set back


@dataclass(frozen=True, slots=True)
class WatchedLine:
    """An up-link as it is watched."""

    uplink: Uplink
    probe: Probe
    metered: Callable[[], bool] = lambda: False


class LinkWatch:
    """The up-links under watch; ``run`` probes until cancelled.

    ``probe`` is the main one's, ``more`` are those after it. ``carry`` hears which up-link carries from now on, and
    whether the last one is dead; ``health`` asks the cloud how its services are.
    """

    def __init__(
        self,
        probe: Probe,
        now: Now,
        sleep: Sleep,
        *,
        jitter: Callable[[], float] = lambda: 1.0,
        metered: Callable[[], bool] = lambda: False,
        rules: LinkRules = DEFAULT_RULES,
        more: Sequence[WatchedLine] = (),
        carry: Callable[[Uplink, bool], None] = lambda _uplink, _dead: None,
        health: Health | None = None,
    ) -> None:
        self._lines = (WatchedLine(Uplink.MAIN, probe, metered), *more)
        self._now = now
        self._sleep = sleep
        self._jitter = jitter
        self._rules = rules
        self._carry = carry
        self._choice = Choice(tuple(begin(now(), rules) for _ in self._lines))
        self._services = ServiceWatch(health, now, sleep, jitter=jitter, changed=self._on_services)
        self._left = NO_WORK
        self._stopped: StopReason | None = None
        self._listeners: list[Callable[[], None]] = []
        self._hurry = tuple(asyncio.Event() for _ in self._lines)
        self._mode = self._mode_now(Mode.NORMAL)
        self._last_ms: int | None = None

    @property
    def usable(self) -> bool:
        """Tell whether it is worth asking the cloud."""
        return self._choice.state.usable

    def usable_for(self, service: str) -> bool:
        """Tell whether one of the cloud's services is worth asking."""
        return self.usable and self._services.usable(service)

    @property
    def affected(self) -> tuple[str, ...]:
        """Return the services that are out, none while no line carries."""
        return self._services.known.out if self.usable else ()

    def is_watched(self, uplink: Uplink) -> bool:
        """Tell whether an up-link is probed, so that its state is more than a memory."""
        return self._choice.is_watched(tuple(self.states).index(uplink))

    @property
    def uplink(self) -> Uplink:
        """Return the up-link that carries."""
        return self._lines[self._choice.carrying].uplink

    @property
    def carrying(self) -> str:
        """Return the name of the up-link that carries."""
        return self.uplink.value

    @property
    def states(self) -> Mapping[Uplink, LinkState]:
        """Return all that is known of each up-link, best first."""
        return {line.uplink: state for line, state in zip(self._lines, self._choice.states, strict=True)}

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
        """Return all that is known of the up-link that carries."""
        return self._choice.state

    @property
    def services(self) -> Services:
        """Return what is known of the cloud's services."""
        return self._services.known

    @property
    def last_ms(self) -> int | None:
        """Return how long the last answer took."""
        return self._last_ms

    @property
    def metered(self) -> bool:
        """Tell whether the line is paid by the byte."""
        return self._lines[self._choice.carrying].metered()

    def changed(self, callback: Callable[[], None]) -> Callable[[], None]:
        """Call back after each change of state or mode; returns the way to stop it."""
        self._listeners.append(callback)
        return lambda: self._listeners.remove(callback)

    def note_success(self, ms: float, *, service: str = "", over: str = "") -> None:
        """Hear that the cloud answered a call, after so many milliseconds."""
        self._answered(self._index(over), ms, service=service)

    def note_failure(self, error: LinkDownError) -> None:
        """Hear that a call failed; the line is probed at once."""
        index, known = self._index(error.over), self._services.failed_lately(error.service)
        self._services.failed(error)
        if known:  # of the line nothing new is learnt: the probe decides
            self._hurry[index].set()
            return
        self._failed(index, error, probe=False)
        if self._choice.states[index].next_probe_at <= self._now():
            self._hurry[index].set()

    def note_feeds(self) -> None:
        """Hear that the cloud answered a round of the replica; how fast says nothing, for rounds differ."""
        self._services.answered(services.FEEDS, 0)

    def note_unsent(self, count: int) -> None:
        """Hear how many changes wait to be sent."""
        self._left = replace(self._left, unsent=count)
        self._tell_if_mode_moved()

    @property
    def unsent(self) -> int:
        """Return how many changes wait to be sent."""
        return self._left.unsent

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
        for event in self._hurry:
            event.set()

    async def run(self) -> None:
        """Probe when it is time, until cancelled."""
        loops = [self._keep(index) for index in range(len(self._lines))]
        await asyncio.gather(*loops, self._services.run(lambda: self.usable))

    async def _keep(self, index: int) -> None:
        hurry = self._hurry[index]
        while True:
            if not self._choice.is_watched(index):
                await hurry.wait()
                hurry.clear()
                continue
            wait = self._choice.states[index].next_probe_at - self._now()
            if timedelta(0) < wait < _IMPOSSIBLE:
                await either(hurry.wait(), self._sleep(wait.total_seconds()))
            hurried = hurry.is_set()
            hurry.clear()
            # A call answered meanwhile puts the probe off; a clock set back must not.
            if (hurried or self._is_due(index)) and self._choice.is_watched(index):
                await self._probe_once(index)
            self._tell_if_mode_moved()  # trouble fades with time alone

    def _is_due(self, index: int) -> bool:
        return not timedelta(0) < self._choice.states[index].next_probe_at - self._now() < _IMPOSSIBLE

    async def _probe_once(self, index: int) -> None:
        begun = self._now()
        try:
            await self._lines[index].probe()
        except LinkDownError as error:
            self._failed(index, error, probe=True)
            return
        except CounterError:  # a clear no is an answer: the line is good
            pass
        ms = max((self._now() - begun) / timedelta(milliseconds=1), 0.0)
        self._answered(index, ms)

    def _index(self, over: str) -> int:
        """Return which up-link a call went over: it may have begun before another one carried."""
        names = [line.uplink.value for line in self._lines]
        return names.index(over) if over in names else self._choice.carrying

    def _answered(self, index: int, ms: float, *, service: str = "") -> None:
        if index == self._choice.carrying:
            self._last_ms = round(ms)
        self._services.answered(service, round(ms))
        if not self._choice.is_watched(index):
            return  # a call that was under way when a better one took over
        state = after_success(
            self._choice.states[index],
            self._now(),
            ms=round(ms),
            metered=self._lines[index].metered(),
            rules=self._rules,
        )
        self._become(index, state)

    def _failed(self, index: int, error: LinkDownError, *, probe: bool) -> None:
        if not self._choice.is_watched(index):
            return
        state = after_failure(
            self._choice.states[index],
            self._now(),
            code=error.code,
            probe=probe,
            jitter=self._jitter(),
            metered=self._lines[index].metered(),
            rules=self._rules,
        )
        self._become(index, state)

    def _become(self, index: int, state: LinkState) -> None:
        last, now = self._choice, self._now()
        unknown = begin(now, self._rules)
        self._choice = uplinks.choose(last, index, state, unknown=unknown, now=now)
        if not self._choice.state.usable:
            self._left = replace(self._left, feeds_behind=True)
        if (last.carrying, last.state.usable) != (self._choice.carrying, self._choice.state.usable):
            self._services.forget()
        if last.carrying != self._choice.carrying:
            self._carry(self.uplink, not self._choice.states[last.carrying].usable)
        for at in range(len(self._lines)):
            if self._choice.is_watched(at) and not last.is_watched(at):
                self._hurry[at].set()
        moved = _seen(last) != _seen(self._choice)
        if not self._tell_if_mode_moved() and moved:
            self._tell()

    def _on_services(self) -> None:
        if not self._tell_if_mode_moved():
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
            self._choice.state,
            self._now(),
            before=before,
            left=self._left,
            metered=self.metered,
            partly=bool(self._services.known.out),
            stopped=self._stopped,
        )

    def _tell(self) -> None:
        for callback in tuple(self._listeners):
            callback()


def _seen(choice: Choice) -> tuple[object, ...]:
    state = choice.state
    return choice.carrying, state.health, state.code, state.is_slow
