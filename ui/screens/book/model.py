"""操作記録: what the book says, looked for by person, staff, kind and period, a page at a time. No toolkit."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import date

from client.domain.calendar import parse_day
from client.domain.clerk import Right, SignIn
from client.domain.errors import CounterError
from client.domain.journal import BookLine, Wanted
from client.jobs.analyse_book import AnalyseBook
from client.jobs.look_in_book import LookInBook, Named, Page, Told
from client.rules.book_analyses import Analysis, Finding
from ui.clock import in_tokyo
from ui.marks import Mark
from ui.notices import Note, note_of
from ui.screens.book.day import begin_of, day_after
from ui.screens.book.findings import behind, cells_of, mark_of
from ui.screens.book.told import kind_word, told
from ui.text import Words
from ui.work import Starter, nothing

COLUMNS = ("kind", "at", "actor", "subjects", "told")
_TIME = "%Y-%m-%d %H:%M:%S"
_MARKS = {  # by shape, beside the word of the kind
    "refusal": (Mark.TRIANGLE, "warn"),
    "loss": (Mark.SQUARE, "bad"),
    "gap": (Mark.TRIANGLE, "warn"),
    "release": (Mark.TRIANGLE, "warn"),
}
_PLAIN = (Mark.DOCUMENT, "quiet")
_SHOWN_NUMBERS = 2
_WORK = "look_in_book"


@dataclass(frozen=True, slots=True)
class BookJobs:
    """What the screen asks for."""

    look: LookInBook
    analyse: AnalyseBook


@dataclass(frozen=True, slots=True)
class ShownLine:
    """A line of the list: its cells in the order of the columns; a finding's number is its place in the list."""

    seq: int
    mark: Mark
    tone: str
    cells: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Typed:
    """What stands in the fields of the screen; days as staff type them, the last day included."""

    subject: str = ""
    staff: str = ""
    kind: str = ""
    since: str = ""
    until: str = ""
    analysis: Analysis | None = None  # None: the lines themselves


