"""What each terminal last told of itself, and the list of all of them for the office; nothing personal in it."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

import sqlalchemy as sa

from cloud import storage
from cloud.clock import Now, stamp
from cloud.register import Register


@dataclass(frozen=True, slots=True)
class Told:
    """A terminal's word about itself; None for what it does not know."""

    program: str
    register_version: int | None
    blocks_version: int | None
    waiting: int
    oldest_waiting: str | None
    clock_offset_ms: int


@dataclass(frozen=True, slots=True)
class TerminalLine:
    """One line of the list of terminals; ``told_at`` is when it was last heard, None for never."""

    terminal_no: str
    name: str
    enrolled_at: str
    revoked_since: str | None
    told_at: str | None
    told: Told | None
    open_orders: int


class TerminalStates:
    """The states of one municipality's terminals."""

    def __init__(self, register: Register, now: Now) -> None:
        self._register = register
        self._now = now

    def note(self, terminal_no: str, told: Told) -> None:
        """Keep a terminal's word in place of its last one."""
        table, municipality = storage.terminal_state, self._register.municipality
        values = {"told_at": stamp(self._now()), **asdict(told)}
        here = sa.and_(table.c.municipality == municipality, table.c.terminal_no == terminal_no)
        with self._register.writing() as connection:
            if connection.execute(sa.update(table).where(here).values(values)).rowcount == 0:
                line = {"municipality": municipality, "terminal_no": terminal_no, **values}
                connection.execute(sa.insert(table), [line])

    def all(self) -> list[TerminalLine]:
        """Return every terminal there ever was, by number."""
        machines, states, orders = storage.terminal, storage.terminal_state, storage.terminal_order
        waiting = (
            sa.select(sa.func.count())
            .where(
                orders.c.municipality == machines.c.municipality,
                orders.c.terminal_no == machines.c.terminal_no,
                orders.c.done_at.is_(None),
            )
            .scalar_subquery()
        )
        same = sa.and_(
            states.c.municipality == machines.c.municipality, states.c.terminal_no == machines.c.terminal_no
        )
        named = (machines.c.terminal_no, machines.c.name, machines.c.enrolled_at, machines.c.revoked_since)
        told = [column for column in states.c if column.name not in {"municipality", "terminal_no"}]
        query = (
            sa.select(*named, *told, waiting.label("open_orders"))
            .select_from(machines.outerjoin(states, same))
            .where(machines.c.municipality == self._register.municipality)
            .order_by(sa.func.length(machines.c.terminal_no), machines.c.terminal_no)
        )
        with self._register.reading() as connection:
            return [_line(row._mapping) for row in connection.execute(query)]


def _line(known: Mapping[Any, Any]) -> TerminalLine:
    told = None if known["told_at"] is None else Told(**{name: known[name] for name in Told.__slots__})
    return TerminalLine(
        terminal_no=known["terminal_no"],
        name=known["name"],
        enrolled_at=known["enrolled_at"],
        revoked_since=known["revoked_since"],
        told_at=known["told_at"],
        told=told,
        open_orders=known["open_orders"],
    )
