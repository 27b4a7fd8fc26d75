"""What offline papers rested on, which of them the register made doubtful since, and what was done about it (P07)."""

import json
import sqlite3
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from client.domain.certificate import IssuedCopy
from client.domain.doubtful import (
    Done,
    Doubt,
    DoubtCounts,
    DoubtfulPaper,
    OfflinePaper,
    SignOff,
    Verdict,
    Why,
)
from client.domain.errors import RefusedError
from client.domain.feed import Feed
from client.domain.resident import AtenaNo, HouseholdNo
from client.jobs.ports import IssueDraft, JournalEntry
from offline.store import journal, sheets
from offline.store.door import one
from offline.store.times import utc_from, utc_text

_FOUND_BY = "terminal"  # nobody in person
# A copy may be out once it was handed to a printer; one that never was needs nobody's look.
_OUT = (
    "(s.state <> 'spoiled' OR EXISTS"
    " (SELECT 1 FROM sheet_event e WHERE e.serial = s.serial AND e.state NOT IN ('committed', 'spoiled')))"
)
_OPEN = f"FROM doubtful d JOIN sheet s USING (serial) WHERE d.signed_at = '' AND {_OUT}"


def create(connection: sqlite3.Connection) -> None:
    """Make the tables; papers issued before have said what they rested on to the cloud alone."""
    connection.execute(
        "CREATE TABLE sheet_base (serial INTEGER PRIMARY KEY REFERENCES sheet (serial), issued_at TEXT NOT NULL,"
        " register_version INTEGER NOT NULL, blocks_version INTEGER NOT NULL, residents TEXT NOT NULL,"
        " household_no TEXT NOT NULL, checked INTEGER NOT NULL DEFAULT 0)"
    )
    connection.execute("CREATE INDEX sheet_base_unchecked ON sheet_base (serial) WHERE checked = 0")
    connection.execute(
        "CREATE TABLE doubtful (serial INTEGER PRIMARY KEY REFERENCES sheet (serial), found_at TEXT NOT NULL,"
        " signed_by TEXT NOT NULL DEFAULT '', signed_at TEXT NOT NULL DEFAULT '', done TEXT NOT NULL DEFAULT '',"
        " remark TEXT NOT NULL DEFAULT '')"
    )
    connection.execute("CREATE INDEX doubtful_open ON doubtful (serial) WHERE signed_at = ''")
    connection.execute(
        "CREATE TABLE doubt (serial INTEGER NOT NULL REFERENCES doubtful (serial), why TEXT NOT NULL, at TEXT NOT NULL,"
        " PRIMARY KEY (serial, why, at)) WITHOUT ROWID"
    )


def third_shape(connection: sqlite3.Connection) -> None:
    """Make room for what offline papers rest on."""
    create(connection)


def deputy_shape(connection: sqlite3.Connection) -> None:
    """Make room for the deputy a paper bears by the word of two: title and name, empty where there is none."""
    for column in ("deputy_title", "deputy_name"):
        connection.execute(f"ALTER TABLE sheet_base ADD COLUMN {column} TEXT NOT NULL DEFAULT ''")


def rest(connection: sqlite3.Connection, copy: IssuedCopy, draft: IssueDraft, offset_ms: int) -> None:
    """Write what an offline paper rests on: versions, people, and its moment by the cloud's clock."""
    decided, certifier = draft.decided, draft.decided.certifier
    people = [
        draft.request.subject,
        *draft.request.members,
        *(one.atena_no for one in decided.household.members),
    ]
    connection.execute(
        "INSERT INTO sheet_base VALUES (?, ?, ?, ?, ?, ?, 0, ?, ?)",
        (
            copy.serial.serial,
            utc_text(copy.issued_at + timedelta(milliseconds=offset_ms)),
            decided.as_of.register_version,
            decided.as_of.blocks_version,
            json.dumps(list(dict.fromkeys(people))),
            decided.household.household_no,
            *((certifier.title, certifier.name) if certifier.declared else ("", "")),
        ),
    )


def unchecked(connection: sqlite3.Connection, after: int, limit: int) -> tuple[OfflinePaper, ...]:
    """Return papers the register has not had its last word on, by number."""
    rows = connection.execute(
        "SELECT b.serial, s.kind, b.issued_at, b.register_version, b.blocks_version, b.residents, b.household_no,"
        " b.deputy_title, b.deputy_name"
        " FROM sheet_base b JOIN sheet s USING (serial) WHERE b.checked = 0 AND b.serial > ?"
        " ORDER BY b.serial LIMIT ?",
        (after, limit),
    )
    return tuple(
        OfflinePaper(
            serial,
            kind,
            utc_from(at),
            {Feed.REGISTER: register, Feed.BLOCKS: blocks},
            tuple(map(AtenaNo, json.loads(residents))),
            HouseholdNo(household_no),
            (title, name) if title else None,
        )
        for serial, kind, at, register, blocks, residents, household_no, title, name in rows
    )


