"""The cloud's book: what terminals say has happened. Nothing here is refused, only put aside."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping

import sqlalchemy as sa

from cloud import storage
from cloud.command import Command
from cloud.hearing import Hearing, Payload
from cloud.journals import links_of
from cloud.payloads import facts
from cloud.payloads.kinds import BadFieldError, keep, read

_MOST_DIGITS, _LONGEST = 18, 60  # what the column holds, and what the contract takes
_WORST = ("void", "spoiled", "handed_over")
Copy = tuple[str, str]  # a terminal and the key of its number


class FactBook:
    """The book in one sitting: read once before its facts are heard, written once when they have been.

    A batch of hundreds costs as many questions as one fact; no other hearing stands between, the sitting is alone.
    """

    def __init__(self, connection: sa.Connection, municipality: str) -> None:
        self._connection = connection
        self._municipality = municipality
        self._numbers: set[tuple[str, int]] = set()
        self._issued: dict[Copy, dict[str, object] | None] = {}  # None: it stood there before this sitting
        self._words: defaultdict[Copy, set[str]] = defaultdict(set)
        self._states: dict[Copy, str] = {}
        self._lines: defaultdict[sa.Table, list[dict[str, object]]] = defaultdict(list)

    def look_up(self, told: Iterable[tuple[Command, Payload]]) -> None:
        """Read what the book knows of the copies some facts are about; to be done before any of them is noted."""
        copies: defaultdict[str, set[str]] = defaultdict(set)
        for command, payload in told:
            serial = payload.get("serial")
            if command.kind in _OF_COPIES and isinstance(serial, str) and len(serial) <= _LONGEST:
                copies[command.terminal].add(serial)
        for terminal, serials in copies.items():
            self._look_up(terminal, serials)

    def _look_up(self, terminal: str, serials: set[str]) -> None:
        book, events = storage.issue_book, storage.sheet_event
        numbers = {number for one in serials if (number := _number_in(one)) is not None}
        same = sa.or_(book.c.serial.in_(numbers), book.c.serial_key.in_(serials))
        found = sa.select(book.c.serial, book.c.serial_key).where(self._of(book, terminal), same)
        for line in self._connection.execute(found):
            self._numbers.add((terminal, line.serial))
            self._issued[terminal, line.serial_key] = None
        ends = sa.select(events.c.serial_key, events.c.event).where(
            self._of(events, terminal), events.c.serial_key.in_(serials)
        )
        for line in self._connection.execute(ends):
            self._words[terminal, line.serial_key].add(line.event)

    def _of(self, table: sa.Table, terminal: str) -> sa.ColumnElement[bool]:
        return sa.and_(table.c.municipality == self._municipality, table.c.terminal == terminal)

    def knows(self, copy: Copy, number: int) -> bool:
        """Tell whether a number stands in the book."""
        return copy in self._issued or (copy[0], number) in self._numbers

    def last_word(self, copy: Copy) -> str | None:
        """Return what is known of a copy's end, the worst of it, in whatever order it came."""
        return next((event for event in _WORST if event in self._words[copy]), None)

    def issue(self, copy: Copy, number: int, line: dict[str, object]) -> None:
        """Write an issue down."""
        self._issued[copy] = line
        self._numbers.add((copy[0], number))
        self.add(storage.issue_book, line)

    def end(self, copy: Copy, event: str, line: dict[str, object]) -> None:
        """Write down what became of a copy; the book may not know its number yet."""
        self.add(storage.sheet_event, line)
        self._words[copy].add(event)
        state = self.last_word(copy) or event
        if copy not in self._issued:
            return
        issued = self._issued[copy]
        if issued is None:
            self._states[copy] = state
        else:
            issued["state"] = state

    def add(self, table: sa.Table, line: dict[str, object]) -> None:
        """Write a line down, with the others of its table."""
        self._lines[table].append(line)

    def write(self) -> None:
        """Write it all, in the transaction of the sitting."""
        for table, lines in self._lines.items():
            self._connection.execute(sa.insert(table), lines)
        self._lines.clear()
        if self._states:
            book = storage.issue_book
            where = sa.and_(
                book.c.municipality == self._municipality,
                book.c.terminal == sa.bindparam("of_terminal"),
                book.c.serial_key == sa.bindparam("of_serial"),
            )
            states = [
                {"of_terminal": terminal, "of_serial": serial, "now": state}
                for (terminal, serial), state in self._states.items()
            ]
            self._connection.execute(sa.update(book).where(where).values(state=sa.bindparam("now")), states)
        self._states.clear()


