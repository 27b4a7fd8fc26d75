"""``ledger.db`` and its mark: opened only when they agree; every commit numbered and marked."""

import os
import sqlite3
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import TypeVar

from client.domain.errors import StoreError
from client.jobs.ports import JournalEntry
from offline.store import door, heads, journal, outbox, serials, sheets
from offline.store.files import OWN_FILE
from offline.store.migrations import Step, migrate
from offline.store.slots import Mark, Slots
from offline.store.times import utc_text

T = TypeVar("T")
DAMAGED = "store.damaged_ledger"


def first_shape(connection: sqlite3.Connection) -> None:
    """Make the ledger."""
    heads.create(connection)
    connection.execute(
        "CREATE TABLE commits (only INTEGER PRIMARY KEY CHECK (only = 1), commit_no INTEGER NOT NULL)"
    )
    connection.execute("INSERT INTO commits VALUES (1, 0)")
    journal.create(connection)
    outbox.create(connection)
    sheets.create(connection)
    serials.create(connection)


STEPS: tuple[Step, ...] = (first_shape,)


def commit(connection: sqlite3.Connection, slots: Slots, work: Callable[[sqlite3.Connection], T]) -> T:
    """Do some work as one numbered commit; returns only after the mark is on disk."""
    with door.transaction(connection):
        result = work(connection)
        connection.execute("UPDATE commits SET commit_no = commit_no + 1")
        mark = mark_of(connection)
    slots.write(mark)
    return result


def mark_of(connection: sqlite3.Connection) -> Mark:
    """Return how far a ledger has come."""
    return Mark(
        int(door.one(connection, "SELECT commit_no FROM commits")),
        *heads.read(connection, journal.CHAIN),
        *heads.read(connection, outbox.CHAIN),
        serials.highest(connection),
    )


def prepare(
    path: Path, key: bytes, slots: Slots, *, begun: bool, now: datetime, accept_loss_by: str | None
) -> None:
    """Make or migrate the file and hold it against its mark. StoreError ``store.ledger_behind``."""
    accepted = accept_loss_by is not None
    there = path.exists()
    marked, loss = _open_slots(slots, there=there, begun=begun)
    if loss is None and marked is not None and not there and marked.commit_no > 0:
        loss = behind(Mark(), marked)
    if loss is not None and not accepted:
        raise loss
    if marked is None:
        slots.create(Mark())  # before the ledger: a ledger without a mark is never the beginning
    if not there:
        os.close(os.open(path, os.O_RDWR | os.O_CREAT, OWN_FILE))
    try:
        migrate(path, key, STEPS, now)
        connection = door.open_connection(path, key)
    except door.ForeignError as error:
        raise door.trouble(error, damaged=DAMAGED) or error from error
    try:
        loss = loss or compare(connection, marked or Mark())
        if loss is not None and not accepted:
            raise loss
        if loss is not None:
            _go_on(connection, slots, marked or Mark(), loss, now=now, actor=accept_loss_by or "")
        else:
            slots.write(mark_of(connection))
        commit(connection, slots, lambda c: _after_restart(c, now))
    except door.ForeignError as error:
        raise door.trouble(error, damaged=DAMAGED) or error from error
    finally:
        connection.close()


def compare(connection: sqlite3.Connection, marked: Mark) -> StoreError | None:
    """Hold a ledger against its mark: equal or ahead, with the marked heads in its chains, is well."""
    found = mark_of(connection)
    on_chain = (
        journal.hash_at(connection, marked.journal_seq) == marked.journal_head
        and outbox.hash_at(connection, marked.outbox_seq) == marked.outbox_head
    )
    if on_chain and found.commit_no >= marked.commit_no and found.serial >= marked.serial:
        return None
    return behind(found, marked)


def behind(found: Mark, marked: Mark) -> StoreError:
    """Return the loss by its name: how many commits, issue numbers, journal rows and changes are gone."""
    return StoreError(
        "store.ledger_behind",
        commits=max(marked.commit_no - found.commit_no, 1),
        serials=max(marked.serial - found.serial, 0),
        entries=max(marked.journal_seq - found.journal_seq, 0),
        changes=max(marked.outbox_seq - found.outbox_seq, 0),
    )


def _open_slots(slots: Slots, *, there: bool, begun: bool) -> tuple[Mark | None, StoreError | None]:
    """Return the mark, and a loss that shows already: a ledger without mark, or neither though there was one."""
    try:
        marked = slots.open()
    except StoreError as error:
        if error.code != "store.ledger_behind":
            raise
        return None, error
    if marked is None and (there or begun):
        return None, StoreError("store.ledger_behind", commits=0, serials=0, mark="missing")
    return marked, None


def _go_on(
    connection: sqlite3.Connection, slots: Slots, marked: Mark, loss: StoreError, *, now: datetime, actor: str
) -> None:
    """Begin a new number series above every mark, and write the loss into the book (P01, P05)."""
    with door.transaction(connection):
        begins = serials.begin_series(connection, marked.serial, at=utc_text(now), actor=actor)
        facts = {**loss.facts, "series": begins}
        journal.append(connection, JournalEntry("loss", actor, (), facts), now)
        above = max(int(door.one(connection, "SELECT commit_no FROM commits")), marked.commit_no) + 1
        connection.execute("UPDATE commits SET commit_no = ?", (above,))
        mark = mark_of(connection)
    slots.write(mark)


def _after_restart(connection: sqlite3.Connection, now: datetime) -> None:
    outbox.after_restart(connection)
    sheets.after_restart(connection, now)
