"""What a declaration of disaster changes here: how old data may be, and how long a sign-in lease holds off line.

It never lasts beyond its own end, nor makes a lease longer by more than it says, however often one is declared anew. What
the register's rows say of a person, and what the town orders, stands.
"""

from datetime import datetime

from client.domain.clerk import Lease, Right, SignIn
from client.domain.declaration import Declaration
from client.domain.errors import CounterError, RefusedError
from client.rules.sign_in import CLOCK_TOLERANCE, right_error
from client.rules.staff_terms import Pair, pair_error, word_error


def in_force(declaration: Declaration | None, now: datetime) -> bool:
    """Tell whether a declaration holds; nor does it before it was made, where a clock was set back."""
    return (
        declaration is not None and now - declaration.made_at >= -CLOCK_TOLERANCE and now < declaration.until
    )


def extended(lease: Lease, declaration: Declaration | None, now: datetime) -> Lease:
    """Return a lease as a declaration leaves it: only one that still held as it began is longer by it."""
    if declaration is None or not in_force(declaration, now) or lease.until < declaration.since:
        return lease
    return Lease(max(lease.until, min(declaration.until, lease.until + declaration.most)))


def declaring_error(pair: Pair, now: datetime, *, on_line: bool) -> CounterError | None:
    """Return why two cannot declare a disaster now, or None: not while the cloud answers."""
    if refusal := pair_error(pair, now):
        return refusal
    return RefusedError("refused.declared_on_line") if on_line else None


def ending_error(word: SignIn, now: datetime) -> CounterError | None:
    """Return why one person cannot end a declaration, or None: less is allowed after it, so one officer is enough."""
    return word_error(word, now) or right_error(word, Right.OFFICER)
