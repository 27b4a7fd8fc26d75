"""Issued copies: the line in the book before a byte is printed, and what became of each (P06)."""

import sqlite3
from dataclasses import replace
from datetime import date, datetime
from typing import Any

from client.domain.as_of import AsOf, Source
from client.domain.certificate import CertificateKind, IssuedCopy, SerialNo, SheetState
from client.domain.errors import RefusedError
from client.domain.resident import AtenaNo
from client.domain.terminal import TerminalFacts
from client.jobs.ports import IssueDraft
from client.rules.issuing import after_restart as known_after_restart
from client.rules.issuing import is_open, may_become
from offline.store import serials
from offline.store.door import one
from offline.store.times import utc_from, utc_text

_COLUMNS = "serial, day, municipality, terminal, printer, kind, subject, pages, state, issued_at, fee_yen"


def create(connection: sqlite3.Connection) -> None:
    """Make the tables."""
    connection.execute(
        "CREATE TABLE sheet (serial INTEGER PRIMARY KEY, day TEXT NOT NULL, municipality TEXT NOT NULL,"
        " terminal TEXT NOT NULL, printer TEXT NOT NULL, kind TEXT NOT NULL, subject TEXT NOT NULL,"
        " pages INTEGER NOT NULL, state TEXT NOT NULL, issued_at TEXT NOT NULL, fee_yen INTEGER NOT NULL,"
        " pdf_hash TEXT NOT NULL DEFAULT '')"
    )
    connection.execute("CREATE INDEX sheet_state ON sheet (state)")
    connection.execute("CREATE INDEX sheet_day ON sheet (day)")
    connection.execute(
        "CREATE TABLE sheet_event (id INTEGER PRIMARY KEY, serial INTEGER NOT NULL REFERENCES sheet (serial),"
        " state TEXT NOT NULL, at TEXT NOT NULL, actor TEXT NOT NULL, reason TEXT NOT NULL,"
        " pdf_hash TEXT NOT NULL)"
    )


def issue(
    connection: sqlite3.Connection, draft: IssueDraft, facts: TerminalFacts, at: datetime, actor: str
) -> IssuedCopy:
    """Take the next number and write the copy down."""
    serial = SerialNo(
        draft.day, facts.municipality_name, facts.number_part, draft.printer, serials.take(connection)
    )
    copy = IssuedCopy(
        serial=serial,
        kind=draft.request.kind,
        subject=draft.request.subject,
        pages=draft.pages,
        state=SheetState.COMMITTED,
        issued_at=at,
        fee_yen=draft.fee_yen,
    )
    connection.execute(
        f"INSERT INTO sheet ({_COLUMNS}) VALUES ({', '.join('?' * 11)})",
        (
            serial.serial,
            serial.day.isoformat(),
            serial.municipality,
            serial.terminal,
            serial.printer,
            copy.kind.value,
            copy.subject,
            copy.pages,
            copy.state.value,
            utc_text(at),
            copy.fee_yen,
        ),
    )
    _event(connection, serial.serial, copy.state, at=at, actor=actor)
    return copy


def issue_payload(draft: IssueDraft, serial: SerialNo) -> dict[str, object]:
    """Return what the cloud's book gets of an issue: ids, options and versions, no names or addresses."""
    request, options = draft.request, draft.request.options
    return {
        "serial": serial.key,
        "serial_no": serial.serial,
        "kind": request.kind.value,
        "day": serial.day.isoformat(),
        "subject": request.subject,
        "members": list(request.members),
        "history": {member.atena_no: member.history_no for member in draft.decided.members},
        "options": {
            "relationship": options.relationship,
            "honseki": options.honseki,
            "foreign_items": options.foreign_items,
            "furigana": options.furigana,
        },
        "requester": request.requester.value,
        "identity": request.identity.value,
        "pages": draft.pages,
        "fee_yen": draft.fee_yen,
        "as_of": _as_of(draft.decided.as_of),
        "printer": draft.printer,
        "offline": draft.decided.as_of.source is Source.REPLICA,
    }


