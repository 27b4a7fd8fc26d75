"""Readings of 町字 that the town's own staff give: the register has none. Read from lines ``町字名,読み (カナ)``."""

import csv
from collections.abc import Iterator
from dataclasses import dataclass

from client.domain.letters import is_kana
from client.domain.place_key import place_key

_COLUMNS, _LONGEST = 2, 100
_HEADS = frozenset({"町字名", "町字", "町名"})
_OAZA = (("大字", place_key("オオアザ")), ("小字", place_key("コアザ")), ("字", place_key("アザ")))


@dataclass(frozen=True, slots=True)
class BadLine:
    """A line that tells no reading, and why."""

    number: int
    why: str


@dataclass(frozen=True, slots=True)
class PlaceReadings:
    """Names of 町字 with the keys of their readings, and the lines that could not be read."""

    readings: tuple[tuple[str, str], ...] = ()
    bad_lines: tuple[BadLine, ...] = ()

    def named(self, typed: str) -> tuple[str, ...]:
        """Return the names whose reading begins with what was typed: hiragana, katakana, of any width."""
        key = place_key(typed) if is_kana(typed) else ""
        return tuple(name for name, reading in self.readings if key and reading.startswith(key))


def read_readings(content: bytes) -> PlaceReadings:
    """Read a file, line by line; one that cannot be read costs no other."""
    found: list[tuple[str, str]] = []
    bad: list[BadLine] = []
    for number, line in enumerate(content.removeprefix(b"\xef\xbb\xbf").splitlines(), 1):
        try:
            found += _line(line, first=number == 1)
        except ValueError as error:
            bad.append(BadLine(number, str(error)))
    return PlaceReadings(tuple(dict.fromkeys(found)), tuple(bad))


def _line(line: bytes, *, first: bool) -> Iterator[tuple[str, str]]:
    """Yield what a line tells, of a 大字 also without that word. ValueError says why it tells nothing."""
    try:
        text = line.decode("utf-8")
        cells = [cell.strip() for cell in next(csv.reader([text], strict=True), [])]
    except UnicodeDecodeError:
        raise ValueError("not UTF-8") from None
    except csv.Error:
        raise ValueError("not CSV") from None
    if not any(cells) or (first and cells[0] in _HEADS):
        return
    if len(cells) != _COLUMNS:
        raise ValueError(f"{len(cells)} columns instead of {_COLUMNS}")
    name, reading = cells
    if not place_key(name) or max(len(name), len(reading)) > _LONGEST:
        raise ValueError("no name of a place")
    key = place_key(reading)
    if not is_kana(reading) or not key:
        raise ValueError("the reading is not kana")
    yield name, key
    for word, front in _OAZA:
        if name.startswith(word) and key.startswith(front) and key != front:
            yield name, key.removeprefix(front)
            break
