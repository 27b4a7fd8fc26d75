"""What changed between two versions of a feed, told as little as it takes: a row that is gone by its key, a new one
whole, and one that resembles a row the terminal has by what differs from that.

The base of a difference is a row as it stood at the version the terminal is at: the row itself, or the version of the
record before it. What it was is in the log of changes, beside what it became.
"""

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from itertools import islice

import msgspec
import sqlalchemy as sa

from cloud import storage
from cloud.change_group import ChangeGroup
from cloud.contract import Key, Row, tables
from cloud.register import Register

_AT_ONCE = 200
_decode = msgspec.msgpack.Decoder(dict[str, object]).decode
Named = tuple[str, Key]


@dataclass(frozen=True, slots=True)
class Touched:
    """A row that was touched: as it was before the first touch (None: not there, or not known) and after the last."""

    before: Row | None = field(repr=False)
    after: Row | None = field(repr=False)


def told(connection: sa.Connection, register: Register, feed: str, after: int, to: int) -> list[object]:
    """Return the changes from one version to another as parcels have them, a group for each table."""
    touched = _touched(connection, register.municipality, feed, after, to)
    new = [one for one, rows in touched.items() if rows.after is not None and rows.before is None]
    older = dict(_unmoved(connection, register, (_version_before(one) for one in new), after, touched))
    groups: dict[str, ChangeGroup] = {}
    for one in sorted(touched, key=lambda name: (name[0], [str(part) for part in name[1]])):
        table, key = one
        rows = touched[one]
        group = groups.setdefault(table, ChangeGroup(table, tables()[table].key))
        base_of = one if rows.before is not None else _version_before(one)
        base = rows.before if rows.before is not None else older.get(base_of) if base_of else None
        group.add(key, base, rows.after, is_same=rows.before is not None)
    return [group.packed() for group in groups.values()]


def _touched(
    connection: sa.Connection, municipality: str, feed: str, after: int, to: int
) -> dict[Named, Touched]:
    log = storage.change_log
    query = sa.select(log.c.table_name, log.c.row_key, log.c.before, log.c.body).where(
        log.c.municipality == municipality, log.c.feed == feed, log.c.version > after, log.c.version <= to
    )
    first: dict[Named, bytes | None] = {}
    last: dict[Named, bytes | None] = {}
    for name, key, before, body in connection.execute(query.order_by(log.c.version, log.c.seq)):
        one = name, tuple(json.loads(key))
        first.setdefault(one, before)
        last[one] = body
    return {
        one: Touched(
            None if first[one] is None else _decode(first[one] or b""),
            None if body is None else _decode(body),
        )
        for one, body in last.items()
    }


def _version_before(one: Named) -> Named | None:
    """Return the version of a record before a version, where its key tells versions."""
    table, key = one
    last = key[-1]
    if len(key) > 1 and isinstance(last, int) and last > 1:
        return table, (*key[:-1], last - 1)
    return None


def _unmoved(
    connection: sa.Connection,
    register: Register,
    wanted: Iterable[Named | None],
    after: int,
    touched: dict[Named, Touched],
) -> Iterator[tuple[Named, Row]]:
    """Yield rows as they stood at a version: those touched since from the log, the others as they are."""
    by_table: dict[str, list[Key]] = {}
    for one in wanted:
        if one is None:
            continue
        if one in touched:
            before = touched[one].before
            if before is not None:
                yield one, before
        else:
            by_table.setdefault(one[0], []).append(one[1])
    for table, keys in by_table.items():
        source, contract = storage.rows[table], tables()[table]
        columns = [source.c[name] for name in contract.key]
        left = iter(keys)
        while some := list(islice(left, _AT_ONCE)):
            there = sa.tuple_(*columns).in_(some), source.c.changed_in <= after
            for row in register.rows(connection, table, *there):
                yield (table, contract.key_of(row)), row
