"""Signed manifests and sealed, immutable chunks for a first fill: made in the background, old ones kept a while.

A snapshot is a folder that gets its name when it is whole. Nothing in it can be read without the tenant's secret: chunks
are sealed, and so is the manifest, which holds their keys.
"""

import logging
import os
import shutil
import threading
from collections.abc import Callable, Iterable
from datetime import datetime, timedelta
from hashlib import blake2b, sha256
from http import HTTPStatus
from itertools import islice, pairwise
from pathlib import Path
from typing import Any, BinaryIO

import msgspec
import sqlalchemy as sa
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from cloud import chunks
from cloud.clock import Now, read_stamp, stamp
from cloud.contract import FEEDS
from cloud.feeds import envelope
from cloud.folder_lock import alone_in
from cloud.keys import TenantKeys, write_private
from cloud.parcels import parcel
from cloud.problems import ProblemError
from cloud.register import Register
from cloud.revocations import RevocationList

KEPT = 3  # snapshots at least
KEPT_FOR = timedelta(days=3)  # after a newer one is there: a terminal on a thin line may still be fetching
FAR = 2000  # versions after which a new one is made
EVERY = timedelta(hours=1)  # at most; with KEPT_FOR it bounds how many lie on the disk
_MANIFEST = "manifest.sealed"
_WAIT_S = 10  # for the very first one; a small town's is made long before
_WAITING = 4  # callers: others hear at once that it is being made, so that other calls find a thread
_RETRY_S = 5
_NONCE_SIZE = 12
_NAME_SIZE = sha256().digest_size * 2
_encoder = msgspec.msgpack.Encoder()
_log = logging.getLogger(__name__)

Manifest = dict[str, Any]


