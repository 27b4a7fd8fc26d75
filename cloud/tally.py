"""What the cloud holds of a terminal's commands, as a count and a sum that does not depend on their order.

Keys are times, so a range of keys is a range of time. A sum is kept for each slice of time and terminal, and written
with the answers; a range whose ends lie between slices is read command by command, by its index.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from hashlib import blake2b
from uuid import UUID

import sqlalchemy as sa

from cloud import storage

SLICE = 1 << 106  # of a key read as a number: 2^26 ms, less than a day
LAST = 1 << 128
PARTS = 16
MOST_LISTED = 40
_SIZE = 32
_WRAP = 1 << 8 * _SIZE
_ROWS = 500


@dataclass(frozen=True, slots=True)
class Tally:
    """How many keys there are with an answer, and the sum over BLAKE2b-256 of key and outcome."""

    held: int = 0
    total: int = 0

    def __add__(self, other: "Tally") -> "Tally":
        """Return both together."""
        return Tally(self.held + other.held, (self.total + other.total) % _WRAP)

    @property
    def octets(self) -> bytes:
        """Return the sum as it crosses the wire and is kept."""
        return self.total.to_bytes(_SIZE)


def entry(key: str, outcome: str) -> Tally:
    """Return the tally of one command."""
    return Tally(1, int.from_bytes(blake2b((key + outcome).encode(), digest_size=_SIZE).digest()))


def note(connection: sa.Connection, municipality: str, lines: Iterable[Mapping[str, object]]) -> None:
    """Count commands that are being remembered, inside the transaction that does so."""
    added: dict[tuple[str, int], Tally] = {}
    for line in lines:
        key, outcome = str(line["key"]), str(line["outcome"])
        if not is_counted(key):
            continue
        place = str(line["terminal"]), UUID(key).int // SLICE
        added[place] = added.get(place, Tally()) + entry(key, outcome)
    table = storage.command_tally
    for (terminal, number), more in added.items():
        here = sa.and_(_of(table, municipality, terminal), table.c.slice == number)
        found = connection.execute(sa.select(table.c.held, table.c.total).where(here)).one_or_none()
        if found is None:
            line = {"municipality": municipality, "terminal": terminal, "slice": number}
            connection.execute(sa.insert(table), [{**line, "held": more.held, "total": more.octets}])
            continue
        now = _read(found.held, found.total) + more
        connection.execute(sa.update(table).where(here).values(held=now.held, total=now.octets))


def tallies(
    connection: sa.Connection, municipality: str, terminal: str, bounds: list[int]
) -> tuple[Tally, ...]:
    """Return what is held between each two neighbouring bounds, the lower one included, the upper one not."""
    if all(bound % SLICE == 0 for bound in bounds):
        counted = _slices(connection, municipality, terminal, bounds[0], bounds[-1])
    else:
        rows = _rows(connection, municipality, terminal, bounds[0], bounds[-1])
        counted = ((UUID(key).int, entry(key, outcome)) for key, outcome in rows)
    sums, place = [Tally()] * (len(bounds) - 1), 0
    for number, more in counted:  # in order
        while number >= bounds[place + 1]:
            place += 1
        sums[place] += more
    return tuple(sums)


def listed(
    connection: sa.Connection, municipality: str, terminal: str, since: int, until: int
) -> dict[str, list[str]]:
    """Return the keys of a range by their outcomes."""
    found: dict[str, list[str]] = {}
    for key, outcome in _rows(connection, municipality, terminal, since, until):
        found.setdefault(outcome, []).append(key)
    return found


def is_counted(key: str) -> bool:
    """Tell whether a key is written as every terminal writes it; others are remembered and not counted."""
    try:
        return str(UUID(key)) == key
    except ValueError:
        return False


def _slices(
    connection: sa.Connection, municipality: str, terminal: str, since: int, until: int
) -> Iterator[tuple[int, Tally]]:
    table = storage.command_tally
    query = (
        sa.select(table.c.slice, table.c.held, table.c.total)
        .where(_of(table, municipality, terminal))
        .where(table.c.slice >= since // SLICE, table.c.slice < until // SLICE)
        .order_by(table.c.slice)
    )
    for number, held, total in connection.execute(query):
        yield number * SLICE, _read(held, total)


def _rows(
    connection: sa.Connection, municipality: str, terminal: str, since: int, until: int
) -> Iterator[tuple[str, str]]:
    table = storage.command
    query = (
        sa.select(table.c.key, table.c.outcome)
        .where(_of(table, municipality, terminal), table.c.key >= str(UUID(int=since)))
        .order_by(table.c.key)
    )
    if until < LAST:
        query = query.where(table.c.key < str(UUID(int=until)))
    for key, outcome in connection.execute(query.execution_options(yield_per=_ROWS)):
        if is_counted(key):
            yield key, outcome


def _of(table: sa.Table, municipality: str, terminal: str) -> sa.ColumnElement[bool]:
    return sa.and_(table.c.municipality == municipality, table.c.terminal == terminal)


def _read(held: int, total: bytes) -> Tally:
    return Tally(held, int.from_bytes(total))
