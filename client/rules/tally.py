"""Which commands two books do not share, found in a few questions: the ledger's answers against the cloud's.

A comparison is a conversation without I/O: it names the next range to ask for, and is told what the cloud holds there.
Only parts that differ are asked about further, the oldest first, until their keys are told one by one.
"""

from bisect import bisect_left
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, timedelta
from hashlib import blake2b
from uuid import UUID

from client.domain.change import change_key
from client.domain.tally import Differences, Tally, ToldTally

SLICE = 1 << 106  # of a key read as a number, 2^26 ms: the cloud keeps a sum for each
PARTS = 16
_LAST = 1 << 128
_NO_RANDOM = bytes(10)
_FIRST = datetime(1970, 1, 1, tzinfo=UTC)  # a clock that stands still in its first days has no time before


def entry(key: str, outcome: str) -> Tally:
    """Return the tally of one answer: BLAKE2b-256 over key and outcome."""
    return Tally(1, int.from_bytes(blake2b((key + outcome).encode(), digest_size=32).digest()))


def tally_of(answers: Iterable[tuple[str, str]]) -> Tally:
    """Return the tally of many."""
    found = Tally()
    for key, outcome in answers:
        found += entry(key, outcome)
    return found


def since_of(now: datetime, keep: timedelta, oldest: str | None) -> str:
    """Return from which key on books are compared: twice as long ago as payloads are kept, or the oldest still kept."""
    first = _number(change_key(max(now - 2 * keep, _FIRST), _NO_RANDOM))
    if oldest is not None:
        first = min(first, _number(oldest))
    return _text(first // SLICE * SLICE)


_Span = tuple[int, int, bool]


class Comparison:
    """Compares answers from a key on with what the cloud holds; its whole tally there is known already."""

    def __init__(self, mine: Mapping[str, str], since: str, whole: Tally) -> None:
        self._mine = dict(sorted(mine.items()))
        self._keys = list(self._mine)
        first = _number(since)
        newest = _number(self._keys[-1]) if self._keys else first
        step = SLICE * PARTS  # so that parts are slices, for which the cloud keeps sums
        end = min(first + (max(newest - first, 0) // step + 1) * step, _LAST)
        self._missing: list[str] = []
        self._extra: dict[str, str] = {}
        self._rest: tuple[int, Tally] | None = (end, whole) if end < _LAST else None
        self._open: list[
            _Span
        ] = []  # the oldest comes last; of each, whether the cloud is known to hold nothing there
        if whole != self._sum(first, _LAST):
            self._open.append((first, end, False) if whole.held else (first, _LAST, True))
        self._compare_empty()

    @property
    def question(self) -> tuple[str, str | None] | None:
        """Return the next range to ask for, its end left out where there is none; None where all is known."""
        if not self._open:
            return None
        since, until, _ = self._open[-1]
        return _text(since), _text(until) if until < _LAST else None

    @property
    def found(self) -> Differences:
        """Return what was found so far."""
        return Differences(tuple(self._missing), dict(self._extra))

    def take(self, told: ToldTally) -> None:
        """Hear what the cloud holds in the range. ValueError where that contradicts itself."""
        since, until, _ = self._open.pop()
        if self._rest is not None:  # the first range is told: what lies behind it follows from the whole
            end, whole = self._rest
            self._rest = None
            if whole - told.tally != self._sum(end, _LAST):
                self._open.append((end, _LAST, whole == told.tally))
        if told.tally != self._sum(since, until):
            if told.tally.held == 0:
                self._compare(since, until, {})
            elif told.keys is not None:
                self._compare(since, until, _checked(told.keys, told.tally, since, until))
            else:
                self._divide(since, until, told)
        self._compare_empty()

    def _divide(self, since: int, until: int, told: ToldTally) -> None:
        width = -(-(until - since) // PARTS)
        bounds = sorted({min(since + place * width, until) for place in range(PARTS + 1)})
        parts = told.parts or ()
        if len(parts) != len(bounds) - 1 or sum(parts, start=Tally()) != told.tally:
            raise ValueError("parts that do not add up")
        for low, high, part in reversed(list(zip(bounds, bounds[1:], parts, strict=False))):
            if part != self._sum(low, high):
                self._open.append((low, high, part.held == 0))

    def _compare_empty(self) -> None:
        """Compare what comes next as long as nothing is held there: no need to ask."""
        while self._open and self._open[-1][2]:
            since, until, _ = self._open.pop()
            self._compare(since, until, {})

    def _compare(self, since: int, until: int, theirs: Mapping[str, str]) -> None:
        mine = self._slice(since, until)
        self._missing += [key for key in mine if theirs.get(key) != self._mine[key]]
        self._extra |= {key: outcome for key, outcome in theirs.items() if self._mine.get(key) != outcome}

    def _sum(self, since: int, until: int) -> Tally:
        return tally_of((key, self._mine[key]) for key in self._slice(since, until))

    def _slice(self, since: int, until: int) -> list[str]:
        low = bisect_left(self._keys, _text(since))
        high = bisect_left(self._keys, _text(until)) if until < _LAST else len(self._keys)
        return self._keys[low:high]


def _checked(keys: Mapping[str, str], told: Tally, since: int, until: int) -> Mapping[str, str]:
    if tally_of(keys.items()) != told or not all(since <= _number(key) < until for key in keys):
        raise ValueError("keys that do not add up")
    return keys


def _number(key: str) -> int:
    return UUID(key).int


def _text(number: int) -> str:
    return str(UUID(int=number))
