"""Attachments on the disk: sealed to the cloud in memory, written whole, named by key alone, opened by nobody here.

What is read stays in memory until it is sealed, one at a time; neither the source's name nor a byte of its content is
written anywhere in the clear.
"""

import asyncio
import os
import stat
from collections.abc import Callable, Collection, Iterable
from datetime import datetime
from hashlib import sha256
from pathlib import Path
from uuid import UUID

from client.domain.attachment import Attachment, media_type_of
from client.domain.enrolment import key_in_force
from client.domain.errors import RefusedError, StoreError
from client.domain.terminal import TerminalFacts
from client.jobs.attachment_ports import OnBytes
from offline.store import files
from offline.store.seal import ATTACHMENT_SEAL, sealed_attachment

_PIECE = 1024 * 1024
_ENDING, _DRAFT, _ASIDE = ".sealed", ".sealed.new", ".aside"
_MB = 1_000_000


class SealedFiles:
    """The folder ``attachments``; fulfils the port ``AttachmentFiles``. All of it works on other threads."""

    def __init__(self, folder: Path, facts: TerminalFacts, now: Callable[[], datetime]) -> None:
        self._folder = folder
        self._facts = facts
        self._now = now
        self._drafts: set[str] = set()  # taken in, and not in the ledger yet: a locked screen keeps its visit

    async def take(
        self, source: Path, key: str, command_key: str, *, most: int, on_bytes: OnBytes
    ) -> Attachment:
        """Read a file, seal it and keep it; RefusedError ``attachment.…``, StoreError."""
        self._drafts.add(key)
        try:
            return await asyncio.to_thread(self._take, source, key, command_key, most, on_bytes)
        except BaseException:
            self._drafts.discard(key)
            raise

    async def drop(self, attachment: Attachment) -> None:
        """Remove one that no intake was written with."""
        if attachment.key in self._drafts:
            self._drafts.discard(attachment.key)
            await self.remove((attachment.key,))

    def written_down(self, attachments: Iterable[Attachment]) -> None:
        """Hear that some stand in the ledger now."""
        self._drafts -= {one.key for one in attachments}

    async def is_whole(self, attachment: Attachment) -> bool:
        """Tell whether the sealed file is there with its hash. StoreError ``store.unreadable`` where it cannot be known."""
        return await asyncio.to_thread(self._is_whole, attachment)

    async def read(self, attachment: Attachment, begins: int, length: int) -> bytes:
        """Return some of the sealed bytes. StoreError ``store.attachment_lost``."""
        return await asyncio.to_thread(self._read, attachment, begins, length)

    async def missing(self, attachments: Iterable[Attachment]) -> tuple[Attachment, ...]:
        """Return those whose file is gone or has another size; the hash is looked at before one is sent."""
        return await asyncio.to_thread(lambda: tuple(one for one in attachments if not self._has_size(one)))

    async def remove(self, keys: Iterable[str]) -> None:
        """Remove the files of some keys."""
        await asyncio.to_thread(self._remove, [self._path(key) for key in keys])

    async def keep_only(self, keys: Collection[str], *, aside: bool) -> None:
        """Remove, or set aside, every file of ours that belongs to no key and to no draft."""
        await asyncio.to_thread(self._keep_only, keys, aside)

    # -- on a thread

    def content(self, attachment: Attachment) -> bytes:
        """Return all of the sealed bytes, on the caller's thread. StoreError ``store.attachment_lost``, or of the disk."""
        content = self._read(attachment, 0, attachment.size)
        if sha256(content).hexdigest() != attachment.sha256:
            raise StoreError("store.attachment_lost")
        return content

    def _take(self, source: Path, key: str, command_key: str, most: int, on_bytes: OnBytes) -> Attachment:
        content = _content_of(source, most - ATTACHMENT_SEAL, on_bytes)
        media_type = media_type_of(content)
        town_key = key_in_force(self._facts.command_keys, self._now())
        sealed = sealed_attachment(bytes(content), town_key, (key, command_key, self._facts.terminal_no))
        files.make_folder(self._folder)
        files.write_whole(self._path(key), sealed)
        return Attachment(key, command_key, media_type, len(sealed), sha256(sealed).hexdigest())

    def _is_whole(self, attachment: Attachment) -> bool:
        hashed = sha256()
        try:
            with self._path(attachment.key).open("rb") as file:
                while piece := file.read(_PIECE):
                    hashed.update(piece)
        except FileNotFoundError:
            return False
        except OSError as error:  # not to be read now is not lost
            raise files.trouble(error) from error
        return hashed.hexdigest() == attachment.sha256

    def _read(self, attachment: Attachment, begins: int, length: int) -> bytes:
        try:
            with self._path(attachment.key).open("rb") as file:
                file.seek(begins)
                content = file.read(length)
        except FileNotFoundError:
            content = b""
        except OSError as error:
            raise files.trouble(error) from error
        if len(content) != length:
            raise StoreError("store.attachment_lost")
        return content

    def _has_size(self, attachment: Attachment) -> bool:
        try:
            return self._path(attachment.key).stat().st_size == attachment.size
        except FileNotFoundError:
            return False
        except OSError as error:
            raise files.trouble(error) from error

    def _keep_only(self, keys: Collection[str], aside: bool) -> None:
        if not self._folder.is_dir():
            return
        gone = [
            path
            for path in self._folder.iterdir()
            if (key := _key_in(path))
            and (key not in keys or path.name.endswith(_DRAFT))
            and key not in self._drafts
        ]
        if not aside:
            self._remove(gone)
            return
        try:
            for path in gone:
                path.replace(path.with_name(path.name + _ASIDE))
            files.sync_folder(self._folder)
        except OSError as error:
            raise files.trouble(error) from error

    def _remove(self, paths: Collection[Path]) -> None:
        try:
            for path in paths:
                path.unlink(missing_ok=True)
            if paths:
                files.sync_folder(self._folder)
        except OSError as error:
            raise files.trouble(error) from error

    def _path(self, key: str) -> Path:
        return self._folder / (key + _ENDING)


