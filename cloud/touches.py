"""What was registered of some residents after a version and until a moment: what a paper issued meanwhile did not know.

By the log of changes, and by when each version was committed here: a row counts that does not stand at the moment as it
stood at the version, and its moment is that of its first touch.
"""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

import msgspec
import sqlalchemy as sa

from cloud import storage
from cloud.contract import tables_of
from cloud.register import Register

_decode = msgspec.msgpack.Decoder(dict[str, object]).decode
_OF_PEOPLE = frozenset({"atena_no", "household_no"})
_TOLD = {"resident": "status", "block": "process"}  # what is said of a row beside its key
_Place = tuple[str, str]  # a table, and the key of a row


@dataclass(frozen=True, slots=True)
class Rested:
    """What a paper rested on: the version of a feed, until when, and whose rows."""

    after: int
    until: str  # a moment as the wire has it, which compares as text
    residents: frozenset[str] = field(repr=False)
    household_no: str = ""


@dataclass(slots=True)
class _Touch:
    """A row touched once or more between a version and a moment."""

    at: str
    before: bytes | None
    after: bytes | None


def told(
    connection: sa.Connection, register: Register, feed: str, asked: Sequence[Rested]
) -> list[list[dict[str, object]] | None]:
    """Return the touches of each that is asked, in order; None where the log cannot tell."""
    head = register.head(connection, feed)
    able = [n for n, one in enumerate(asked) if head.log_from <= one.after <= head.version]
    whose: dict[object, set[int]] = {}
    for n in able:
        for number in (*asked[n].residents, asked[n].household_no):
            whose.setdefault(number, set()).add(n)
    found: dict[int, dict[_Place, _Touch]] = {n: {} for n in able}
    for version, at, table, key, before, body in _log(connection, register, feed, [asked[n] for n in able]):
        rows = [_decode(cell) for cell in (before, body) if cell is not None]
        concerned = {
            n for row in rows for name in _OF_PEOPLE if row.get(name) for n in whose.get(row[name], ())
        }
        for n in able:
            touch = found[n].get((table, key))
            if not asked[n].after < version or at > asked[n].until or (touch is None and n not in concerned):
                continue
            if touch is None:
                touch = found[n][table, key] = _Touch(at, before, body)
            touch.after = body
    return [_touches(found[n]) if n in found else None for n in range(len(asked))]


def _log(
    connection: sa.Connection, register: Register, feed: str, able: Sequence[Rested]
) -> Iterable[tuple[int, str, str, str, bytes | None, bytes | None]]:
    if not able:
        return ()
    log, past = storage.change_log, storage.feed_version
    names = [table.name for table in tables_of(feed) if _OF_PEOPLE & set(table.columns)]
    query = (
        sa.select(log.c.version, past.c.at, log.c.table_name, log.c.row_key, log.c.before, log.c.body)
        .join(
            past,
            sa.and_(
                past.c.municipality == log.c.municipality,
                past.c.feed == log.c.feed,
                past.c.version == log.c.version,
            ),
        )
        .where(
            log.c.municipality == register.municipality,
            log.c.feed == feed,
            log.c.version > min(one.after for one in able),
            past.c.at <= max(one.until for one in able),
            log.c.table_name.in_(names),
        )
        .order_by(log.c.version, log.c.seq)
    )
    return (tuple(row) for row in connection.execute(query))


def _touches(found: Mapping[_Place, _Touch]) -> list[dict[str, object]]:
    return [_words(place, touch) for place, touch in found.items() if touch.before != touch.after]


def _words(place: _Place, touch: _Touch) -> dict[str, object]:
    table, key = place
    words: dict[str, object] = {
        "table": table,
        "key": json.loads(key),
        "at": touch.at,
        "gone": touch.after is None,
    }
    told_of = _TOLD.get(table)
    if told_of is not None and touch.after is not None:
        words[told_of] = _decode(touch.after)[told_of]
    return words
