"""Which buckets a paper rests on: its rows are read and hashed anew at every issue off line (P09)."""

import sqlite3

from client.domain.errors import StoreError
from client.domain.feed import Feed
from client.domain.resident import Household
from client.rules.digest import BUCKETS, bucket_of
from offline.store import doubt
from offline.store.replica_file import DAMAGED, wrong_buckets
from offline.store.rows import table_named

FORM_TABLES = ("town", "certifier", "official_seal", "fee_rule", "attestation")

Wrong = dict[Feed, tuple[int, ...]]


def wrong_for(connection: sqlite3.Connection, digest_key: bytes, household: Household) -> Wrong:
    """Return the buckets under a paper on a household that are not what they should be, by feed.

    Of the blocks all are read: one that is missing could have been in any. StoreError ``store.damaged_replica``
    where a mended file is known to miss what the household rests on.
    """
    if doubt.covers(connection, household.household_no):
        raise StoreError(DAMAGED)
    looked_at = {Feed.REGISTER: _of_register(connection, household), Feed.BLOCKS: tuple(range(BUCKETS))}
    found = {
        feed: wrong_buckets(connection, digest_key, feed, buckets) for feed, buckets in looked_at.items()
    }
    return {feed: wrong for feed, wrong in found.items() if wrong}


def _of_register(connection: sqlite3.Connection, household: Household) -> tuple[int, ...]:
    buckets = {
        bucket_of("resident", (member.atena_no, version))
        for member in household.members
        # The next version too: were it missing here, an old page would pass for the present one.
        for version in (member.history_no, member.history_no + 1)
    }
    for name in FORM_TABLES:
        table = table_named(name)
        buckets |= {table.bucket(row) for row in table.where(connection, "")}
        buckets |= _filed(connection.execute(f'SELECT DISTINCT _bucket FROM "{name}"'))
    for member in household.members:
        there = "SELECT DISTINCT _bucket FROM resident WHERE atena_no = ?"
        buckets |= _filed(connection.execute(there, (member.atena_no,)))
    return tuple(sorted(buckets))


def _filed(found: sqlite3.Cursor) -> set[int]:
    return {int(bucket) for (bucket,) in found}
