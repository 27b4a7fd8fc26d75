"""Orders to terminals: lock, wipe, enrol anew, a policy. Signed by the town, given again until they are done.

An order is trusted by its signature alone, so it may be carried by a neighbour and read while the stores are locked.
"""

import json
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal
from uuid import UUID

import sqlalchemy as sa

from cloud import database, storage
from cloud.clock import Now, stamp
from cloud.keys import TenantKeys
from cloud.problems import not_found
from cloud.register import Register

Kind = Literal["lock", "unlock", "wipe", "reenrol", "policy"]
SIGNED = b"madoguchi-order-v1\n"


@dataclass(frozen=True, slots=True)
class NewOrder:
    """What a terminal is to do, and who of the office says so."""

    terminal_no: str
    kind: Kind
    made_by: str
    body: Mapping[str, object] = field(default_factory=dict)


class Orders:
    """The orders of one municipality."""

    def __init__(self, register: Register, keys: TenantKeys, now: Now) -> None:
        self._register = register
        self._keys = keys
        self._now = now

    def give(self, order: NewOrder) -> str:
        """Write down what a terminal is to do; returns the order's id. Problem 404 for an unknown terminal."""
        with self._register.writing() as connection:
            return self.give_in(connection, order)

    def give_in(self, connection: sa.Connection, order: NewOrder) -> str:
        """Write an order down inside a transaction of the register's."""
        machines = storage.terminal
        known = sa.select(machines.c.terminal_no).where(
            machines.c.municipality == self._register.municipality,
            machines.c.terminal_no == order.terminal_no,
        )
        if connection.execute(known).one_or_none() is None:
            raise not_found()
        return write_order(connection, self._register.municipality, self._now(), order)

    def open_for(self, terminal_no: str) -> list[dict[str, object]]:
        """Return a terminal's orders that are not done, oldest first, each signed by the town."""
        table, now = storage.terminal_order, self._now()
        mine = sa.and_(self._of(terminal_no), table.c.done_at.is_(None))
        with database.writing(self._register.engine) as connection:
            found = connection.execute(sa.select(table).where(mine).order_by(table.c.order_id)).all()
            if any(line.fetched_at is None for line in found):
                fetched = sa.update(table).where(mine, table.c.fetched_at.is_(None))
                connection.execute(fetched.values(fetched_at=stamp(now)))
        return [self._signed(line, now) for line in found]

    def done(self, terminal_no: str, order_id: str, result: str) -> None:
        """Remember what became of an order; the first word counts. Problem 404 where it is none of this terminal's."""
        table = storage.terminal_order
        here = sa.and_(self._of(terminal_no), table.c.order_id == order_id)
        with database.writing(self._register.engine) as connection:
            if connection.execute(sa.select(table.c.order_id).where(here)).one_or_none() is None:
                raise not_found()
            first = sa.update(table).where(here, table.c.done_at.is_(None))
            connection.execute(first.values(done_at=stamp(self._now()), answer=result))

    def told(self, order_id: str) -> tuple[str | None, str | None, str | None]:
        """Return when an order was first fetched, when it was done, and what the terminal said of it."""
        table = storage.terminal_order
        query = sa.select(table.c.fetched_at, table.c.done_at, table.c.answer).where(
            table.c.municipality == self._register.municipality, table.c.order_id == order_id
        )
        with self._register.reading() as connection:
            line = connection.execute(query).one()
        return line.fetched_at, line.done_at, line.answer

    def given(self, terminal_no: str, newest: int = 20) -> list[dict[str, object]]:
        """Return what a terminal was ordered and what became of it, newest first, for the office."""
        table = storage.terminal_order
        names = ("order_id", "kind", "made_by", "made_at", "fetched_at", "done_at", "answer")
        query = sa.select(*(table.c[name] for name in names)).where(self._of(terminal_no))
        with self._register.reading() as connection:
            found = connection.execute(query.order_by(table.c.order_id.desc()).limit(newest)).all()
        return [dict(line._mapping) for line in found]

    def _of(self, terminal_no: str) -> sa.ColumnElement[bool]:
        table = storage.terminal_order
        return sa.and_(
            table.c.municipality == self._register.municipality, table.c.terminal_no == terminal_no
        )

    def _signed(self, line: sa.Row[Any], now: datetime) -> dict[str, object]:
        words = json.dumps(
            {
                "municipality": self._register.municipality,
                "terminal_no": line.terminal_no,
                "order_id": line.order_id,
                "kind": line.kind,
                "made_at": line.made_at,
                "body": json.loads(line.body),
            },
            ensure_ascii=False,
        )
        key = self._keys.feed_at(now)
        signature = key.private.sign(SIGNED + words.encode("utf-8"))
        return {"words": words, "key_id": key.key_id, "signature": signature}


def write_order(connection: sa.Connection, municipality: str, now: datetime, order: NewOrder) -> str:
    """Write an order in a transaction of the register's; returns its id."""
    table = storage.terminal_order
    newest = sa.select(sa.func.max(table.c.order_id)).where(table.c.municipality == municipality)
    order_id = _next_id(connection.execute(newest).scalar_one(), now)
    line = {
        "municipality": municipality,
        "order_id": order_id,
        "terminal_no": order.terminal_no,
        "kind": order.kind,
        "body": json.dumps(order.body, ensure_ascii=False),
        "made_by": order.made_by,
        "made_at": stamp(now),
    }
    connection.execute(sa.insert(table), [line])
    return order_id


def _next_id(newest: str | None, now: datetime) -> str:
    """Return a UUIDv7 above every one given before, whatever the clock says: a terminal obeys no order twice over."""
    moment = int(now.timestamp() * 1000)
    drawn = moment << 80 | 0x7 << 76 | secrets.randbits(12) << 64 | 0b10 << 62 | secrets.randbits(62)
    return str(UUID(int=max(drawn, UUID(newest).int + 1 if newest else 0)))
