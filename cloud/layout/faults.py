"""The エラーリスト: what is wrong, by file, row and item, with cause and remedy; never the value itself."""

import os
import re
import tomllib
from collections import Counter
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from types import MappingProxyType
from typing import NamedTuple, TextIO

from cloud.layout.items import Item
from cloud.layout.records import record_text

SEVERITIES = MappingProxyType({"fatal": "致命", "error": "エラー", "warning": "警告"})
_HEAD = ("ファイル", "行", "項目番号", "項目名", "重大度", "原因", "対処")
_PLAIN_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}")  # nobody's name, no formula, no path
_HIDDEN_NAME = "（名前を示さない）"


class Fault(NamedTuple):
    """A kind of fault."""

    severity: str
    cause: str
    remedy: str


@cache
def kinds() -> Mapping[str, Fault]:
    """Return every kind of fault by its code."""
    found = tomllib.loads(Path(__file__).with_name("faults.toml").read_text(encoding="utf-8"))
    return MappingProxyType({code: Fault(**words) for code, words in found.items()})


class DeliveryError(Exception):
    """Reading cannot go on; carries what is wrong, where."""

    def __init__(self, code: str, file: str = "", line: int = 0) -> None:
        super().__init__(code)
        self.code, self.file, self.line = code, file, line


class LostError(Exception):
    """What was read and what stands in the database are not equal: nothing of it is kept."""


class ErrorList:
    """Writes the list line by line, for its owner only; its place is taken when it is closed."""

    def __init__(self, folder: Path, most: int) -> None:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        self.counts: Counter[str] = Counter()
        self._path = folder / "error_list.csv"
        self._most = most
        self._file = private_text(beside(self._path))
        self._file.write(record_text(_HEAD))

    def add(self, code: str, file: str = "", line: int = 0, item: Item | None = None) -> None:
        """Put a fault on the list; DeliveryError where there are too many of its severity to go on."""
        kind = kinds()[code]
        self.counts[kind.severity] += 1
        if self.counts[kind.severity] <= self._most or kind.severity == "fatal":
            where = (shown(file), str(line) if line else None)
            which = (str(item.no), item.name) if item else (None, None)
            told = (SEVERITIES[kind.severity], kind.cause, kind.remedy)
            self._file.write(record_text((*where, *which, *told)))
        elif kind.severity == "error":
            raise DeliveryError("too_many_errors", file, line)

    def close(self) -> None:
        """Give the list its name."""
        settle(self._file, self._path)


def shown(file: str) -> str:
    """Return a file's name as a list may show it: what is not plain may be a person's name or a formula."""
    return file if not file or _PLAIN_NAME.fullmatch(file) else _HIDDEN_NAME


def beside(path: Path) -> Path:
    """Return where a file is written before it takes its place."""
    return path.with_name(path.name + ".new")


def private_text(path: Path) -> TextIO:
    """Open a new text file only its owner may read; with a byte order mark, so that spreadsheets show its letters."""
    path.unlink(missing_ok=True)
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    return open(descriptor, "w", encoding="utf-8-sig", newline="")


def settle(file: TextIO, path: Path) -> None:
    """Close a file that was written beside its place, and put it there."""
    if not file.closed:
        file.close()
        beside(path).replace(path)
