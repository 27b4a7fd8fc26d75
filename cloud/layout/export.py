"""Writing a municipality as files: one consistent read, page by page, the whole of it or nothing."""

import codecs
import hashlib
import os
import shutil
import zipfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import IO

import sqlalchemy as sa

from cloud.contract import Row, tables
from cloud.layout.faults import ErrorList
from cloud.layout.items import Items, Layout
from cloud.layout.load import RefusedError
from cloud.layout.manifest import Listed, manifest_text
from cloud.layout.records import Cell, record_text
from cloud.layout.rows import Found, RowForm
from cloud.layout.sift import Progress
from cloud.layout.stored import pages
from cloud.register import Register

_EARLIEST = (1980, 1, 1, 0, 0, 0)  # a zip's own zero: equal towns give equal files
_READABLE_BY_OWNER = 0o600 << 16


class _Target:
    """A folder or zip being written; it takes its name once it is whole."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._beside = path.with_name(path.name + ".part")
        self._zip: zipfile.ZipFile | None = None
        self.forget()
        self._beside.parent.mkdir(parents=True, exist_ok=True)
        if path.suffix == ".zip":
            descriptor = os.open(self._beside, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600)
            self._file = os.fdopen(descriptor, "w+b")
            self._zip = zipfile.ZipFile(self._file, "w", zipfile.ZIP_DEFLATED)
        else:
            self._beside.mkdir(mode=0o700)

    @contextmanager
    def member(self, name: str) -> Iterator[IO[bytes]]:
        """Open one file of it for writing."""
        with ExitStack() as stack:
            if self._zip is not None:
                info = zipfile.ZipInfo(name, _EARLIEST)
                info.compress_type, info.external_attr = zipfile.ZIP_DEFLATED, _READABLE_BY_OWNER
                yield stack.enter_context(self._zip.open(info, "w", force_zip64=True))
            else:
                descriptor = os.open(self._beside / name, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
                yield stack.enter_context(os.fdopen(descriptor, "wb"))

    def settle(self) -> None:
        """Give it its name."""
        if self._zip is not None:
            self._zip.close()
            self._file.close()
        self._beside.rename(self._path)

    def forget(self) -> None:
        """Leave nothing of it."""
        if self._zip is not None:
            with suppress(OSError):  # its directory has no room on a full disk, and no need
                self._zip.close()
            self._file.close()
        shutil.rmtree(self._beside, ignore_errors=True)
        self._beside.unlink(missing_ok=True)


def write_town(
    register: Register, layout: Layout, path: Path, errors: ErrorList, progress: Progress
) -> dict[str, int]:
    """Write a municipality; returns rows by file. RefusedError where a row would not be read again the same."""
    target = _Target(path)
    try:
        with register.reading() as connection:
            writing = _Writing(connection, register.municipality, layout, target, errors)
            listed = [(items.file, writing.file(items, progress)) for items in layout.files]
        with target.member(layout.settings.manifest) as member:
            member.write(manifest_text(listed).encode())
        _insist(errors)
    except BaseException:
        target.forget()
        raise
    target.settle()
    return {name: told.rows for name, told in listed}


def _insist(errors: ErrorList) -> None:
    if errors.counts["fatal"] or errors.counts["error"]:
        raise RefusedError


@dataclass(frozen=True, slots=True)
class _Writing:
    """One export on its way."""

    connection: sa.Connection
    municipality: str
    layout: Layout
    target: _Target
    errors: ErrorList

    def file(self, items: Items, progress: Progress) -> Listed:
        """Write one file; returns what the manifest says of it."""
        settings, count = self.layout.settings, 0
        if set(tables()[items.table].columns) - {item.column for item in items.item}:
            self.errors.add("column_left_out", items.file)
        with self.target.member(items.file) as member:
            out = _Encoded(member, self.layout.encoding_of(items), settings.byte_order_mark)
            if settings.header:
                out.write([item.name for item in items.item], settings.line_end)
            form = RowForm(items, settings)
            for row in pages(self.connection, self.municipality, items.table):
                count += 1
                self._row(items, form, out, row, count)
            progress(f"{items.file}: {count} rows written")
            return Listed(count, out.sha256.hexdigest())

    def _row(self, items: Items, form: RowForm, out: "_Encoded", row: Row, count: int) -> None:
        found: list[Found] = []
        cells = form.write(row, found)
        try:
            out.write(cells, self.layout.settings.line_end)
        except UnicodeEncodeError:
            found.append(("not_encodable", None))
        for code, item in found:
            self.errors.add(code, items.file, count, item)


class _Encoded:
    """Records as bytes of an encoding, with their digest."""

    def __init__(self, member: IO[bytes], encoding: str, mark: bool) -> None:
        self.sha256 = hashlib.sha256()
        self._member = member
        if mark and codecs.lookup(encoding).name == "utf-8":
            encoding = "utf-8-sig"
        self._encoder = codecs.getincrementalencoder(encoding)()

    def write(self, cells: list[Cell], end: str) -> None:
        """Write a record."""
        piece = self._encoder.encode(record_text(cells, end))
        self.sha256.update(piece)
        self._member.write(piece)
