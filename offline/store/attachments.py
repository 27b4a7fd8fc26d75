"""Attachments in the ledger: which change each lies beside, and whether the cloud has it. Their files lie beside the ledger.

A line is written in the transaction of its change and is never removed; what becomes of it is its state.
"""

import json
import sqlite3
from collections.abc import Iterable, Sequence
from datetime import datetime

from client.domain.attachment import Attached, Attachment, CarriedAttachment, MediaType, WaitingAttachment
from client.domain.change import NewChange
from client.jobs.ports import JournalEntry
from client.rules.attachments import AFTER_NO, FOLLOWS, parts_of
from offline.store import journal
from offline.store.times import utc_text

WAITING, THERE, LOST, DROPPED, DELETED = "waiting", "there", "lost", "dropped", "deleted"
_KEPT = (WAITING, THERE, LOST)  # states whose file stays where it is
_COLUMNS = "a.key, a.command_key, a.media_type, a.size, a.sha256"


def create(connection: sqlite3.Connection) -> None:
    """Make the table. ``change`` is whose it is now; ``command_key`` is whom it was sealed for."""
    connection.execute(
        "CREATE TABLE attachment (no INTEGER PRIMARY KEY, key TEXT NOT NULL UNIQUE, change TEXT NOT NULL, command_key TEXT"
        " NOT NULL, media_type TEXT NOT NULL, size INTEGER NOT NULL, sha256 TEXT NOT NULL, parts INTEGER NOT NULL,"
        " state TEXT NOT NULL, attempts INTEGER NOT NULL DEFAULT 0, next_try_at TEXT, last_words TEXT NOT NULL DEFAULT '')"
    )
    connection.execute("CREATE INDEX attachment_change ON attachment (change, state)")
    connection.execute("CREATE INDEX attachment_state ON attachment (state, no)")


def add(connection: sqlite3.Connection, change: NewChange) -> None:
    """Write what lies beside a change; what lay beside the one it takes the place of goes with it."""
    if change.supersedes is not None:
        connection.execute(
            "UPDATE attachment SET change = ? WHERE change = ?", (change.key, change.supersedes)
        )
    connection.executemany(
        "INSERT INTO attachment (key, change, command_key, media_type, size, sha256, parts, state)"
        " VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
        [
            (
                one.key,
                change.key,
                one.command_key,
                one.media_type.value,
                one.size,
                one.sha256,
                parts_of(one.size),
                WAITING,
            )
            for one in change.attachments
        ],
    )


def give_back(connection: sqlite3.Connection, line: Sequence[str], before: str) -> None:
    """Let what was sealed for the change before, or earlier, lie beside that again: the last in its place is taken back."""
    connection.execute(
        "UPDATE attachment SET change = ? WHERE change = ?"
        " AND command_key NOT IN (SELECT value FROM json_each(?))",
        (before, line[0], json.dumps(line)),
    )


def drop(connection: sqlite3.Connection, change: str) -> None:
    """Let go what lay beside a change that was taken back."""
    connection.execute(
        "UPDATE attachment SET state = ? WHERE change = ? AND state != ?", (DROPPED, change, DELETED)
    )


def next_to_send(connection: sqlite3.Connection, now: datetime) -> WaitingAttachment | None:
    """Return the oldest that is due and whose change the cloud has taken."""
    states = ", ".join(f"'{state.value}'" for state in FOLLOWS)
    row = connection.execute(
        f"SELECT {_COLUMNS}, a.parts, a.attempts FROM attachment a JOIN outbox o ON o.key = a.change"
        f" WHERE a.state = '{WAITING}' AND o.state IN ({states})"
        " AND (a.next_try_at IS NULL OR a.next_try_at <= ? OR a.next_try_at > ?) ORDER BY a.no LIMIT 1",
        (utc_text(now), utc_text(now + AFTER_NO)),
    ).fetchone()
    return None if row is None else WaitingAttachment(_attachment(row[:5]), row[5], row[6])


def there(connection: sqlite3.Connection, key: str) -> None:
    """Write that the cloud has one whole."""
    connection.execute(
        "UPDATE attachment SET state = ?, next_try_at = NULL, last_words = '' WHERE key = ? AND state = ?",
        (THERE, key, WAITING),
    )


