"""What may cross which line, and when: a table. Blocks always; then the outbox; then deltas; snapshots and attachments
when asked for.

A line paid by the byte carries what protects people first, and nothing large by itself.
"""

from collections.abc import Mapping
from datetime import timedelta
from enum import Enum


class Kind(Enum):
    """What crosses a line by itself."""

    BLOCKS = "blocks"  # 抑止 and 支援措置
    OUTBOX = "outbox"
    DELTAS = "deltas"  # changes of the register
    SNAPSHOT = "snapshot"
    UPKEEP = "upkeep"  # this terminal's word about itself
    ATTACHMENTS = "attachments"  # scans and photos of what the outbox brought before


class Cost(Enum):
    """What a line costs."""

    FREE = "free"
    METERED = "metered"


class When(Enum):
    """When something may cross."""

    AT_ONCE = "at_once"
    NEXT = "next"  # once the blocks were asked for
    LATER = "later"  # once the outbox has gone, and rarely
    ASKED = "asked"  # not by itself


Policy = Mapping[tuple[Kind, Cost], When]

POLICY: Policy = {
    (Kind.BLOCKS, Cost.FREE): When.AT_ONCE,
    (Kind.BLOCKS, Cost.METERED): When.AT_ONCE,
    (Kind.OUTBOX, Cost.FREE): When.AT_ONCE,
    (Kind.OUTBOX, Cost.METERED): When.NEXT,
    (Kind.DELTAS, Cost.FREE): When.AT_ONCE,
    (Kind.DELTAS, Cost.METERED): When.LATER,
    (Kind.SNAPSHOT, Cost.FREE): When.AT_ONCE,
    (Kind.SNAPSHOT, Cost.METERED): When.ASKED,
    (Kind.UPKEEP, Cost.FREE): When.AT_ONCE,
    (Kind.UPKEEP, Cost.METERED): When.ASKED,
    (Kind.ATTACHMENTS, Cost.FREE): When.AT_ONCE,
    (Kind.ATTACHMENTS, Cost.METERED): When.ASKED,
}
LATER_EVERY = timedelta(seconds=60)


def policy_of(metered_deltas: When, metered_attachments: When = When.ASKED) -> Policy:
    """Return the table with the town's own word on deltas and attachments over a metered line; no more can be set."""
    own = {(Kind.DELTAS, Cost.METERED): metered_deltas, (Kind.ATTACHMENTS, Cost.METERED): metered_attachments}
    return {**POLICY, **own}


def may_cross(when: When, *, blocks_asked: bool, waiting: int, since_last: timedelta | None) -> bool:
    """Tell whether something may cross unasked: are the blocks asked for, what waits, how long ago did it last cross."""
    if when is When.LATER:
        rested = since_last is None or not timedelta(0) <= since_last < LATER_EVERY  # or a clock set back
        return blocks_asked and waiting == 0 and rested
    return when is When.AT_ONCE or (when is When.NEXT and blocks_asked)
