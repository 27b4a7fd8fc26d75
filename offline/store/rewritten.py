"""Which changes were written anew, by the change that names them; found by an index of their own.

A change that was taken back has taken nobody's place.
"""

import json
import sqlite3
from collections.abc import Collection

from client.domain.change import ChangeState


def rewritten_shape(connection: sqlite3.Connection) -> None:
    """Make the index."""
    connection.execute("CREATE INDEX outbox_supersedes ON outbox (supersedes) WHERE supersedes IS NOT NULL")


def among(connection: sqlite3.Connection, keys: Collection[str]) -> frozenset[str]:
    """Return which of some changes another took the place of."""
    rows = connection.execute(
        "SELECT supersedes FROM outbox WHERE supersedes IS NOT NULL"
        " AND supersedes IN (SELECT value FROM json_each(?)) AND state != ?",
        (json.dumps(list(keys)), ChangeState.WITHDRAWN.value),
    )
    return frozenset(str(key) for (key,) in rows)