def _key_in(path: Path) -> str:
    """Return the key a file of ours is named by; empty where it is none of ours."""
    key, dot, ending = path.name.partition(".")
    try:
        return str(UUID(key)) if dot + ending in {_ENDING, _DRAFT} else ""
    except ValueError:
        return ""


def _content_of(source: Path, most: int, on_bytes: OnBytes) -> bytearray:
    """Read a file in pieces; refused by its size before a byte is read, and where it is not the same at the end."""
    try:
        if not stat.S_ISREG(os.stat(source).st_mode):
            raise RefusedError("attachment.not_a_file")  # before it is opened: Windows opens no folder
        handle = os.open(source, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0))
    except OSError as error:
        raise RefusedError("attachment.unreadable") from error
    try:
        return _read_open(handle, most, on_bytes)
    except OSError as error:  # a stick pulled out, a share that went away
        raise RefusedError("attachment.unreadable") from error
    finally:
        os.close(handle)


def _read_open(handle: int, most: int, on_bytes: OnBytes) -> bytearray:
    before = os.fstat(handle)
    if not stat.S_ISREG(before.st_mode):
        raise RefusedError("attachment.not_a_file")
    if before.st_size == 0:
        raise RefusedError("attachment.empty")
    if before.st_size > most:
        raise RefusedError("attachment.too_large", most=-(-most // _MB))
    content = bytearray()
    while len(content) <= before.st_size and (piece := os.read(handle, _PIECE)):
        if not content:
            media_type_of(piece)  # what it is shows at once
        content += piece
        on_bytes(len(content), before.st_size)
    after = os.fstat(handle)
    same = (before.st_size, before.st_mtime_ns) == (after.st_size, after.st_mtime_ns)
    if len(content) != before.st_size or not same:
        raise RefusedError("attachment.changed")
    return content
