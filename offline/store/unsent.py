"""``unsent.log``: what the cloud does not have yet, once more, sealed to the cloud alone, so that the terminal's own key
can hand it over with nobody signed in and the ledger shut (P11; decision 28).

Each record is what POST /v1/carried takes, or says of an attachment what POST /v1/attachments asks; who and what it is
about is under the seal. A record is on the disk before the commit of its change; one that is not needed any more is struck
out by a line of its own. What was torn at the end of the file was never called accepted. A record that was damaged later
hides no other behind it, and its bytes are kept.
"""

import os
import struct
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from hashlib import blake2b
from pathlib import Path
from typing import BinaryIO
from uuid import UUID

from client.domain.errors import StoreError
from offline.store import files

FILE, ASIDE = "unsent.log", "unsent.aside"
DAMAGED = "unsent.damaged"  # what could not be read, as it was, once what could be read was handed over
COPY, BESIDE, STRUCK = b"C", b"A", b"X"  # a sealed command, what lies beside one, what is not needed any more
_HEAD = struct.Struct(">4sc16sI16s")  # magic, kind, key, length, sum
_MAGIC = b"MDGU"
_AHEAD = (
    256 * 1024
)  # laid out in zeros beforehand: a record then costs one flush, no change of the file's size
_MOST_DEAD = 1024 * 1024
_MOST = 64 * 1024 * 1024  # bytes of a record that is believed: a wild length fills no memory
_SYNC = getattr(os, "fdatasync", os.fsync)  # Windows has no fdatasync


@dataclass(frozen=True, slots=True)
class Unsent:
    """One that the cloud does not have: the key of a change or an attachment, and what is sent of it."""

    key: str
    kind: bytes
    content: bytes = field(repr=False)

    def record(self) -> bytes:
        """Return it as it stands in the file."""
        key = UUID(self.key).bytes
        total = _sum(self.kind, key, self.content)
        return _HEAD.pack(_MAGIC, self.kind, key, len(self.content), total) + self.content


def read_unsent(folder: Path) -> dict[str, Unsent]:
    """Return by key what is still to be handed over, oldest first; needs no key at all. StoreError."""
    found: dict[str, Unsent] = {}
    for name in (ASIDE, FILE):
        found |= _standing(files.read_whole(folder / name) or b"")
    return found


def is_whole(folder: Path) -> bool:
    """Tell whether all that stands here, or stood when some was handed over, was read. StoreError.

    What is not a whole record was torn as it was written, and never called accepted, or was damaged since.
    """
    return not _unreadable(folder) and not (folder / DAMAGED).exists()


def strike(folder: Path, keys: Collection[str]) -> None:
    """Strike out what was handed over, while no ledger is open: both files become one. StoreError.

    What cannot be read is put by first: it may be the last there is of something accepted.
    """
    if damaged := _unreadable(folder):
        before = files.read_whole(folder / DAMAGED) or b""
        if not before.endswith(damaged):  # a kill between this and the next write leaves it there already
            files.write_whole(folder / DAMAGED, before + damaged)
    left = [one.record() for key, one in read_unsent(folder).items() if key not in keys]
    files.write_whole(folder / FILE, b"".join(left))
    (folder / ASIDE).unlink(missing_ok=True)


