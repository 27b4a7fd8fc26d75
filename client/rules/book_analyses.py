"""The five analyses of the logs ([STD j1370]): access at night and on days off, failed sign-ins, sign-ins per id, mass
search, and searches from 宛名番号.

They read lines in any order, keep counts and no line, and say of each person and day what there was; what stands out
is said by the town's own thresholds. None of them accuses: an officer looks at the lines behind.
"""

from bisect import bisect_right
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from enum import Enum

from client.domain.calendar import TOKYO
from client.domain.holidays import is_closed_by_law
from client.domain.journal import BookLine

_HOUR = timedelta(hours=1)
_SAME = timedelta(seconds=10)  # between a try and the line of it: a password is stretched meanwhile
# Lines a person makes; what the program, the cloud or a neighbour wrote is nobody's access.
_BY_PERSONS = frozenset(
    {
        "sign_in", "look_up", "view", "issue", "handed_over", "spoiled", "refusal", "saved", "release", "let_in", "account",
        "intake", "call_back", "book", "drill", "declaration", "deputy", "doubtful",
    }
)  # fmt: skip
_IN = frozenset({"online", "offline"})
_NEAR = 2  # 宛名番号 without their check digit follow each other by one, or by two where a digit has none
_STEM = 10


class Analysis(Enum):
    """Which of the five."""

    OFF_HOURS = "off_hours"  # 深夜・休業日のアクセス
    FAILED = "failed"  # サインインの失敗
    SIGN_INS = "sign_ins"  # ID別のサインイン
    MASS = "mass"  # 大量検索
    BY_NUMBER = "by_number"  # 宛名番号等からの検索


@dataclass(frozen=True, slots=True)
class Thresholds:
    """From where on something stands out; hours are of the day in Japan, counts of one person on one day.

    Night is from ``night_from`` to before ``night_until``, over midnight where the first is the greater; both equal,
    there is none. ``open_days`` and ``closed_days`` are the town's own beside the days of the law.
    """

    night_from: int = 22
    night_until: int = 5
    failed: int = 3
    sign_ins: int = 20
    searches_an_hour: int = 60
    numbers: int = 30
    in_a_row: int = 5
    open_days: frozenset[date] = frozenset()
    closed_days: frozenset[date] = frozenset()

    def is_off(self, moment: datetime) -> bool:
        """Tell whether a moment is at night or on a day off."""
        here = moment.astimezone(TOKYO)
        day, hour, begins, ends = here.date(), here.hour, self.night_from, self.night_until
        night = begins <= hour < ends if begins <= ends else hour >= begins or hour < ends
        closed = day in self.closed_days or (day not in self.open_days and is_closed_by_law(day))
        return night or closed


@dataclass(frozen=True, slots=True)
class Finding:
    """What an analysis says of a member of staff on a day (in Japan).

    ``count`` is what the analysis counts, ``most`` the most within an hour (mass search) or numbers in a row (from
    numbers), ``people`` how many were found or shown; 0 where it says nothing of it.
    """

    analysis: Analysis
    staff: str
    day: date
    count: int
    first: datetime
    last: datetime
    stands_out: bool
    most: int = 0
    people: int = 0


@dataclass(slots=True)
class _Pile:
    """What one person did on one day, for one analysis."""

    count: int = 0
    first: datetime | None = None
    last: datetime | None = None
    times: list[datetime] = field(default_factory=list)
    people: set[str] = field(default_factory=set)

    def add(self, at: datetime, count: int = 1) -> None:
        self.count += count
        self.first = at if self.first is None else min(self.first, at)
        self.last = at if self.last is None else max(self.last, at)


