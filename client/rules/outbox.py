"""What may happen to a queued change, which change goes next, and how long to wait after a failure.

Table and words of the outbox: a request waits for earlier requests of any resident it touches; a fact waits for
nothing. UNKNOWN is not failure: the cloud may have acted, so it is asked for or sent again with the same key.
"""

from collections.abc import Iterable
from datetime import datetime, timedelta
from enum import Enum
from types import MappingProxyType

from client.domain.change import ChangeKind, ChangeState, QueuedChange
from client.domain.resident import AtenaNo
from client.rules.table import Table
from client.rules.table import step as _step


class Event(Enum):
    """What happens to a queued change."""

    PICKED = "picked"  # leased for sending
    ACCEPTED = "accepted"
    CONFLICTED = "conflicted"
    REFUSED = "refused"
    UNANSWERED = "unanswered"  # sent, and no answer came
    SEEN_IN_REPLICA = "seen_in_replica"
    WITHDRAWN = "withdrawn"
    REWRITTEN = "rewritten"  # a new change with a new key takes its place
    FORGOTTEN = "forgotten"  # the cloud that took it was restored from its backup, and knows it no more


ANSWERS = {
    Event.ACCEPTED: ChangeState.ACCEPTED,
    Event.CONFLICTED: ChangeState.CONFLICT,
    Event.REFUSED: ChangeState.REFUSED,
}
_PERSON = {Event.REWRITTEN: ChangeState.SUPERSEDED, Event.WITHDRAWN: ChangeState.WITHDRAWN}

TRANSITIONS: Table[ChangeState, Event] = MappingProxyType(
    {
        ChangeState.QUEUED: {Event.PICKED: ChangeState.SENDING, Event.WITHDRAWN: ChangeState.WITHDRAWN},
        ChangeState.SENDING: {**ANSWERS, Event.UNANSWERED: ChangeState.UNKNOWN},
        # Leaves only by an answer for its key; picked again, it goes out with the very same key.
        ChangeState.UNKNOWN: {**ANSWERS, Event.PICKED: ChangeState.SENDING},
        # Forgotten, it goes out again with the very same key, and stands before all that is newer.
        ChangeState.ACCEPTED: {
            Event.SEEN_IN_REPLICA: ChangeState.LANDED,
            Event.FORGOTTEN: ChangeState.UNKNOWN,
        },
        ChangeState.CONFLICT: _PERSON,
        ChangeState.REFUSED: _PERSON,  # not retried: a refusal is final until a person acts
        ChangeState.LANDED: {Event.FORGOTTEN: ChangeState.UNKNOWN},
        ChangeState.WITHDRAWN: {},
        ChangeState.SUPERSEDED: {},
    }
)

# An answer "already" carries the first answer's word, which is looked up here like any other.
EVENT_OF_OUTCOME = MappingProxyType(
    {"accepted": Event.ACCEPTED, "conflict": Event.CONFLICTED, "refused": Event.REFUSED}
)

UNDER_WAY = frozenset({ChangeState.QUEUED, ChangeState.SENDING, ChangeState.UNKNOWN})
NEEDS_A_PERSON = frozenset({ChangeState.CONFLICT, ChangeState.REFUSED})
LONGEST_WAIT = timedelta(seconds=60)


def step(state: ChangeState, event: Event) -> ChangeState:
    """Return the state after an event. OutOfTurnError where that cannot be."""
    return _step(TRANSITIONS, state, event)


def may_become(state: ChangeState, after: ChangeState) -> bool:
    """Tell whether an answer, its absence or a person may lead there; that a change was forgotten is said apart."""
    return any(to is after for event, to in TRANSITIONS[state].items() if event is not Event.FORGOTTEN)


def may_be_forgotten(state: ChangeState) -> bool:
    """Tell whether a change had taken effect, so that a cloud which knows it no more must have it again.

    What was answered with no stays with its no: it is not retried, whoever has forgotten it.
    """
    return Event.FORGOTTEN in TRANSITIONS[state]


def after_restart(state: ChangeState) -> ChangeState:
    """Return what is known of a change once the program has died under it: what was being sent is unknown."""
    return step(state, Event.UNANSWERED) if state is ChangeState.SENDING else state


def needs_a_person(change: QueuedChange) -> bool:
    """Tell whether nothing more happens to a change by itself: answered with no, or parked."""
    return change.state in NEEDS_A_PERSON or change.is_parked


def may_withdraw(change: QueuedChange) -> bool:
    """Tell whether a clerk may take a change back: never sent, or answered with no."""
    return Event.WITHDRAWN in TRANSITIONS[change.state]


def ready(
    changes: Iterable[QueuedChange], now: datetime, *, limit: int | None = None
) -> tuple[QueuedChange, ...]:
    """Return what may be sent now, oldest first: the head of each lane, and every fact."""
    ordered = _in_order(changes)
    held = {change.key for change, _ in held_back(ordered)}
    found = [
        change
        for change in ordered
        if change.state in {ChangeState.QUEUED, ChangeState.UNKNOWN}
        and not change.is_parked
        and change.key not in held
        and is_due(change.next_try_at, now)
    ]
    return tuple(found[:limit])


def is_due(next_try_at: datetime | None, now: datetime) -> bool:
    """Tell whether a time to try has come; one further off than any wait was set before the clock went back."""
    return next_try_at is None or not now < next_try_at <= now + LONGEST_WAIT


def held_back(changes: Iterable[QueuedChange]) -> tuple[tuple[QueuedChange, QueuedChange], ...]:
    """Return each request that waits for another, with the one it waits for, so that none is stuck unseen (P03)."""
    first_of: dict[AtenaNo, QueuedChange] = {}
    waiting = []
    for change in _in_order(changes):
        if change.kind.is_fact or change.state not in UNDER_WAY | NEEDS_A_PERSON:
            continue
        before = min((first_of[one] for one in change.residents if one in first_of), key=_seq, default=None)
        if before is not None:
            waiting.append((change, before))
        for one in change.residents:  # a waiting change holds back those behind it too
            first_of.setdefault(one, change)
    return tuple(waiting)


def waiting_to_be_sent(changes: Iterable[QueuedChange]) -> int:
    """Return how many changes the cloud has not answered yet; the book's own runs are no clerk's and not counted."""
    return sum(change.state in UNDER_WAY and change.kind is not ChangeKind.JOURNAL for change in changes)


def backoff(attempts: int, jitter: float) -> timedelta:
    """Return the wait after some failed attempts: 1, 2, 4 … 60 s, between half and all of it by ``jitter`` 0…1.

    The jitter is drawn outside: a thousand terminals must not come back in the same second.
    """
    if not 0 <= jitter <= 1:
        raise ValueError("jitter lies between 0 and 1")
    whole = min(timedelta(seconds=2 ** min(max(attempts - 1, 0), 6)), LONGEST_WAIT)
    return whole * (0.5 + jitter / 2)


def _in_order(changes: Iterable[QueuedChange]) -> tuple[QueuedChange, ...]:
    return tuple(sorted(changes, key=_seq))


def _seq(change: QueuedChange) -> int:
    return change.seq
