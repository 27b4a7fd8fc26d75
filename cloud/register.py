"""The register: rows with their history, gap-free versions per feed, and the sums that prove equality.

One version is one commit. All writers take the tenant's heads first, so versions have no gaps and no forks.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import msgspec
import sqlalchemy as sa

from cloud import database, digest, storage
from cloud.clock import Now, stamp
from cloud.contract import Key, Row, TableContract, tables
from cloud.number_guard import look_at
from cloud.own_letters import bearers
from cloud.points import Point, reached
from cloud.search_index import reindex

_encoder = msgspec.msgpack.Encoder()


@dataclass(frozen=True, slots=True)
class Change:
    """A row as it is to stand from now on, or None for a row that goes."""

    table: str
    key: Key
    row: Row | None = field(repr=False)


def put(table: str, row: Row) -> Change:
    """Return the change that makes a row stand as given; ValueError where it is not of the contract."""
    contract = tables()[table]
    contract.check(row)
    return Change(table, contract.key_of(row), row)


def remove(table: str, key: Key) -> Change:
    """Return the change that takes a row away."""
    return Change(table, key, None)


@dataclass(frozen=True, slots=True)
class Head:
    """The newest version of a feed, and what it proves."""

    version: int
    at: str
    root: bytes
    log_from: int  # changes after this version are in the log


@dataclass(frozen=True, slots=True)
class _Kept:
    """A row as it is before a change, and its digest."""

    row: Row = field(repr=False)
    digest: int


class Register:
    """One municipality's rows in the database; no state of its own."""

    def __init__(self, engine: sa.Engine, municipality: str, digest_key: bytes, now: Now) -> None:
        self.engine = engine
        self.municipality = municipality
        self._digest_key = digest_key
        self._now = now

    @contextmanager
    def writing(self) -> Iterator[sa.Connection]:
        """Open the one writing transaction of this municipality; others wait for it."""
        with database.writing(self.engine) as connection:
            heads = sa.select(storage.feed_head.c.feed).where(self._mine(storage.feed_head))
            connection.execute(heads.order_by(storage.feed_head.c.feed).with_for_update()).all()
            yield connection
            reached(Point.BEFORE_COMMIT)
        reached(Point.AFTER_COMMIT)

    @contextmanager
    def reading(self) -> Iterator[sa.Connection]:
        """Open a transaction that sees one version of everything."""
        with database.reading(self.engine) as connection:
            yield connection

    def head(self, connection: sa.Connection, feed: str) -> Head:
        """Return the newest version of a feed."""
        table = storage.feed_head
        query = sa.select(table.c.version, table.c.at, table.c.root, table.c.log_from)
        row = connection.execute(query.where(self._mine(table), table.c.feed == feed)).one()
        return Head(row.version, row.at, row.root, row.log_from)

    def as_of(self, connection: sa.Connection) -> dict[str, object]:
        """Return what an answer stands on: both versions, newest at this moment."""
        return {
            "register_version": self.head(connection, "register").version,
            "blocks_version": self.head(connection, "blocks").version,
            "at": stamp(self._now()),
        }

    def rows(
        self, connection: sa.Connection, table: str, *where: sa.ColumnElement[bool], order: Sequence[str] = ()
    ) -> list[dict[str, object]]:
        """Return rows of a table as the wire has them, without nulls, by key or in a named order."""
        source, contract = storage.rows[table], tables()[table]
        query = sa.select(*(source.c[column] for column in contract.columns))
        query = query.where(self._mine(source), *where).order_by(
            *(source.c[name] for name in order or contract.key)
        )
        return [without_nulls(row._mapping) for row in connection.execute(query)]

    def row(self, connection: sa.Connection, table: str, key: Key) -> dict[str, object] | None:
        """Return one row by its key, or None."""
        found = self.rows(connection, table, *_at_key(storage.rows[table], tables()[table], key))
        return found[0] if found else None

    def commit(self, connection: sa.Connection, feed: str, changes: Sequence[Change]) -> int:
        """Write changes as the next version of a feed, inside a transaction from ``writing``; returns it.

        Problem 422 ``register.forbidden_number`` where one of them holds what no terminal takes in.
        """
        look_at((change.table, change.row) for change in changes if change.row is not None)
        head = self.head(connection, feed)
        version, at = head.version + 1, stamp(self._now())
        deltas: dict[int, int] = {}
        before: list[bytes | None] = []
        for change in changes:
            if tables()[change.table].feed != feed:
                raise ValueError(f"{change.table} is not of feed {feed}")
            bucket = digest.bucket_of(change.table, change.key)
            was = self._kept(connection, change)
            before.append(None if was is None else _encoder.encode(was.row))
            moved = self._replace(connection, change, bucket, version, None if was is None else was.digest)
            deltas[bucket] = deltas.get(bucket, 0) + moved
        self._log(connection, feed, version, changes, before)
        root = self._add_to_digests(connection, feed, deltas)
        self._advance(connection, feed, version, at, root)
        reindex(
            connection,
            self.municipality,
            [
                *(str(change.key[0]) for change in changes if change.table == "resident"),
                *bearers(
                    connection,
                    self.municipality,
                    (str(change.key[0]) for change in changes if change.table == "gaiji"),
                ),
            ],
        )
        return version

    def _kept(self, connection: sa.Connection, change: Change) -> "_Kept | None":
        table, contract = storage.rows[change.table], tables()[change.table]
        columns = [table.c[column] for column in contract.columns]
        query = sa.select(*columns, table.c.row_digest).where(
            self._mine(table), *_at_key(table, contract, change.key)
        )
        found = connection.execute(query).one_or_none()
        if found is None:
            return None
        row = dict(zip(contract.columns, found[:-1], strict=True))
        return _Kept(without_nulls(row), int.from_bytes(found[-1], "big"))

    def _replace(
        self, connection: sa.Connection, change: Change, bucket: int, version: int, was: int | None
    ) -> int:
        table, contract = storage.rows[change.table], tables()[change.table]
        moved = 0
        if was is not None:
            moved -= was
            here = sa.and_(self._mine(table), *_at_key(table, contract, change.key))
            connection.execute(sa.delete(table).where(here))
        if change.row is not None:
            own = digest.row_digest(self._digest_key, change.table, change.row)
            moved += own
            stored = self.stored(change.table, change.row, bucket, own, version)
            connection.execute(sa.insert(table), [stored])
        return moved

    def stored(self, table: str, row: Row, bucket: int, own: int, version: int) -> dict[str, object]:
        """Return a row as the database keeps it: every column, and the upkeep columns."""
        return {
            **dict.fromkeys(tables()[table].columns),
            **row,
            "municipality": self.municipality,
            "bucket": bucket,
            "row_digest": digest.to_bytes(own),
            "changed_in": version,
        }

    def digest_of(self, table: str, row: Row) -> int:
        """Return the keyed digest of a row."""
        return digest.row_digest(self._digest_key, table, row)

    def _log(
        self,
        connection: sa.Connection,
        feed: str,
        version: int,
        changes: Sequence[Change],
        before: Sequence[bytes | None],
    ) -> None:
        lines = [
            {
                "municipality": self.municipality,
                "feed": feed,
                "version": version,
                "seq": seq,
                "table_name": change.table,
                "row_key": json.dumps(change.key),
                "body": None if change.row is None else _encoder.encode(dict(change.row)),
                "before": was,
            }
            for seq, (change, was) in enumerate(zip(changes, before, strict=True))
        ]
        if lines:
            connection.execute(sa.insert(storage.change_log), lines)

    def _add_to_digests(self, connection: sa.Connection, feed: str, deltas: Mapping[int, int]) -> bytes:
        table = storage.digest_mid
        of_feed = sa.and_(self._mine(table), table.c.feed == feed)
        for mid in sorted({bucket // digest.PER_MID for bucket in deltas}):
            here = sa.and_(of_feed, table.c.mid == mid)
            sums = bytearray(connection.execute(sa.select(table.c.sums).where(here)).scalar_one())
            for bucket, change in deltas.items():
                if bucket // digest.PER_MID == mid:
                    place = slice(*_place(bucket))
                    sums[place] = digest.add(bytes(sums[place]), change)
            values = {"sums": bytes(sums), "digest": digest.mid_of(bytes(sums))}
            connection.execute(sa.update(table).where(here).values(values))
        return digest.root_of(self.mids(connection, feed))

    def mids(self, connection: sa.Connection, feed: str) -> list[bytes]:
        """Return the 64 middle digests of a feed."""
        table = storage.digest_mid
        query = sa.select(table.c.digest).where(self._mine(table), table.c.feed == feed)
        return list(connection.execute(query.order_by(table.c.mid)).scalars())

    def bucket_sums(self, connection: sa.Connection, feed: str, mid: int) -> list[tuple[int, bytes]]:
        """Return the 64 bucket digests below a middle digest, with their indexes."""
        table = storage.digest_mid
        query = sa.select(table.c.sums).where(self._mine(table), table.c.feed == feed, table.c.mid == mid)
        sums: bytes = connection.execute(query).scalar_one()
        first = mid * digest.PER_MID
        return [(bucket, sums[slice(*_place(bucket))]) for bucket in range(first, first + digest.PER_MID)]

    def _advance(self, connection: sa.Connection, feed: str, version: int, at: str, root: bytes) -> None:
        head, past = storage.feed_head, storage.feed_version
        moved = {"version": version, "at": at, "root": root}
        connection.execute(sa.update(head).where(self._mine(head), head.c.feed == feed).values(moved))
        connection.execute(sa.insert(past), [{"municipality": self.municipality, "feed": feed, **moved}])

    def _mine(self, table: sa.Table) -> sa.ColumnElement[bool]:
        return table.c.municipality == self.municipality


def without_nulls(row: Mapping[Any, Any]) -> dict[str, object]:
    """Return a row as the wire has it: what is not known is left out."""
    return {column: value for column, value in row.items() if value is not None}


def _at_key(table: sa.Table, contract: TableContract, key: Key) -> list[sa.ColumnElement[bool]]:
    return [table.c[column] == value for column, value in zip(contract.key, key, strict=True)]


def _place(bucket: int) -> tuple[int, int]:
    start = bucket % digest.PER_MID * digest.SIZE
    return start, start + digest.SIZE
