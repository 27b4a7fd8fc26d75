"""要連絡: about which change a resident was called; the journal's rows alone, found by an index of their own."""

import json
import sqlite3
from collections.abc import Collection
from datetime import datetime

from client.jobs.ports import JournalEntry
from offline.store import journal, outbox

_KIND = "call_back"
_CHANGE = "json_extract(facts, '$.change')"


def calls_shape(connection: sqlite3.Connection) -> None:
    """Make the index."""
    connection.execute(f"CREATE INDEX journal_call_back ON journal ({_CHANGE}) WHERE kind = '{_KIND}'")


def note(connection: sqlite3.Connection, key: str, *, actor: str, now: datetime) -> None:
    """Write a call down; said twice, it is written once."""
    if not among(connection, (key,)):
        residents = outbox.get(connection, key).residents
        journal.append(connection, JournalEntry(_KIND, actor, residents, {"change": key}), now)


def among(connection: sqlite3.Connection, keys: Collection[str]) -> frozenset[str]:
    """Return about which of some changes somebody was called."""
    rows = connection.execute(
        f"SELECT {_CHANGE} FROM journal WHERE kind = '{_KIND}'"
        f" AND {_CHANGE} IN (SELECT value FROM json_each(?))",
        (json.dumps(list(keys)),),
    )
    return frozenset(str(key) for (key,) in rows)
