"""What a snapshot consists of: the register's rows cut into chunks, packed by column, each sealed under a key of its own.

A chunk ends where a row's key says so, not after so many rows: a row that comes or goes changes the chunk it is in and
no other, and the others keep name and key from snapshot to snapshot.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from hashlib import blake2b, sha256

import msgspec
import sqlalchemy as sa
import zstandard
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from cloud import storage
from cloud.contract import TableContract, tables
from cloud.feeds import series_of

SEAL = "A256GCM"  # how chunks are sealed, as the manifest says it
SERIES = ("core", "history", "seals")  # in the order a terminal wants them
LEAST = 8192  # rows of a chunk; from there on it ends with the first row of bucket 0 (one in 4,096)
MOST = 2 * LEAST
BLOBS = 16  # times fewer rows where there are pictures among them
_PAGE = 4096  # rows asked of the database at once
_LEVEL = 17
_PERSON = b"madoguchi-chunk"
_BOUND = b"madoguchi-chunk-v1"  # what every seal says of itself
_NONCE = bytes(12)  # constant: each key seals one content and never another
_encoder = msgspec.msgpack.Encoder()

Cells = tuple[object, ...]


@dataclass(frozen=True, slots=True)
class Piece:
    """Some rows of a table that travel together."""

    contract: TableContract
    series: str
    rows: list[Cells] = field(repr=False)

    @property
    def table(self) -> str:
        """Return whose rows they are."""
        return self.contract.name

    def packed(self) -> bytes:
        """Return the rows by column, compressed; a column no row has is left out."""
        columns = tuple(self.contract.columns)
        data = [list(column) for column in zip(*self.rows, strict=True)]
        used = [place for place, column in enumerate(data) if any(value is not None for value in column)]
        content = {
            "table": self.table,
            "feed": self.contract.feed,
            "key": self.contract.key,
            "columns": [columns[place] for place in used],
            "data": [data[place] for place in used],
        }
        return zstandard.ZstdCompressor(level=_LEVEL).compress(_encoder.encode(content))


@dataclass(frozen=True, slots=True)
class Sealed:
    """A chunk as it lies on the disk and travels, and the key that opens it."""

    content: bytes = field(repr=False)
    key: bytes = field(repr=False)

    @property
    def name(self) -> str:
        """Return what it is fetched by: the hash of what is fetched."""
        return sha256(self.content).hexdigest()


def seal(secret: bytes, content: bytes) -> Sealed:
    """Seal a content under a key that only this content has: the same content is the same chunk at any time."""
    key = blake2b(content, digest_size=32, key=secret, person=_PERSON).digest()
    return Sealed(AESGCM(key).encrypt(_NONCE, content, _BOUND), key)


def pieces(connection: sa.Connection, municipality: str) -> Iterator[Piece]:
    """Yield all rows of both feeds, series by series."""
    for series in SERIES:
        for contract in tables().values():
            which = _which(contract, series)
            if which is not None:
                for rows in cut(_rows(connection, municipality, contract, which), *_bounds(contract)):
                    yield Piece(contract, series, rows)


def cut(rows: Iterable[tuple[Cells, int]], least: int, most: int) -> Iterator[list[Cells]]:
    """Cut a stream of rows, each with its bucket, where a row of bucket 0 ends a chunk that is long enough."""
    part: list[Cells] = []
    for row, bucket in rows:
        part.append(row)
        if len(part) >= least and (bucket == 0 or len(part) == most):
            yield part
            part = []
    if part:
        yield part


def _bounds(contract: TableContract) -> tuple[int, int]:
    fewer = BLOBS if "blob" in contract.columns.values() else 1
    return max(1, LEAST // fewer), max(1, MOST // fewer)


def _which(contract: TableContract, series: str) -> sa.ColumnElement[bool] | None:
    """Return which rows of a table travel in a series, or None where none does."""
    if contract.name == "resident":
        return {"core": _present(), "history": ~_present()}.get(series)
    return sa.true() if series_of(contract.name) == series else None


def _present() -> sa.ColumnElement[bool]:
    resident, index = storage.rows["resident"], storage.resident_index
    return sa.exists().where(
        index.c.municipality == resident.c.municipality,
        index.c.atena_no == resident.c.atena_no,
        index.c.history_no == resident.c.history_no,
    )


def _rows(
    connection: sa.Connection, municipality: str, contract: TableContract, which: sa.ColumnElement[bool]
) -> Iterator[tuple[Cells, int]]:
    """Yield rows by key, a page at a time: no table stands in memory whole."""
    table = storage.rows[contract.name]
    key = [table.c[name] for name in contract.key]
    query = sa.select(*(table.c[column] for column in contract.columns), table.c.bucket)
    query = query.where(table.c.municipality == municipality, which).order_by(*key).limit(_PAGE)
    places = _places(contract)
    after: sa.ColumnElement[bool] = sa.true()
    while page := [tuple(row) for row in connection.execute(query.where(after))]:
        yield from ((row[:-1], row[-1]) for row in page)
        after = sa.tuple_(*key) > sa.tuple_(*(page[-1][place] for place in places))


def _places(contract: TableContract) -> Sequence[int]:
    return [list(contract.columns).index(name) for name in contract.key]
