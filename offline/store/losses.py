"""What a salvage could not save, as far as that can be known, and what must not be trusted for it."""

import sqlite3

from client.domain.errors import StoreError
from client.domain.feed import Feed
from client.rules.digest import BUCKETS
from offline.store import doubt, sums
from offline.store.proof import FORM_TABLES
from offline.store.rows import tables_of
from offline.store.salvage_rows import other
from offline.store.torn import Torn

_PERSON = {"rk", "atena_no", "history_no", "household_no"}
_GONE = -1  # no sum is


def write(torn: Torn, side: sqlite3.Connection, partly: frozenset[str]) -> int:
    """Write what is in doubt into the new file, which has its rows and sums; returns how many buckets are."""
    found = _from_before(torn)
    for feed in Feed:
        found |= _of_buckets(torn, side, feed, partly)
    if any(feed == Feed.REGISTER.value for feed, *_ in found):
        found |= _of_homes(torn, side)
    if partly.intersection(
        FORM_TABLES
    ):  # an acting mayor, a new fee: of those nobody can say that none is missing
        found.add(doubt.of_everything(Feed.REGISTER))
    doubt.write(side, found)
    return sum(bucket is not None for _, bucket, _ in found)


def _from_before(torn: Torn) -> set[doubt.Row]:
    """Return the doubts of a file that had been mended before, and was damaged again."""
    if not torn.all("SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = 'doubt'"):
        return set()
    try:
        return {(feed, bucket, home) for feed, bucket, home in torn.all("SELECT * FROM doubt")}
    except StoreError:
        return {doubt.of_everything(feed) for feed in Feed}


def _of_buckets(torn: Torn, side: sqlite3.Connection, feed: Feed, partly: frozenset[str]) -> set[doubt.Row]:
    """Compare the sums kept before with those of what was saved.

    Where some of the old sums are gone too, every bucket that has none left counts as wrong if any row may be
    missing; and the blocks are not trusted at all, for nothing proves them whole.
    """
    holes = torn.holes
    select = "SELECT no, total FROM bucket WHERE feed = ? AND no >= ? ORDER BY no"
    kept = {no: int.from_bytes(total) for no, total in torn.rows(select, feed.value)}
    all_kept = torn.holes == holes
    if feed is Feed.BLOCKS and not all_kept:
        return {doubt.of_everything(feed)}
    if all_kept:
        kept = {no: kept.get(no, 0) for no in range(BUCKETS)}
    elif partly & {other(feed), *(table.name for table in tables_of(feed))}:
        kept = {no: kept.get(no, _GONE) for no in range(BUCKETS)}
    counted = sums.load(side, feed)
    return {doubt.of_bucket(feed, no) for no, total in kept.items() if total != counted[no]}


def _of_homes(torn: Torn, side: sqlite3.Connection) -> set[doubt.Row]:
    """Return the homes that lost a present record: where somebody is missing, and where an old record shows one."""
    everything = {doubt.of_everything(Feed.REGISTER)}
    if not {name for _, name, *_ in torn.all("PRAGMA table_info(person)")} >= _PERSON:
        return everything
    holes, homes = torn.holes, set()
    select = "SELECT rk, atena_no, history_no, household_no FROM person WHERE rk >= ? ORDER BY rk"
    for _, atena_no, history_no, home in torn.rows(select):
        newest, stands = side.execute(
            "SELECT max(history_no), household_no FROM resident WHERE atena_no = ?", (atena_no,)
        ).fetchone()
        if newest != history_no:
            homes |= {home, stands} - {None}
    return everything if torn.holes > holes else {doubt.of_home(home) for home in homes}
