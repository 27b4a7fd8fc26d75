"""``ledger.db`` and its mark: opened only when they agree; every commit numbered and marked."""

import sqlite3
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TypeVar

from client.domain.errors import StoreError
from client.domain.terminal import NOTHING_SEEN, TerminalSeen
from client.jobs.ports import JournalEntry
from offline.store import (
    attachments,
    calls,
    continuity,
    door,
    doubts,
    heads,
    holds,
    journal,
    outbox,
    pruned,
    reckoning,
    rewritten,
    runs,
    serials,
    sheets,
)
from offline.store.anchor import Anchor, Known
from offline.store.continuity import mark_of
from offline.store.files import make_own
from offline.store.migrations import Step, migrate
from offline.store.slots import Mark, Slots
from offline.store.times import utc_text

__all__ = ["Marks", "Opening", "commit", "mark_of", "prepare"]

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


def attachment_shape(connection: sqlite3.Connection) -> None:
    """Make room for what lies beside changes."""
    attachments.create(connection)


STEPS: tuple[Step, ...] = (
    first_shape,
    holds.second_shape,
    doubts.third_shape,
    reckoning.fourth_shape,
    attachment_shape,
    calls.calls_shape,
    rewritten.rewritten_shape,
    runs.runs_shape,
    pruned.pruned_shape,
    journal.note_shape,
    doubts.deputy_shape,
)


@dataclass(frozen=True, slots=True)
class Marks:
    """What is kept of the ledger outside of it: beside it on the disk, and outside the disk."""

    slots: Slots
    anchor: Anchor


@dataclass(frozen=True, slots=True)
class Opening:
    """How a ledger is opened: whether there was one before, what the cloud has seen, who accepts a loss."""

    now: datetime
    begun: bool
    seen: TerminalSeen = NOTHING_SEEN
    accept_loss_by: str | None = None


def commit(connection: sqlite3.Connection, slots: Slots, work: Callable[[sqlite3.Connection], T]) -> T:
    """Do some work as one numbered commit; returns only after the mark is on disk.

    Where the mark of the commit before could not be written it is written first, so that the ledger is never
    more than one commit ahead.
    """
    if slots.stale:
        slots.write(mark_of(connection))
    with door.transaction(connection):
        result = work(connection)
        connection.execute("UPDATE commits SET commit_no = commit_no + 1")
        mark = mark_of(connection)
    slots.write(mark)
    return result


def prepare(path: Path, key: bytes, marks: Marks, opening: Opening) -> None:
    """Make or migrate the file and hold it against all that is known of it. StoreError ``store.ledger_behind``."""
    slots, there = marks.slots, path.exists() and path.stat().st_size > 0  # an emptied file is a missing one
    known = marks.anchor.open().with_seen(opening.seen)
    marked, loss = _open_slots(slots, there=there, begun=opening.begun or known.begun)
    if loss is None and not there:
        loss = continuity.missing(marked, known)
    _refuse(loss, marks, known, opening)
    if marked is None and loss is None:
        slots.create(Mark())  # before the ledger: a ledger without a mark is never the beginning
    if not there:
        make_own(path)
    try:
        migrate(path, key, STEPS, opening.now)
        connection = door.open_connection(path, key)
    except door.ForeignError as error:
        raise door.trouble(error, damaged=DAMAGED) or error from error
    try:
        if not door.seals_hold(connection):
            raise StoreError(DAMAGED)  # before the first write: what is left is for those who mend it
        loss = loss or continuity.compare(connection, marked or Mark(), known)
        _refuse(loss, marks, known, opening)
        if loss is None:
            slots.write(mark_of(connection))
        else:
            _go_on(connection, slots, marked, known, loss=loss, opening=opening)
        commit(connection, slots, lambda c: _after_restart(c, known.reserved, opening.now))
        marks.anchor.settle(mark_of(connection), serials.latest_series(connection))
    except door.ForeignError as error:
        raise door.trouble(error, damaged=DAMAGED) or error from error
    finally:
        connection.close()


def _refuse(loss: StoreError | None, marks: Marks, known: Known, opening: Opening) -> None:
    """Raise a loss that nobody has accepted; what the cloud said of it is known from then on off line too."""
    if loss is not None and opening.accept_loss_by is None:
        marks.anchor.keep(known)
        raise loss


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
    connection: sqlite3.Connection,
    slots: Slots,
    marked: Mark | None,
    known: Known,
    *,
    loss: StoreError,
    opening: Opening,
) -> None:
    """Begin a new number series above all that is known, and write the loss into the book (P01, P05).

    The mark comes last: killed before, the loss still stands at the next opening.
    """
    now, actor, mark = opening.now, opening.accept_loss_by or "", marked or Mark()
    with door.transaction(connection):
        above = (mark.serial, known.serial, known.reserved, known.series)
        begins = serials.begin_series(connection, *above, at=utc_text(now), actor=actor)
        continuity.step_over(connection)
        facts = {**loss.facts, "code": loss.code, "series": begins}
        journal.append(connection, JournalEntry("loss", actor, (), facts), now)
        continuity.accept(connection)
        own = int(door.one(connection, "SELECT commit_no FROM commits"))
        connection.execute(
            "UPDATE commits SET commit_no = ?", (max(own, mark.commit_no, known.commit_no) + 1,)
        )
        mark = mark_of(connection)
    if marked is None:
        slots.create(mark)
    else:
        slots.write(mark)


def _after_restart(connection: sqlite3.Connection, reserved: int, now: datetime) -> None:
    """Write what is known after the program has ended: what was under way, and numbers that may have been used."""
    outbox.after_restart(connection)
    sheets.after_restart(connection, now)
    skipped = serials.skip_to(connection, reserved)
    if skipped:
        facts: dict[str, str | int] = {"from": skipped[0], "to": skipped[-1], "why": "not_closed"}
        journal.append(connection, JournalEntry("gap", "", (), facts), now)
