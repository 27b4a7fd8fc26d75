"""The outbox held against the cloud: what it should hold, what it has forgotten, and what need be kept no longer.

``outcome`` of a row is what the cloud remembers under its key, as far as is known here; ``over_at`` is the cloud's moment
when a row was first found over. What was cleared out leaves its hash, so that the chain goes on; a payload may have gone
before its envelope (sheltered.py).
"""

import sqlite3
from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta

from client.domain.change import ChangeState
from client.domain.tally import Forgotten
from client.jobs.ports import JournalEntry
from client.rules.outbox import UNDER_WAY, Event, may_be_forgotten, step
from offline.store import attachments, journal, outbox, runs
from offline.store.door import one
from offline.store.times import utc_text

MOST_TIMES = 3  # that one change is sent again to a cloud that does not keep it
_AT_ONCE = 500  # rows in one commit
_NO = frozenset({"conflict", "refused"})
_OUTCOMES = {  # what the cloud may hold of a row in a state
    ChangeState.ACCEPTED: frozenset({"accepted"}),
    ChangeState.LANDED: frozenset({"accepted"}),
    ChangeState.CONFLICT: frozenset({"conflict"}),
    ChangeState.REFUSED: frozenset({"refused"}),
    ChangeState.WITHDRAWN: _NO,
    ChangeState.SUPERSEDED: _NO,
}
_CLEARABLE = "sealed_hash IS NULL AND state IN ('landed', 'superseded', 'withdrawn')"


def fourth_shape(connection: sqlite3.Connection) -> None:
    """Make room for what the cloud holds and has forgotten; of older rows it follows from their state and the journal."""
    for column in ("outcome TEXT", "over_at TEXT", "payload_hash BLOB", "sealed_hash BLOB"):
        connection.execute(f"ALTER TABLE outbox ADD COLUMN {column}")
    connection.execute(
        "CREATE TABLE outbox_forgotten (seq INTEGER NOT NULL REFERENCES outbox (seq), no INTEGER NOT NULL,"
        " receipt_version INTEGER NOT NULL, receipt_at TEXT NOT NULL, receipt_text TEXT NOT NULL, found_at TEXT NOT NULL,"
        " PRIMARY KEY (seq, no)) WITHOUT ROWID"
    )
    connection.execute(
        "CREATE TABLE outbox_stranger (key TEXT PRIMARY KEY, outcome TEXT NOT NULL, found_at TEXT NOT NULL) WITHOUT ROWID"
    )
    connection.execute(
        "UPDATE outbox SET outcome = CASE state WHEN 'landed' THEN 'accepted' ELSE state END"
        " WHERE state IN ('accepted', 'landed', 'conflict', 'refused')"
    )
    answers = connection.execute(
        "SELECT json_extract(facts, '$.state'), json_extract(facts, '$.key') FROM journal WHERE kind = 'answer'"
        " AND json_extract(facts, '$.state') <> 'accepted'"
    )
    connection.executemany(
        "UPDATE outbox SET outcome = ? WHERE key = ? AND state IN ('withdrawn', 'superseded')",
        answers.fetchall(),
    )
    connection.execute("CREATE INDEX outbox_held ON outbox (key, outcome) WHERE outcome IS NOT NULL")
    connection.execute(
        "CREATE INDEX outbox_kept ON outbox (key) WHERE outcome IS NOT NULL AND sealed_hash IS NULL"
    )
    connection.execute(f"CREATE INDEX outbox_over ON outbox (over_at) WHERE {_CLEARABLE}")


def oldest_kept(connection: sqlite3.Connection) -> str | None:
    """Return the first key that has an answer and whose payload is still here."""
    key = one(connection, "SELECT min(key) FROM outbox WHERE outcome IS NOT NULL AND sealed_hash IS NULL")
    return None if key is None else str(key)


def held(connection: sqlite3.Connection, since: str) -> dict[str, str]:
    """Return what the cloud should hold from a key on, with its outcomes; what it holds unbidden is known too."""
    found: dict[str, str] = {}
    for table in ("outbox", "outbox_stranger"):
        found |= connection.execute(
            f"SELECT key, outcome FROM {table} WHERE outcome IS NOT NULL AND key >= ?", (since,)
        ).fetchall()
    return found


