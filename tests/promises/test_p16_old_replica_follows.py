"""P16: a replica of an old version, opened by this one, follows a register that has come to hold new tables."""

import sqlite3
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest
import pytest_asyncio

from client.api.sync import HttpFeeds
from client.domain.feed import Feed
from client.jobs.sync_replica import SyncReplica
from client.rules.digest import root_of
from cloud.contract import tables
from cloud.faults import Faults
from cloud.keys import write_private
from cloud.register import Change, put
from cloud.tenant import open_tenant
from offline.store import door, migrations
from offline.store.rows import Row, Table, contract
from offline.store.stores import FileStores
from tests.api.small_cloud import CODE, SmallCloud
from tests.promises.p16_old import VERSIONS, Old, an_old_terminal
from tests.replica_fakes import LandingBook

NEW_TABLES = frozenset(
    (
        *("seal_registration", "light_vehicle", "fixed_asset", "tax_account", "entitlement"),
        *("delivery_address", "bank_account", "phone", "outsider", "corporation", "form"),
        *("guide_tree", "gaiji", "announcement", "staff_member", "right_grant"),
    )
)
ALL_BUCKETS = tuple(range(4096))


@pytest.fixture(params=VERSIONS)
def old(request: pytest.FixtureRequest, tmp_path: Path) -> Old:
    return an_old_terminal(request.param, tmp_path / "terminal")


def rows_in(old: Old) -> list[tuple[str, Row]]:
    """Read every row an old replica holds: the register it was filled from."""
    connection = door.open_connection(old.folder / "replica.db", old.keys.replica)
    there = {name for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
    rows = [
        (table.name, row)
        for table in contract().values()
        if table.name in there
        for row in _as_it_was(table, connection).where(connection, "")
    ]
    connection.close()
    return rows


def _as_it_was(table: Table, connection: sqlite3.Connection) -> Table:
    """Return a table without the columns the file does not have: SQLite takes the name of one for a text."""
    there = {name for _, name, *_ in connection.execute(f'PRAGMA table_info("{table.name}")')}
    return replace(table, columns=tuple(column for column in table.columns if column in there))


def a_row_of(table: str, number: int) -> Row:
    """Return a row with a value in every column."""
    made = {"text": f"{table} {number}", "int": number, "bool": True, "blob": bytes([number])}
    made |= {"date": f"2026-11-{number:02d}", "time": f"2026-11-{number:02d}T00:00:00Z"}
    return {column: made[kind] for column, kind in tables()[table].columns.items()}


class Followed:
    """The register an old replica follows, in a real cloud, at the very version the replica has reached."""

    def __init__(self, cloud: SmallCloud) -> None:
        self.cloud = cloud

    def commit(self, feed: str, *changes: Change) -> None:
        register = self.cloud.tenant.register
        with register.writing() as connection:
            register.commit(connection, feed, changes)

    async def catch_up_with(self, stores: FileStores, same: Row) -> None:
        """Count versions up, changing nothing, as far as the replica has come."""
        position = await stores.replica.position()
        assert position.register
        while self.cloud.register_version() < position.register.version:
            self.commit("register", put("town", same))

    async def is_equal(self, stores: FileStores) -> bool:
        for feed in Feed:
            with self.cloud.tenant.register.reading() as connection:
                head = self.cloud.tenant.register.head(connection, feed.value)
            if root_of(await stores.replica.mids(feed)) != head.root:
                return False
            if await stores.replica.wrong_buckets(feed, ALL_BUCKETS):
                return False
        return True

    def sync(self, stores: FileStores) -> SyncReplica:
        assert self.cloud.enrolled
        return SyncReplica(
            HttpFeeds(self.cloud.http, self.cloud.enrolled.feed_keys, digest_key=stores.replica.digest_key),
            stores.replica,
            LandingBook(),
        )


@pytest_asyncio.fixture
async def followed(old: Old, tmp_path: Path) -> AsyncIterator[Followed]:
    folder = tmp_path / "cloud"
    (folder / "keys").mkdir(parents=True)
    write_private(folder / "keys" / "digest.key", old.keys.digest)
    rows = rows_in(old)
    tenant = open_tenant(folder, CODE, town=lambda: rows)
    cloud = SmallCloud(tenant, Faults())
    await cloud.enrol()
    yield Followed(cloud)
    tenant.close()


@pytest.mark.asyncio
async def test_it_comes_to_hold_every_new_table_and_equals_the_register(old: Old, followed: Followed) -> None:
    town = next(row for table, row in rows_in(old) if table == "town")
    stores = old.stores()
    await stores.open(old.keys)
    await followed.catch_up_with(stores, town)
    assert await followed.is_equal(stores)
    for number in (1, 2):
        followed.commit("register", *(put(table, a_row_of(table, number)) for table in sorted(NEW_TABLES)))
    report = await followed.sync(stores).round()
    assert (report.filled, report.repaired, report.proven) == (False, 0, True)
    assert report.changes == 2 * len(NEW_TABLES)
    assert await followed.is_equal(stores)
    await stores.close()
    connection = door.open_connection(old.folder / "replica.db", old.keys.replica)
    for name in NEW_TABLES:
        kept = sorted(contract()[name].where(connection, ""), key=repr)
        assert kept == sorted((a_row_of(name, number) for number in (1, 2)), key=repr)
    connection.close()
    assert door.is_whole(migrations.backup_path(old.folder / "replica.db", 1), old.keys.replica)


@pytest.mark.asyncio
async def test_rows_no_batch_ever_told_of_are_fetched_by_their_buckets(old: Old, followed: Followed) -> None:
    """A register may have come to hold them behind versions whose log is gone by now."""
    town = next(row for table, row in rows_in(old) if table == "town")
    stores = old.stores()
    await stores.open(old.keys)
    await followed.catch_up_with(stores, town)
    followed.commit("register", *(put(table, a_row_of(table, 1)) for table in sorted(NEW_TABLES)))
    await followed.sync(stores).round()
    buckets = {contract()[table].bucket(a_row_of(table, 1)) for table in NEW_TABLES}
    version = followed.cloud.register_version()
    await stores.replica.replace_buckets(Feed.REGISTER, version, tuple(buckets), ())
    assert not await followed.is_equal(stores)
    report = await followed.sync(stores).round()
    assert (report.filled, report.repaired, report.proven) == (False, len(buckets), True)
    assert await followed.is_equal(stores)
    await stores.close()
