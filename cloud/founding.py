"""The first filling of a register: rows in bulk, their digests, version 1 of both feeds, in one transaction."""

from collections.abc import Callable, Iterable
from itertools import islice

import sqlalchemy as sa

from cloud import database, digest, storage
from cloud.clock import Now, stamp
from cloud.contract import FEEDS, Row, tables
from cloud.number_guard import look_at
from cloud.register import Register
from cloud.search_index import index_town

_AT_ONCE = 1000
_FIRST_VERSION = 1
Progress = Callable[[str], None]


def is_founded(engine: sa.Engine, municipality: str) -> bool:
    """Tell whether a municipality lives in a database."""
    query = sa.select(storage.tenant.c.municipality).where(storage.tenant.c.municipality == municipality)
    with database.reading(engine) as connection:
        return connection.execute(query).one_or_none() is not None


def found(
    register: Register,
    town: Iterable[tuple[str, Row]],
    now: Now,
    progress: Progress,
    also: Callable[[sa.Connection], None],
) -> int:
    """Fill an empty register from a stream of rows, and what ``also`` writes; all or nothing. Returns the rows."""
    count = 0
    sums = {feed: [0] * digest.BUCKETS for feed in FEEDS}
    with database.writing(register.engine) as connection:
        rows = iter(town)
        while batch := list(islice(rows, _AT_ONCE)):
            _load(connection, register, batch, sums)
            count += len(batch)
            progress(f"{count} rows")
        index_town(connection, register.municipality)
        at = stamp(now())
        for feed in FEEDS:
            _first_version(connection, register.municipality, feed, sums[feed], at)
        tenant = {"last_terminal": 0, "founded_at": at}
        connection.execute(sa.insert(storage.tenant), [{"municipality": register.municipality, **tenant}])
        also(connection)
    return count


def _load(
    connection: sa.Connection,
    register: Register,
    batch: list[tuple[str, Row]],
    sums: dict[str, list[int]],
) -> None:
    by_table: dict[str, list[dict[str, object]]] = {}
    for name, row in batch:
        contract = tables()[name]
        contract.check(row)
        own = register.digest_of(name, row)
        bucket = digest.bucket_of(name, contract.key_of(row))
        sums[contract.feed][bucket] += own
        by_table.setdefault(name, []).append(register.stored(name, row, bucket, own, _FIRST_VERSION))
    look_at(batch)
    for name, lines in by_table.items():
        connection.execute(sa.insert(storage.rows[name]), lines)


def _first_version(connection: sa.Connection, municipality: str, feed: str, sums: list[int], at: str) -> None:
    blocks = digest.blocks_of(sums)
    mids = [digest.mid_of(block) for block in blocks]
    mine = {"municipality": municipality, "feed": feed}
    connection.execute(
        sa.insert(storage.digest_mid),
        [
            {**mine, "mid": mid, "sums": block, "digest": own}
            for mid, (block, own) in enumerate(zip(blocks, mids, strict=True))
        ],
    )
    first = {**mine, "version": _FIRST_VERSION, "at": at, "root": digest.root_of(mids)}
    connection.execute(sa.insert(storage.feed_version), [first])
    connection.execute(sa.insert(storage.feed_head), [{**first, "log_from": _FIRST_VERSION}])