def forget(connection: sqlite3.Connection, keys: Iterable[str], now: datetime) -> Forgotten:
    """Let changes that the cloud has forgotten go out again; the first receipt stays beside the one to come.

    What cannot, because its payload is cleared out or it was forgotten too often, stays as it is and is told. What was
    answered with no had no effect that could be lost.
    """
    again = gone = 0
    for key in keys:
        connection.execute("DELETE FROM outbox_stranger WHERE key = ?", (key,))
        found = connection.execute(
            "SELECT seq, state, sealed_hash FROM outbox WHERE key = ?", (key,)
        ).fetchone()
        if found is None:
            continue
        seq, state, cleared = found[0], ChangeState(found[1]), found[2] is not None
        connection.execute("UPDATE outbox SET outcome = NULL WHERE seq = ?", (seq,))
        if not may_be_forgotten(state):
            continue
        times = int(one(connection, "SELECT count(*) FROM outbox_forgotten WHERE seq = ?", seq))
        lost = cleared or times >= MOST_TIMES
        if lost:
            gone += 1
            runs.forgotten(connection, key)
        else:
            again += 1
            _send_again(connection, seq, state, times + 1, now)
        facts = {"what": "gone" if lost else "forgotten", "key": key, "state": state.value}
        journal.append(connection, JournalEntry("answer", "cloud", (), facts), now)
    if again or gone:  # it is not known of what else its word holds no more
        attachments.send_again(connection)
    return Forgotten(again, gone)


def note_strangers(connection: sqlite3.Connection, told: Mapping[str, str], now: datetime) -> int:
    """Write down what the cloud holds under this terminal's name and the ledger does not know; returns how many.

    What is on its way may have been heard there, and what was forgotten may be known again: those are no strangers.
    """
    strange = 0
    for key, outcome in told.items():
        found = connection.execute("SELECT state, outcome FROM outbox WHERE key = ?", (key,)).fetchone()
        state = ChangeState(found[0]) if found else None
        if state in UNDER_WAY:
            continue
        if state is not None and found[1] is None and outcome in _OUTCOMES[state]:
            connection.execute("UPDATE outbox SET outcome = ? WHERE key = ?", (outcome, key))
            continue
        strange += 1
        connection.execute(
            "INSERT INTO outbox_stranger VALUES (?, ?, ?) ON CONFLICT (key) DO UPDATE SET outcome = excluded.outcome",
            (key, outcome, utc_text(now)),
        )
        facts = {"what": "stranger", "key": key, "state": outcome}
        journal.append(connection, JournalEntry("loss", "cloud", (), facts), now)
    return strange


def strangers(connection: sqlite3.Connection) -> int:
    """Return how many there are."""
    return int(one(connection, "SELECT count(*) FROM outbox_stranger"))


def wants_clearing(connection: sqlite3.Connection, at: datetime, keep: timedelta) -> bool:
    """Tell whether there is anything to do for ``clear_out``."""
    return bool(
        one(
            connection,
            f"SELECT 1 FROM outbox WHERE {_CLEARABLE} AND (over_at IS NULL OR over_at <= ?) LIMIT 1",
            utc_text(at - keep),
        )
    )


def clear_out(connection: sqlite3.Connection, at: datetime, keep: timedelta, now: datetime) -> int:
    """Delete payloads and envelopes of what was over so long ago by the cloud's clock; returns how many."""
    connection.execute(
        f"UPDATE outbox SET over_at = ? WHERE {_CLEARABLE} AND over_at IS NULL", (utc_text(at),)
    )
    rows = connection.execute(
        f"SELECT seq, payload, sealed FROM outbox WHERE {_CLEARABLE} AND over_at <= ? ORDER BY over_at LIMIT ?",
        (utc_text(at - keep), _AT_ONCE),
    ).fetchall()
    connection.executemany(
        "UPDATE outbox SET payload = x'', sealed = x'', payload_hash = coalesce(payload_hash, ?), sealed_hash = ?"
        " WHERE seq = ?",
        [(outbox.content_hash(payload), outbox.content_hash(sealed), seq) for seq, payload, sealed in rows],
    )
    if rows:
        facts = {"what": "cleared", "changes": len(rows), "first": min(rows)[0], "last": max(rows)[0]}
        journal.append(connection, JournalEntry("outbox", "", (), facts), now)
    return len(rows)


def _send_again(
    connection: sqlite3.Connection, seq: int, state: ChangeState, times: int, now: datetime
) -> None:
    connection.execute(
        "INSERT INTO outbox_forgotten SELECT seq, ?, coalesce(receipt_version, 0), coalesce(receipt_at, ?), receipt_text, ?"
        " FROM outbox WHERE seq = ?",
        (times, utc_text(now), utc_text(now), seq),
    )
    connection.execute(
        "UPDATE outbox SET state = ?, attempts = 0, next_try_at = NULL, over_at = NULL, last_words = ?,"
        " receipt_version = NULL, receipt_at = NULL, receipt_text = '' WHERE seq = ?",
        (step(state, Event.FORGOTTEN).value, "link.forgot", seq),
    )
