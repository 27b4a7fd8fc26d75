"""Where the files come from: a folder or a zip, taken in within bounds, nothing ever unpacked to disk."""

import hashlib
import io
import zipfile
import zlib
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Protocol, TextIO, runtime_checkable

from cloud.layout.faults import DeliveryError
from cloud.layout.items import Limits

_RATIO_FROM = 1 << 20  # a smaller file does no harm, however well it packs
_LOCKED = 0x1 | 0x40  # a password, or strong encryption
_PATCH = 0x20
_PACKED_AS = frozenset({zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED})


@runtime_checkable
class Source(Protocol):
    """Delivered files by name."""

    def names(self) -> list[str]:
        """Return the names of all files."""

    def open(self, name: str) -> IO[bytes]:
        """Open one of them."""

    def close(self) -> None:
        """Let go of it."""


class Folder:
    """The plain files of a folder."""

    def __init__(self, path: Path, limits: Limits) -> None:
        self._files = {entry.name: entry for entry in sorted(path.iterdir()) if entry.is_file()}
        _check_names(list(self._files), limits)
        if sum(file.stat().st_size for file in self._files.values()) > limits.bytes:
            raise DeliveryError("file_too_large")

    def names(self) -> list[str]:
        """Return the names of all files."""
        return list(self._files)

    def open(self, name: str) -> IO[bytes]:
        """Open one of them."""
        return self._files[name].open("rb")

    def close(self) -> None:
        """Nothing is held open."""


class Zip:
    """The members of a zip file; its directory is believed in nothing that reading does not prove."""

    def __init__(self, path: Path, limits: Limits) -> None:
        try:
            self._zip = zipfile.ZipFile(path)
        except (zipfile.BadZipFile, RuntimeError, UnicodeDecodeError) as error:
            raise DeliveryError("file_damaged") from error
        try:
            self._check(limits)
        except DeliveryError:
            self._zip.close()
            raise

    def _check(self, limits: Limits) -> None:
        members = self._zip.infolist()
        _check_names([member.filename for member in members], limits)
        if sum(member.file_size for member in members) > limits.bytes:
            raise DeliveryError("file_too_large")
        for member in members:
            if member.flag_bits & _LOCKED:
                raise DeliveryError("file_locked", member.filename)
            if member.compress_type not in _PACKED_AS or member.flag_bits & _PATCH:
                raise DeliveryError("file_damaged", member.filename)
            if member.file_size > max(_RATIO_FROM, limits.ratio * member.compress_size):
                raise DeliveryError("file_bomb", member.filename)

    def names(self) -> list[str]:
        """Return the names of all members."""
        return self._zip.namelist()

    def open(self, name: str) -> IO[bytes]:
        """Open one of them; it gives no more than the size its directory names."""
        return self._zip.open(name)

    def close(self) -> None:
        """Close the file."""
        self._zip.close()


def _check_names(names: list[str], limits: Limits) -> None:
    if len(names) > limits.files:
        raise DeliveryError("file_too_large")
    for name in names:
        if not name or "/" in name or "\\" in name or "\0" in name or ":" in name or name in {".", ".."}:
            raise DeliveryError("file_path", name)
    twice = [name for name, count in Counter(name.casefold() for name in names).items() if count > 1]
    if twice:
        raise DeliveryError("file_twice", twice[0])


def open_source(path: Path, limits: Limits) -> Source:
    """Open a folder or a zip file; DeliveryError where it is neither, or too much."""
    if path.is_dir():
        return Folder(path, limits)
    if not path.is_file():
        raise DeliveryError("file_missing", path.name)
    return Zip(path, limits)


class Hashed(io.RawIOBase):
    """A stream that knows the SHA-256 of what was read of it."""

    def __init__(self, stream: IO[bytes]) -> None:
        self._stream = stream
        self._sha256 = hashlib.sha256()

    def readable(self) -> bool:
        """It is."""
        return True

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]  # typeshed has a Buffer here
        """Read into a buffer, and over it."""
        piece = self._stream.read(len(buffer))
        self._sha256.update(piece)
        buffer[: len(piece)] = piece
        return len(piece)

    def sha256(self) -> str:
        """Return the digest (hex) of what was read so far."""
        return self._sha256.hexdigest()


@dataclass(frozen=True, slots=True)
class OpenText:
    """A file opened as text, and its bytes' digest once it is read to the end."""

    text: TextIO
    hashed: Hashed


@contextmanager
def opened(source: Source, name: str, encoding: str) -> Iterator[OpenText]:
    """Open a file as text; broken letters come as lone surrogates, so that the row they stand in can be named."""
    with _translated(name), source.open(name) as stream:
        hashed = Hashed(stream)
        tolerant = "utf-8-sig" if encoding.lower().replace("_", "-") in {"utf-8", "utf8"} else encoding
        buffered = io.BufferedReader(hashed, 1 << 16)
        text = io.TextIOWrapper(buffered, tolerant, errors="surrogateescape", newline="\n")
        try:
            yield OpenText(text, hashed)
        finally:
            text.detach()


@contextmanager
def _translated(name: str) -> Iterator[None]:
    try:
        yield
    except (zipfile.BadZipFile, zlib.error, EOFError) as error:
        raise DeliveryError("file_damaged", name) from error
    except UnicodeError as error:
        raise DeliveryError("encoding", name) from error