class UnsentLog:
    """The file of an open ledger; used on its writing thread alone."""

    def __init__(self, folder: Path) -> None:
        self._path = folder / FILE
        self._handle: int | None = None
        self._sizes: dict[str, int] = {}  # of what stands
        self._end = self._laid_out = 0

    def open(self, wanted: Collection[str], missing: Iterable[Unsent], *, after_loss: bool) -> None:
        """Begin with what the ledger holds unsent: what else stood in the file goes, what it lacked is written. StoreError.

        After a ledger that lost entries was accepted the file is set aside first: it may be the last that is left of them.
        """
        content = files.read_whole(self._path) or b""
        if not after_loss:
            self._path.with_name(DAMAGED).unlink(missing_ok=True)  # the ledger has all of it
        if after_loss and content:
            if damaged := _gaps(content):
                files.write_whole(self._path.with_name(DAMAGED), damaged)
            lost = _standing(files.read_whole(self._path.with_name(ASIDE)) or b"") | _standing(content)
            files.write_whole(self._path.with_name(ASIDE), b"".join(one.record() for one in lost.values()))
        standing = {key: one for key, one in _standing(content).items() if key in wanted}
        self._begin(standing | {one.key: one for one in missing})

    def keep(self, new: Iterable[Unsent]) -> None:
        """Bring some to the disk, before the commit they belong to. StoreError; then none of them counts."""
        given = tuple(new)
        if not given:
            return
        self._append(b"".join(one.record() for one in given), sync=True)
        self._sizes |= {one.key: len(one.content) for one in given}

    def strike(self, keys: Iterable[str], *, sync: bool = False) -> None:
        """Strike out what is not needed any more; ``sync``: what must not be sent again after a power cut. StoreError."""
        gone = [key for key in keys if self._sizes.pop(key, None) is not None]
        if not gone or self._handle is None:
            return
        self._append(b"".join(Unsent(key, STRUCK, b"").record() for key in gone), sync=sync)
        if self._end - sum(self._sizes.values()) > _MOST_DEAD + sum(self._sizes.values()):
            content = files.read_whole(self._path) or b""
            standing = _standing(content)
            self._begin({key: standing[key] for key in self._sizes})

    def standing(self, wanted: Collection[str]) -> set[str]:
        """Return which of some keys stand in the file on the disk."""
        return {key for key in _standing(files.read_whole(self._path) or b"") if key in wanted}

    def close(self) -> None:
        """Close the file."""
        if self._handle is not None:
            os.close(self._handle)
            self._handle = None

    def _begin(self, standing: Mapping[str, Unsent]) -> None:
        content = b"".join(one.record() for one in standing.values())
        files.write_whole(self._path, content + bytes(_AHEAD))  # until it stands the old one is gone on with
        self.close()
        try:
            self._handle = os.open(self._path, os.O_RDWR | getattr(os, "O_BINARY", 0))
        except OSError as error:
            raise files.trouble(error) from error
        self._sizes = {one.key: len(one.content) for one in standing.values()}
        self._end, self._laid_out = len(content), len(content) + _AHEAD

    def _append(self, content: bytes, *, sync: bool) -> None:
        if self._handle is None:
            raise StoreError("store.no_keys")
        end, ahead = self._end + len(content), 0
        if end > self._laid_out:
            ahead, sync = _AHEAD, True
        try:
            os.lseek(self._handle, self._end, os.SEEK_SET)
            files.write_all(self._handle, content + bytes(ahead))
            if sync:
                _SYNC(self._handle)
        except OSError as error:
            raise files.trouble(error) from error
        self._end, self._laid_out = end, max(self._laid_out, end + ahead)


def _standing(content: bytes) -> dict[str, Unsent]:
    """Return what stands in a file's content by key."""
    found: dict[str, Unsent] = {}
    for _, _, one in _records(content):
        found.pop(one.key, None)
        if one.kind != STRUCK:
            found[one.key] = one
    return found


def _unreadable(folder: Path) -> bytes:
    return b"".join(_gaps(files.read_whole(folder / name) or b"") for name in (ASIDE, FILE))


def _gaps(content: bytes) -> bytes:
    """Return what stands between whole records, before and behind them; zeros are the room that was laid out."""
    left, last = list[bytes](), 0
    for begins, ends, _ in _records(content):
        left.append(content[last:begins])
        last = ends
    left.append(content[last:].rstrip(b"\0"))
    return b"".join(left)


def _records(content: bytes) -> Iterator[tuple[int, int, Unsent]]:
    """Yield each whole record with where it begins and ends; behind one that is not whole the next is looked for."""
    at = 0
    while 0 <= at <= len(content) - _HEAD.size:
        magic, kind, key, length, total = _HEAD.unpack_from(content, at)
        ends = at + _HEAD.size + length
        body = content[at + _HEAD.size : ends]
        if magic == _MAGIC and len(body) == length and _sum(kind, key, body) == total:
            yield at, ends, Unsent(str(UUID(bytes=key)), kind, body)
            at = ends
        else:
            at = content.find(_MAGIC, at + 1)


def records_in(file: BinaryIO) -> Iterator[tuple[int, Unsent]]:
    """Yield each whole record from here on with the place of its content; ends where one is not whole. OSError."""
    while len(head := file.read(_HEAD.size)) == _HEAD.size:
        magic, kind, key, length, total = _HEAD.unpack(head)
        if magic != _MAGIC or length > _MOST:
            return
        begins, body = file.tell(), file.read(length)
        if len(body) != length or _sum(kind, key, body) != total:
            return
        yield begins, Unsent(str(UUID(bytes=key)), kind, body)


def _sum(kind: bytes, key: bytes, content: bytes) -> bytes:
    return blake2b(kind + key + content, digest_size=16, person=b"mdg unsent").digest()
