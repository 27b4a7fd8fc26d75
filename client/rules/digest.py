"""Sums that prove two copies of a feed equal (resources/contract/tables.toml, the head of the file).

row → bucket (a sum modulo 2^128, so rows may come in any order) → 64 middle digests → root. Taking a row out
is subtracting its digest; a version costs no more than the rows it touches.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from hashlib import blake2b

import msgspec

BUCKETS = 4096
MIDS = 64
SIZE = 16  # bytes of a digest
_WRAP = 1 << 128
_PER_MID = BUCKETS // MIDS

_BLOBS = frozenset({bytes, bytearray, memoryview})

_encode = msgspec.msgpack.Encoder().encode


def row_digest(key: bytes, table: str, row: Mapping[str, object]) -> int:
    """Return a row's digest under the tenant's key; a column without a value counts as absent."""
    columns = {name: _plain(row[name]) for name in sorted(row) if row[name] is not None}
    return int.from_bytes(blake2b(_encode([table, columns]), digest_size=SIZE, key=key).digest())


def digests_by_column(key: bytes, table: str, columns: Mapping[str, Sequence[object]]) -> Iterator[bytes]:
    """Yield the digests of many rows given column by column, 16 bytes each; None where a row has no value."""
    names = sorted(columns)
    rows = zip(*(_plain_column(columns[name]) for name in names), strict=True)
    begun = blake2b(digest_size=SIZE, key=key)
    for values in rows:
        row = {name: value for name, value in zip(names, values, strict=True) if value is not None}
        one = begun.copy()
        one.update(_encode([table, row]))
        yield one.digest()


def bucket_of(table: str, key: Sequence[str | int]) -> int:
    """Return which of the 4,096 buckets a row belongs to, by its primary key."""
    first = blake2b(_encode([table, *key]), digest_size=SIZE).digest()
    return first[0] << 4 | first[1] >> 4


def plus(total: int, digest: int) -> int:
    """Add a row to a bucket's sum."""
    return (total + digest) % _WRAP


def minus(total: int, digest: int) -> int:
    """Take a row out of a bucket's sum."""
    return (total - digest) % _WRAP


def bucket_bytes(total: int) -> bytes:
    """Return a bucket's digest, 16 bytes big-endian; an empty bucket is 16 zero bytes."""
    return (total % _WRAP).to_bytes(SIZE)


def mid_of(sums: Sequence[int]) -> bytes:
    """Return the middle digest over 64 neighbouring bucket sums."""
    return mid_over([bucket_bytes(total) for total in sums])


def mid_over(buckets: Sequence[bytes]) -> bytes:
    """Return the middle digest over 64 neighbouring bucket digests."""
    if len(buckets) != _PER_MID:
        raise ValueError("64 buckets make a middle digest")
    return _over(buckets)


def mids_of(sums: Sequence[int]) -> tuple[bytes, ...]:
    """Return the 64 middle digests over all 4,096 bucket sums."""
    if len(sums) != BUCKETS:
        raise ValueError("a feed has 4,096 buckets")
    return tuple(mid_of(sums[at : at + _PER_MID]) for at in range(0, BUCKETS, _PER_MID))


def root_of(mids: Sequence[bytes]) -> bytes:
    """Return the root over the 64 middle digests."""
    if len(mids) != MIDS:
        raise ValueError("a feed has 64 middle digests")
    return _over(mids)


def buckets_below(mid: int) -> range:
    """Return the numbers of the buckets below a middle digest."""
    return range(mid * _PER_MID, (mid + 1) * _PER_MID)


def mid_above(bucket: int) -> int:
    """Return the number of the middle digest above a bucket."""
    return bucket // _PER_MID


def _over(digests: Iterable[bytes]) -> bytes:
    return blake2b(b"".join(digests), digest_size=SIZE).digest()


def _plain_column(values: Sequence[object]) -> Sequence[object]:
    has_blobs = not _BLOBS.isdisjoint(map(type, values))
    return [_plain(value) for value in values] if has_blobs else values


def _plain(value: object) -> object:
    if isinstance(value, bytes | bytearray | memoryview):
        return blake2b(value, digest_size=32).digest()
    return value
