"""Searches bytes, files and their names for what must not be there, in whatever form it was written (P10).

Not seen through: encryption, pictures of letters, glyph numbers of a font that does not say which letters they are.
"""

import io
import logging
import os
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from hashlib import blake2b
from pathlib import Path

from pypdf import PdfReader
from pypdf.errors import PyPdfError

from tests.leak_forms import LAYERS, SHORTEST, spellings, written

_DEPTH = 5  # wrappings inside each other


class LeakSearch:
    """Knows what must not be found: texts in every spelling, and secrets in bytes; both of eight bytes or more."""

    def __init__(self, texts: Iterable[str], secrets: Mapping[str, bytes] | None = None) -> None:
        self._by_head: dict[int, dict[bytes, str]] = {}
        for text in set(texts):
            for spelling in spellings(text):
                for encoding, form in written(spelling):
                    self._add(f"{encoding} {spelling}", form)
        for name, secret in (secrets or {}).items():
            self._add(name, secret)
        self._heads = frozenset(self._by_head)

    def _add(self, name: str, form: bytes) -> None:
        if len(form) >= SHORTEST:
            self._by_head.setdefault(_heads(form[:SHORTEST])[0], {}).setdefault(form, name)

    def __len__(self) -> int:
        """Return how many forms it knows."""
        return sum(map(len, self._by_head.values()))

    def in_bytes(self, content: bytes) -> list[str]:
        """Return what is written in them, each with the wrappings it was found in."""
        return sorted(set(self._within(content, "", set())))

    def _within(self, content: bytes, way: str, seen: set[bytes]) -> Iterator[str]:
        yield from (f"{way}{name}" for name in self._plain(content))
        if way.count(">") >= _DEPTH:
            return
        layers = [(name, inner) for name, layer in LAYERS.items() for inner in layer(content)]
        for name, inner in [*layers, *(("PDF", text) for text in _pdf_text(content))]:
            mark = blake2b(inner, digest_size=16).digest()
            if len(inner) >= SHORTEST and mark not in seen:
                seen.add(mark)
                yield from self._within(inner, f"{way}{name} > ", seen)

    def _plain(self, content: bytes) -> Iterator[str]:
        heads = {
            head
            for at in range(min(SHORTEST, len(content)))
            for head in self._heads.intersection(_heads(content[at:]))
        }
        for head in heads:
            for form, name in self._by_head[head].items():
                if form in content:
                    yield name

    def in_folder(self, folder: Path, leave_out: tuple[str, ...] = ()) -> Iterator[str]:
        """Yield where something is written: in a file, its name, where it links to, or its extended attributes."""
        for path in sorted(folder.rglob("*")):
            place = path.relative_to(folder).as_posix()
            if place.startswith(leave_out):
                continue
            for what, content in _parts(path):
                yield from (f"{place}: {what}{leak}" for leak in self.in_bytes(content))


def _heads(content: bytes) -> "memoryview[int]":
    """Return them as numbers of eight bytes each, which are quickly compared."""
    return memoryview(content)[: len(content) - len(content) % SHORTEST].cast("Q")


def _parts(path: Path) -> Iterator[tuple[str, bytes]]:
    yield "name ", os.fsencode(path.name)
    if path.is_symlink():
        yield "link ", os.fsencode(os.readlink(path))
        return
    if hasattr(os, "listxattr"):
        with suppress(OSError):  # a file system may have none
            for name in os.listxattr(path):
                yield "attribute ", os.fsencode(name) + b"\0" + os.getxattr(path, name)
    if path.is_file():
        with suppress(FileNotFoundError):  # a program that runs may take its file away
            yield "", path.read_bytes()


def _pdf_text(content: bytes) -> Iterator[bytes]:
    """Yield the text of a PDF's pages, as its fonts say which letter a glyph is, and what it says of itself."""
    start = content.find(b"%PDF-")
    if start < 0:
        return
    logging.getLogger("pypdf").setLevel(logging.CRITICAL)  # of a torn one it has much to say
    try:
        pages = PdfReader(io.BytesIO(content[start:]))
        said = [page.extract_text() for page in pages.pages]
        said += [str(value) for value in (pages.metadata or {}).values()]
    except (PyPdfError, ValueError, KeyError, TypeError, IndexError, AttributeError, RecursionError):
        return
    yield "\n".join(said).encode("utf-8", "surrogatepass")
    yield "".join("".join(said).split()).encode("utf-8", "surrogatepass")
