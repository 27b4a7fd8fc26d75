"""Named points inside a call at which a planned fault ends the process; without one they are nothing."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from enum import Enum


class Point(Enum):
    """How far a call that writes has come."""

    MID_BATCH = "mid_batch"  # one command of a batch has its effect, none is committed
    BEFORE_COMMIT = "before_commit"  # all is written, nothing committed
    AFTER_COMMIT = "after_commit"  # committed; nobody has heard of it


_ending: ContextVar[tuple[Point, Callable[[], None]] | None] = ContextVar("ending", default=None)


@contextmanager
def ending_at(point: Point, end: Callable[[], None]) -> Iterator[None]:
    """Let ``end`` be called when the call made in this block reaches a point, in whichever thread it does."""
    token = _ending.set((point, end))
    try:
        yield
    finally:
        _ending.reset(token)


def reached(point: Point) -> None:
    """Say that a call has come this far."""
    ending = _ending.get()
    if ending is not None and ending[0] is point:
        ending[1]()
