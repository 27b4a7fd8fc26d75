"""Side files: written whole or not at all, and the lock that keeps a second program off the same data.

Where several accounts of this PC run the counter, the package makes a folder for their group (mode 2770): what is
made below it is the group's, and elsewhere it is its owner's alone.
"""

import contextlib
import errno
import os
import sys
from pathlib import Path

from client.domain.errors import StoreError

OWN_FOLDER, GROUP_FOLDER = 0o700, 0o2770
OWN_FILE, GROUP_FILE = 0o600, 0o660
_FIRST_FILES = 262_144  # bytes: facts, wraps, ledger and its mark
_NO_SPACE = frozenset({errno.ENOSPC, errno.EDQUOT})


def trouble(error: OSError) -> StoreError:
    """Translate what the file system said."""
    return StoreError("store.full" if error.errno in _NO_SPACE else "store.unreadable")


def is_shared(folder: Path) -> bool:
    """Tell whether a folder is one that a group works in."""
    try:
        return folder.stat().st_mode & GROUP_FOLDER == GROUP_FOLDER
    except OSError:
        return False


def make_folder(path: Path) -> None:
    """Make a folder only its owner may read, or its group where the one above is a group's."""
    try:
        if path.is_dir():
            return
        make_folder(path.parent)
        path.mkdir(mode=OWN_FOLDER, exist_ok=True)
        if is_shared(path.parent):
            path.chmod(GROUP_FOLDER)
    except OSError as error:
        raise trouble(error) from error


def open_own(path: str | Path, flags: int) -> int:
    """Open a file, made for its owner alone, or for the group where its folder is a group's. OSError."""
    mode = GROUP_FILE if is_shared(Path(path).parent) else OWN_FILE
    handle = os.open(path, flags, mode)
    if mode == GROUP_FILE and os.fstat(handle).st_uid == os.geteuid():
        os.fchmod(handle, mode)  # the mask of the session may have taken the group out
    return handle


def make_own(path: Path) -> None:
    """Make an empty file where there is none, before somebody else makes it for all to read."""
    try:
        os.close(open_own(path, os.O_RDWR | os.O_CREAT))
    except OSError as error:
        raise trouble(error) from error


def check_room(folder: Path) -> None:
    """Write and remove as much as a terminal's first files need. StoreError ``store.full``, ``store.unreadable``."""
    make_folder(folder)
    probe = folder / "room"
    write_whole(probe, bytes(_FIRST_FILES))
    try:
        probe.unlink(missing_ok=True)
    except OSError as error:
        raise trouble(error) from error


def write_whole(path: Path, content: bytes) -> None:
    """Write a file so that after any crash it holds either the old or the new content."""
    draft = path.with_name(path.name + ".new")
    try:
        handle = open_own(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | getattr(os, "O_BINARY", 0))
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
            handle = open_own(self._path, os.O_RDWR | os.O_CREAT)
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
