"""Which changes were written anew, by the change that names them; found by an index of their own.

A change that was taken back has taken nobody's place, nor has one whose own successors were.
"""

import json
import sqlite3
from collections.abc import Collection

from client.domain.change import ChangeState


def rewritten_shape(connection: sqlite3.Connection) -> None:
    """Make the index."""
    connection.execute("CREATE INDEX outbox_supersedes ON outbox (supersedes) WHERE supersedes IS NOT NULL")


AMONG = (  # of those written anew again and again, how the last of the line stands
    "WITH RECURSIVE after (first, key, state) AS (SELECT supersedes, key, state FROM outbox"
    " WHERE supersedes IN (SELECT value FROM json_each(?)) UNION ALL"
    " SELECT first, o.key, o.state FROM after JOIN outbox o ON o.supersedes = after.key WHERE after.state = ?)"
    " SELECT DISTINCT first FROM after WHERE state NOT IN (?, ?)"
)
_BEFORE = "SELECT o.key, o.state FROM outbox o WHERE o.key = (SELECT supersedes FROM outbox WHERE key = ?)"


def among(connection: sqlite3.Connection, keys: Collection[str]) -> frozenset[str]:
    """Return which of some changes another took the place of."""
    gave_way, taken_back = ChangeState.SUPERSEDED.value, ChangeState.WITHDRAWN.value
    rows = connection.execute(AMONG, (json.dumps(list(keys)), gave_way, gave_way, taken_back))
    return frozenset(str(key) for (key,) in rows)


def line_before(connection: sqlite3.Connection, key: str) -> tuple[str | None, tuple[str, ...]]:
    """Return the returned change at whose place a line of changes begins, if any, and the line up to this one."""
    line = [key]
    while (found := connection.execute(_BEFORE, (line[-1],)).fetchone()) is not None:
        before, state = found
        if state != ChangeState.SUPERSEDED.value:  # what had landed did not give way
            return str(before), tuple(line)
        line.append(str(before))
    return None, tuple(line)
