"""What is held in the ledger: own requests by the rows of the outbox alone, neighbours' requests by rows of their own.

A neighbour's row begins with a message and never ends with one. Ended rows stay as long as the message could be brought up
again, so that it is known then.
"""

import json
import sqlite3
from collections.abc import Collection, Iterable
from datetime import datetime, timedelta

from client.domain.change import RESTRICTIVE, ChangeKind, ChangeState
from client.domain.hold import Hold
from client.domain.resident import AtenaNo
from client.jobs.hold_ports import Ending, Heard
from client.jobs.ports import JournalEntry
from client.rules.hold_wire import MOST_PERSONS, name_of, read_words, words_of
from client.rules.holds import KEY_TAKEN, STANDING, SURELY, hold_of
from offline.store import journal, outbox
from offline.store.door import one
from offline.store.times import utc_text

_KEPT = timedelta(days=35)  # ended ones; the lease beside a message is over long before
_KINDS = json.dumps(sorted(kind.value for kind in RESTRICTIVE))
_STATES = json.dumps(sorted(state.value for state in STANDING))
_OWN = (  # by the index of kinds: most of what has landed are facts
    "SELECT seq FROM outbox WHERE kind IN (SELECT value FROM json_each(:kinds))"
    " AND (+state IN (SELECT value FROM json_each(:states))"
    f" OR state = '{ChangeState.REFUSED.value}' AND instr(last_words, '{KEY_TAKEN}'))"
)


def second_shape(connection: sqlite3.Connection) -> None:
    """Make room for what neighbours hold."""
    connection.execute(
        "CREATE TABLE hold (no INTEGER PRIMARY KEY, words BLOB NOT NULL UNIQUE, key TEXT NOT NULL, kind TEXT NOT NULL,"
        " terminal TEXT NOT NULL, persons INTEGER NOT NULL, name BLOB NOT NULL, wire BLOB NOT NULL, giver TEXT NOT NULL,"
        " heard_at TEXT NOT NULL, ended TEXT NOT NULL DEFAULT '', ended_at TEXT NOT NULL DEFAULT '')"
    )
    connection.execute("CREATE INDEX outbox_kind ON outbox (kind)")
    connection.execute("CREATE INDEX hold_standing ON hold (ended, terminal)")
    connection.execute(
        "CREATE TABLE hold_resident (atena_no TEXT NOT NULL, no INTEGER NOT NULL REFERENCES hold (no) ON DELETE CASCADE,"
        " PRIMARY KEY (atena_no, no)) WITHOUT ROWID"
    )


def on(connection: sqlite3.Connection, terminal: str, residents: Iterable[AtenaNo]) -> tuple[Hold, ...]:
    """Return what is held of some residents."""
    who = {"who": json.dumps(list(residents))}
    mine = "SELECT seq FROM outbox_resident WHERE atena_no IN (SELECT value FROM json_each(:who))"
    theirs = "SELECT no FROM hold_resident WHERE atena_no IN (SELECT value FROM json_each(:who))"
    return (
        *_own(connection, terminal, f"{_OWN} AND seq IN ({mine})", who),
        *_heard(connection, f"AND no IN ({theirs})", who),
    )


def of(
    connection: sqlite3.Connection, terminal: str, kind: ChangeKind, blocks_at: datetime
) -> tuple[Hold, ...]:
    """Return all that is held by requests of a kind; what landed long before the blocks is not even read."""
    young = {"landed": ChangeState.LANDED.value, "since": utc_text(blocks_at - SURELY)}
    query = f"{_OWN} AND kind = :kind AND (state <> :landed OR receipt_at >= :since)"
    return (
        *_own(connection, terminal, query, {"kind": kind.value, **young}),
        *_heard(connection, "AND kind = :kind", {"kind": kind.value}),
    )


def own(connection: sqlite3.Connection, terminal: str) -> tuple[Hold, ...]:
    """Return what this terminal stands behind and the cloud's feeds do not tell yet."""
    landed = {"landed": ChangeState.LANDED.value}
    return _own(connection, terminal, f"{_OWN} AND state <> :landed", landed)


