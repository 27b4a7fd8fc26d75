"""The left column: what was typed, what was found, what was looked at lately. No toolkit."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime

from client.domain.as_of import Answer, AsOf, Source
from client.domain.calendar import RegisterDate, short_wareki
from client.domain.errors import CounterError
from client.domain.resident import AtenaNo, Hit, ResidentStatus
from client.jobs.ports import Now
from ui.clock import in_tokyo
from ui.notices import Note, note_of
from ui.text import Words
from ui.work import Starter

DEBOUNCE_SECONDS = 0.12
_KEPT = 12
FindJob = Callable[[str], Awaitable[Answer[tuple[Hit, ...]]]]


@dataclass(frozen=True, slots=True)
class HitLine:
    """A line of the result list."""

    atena_no: AtenaNo
    name: str
    birth: str
    furigana: str
    address: str
    mark: str  # "" | blocked | protected | removed


@dataclass(frozen=True, slots=True)
class Recent:
    """A resident looked at lately."""

    at: datetime
    atena_no: AtenaNo
    name: str


def short_birth(birth: RegisterDate) -> str:
    """Return a birth date for a narrow column; a text of unknown date stays as it is."""
    if (
        birth.day is None
        or birth.day.year < 1873
        or not birth.text.startswith(("明", "大", "昭", "平", "令"))
    ):
        return f"{birth.day.year}.{birth.day.month}.{birth.day.day}" if birth.day else birth.text
    return short_wareki(birth.day)


class FindModel:
    """Search as one types; ``chosen`` is called with the resident to open."""

    def __init__(self, words: Words, job: FindJob, starter: Starter, now: Now, *, town: str = "") -> None:
        self._words = words
        self._town = town
        self._job = job
        self._starter = starter
        self._now = now
        self.typed = ""
        self.busy = False
        self.lines: tuple[HitLine, ...] = ()
        self.as_of: AsOf | None = None
        self.note: Note | None = None
        self.recent: tuple[Recent, ...] = ()
        self.changed: Callable[[], None] = lambda: None
        self.chosen: Callable[[AtenaNo], None] = lambda _atena_no: None

    @property
    def count_text(self) -> str:
        """Return how many were found, and from where when it was not the cloud."""
        if not self.typed.strip():
            return self._words("find.hint")
        if self.busy and not self.lines:
            return self._words("find.busy")
        if self.note is not None:  # it failed: that is not to say that nobody is there
            return ""
        text = self._words("find.count", n=len(self.lines)) if self.lines else self._words("find.none")
        if self.as_of is not None and self.as_of.source is Source.REPLICA:
            text += self._words("find.from_replica")
        return text

    def type(self, typed: str) -> None:
        """Search for what is typed now; what was under way is dropped."""
        if typed == self.typed:
            return
        self.typed = typed
        if not typed.strip():
            self.busy, self.lines, self.note = False, (), None
            self._starter.replace("find", self._nothing)
            self.changed()
            return
        self.busy = True
        self._starter.replace("find", lambda: self._find(typed, DEBOUNCE_SECONDS))
        self.changed()

    def find_now(self) -> None:
        """Search at once (Enter); with a single answer, open it."""
        if self.typed.strip():
            typed = self.typed
            self._starter.replace("find", lambda: self._find(typed, 0, open_single=True))

    def choose(self, row: int) -> None:
        """Open the resident of a line."""
        if 0 <= row < len(self.lines):
            self.chosen(self.lines[row].atena_no)

    def choose_recent(self, row: int) -> None:
        """Open a resident looked at lately."""
        if 0 <= row < len(self.recent):
            self.chosen(self.recent[row].atena_no)

    def remember(self, atena_no: AtenaNo, name: str) -> None:
        """Put a resident on top of the list of those looked at lately."""
        others = tuple(line for line in self.recent if line.atena_no != atena_no)
        self.recent = (Recent(self._now(), atena_no, name), *others)[:_KEPT]
        self.changed()

    def recent_text(self, line: Recent) -> str:
        """Return 14:21　渡邉 一郎."""
        return f"{in_tokyo(line.at):%H:%M}　{line.name}"

    def forget(self) -> None:
        """Forget everything; another clerk sits down."""
        self.typed, self.busy, self.lines, self.recent, self.note = "", False, (), (), None
        self.changed()

    async def _nothing(self) -> None:
        return

    async def _find(self, typed: str, wait: float, *, open_single: bool = False) -> None:
        await asyncio.sleep(wait)
        try:
            answer = await self._job(typed)
        except CounterError as error:
            self.lines, self.note = (), note_of(error, self._words)
        else:
            self.as_of, self.note = answer.as_of, None
            self.lines = tuple(self._line(hit) for hit in answer.value)
        self.busy = False
        self.changed()
        if open_single and len(self.lines) == 1:
            self.choose(0)

    def _line(self, hit: Hit) -> HitLine:
        removed = hit.status is not ResidentStatus.RESIDENT
        mark = "protected" if hit.protected else "blocked" if hit.blocked else "removed" if removed else ""
        address = self._words("find.no_address")
        if hit.address is not None:
            address = hit.address.removeprefix(self._town)  # everyone here lives in the same town
        return HitLine(hit.atena_no, hit.name, short_birth(hit.birth), hit.furigana or "", address, mark)
