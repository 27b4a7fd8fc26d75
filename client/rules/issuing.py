"""What may become of a copy, from the line in the book to the clerk's word (P06).

Nothing resumes by itself: after a crash a sheet is UNKNOWN and a person says what became of it. A number that
was voided after hand-over stays handed over; the void is a further event in the book.
"""

from enum import Enum
from types import MappingProxyType

from client.domain.certificate import SheetState
from client.rules.table import Table
from client.rules.table import step as _step


class SheetEvent(Enum):
    """What happens to a copy."""

    SENT = "sent"  # the printer took it
    PRINTED = "printed"  # the printer says it came out
    LOST_SIGHT = "lost_sight"  # no word: a crash, a cable
    HANDED_OVER = "handed_over"  # the clerk's word
    SPOILED = "spoiled"  # the clerk's word


_CLERK = {SheetEvent.HANDED_OVER: SheetState.HANDED_OVER, SheetEvent.SPOILED: SheetState.SPOILED}

TRANSITIONS: Table[SheetState, SheetEvent] = MappingProxyType(
    {
        SheetState.COMMITTED: {  # nobody can hand over what no printer was given
            SheetEvent.SENT: SheetState.SENT,
            SheetEvent.PRINTED: SheetState.PRINTED,
            SheetEvent.LOST_SIGHT: SheetState.UNKNOWN,
            SheetEvent.SPOILED: SheetState.SPOILED,
        },
        SheetState.SENT: {
            SheetEvent.PRINTED: SheetState.PRINTED,
            SheetEvent.LOST_SIGHT: SheetState.UNKNOWN,
            **_CLERK,
        },
        SheetState.UNKNOWN: {SheetEvent.PRINTED: SheetState.PRINTED, **_CLERK},
        SheetState.PRINTED: {**_CLERK},
        SheetState.HANDED_OVER: {},
        SheetState.SPOILED: {},
    }
)

_EVENT_FOR = {
    SheetState.SENT: SheetEvent.SENT,
    SheetState.PRINTED: SheetEvent.PRINTED,
    SheetState.UNKNOWN: SheetEvent.LOST_SIGHT,
    SheetState.HANDED_OVER: SheetEvent.HANDED_OVER,
    SheetState.SPOILED: SheetEvent.SPOILED,
}


def step(state: SheetState, event: SheetEvent) -> SheetState:
    """Return what a copy is after an event. OutOfTurnError where that cannot be."""
    return _step(TRANSITIONS, state, event)


def may_become(state: SheetState, wanted: SheetState) -> bool:
    """Tell whether one event leads from a state to another."""
    event = _EVENT_FOR.get(wanted)
    return event is not None and event in TRANSITIONS[state]


def is_open(state: SheetState) -> bool:
    """Tell whether the end of a copy is still to be said."""
    return bool(TRANSITIONS[state])


def after_restart(state: SheetState) -> SheetState:
    """Return what is known of a copy once the program has died under it."""
    if state in {SheetState.COMMITTED, SheetState.SENT}:
        return step(state, SheetEvent.LOST_SIGHT)
    return state
