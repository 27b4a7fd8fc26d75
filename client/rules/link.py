"""The state of one up-link: several failures before "down", a success before "up", growing waits between.

A failed call is a reason to probe at once, not yet an outage; a second failure in a row is. What counts is
whether the service can be used, not whether a cable is in. Time and jitter come from outside.
"""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import Enum

from client.rules.outbox import backoff


class Health(Enum):
    """What is known of a link."""

    UP = "up"
    DOUBTFUL = "doubtful"  # a failure, to be confirmed or not at once
    DOWN = "down"


@dataclass(frozen=True, slots=True)
class LinkRules:
    """How patient to be; the round trip of a mobile line (600 ms) is far from slow."""

    failures_to_down: int = 2
    successes_to_up: int = 1
    steady: timedelta = timedelta(seconds=10)  # between probes while all is well and nothing else is heard
    steady_metered: timedelta = timedelta(seconds=60)
    slow_ms: int = 3000
    slow_calls: int = 3  # slow answers in a row before the link counts as slow
    trouble_for: timedelta = timedelta(seconds=30)  # how long one failed service is remembered


@dataclass(frozen=True, slots=True)
class LinkState:
    """One up-link as it stands: its health, what led to it, and when to probe next (UTC)."""

    health: Health
    since: datetime
    next_probe_at: datetime
    failures: int = 0
    successes: int = 0
    slow: int = 0
    slow_limit: int = 3
    code: str = ""  # the last failure's code; kept while down or in trouble
    trouble_until: datetime | None = None

    @property
    def usable(self) -> bool:
        """Tell whether it is worth asking the cloud: a doubtful link still is."""
        return self.health is not Health.DOWN

    @property
    def is_slow(self) -> bool:
        """Tell whether the last answers were all slow."""
        return self.slow >= self.slow_limit

    def in_trouble(self, now: datetime) -> bool:
        """Tell whether a call failed lately although the link is up: a part of the cloud is out."""
        return self.trouble_until is not None and now < self.trouble_until


DEFAULT_RULES = LinkRules()

# Seconds a call for a clerk may wait on the farthest line: of the three from a cut to a paper from the replica, the rest
# is for the replica, pages and printer.
LONGEST_WAIT = 2.5
_TRIPS = (
    4  # to open a connection and ask over it: TCP, TLS, the question; one more for what a thin line takes
)


def answer_wait(usual: float, last_ms: int | None) -> float:
    """Return how many seconds a clerk's call may wait, where the last answer took so long: never less than usual.

    On a far line a connection that was cut must be opened anew within the wait, or no paper there comes from the cloud.
    """
    if last_ms is None:
        return usual
    return max(usual, min(_TRIPS * last_ms / 1000, LONGEST_WAIT))


def begin(now: datetime, rules: LinkRules = DEFAULT_RULES) -> LinkState:
    """Return the state at the start: not known, to be probed at once; one failure is then enough for "down"."""
    return LinkState(
        Health.DOUBTFUL,
        since=now,
        next_probe_at=now,
        failures=rules.failures_to_down - 1,
        slow_limit=rules.slow_calls,
    )


def after_success(
    state: LinkState, now: datetime, *, ms: int, metered: bool = False, rules: LinkRules = DEFAULT_RULES
) -> LinkState:
    """Return the state after an answer, to a probe or to a call."""
    successes = state.successes + 1
    up = state.usable or successes >= rules.successes_to_up
    health = Health.UP if up else Health.DOWN
    back = up and not state.usable  # what failed meanwhile is explained by the line
    trouble = None if back else state.trouble_until
    return replace(
        state,
        health=health,
        since=state.since if health is state.health else now,
        next_probe_at=now + (rules.steady_metered if metered else rules.steady) if up else now,
        failures=0,
        successes=successes,
        slow=state.slow + 1 if ms >= rules.slow_ms else 0,
        code=state.code if trouble is not None and now < trouble else "",
        trouble_until=trouble,
    )


def after_failure(
    state: LinkState,
    now: datetime,
    *,
    code: str,
    probe: bool,
    jitter: float,
    metered: bool = False,
    rules: LinkRules = DEFAULT_RULES,
) -> LinkState:
    """Return the state after a failure; ``probe`` says whether a probe failed, or a call for something."""
    failures = state.failures + 1
    down = not state.usable or failures >= rules.failures_to_down
    health = Health.DOWN if down else Health.DOUBTFUL
    next_probe = now  # a first failure is looked into at once
    if down and (probe or state.usable):
        wait = backoff(failures - rules.failures_to_down + 1, jitter)
        next_probe = now + (max(wait, rules.steady) if metered else wait)
    elif down:  # a call that was tried all the same says nothing new and hurries nobody
        next_probe, failures = state.next_probe_at, state.failures
    return replace(
        state,
        health=health,
        since=state.since if health is state.health else now,
        next_probe_at=next_probe,
        failures=failures,
        successes=0,
        code=code,
        # A call may fail where the probe succeeds: then the link is up and a service is not.
        trouble_until=state.trouble_until if probe else now + rules.trouble_for,
    )
