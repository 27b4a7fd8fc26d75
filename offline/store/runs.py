"""Runs of the journal: cut, signed by the terminal's own key, laid into the outbox, and what the cloud has of them."""

import json
import secrets
import sqlite3
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from client.domain.change import ChangeKind, ChangeState, NewChange, change_key
from client.domain.journal import JournalStanding
from client.domain.terminal import TerminalFacts
from client.rules.chain import GENESIS
from client.rules.journal_run import MOST_ENTRIES, signed_words
from offline.store import heads, journal, outbox
from offline.store.door import one
from offline.store.pruned import boundary
from offline.store.times import utc_from

CUT = "journal.cut"  # how far the journal is in runs
_MAKER = "terminal"  # no person: the terminal itself says so
_AT_ONCE = 20  # runs of one commit
_HAS_NOT = ", ".join(
    f"'{state.value}'" for state in ChangeState if state not in {ChangeState.ACCEPTED, ChangeState.LANDED}
)
_KIND = ChangeKind.JOURNAL.value
_ASIDE = "quarantined"  # taken in, but not into the journal


@dataclass(frozen=True, slots=True)
class Run:
    """A run as it was cut."""

    first: int
    last: int
    prev: bytes
    head: bytes
    signature: bytes


def runs_shape(connection: sqlite3.Connection) -> None:
    """Make the table, and the indexes by which runs are found in the outbox."""
    connection.execute(
        "CREATE TABLE journal_run (first INTEGER PRIMARY KEY, last INTEGER NOT NULL, prev BLOB NOT NULL,"
        " head BLOB NOT NULL, signature BLOB NOT NULL, key TEXT NOT NULL UNIQUE)"
    )
    connection.execute(f"CREATE INDEX outbox_journal ON outbox (state, seq) WHERE kind = '{_KIND}'")
    connection.execute(
        f"CREATE INDEX outbox_journal_aside ON outbox (seq) WHERE kind = '{_KIND}' AND last_words = '{_ASIDE}'"
    )


def cut(connection: sqlite3.Connection, facts: TerminalFacts, to: outbox.Envelope, now: datetime) -> int:
    """Cut what is in no run yet into runs; returns how many."""
    made = 0
    while made < _AT_ONCE and (found := _next(connection)):
        first, entries, head = found
        last = first + len(entries) - 1
        prev = journal.hash_at(connection, first - 1) or GENESIS
        words = signed_words(
            facts.municipality_code, facts.terminal_no, first=first, last=last, prev=prev, head=head
        )
        run = Run(first, last, prev, head, to.sign(words))
        payload = {
            "first": first,
            "prev": prev,
            "head": head,
            "signature": run.signature,
            "entries": entries,
        }
        change = NewChange(
            key=change_key(now, secrets.token_bytes(10)),
            kind=ChangeKind.JOURNAL,
            residents=(),
            base={},
            payload=payload,
            made_at=now,
            made_by=_MAKER,
            for_cloud_alone=True,  # the rows themselves stay here
        )
        outbox.add(connection, change, to)
        connection.execute(
            "INSERT INTO journal_run VALUES (?, ?, ?, ?, ?, ?)",
            (first, last, prev, head, run.signature, change.key),
        )
        heads.write(connection, CUT, last, head)
        made += 1
    return made


def _next(connection: sqlite3.Connection) -> tuple[int, list[dict[str, object]], bytes] | None:
    """Return the entries of the next run: they follow each other, whatever was taken out before them."""
    done, _ = heads.read(connection, CUT)
    first, entries, head = 0, list[dict[str, object]](), GENESIS
    for seq, at, kind, actor, subjects, facts, recorded in connection.execute(
        "SELECT seq, at, kind, actor, subjects, facts, hash FROM journal WHERE seq > ? ORDER BY seq LIMIT ?",
        (done, MOST_ENTRIES),
    ):
        first = first or seq
        if seq != first + len(entries):
            break
        entries.append(
            {
                "at": at,
                "kind": kind,
                "actor": actor,
                "subjects": json.loads(subjects),
                "facts": json.loads(facts),
            }
        )
        head = recorded
    return (first, entries, head) if entries else None


def forgotten(connection: sqlite3.Connection, key: str) -> None:
    """Begin anew where a run was that the cloud lost and whose envelope is gone: what is told twice is the same."""
    first = one(connection, "SELECT first FROM journal_run WHERE key = ?", key)
    if first is not None:
        connection.execute("DELETE FROM journal_run WHERE first >= ?", (first,))
        heads.write(connection, CUT, first - 1, journal.hash_at(connection, first - 1) or GENESIS)


def standing(connection: sqlite3.Connection) -> JournalStanding:
    """Return how far the journal has come."""
    entries, _ = heads.read(connection, journal.CHAIN)
    done, _ = heads.read(connection, CUT)
    oldest = one(connection, "SELECT at FROM journal WHERE seq > ? ORDER BY seq LIMIT 1", done)
    received = received_to(connection)
    at = one(
        connection,
        "SELECT receipt_at FROM outbox WHERE key = (SELECT key FROM journal_run WHERE last = ?"
        " AND first > ? - 1000)",
        received,
        received,
    )
    return JournalStanding(
        entries, done, received, utc_from(at) if at else None, utc_from(oldest) if oldest else None
    )


def received_to(connection: sqlite3.Connection) -> int:
    """Return the number of the last entry before which the cloud has receipted all; a run put aside does not count."""
    missing = one(
        connection,
        "SELECT min(first) FROM journal_run WHERE key IN ("
        f"SELECT key FROM outbox WHERE kind = '{_KIND}' AND state IN ({_HAS_NOT})"
        f" UNION ALL SELECT key FROM outbox WHERE kind = '{_KIND}' AND last_words = '{_ASIDE}')",
    )
    if missing is not None:
        return int(missing) - 1
    return heads.read(connection, CUT)[0]


def first_bad(
    connection: sqlite3.Connection, facts: TerminalFacts, holds: Callable[[bytes, bytes], bool]
) -> int | None:
    """Hold every run against the journal and the terminal's key; returns the first number that does not fit.

    ``holds`` tells whether a signature is the terminal's. Nobody who rewrites the journal with all its hashes can make
    the signatures again without the key, which is not on the disk.
    """
    gone, _ = boundary(connection)  # what was taken out is held against the key by journal_prune
    expected = gone + 1 if gone else int(one(connection, "SELECT coalesce(min(first), 1) FROM journal_run"))
    for first, last, prev, head, signature in connection.execute(
        "SELECT first, last, prev, head, signature FROM journal_run ORDER BY first"
    ):
        if first != expected:
            return expected
        words = signed_words(
            facts.municipality_code, facts.terminal_no, first=first, last=last, prev=prev, head=head
        )
        fits = journal.hash_at(connection, first - 1) == prev and journal.hash_at(connection, last) == head
        if not fits or not holds(words, signature):
            return int(first)
        expected = last + 1
    done, _ = heads.read(connection, CUT)
    return None if expected == done + 1 else min(expected, done + 1)
