"""What it means for the outbox that a batch got no answers: all of it stops, one goes alone, or it is tried again.

class      what it is about               what is done
stop all   this terminal, or the way      nothing of the queue is sent until an empty batch is answered
park one   what one of the batch says     a large one goes again in small ones, of a small one each alone; what is refused
                                          alone waits for a person, the others go on
retry      the line, or the moment        tried again, later and later, at most a minute apart
"""

from enum import Enum
from types import MappingProxyType

from client.domain.errors import ConflictError, CounterError, LinkDownError, RefusedError


class Trouble(Enum):
    """The three classes."""

    STOP_ALL = "stop_all"
    PARK_ONE = "park_one"
    RETRY = "retry"


STUMBLES = 5  # times that one alone brings a fault before it is held against a batch with nothing in it

# By the status of an answer that says nothing of the contract: a proxy's, a portal's or a wrong server's.
_OF_STATUS = MappingProxyType(
    {
        **dict.fromkeys(range(300, 400), Trouble.STOP_ALL),  # sent elsewhere: a moved cloud, or a portal
        **dict.fromkeys((401, 403, 404, 405, 407, 410, 421, 426, 451, 511), Trouble.STOP_ALL),
        **dict.fromkeys((400, 409, 411, 413, 414, 415, 422, 431), Trouble.PARK_ONE),
    }
)
_OF_LINK = MappingProxyType(
    {
        "link.unknown_host": Trouble.STOP_ALL,
        "link.untrusted": Trouble.STOP_ALL,
        "link.stranger": Trouble.STOP_ALL,
    }
)
_ABOUT_CONTENT = frozenset(
    {
        *("refused.input", "refused.input_too_long", "refused.date", "refused.forbidden_number"),
        *("refused.shien_sochi", "refused.blocked", "refused.not_resident", "refused.requester"),
    }
)


def class_of(error: CounterError) -> Trouble:
    """Return what a batch without answers is treated as."""
    if isinstance(error, LinkDownError):
        status = error.facts.get("status")
        by_status = _OF_STATUS.get(status) if isinstance(status, int) else None
        return by_status or _OF_LINK.get(error.code, Trouble.RETRY)
    if isinstance(error, ConflictError):  # books that differ are compared before the next try
        return Trouble.RETRY if error.code == "conflict.tally" else Trouble.PARK_ONE
    if isinstance(error, RefusedError) and (error.code in _ABOUT_CONTENT or _is_of_request(error)):
        return Trouble.PARK_ONE
    return Trouble.STOP_ALL  # sign-in, clock, revocation, a version too old, a word nobody here knows


def took_nothing(words: str) -> bool:
    """Tell whether the last word about a change leaves no doubt that the cloud has not acted on it."""
    return bool(words) and not words.startswith("link.")


def _is_of_request(error: RefusedError) -> bool:
    return str(error.facts.get("reason", "")).startswith("request.")
