"""``replica.db``: how it is made, filled from a snapshot, and kept equal to the register."""

import sqlite3
from collections.abc import Callable, Iterable, Sequence
from datetime import datetime

from client.domain.errors import StoreError
from client.domain.feed import ChunkRows, Feed, FeedBatch, Manifest, RowChange, RowDiff
from client.rules.digest import bucket_of, minus, plus, row_digest
from client.rules.sign_in import CLOCK_TOLERANCE
from offline.store import doubt, number_guard, other_rows, search, sums
from offline.store.migrations import Step
from offline.store.other_rows import table_for
from offline.store.rows import Row, contract, key_in, table_named, tables_of

DAMAGED = "store.damaged_replica"


def first_shape(connection: sqlite3.Connection) -> None:
    """Make the tables; the indexes come with the first fill."""
    for table in contract().values():
        table.create(connection)
    sums.create(connection)
    search.create(connection)
    connection.execute("CREATE TABLE fill (snapshot_id TEXT NOT NULL)")
    connection.execute("CREATE TABLE chunk (sha256 TEXT PRIMARY KEY) WITHOUT ROWID")


def second_shape(connection: sqlite3.Connection) -> None:
    """Make room for rows of tables this program does not know, and for what the first shape did not have."""
    other_rows.create(connection)
    take_in_what_is_new(connection)


def third_shape(connection: sqlite3.Connection) -> None:
    """Make room for the search index of addresses, dates and former names: that of names alone goes.

    Whoever opens a replica makes the index (``search.bring_up``), and tells how far it is.
    """
    take_in_what_is_new(connection)  # the columns of every version's contract, whichever step comes after
    if is_filled(connection):
        search.remove(connection)
    else:
        search.bring_up(connection, filled=False)


def fourth_shape(connection: sqlite3.Connection) -> None:
    """Make room for whether the town grants items one by one, and for what else is new in the contract."""
    take_in_what_is_new(connection)


def fifth_shape(connection: sqlite3.Connection) -> None:
    """Make room for since when somebody's secrets stand."""
    take_in_what_is_new(connection)


def sixth_shape(connection: sqlite3.Connection) -> None:
    """Make room for whom measures protect from, sealed."""
    take_in_what_is_new(connection)


def seventh_shape(connection: sqlite3.Connection) -> None:
    """Make room for whether the town grants the acts on blocks one by one."""
    take_in_what_is_new(connection)


def is_filled(connection: sqlite3.Connection) -> bool:
    """Tell whether a fill was ended."""
    return connection.execute("SELECT 1 FROM feed").fetchone() is not None


