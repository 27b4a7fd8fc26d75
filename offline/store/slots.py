"""The mark beside the ledger: two slots written in turn, after each commit and before the word "accepted".

A flipped frame in the WAL or an old file put back opens without a complaint and shows fewer rows; against the
mark the loss has a name.
"""

import hmac
import os
import struct
from dataclasses import dataclass
from hashlib import blake2b
from pathlib import Path

from client.domain.errors import StoreError
from client.rules.chain import GENESIS
from offline.store import files

MAGIC = b"MDGS"
FORMAT = 1
SLOT = 512
PLACES = (0, 4096)  # apart, so that one torn disk page never takes both
_BODY = struct.Struct(">4sHQQ32sQ32sQ")
_MAC = 16
_SYNC = getattr(os, "fdatasync", os.fsync)  # Windows has no fdatasync
_BINARY = getattr(os, "O_BINARY", 0)


@dataclass(frozen=True, slots=True)
class Mark:
    """How far a ledger has come: commits, the heads of its two chains, the highest serial."""

    commit_no: int = 0
    journal_seq: int = 0
    journal_head: bytes = GENESIS
    outbox_seq: int = 0
    outbox_head: bytes = GENESIS
    serial: int = 0


class Slots:
    """``ledger.slots``, open for writing."""

    def __init__(self, path: Path, ledger_key: bytes) -> None:
        self._path = path
        self._key = blake2b(b"madoguchi slots v1", key=ledger_key, person=b"mdg slots").digest()[:32]
        self._handle: int | None = None
        self.last: Mark | None = None  # the one written last
        self.stale = False  # a mark could not be written: it comes before the next commit

    def open(self) -> Mark | None:
        """Return the newest valid mark; None where there is no file. StoreError where neither slot is valid."""
        if not self._path.exists():
            return None
        try:
            self._handle = os.open(self._path, os.O_RDWR | _BINARY)
            found = [mark for place in PLACES if (mark := self._read(place)) is not None]
        except OSError as error:
            raise files.trouble(error) from error
        if not found:
            raise StoreError("store.ledger_behind", commits=0, serials=0, mark="unreadable")
        return max(found, key=lambda mark: mark.commit_no)

    def create(self, mark: Mark) -> None:
        """Make the file, whole, with both places laid out."""
        self.close()
        content = bytearray(PLACES[-1] + SLOT)
        place = _place_of(mark)
        content[place : place + SLOT] = self._slot(mark)
        files.write_whole(self._path, bytes(content))
        try:
            self._handle = os.open(self._path, os.O_RDWR | _BINARY)
        except OSError as error:
            raise files.trouble(error) from error
        self.last, self.stale = mark, False

    def write(self, mark: Mark) -> None:
        """Write a mark into the older slot and bring it to disk."""
        if self._handle is None:
            raise StoreError("store.no_keys")
        self.stale = True
        try:
            os.lseek(self._handle, _place_of(mark), os.SEEK_SET)
            files.write_all(self._handle, self._slot(mark))
            _SYNC(self._handle)
        except OSError as error:
            raise files.trouble(error) from error
        self.last, self.stale = mark, False

    def close(self) -> None:
        """Close the file."""
        if self._handle is not None:
            os.close(self._handle)
            self._handle = None

    def _read(self, place: int) -> Mark | None:
        if self._handle is None:
            return None
        os.lseek(self._handle, place, os.SEEK_SET)
        content = os.read(self._handle, SLOT)
        body, mac = content[: _BODY.size], content[_BODY.size : _BODY.size + _MAC]
        if len(body) < _BODY.size or not hmac.compare_digest(mac, self._mac(body)):
            return None
        magic, shape, *fields = _BODY.unpack(body)
        return Mark(*fields) if (magic, shape) == (MAGIC, FORMAT) else None

    def _slot(self, mark: Mark) -> bytes:
        body = _BODY.pack(
            MAGIC,
            FORMAT,
            mark.commit_no,
            mark.journal_seq,
            mark.journal_head,
            mark.outbox_seq,
            mark.outbox_head,
            mark.serial,
        )
        return (body + self._mac(body)).ljust(SLOT, b"\0")

    def _mac(self, body: bytes) -> bytes:
        return blake2b(body, key=self._key, digest_size=_MAC).digest()


def _place_of(mark: Mark) -> int:
    return PLACES[mark.commit_no % len(PLACES)]
