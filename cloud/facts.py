"""The cloud's book: what terminals say has happened. Nothing here is refused, only put aside."""

import json
from collections.abc import Callable, Mapping
from datetime import date

import sqlalchemy as sa

from cloud import storage
from cloud.hearing import Hearing, Payload


def note(hearing: Hearing) -> str | None:
    """Write a fact into the book; returns why it cannot stand there, where it cannot."""
    writer = _WRITERS.get(hearing.command.kind)
    if writer is None:
        return "unknown_kind"
    try:
        return writer(hearing)
    except (KeyError, TypeError, ValueError):
        return "incomplete"


def _issued(hearing: Hearing) -> str | None:
    payload, book = hearing.payload, storage.issue_book
    serial_key = _text(payload, "serial")
    serial = _number_in(serial_key)
    same = sa.or_(book.c.serial == serial, book.c.serial_key == serial_key)
    taken = sa.select(book.c.command_key).where(hearing.of_terminal(book), same)
    if hearing.connection.execute(taken).first() is not None:
        return "serial_twice"
    line = {
        **hearing.line,
        "serial": serial,
        "serial_key": serial_key,
        "certificate": _text(payload, "kind"),
        "day": _day(payload["day"]),
        "subject": _text(payload, "subject"),
        "state": _last_word(hearing, serial_key) or "issued",
        "pages": _whole(payload, "pages"),
        "fee_yen": _whole(payload, "fee_yen"),
        "printer": str(payload.get("printer", "")),
        "offline": payload.get("offline") is True,
        "made_by": hearing.command.made_by,
        "received_at": hearing.at,
        "payload": _json(payload),
    }
    hearing.connection.execute(sa.insert(book), [line])
    return None


def _sheet_event(hearing: Hearing) -> str | None:
    """Write hand-over or spoil; facts come in any order, so the book may not know the number yet."""
    serial_key = _text(hearing.payload, "serial")
    event = hearing.command.kind.removeprefix("fact.")
    line = {
        **hearing.line,
        "serial_key": serial_key,
        "event": event,
        "reason": str(hearing.payload.get("reason", "")),
        "made_by": hearing.command.made_by,
    }
    hearing.connection.execute(sa.insert(storage.sheet_event), [line])
    book = storage.issue_book
    here = sa.and_(hearing.of_terminal(book), book.c.serial_key == serial_key)
    state = _last_word(hearing, serial_key) or event
    hearing.connection.execute(sa.update(book).where(here).values(state=state))
    return None


def _fee(hearing: Hearing) -> str | None:
    payload = hearing.payload
    line = {
        **hearing.line,
        "serial_key": _text(payload, "serial"),
        "yen": _whole(payload, "yen" if "yen" in payload else "fee_yen"),
        "made_by": hearing.command.made_by,
    }
    hearing.connection.execute(sa.insert(storage.fee_book), [line])
    return None


def _journal(hearing: Hearing) -> str | None:
    line = {**hearing.line, "payload": _json(hearing.payload)}
    hearing.connection.execute(sa.insert(storage.journal_segment), [line])
    return None


_WRITERS: Mapping[str, Callable[[Hearing], str | None]] = {
    "fact.issued": _issued,
    "fact.handed_over": _sheet_event,
    "fact.spoiled": _sheet_event,
    "fact.fee": _fee,
    "fact.journal": _journal,
}


def _last_word(hearing: Hearing, serial_key: str) -> str | None:
    """Return what is known of a copy's end; a spoil outweighs a hand-over, in whatever order they came."""
    table = storage.sheet_event
    query = sa.select(table.c.event).where(hearing.of_terminal(table), table.c.serial_key == serial_key)
    events = set(hearing.connection.execute(query).scalars())
    return next((event for event in ("spoiled", "handed_over") if event in events), None)


def _number_in(serial_key: str) -> int:
    """Return the serial inside a number's key: T0001-000011 is 11."""
    return int(serial_key.rpartition("-")[2])


def _day(value: object) -> str:
    return date.fromisoformat(str(value)).isoformat()


def _text(payload: Payload, name: str) -> str:
    value = payload[name]
    if not isinstance(value, str):
        raise TypeError(name)
    return value


def _whole(payload: Payload, name: str) -> int:
    value = payload[name]
    if not isinstance(value, int) or isinstance(value, bool):
        raise TypeError(name)
    return value


def _json(payload: Payload) -> str:
    return json.dumps(payload, ensure_ascii=False, default=_plain)


def _plain(value: object) -> str:
    return value.hex() if isinstance(value, bytes) else str(value)
