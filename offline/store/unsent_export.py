"""What is unsent, written out with no key at all: every record is sealed to the cloud alone, as on the disk (decision 33).

A file of records as in ``unsent.log``: a head that says whose it is, the copies of changes, what lies beside them with its
sealed bytes in pieces, and an end without which the file is torn. Nothing is taken away by writing it.
"""

import os
from collections.abc import Callable, Collection, Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import BinaryIO
from uuid import UUID

import msgspec

from client.domain.attachment import Attachment, CarriedAttachment
from client.domain.errors import RefusedError, StoreError
from client.domain.terminal import TerminalFacts
from client.jobs.hand_over_unsent import SealedCopy
from offline.store.attachment_files import SealedFiles
from offline.store.files import open_own, read_whole, sync_folder, trouble, write_all, write_whole
from offline.store.unsent import BESIDE, COPY, Unsent, read_unsent, records_in
from offline.store.unsent_copies import attachment_of, carried_of

MAGIC = b"MADOGUCHI-UNSENT-1\n"
EXPORTED = (
    "unsent.exported"  # which keys stand in an export: whoever takes the program off asks for the rest alone
)
_HEAD, _PIECE, _END = b"H", b"P", b"E"
_NOBODY = str(UUID(int=0))
_PIECE_BYTES = 1_048_576


@dataclass(frozen=True, slots=True)
class Written:
    """What stands in an export, and how many attachments could not be read from the disk."""

    changes: int
    attachments: int
    lost: int


class Head(msgspec.Struct, frozen=True):
    """Whose export it is, and when it was made."""

    municipality: str
    environment: str
    terminal_no: str
    made_at: datetime


def write_export(
    path: Path, folder: Path, facts: TerminalFacts, environment: str, now: Callable[[], datetime]
) -> Written:
    """Write what a shut terminal has unsent to a new file, and note that it was. StoreError; then there is no file."""
    unsent = read_unsent(folder)
    sealed = SealedFiles(folder / "attachments", facts, now)
    draft = path.with_name(path.name + ".new")
    lost = 0
    try:
        handle = open_own(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | getattr(os, "O_BINARY", 0))
        try:
            head = Head(facts.municipality_code, environment, facts.terminal_no, now())
            write_all(handle, MAGIC + Unsent(_NOBODY, _HEAD, msgspec.json.encode(head)).record())
            for one in unsent.values():
                content = b""
                if one.kind == BESIDE:
                    try:
                        content = sealed.content(attachment_of(one))
                    except StoreError as error:
                        if error.code != "store.attachment_lost":
                            raise
                        lost += 1
                        continue
                write_all(handle, one.record())
                for begins in range(0, len(content), _PIECE_BYTES):
                    piece = content[begins : begins + _PIECE_BYTES]
                    write_all(handle, Unsent(one.key, _PIECE, piece).record())
            write_all(handle, Unsent(_NOBODY, _END, b"").record())
            os.fsync(handle)
        finally:
            os.close(handle)
        os.replace(draft, path)
        sync_folder(path.parent)
    except OSError as error:
        raise trouble(error) from error
    finally:
        with suppress(OSError):
            draft.unlink(missing_ok=True)
    note_exported(folder, unsent)
    changes = sum(one.kind == COPY for one in unsent.values())
    return Written(changes, len(unsent) - changes - lost, lost)


def note_exported(folder: Path, keys: Collection[str]) -> None:
    """Note that what stands in the folder under some keys was written out. StoreError."""
    write_whole(folder / EXPORTED, "".join(f"{key}\n" for key in sorted(keys)).encode())


def not_exported(folder: Path) -> int:
    """Return how many changes and attachments lie here that neither the cloud nor an export has. StoreError."""
    noted = (read_whole(folder / EXPORTED) or b"").decode("ascii", "replace").split()
    return len(set(read_unsent(folder)) - set(noted))


def is_export(path: Path) -> bool:
    """Tell whether a file is such an export. RefusedError ``bundle.unreadable``."""
    try:
        with path.open("rb") as file:
            return file.read(len(MAGIC)) == MAGIC
    except OSError as error:
        raise RefusedError("bundle.unreadable") from error


class SealedExport:
    """An export that lies somewhere, read whole once; fulfils the port ``UnsentFiles``. It stays as it is."""

    def __init__(self, path: Path) -> None:
        """Read it. RefusedError ``bundle.unreadable``, ``bundle.torn``."""
        self._path = path
        self._copies: list[SealedCopy] = []
        self._beside: dict[str, CarriedAttachment] = {}
        self._pieces: dict[str, list[tuple[int, int]]] = {}  # where in the file, and how long
        self._struck: set[str] = set()
        try:
            with path.open("rb") as file:
                self.head = self._read(file)
        except OSError as error:
            raise RefusedError("bundle.unreadable") from error
        except (msgspec.MsgspecError, StoreError) as error:
            raise RefusedError("bundle.torn") from error

    def _read(self, file: BinaryIO) -> Head:
        if file.read(len(MAGIC)) != MAGIC:
            raise RefusedError("bundle.torn")
        head, ended = None, False
        for begins, one in records_in(file):
            ended = one.kind == _END
            if one.kind == _HEAD:
                head = msgspec.json.decode(one.content, type=Head)
            elif one.kind == COPY:
                self._copies.append(SealedCopy(one.key, one.content))
            elif one.kind == BESIDE:
                self._beside[one.key] = carried_of(one)
            elif one.kind == _PIECE:
                self._pieces.setdefault(one.key, []).append((begins, len(one.content)))
        if head is None or not ended:
            raise RefusedError("bundle.torn")
        return head

    @property
    def named_in(self) -> dict[str, str]:
        """Return by attachment the change that names it: another terminal brings it by that name."""
        return {key: one.named_in for key, one in self._beside.items()}

    async def copies(self) -> tuple[SealedCopy, ...]:
        """Return changes, oldest first."""
        return tuple(copy for copy in self._copies if copy.key not in self._struck)

    async def attachments(self) -> tuple[Attachment, ...]:
        """Return what lies beside them."""
        return tuple(one.attachment for key, one in self._beside.items() if key not in self._struck)

    async def is_whole(self, attachment: Attachment) -> bool:
        """Tell whether all of its bytes are in the file: each piece's sum was looked at as it was read."""
        return sum(length for _, length in self._pieces.get(attachment.key, ())) == attachment.size

    async def read(self, attachment: Attachment, begins: int, length: int) -> bytes:
        """Return some of its sealed bytes. StoreError where the stick is gone."""
        try:
            with self._path.open("rb") as file:
                return b"".join(self._some(file, attachment.key, begins, begins + length))
        except OSError as error:
            raise trouble(error) from error

    async def strike(self, keys: Collection[str]) -> None:
        """Hear what the cloud has; the file stays, and may be brought again."""
        self._struck |= set(keys)

    def _some(self, file: BinaryIO, key: str, begins: int, ends: int) -> Iterator[bytes]:
        at = 0
        for place, length in self._pieces[key]:
            first, last = max(begins - at, 0), min(ends - at, length)
            if first < last:
                file.seek(place + first)
                yield file.read(last - first)
            at += length
