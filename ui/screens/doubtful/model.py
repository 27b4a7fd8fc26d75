"""停止中発行 要確認一覧: the papers issued off line that are to be looked at, why, and what was done. No toolkit."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from client.domain.certificate import SheetState
from client.domain.clerk import Right, SignIn
from client.domain.doubtful import Done, DoubtCounts, DoubtfulPaper
from client.domain.errors import CounterError
from client.jobs.ports import Now
from client.jobs.settle_doubtful import SettleDoubtful, file_name
from ui.clock import in_tokyo
from ui.marks import Mark
from ui.notices import Note, note_of
from ui.text import Words
from ui.work import Starter

_TIME, _WHOLE_TIME = "%m/%d %H:%M", "%Y-%m-%d %H:%M"
_WHOLE = 5  # from this column on a line may be cut short
COLUMNS = ("state", "serial", "issued", "kind", "subject", "why", "done")


@dataclass(frozen=True, slots=True)
class DoubtfulLine:
    """A line of the list: its cells in the order of the columns."""

    serial: int
    mark: Mark
    tone: str
    cells: tuple[str, ...]


class DoubtfulModel:
    """The screen (F11). ``finished`` is called at Esc, ``settled`` once a line was dealt with."""

    def __init__(
        self,
        words: Words,
        job: SettleDoubtful,
        starter: Starter,
        now: Now,
        *,
        who: Callable[[], SignIn | None],
    ) -> None:
        self.words = words
        self._job = job
        self._starter = starter
        self._now = now
        self._who = who
        self.papers: tuple[DoubtfulPaper, ...] = ()
        self.counts = DoubtCounts()
        self.chosen: int | None = None
        self.busy = False
        self.note: Note | None = None
        self.changed: Callable[[], None] = lambda: None
        self.finished: Callable[[], None] = lambda: None
        self.settled: Callable[[], None] = lambda: None

    @property
    def reason(self) -> str:
        """Return why nothing can be done with the list; empty when it can."""
        present = self._who()
        if present is None or Right.OFFICER not in present.clerk.rights:
            return self.words("doubtful.officer_only")
        return self.words("doubtful.nothing") if not self.papers else ""

    @property
    def may_settle(self) -> bool:
        """Tell whether the chosen line can be dealt with."""
        paper = self._chosen
        return not self.reason and not self.busy and paper is not None and paper.signed_off is None

    @property
    def may_print(self) -> bool:
        """Tell whether the list can be printed and exported."""
        return not self.reason and not self.busy

    @property
    def summary(self) -> str:
        """Return how many wait, how many were dealt with, and how many the register was not asked about yet."""
        counts, done = self.counts, sum(one.signed_off is not None for one in self.papers)
        text = self.words("doubtful.summary", open=counts.open, done=done)
        return text + (self.words("doubtful.unchecked", n=counts.unchecked) if counts.unchecked else "")

    @property
    def suggested(self) -> str:
        """Return what an exported list is called unless the officer chooses otherwise."""
        return file_name(self._now)

    @property
    def whole(self) -> str:
        """Return the chosen line's reasons and what was done in full: the list may have no room for them."""
        paper = self._chosen
        return "" if paper is None else "　".join(filter(None, self._cells(paper)[_WHOLE:]))

    def lines(self) -> tuple[DoubtfulLine, ...]:
        """Return the list, open lines first."""
        return tuple(map(self._line, self.papers))

    def load(self) -> None:
        """Read the list again."""
        self._starter.replace("doubtful", self._load)

    def choose(self, serial: int | None) -> None:
        """Choose a line."""
        if serial != self.chosen:
            self.chosen = serial
            self.changed()

    def settle(self, done: Done, remark: str) -> None:
        """Write what was done about the chosen paper; the remark says why."""
        paper = self._chosen
        if paper is None or not self.may_settle:
            return
        if not remark.strip():
            self._say(Note("warn", self.words("doubtful.remark_needed")))
            return
        self._run(lambda who: self._settle(who, paper.serial.serial, done, remark))

    def print_list(self) -> None:
        """Print the list, to be signed."""
        if self.may_print:
            self._run(self._print)

    def export(self, path: Path) -> None:
        """Write the list where the officer chose."""
        if self.may_print:
            self._run(lambda who: self._export(who, path))

    def back(self) -> None:
        """Leave."""
        self.note = None
        self.papers, self.chosen = (), None
        self.changed()
        self.finished()

    def dismiss(self) -> None:
        """Take the note away."""
        self._say(None)

    @property
    def _chosen(self) -> DoubtfulPaper | None:
        return next((one for one in self.papers if one.serial.serial == self.chosen), None)

    def _say(self, note: Note | None) -> None:
        self.note = note
        self.changed()

    def _run(self, work: Callable[[SignIn], Awaitable[None]]) -> None:
        present = self._who()
        if present is None:
            return
        self.busy, self.note = True, None
        self.changed()
        self._starter.start("settle_doubtful", lambda: self._do(work, present))

    async def _do(self, work: Callable[[SignIn], Awaitable[None]], present: SignIn) -> None:
        try:
            await work(present)
        except CounterError as error:
            self.note = note_of(error, self.words)
        finally:
            self.busy = False
            self.changed()

    async def _load(self) -> None:
        present = self._who()
        if present is None:
            return
        try:
            self.papers, self.counts = await self._job.listing(present), await self._job.counts()
        except CounterError as error:
            self.note = note_of(error, self.words)
        if self._chosen is None:
            self.chosen = self.papers[0].serial.serial if self.papers else None
        self.changed()

    async def _settle(self, who: SignIn, serial: int, done: Done, remark: str) -> None:
        await self._job.sign_off(who, serial, done, remark)
        self.chosen = None
        await self._load()
        self.note = Note("ok", self.words("doubtful.settled", done=self.words(f"doubtful_done.{done.value}")))
        self.settled()

    async def _print(self, who: SignIn) -> None:
        printed = await self._job.print_list(who)
        self.note = Note("ok", self.words("doubtful.printed"), printed.words)

    async def _export(self, who: SignIn, path: Path) -> None:
        head = [self.words(f"doubtful.column_{name}") for name in COLUMNS]
        await self._job.export(who, path, lambda paper: self._cells(paper, _WHOLE_TIME), head)
        self.note = Note("ok", self.words("doubtful.exported"), path.name)

    def _line(self, paper: DoubtfulPaper) -> DoubtfulLine:
        settled = paper.signed_off is not None
        mark, tone = (Mark.DOCUMENT, "quiet") if settled else (Mark.SQUARE, "bad")
        return DoubtfulLine(paper.serial.serial, mark, tone, tuple(self._cells(paper)))

    def _cells(self, paper: DoubtfulPaper, time: str = _TIME) -> Sequence[str]:
        words, signed = self.words, paper.signed_off
        state = words("doubtful.open" if signed is None else "doubtful.settled_line")
        if paper.state is SheetState.SPOILED:
            state += words("doubtful.spoiled")
        done = ""
        if signed is not None:
            by = f"{signed.by} {in_tokyo(signed.at).strftime(time)}"
            done = f"{words(f'doubtful_done.{signed.done.value}')}　{signed.remark}　{by}"
        issued = in_tokyo(paper.issued_at).strftime(_WHOLE_TIME)
        kind = words(f"paper.{paper.kind}")
        return state, paper.serial.brief, issued, kind, paper.subject, self._why(paper, time), done

    def _why(self, paper: DoubtfulPaper, time: str) -> str:
        told = [
            self.words(f"doubtful_why.{one.why.value}")
            + (f"（{in_tokyo(one.at).strftime(time)}）" if one.at is not None else "")
            for one in paper.doubts
        ]
        return "、".join([*told, *([self.words("doubtful.withheld")] if paper.withheld else [])])
