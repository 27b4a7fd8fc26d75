"""Lines of the journal looked for from the newest back, a part of the book at a time (P12)."""

import json
import sqlite3

from client.domain.journal import BookLine, Slab, Wanted
from client.domain.resident import AtenaNo
from offline.store.door import one
from offline.store.times import utc_from, utc_text

# Facts that name a member of staff who took part beside the actor; some hold two ids with a space between.
_TOOK_PART = ("who", "officer", "second", "staff", "other", "let_in_by")


def search(connection: sqlite3.Connection, wanted: Wanted, *, below: int, span: int, most: int) -> Slab:
    """Return at most ``most`` lines among the ``span`` numbers below one, newest first.

    The whole book is read in many such looks, so that others who ask the ledger come between them.
    """
    oldest = max(below - span, 0)
    conditions, values = _conditions(wanted)
    found = connection.execute(
        "SELECT seq, at, kind, actor, subjects, facts FROM journal WHERE seq < ? AND seq >= ?"
        f"{conditions} ORDER BY seq DESC LIMIT ?",
        (below, oldest, *values, most),
    )
    lines = tuple(_line(row) for row in found)
    if len(lines) == most:
        return Slab(lines, lines[-1].seq)
    first = int(one(connection, "SELECT coalesce(min(seq), 0) FROM journal"))
    return Slab(lines, oldest if oldest > first else 0)


def _conditions(wanted: Wanted) -> tuple[str, list[object]]:
    parts, values = list[str](), list[object]()
    if wanted.kind:
        parts.append("kind = ?")
        values.append(wanted.kind)
    if wanted.since is not None:
        parts.append("at >= ?")
        values.append(utc_text(wanted.since))
    if wanted.until is not None:
        parts.append("at < ?")
        values.append(utc_text(wanted.until))
    if wanted.subject:
        parts.append("instr(subjects, ?) > 0")
        values.append(json.dumps(wanted.subject))
    if wanted.staff:
        named = ", ".join(f"'{name}'" for name in _TOOK_PART)
        parts.append(
            "(actor = ? OR EXISTS (SELECT 1 FROM json_each(facts)"
            f" WHERE key IN ({named}) AND instr(' ' || value || ' ', ?) > 0))"
        )
        values += [wanted.staff, f" {wanted.staff} "]
    return "".join(f" AND {part}" for part in parts), values


def _line(row: tuple[int, str, str, str, str, str]) -> BookLine:
    seq, at, kind, actor, subjects, facts = row
    return BookLine(
        seq, utc_from(at), kind, actor, tuple(map(AtenaNo, json.loads(subjects))), json.loads(facts)
    )
