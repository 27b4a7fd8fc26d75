"""What a person under support measures has on this PC, made unreadable here: the cloud's envelope alone is kept (P08).

A payload leaves its hash in its place, so that the chain goes on; freed pages are overwritten (door.py).
"""

import json
import sqlite3
from collections.abc import Collection
from datetime import datetime

from client.domain.resident import AtenaNo
from client.jobs.ports import JournalEntry
from offline.store import journal, outbox

_READABLE = "kind NOT LIKE 'fact.%' AND length(payload) > 1"  # an empty map is one byte


def readable_people(connection: sqlite3.Connection) -> frozenset[AtenaNo]:
    """Return whom the readable words of requests are about."""
    rows = connection.execute(
        f"SELECT DISTINCT atena_no FROM outbox_resident JOIN outbox USING (seq) WHERE {_READABLE}"
    )
    return frozenset(AtenaNo(number) for (number,) in rows)


def make_unreadable(connection: sqlite3.Connection, who: Collection[AtenaNo], now: datetime) -> int:
    """Take the readable words of every request about some people from the disk; returns of how many requests."""
    rows = connection.execute(
        f"SELECT DISTINCT seq, payload FROM outbox JOIN outbox_resident USING (seq) WHERE {_READABLE}"
        " AND atena_no IN (SELECT value FROM json_each(?))",
        (json.dumps(sorted(who)),),
    ).fetchall()
    connection.executemany(
        "UPDATE outbox SET payload = x'', payload_hash = ? WHERE seq = ?",
        [(outbox.content_hash(payload), seq) for seq, payload in rows],
    )
    if rows:
        facts: dict[str, str | int] = {"what": "unreadable", "changes": len(rows)}
        journal.append(connection, JournalEntry("outbox", "", tuple(sorted(who)), facts), now)
    return len(rows)
