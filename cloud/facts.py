"""The cloud's book: what terminals say has happened. Nothing here is refused, only put aside."""

from collections.abc import Callable, Mapping

import sqlalchemy as sa

from cloud import storage
from cloud.hearing import Hearing
from cloud.journals import links_of
from cloud.payloads import facts
from cloud.payloads.kinds import BadFieldError, keep, read

Writer = Callable[[Hearing], str | None]


def note(hearing: Hearing) -> str | None:
    """Write a fact into the book; returns why it cannot stand there, where it cannot."""
    writer = _WRITERS.get(hearing.command.kind)
    if writer is None:
        return "unknown_kind"
    try:
        return writer(hearing)
    except BadFieldError:
        return "incomplete"


def _issued(hearing: Hearing) -> str | None:
    issued, book = read(facts.Issued, hearing.payload), storage.issue_book
    serial = _number_in(issued.serial)
    same = sa.or_(book.c.serial == serial, book.c.serial_key == issued.serial)
    taken = sa.select(book.c.command_key).where(hearing.of_terminal(book), same)
    if hearing.connection.execute(taken).first() is not None:
        return "serial_twice"
    line = {
        **hearing.line,
        "serial": serial,
        "serial_key": issued.serial,
        "certificate": issued.kind,
        "day": issued.day.isoformat(),
        "subject": issued.subject,
        "state": _last_word(hearing, issued.serial) or "issued",
        "pages": issued.pages,
        "fee_yen": issued.fee_yen,
        "printer": issued.printer,
        "offline": issued.offline,
        "made_by": hearing.command.made_by,
        "received_at": hearing.at,
        "payload": keep(hearing.payload),
    }
    hearing.connection.execute(sa.insert(book), [line])
    return None


def _sheet_event(hearing: Hearing) -> str | None:
    """Write hand-over, spoil or void; facts come in any order, so the book may not know the number yet."""
    end = read(facts.SheetEnd, hearing.payload)
    event = hearing.command.kind.removeprefix("fact.")
    line = {
        **hearing.line,
        "serial_key": end.serial,
        "event": event,
        "reason": end.reason,
        "made_by": hearing.command.made_by,
    }
    hearing.connection.execute(sa.insert(storage.sheet_event), [line])
    book = storage.issue_book
    here = sa.and_(hearing.of_terminal(book), book.c.serial_key == end.serial)
    state = _last_word(hearing, end.serial) or event
    hearing.connection.execute(sa.update(book).where(here).values(state=state))
    return None


def _fee(hearing: Hearing) -> str | None:
    fee = read(facts.Fee, hearing.payload)
    told = {"serial_key": fee.serial, "yen": fee.paid, "made_by": hearing.command.made_by}
    hearing.connection.execute(sa.insert(storage.fee_book), [{**hearing.line, **told}])
    return None


def _journal(hearing: Hearing) -> str | None:
    segment = read(facts.JournalSegment, hearing.payload)
    line = {
        **hearing.line,
        "payload": keep(hearing.payload),
        "first": segment.first,
        "last": segment.first + len(segment.entries) - 1,
        "prev": segment.prev,
        "links": links_of(segment),
        "head": segment.head,
    }
    hearing.connection.execute(sa.insert(storage.journal_segment), [line])
    return None


def _day_close(hearing: Hearing) -> str | None:
    close = read(facts.DayClose, hearing.payload)
    told = {
        "day": close.day.isoformat(),
        "made_by": hearing.command.made_by,
        "payload": keep(hearing.payload),
    }
    hearing.connection.execute(sa.insert(storage.day_close), [{**hearing.line, **told}])
    return None


def _release(hearing: Hearing) -> str | None:
    """Write down a block set aside; one person alone sets none aside, so that is looked at by a person."""
    release = read(facts.Release, hearing.payload)
    if release.officer == release.second:
        return "one_officer"
    told = {"officer": release.officer, "second": release.second, "payload": keep(hearing.payload)}
    hearing.connection.execute(sa.insert(storage.block_release), [{**hearing.line, **told}])
    return None


_WRITERS: Mapping[str, Writer] = {
    "fact.issued": _issued,
    "fact.handed_over": _sheet_event,
    "fact.spoiled": _sheet_event,
    "fact.void": _sheet_event,
    "fact.fee": _fee,
    "fact.journal": _journal,
    "fact.day_close": _day_close,
    "fact.release": _release,
}


def _last_word(hearing: Hearing, serial_key: str) -> str | None:
    """Return what is known of a copy's end, the worst of it, in whatever order it came."""
    table = storage.sheet_event
    query = sa.select(table.c.event).where(hearing.of_terminal(table), table.c.serial_key == serial_key)
    events = set(hearing.connection.execute(query).scalars())
    return next((event for event in ("void", "spoiled", "handed_over") if event in events), None)


def _number_in(serial_key: str) -> int:
    """Return the serial inside a number's key: T0001-000011 is 11."""
    return int(serial_key.rpartition("-")[2])
