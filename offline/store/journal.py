"""The journal (P12): append only, each row's hash over the row before; ids and facts, no names."""

import json
import sqlite3
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime

from client.domain.resident import AtenaNo
from client.jobs.ports import JournalEntry
from client.rules.chain import GENESIS, link
from offline.store import heads
from offline.store.door import one
from offline.store.pruned import boundary
from offline.store.times import utc_from, utc_text

CHAIN = "journal"
_COLUMNS = "seq, at, kind, actor, subjects, facts, hash"


@dataclass(frozen=True, slots=True)
class JournalRow:
    """An entry as it stands in the book."""

    seq: int
    at: datetime
    entry: JournalEntry


@dataclass(frozen=True, slots=True)
class JournalVerdict:
    """Whether the book is whole: how many entries, and the number of the first one that is wrong or missing."""

    entries: int
    first_bad: int | None


def create(connection: sqlite3.Connection) -> None:
    """Make the table; its rows are never updated."""
    connection.execute(
        "CREATE TABLE journal (seq INTEGER PRIMARY KEY, at TEXT NOT NULL, kind TEXT NOT NULL, actor TEXT NOT NULL,"
        " subjects TEXT NOT NULL, facts TEXT NOT NULL, hash BLOB NOT NULL)"
    )


def note_shape(connection: sqlite3.Connection) -> None:
    """Make room for words typed by hand beside a row: on this disk alone, in no hash, no run and no extract."""
    connection.execute("CREATE TABLE journal_note (seq INTEGER PRIMARY KEY, words TEXT NOT NULL)")


def append(connection: sqlite3.Connection, entry: JournalEntry, at: datetime) -> int:
    """Add a row to the chain; returns its number."""
    seq, prev = heads.read(connection, CHAIN)
    seq += 1
    row = _row(seq, utc_text(at), (entry.kind, entry.actor), list(entry.subjects), dict(entry.facts))
    following = link(prev, row)
    connection.execute(
        f"INSERT INTO journal ({_COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?)",
        (
            seq,
            row["at"],
            entry.kind,
            entry.actor,
            json.dumps(row["subjects"]),
            json.dumps(row["facts"], ensure_ascii=False, sort_keys=True),
            following,
        ),
    )
    heads.write(connection, CHAIN, seq, following)
    if entry.note:
        connection.execute("INSERT INTO journal_note VALUES (?, ?)", (seq, entry.note))
    return seq


def note_of(connection: sqlite3.Connection, seq: int) -> str:
    """Return the words beside a row; empty where there are none."""
    return str(one(connection, "SELECT words FROM journal_note WHERE seq = ?", seq) or "")


def hash_at(connection: sqlite3.Connection, seq: int) -> bytes | None:
    """Return the hash of a row, or of the last that was taken out; of number 0 what stands before the first."""
    if seq == 0:
        return GENESIS
    last, head = boundary(connection)
    return head if seq == last else one(connection, "SELECT hash FROM journal WHERE seq = ?", seq)


def latest_time(connection: sqlite3.Connection) -> datetime | None:
    """Return the latest time written since the cloud last vouched for the clock, which it does at an online sign-in.

    Not simply that of the last row: a clock set back writes rows too.
    """
    vouched = one(
        connection,
        "SELECT seq FROM journal WHERE kind = 'sign_in' AND json_extract(facts, '$.how') = 'online'"
        " ORDER BY seq DESC LIMIT 1",
    )
    found = one(connection, "SELECT max(at) FROM journal WHERE seq >= ?", vouched or 0)
    return utc_from(found) if found else None


def tail(connection: sqlite3.Connection, count: int) -> tuple[JournalRow, ...]:
    """Return the last rows, newest first."""
    rows = connection.execute(f"SELECT {_COLUMNS} FROM journal ORDER BY seq DESC LIMIT ?", (count,))
    return tuple(
        JournalRow(
            seq,
            utc_from(at),
            JournalEntry(kind, actor, tuple(map(AtenaNo, json.loads(subjects))), json.loads(facts)),
        )
        for seq, at, kind, actor, subjects, facts, _ in rows
    )


def first_bad(connection: sqlite3.Connection, wanted: Mapping[int, bytes]) -> JournalVerdict:
    """Walk the chain from where it begins; ``wanted`` are heads known from elsewhere, by number, which must be met.

    That what was taken out before it was taken out by the terminal is for ``journal_prune.first_bad`` to say.
    """
    last, prev = boundary(connection)
    expected = last + 1
    for seq, row, recorded in _rows(connection):
        if seq != expected:
            return JournalVerdict(expected - 1, expected)
        if row is None or link(prev, row) != recorded or wanted.get(seq, recorded) != recorded:
            return JournalVerdict(expected - 1, seq)
        prev, expected = recorded, seq + 1
    last = max(wanted, default=expected - 1)
    return JournalVerdict(expected - 1, None if last == expected - 1 else min(last + 1, expected))


def walked(connection: sqlite3.Connection, start: heads.Head, to: int) -> heads.Head:
    """Walk the rows after a known one up to a number; returns the last that follows from those before it."""
    last, prev = start
    for seq, row, recorded in _rows(connection, after=last):
        if seq > to or seq != last + 1 or row is None or link(prev, row) != recorded:
            break
        last, prev = seq, recorded
    return last, prev


def facts_of(connection: sqlite3.Connection, seq: int, kind: str) -> dict[str, object] | None:
    """Return what a row of a kind says; None where there is none."""
    found = one(connection, "SELECT facts FROM journal WHERE seq = ? AND kind = ?", seq, kind)
    return None if found is None else dict(json.loads(found))


def numbers_of(connection: sqlite3.Connection, kind: str) -> tuple[int, ...]:
    """Return the numbers of the rows of a kind."""
    return tuple(seq for (seq,) in connection.execute("SELECT seq FROM journal WHERE kind = ?", (kind,)))


def tail_first_bad(connection: sqlite3.Connection, start: heads.Head) -> int | None:
    """Walk the rows after a known one to the head; returns the number of the first that is wrong or missing."""
    last, prev = start
    for seq, row, recorded in _rows(connection, after=last):
        last += 1
        if seq != last or row is None or link(prev, row) != recorded:
            return last
        prev = recorded
    return None if heads.read(connection, CHAIN) == (last, prev) else last + 1


def _rows(
    connection: sqlite3.Connection, after: int = 0
) -> Iterator[tuple[int, dict[str, object] | None, bytes]]:
    for seq, at, kind, actor, subjects, facts, recorded in connection.execute(
        f"SELECT {_COLUMNS} FROM journal WHERE seq > ? ORDER BY seq", (after,)
    ):
        try:
            yield seq, _row(seq, at, (kind, actor), json.loads(subjects), json.loads(facts)), recorded
        except ValueError:
            yield seq, None, recorded


def _row(seq: int, at: str, who: tuple[str, str], subjects: object, facts: object) -> dict[str, object]:
    kind, actor = who
    return {"seq": seq, "at": at, "kind": kind, "actor": actor, "subjects": subjects, "facts": facts}
