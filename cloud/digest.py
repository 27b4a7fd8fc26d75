"""Sums that prove equality, as the head of resources/contract/tables.toml defines them."""

from collections.abc import Iterable, Sequence
from hashlib import blake2b

import msgspec

from cloud.contract import Key, Row

BUCKETS = 4096
PER_MID = 64  # buckets below one middle digest, and middle digests below the root
SIZE = 16
_MODULUS = 1 << 128
_encoder = msgspec.msgpack.Encoder()


def row_digest(key: bytes, table: str, row: Row) -> int:
    """Return the keyed digest of a row as sent, each blob replaced by its own digest."""
    plain = {
        column: blake2b(value, digest_size=32).digest() if isinstance(value, bytes) else value
        for column, value in sorted(row.items())
    }
    hashed = blake2b(_encoder.encode([table, plain]), digest_size=SIZE, key=key)
    return int.from_bytes(hashed.digest(), "big")


def bucket_of(table: str, key: Key) -> int:
    """Return which of the 4,096 buckets a row belongs to."""
    hashed = blake2b(_encoder.encode([table, *key]), digest_size=SIZE).digest()
    return int.from_bytes(hashed[:2], "big") >> 4


def add(digest: bytes, change: int) -> bytes:
    """Return a bucket digest after rows came (positive) or went (negative)."""
    return to_bytes(int.from_bytes(digest, "big") + change)


def to_bytes(total: int) -> bytes:
    """Return a sum modulo 2^128 as 16 bytes, big-endian."""
    return (total % _MODULUS).to_bytes(SIZE, "big")


def mid_of(bucket_digests: bytes) -> bytes:
    """Return the digest over 64 bucket digests, given one after the other."""
    return blake2b(bucket_digests, digest_size=SIZE).digest()


def root_of(mids: Iterable[bytes]) -> bytes:
    """Return the digest over the 64 middle ones."""
    return blake2b(b"".join(mids), digest_size=SIZE).digest()


def blocks_of(sums: Sequence[int]) -> tuple[bytes, ...]:
    """Return the 4,096 sums as 64 blocks of 64 bucket digests, as they are stored."""
    return tuple(
        b"".join(to_bytes(total) for total in sums[start : start + PER_MID])
        for start in range(0, BUCKETS, PER_MID)
    )