class BookModel:
    """The screen (F10). ``finished`` is called at Esc, ``found`` once there are lines to go to."""

    def __init__(
        self, words: Words, jobs: BookJobs, starter: Starter, *, who: Callable[[], SignIn | None]
    ) -> None:
        self.words = words
        self._jobs = jobs
        self._starter = starter
        self._who = who
        self.page = Page()
        self.analysis: Analysis | None = None  # what is shown in place of lines
        self.findings: tuple[Finding, ...] = ()
        self.chosen: int | None = None
        self.told: Told | None = None
        self.busy = False
        self.done = 0  # percent of the book gone through
        self.note: Note | None = None
        self._wanted: Wanted | None = None  # what the page shown was looked for by
        self._above: tuple[int, ...] = ()  # where each page before this one began
        self._began = 0
        self.changed: Callable[[], None] = lambda: None
        self.finished: Callable[[], None] = lambda: None
        self.found: Callable[[], None] = lambda: None

    @property
    def reason(self) -> str:
        """Return why nothing can be looked for; empty when it can."""
        return "" if self._may else self.words("book.officer_only")

    @property
    def may_look(self) -> bool:
        """Tell whether a look can begin."""
        return self._may and not self.busy

    @property
    def may_turn(self) -> bool:
        """Tell whether there is a page after this one."""
        return self.may_look and self.page.below > 0

    @property
    def may_turn_back(self) -> bool:
        """Tell whether there is a page before this one."""
        return self.may_look and bool(self._above)

    @property
    def may_name(self) -> bool:
        """Tell whether the chosen line concerns anybody."""
        line = self._chosen
        return self.may_look and line is not None and bool(line.subjects)

    @property
    def may_see_behind(self) -> bool:
        """Tell whether a finding is chosen whose lines can be shown."""
        return self.may_look and self._finding is not None

    @property
    def may_export(self) -> bool:
        """Tell whether there is something to be written out."""
        return self.may_look and self._wanted is not None

    @property
    def summary(self) -> str:
        """Return how many lines are shown and of which page, or how far the look is."""
        if self.busy:
            return self.words("book.looking", percent=self.done)
        if self._wanted is None:
            return ""
        if self.analysis is not None:
            out = sum(one.stands_out for one in self._shown_findings)
            return self.words("book.found", n=len(self._shown_findings), out=out)
        more = self.words("book.more" if self.page.below else "book.end")
        return self.words("book.summary", n=len(self.page.lines), page=len(self._above) + 1) + more

    @property
    def whole(self) -> str:
        """Return the chosen line in full: the list may have no room for it."""
        finding, line = self._finding, self._chosen
        if finding is not None:
            return "　".join(filter(None, cells_of(finding, self._jobs.analyse.thresholds, self.words)))
        if line is None:
            return ""
        head = self.words("book.line", n=line.seq, at=in_tokyo(line.at).strftime(_TIME))
        people = self.words("book.comma").join(
            dict.fromkeys(map(str, line.subjects))
            if self.told is None
            else map(self._named, self.told.people)
        )
        note = self.words("book.note", text=self.told.note) if self.told and self.told.note else ""
        return "　".join(filter(None, (head, people, told(line, self.words), note)))

    def lines(self) -> tuple[ShownLine, ...]:
        """Return the page, newest first, or what was found."""
        if self.analysis is None:
            return tuple(map(self._line, self.page.lines))
        limits = self._jobs.analyse.thresholds
        return tuple(
            ShownLine(place, *mark_of(one), cells_of(one, limits, self.words))
            for place, one in enumerate(self._shown_findings)
        )

    def look(self, typed: Typed) -> None:
        """Look for lines anew."""
        if not self.may_look:
            return
        wanted = self._wanted_of(typed)
        if wanted is None:
            return
        analysis = typed.analysis
        if analysis is None:
            self._run(lambda who: self._look(who, wanted, 0, ()))
        else:
            self._run(lambda who: self._analyse(who, wanted, analysis))

    def see_behind(self) -> None:
        """Show the lines behind the chosen finding."""
        finding = self._finding
        if finding is not None and self.may_see_behind:
            self._run(lambda who: self._look(who, behind(finding), 0, ()))

    def export(self) -> None:
        """Write what was looked for, all of it, or what was found, where the town lets files be written."""
        wanted = self._wanted
        if wanted is not None and self.may_export:
            self._run(lambda who: self._export(who, wanted))

    def turn(self) -> None:
        """Go to the older page."""
        wanted = self._wanted
        if wanted is not None and self.may_turn:
            above = (*self._above, self._began)
            self._run(lambda who: self._look(who, wanted, self.page.below, above))

    def turn_back(self) -> None:
        """Go back to the newer page."""
        wanted = self._wanted
        if wanted is not None and self.may_turn_back:
            *above, began = self._above
            self._run(lambda who: self._look(who, wanted, began, tuple(above)))

    def name(self) -> None:
        """Have the people of the chosen line named."""
        line = self._chosen
        if line is not None and self.may_name:
            self._run(lambda who: self._name(who, line))

    def choose(self, seq: int | None) -> None:
        """Choose a line."""
        if seq != self.chosen:
            self.chosen, self.told = seq, None
            self.changed()

    def back(self) -> None:
        """Leave; nothing of the book stays behind."""
        self.forget()
        self.finished()

    def forget(self) -> None:
        """Put away what was read."""
        if self.busy:
            self._starter.replace(_WORK, nothing)
            self.busy = False
        self.page, self.chosen, self.told, self.note = Page(), None, None, None
        self.analysis, self.findings = None, ()
        self._wanted, self._above, self._began = None, (), 0
        self.changed()

    def dismiss(self) -> None:
        """Take the note away."""
        self._say(None)

    @property
    def _may(self) -> bool:
        present = self._who()
        return present is not None and Right.OFFICER in present.clerk.rights

    @property
    def _shown_findings(self) -> tuple[Finding, ...]:
        return tuple(one for one in self.findings if one.analysis is self.analysis)

    @property
    def _finding(self) -> Finding | None:
        found, chosen = self._shown_findings, self.chosen
        return found[chosen] if chosen is not None and chosen < len(found) else None

    @property
    def _chosen(self) -> BookLine | None:
        return next((one for one in self.page.lines if one.seq == self.chosen), None)

    def _say(self, note: Note | None) -> None:
        self.note = note
        self.changed()

    def _wanted_of(self, typed: Typed) -> Wanted | None:
        days: list[date | None] = []
        for text in (typed.since, typed.until):
            day = parse_day(text) if text.strip() else None
            if text.strip() and day is None:
                self._say(Note("warn", self.words("book.no_day")))
                return None
            days.append(day)
        since, until = days
        return Wanted(
            typed.subject,
            typed.staff,
            typed.kind,
            None if since is None else begin_of(since),
            None if until is None else begin_of(day_after(until)),
        )

    def _run(self, work: Callable[[SignIn], Awaitable[None]]) -> None:
        present = self._who()
        if present is None:
            return
        self.busy, self.done, self.note = True, 0, None
        self.changed()
        if not self._starter.start(_WORK, lambda: self._do(work, present)):
            self.busy = False

    async def _do(self, work: Callable[[SignIn], Awaitable[None]], present: SignIn) -> None:
        try:
            await work(present)
        except CounterError as error:
            self.note = note_of(error, self.words)
        finally:
            self.busy = False
            self.changed()
        if self.lines() and (self.note is None or self.note.tone == "ok"):
            self.found()

    async def _look(self, who: SignIn, wanted: Wanted, below: int, above: tuple[int, ...]) -> None:
        page = await self._jobs.look.page(who, wanted, below, tell=self._tell)
        if self._who() is not who:  # another sits here now, or nobody
            return
        self.page, self._wanted, self._began, self._above = page, wanted, below, above
        self.analysis, self.findings = None, ()
        self.chosen, self.told = (page.lines[0].seq if page.lines else None), None
        if not page.lines:
            self.note = Note("info", self.words("book.nothing"))

    async def _analyse(self, who: SignIn, wanted: Wanted, analysis: Analysis) -> None:
        found = await self._jobs.analyse.analyse(who, wanted, tell=self._tell)
        if self._who() is not who:  # as above
            return
        self.page, self._wanted, self._began, self._above = Page(), wanted, 0, ()
        self.analysis, self.findings, self.told = analysis, found, None
        self.chosen = 0 if self._shown_findings else None
        if not self._shown_findings:
            self.note = Note("info", self.words("book.nothing_found"))

    async def _export(self, who: SignIn, wanted: Wanted) -> None:
        head = [self.words(f"book.column_{name}") for name in COLUMNS]
        job, words = self._jobs.analyse, self.words
        if self.analysis is None:
            path = await job.export_lines(
                who, wanted, self._row, [words("book.column_line"), *head], tell=self._tell
            )
        else:
            rows = [cells_of(one, job.thresholds, words) for one in self._shown_findings]
            path = await job.export_findings(who, wanted, rows, head)
        self.note = Note("ok", words("book.exported"), str(path))

    async def _name(self, who: SignIn, line: BookLine) -> None:
        behind_it = await self._jobs.look.told(who, line)
        if self._who() is who and self.chosen == line.seq:
            self.told = behind_it

    def _tell(self, done: int, of: int) -> None:
        percent = 100 * done // max(of, 1)
        if percent != self.done:
            self.done = percent
            self.changed()

    def _named(self, one: Named) -> str:
        if one.protected and not one.name:
            return self.words("book.protected", number=one.number)
        return f"{one.number} {one.name}".strip()

    def _line(self, line: BookLine) -> ShownLine:
        mark, tone = _MARKS.get(line.kind, _PLAIN)
        people = _people(line)
        shown = self.words("book.comma").join(people[:_SHOWN_NUMBERS])
        if len(people) > _SHOWN_NUMBERS:
            shown += self.words("book.more_people", n=len(people) - _SHOWN_NUMBERS)
        cells = (
            kind_word(line.kind, self.words),
            in_tokyo(line.at).strftime(_TIME),
            line.actor or self.words("book.program"),
            shown,
            told(line, self.words),
        )
        return ShownLine(line.seq, mark, tone, cells)

    def _row(self, line: BookLine) -> tuple[str, ...]:
        kind, at, actor, _, said = self._line(line).cells
        return str(line.seq), kind, at, actor, " ".join(_people(line)), said


def _people(line: BookLine) -> tuple[str, ...]:
    return tuple(dict.fromkeys(line.subjects))
