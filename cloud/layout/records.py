"""Records of comma-separated files: quoted empty is an empty text, nothing at all is absent; line ends in quotes stay.

The library's own reader cannot tell the two apart, and holds a record of any size.
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple, TextIO

Cell = str | None

_PIECE = 1 << 16
_CELL = re.compile(r'(?:"([^"]*(?:""[^"]*)*)"|([^",\r\n]*))(,|\Z)')
_QUOTED = re.compile(r'[",\r\n\ufeff]')


class QuoteError(ValueError):
    """Quotes that do not add up: where a row ends cannot be believed any more."""


class Record(NamedTuple):
    """One record as it stands in the file."""

    line: int  # of its first line, from 1
    text: str | None  # without its line end; None where it was too long to be kept
    ended: bool  # by a line end


def records(stream: TextIO, most: int) -> Iterator[Record]:
    """Yield the records of a stream opened with newline="\\n"; one longer than ``most`` letters is only passed over."""
    line = 1
    while True:
        record, lines = _one(stream, line, most)
        if record is None:
            return
        yield record
        line += lines


def _one(stream: TextIO, line: int, most: int) -> tuple[Record | None, int]:
    parts: list[str] = []
    size = lines = 0
    odd = ended = False
    while not ended:
        piece = stream.readline(_PIECE)
        if not piece:
            break
        size += len(piece)
        odd ^= piece.count('"') % 2 == 1
        if size <= most:
            parts.append(piece)
        if piece.endswith("\n"):
            lines += 1
            ended = not odd
    if not size:
        return None, 0
    if odd:
        raise QuoteError("open at the end")
    if size > most:
        return Record(line, None, ended), lines
    return Record(line, "".join(parts).removesuffix("\n").removesuffix("\r"), ended), lines


def cells_of(text: str) -> list[Cell]:
    """Return the cells of a record; QuoteError where its quotes do not add up."""
    if '"' not in text:
        if "\r" in text:
            raise QuoteError("a line end outside quotes")
        return [cell or None for cell in text.split(",")]
    cells: list[Cell] = []
    place = 0
    while True:
        found = _CELL.match(text, place)
        if found is None:
            raise QuoteError("stray")
        quoted, plain, comma = found.groups()
        cells.append(plain or None if quoted is None else quoted.replace('""', '"'))
        if not comma:
            return cells
        place = found.end()


def record_text(cells: Iterable[Cell], end: str = "\r\n") -> str:
    """Return a record with its line end. What a spreadsheet takes for a formula is written as it is, and comes back so."""
    return ",".join(map(_written, cells)) + end


def _written(cell: Cell) -> str:
    if cell is None:
        return ""
    if cell == "" or _QUOTED.search(cell):
        return '"' + cell.replace('"', '""') + '"'
    return cell


def is_blank(cells: Sequence[Cell]) -> bool:
    """Tell whether a record is an empty line."""
    return len(cells) == 1 and cells[0] is None
