"""How an attachment is cut, what of it is still to be brought, how long to wait, and when a change has gone up whole."""

from datetime import timedelta

from client.domain.attachment import Attached, CloudAttachment
from client.domain.change import ChangeState
from client.rules.outbox import backoff

# Bytes of a part. The contract takes 256 KiB; on 128 kbit/s a quarter of that is four seconds, which a command that
# is written meanwhile can wait, and all that is lost where the line breaks.
PART = 64 * 1024
AFTER_NO = timedelta(hours=1)  # a no is not asked for again in minutes; the cloud may have to make room first
# The command has taken effect, or was put aside: what lies beside it may follow.
FOLLOWS = frozenset({ChangeState.ACCEPTED, ChangeState.LANDED})


def parts_of(size: int) -> int:
    """Return in how many parts so many bytes are brought."""
    return -(-size // PART)


def span(place: int, size: int) -> tuple[int, int]:
    """Return where a part, counted from 1, begins and how long it is."""
    begins = (place - 1) * PART
    return begins, min(PART, size - begins)


def missing(parts: int, there: CloudAttachment) -> tuple[int, ...]:
    """Return the parts the cloud does not have, in order."""
    return () if there.whole else tuple(place for place in range(1, parts + 1) if place not in there.have)


def wait(attempts: int, jitter: float, *, refused: bool) -> timedelta:
    """Return how long to wait after a failure: as the outbox does, and after a no for an hour."""
    return AFTER_NO if refused else backoff(attempts, jitter)


def is_fully_sent(state: ChangeState, attached: Attached) -> bool:
    """Tell whether the cloud has both: its receipt for the change was written, and every attachment is there."""
    return state in FOLLOWS and attached.all_there