def lost(connection: sqlite3.Connection, key: str, now: datetime) -> None:
    """Write, in the journal too, that the file of one is gone or changed; said twice it is written once."""
    found = connection.execute(
        "UPDATE attachment SET state = ?, last_words = 'store.attachment_lost' WHERE key = ? AND state = ? RETURNING change",
        (LOST, key, WAITING),
    ).fetchone()
    if found is not None:
        facts = {"what": "attachment_lost", "attachment": key, "change": found[0]}
        journal.append(connection, JournalEntry("loss", "", (), facts), now)


def found(connection: sqlite3.Connection, key: str) -> None:
    """Send one on whose file was put back."""
    connection.execute(
        "UPDATE attachment SET state = ?, last_words = '' WHERE key = ? AND state = ?", (WAITING, key, LOST)
    )


def postpone(connection: sqlite3.Connection, key: str, next_try_at: datetime, words: str) -> None:
    """Write when the next try is."""
    connection.execute(
        "UPDATE attachment SET attempts = attempts + 1, next_try_at = ?, last_words = ? WHERE key = ?",
        (utc_text(next_try_at), words, key),
    )


def send_again(connection: sqlite3.Connection) -> int:
    """Bring again whatever is kept: the cloud was restored from before, and may have forgotten it. Returns how many."""
    return connection.execute(
        "UPDATE attachment SET state = ?, attempts = 0, next_try_at = NULL WHERE state = ?", (WAITING, THERE)
    ).rowcount


def delete_of(connection: sqlite3.Connection, changes: Iterable[str]) -> tuple[str, ...]:
    """Let go what the cloud has of some changes and return its keys; what it does not have stays."""
    rows = connection.execute(
        "UPDATE attachment SET state = ? WHERE state = ? AND change IN (SELECT value FROM json_each(?)) RETURNING key",
        (DELETED, THERE, json.dumps(list(changes))),
    )
    return tuple(key for (key,) in rows)


def kept(connection: sqlite3.Connection, *states: str) -> tuple[Attachment, ...]:
    """Return every one in some states; without any, whose file is to stay."""
    asked = json.dumps(states or _KEPT)
    rows = connection.execute(
        f"SELECT {_COLUMNS} FROM attachment a WHERE state IN (SELECT value FROM json_each(?)) ORDER BY no",
        (asked,),
    )
    return tuple(map(_attachment, rows))


def last_no(connection: sqlite3.Connection) -> int:
    """Return the number of the last line."""
    return int(connection.execute("SELECT coalesce(max(no), 0) FROM attachment").fetchone()[0])


def after(connection: sqlite3.Connection, no: int) -> tuple[CarriedAttachment, ...]:
    """Return those written after a line, with the change whose envelope names each."""
    rows = connection.execute(
        f"SELECT {_COLUMNS}, a.change FROM attachment a WHERE no > ? ORDER BY no", (no,)
    )
    return tuple(CarriedAttachment(_attachment(row[:5]), row[5]) for row in rows)


def to_carry(connection: sqlite3.Connection) -> tuple[CarriedAttachment, ...]:
    """Return every one the cloud does not surely have, with the change whose envelope names it."""
    rows = connection.execute(
        f"SELECT {_COLUMNS}, a.change FROM attachment a WHERE state = ? ORDER BY no", (WAITING,)
    )
    return tuple(CarriedAttachment(_attachment(row[:5]), row[5]) for row in rows)


def counts(connection: sqlite3.Connection) -> tuple[int, int]:
    """Return how many the cloud does not have, and how many are lost here."""
    found = dict(connection.execute("SELECT state, count(*) FROM attachment GROUP BY state"))
    return found.get(WAITING, 0), found.get(LOST, 0)


def beside(connection: sqlite3.Connection, keys: Iterable[str]) -> dict[str, Attached]:
    """Return what lies beside some changes; those with nothing are left out."""
    rows = connection.execute(
        f"SELECT change, count(*), sum(state IN ('{THERE}', '{DELETED}')), sum(state = '{LOST}') FROM attachment"
        f" WHERE change IN (SELECT value FROM json_each(?)) AND state != '{DROPPED}' GROUP BY change",
        (json.dumps(list(keys)),),
    )
    return {change: Attached(of, there, gone) for change, of, there, gone in rows}


def _attachment(row: tuple[str, str, str, int, str]) -> Attachment:
    key, command_key, media_type, size, digest = row
    return Attachment(key, command_key, MediaType(media_type), size, digest)
