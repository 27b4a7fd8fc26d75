"""Loading a delivery: a new town is founded from it, an existing one changed by it; all of it or nothing."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import groupby, islice
from operator import itemgetter

import sqlalchemy as sa

from cloud import digest, storage
from cloud.clock import Now
from cloud.contract import Key, Row, tables
from cloud.founding import found
from cloud.intakes import OPEN_STATES
from cloud.layout.census import Census
from cloud.layout.faults import DeliveryError, ErrorList, LostError
from cloud.layout.items import Layout
from cloud.layout.sift import Progress, Sifter, TableRow, key_hash
from cloud.layout.source import Source
from cloud.layout.stored import pages
from cloud.layout.totals import Reconciliation, TableCount, Tally, rows_in, totals_of
from cloud.register import Change, Register, put, remove

_AT_ONCE = 500


class RefusedError(Exception):
    """Nothing was loaded: the lists say why."""


@dataclass(frozen=True, slots=True)
class Delivery:
    """What is to be loaded, and how much may be wrong with it."""

    layout: Layout
    source: Source
    errors: ErrorList
    accept_errors: int = 0
    replace: bool = False
    lift: bool = False  # with replace: blocks and support measures that are not in the files end too

    def tables(self) -> set[str]:
        """Return the tables it has a file of."""
        names = set(self.source.names())
        return {items.table for items in self.layout.files if items.file in names}


def into_new(
    register: Register,
    delivery: Delivery,
    now: Now,
    progress: Progress,
    also: Callable[[sa.Connection], None],
) -> Reconciliation:
    """Found a town; returns the list, which says whether it was loaded."""
    told = Reconciliation(register.municipality, "found")
    sifter = Sifter(delivery.layout, delivery.source, delivery.errors, register.municipality)
    tally = Tally(sifter.census, sifter.excluded)

    def prove(connection: sa.Connection) -> None:
        for name in storage.rows:
            after = rows_in(connection, register.municipality, name)
            told.tables.append(TableCount(name, new=tally.rows[name], after=after))
        told.totals = totals_of(
            connection, register.municipality, sifter, tally, comparable=set(storage.rows)
        )
        _insist(told)
        also(connection)

    def load() -> None:
        _examined(sifter, delivery, progress)
        found(register, tally.over(sifter.rows(progress)), now, progress, prove)

    return _told(told, sifter, delivery, load)


def into_existing(register: Register, delivery: Delivery, progress: Progress) -> Reconciliation:
    """Change a town by a delivery; other writers of the town wait meanwhile, and see all of it or nothing."""
    told = Reconciliation(register.municipality, "replace" if delivery.replace else "merge")
    sifter = Sifter(delivery.layout, delivery.source, delivery.errors, register.municipality, Census())

    def load() -> None:
        with register.writing() as connection:
            _take_in_known(sifter.census, connection, register, delivery)
            _examined(sifter, delivery, progress)
            _Merge(connection, register, sifter, delivery, told).run(progress)

    return _told(told, sifter, delivery, load)


def _told(
    told: Reconciliation, sifter: Sifter, delivery: Delivery, load: Callable[[], None]
) -> Reconciliation:
    try:
        load()
        told.loaded = True
    except RefusedError:
        pass
    except DeliveryError as error:
        delivery.errors.add(error.code, error.file, error.line)
    if not told.loaded:
        told.tables, told.totals = [], []
    told.files = sifter.counts
    told.severities = dict(delivery.errors.counts)
    return told


def _examined(sifter: Sifter, delivery: Delivery, progress: Progress) -> None:
    """Read a first time; RefusedError where more is wrong than is accepted."""
    if not sifter.examine(progress):
        for count in sifter.counts:
            count.in_error = len(count.wrong)
            count.accepted = count.read - count.in_error
        raise RefusedError
    if delivery.errors.counts["error"]:
        for _ in sifter.rows(lambda _: None):  # only to count: the residents left out whole too
            pass
        if sifter.rows_in_error() > delivery.accept_errors:
            raise RefusedError


def _insist(told: Reconciliation) -> None:
    if not told.holds:
        raise LostError("the database does not hold what was read")


def _take_in_known(census: Census, connection: sa.Connection, register: Register, delivery: Delivery) -> None:
    """Take in who is known to the register and stays so whatever the delivery says."""
    delivered: set[str] = set()
    if delivery.replace:
        delivered = delivery.tables()
    if "resident" not in delivered:
        for row in pages(connection, register.municipality, "resident"):
            census.resident(row, 0)
    for table in ("outsider", "corporation"):
        if table not in delivered:
            rows = pages(connection, register.municipality, table)
            census.others.update(str(row["atena_no"]) for row in rows)


class _Merge:
    """One delivery on its way into a town's tables, within one transaction."""

    def __init__(
        self,
        connection: sa.Connection,
        register: Register,
        sifter: Sifter,
        delivery: Delivery,
        told: Reconciliation,
    ) -> None:
        self._connection, self._register, self._sifter = connection, register, sifter
        self._replace, self._lift, self._told = delivery.replace, delivery.lift, told
        self._kept: dict[str, set[int]] = {}

    def run(self, progress: Progress) -> None:
        """Write what differs, take away what is to go, and prove the outcome."""
        town = self._register.municipality
        counts = {count.table: TableCount(count.table) for count in self._sifter.counts}
        for name, count in counts.items():
            count.before = rows_in(self._connection, town, name)
            self._kept[name] = set()
        tally = Tally(self._sifter.census, self._sifter.excluded)
        for table, rows in groupby(tally.over(self._sifter.rows(progress)), key=itemgetter(0)):
            self._write(counts[table], rows)
        comparable = {name for name, count in counts.items() if self._replace and self._remove(count)}
        for name, count in counts.items():
            count.after = rows_in(self._connection, town, name)
        self._told.tables = list(counts.values())
        if not self._sifter.excluded:
            comparable.add("resident")
        self._told.totals = totals_of(self._connection, town, self._sifter, tally, comparable=comparable)
        if any(count.new + count.changed + count.same != tally.rows[name] for name, count in counts.items()):
            raise LostError("a row was accepted and not written")
        _insist(self._told)

    def _write(self, count: TableCount, rows: Iterator[TableRow]) -> None:
        while batch := [row for _, row in islice(rows, _AT_ONCE)]:
            changes = [put(count.table, row) for row in self._differing(count, batch)]
            self._commit(count.table, changes)

    def _commit(self, table: str, changes: list[Change]) -> None:
        if changes:
            self._register.commit(self._connection, tables()[table].feed, changes)

    def _differing(self, count: TableCount, batch: list[Row]) -> Iterator[Row]:
        contract, kept = tables()[count.table], self._kept[count.table]
        there = self._there(count.table, [contract.key_of(row) for row in batch])
        for row in batch:
            key = contract.key_of(row)
            if self._replace:
                kept.add(key_hash(key))
            own = digest.to_bytes(self._register.digest_of(count.table, row))
            if there.get(key) == own:
                count.same += 1
                continue
            if key in there:
                count.changed += 1
            else:
                count.new += 1
            yield row

    def _there(self, table: str, keys: list[Key]) -> dict[Key, bytes]:
        rows, contract = storage.rows[table], tables()[table]
        columns = [rows.c[name] for name in contract.key]
        query = sa.select(*columns, rows.c.row_digest).where(
            rows.c.municipality == self._register.municipality, sa.tuple_(*columns).in_(keys)
        )
        return {tuple(found[:-1]): found[-1] for found in self._connection.execute(query)}

    def _remove(self, count: TableCount) -> bool:
        """Take away what the file does not have; returns whether the table is now what the file says.

        A block or a measure ends by a person's act alone [STD j410]: by ``lift``, and never while the request that put
        it up is open.
        """
        contract, kept = tables()[count.table], self._kept[count.table]
        if contract.feed == "blocks" and not self._lift:
            return False
        held = self._held_by_requests() if contract.feed == "blocks" else set()
        gone: list[Key] = []
        stays = False
        for row in pages(self._connection, self._register.municipality, count.table, contract.key):
            key = contract.key_of(row)
            if key_hash(key) in kept:
                continue
            if str(key[0]).rpartition("-")[0] in held:
                stays = True
            else:
                gone.append(key)
        for start in range(0, len(gone), _AT_ONCE):
            batch = gone[start : start + _AT_ONCE]
            self._commit(count.table, [remove(count.table, key) for key in batch])
            count.removed += len(batch)
        return not stays

    def _held_by_requests(self) -> set[str]:
        """Return the keys of requests that are not decided."""
        cases = storage.intake_case
        query = sa.select(cases.c.command_key).where(
            cases.c.municipality == self._register.municipality, cases.c.state.in_(OPEN_STATES)
        )
        return set(self._connection.execute(query).scalars())
