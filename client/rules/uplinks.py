"""Which up-link carries: the first usable one in order, back to a better one only after it was good for a while.

Better ones than the one that carries are probed, with growing waits; worse ones are left alone, and what was known of
them is forgotten. While none is usable all are probed, and the first that answers carries.
"""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from client.rules.link import Health, LinkState

GOOD_FOR = timedelta(
    seconds=60
)  # how long a better up-link must have been good before the way goes back to it


@dataclass(frozen=True, slots=True)
class Choice:
    """The up-links as they stand, best first, and which of them carries."""

    states: tuple[LinkState, ...]
    carrying: int = 0

    @property
    def state(self) -> LinkState:
        """Return the state of the one that carries."""
        return self.states[self.carrying]

    def is_watched(self, index: int) -> bool:
        """Tell whether an up-link is to be probed."""
        return index <= self.carrying or not self.state.usable


def choose(choice: Choice, index: int, state: LinkState, *, unknown: LinkState, now: datetime) -> Choice:
    """Return the choice after one up-link's state changed; ``unknown`` is the state of one nothing is known of."""
    states = tuple(state if at == index else one for at, one in enumerate(choice.states))
    chosen = _first(states, choice.carrying, now)
    if chosen == choice.carrying:
        return replace(choice, states=states)
    return Choice(tuple(one if at <= chosen else unknown for at, one in enumerate(states)), chosen)


def _first(states: tuple[LinkState, ...], carrying: int, now: datetime) -> int:
    if not states[carrying].usable:
        return next((at for at, one in enumerate(states) if one.usable), carrying)
    better = (at for at, one in enumerate(states[:carrying]) if _is_good(one, now))
    return next(better, carrying)


def _is_good(state: LinkState, now: datetime) -> bool:
    # A clock set back is no reason to stay on a line that costs.
    rested = not timedelta(0) <= now - state.since < GOOD_FOR
    return state.health is Health.UP and rested
