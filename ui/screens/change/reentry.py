"""再転入 check of who is on a 転入届: asked once the three facts are typed, and told beside the form. No toolkit."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from datetime import date

from client.domain.as_of import Answer, Source
from client.domain.calendar import short_wareki
from client.domain.errors import CounterError
from client.domain.intake import Ask, Field
from client.domain.resident import AtenaNo
from client.jobs.check_reentry import Before, Former, ThreeFacts
from client.rules.intakes.form import value_of
from ui.screens.change.model import ChangeModel
from ui.work import Starter, nothing

PAUSE_SECONDS = 0.6  # after which somebody's three facts are taken for typed: each look is in the journal

_MOST_LINES = 4  # beside a form that is to be seen too


@dataclass(frozen=True, slots=True)
class ReentryJobs:
    """What is asked of the register."""

    people: Callable[[ThreeFacts], Awaitable[Answer[tuple[Before, ...]]]]
    former: Callable[[AtenaNo, date | None, str], Awaitable[Answer[Former]]]


@dataclass(frozen=True, slots=True)
class Warned:
    """A line of warning; with a number, one that may be put into the form."""

    text: str
    newcomer: AtenaNo | None = None
    number: AtenaNo | None = None


@dataclass(frozen=True, slots=True)
class _Typed:
    facts: ThreeFacts | None
    birth: date | None
    sex: str
    former: AtenaNo | None


@dataclass(slots=True)
class _Known:
    people: Answer[tuple[Before, ...]] | None = field(default=None, repr=False)
    former: Answer[Former] | None = None
    failed: bool = False


class ReentryModel:
    """What the register says of those on the form. ``heed`` whenever the form has changed."""

    def __init__(
        self, change: ChangeModel, jobs: ReentryJobs, starter: Starter, pause: float = PAUSE_SECONDS
    ) -> None:
        self._change = change
        self._jobs = jobs
        self._starter = starter
        self._pause = pause
        self._typed: Mapping[AtenaNo, _Typed] = {}
        self._known: dict[AtenaNo, _Known] = {}
        self.changed: Callable[[], None] = lambda: None

    def heed(self) -> None:
        """Ask about whoever is typed anew; forget whoever is on the form no more."""
        asked = {one.name for one in self._change.fields}
        typed = {one: self._read(one) for one in self._change.newcomers if f"{one}.former" in asked}
        if typed == self._typed:
            return
        before, self._typed = self._typed, typed
        for one in [*self._known]:
            if one not in typed or typed[one] != before.get(one):
                del self._known[one]
        waits = any(said.facts or said.former for said in typed.values())
        self._starter.replace("reentry", self._look if waits else nothing)
        self.changed()

    def put(self, warned: Warned) -> None:
        """Put a number into the form as that which somebody had."""
        if warned.number is not None and self._change.may_accept:
            self._change.set(f"{warned.newcomer}.former", warned.number)

    @property
    def lines(self) -> tuple[Warned, ...]:
        """Return what is to be told, person by person."""
        said, words = [], self._change.words
        for place, (one, typed) in enumerate(self._typed.items(), 1):
            known = self._known.get(one)
            if known is None:
                continue
            who = words("change.person", n=place)
            for before in known.people.value if known.people else ():
                if before.atena_no != typed.former:
                    said.append(Warned(f"{who}　{self._told(before)}", one, before.atena_no))
            if known.former is not None and known.former.value is not Former.AGREES:
                said.append(Warned(f"{who}　{words(f'reentry.former_{known.former.value.value}')}", one))
            if known.failed:
                said.append(Warned(f"{who}　{words('reentry.failed')}", one))
        if len(said) > _MOST_LINES:  # the rest comes up as these are dealt with
            said[_MOST_LINES:] = [Warned(words("reentry.more", n=len(said) - _MOST_LINES))]
        if self._rests_on_replica():
            said.append(Warned(words("reentry.again")))
        return tuple(said)

    def _told(self, before: Before) -> str:
        words = self._change.words
        state = words(f"reentry.{before.status.value}")
        day = f" {short_wareki(before.day)}" if before.day else ""
        mark = words("reentry.protected") if before.protected else ""
        return words("reentry.maybe", number=before.atena_no, state=f"{state}{day}{mark}")

    def _rests_on_replica(self) -> bool:
        answers = (answer for one in self._known.values() for answer in (one.people, one.former))
        return any(answer is not None and answer.as_of.source is Source.REPLICA for answer in answers)

    def _read(self, one: AtenaNo) -> _Typed:
        change = self._change
        names = tuple(filter(None, (change.value(f"{one}.{name}") for name in ("full_name", "latin_name"))))
        birth, sex = change.day(f"{one}.birth_date"), change.value(f"{one}.sex")
        former = value_of(Field("former", Ask.RESIDENT), change.value(f"{one}.former"))
        return _Typed(
            ThreeFacts(names, birth, sex) if names and birth and sex else None,
            birth,
            sex,
            AtenaNo(str(former)) if former else None,
        )

    async def _look(self) -> None:
        await asyncio.sleep(self._pause)
        for one, typed in self._typed.items():
            if one not in self._known:
                known = await self._ask(typed)
                if self._typed.get(one) == typed:
                    self._known[one] = known
                    self.changed()

    async def _ask(self, typed: _Typed) -> _Known:
        known = _Known()
        try:
            if typed.facts is not None:
                known.people = await self._jobs.people(typed.facts)
            if typed.former is not None:
                known.former = await self._jobs.former(typed.former, typed.birth, typed.sex)
        except CounterError:  # why it cannot be asked is told where it concerns more than this
            known.failed = True
        return known
