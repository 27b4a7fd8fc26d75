"""The left column: what was typed, what was found, what was looked at lately. No toolkit."""

import asyncio
import re
from collections import deque
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from datetime import datetime

from client.domain.as_of import Answer, AsOf, Source
from client.domain.calendar import RegisterDate, short_wareki
from client.domain.errors import CounterError, RefusedError
from client.domain.forbidden_numbers import holds_forbidden_number
from client.domain.query import Match, Query
from client.domain.resident import AtenaNo, Found, Hit, ResidentStatus
from client.jobs.ports import Now
from ui.clock import in_tokyo
from ui.notices import Note, note_of
from ui.text import Words
from ui.work import Starter, nothing

TYPING_SECONDS = 0.03  # so that held keys are one search
PAUSE_SECONDS = 0.3  # after which the cloud is asked too: whoever types on does not wait for it
_KEPT = 12


@dataclass(frozen=True, slots=True)
class FindJobs:
    """What this column may ask for: ``here`` the replica at once, ``find`` the cloud while it answers, else the replica."""

    here: Callable[[Query], Awaitable[Answer[Found] | None]]
    find: Callable[[Query], Awaitable[Answer[Found]]]
    asks_cloud: Callable[[], bool]


@dataclass(frozen=True, slots=True)
class HitLine:
    """A line of the result list."""

    atena_no: AtenaNo
    name: str
    birth: str
    furigana: str
    address: str
    mark: str  # "" | unseen | blocked | protected | removed


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
    """Search as one types; ``chosen`` is called with the resident to open.

    While the line is up the list comes from the replica at once, and from the cloud after a pause in the typing.
    """

    def __init__(self, words: Words, jobs: FindJobs, starter: Starter, now: Now, *, town: str = "") -> None:
        self._words = words
        self._town = town
        self._jobs = jobs
        self._starter = starter
        self._now = now
        self._who = ""
        self._histories: dict[str, deque[Query]] = {}
        self.query = Query()
        self.busy = False
        self.failed = False  # that is not to say that nobody is there
        self.asking = False  # the cloud, while the replica's answer is shown
        self.lines: tuple[HitLine, ...] = ()
        self.more = False
        self.as_of: AsOf | None = None
        self.note: Note | None = None
        self.recent: tuple[Recent, ...] = ()
        self.changed: Callable[[], None] = lambda: None
        self.chosen: Callable[[AtenaNo], None] = lambda _atena_no: None

    @property
    def typed(self) -> str:
        """Return what is in the one field."""
        return self.query.typed

    @property
    def count_text(self) -> str:
        """Return how many were found, whether there are more, and from where when it was not the cloud."""
        if self.query.is_empty:
            return self._words("find.hint")
        if self.busy and not self.lines:
            return self._words("find.busy")
        if self.failed:
            return ""
        if self.more:
            text = self._words("find.more", n=len(self.lines))
        else:
            text = self._words("find.count", n=len(self.lines)) if self.lines else self._words("find.none")
        if self.asking:
            return text + self._words("find.asking")
        if self.as_of is not None and self.as_of.source is Source.REPLICA:
            text += self._words("find.from_replica")
        return text

    @property
    def history(self) -> tuple[Query, ...]:
        """Return what this clerk has searched for, the last first ([STD j320])."""
        return tuple(self._histories.get(self._who, ()))

    def history_text(self, query: Query) -> str:
        """Return a search as one line; how names are compared stands with the form's name, which alone it is of."""
        texts = query.texts
        if query.name.strip() and query.match is not Match.INFIX:
            way = self._words(f"find.match_{query.match.value}")
            texts = replace(query, name=f"{query.name.strip()}（{way}）").texts
        marks = [_plain(self._words(f"find.{name}")) for name in ("removed", "past") if getattr(query, name)]
        return "　".join([*(text.strip() for text in texts if text.strip()), *marks])

    def type(self, typed: str) -> None:
        """Search for what is typed now; what was under way is dropped."""
        self.ask(replace(self.query, typed=typed))

    def ask(self, query: Query) -> None:
        """Search for something; what was under way is dropped."""
        if query == self.query:
            return
        self.query = query
        if query.is_empty:
            self.busy = self.asking = self.more = self.failed = False
            self.lines, self.note = (), None
            self._starter.replace("find", nothing)
            self.changed()
            return
        self.busy, self.asking, self.failed = True, False, False
        self._starter.replace("find", lambda: self._find(query))
        self.changed()

    def set_removed(self, on: bool) -> None:
        """Search closed records too, or no longer."""
        self.ask(replace(self.query, removed=on))

    def set_past(self, on: bool) -> None:
        """Search former names and addresses too, or no longer."""
        self.ask(replace(self.query, past=on))

    def fill_in(self, field: str, text: str) -> None:
        """Search by a field of the form: name, birth, place, number or sex."""
        if field not in {"name", "birth", "place", "number", "sex"}:
            raise ValueError(f"the form has no field {field}")
        self.ask(replace(self.query, **{field: text}))  # type: ignore[arg-type]  # all of them are texts

    def set_match(self, match: Match) -> None:
        """Compare the form's name in another way; the one field finds what holds its words, always."""
        self.ask(replace(self.query, match=match))

    def clear_form(self) -> None:
        """Empty the form; the one field stays."""
        self.ask(Query(typed=self.query.typed))

    def find_now(self) -> None:
        """Search at once (Enter); with a single answer, open it."""
        if not self.query.is_empty:
            query = self.query
            self._starter.replace("find", lambda: self._find(query, at_once=True))

    def choose(self, row: int) -> None:
        """Open the resident of a line."""
        if 0 <= row < len(self.lines):
            self._remember_query()
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

    def seat(self, who: str) -> None:
        """Let a clerk sit down: what others looked at is gone, what this one searched for earlier is there."""
        if who != self._who:
            self.forget()
            self._who = who
            self.changed()
        elif not self.query.is_empty:  # a measure may have come meanwhile: what was found is not shown again
            query, self.lines, self.busy, self.asking = self.query, (), True, False
            self._starter.replace("find", lambda: self._find(query))
            self.changed()

    def pause(self) -> None:
        """Ask for nothing more: the counter is locked. Whoever comes back to it has it asked again."""
        self._starter.replace("find", nothing)

    def forget(self) -> None:
        """Forget what is shown; another clerk sits down."""
        self.query = Query()
        self.busy = self.asking = self.more = self.failed = False
        self.lines, self.recent, self.note = (), (), None
        self._starter.replace("find", nothing)
        self.changed()

    def _remember_query(self) -> None:
        if any(
            map(holds_forbidden_number, self.query.seen.texts)
        ):  # 番号法: kept nowhere, and never asked for
            return
        kept = self._histories.setdefault(self._who, deque(maxlen=_KEPT))
        if self.query in kept:
            kept.remove(self.query)
        if not self.query.is_empty:
            kept.appendleft(self.query)

    async def _find(self, query: Query, *, at_once: bool = False) -> None:
        if not at_once:
            await asyncio.sleep(TYPING_SECONDS)
        failed = True  # until it is answered: a mistake of ours is not to be waited for either
        try:
            if not at_once and self._jobs.asks_cloud():
                await self._show_what_is_here(query)
                await asyncio.sleep(PAUSE_SECONDS)
            self._show(await self._jobs.find(query))
            failed = False
        except CounterError as error:
            self.note = note_of(error, self._words)
            if at_once and not isinstance(error, RefusedError):
                self._remember_query()
        except asyncio.CancelledError:
            failed = False  # another search has taken its place, and what is shown is that one's affair
            raise
        finally:
            if failed:
                self._fail()
        if not failed:
            self._end(at_once=at_once)

    def _fail(self) -> None:
        self.lines, self.more, self.failed = (), False, True
        self.busy = self.asking = False
        self.changed()

    def _end(self, *, at_once: bool) -> None:
        self.busy = self.asking = False
        if at_once:
            self._remember_query()
        self.changed()
        if at_once and len(self.lines) == 1:
            self.choose(0)

    async def _show_what_is_here(self, query: Query) -> None:
        answer = await self._jobs.here(query)
        if answer is not None:
            self._show(answer)
            self.busy, self.asking = False, True
            self.changed()

    def _show(self, answer: Answer[Found]) -> None:
        self.as_of, self.note, self.more, self.failed = answer.as_of, None, answer.value.more, False
        self.lines = tuple(map(self._line, answer.value.hits))

    def _line(self, hit: Hit) -> HitLine:
        removed = hit.status is not ResidentStatus.RESIDENT
        stands = {
            "protected": hit.protected,
            "unseen": hit.unseen,
            "blocked": hit.blocked,
            "removed": removed,
        }
        mark = next((name for name, holds in stands.items() if holds), "")
        address = self._words("find.no_look" if hit.unseen else "find.no_address")
        if hit.address is not None:
            address = hit.address.removeprefix(self._town)  # everyone here lives in the same town
        return HitLine(hit.atena_no, hit.name, short_birth(hit.birth), hit.furigana or "", address, mark)


def _plain(text: str) -> str:
    """Return a text without the key that chooses it."""
    return re.sub(r" ?\(&.\)|&", "", text)