def heard(connection: sqlite3.Connection) -> tuple[Hold, ...]:
    """Return what neighbours hold and nothing has ended."""
    return _heard(connection, "", {})


def names(connection: sqlite3.Connection) -> tuple[bytes, ...]:
    """Return what that is known by on its way."""
    return tuple(name for (name,) in connection.execute("SELECT name FROM hold WHERE ended = '' ORDER BY no"))


def wires(connection: sqlite3.Connection, wanted: Collection[bytes]) -> tuple[bytes, ...]:
    """Return some of it as it came."""
    marks = ", ".join("?" * len(wanted))
    rows = connection.execute(f"SELECT wire FROM hold WHERE ended = '' AND name IN ({marks})", tuple(wanted))
    return tuple(wire for (wire,) in rows)


def weighed(connection: sqlite3.Connection, terminal: str, hold: Hold) -> Heard:
    """Tell what is to become of a neighbour's hold; no terminal holds more than so many persons here at a time."""
    if one(connection, "SELECT no FROM hold WHERE words = ?", words_of(hold)) is not None:
        return Heard.KNOWN
    if hold.terminal == terminal and one(connection, "SELECT 1 FROM outbox WHERE key = ?", hold.key):
        return Heard.KNOWN  # our own: the outbox says what became of it
    count = "SELECT total(persons) FROM hold WHERE ended = '' AND terminal = ?"
    if int(one(connection, count, hold.terminal)) + len(hold.residents) > MOST_PERSONS:
        return Heard.TOO_MANY
    return Heard.TAKEN


def hear(
    connection: sqlite3.Connection, terminal: str, hold: Hold, wire: bytes, *, giver: str, now: datetime
) -> Heard:
    """Keep a neighbour's hold and write it into the journal."""
    if (said := weighed(connection, terminal, hold)) is not Heard.TAKEN:
        return said
    facts = {"key": hold.key, "kind": hold.kind.value, "terminal": hold.terminal}
    number = connection.execute(
        f"INSERT INTO hold (words, key, kind, terminal, persons, name, wire, giver, heard_at) VALUES ({'?, ' * 8}?)",
        (
            words_of(hold),
            *facts.values(),
            len(hold.residents),
            name_of(wire),
            wire,
            giver,
            utc_text(now),
        ),
    ).lastrowid
    people = [(number, atena_no) for atena_no in dict.fromkeys(hold.residents)]
    connection.executemany("INSERT INTO hold_resident (no, atena_no) VALUES (?, ?)", people)
    told: dict[str, str | int] = {"what": "heard", **facts, "from": giver}
    journal.append(connection, JournalEntry("hold", hold.terminal, hold.residents, told), now)
    return said


def end(
    connection: sqlite3.Connection, hold: Hold, ending: Ending, *, actor: str, reason: str, now: datetime
) -> bool:
    """End a neighbour's hold and write who did and why; said twice, it is written once."""
    changed = connection.execute(
        "UPDATE hold SET ended = ?, ended_at = ? WHERE words = ? AND ended = ''",
        (ending.value, utc_text(now), words_of(hold)),
    ).rowcount
    if not changed:
        return False
    told: dict[str, str | int] = {"what": ending.value, "key": hold.key, "terminal": hold.terminal}
    journal.append(connection, JournalEntry("hold", actor, hold.residents, told, reason), now)
    connection.execute("DELETE FROM hold WHERE ended <> '' AND ended_at < ?", (utc_text(now - _KEPT),))
    return True


def _own(
    connection: sqlite3.Connection, terminal: str, query: str, asked: dict[str, str]
) -> tuple[Hold, ...]:
    rows = connection.execute(query, {"kinds": _KINDS, "states": _STATES, **asked}).fetchall()
    changes = outbox.some(connection, [seq for (seq,) in rows]) if rows else ()
    return tuple(hold for change in changes if (hold := hold_of(change, terminal)))


def _heard(connection: sqlite3.Connection, condition: str, asked: dict[str, str]) -> tuple[Hold, ...]:
    rows = connection.execute(f"SELECT words FROM hold WHERE ended = '' {condition} ORDER BY no", asked)
    return tuple(read_words(words) for (words,) in rows)