Writer = Callable[[Hearing, FactBook], str | None]


def note(hearing: Hearing, book: FactBook) -> str | None:
    """Note a fact for the book, which has been looked up for it; returns why it cannot stand there, where it cannot."""
    writer = _WRITERS.get(hearing.command.kind)
    if writer is None:
        return "unknown_kind"
    try:
        return writer(hearing, book)
    except BadFieldError:
        return "incomplete"


def _issued(hearing: Hearing, book: FactBook) -> str | None:
    issued = read(facts.Issued, hearing.payload)
    copy, serial = (hearing.command.terminal, issued.serial), _number_in(issued.serial)
    if serial is None:
        raise BadFieldError("serial")
    if book.knows(copy, serial):
        return "serial_twice"
    line = {
        **hearing.line,
        "serial": serial,
        "serial_key": issued.serial,
        "certificate": issued.kind,
        "day": issued.day.isoformat(),
        "subject": issued.subject,
        "state": book.last_word(copy) or "issued",
        "pages": issued.pages,
        "fee_yen": issued.fee_yen,
        "printer": issued.printer,
        "offline": issued.offline,
        "made_by": hearing.command.made_by,
        "received_at": hearing.at,
        "payload": keep(hearing.payload),
    }
    book.issue(copy, serial, line)
    return None


def _sheet_event(hearing: Hearing, book: FactBook) -> str | None:
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
    book.end((hearing.command.terminal, end.serial), event, line)
    return None


def _fee(hearing: Hearing, book: FactBook) -> str | None:
    fee = read(facts.Fee, hearing.payload)
    told = {"serial_key": fee.serial, "yen": fee.paid, "made_by": hearing.command.made_by}
    book.add(storage.fee_book, {**hearing.line, **told})
    return None


def _journal(hearing: Hearing, book: FactBook) -> str | None:
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
    book.add(storage.journal_segment, line)
    return None


def _day_close(hearing: Hearing, book: FactBook) -> str | None:
    close = read(facts.DayClose, hearing.payload)
    told = {
        "day": close.day.isoformat(),
        "made_by": hearing.command.made_by,
        "payload": keep(hearing.payload),
    }
    book.add(storage.day_close, {**hearing.line, **told})
    return None


def _release(hearing: Hearing, book: FactBook) -> str | None:
    """Write down a block set aside; one person alone sets none aside, so that is looked at by a person."""
    release = read(facts.Release, hearing.payload)
    if release.officer == release.second:
        return "one_officer"
    told = {"officer": release.officer, "second": release.second, "payload": keep(hearing.payload)}
    book.add(storage.block_release, {**hearing.line, **told})
    return None


def _erased(hearing: Hearing, _book: FactBook) -> str | None:
    """Read a certificate of erasure and leave it for a person: the last word of a terminal stands in no book of papers."""
    read(facts.Erased, hearing.payload)
    return "erased"


_WRITERS: Mapping[str, Writer] = {
    "fact.issued": _issued,
    "fact.handed_over": _sheet_event,
    "fact.spoiled": _sheet_event,
    "fact.void": _sheet_event,
    "fact.fee": _fee,
    "fact.journal": _journal,
    "fact.day_close": _day_close,
    "fact.release": _release,
    "fact.erased": _erased,
}


_OF_COPIES = frozenset(kind for kind, writer in _WRITERS.items() if writer in {_issued, _sheet_event})


def _number_in(serial_key: str) -> int | None:
    """Return the serial inside a number's key: T0001-000011 is 11; None where it is no such key."""
    digits = serial_key.rpartition("-")[2]
    return int(digits) if digits.isascii() and digits.isdigit() and len(digits) <= _MOST_DIGITS else None