def take_in_what_is_new(connection: sqlite3.Connection) -> None:
    """Make every table and column of the contract that is not there yet, with what came before it was known.

    A version whose contract has further tables or columns ends its step with this.
    """
    there = {name for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
    filled = is_filled(connection)
    for table in contract().values():
        if table.name in there:
            table.take_in_new_columns(connection)
        else:
            table.create(connection)
            table.insert_counted(connection, other_rows.take(connection, table))
            if filled:  # else its indexes come with the fill
                table.index(connection)


STEPS: tuple[Step, ...] = (
    first_shape,
    second_shape,
    third_shape,
    fourth_shape,
    fifth_shape,
    sixth_shape,
    seventh_shape,
)


def snapshot_id(connection: sqlite3.Connection) -> str | None:
    """Return the snapshot a side file is being filled from."""
    found = connection.execute("SELECT snapshot_id FROM fill").fetchone()
    return None if found is None else str(found[0])


def begin(connection: sqlite3.Connection, manifest: Manifest) -> None:
    """Write down which snapshot a side file is filled from."""
    connection.execute("INSERT INTO fill VALUES (?)", (manifest.snapshot_id,))


def chunks(connection: sqlite3.Connection) -> frozenset[str]:
    """Return the chunks that are in a side file."""
    return frozenset(sha256 for (sha256,) in connection.execute("SELECT sha256 FROM chunk"))


def add_chunk(connection: sqlite3.Connection, digest_key: bytes, sha256: str, chunk: ChunkRows) -> None:
    """Write one chunk's rows, and that it is here. StoreError ``store.newer`` where nothing says how to keep them."""
    if connection.execute("SELECT 1 FROM chunk WHERE sha256 = ?", (sha256,)).fetchone():
        return
    number_guard.look_at_chunk(chunk)
    known = contract().get(chunk.table)
    if known is not None:
        known.insert_columns(connection, digest_key, chunk.columns, chunk.data)
    elif chunk.feed is None or not chunk.key:
        raise StoreError("store.newer")
    else:
        other = other_rows.OtherTable(chunk.table, chunk.feed)
        for row in _rows_of(chunk):
            other.put(connection, digest_key, key_in(row, chunk.key), row)
    connection.execute("INSERT INTO chunk VALUES (?)", (sha256,))


def _rows_of(chunk: ChunkRows) -> Iterable[Row]:
    for values in zip(*chunk.data, strict=True):
        yield {
            column: value for column, value in zip(chunk.columns, values, strict=True) if value is not None
        }


def finish(connection: sqlite3.Connection, manifest: Manifest) -> None:
    """Prove both feeds, then index and search entries, and the versions. StoreError where they do not prove."""
    if not {chunk.sha256 for chunk in manifest.chunks} <= chunks(connection):
        raise StoreError("store.not_filled")
    if is_filled(connection):
        return  # proved and indexed before, in one transaction; cut before it was put in place
    for feed, version, root in (
        (Feed.REGISTER, manifest.register_version, manifest.register_root),
        (Feed.BLOCKS, manifest.blocks_version, manifest.blocks_root),
    ):
        totals = sums.from_digests(connection, feed)
        if sums.root(totals) != root:
            raise StoreError(DAMAGED)
        sums.save(connection, feed, totals, [no for no, total in enumerate(totals) if total])
        sums.set_position(connection, feed, version, manifest.at)
    make_searchable(connection)


def make_searchable(connection: sqlite3.Connection) -> None:
    """Make indexes and search entries of a file that has all its rows."""
    for table in contract().values():
        table.index(connection)
    connection.execute("CREATE INDEX block_household_no ON block (household_no)")
    search.bring_up(connection, filled=False)  # a fill may have been begun by an older program
    search.rebuild(connection)
    search.index(connection)
    connection.execute("ANALYZE")


def apply(
    connection: sqlite3.Connection,
    digest_key: bytes,
    batch: FeedBatch,
    give_way: Callable[[], object] = lambda: None,
) -> None:
    """Apply a batch; StoreError ``store.damaged_replica`` where the digests do not come out as it says.

    ``give_way`` is called between the steps of what takes longest, the upkeep of the search.
    """
    here = sums.position(connection, batch.feed)
    newest = batch.to == batch.head
    if batch.to <= here.version:
        if newest and batch.to == here.version:
            sums.set_position(connection, batch.feed, here.version, max(here.at, batch.at))
        return
    if (
        batch.after > here.version
    ):  # the replica went back meanwhile: who follows beside us repaired or filled it
        raise StoreError(DAMAGED)
    changes = [_whole(connection, batch.feed, change) for change in batch.changes]
    number_guard.look_at_changes(changes)
    totals = sums.load(connection, batch.feed)
    touched = _change_rows(connection, digest_key, batch.feed, changes, totals)
    if sums.root(totals) != batch.root:
        raise StoreError(DAMAGED)
    sums.save(connection, batch.feed, totals, touched)
    sums.set_position(connection, batch.feed, batch.to, batch.at if newest else here.at)
    if changes:
        letters = search.letters_in(sorted(_keys_of("gaiji", changes)))
        residents = _atena_nos(_keys_of("resident", changes))
        search.renew(connection, residents, letters, give_way=give_way)


def replace_buckets(
    connection: sqlite3.Connection,
    digest_key: bytes,
    feed: Feed,
    *,
    version: int,
    buckets: Sequence[int],
    rows: Sequence[RowChange],
) -> None:
    """Put the register's rows in the place of all rows of some buckets."""
    here = sums.position(connection, feed)
    wanted = frozenset(buckets)
    if any(bucket_of(change.table, change.key) not in wanted for change in rows):
        raise ValueError("a row of another bucket")
    number_guard.look_at_changes(rows)
    residents, letters = (
        _keys_of(table, rows) | _keys_there(connection, table, feed, wanted)
        for table in ("resident", "gaiji")
    )
    for table in tables_of(feed):
        table.delete_buckets(connection, wanted)
    other_rows.delete_buckets(connection, feed, wanted)
    totals = sums.load(connection, feed)
    for bucket in wanted:
        totals[bucket] = 0
    _change_rows(connection, digest_key, feed, rows, totals)
    sums.save(connection, feed, totals, wanted)
    sums.set_position(connection, feed, version, here.at)  # a restored register may be behind us
    search.renew(connection, _atena_nos(residents), search.letters_in(sorted(letters)))


def wrong_buckets(
    connection: sqlite3.Connection, digest_key: bytes, feed: Feed, buckets: Iterable[int]
) -> tuple[int, ...]:
    """Read and hash the rows of some buckets anew; returns the buckets that are not what they should be (P09)."""
    kept, missing = sums.load(connection, feed), doubt.buckets(connection, feed)
    found = sums.from_rows(connection, feed, buckets, digest_key)
    return tuple(
        sorted(bucket for bucket, total in found.items() if total != kept[bucket] or bucket in missing)
    )


def distrust(connection: sqlite3.Connection, digest_key: bytes, feed: Feed, buckets: Iterable[int]) -> None:
    """Count some buckets as their rows are now, so that the next comparison with the register finds them."""
    totals = sums.load(connection, feed)
    found = sums.from_rows(connection, feed, buckets, digest_key)
    for bucket, total in found.items():
        totals[bucket] = total
    sums.save(connection, feed, totals, found)


def confirm(connection: sqlite3.Connection, feed: Feed, version: int, at: datetime, now: datetime) -> None:
    """Write down that the version reached was the newest at a moment, and its root the register's.

    The later moment counts; of one that is not yet, which a clock that ran ahead has told, the other.
    """
    here = sums.position(connection, feed)
    if here.version == version:
        doubt.end(connection, feed)
        past = [moment for moment in (at, here.at) if moment - now <= CLOCK_TOLERANCE]
        sums.set_position(connection, feed, version, max(past, default=at))


def _whole(connection: sqlite3.Connection, feed: Feed, change: RowChange | RowDiff) -> RowChange:
    """Return a change as the whole row; StoreError ``store.damaged_replica`` where its base row is not here."""
    if isinstance(change, RowChange):
        return change
    base = table_for(change.table, feed).row_of(connection, change.base)
    if base is None:
        raise StoreError(DAMAGED)
    return change.over(base)


def _change_rows(
    connection: sqlite3.Connection,
    digest_key: bytes,
    feed: Feed,
    changes: Iterable[RowChange],
    totals: list[int],
) -> set[int]:
    touched: set[int] = set()
    for change in changes:
        table = table_for(change.table, feed)
        bucket = bucket_of(change.table, change.key)
        touched.add(bucket)
        old = table.digest_of(connection, change.key)
        if old is not None:
            totals[bucket] = minus(totals[bucket], old)
            table.delete(connection, change.key)
        if change.row is not None:
            table.put(connection, digest_key, change.key, change.row)
            totals[bucket] = plus(totals[bucket], row_digest(digest_key, change.table, change.row))
    return touched


def _keys_of(table: str, changes: Iterable[RowChange]) -> set[tuple[str | int, ...]]:
    return {change.key for change in changes if change.table == table}


def _keys_there(
    connection: sqlite3.Connection, table: str, feed: Feed, buckets: Iterable[int]
) -> set[tuple[str | int, ...]]:
    """Return the keys of a table's rows in some buckets that are to be replaced: not each comes again."""
    known = table_named(table)
    if known.feed is not feed:
        return set()
    return {key for bucket in buckets for key in known.keys_in(connection, bucket)}


def _atena_nos(keys: Iterable[tuple[str | int, ...]]) -> list[str]:
    return sorted({str(key[0]) for key in keys})
