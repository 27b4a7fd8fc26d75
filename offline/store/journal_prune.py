"""Lines of the journal taken out after their time: whole signed runs from the oldest on, all receipted, never the tail.

One commit takes the lines out, writes the line that says which, and keeps the terminal's signature over their numbers
and hashes: killed before, nothing has happened. What does not hang together is never taken out: it is evidence.
"""

import sqlite3
from collections.abc import Callable
from datetime import datetime

from client.domain.terminal import TerminalFacts
from client.jobs.ports import JournalEntry
from client.rules.chain import GENESIS
from client.rules.journal_run import pruned_words
from client.rules.retention import Retention
from offline.store import journal, runs
from offline.store.continuity import TAIL
from offline.store.pruned import boundary
from offline.store.runs import Run
from offline.store.times import utc_from

KIND = "pruned"
_AT_ONCE = 40  # runs of one commit
Signer = Callable[[bytes], bytes]


def may_go(connection: sqlite3.Connection, retention: Retention) -> tuple[Run, ...]:
    """Return the oldest runs whose time is over and that the cloud has all receipted; none while nothing is due."""
    stands = runs.standing(connection)
    if stands.received_at is None or retention.longest is None:
        return ()
    last, _ = boundary(connection)
    found: list[Run] = []
    rows = connection.execute(
        "SELECT r.first, r.last, r.prev, r.head, r.signature, o.receipt_at"
        " FROM journal_run r JOIN outbox o ON o.key = r.key ORDER BY r.first LIMIT ?",
        (_AT_ONCE,),
    )
    for first, to, prev, head, signature, receipt_at in rows:
        if first != last + 1 or to > min(stands.received, stands.entries - TAIL):
            break
        if not receipt_at:
            break
        received = utc_from(receipt_at)
        if not found and not retention.is_due(received, stands.received_at):
            break
        if not retention.goes(received, stands.received_at):
            break
        found.append(Run(first, to, prev, head, signature))
        last = to
    return tuple(found)


def prune(
    connection: sqlite3.Connection, facts: TerminalFacts, sign: Signer, retention: Retention, now: datetime
) -> int:
    """Take out what may go; returns how many lines."""
    gone = may_go(connection, retention)
    if not gone or not _hangs_together(connection, gone):
        return 0
    first, last, prev, head = gone[0].first, gone[-1].last, gone[0].prev, gone[-1].head
    words = pruned_words(
        facts.municipality_code, facts.terminal_no, first=first, last=last, prev=prev, head=head
    )
    told: dict[str, str | int] = {
        "first": first,
        "last": last,
        "count": last - first + 1,
        "prev": prev.hex(),
        "head": head.hex(),
    }
    told_by = journal.append(connection, JournalEntry("pruned", "", (), told), now)
    connection.execute(
        "INSERT INTO journal_pruned VALUES (?, ?, ?, ?, ?, ?)",
        (first, last, prev, head, sign(words), told_by),
    )
    connection.execute("DELETE FROM journal WHERE seq <= ?", (last,))
    connection.execute("DELETE FROM journal_note WHERE seq <= ?", (last,))
    connection.execute("DELETE FROM journal_run WHERE last <= ?", (last,))
    return last - first + 1


def first_bad(
    connection: sqlite3.Connection, facts: TerminalFacts, holds: Callable[[bytes, bytes], bool]
) -> int | None:
    """Hold what was taken out against the terminal's key and the lines that tell of it; the first number that does not fit.

    It begins with the first line, follows without a gap, and each bears the terminal's signature; each is told by a line
    of the journal, unless that has gone too, and no line tells of another.
    """
    expected, before = 1, GENESIS
    end, _ = boundary(connection)
    told_by: set[int] = set()
    for first, last, prev, head, signature, line in connection.execute(
        "SELECT first, last, prev, head, signature, told_by FROM journal_pruned ORDER BY first"
    ):
        words = pruned_words(
            facts.municipality_code, facts.terminal_no, first=first, last=last, prev=prev, head=head
        )
        told = {
            "first": first,
            "last": last,
            "count": last - first + 1,
            "prev": prev.hex(),
            "head": head.hex(),
        }
        if first != expected or prev != before or last < first or not holds(words, signature):
            return int(first)
        if line > end and journal.facts_of(connection, line, KIND) != told:
            return int(first)
        told_by.add(line)
        expected, before = last + 1, head
    strange = [seq for seq in journal.numbers_of(connection, KIND) if seq not in told_by]
    return min(strange, default=None)


def _hangs_together(connection: sqlite3.Connection, gone: tuple[Run, ...]) -> bool:
    """Walk what is to go, from the line before it to the end of each run."""
    last, prev = boundary(connection)
    for run in gone:
        if (run.first, run.prev) != (last + 1, prev):
            return False
        end = journal.walked(connection, (last, prev), run.last)
        if end != (run.last, run.head):
            return False
        last, prev = end
    return True
