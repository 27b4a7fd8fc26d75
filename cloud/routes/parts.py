"""Parts of content that never changes, and whether the caller has it: RFC 9110 sections 13 and 14, strong tags only."""

import re
from dataclasses import dataclass

_ONE_RANGE = re.compile(r"bytes=[ \t]*(\d*)-(\d*)[ \t]*", re.IGNORECASE | re.ASCII)
_TAG = re.compile(r'(?:W/)?("[^"]*")')
_DIGITS = 18  # of a position; nothing is larger


class OutOfRangeError(Exception):
    """A part that lies wholly behind the end."""


@dataclass(frozen=True, slots=True)
class Part:
    """Bytes from a first one up to, and without, an end."""

    first: int
    end: int

    @property
    def size(self) -> int:
        """Return how many bytes it has."""
        return self.end - self.first


def part_asked(wanted: str, if_range: str, tag: str, size: int) -> Part | None:
    """Return the part of a content that is asked for, or None for the whole; OutOfRangeError.

    What is no range of bytes, several at once, or a range of another content (If-Range) is answered whole.
    """
    found = _ONE_RANGE.fullmatch(wanted)
    if found is None or (if_range and if_range.strip() != tag):  # a weak tag or a date never fits
        return None
    first, last = found.groups()
    if max(len(first), len(last)) > _DIGITS or not first + last:
        return None
    if not first:
        return _inside(max(size - int(last), 0), size, size, int(last) > 0)
    if last and int(last) < int(first):
        return None  # not valid, so not heeded
    return _inside(int(first), min(int(last) + 1, size) if last else size, size, int(first) < size)


def has_it(if_none_match: str, tag: str) -> bool:
    """Tell whether a caller named a content among those it has; weakly, as RFC 9110 section 13.1.2 has it."""
    return if_none_match.strip() == "*" or tag in _TAG.findall(if_none_match)


def _inside(first: int, end: int, size: int, holds: bool) -> Part:
    if not holds or not size:
        raise OutOfRangeError
    return Part(first, end)
