"""State machines as tables: one function walks them all.

A wrong event is a bug of ours: it raises and changes nothing.
"""

from collections.abc import Mapping
from enum import Enum
from typing import TypeVar

S = TypeVar("S", bound=Enum)
E = TypeVar("E", bound=Enum)

Table = Mapping[S, Mapping[E, S]]


class OutOfTurnError(Exception):
    """An event that the present state does not know."""


def step(table: Table[S, E], state: S, event: E) -> S:
    """Return the state that follows an event. OutOfTurnError where the table has no such line."""
    try:
        return table[state][event]
    except KeyError:
        raise OutOfTurnError(f"{event} is out of turn in {state}") from None
