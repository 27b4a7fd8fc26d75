"""The signs of a seat, and how they are handed on."""

from collections.abc import Callable
from enum import Enum


class Sign(Enum):
    """What the operating system has said."""

    SLEEP = "sleep"  # this PC is about to sleep: it waits a little for the word that all is put away
    LOCK = "lock"  # the session was locked, or another user's is in front


Done = Callable[[], None]  # may be called from any thread, and more than once
Heard = Callable[[Sign, Done], None]
