"""What a mended replica may not be trusted in until the register has renewed it: buckets, and the homes they touch.

The sums of a mended file tell what is in it; this tells what is missing. The table is there only where a damaged file
was mended, and gone once both feeds have been proved equal again. Until then nothing rests on what it names: a block
that is missing could be anybody's (P08), and a household that lost a member would be a wrong paper (P09).
"""

import sqlite3
from collections.abc import Collection, Iterable

from client.domain.feed import Feed
from client.rules.digest import BUCKETS

Row = tuple[str, int | None, str | None]  # feed; bucket or household; neither: everything


def of_bucket(feed: Feed, bucket: int) -> Row:
    """Return the doubt in a bucket that misses rows."""
    return feed.value, bucket, None


def of_home(household_no: str) -> Row:
    """Return the doubt in a household a row is missing from."""
    return Feed.REGISTER.value, None, household_no


def of_everything(feed: Feed) -> Row:
    """Return the doubt in a feed of which nobody can say what is missing."""
    return feed.value, None, None


def write(connection: sqlite3.Connection, doubts: Iterable[Row]) -> None:
    """Write doubts into a mended file; without any there is no table."""
    found = set(doubts)
    if found:
        connection.execute("CREATE TABLE doubt (feed TEXT NOT NULL, bucket INTEGER, household_no TEXT)")
        connection.executemany("INSERT INTO doubt VALUES (?, ?, ?)", found)


def is_any(connection: sqlite3.Connection) -> bool:
    """Tell whether a file was mended and is not proved equal yet."""
    sql = "SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = 'doubt'"
    return connection.execute(sql).fetchone() is not None


def among(connection: sqlite3.Connection, homes: Collection[str]) -> frozenset[str]:
    """Return the households of some on which nothing may rest: a row of them, or any block, may be missing."""
    if not is_any(connection):
        return frozenset()
    found = connection.execute(
        "SELECT feed, bucket, household_no FROM doubt WHERE feed = ? OR bucket IS NULL", (Feed.BLOCKS.value,)
    )
    doubts = found.fetchall()
    if any(feed == Feed.BLOCKS.value or home is None for feed, _, home in doubts):
        return frozenset(homes)
    return frozenset(homes) & {home for _, _, home in doubts}


def covers(connection: sqlite3.Connection, household_no: str) -> bool:
    """Tell whether nothing may rest on what is here of a household."""
    return bool(among(connection, {household_no}))


def buckets(connection: sqlite3.Connection, feed: Feed) -> frozenset[int]:
    """Return the buckets of a feed that miss rows, or may."""
    if not is_any(connection):
        return frozenset()
    found = connection.execute(
        "SELECT bucket FROM doubt WHERE feed = ? AND household_no IS NULL", (feed.value,)
    )
    numbers = {bucket for (bucket,) in found}
    return frozenset(range(BUCKETS)) if None in numbers else frozenset(numbers)


def end(connection: sqlite3.Connection, feed: Feed) -> None:
    """Take back every doubt in a feed: it was just proved equal to the register."""
    if not is_any(connection):
        return
    connection.execute("DELETE FROM doubt WHERE feed = ?", (feed.value,))
    if connection.execute("SELECT 1 FROM doubt").fetchone() is None:
        connection.execute("DROP TABLE doubt")
