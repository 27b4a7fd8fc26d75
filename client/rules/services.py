"""The cloud's services, each with its own failures and slowness: one that is out goes to the replica, the others stay.

Two failures in a row put a service out. It is tried again after growing waits, sooner where the cloud's health says
that it is well, and one answer brings it back; one more failure puts it out again, for longer.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime

from client.rules.link import Health, LinkRules, LinkState, after_failure, after_success

RESIDENTS, CERTIFICATES, SESSIONS = "residents", "certificates", "sessions"
COMMANDS, FEEDS, SNAPSHOTS = "commands", "feeds", "snapshots"

_PATHS = {  # the first that fits; the names are those of /v1/health (docs/CONTRACT.md)
    "tax": re.compile(r"/v1/residents/[^/]+/tax\b"),
    "nhi": re.compile(r"/v1/residents/[^/]+/nhi\b"),
    RESIDENTS: re.compile(r"/v1/(residents|restrictions|payers)\b"),
    CERTIFICATES: re.compile(r"/v1/(forms|eligibility|certificates)\b"),
    COMMANDS: re.compile(r"/v1/commands\b"),
    FEEDS: re.compile(r"/v1/feeds\b"),
    SNAPSHOTS: re.compile(r"/v1/snapshot\b"),
    SESSIONS: re.compile(r"/v1/sessions\b"),
}
NAMES = (RESIDENTS, "tax", "nhi", CERTIFICATES, COMMANDS, FEEDS, SNAPSHOTS, SESSIONS)
_RULES = LinkRules()


@dataclass(frozen=True, slots=True)
class Services:
    """What is known of each service; one never heard of is well."""

    states: Mapping[str, LinkState] = field(default_factory=dict)

    def usable(self, name: str, now: datetime) -> bool:
        """Tell whether a service is worth asking: it is not out, or it is time to try it again."""
        state = self.states.get(name)
        return state is None or state.usable or now >= state.next_probe_at

    def failed_lately(self, name: str, now: datetime) -> bool:
        """Tell whether a service failed when it was last asked, a moment ago."""
        state = self.states.get(name)
        return state is not None and state.failures > 0 and state.in_trouble(now)

    @property
    def out(self) -> tuple[str, ...]:
        """Return the services that are out, in the contract's order."""
        return self._where(lambda state: not state.usable)

    @property
    def slow(self) -> tuple[str, ...]:
        """Return those that answer, and slowly."""
        return self._where(lambda state: state.usable and state.is_slow)

    @property
    def next_look_at(self) -> datetime | None:
        """Return when the cloud's health is worth asking, None while no service is out."""
        return min((self.states[name].next_probe_at for name in self.out), default=None)

    def _where(self, holds: Callable[[LinkState], bool]) -> tuple[str, ...]:
        return tuple(name for name in NAMES if name in self.states and holds(self.states[name]))


def service_of(path: str) -> str:
    """Return whose call a path is; empty for clock, health, orders and the like."""
    return next((name for name, pattern in _PATHS.items() if pattern.match(path)), "")


def after_answer(services: Services, name: str, now: datetime, *, ms: int) -> Services:
    """Return the services after one answered a call."""
    if not name:
        return services
    return _with(services, name, after_success(_state(services, name, now), now, ms=ms))


def after_no_answer(services: Services, name: str, now: datetime, *, code: str, jitter: float) -> Services:
    """Return the services after a call to one failed."""
    if not name:
        return services
    state = _state(services, name, now)
    due = now >= state.next_probe_at  # then it was a trial, and the next wait is longer
    failed = after_failure(state, now, code=code, probe=due, jitter=jitter)
    return _with(services, name, replace(failed, trouble_until=now + _RULES.trouble_for))


def after_health(services: Services, told: Mapping[str, str], now: datetime, *, jitter: float) -> Services:
    """Return the services after the cloud said how each is; what it calls down nobody need try."""
    for name in NAMES:
        match told.get(name), name in services.out:
            case "down", _:
                services = _put_out(services, name, now, jitter)
            case _, True:  # well by its own word: the next call finds out, and one failure is enough
                tried = replace(services.states[name], health=Health.DOUBTFUL)
                services = _with(services, name, tried)
            case "slow", False:
                state = _state(services, name, now)
                services = _with(services, name, replace(state, slow=state.slow_limit))
    return services


def look_later(services: Services, now: datetime, *, jitter: float) -> Services:
    """Return the services after nobody could say how they are."""
    for name in services.out:
        services = _put_out(services, name, now, jitter)
    return services


def _put_out(services: Services, name: str, now: datetime, jitter: float) -> Services:
    state = _state(services, name, now)
    enough = replace(state, failures=max(state.failures, _RULES.failures_to_down - 1))
    return _with(
        services, name, after_failure(enough, now, code=state.code or "link.busy", probe=True, jitter=jitter)
    )


def _state(services: Services, name: str, now: datetime) -> LinkState:
    known = services.states.get(name)
    return known or LinkState(Health.UP, since=now, next_probe_at=now, slow_limit=_RULES.slow_calls)


def _with(services: Services, name: str, state: LinkState) -> Services:
    return Services({**services.states, name: state})
