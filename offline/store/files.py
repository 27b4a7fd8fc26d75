"""Side files: written whole or not at all, and the lock that keeps a second program off the same data."""

import contextlib
import errno
import os
import sys
from pathlib import Path

from client.domain.errors import StoreError

OWN_FOLDER = 0o700
OWN_FILE = 0o600
_NO_SPACE = frozenset({errno.ENOSPC, errno.EDQUOT})


def trouble(error: OSError) -> StoreError:
    """Translate what the file system said."""
    return StoreError("store.full" if error.errno in _NO_SPACE else "store.unreadable")


def make_folder(path: Path) -> None:
    """Make a folder only its owner may read."""
    try:
        path.mkdir(mode=OWN_FOLDER, parents=True, exist_ok=True)
    except OSError as error:
        raise trouble(error) from error


def write_whole(path: Path, content: bytes) -> None:
    """Write a file so that after any crash it holds either the old or the new content."""
    draft = path.with_name(path.name + ".new")
    try:
        handle = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | getattr(os, "O_BINARY", 0), OWN_FILE)
        try:
            write_all(handle, content)
            os.fsync(handle)
        finally:
            os.close(handle)
        os.replace(draft, path)
        sync_folder(path.parent)
    except OSError as error:
        with contextlib.suppress(OSError):
            draft.unlink(missing_ok=True)
        raise trouble(error) from error


def write_all(handle: int, content: bytes) -> None:
    """Write every byte, however many calls the system needs."""
    view = memoryview(content)
    while view:
        view = view[os.write(handle, view) :]


def read_whole(path: Path) -> bytes | None:
    """Return a file's content, or None where there is none."""
    try:
        return path.read_bytes()
    except FileNotFoundError:
        return None
    except OSError as error:
        raise trouble(error) from error


def sync_folder(folder: Path) -> None:
    """Bring a rename to disk; Windows does so by itself and cannot open folders."""
    if sys.platform == "win32":
        return
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


class InstanceLock:
    """The operating system's lock on a data folder; it goes with the process, however that ends."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._handle: int | None = None

    def acquire(self) -> None:
        """Take the lock; StoreError ``store.in_use`` where another program holds it."""
        make_folder(self._path.parent)
        try:
            handle = os.open(self._path, os.O_RDWR | os.O_CREAT, OWN_FILE)
        except OSError as error:
            raise trouble(error) from error
        if not _lock(handle):
            os.close(handle)
            raise StoreError("store.in_use")
        self._handle = handle

    def release(self) -> None:
        """Give the lock back."""
        if self._handle is not None:
            os.close(self._handle)
            self._handle = None

    def __enter__(self) -> "InstanceLock":
        self.acquire()
        return self

    def __exit__(self, *_: object) -> None:
        self.release()


if sys.platform == "win32":
    import msvcrt

    def _lock(handle: int) -> bool:
        try:
            msvcrt.locking(handle, msvcrt.LK_NBLCK, 1)
        except OSError:
            return False
        return True

else:
    import fcntl

    def _lock(handle: int) -> bool:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            return False
        return True