def note(
    connection: sqlite3.Connection,
    serial: int,
    state: SheetState,
    *,
    at: datetime,
    actor: str,
    reason: str,
    pdf_hash: str,
) -> IssuedCopy | None:
    """Write what became of a copy; None where that stood there already, RefusedError where it cannot be."""
    copy = get(connection, serial)
    if copy is None:
        raise RefusedError("refused.not_found")
    if copy.state is state or (copy.state, state) == (SheetState.UNKNOWN, SheetState.SENT):
        return None
    if not may_become(copy.state, state):
        raise RefusedError("refused.input", field="sheet")
    connection.execute(
        "UPDATE sheet SET state = ?, pdf_hash = CASE ? WHEN '' THEN pdf_hash ELSE ? END WHERE serial = ?",
        (state.value, pdf_hash, pdf_hash, serial),
    )
    _event(connection, serial, state, at=at, actor=actor, reason=reason, pdf_hash=pdf_hash)
    return replace(copy, state=state)


def get(connection: sqlite3.Connection, serial: int) -> IssuedCopy | None:
    """Return a copy by its number."""
    found = connection.execute(f"SELECT {_COLUMNS} FROM sheet WHERE serial = ?", (serial,)).fetchone()
    return None if found is None else _copy(found)


def open_ones(connection: sqlite3.Connection) -> tuple[IssuedCopy, ...]:
    """Return the copies whose end is not known, oldest first."""
    wanted = [state.value for state in SheetState if is_open(state)]
    marks = ", ".join("?" * len(wanted))
    rows = connection.execute(
        f"SELECT {_COLUMNS} FROM sheet WHERE state IN ({marks}) ORDER BY serial", wanted
    )
    return tuple(map(_copy, rows))


def of_day(connection: sqlite3.Connection, day: date) -> tuple[IssuedCopy, ...]:
    """Return the copies that bear a day, in the order of their numbers."""
    rows = connection.execute(
        f"SELECT {_COLUMNS} FROM sheet WHERE day = ? ORDER BY serial", (day.isoformat(),)
    )
    return tuple(map(_copy, rows))


def after_restart(connection: sqlite3.Connection, at: datetime) -> int:
    """Write down for each copy what is still known of it after the program has ended."""
    changed = 0
    for copy in open_ones(connection):
        known = known_after_restart(copy.state)
        if known is not copy.state:
            connection.execute(
                "UPDATE sheet SET state = ? WHERE serial = ?", (known.value, copy.serial.serial)
            )
            _event(connection, copy.serial.serial, known, at=at, actor="", reason="restart")
            changed += 1
    return changed


def pdf_hash_of(connection: sqlite3.Connection, serial: int) -> str:
    """Return the SHA-256 of the PDF a copy was printed from, empty where none is known."""
    return str(one(connection, "SELECT pdf_hash FROM sheet WHERE serial = ?", serial) or "")


def _event(
    connection: sqlite3.Connection,
    serial: int,
    state: SheetState,
    *,
    at: datetime,
    actor: str,
    reason: str = "",
    pdf_hash: str = "",
) -> None:
    connection.execute(
        "INSERT INTO sheet_event (serial, state, at, actor, reason, pdf_hash) VALUES (?, ?, ?, ?, ?, ?)",
        (serial, state.value, utc_text(at), actor, reason, pdf_hash),
    )


def _as_of(as_of: AsOf) -> dict[str, object]:
    return {
        "source": as_of.source.value,
        "register_version": as_of.register_version,
        "register_at": utc_text(as_of.register_at),
        "blocks_version": as_of.blocks_version,
        "blocks_at": utc_text(as_of.blocks_at),
    }


def _copy(row: tuple[Any, ...]) -> IssuedCopy:
    serial, day, municipality, terminal, printer, kind, subject, pages, state, issued_at, fee_yen = row
    return IssuedCopy(
        serial=SerialNo(date.fromisoformat(day), municipality, terminal, printer, serial),
        kind=CertificateKind(kind),
        subject=AtenaNo(subject),
        pages=pages,
        state=SheetState(state),
        issued_at=utc_from(issued_at),
        fee_yen=fee_yen,
    )
