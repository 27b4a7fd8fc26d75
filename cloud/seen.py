"""How far the cloud has seen a terminal's ledger come: its anchor outside the PC, told at every sign-in."""

import json
from dataclasses import dataclass

import sqlalchemy as sa

from cloud import storage


@dataclass(frozen=True, slots=True)
class Seen:
    """The highest issue number that was told of, and the commit of the ledger that wrote it."""

    highest_serial: int
    commit_no: int


def seen_of(connection: sa.Connection, municipality: str, terminal_no: str) -> Seen:
    """Return what is known of a terminal's ledger.

    The book knows most numbers. One whose issue was set aside is still told of by its fee and its end.
    """
    book = storage.issue_book
    newest = connection.execute(
        sa.select(book.c.serial, book.c.payload)
        .where(_of(book, municipality, terminal_no))
        .order_by(book.c.serial.desc())
        .limit(1)
    ).one_or_none()
    known = sa.select(book.c.serial_key).where(_of(book, municipality, terminal_no))
    aside = [
        _number_in(serial_key)
        for table in (storage.fee_book, storage.sheet_event)
        for serial_key in connection.execute(
            sa.select(table.c.serial_key).where(
                _of(table, municipality, terminal_no), table.c.serial_key.not_in(known)
            )
        ).scalars()
    ]
    if newest is None:
        return Seen(max(aside, default=0), 0)
    return Seen(max([newest.serial, *aside]), _commit_no(newest.payload))


def _of(table: sa.Table, municipality: str, terminal_no: str) -> sa.ColumnElement[bool]:
    return sa.and_(table.c.municipality == municipality, table.c.terminal == terminal_no)


def _number_in(serial_key: str) -> int:
    digits = serial_key.rpartition("-")[2]
    return int(digits) if digits.isdecimal() else 0


def _commit_no(payload: str) -> int:
    told = json.loads(payload).get("commit_no", 0)
    return told if isinstance(told, int) else 0
