"""Signed manifests and immutable chunks for a first fill, made in the background, old ones kept a while."""

import logging
import shutil
import threading
from collections.abc import Iterator
from hashlib import sha256
from http import HTTPStatus
from pathlib import Path

import msgspec
import sqlalchemy as sa
import zstandard

from cloud import storage
from cloud.clock import Now, stamp
from cloud.contract import TableContract, tables
from cloud.feeds import envelope, series_of
from cloud.keys import TenantKeys, write_private
from cloud.problems import ProblemError
from cloud.register import Register

ROWS_IN_CHUNK = 8192
KEPT = 3  # snapshots: a terminal on a thin line may still be fetching an older one
FAR = 2000  # versions after which a new one is made
_LEVEL = 12
_MANIFEST = "manifest.msgpack"
_WAIT_S = 15
_encoder = msgspec.msgpack.Encoder()
_log = logging.getLogger(__name__)


class Snapshots:
    """The snapshots of one register, in a folder."""

    def __init__(self, register: Register, keys: TenantKeys, folder: Path, now: Now) -> None:
        self._register = register
        self._keys = keys
        self._folder = folder
        self._now = now
        self._making = threading.Lock()

    def manifest(self) -> bytes:
        """Return the newest signed manifest; the first caller waits while it is made, within reason."""
        newest = self._newest()
        if newest is None:
            if not self._making.acquire(timeout=_WAIT_S):
                raise ProblemError(HTTPStatus.SERVICE_UNAVAILABLE, "link.busy", retry_after=5)
            try:
                newest = self._newest() or self._make()
            finally:
                self._making.release()
        return envelope(self._keys, msgspec.msgpack.decode((newest / _MANIFEST).read_bytes()), self._now())

    def chunk(self, name: str) -> Path | None:
        """Return the file of a chunk named by its SHA-256 (hex), or None."""
        if len(name) != sha256().digest_size * 2 or not all(letter in "0123456789abcdef" for letter in name):
            return None
        found = self._folder.glob(f"*/{name}")
        return next(found, None)

    def refresh(self) -> bool:
        """Make a snapshot where there is none or the register has moved far; tells whether it did."""
        with self._making:
            newest = self._newest()
            if newest is not None:
                made = msgspec.msgpack.decode((newest / _MANIFEST).read_bytes())
                with self._register.reading() as connection:
                    moved = sum(
                        self._register.head(connection, feed).version - made[f"{feed}_version"]
                        for feed in ("register", "blocks")
                    )
                if moved < FAR:
                    return False
            self._make()
            return True

    def _newest(self) -> Path | None:
        made = sorted(path.parent for path in self._folder.glob(f"s*/{_MANIFEST}"))
        return made[-1] if made else None

    def _make(self) -> Path:
        """Write one consistent snapshot into a side folder, then give it its name."""
        beside = self._folder / "next"
        shutil.rmtree(beside, ignore_errors=True)
        beside.mkdir(parents=True, mode=0o700)
        with self._register.reading() as connection:
            heads = {feed: self._register.head(connection, feed) for feed in ("register", "blocks")}
            chunks = [
                self._write(beside, table, series, columns, rows)
                for table, series, columns, rows in self._pieces(connection)
            ]
        name = f"s{heads['register'].version:012d}-{heads['blocks'].version:012d}"
        manifest = {
            "snapshot_id": name,
            "register_version": heads["register"].version,
            "blocks_version": heads["blocks"].version,
            "at": stamp(self._now()),
            "register_root": heads["register"].root,
            "blocks_root": heads["blocks"].root,
            "chunks": chunks,
        }
        write_private(beside / _MANIFEST, _encoder.encode(manifest))
        target = self._folder / name
        shutil.rmtree(target, ignore_errors=True)
        beside.replace(target)
        self._forget_old()
        return target

    def _forget_old(self) -> None:
        made = sorted(path.parent for path in self._folder.glob(f"s*/{_MANIFEST}"))
        for old in made[:-KEPT]:
            shutil.rmtree(old)

    def _pieces(
        self, connection: sa.Connection
    ) -> Iterator[tuple[str, str, tuple[str, ...], list[tuple[object, ...]]]]:
        for contract in tables().values():
            if contract.name == "resident":
                present = self._present()
                yield from self._pages(connection, contract, "core", present)
                yield from self._pages(connection, contract, "history", ~present)
            else:
                yield from self._pages(connection, contract, series_of(contract.name), sa.true())

    def _present(self) -> sa.ColumnElement[bool]:
        resident, index = storage.rows["resident"], storage.resident_index
        return sa.exists().where(
            index.c.municipality == resident.c.municipality,
            index.c.atena_no == resident.c.atena_no,
            index.c.history_no == resident.c.history_no,
        )

    def _pages(
        self,
        connection: sa.Connection,
        contract: TableContract,
        series: str,
        which: sa.ColumnElement[bool],
    ) -> Iterator[tuple[str, str, tuple[str, ...], list[tuple[object, ...]]]]:
        table, columns = storage.rows[contract.name], tuple(contract.columns)
        key = [table.c[name] for name in contract.key]
        query = sa.select(*(table.c[column] for column in columns)).order_by(*key).limit(ROWS_IN_CHUNK)
        query = query.where(table.c.municipality == self._register.municipality, which)
        after: sa.ColumnElement[bool] = sa.true()
        while rows := [tuple(row) for row in connection.execute(query.where(after))]:
            yield contract.name, series, columns, rows
            last = [rows[-1][columns.index(name)] for name in contract.key]
            after = sa.tuple_(*key) > sa.tuple_(*last)

    def _write(
        self,
        folder: Path,
        table: str,
        series: str,
        columns: tuple[str, ...],
        rows: list[tuple[object, ...]],
    ) -> dict[str, object]:
        data = [list(column) for column in zip(*rows, strict=True)]
        used = [place for place, column in enumerate(data) if any(value is not None for value in column)]
        packed = _encoder.encode(
            {
                "table": table,
                "columns": [columns[place] for place in used],
                "data": [data[place] for place in used],
            }
        )
        content = zstandard.ZstdCompressor(level=_LEVEL).compress(packed)
        name = sha256(content).hexdigest()
        write_private(folder / name, content)
        return {"sha256": name, "series": series, "table": table, "rows": len(rows), "size": len(content)}


class Upkeep:
    """The thread that makes snapshots while the cloud serves."""

    def __init__(self, snapshots: Snapshots, every_s: float = 30.0) -> None:
        self._snapshots = snapshots
        self._every_s = every_s
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="snapshots", daemon=True)

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def stop(self) -> None:
        """End; a snapshot half made is thrown away at the next start."""
        self._stop.set()

    def _run(self) -> None:
        while not self._stop.is_set():
            try:
                self._snapshots.refresh()
            except (
                OSError,
                sa.exc.SQLAlchemyError,
            ) as error:  # a full disk passes; the old snapshot still serves
                _log.error("no snapshot: %s", type(error).__name__)
            self._stop.wait(self._every_s)