class Analyses:
    """Takes lines in, in any order, and says what was found; five in one reading."""

    def __init__(self, thresholds: Thresholds) -> None:
        self._thresholds = thresholds
        self._piles: defaultdict[tuple[Analysis, date, str], _Pile] = defaultdict(_Pile)
        self._sums: defaultdict[str, list[tuple[datetime, int]]] = defaultdict(
            list
        )  # failures as a count, by id
        self._beside: defaultdict[str, list[datetime]] = defaultdict(list)  # failures told at once, by id
        self._tried: defaultdict[str, dict[tuple[object, datetime], datetime]] = defaultdict(dict)

    def add(self, lines: Iterable[BookLine]) -> None:
        """Count some lines."""
        for line in lines:
            if line.kind not in _BY_PERSONS or not line.actor:
                continue
            day = line.at.astimezone(TOKYO).date()
            if self._thresholds.is_off(line.at) and line.facts.get("how") != "tried":
                pile = self._piles[Analysis.OFF_HOURS, day, line.actor]
                pile.add(line.at)
                pile.people.update(line.subjects)
            if line.kind == "sign_in":
                self._add_sign_in(line, day)
            elif line.kind == "look_up":
                self._add_search(line, day)

    def found(self) -> tuple[Finding, ...]:
        """Return what there was: by analysis, what stands out first, the newest day first."""
        order = {one: place for place, one in enumerate(Analysis)}
        return tuple(
            sorted(
                self._found(),
                key=lambda one: (order[one.analysis], not one.stands_out, -one.day.toordinal(), one.staff),
            )
        )

    def _add_sign_in(self, line: BookLine, day: date) -> None:
        how = line.facts.get("how")
        if how == "tried":  # told when somebody has signed in, with the moment it was tried
            at = _moment(line)
            self._tried[line.actor][line.facts.get("no"), at] = at  # a kill has one told twice
        elif how == "failed" and "tries" in line.facts:
            self._sums[line.actor].append((line.at, _number(line, "tries", 1)))
        elif (
            how == "failed"
        ):  # the id that was tried: beside a clerk it is another than the one who sits there
            self._beside[str(line.facts.get("who") or line.actor)].append(line.at)
        elif how in _IN:
            self._piles[Analysis.SIGN_INS, day, line.actor].add(line.at)

    def _add_search(self, line: BookLine, day: date) -> None:
        pile = self._piles[Analysis.MASS, day, line.actor]
        pile.add(line.at)
        pile.times.append(line.at)
        pile.people.update(line.subjects)
        if "number" in str(line.facts.get("by", "")).split("+"):
            pile = self._piles[Analysis.BY_NUMBER, day, line.actor]
            pile.add(line.at)
            pile.people.update(line.subjects)

    def _failures(self) -> Iterator[tuple[tuple[Analysis, date, str], _Pile]]:
        """Yield who failed on which day: each try once, however often and in which way it is told.

        What failed beside a clerk is told at once, and off line as a try too. Of a count the tries before it that are known
        by their moments are left out: the rest is of a program that kept none, or of more than are kept.
        """
        piles: defaultdict[tuple[Analysis, date, str], _Pile] = defaultdict(_Pile)
        for staff in {*self._beside, *self._tried}:
            told = self._beside.get(staff, [])
            tried = _untold(self._tried.get(staff, {}).values(), told)
            for at in [*told, *tried]:
                piles[Analysis.FAILED, at.astimezone(TOKYO).date(), staff].add(at)
            for at in filter(self._thresholds.is_off, tried):
                piles[Analysis.OFF_HOURS, at.astimezone(TOKYO).date(), staff].add(at)
        for staff, counts in self._sums.items():
            for at, more in _beyond(counts, self._tried.get(staff, {}).values()):
                piles[Analysis.FAILED, at.astimezone(TOKYO).date(), staff].add(at, more)
        for place, pile in piles.items():
            merged = self._piles.get(place)
            if merged is not None and merged.first is not None and merged.last is not None:
                pile.add(merged.first, merged.count)
                pile.add(merged.last, 0)
                pile.people |= merged.people
            yield place, pile

    def _found(self) -> Iterator[Finding]:
        limits = self._thresholds
        for (analysis, day, staff), pile in (self._piles | dict(self._failures())).items():
            if pile.first is None or pile.last is None:
                continue
            most = 0
            match analysis:
                case Analysis.OFF_HOURS:
                    out = True
                case Analysis.FAILED:
                    out = pile.count >= limits.failed
                case Analysis.SIGN_INS:
                    out = pile.count >= limits.sign_ins
                case Analysis.MASS:
                    most = most_within(pile.times, _HOUR)
                    out = most >= limits.searches_an_hour
                case Analysis.BY_NUMBER:
                    most = longest_row(pile.people)
                    out = pile.count >= limits.numbers or most >= limits.in_a_row
            told = (pile.count, pile.first, pile.last)
            yield Finding(analysis, staff, day, *told, out, most, len(pile.people))


def most_within(times: Iterable[datetime], span: timedelta) -> int:
    """Return how many moments at most lie within a span, wherever it begins."""
    ordered = sorted(times)
    most = begin = 0
    for end, at in enumerate(ordered):
        while at - ordered[begin] >= span:
            begin += 1
        most = max(most, end - begin + 1)
    return most


def longest_row(numbers: Iterable[str]) -> int:
    """Return how many 宛名番号 at most follow each other, their check digits left out; others do not count."""
    stems = sorted({int(number) // _STEM for number in numbers if number.isdecimal()})
    most = row = 0
    last: int | None = None
    for stem in stems:
        row = row + 1 if last is not None and stem - last <= _NEAR else 1
        most, last = max(most, row), stem
    return most


def _untold(tried: Iterable[datetime], told: Iterable[datetime]) -> list[datetime]:
    """Return the tries nobody was told of at once: each telling is of one try, however many were made around it."""
    tellings, left = sorted(told), list[datetime]()
    for at in sorted(tried):
        while tellings and tellings[0] < at - _SAME:
            tellings.pop(0)
        if tellings and tellings[0] <= at + _SAME:
            tellings.pop(0)
        else:
            left.append(at)
    return left


def _beyond(
    counts: Iterable[tuple[datetime, int]], tried: Iterable[datetime]
) -> Iterator[tuple[datetime, int]]:
    """Yield of each count what is more than the tries made before it, of which each belongs to one count."""
    left = sorted(tried)
    for at, count in sorted(counts):
        known = min(count, bisect_right(left, at))
        del left[:known]
        if count > known:
            yield at, count - known


def _moment(line: BookLine) -> datetime:
    """Return when a try was made; where that cannot be read, when it was told."""
    try:
        at = datetime.fromisoformat(str(line.facts.get("at", "")))
    except ValueError:
        return line.at
    return at if at.tzinfo else line.at


def _number(line: BookLine, name: str, otherwise: int) -> int:
    value = line.facts.get(name, otherwise)
    return value if isinstance(value, int) else otherwise
