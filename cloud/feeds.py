"""What a replica follows: signed batches of whole versions, digests, and rows of named buckets."""

import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from http import HTTPStatus

import msgspec
import sqlalchemy as sa
import zstandard

from cloud import database, differences, digest, storage, touches
from cloud.clock import Now, stamp
from cloud.contract import FEEDS, tables, tables_of
from cloud.keys import TenantKeys
from cloud.parcels import parcel
from cloud.problems import ProblemError, malformed, not_found
from cloud.register import Head, Register

CONTEXT = b"madoguchi-feed-v1\n"
MOST_CHANGES = 5000
_encoder = msgspec.msgpack.Encoder()
_LEVEL = 9  # best bytes per millisecond for rows of names


def envelope(keys: TenantKeys, body: object, now: datetime) -> bytes:
    """Return a body packed, compressed and signed by the tenant's feed key in force."""
    packed = zstandard.ZstdCompressor(level=_LEVEL).compress(_encoder.encode(body))
    key = keys.feed_at(now)
    signature = key.private.sign(CONTEXT + packed)
    return _encoder.encode({"body": packed, "key_id": key.key_id, "signature": signature})


class Feeds:
    """The two feeds of a register, ready for the wire."""

    def __init__(self, register: Register, keys: TenantKeys, now: Now) -> None:
        self._register = register
        self._keys = keys
        self._now = now

    def batch(self, feed: str, after: int, limit: int) -> bytes:
        """Return the changes after a version: whole versions, about ``limit`` rows of them."""
        _known(feed)
        with database.glancing(self._register.engine) as connection:
            head = self._register.head(connection, feed)
        if after == head.version:  # as nearly all who ask are told, every ten seconds
            return self._nothing_new(feed, head)
        with self._register.reading() as connection:
            head = self._register.head(connection, feed)
            if after > head.version:
                raise ProblemError(HTTPStatus.CONFLICT, "feed.ahead", head=head.version)
            if after < head.log_from:
                raise ProblemError(HTTPStatus.GONE, "feed.too_old", log_from=head.log_from)
            to = self._end(connection, feed, after, min(limit, MOST_CHANGES), head)
            body = {
                "feed": feed,
                "after": after,
                "to": to,
                "head": head.version,
                "at": stamp(self._now()),
                "root": self._root_at(connection, feed, to),
                "changes": self._changes(connection, feed, after, to),
            }
        return envelope(self._keys, body, self._now())

    def heads(self) -> dict[str, int]:
        """Return the newest version of each feed."""
        with database.glancing(self._register.engine) as connection:
            return {feed: self._register.head(connection, feed).version for feed in FEEDS}

    def parcels(self, after: Mapping[str, int], limit: int) -> bytes:
        """Return for each feed asked about what came after a version, sealed and signed; or why that cannot be told."""
        return _encoder.encode([self._parcel(feed, after[feed], limit) for feed in FEEDS if feed in after])

    def _parcel(self, feed: str, after: int, limit: int) -> object:
        with self._register.reading() as connection:
            head = self._register.head(connection, feed)
            if after > head.version:
                return {"feed": feed, "code": "feed.ahead", "head": head.version}
            if after < head.log_from:
                return {"feed": feed, "code": "feed.too_old", "log_from": head.log_from}
            to, root, changes = head.version, head.root, None
            if after < head.version:
                to = self._end(connection, feed, after, min(limit, MOST_CHANGES), head)
                root = self._root_at(connection, feed, to)
                changes = differences.told(connection, self._register, feed, after, to)
        now = self._now()
        clear: list[object] = [feed, after, to, head.version, stamp(now), root]
        return msgspec.Raw(parcel(self._keys, "batch", clear, changes, now))

    def _nothing_new(self, feed: str, head: Head) -> bytes:
        place = {"feed": feed, "after": head.version, "to": head.version, "head": head.version}
        body = place | {"at": stamp(self._now()), "root": head.root, "changes": []}
        return envelope(self._keys, body, self._now())

    def digest(self, feed: str) -> bytes:
        """Return root and middle digests of a feed at its head."""
        _known(feed)
        with self._register.reading() as connection:
            body = self._stand(connection, feed) | {"mids": self._register.mids(connection, feed)}
        return envelope(self._keys, body, self._now())

    def buckets(self, feed: str, mids: Sequence[int]) -> bytes:
        """Return the bucket digests below some of the 64."""
        _known(feed)
        if not all(0 <= mid < digest.PER_MID for mid in mids):
            raise malformed("a middle digest is 0 to 63")
        with self._register.reading() as connection:
            found = [
                pair
                for mid in sorted(set(mids))
                for pair in self._register.bucket_sums(connection, feed, mid)
            ]
            body = {"feed": feed, "version": self._register.head(connection, feed).version, "buckets": found}
        return envelope(self._keys, body, self._now())

    def rows(self, feed: str, buckets: Sequence[int]) -> bytes:
        """Return every row of some buckets as it stands."""
        _known(feed)
        if not all(0 <= bucket < digest.BUCKETS for bucket in buckets):
            raise malformed("a bucket is 0 to 4095")
        with self._register.reading() as connection:
            changes = [
                [table.name, list(table.key_of(row)), row]
                for table in tables_of(feed)
                for row in self._register.rows(
                    connection, table.name, storage.rows[table.name].c.bucket.in_(sorted(set(buckets)))
                )
            ]
            body = self._stand(connection, feed) | {"changes": changes}
        return envelope(self._keys, body, self._now())

    def touches(self, feed: str, asked: Sequence[touches.Rested]) -> bytes:
        """Return what was registered of some residents between a version and a moment."""
        _known(feed)
        with self._register.reading() as connection:
            stand = self._stand(connection, feed)
            found = touches.told(connection, self._register, feed, asked)
        body = {"feed": feed, "version": stand["version"], "at": stand["at"], "touches": found}
        return envelope(self._keys, body, self._now())

    def _stand(self, connection: sa.Connection, feed: str) -> dict[str, object]:
        head = self._register.head(connection, feed)
        return {"feed": feed, "version": head.version, "at": stamp(self._now()), "root": head.root}

    def _end(self, connection: sa.Connection, feed: str, after: int, limit: int, head: Head) -> int:
        """Return the version a batch ends with: the last that fits whole, and at least one."""
        log = storage.change_log
        query = sa.select(log.c.version, sa.func.count()).where(
            log.c.municipality == self._register.municipality, log.c.feed == feed, log.c.version > after
        )
        query = query.group_by(log.c.version).order_by(log.c.version).limit(limit + 1)
        total, to, full = 0, after, False
        for version, count in connection.execute(query):
            full = to > after and total + count > limit
            if full:
                break
            total, to = total + count, version
        return to if full or total >= limit else head.version

    def _root_at(self, connection: sa.Connection, feed: str, version: int) -> bytes:
        past = storage.feed_version
        query = sa.select(past.c.root).where(
            past.c.municipality == self._register.municipality,
            past.c.feed == feed,
            past.c.version == version,
        )
        root: bytes = connection.execute(query).scalar_one()
        return root

    def _changes(self, connection: sa.Connection, feed: str, after: int, to: int) -> list[list[object]]:
        """Return the last state of each row touched, in the order of its last touch."""
        log = storage.change_log
        query = sa.select(log.c.table_name, log.c.row_key, log.c.body).where(
            log.c.municipality == self._register.municipality,
            log.c.feed == feed,
            log.c.version > after,
            log.c.version <= to,
        )
        last: dict[tuple[str, str], bytes | None] = {}
        for name, key, body in connection.execute(query.order_by(log.c.version, log.c.seq)):
            last.pop((name, key), None)
            last[name, key] = body
        return [
            [name, json.loads(key), None if body is None else msgspec.msgpack.decode(body)]
            for (name, key), body in last.items()
        ]


def _known(feed: str) -> None:
    if feed not in FEEDS:
        raise not_found()


def series_of(table: str) -> str:
    """Return the snapshot series a table's present rows travel in."""
    return "seals" if "blob" in tables()[table].columns.values() else "core"