class Snapshots:
    """The snapshots of one register, in a folder that several processes may share."""

    def __init__(
        self, register: Register, keys: TenantKeys, folder: Path, now: Now, *, kept_for: timedelta = KEPT_FOR
    ) -> None:
        self._register = register
        self._keys = keys
        self._folder = folder
        self._now = now
        self._waiting = threading.BoundedSemaphore(_WAITING)
        self._starting = threading.Lock()
        self._maker: threading.Thread | None = None
        self.kept_for = kept_for

    def manifest(self, begun: str = "") -> bytes:
        """Return the signed manifest of a snapshot a terminal has begun with, where it is still kept, or the newest.

        Where there is none yet, it is made, and waited for within reason.
        """
        return envelope(self._keys, self._read(self._chosen(begun)), self._now())

    def manifest_parcel(self, begun: str = "") -> bytes:
        """Return the same with the keys of its chunks sealed: for whoever keeps and carries what they cannot read."""
        made, now = self._read(self._chosen(begun)), self._now()
        chunks = [[bytes.fromhex(one["sha256"]), one["size"]] for one in made["chunks"]]
        names = "snapshot_id", "at", "register_version", "blocks_version"
        return parcel(self._keys, "snapshot", [*(made[name] for name in names), chunks], made, now)

    def _chosen(self, begun: str) -> Path:
        made = {path.name: path for path in self._made()}
        return made.get(begun) or self._newest() or self._first()

    def open_chunk(self, name: str) -> BinaryIO | None:
        """Return the open file of a chunk named by its SHA-256 (hex), or None; open, it outlives its snapshot."""
        if len(name) != _NAME_SIZE or not all(letter in "0123456789abcdef" for letter in name):
            return None
        for path in self._folder.glob(f"s*/{name}"):
            if (path.parent / _MANIFEST).exists():
                try:
                    return path.open("rb")
                except FileNotFoundError:  # removed this very moment; a younger snapshot may have it too
                    continue
        return None

    def refresh(self) -> bool:
        """Make a snapshot where there is none or the register has moved far; tells whether it did."""
        with alone_in(self._folder):
            self._tidy()
            due = self._is_due()
            if due:
                self._make()
            self._forget_old()
            return due

    def oldest(self) -> dict[str, int] | None:
        """Return the versions the oldest snapshot kept stands for: the change log must reach back to them."""
        made = self._made()
        manifest = self._read(made[0]) if made else None
        return manifest and {feed: manifest[f"{feed}_version"] for feed in FEEDS}

    def _first(self) -> Path:
        if self._waiting.acquire(blocking=False):
            try:
                self._making().join(_WAIT_S)
            finally:
                self._waiting.release()
        newest = self._newest()
        if newest is None:
            raise ProblemError(HTTPStatus.SERVICE_UNAVAILABLE, "link.busy", retry_after=_RETRY_S)
        return newest

    def _making(self) -> threading.Thread:
        """Return the thread that makes the first one; it goes on when whoever asked has gone."""
        with self._starting:
            if self._maker is None or not self._maker.is_alive():
                self._maker = threading.Thread(target=self.try_to_refresh, name="snapshot", daemon=True)
                self._maker.start()
            return self._maker

    def try_to_refresh(self) -> None:
        """Refresh; a full disk or a database that is away passes, and the old snapshot still serves."""
        try:
            self.refresh()
        except (OSError, sa.exc.SQLAlchemyError) as error:
            _log.error("no snapshot: %s", type(error).__name__)

    def _is_due(self) -> bool:
        newest = self._newest()
        if newest is None:
            return True
        made = self._read(newest)
        with self._register.reading() as connection:
            moved = [
                self._register.head(connection, feed).version - made[f"{feed}_version"] for feed in FEEDS
            ]
        if min(moved) < 0:
            return True  # the register was restored from its backup: this one is ahead of it
        return sum(moved) >= FAR and self._now() - read_stamp(made["at"]) >= EVERY

    def _made(self) -> list[Path]:
        return sorted(path.parent for path in self._folder.glob(f"s*/{_MANIFEST}"))

    def _newest(self) -> Path | None:
        made = self._made()
        return made[-1] if made else None

    def _make(self) -> None:
        """Write one consistent snapshot into a side folder, then give it its name."""
        beside = self._folder / "next"
        beside.mkdir(mode=0o700)
        before, at = self._newest(), self._now()
        with self._register.reading() as connection:
            heads = {feed: self._register.head(connection, feed) for feed in FEEDS}
            manifest: Manifest = {
                **{f"{feed}_version": head.version for feed, head in heads.items()},
                **{f"{feed}_root": head.root for feed, head in heads.items()},
                "seal": chunks.SEAL,
                "chunks": [
                    self._write(beside, before, piece)
                    for piece in chunks.pieces(connection, self._register.municipality)
                ],
            }
        number = 1 if before is None else _number(before) + 1
        content = blake2b(_encoder.encode(manifest), digest_size=8).hexdigest()
        name = f"s{number:08d}-{at:%Y%m%dT%H%M%SZ}-{content}"
        manifest |= {"snapshot_id": name, "at": stamp(at)}
        write_private(beside / _MANIFEST, self._sealed(manifest))
        beside.replace(self._folder / name)

    def _write(self, folder: Path, before: Path | None, piece: chunks.Piece) -> dict[str, object]:
        sealed = chunks.seal(self._keys.chunk, piece.packed())
        if before is None or not _linked(before / sealed.name, folder / sealed.name, sealed.content):
            write_private(folder / sealed.name, sealed.content)
        return {
            "sha256": sealed.name,
            "key": sealed.key,
            "series": piece.series,
            "table": piece.table,
            "rows": len(piece.rows),
            "size": len(sealed.content),
        }

    def _tidy(self) -> None:
        """Remove what a crash, an older program or another secret left: whatever is no snapshot of ours."""
        for path in self._folder.iterdir():
            if path.is_dir() and not self._is_ours(path):
                shutil.rmtree(path)

    def _is_ours(self, folder: Path) -> bool:
        try:
            self._read(folder)
        except (FileNotFoundError, InvalidTag, ValueError):
            return False
        return True

    def _forget_old(self) -> None:
        made = self._made()
        for old, younger in islice(pairwise(made), max(0, len(made) - KEPT)):
            if self._now() - _made_at(younger) > self.kept_for:
                gone = self._folder / "gone"
                old.replace(gone)  # at once, so that no half of it is found
                shutil.rmtree(gone)

    def _sealed(self, manifest: Manifest) -> bytes:
        nonce = os.urandom(_NONCE_SIZE)
        return nonce + AESGCM(self._keys.chunk).encrypt(nonce, _encoder.encode(manifest), _MANIFEST.encode())

    def _read(self, snapshot: Path) -> Manifest:
        sealed = (snapshot / _MANIFEST).read_bytes()
        content = AESGCM(self._keys.chunk).decrypt(
            sealed[:_NONCE_SIZE], sealed[_NONCE_SIZE:], _MANIFEST.encode()
        )
        manifest: Manifest = msgspec.msgpack.decode(content)
        return manifest


def _number(snapshot: Path) -> int:
    return int(snapshot.name.split("-")[0].removeprefix("s"))


def _made_at(snapshot: Path) -> datetime:
    return read_stamp(snapshot.name.split("-")[1])


def _linked(old: Path, new: Path, content: bytes) -> bool:
    """Give an unchanged chunk of the snapshot before a second name; False where that cannot be."""
    try:
        if old.read_bytes() != content:  # rotten on the disk: the new one is not to be
            return False
        os.link(old, new)
    except OSError:  # not there, or a file system without such names
        return False
    return True


class Upkeep:
    """The thread that makes anew in time what every town gives out: its snapshots, and its list of revocations."""

    def __init__(
        self, towns: Callable[[], Iterable[tuple[Snapshots, RevocationList]]], every_s: float = 30.0
    ) -> None:
        self._towns = towns
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
            for snapshots, crl in self._towns():
                snapshots.try_to_refresh()
                _renew(crl)
            self._stop.wait(self._every_s)


def _renew(crl: RevocationList) -> None:
    try:
        crl.refresh()
    except (OSError, sa.exc.SQLAlchemyError) as error:  # the old list is good for some days yet
        _log.error("no list of revocations: %s", type(error).__name__)