def note(connection: sqlite3.Connection, verdicts: Sequence[Verdict], now: datetime) -> int:
    """Write what was found; a line that was signed off and has a new reason is open again."""
    return sum(_note(connection, verdict, now) for verdict in verdicts)


def listed(connection: sqlite3.Connection) -> tuple[DoubtfulPaper, ...]:
    """Return the list: open lines first, then by number."""
    rows = connection.execute(
        "SELECT d.serial, d.found_at, d.signed_by, d.signed_at, d.done, d.remark FROM doubtful d"
        f" JOIN sheet s USING (serial) WHERE {_OUT} ORDER BY d.signed_at <> '', d.serial"
    ).fetchall()
    return tuple(_paper(connection, row) for row in rows)


def counts(connection: sqlite3.Connection) -> DoubtCounts:
    """Return how many wait for the officer, and for the register's word."""
    unknown = one(connection, "SELECT count(*) FROM sheet_base WHERE checked = 0")
    return DoubtCounts(int(one(connection, f"SELECT count(*) {_OPEN}")), int(unknown))


def sign_off(connection: sqlite3.Connection, serial: int, sign_off: SignOff) -> None:
    """Write what was done about a paper. RefusedError where it is not on the list, or was dealt with before."""
    changed = connection.execute(
        "UPDATE doubtful SET signed_by = ?, signed_at = ?, done = ?, remark = ? WHERE serial = ? AND signed_at = ''",
        (sign_off.by, utc_text(sign_off.at), sign_off.done.value, sign_off.remark, serial),
    ).rowcount
    if not changed:
        raise RefusedError("refused.not_found")
    _journal(
        connection, serial, {"what": "signed_off", "done": sign_off.done.value}, sign_off.by, sign_off.at
    )


def _note(connection: sqlite3.Connection, verdict: Verdict, now: datetime) -> bool:
    serial = verdict.serial
    connection.execute("UPDATE sheet_base SET checked = ? WHERE serial = ?", (int(verdict.final), serial))
    if not verdict.doubts:
        return False
    connection.execute(
        "INSERT INTO doubtful (serial, found_at) VALUES (?, ?) ON CONFLICT DO NOTHING",
        (serial, utc_text(now)),
    )
    new = [doubt.why for doubt in verdict.doubts if _add(connection, serial, doubt)]
    if not new:
        return False
    connection.execute(
        "UPDATE doubtful SET found_at = ?, signed_by = '', signed_at = '', done = '', remark = '' WHERE serial = ?",
        (utc_text(now), serial),
    )
    why = ",".join(dict.fromkeys(why.value for why in new))
    _journal(connection, serial, {"what": "found", "why": why}, _FOUND_BY, now)
    return True


def _add(connection: sqlite3.Connection, serial: int, doubt: Doubt) -> bool:
    at = "" if doubt.at is None else utc_text(doubt.at)
    row = (serial, doubt.why.value, at)
    return connection.execute("INSERT INTO doubt VALUES (?, ?, ?) ON CONFLICT DO NOTHING", row).rowcount > 0


def _journal(
    connection: sqlite3.Connection, serial: int, facts: dict[str, str], actor: str, now: datetime
) -> None:
    copy = _copy(connection, serial)
    told: dict[str, str | int] = {"serial": copy.serial.key, **facts}
    journal.append(connection, JournalEntry("doubtful", actor, (copy.subject,), told), now)


def _copy(connection: sqlite3.Connection, serial: int) -> IssuedCopy:
    copy = sheets.get(connection, serial)
    if copy is None:
        raise RefusedError("refused.not_found")
    return copy


def _paper(connection: sqlite3.Connection, row: tuple[Any, ...]) -> DoubtfulPaper:
    serial, found_at, by, at, done, remark = row
    copy = _copy(connection, serial)
    rows = connection.execute("SELECT why, at FROM doubt WHERE serial = ? ORDER BY at, why", (serial,))
    return DoubtfulPaper(
        serial=copy.serial,
        kind=copy.kind.value,
        subject=copy.subject,
        issued_at=copy.issued_at,
        state=copy.state,
        doubts=tuple(Doubt(Why(why), utc_from(moment) if moment else None) for why, moment in rows),
        found_at=utc_from(found_at),
        signed_off=SignOff(by, utc_from(at), Done(done), remark) if at else None,
    )
