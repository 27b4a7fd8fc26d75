"""Rows by column: a chunk of a snapshot unsealed, and rows another terminal packed the same way."""

from typing import Annotated, TypeAlias

import msgspec
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from client.domain.errors import LinkDownError
from client.domain.feed import Chunk, ChunkRows, Feed
from client.rules.unpack import LARGEST, column, decoded, insist, unpacked

_SEAL_BOUND = b"madoguchi-chunk-v1"
_SEAL_NONCE = bytes(12)  # each key seals one chunk and never another
_ROW_MOST = 65_536  # bytes a row of a chunk may have on the average, unpacked
_Names: TypeAlias = Annotated[list[str], msgspec.Meta(max_length=1000)]


class _ChunkRows(msgspec.Struct):
    table: str
    columns: _Names
    data: list[msgspec.Raw]
    feed: str | None = None
    key: list[str] = []


def read_chunk(sealed: bytes, chunk: Chunk, most: int = LARGEST) -> ChunkRows:
    """Unseal and read a chunk whose hash was checked. LinkDownError ``link.fault``."""
    try:
        packed = AESGCM(chunk.key).decrypt(_SEAL_NONCE, sealed, _SEAL_BOUND)
    except (InvalidTag, ValueError):  # another key, or shorter than a tag
        raise LinkDownError("link.fault") from None
    rows = read_rows(packed, min(most, _ROW_MOST * (chunk.rows + 1)))
    insist(rows.table == chunk.table and all(len(values) == chunk.rows for values in rows.data))
    return rows


def read_rows(packed: bytes, most: int = LARGEST) -> ChunkRows:
    """Read rows packed by column, never more than so many bytes of them. LinkDownError ``link.fault``."""
    rows = decoded(_ChunkRows, unpacked(packed, most))
    insist(len(rows.data) == len(rows.columns) == len(set(rows.columns)))
    data = tuple(map(column, rows.data))
    insist(len({len(values) for values in data}) <= 1)
    feed = next((one for one in Feed if one.value == rows.feed), None)
    return ChunkRows(rows.table, tuple(rows.columns), data, feed, tuple(rows.key))
