"""A bundle as a file: written in one go, verified without any key, read segment by segment."""

import os
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import replace
from hashlib import sha256
from pathlib import Path
from typing import BinaryIO

from client.domain.bundle import Bundle, BundlePart
from client.domain.errors import RefusedError
from client.rules import bundles
from client.rules.segments import SEALED, Sealer, opened, part_key, records
from offline.store.files import open_own, sync_folder, trouble

Tell = Callable[[int], object]  # hears how many bytes were dealt with
_BLOCK = 1024 * 1024


def nobody(_: int) -> None:
    """Hear nothing."""


class BundleFile:
    """A bundle that lies somewhere; nothing in it is believed before ``verify``."""

    def __init__(self, path: Path) -> None:
        self.path = path
        try:
            with path.open("rb") as file:
                self.manifest, self.signature = _ends_of(file, path.stat().st_size)
        except OSError as error:
            raise RefusedError("bundle.unreadable") from error
        self.bundle = bundles.read_manifest(self.manifest)
        told = len(bundles.MAGIC) + self.bundle.size + len(self.manifest) + len(self.signature)
        if told + bundles.FOOTER != path.stat().st_size:
            raise RefusedError("bundle.torn")
        bundles.verify(self.manifest, self.signature, self.bundle)

    def verify(self, tell: Tell = nobody) -> None:
        """Hash every part. RefusedError ``bundle.changed``."""
        for part in self.bundle.parts:
            hashed = sha256()
            for block in self._blocks(part, _BLOCK):
                hashed.update(block)
                tell(len(block))
            if hashed.digest() != part.sha256:
                raise RefusedError("bundle.changed")

    def records(self, name: str, content_key: bytes, tell: Tell = nobody) -> Iterator[bytes]:
        """Yield the records of a part, opened; none where there is no such part. RefusedError ``bundle.changed``."""
        part = self.bundle.part(name)
        if part is None:
            return

        def told() -> Iterator[bytes]:
            for segment in self._blocks(part, SEALED):
                yield segment
                tell(len(segment))

        yield from records(opened(part_key(content_key, self.bundle.bundle_id, name), told()))

    def _blocks(self, wanted: BundlePart, size: int) -> Iterator[bytes]:
        parts = self.bundle.parts
        begin = len(bundles.MAGIC) + sum(part.size for part in parts[: parts.index(wanted)])
        left = wanted.size
        try:
            with self.path.open("rb") as file:
                file.seek(begin)
                while left:
                    block = file.read(min(size, left))
                    if not block:
                        raise RefusedError("bundle.torn")
                    left -= len(block)
                    yield block
        except OSError as error:
            raise RefusedError("bundle.unreadable") from error


def _ends_of(file: BinaryIO, size: int) -> tuple[bytes, bytes]:
    """Return manifest and signature. RefusedError ``bundle.torn`` where the file has no beginning or no end."""
    if file.read(len(bundles.MAGIC)) != bundles.MAGIC or size < len(bundles.MAGIC) + bundles.FOOTER:
        raise RefusedError("bundle.torn")
    file.seek(size - bundles.FOOTER)
    manifest, signature = bundles.read_footer(file.read(bundles.FOOTER))
    begin = size - bundles.FOOTER - manifest - signature
    if begin < len(bundles.MAGIC):
        raise RefusedError("bundle.torn")
    file.seek(begin)
    return file.read(manifest), file.read(signature)


class BundleWriter:
    """Writes a bundle beside its name and gives it that name when it is whole; what was begun and not ended is removed."""

    def __init__(self, path: Path, bundle_id: str, content_key: bytes) -> None:
        self.size = 0
        self._path = path
        self._draft = path.with_name(path.name + ".part")
        self._id = bundle_id
        self._key = content_key
        self._parts: list[BundlePart] = []
        self._hash = sha256()
        self._sealer: Sealer | None = None
        self._begun = 0
        self._file: BinaryIO | None = None

    def __enter__(self) -> "BundleWriter":
        if self._path.exists():
            raise RefusedError("bundle.exists")
        flags = os.O_WRONLY | os.O_CREAT | os.O_TRUNC | getattr(os, "O_BINARY", 0)
        try:
            self._file = os.fdopen(open_own(self._draft, flags), "wb")
        except OSError as error:
            raise trouble(error) from error
        self._write(bundles.MAGIC)
        return self

    def __exit__(self, *_: object) -> None:
        if self._file is not None:
            with suppress(OSError):
                self._file.close()
            with suppress(OSError):
                self._draft.unlink(missing_ok=True)

    def begin(self, name: str) -> None:
        """Begin a part."""
        self._sealer, self._hash, self._begun = (
            Sealer(part_key(self._key, self._id, name)),
            sha256(),
            self.size,
        )
        self._parts.append(BundlePart(name, 0, b""))

    def put(self, record: bytes) -> None:
        """Write a record of the part that was begun. StoreError ``store.full``."""
        if self._sealer is None:
            raise ValueError("no part was begun")
        self._put(self._sealer.put(record))

    def end(self) -> None:
        """End the part."""
        if self._sealer is None:
            raise ValueError("no part was begun")
        self._put(self._sealer.end())
        self._sealer = None
        self._parts[-1] = replace(self._parts[-1], size=self.size - self._begun, sha256=self._hash.digest())

    def finish(self, bundle: Bundle, sign: Callable[[bytes], bytes]) -> Bundle:
        """Write what stands in the clear, and give the file its name; returns the bundle with its parts."""
        whole = replace(bundle, parts=tuple(self._parts))
        manifest = bundles.manifest_of(whole)
        signature = sign(bundles.signed(manifest))
        bundles.verify(
            manifest, signature, whole
        )  # a key that is not the certificate's is told here, not in the flood
        self._write(manifest + signature + bundles.footer_of(manifest, signature))
        file, self._file = self._file, None
        if file is None:
            raise ValueError("a bundle that is not open")
        try:
            with file:
                file.flush()
                os.fsync(file.fileno())
            self._draft.replace(self._path)
            sync_folder(self._path.parent)
        except OSError as error:
            self._draft.unlink(missing_ok=True)
            raise trouble(error) from error
        return whole

    def _put(self, sealed: bytes) -> None:
        self._hash.update(sealed)
        self.size += len(sealed)
        self._write(sealed)

    def _write(self, content: bytes) -> None:
        if self._file is None:
            raise ValueError("a bundle that is not open")
        try:
            self._file.write(content)
        except OSError as error:
            raise trouble(error) from error
