"""The officer looks in the book: lines by person, staff, kind and period, a page at a time; each look is a line too."""

import re
import unicodedata
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Protocol

from client.domain.clerk import Right, SignIn
from client.domain.errors import RefusedError
from client.domain.intake import refuse_forbidden_number
from client.domain.journal import BookLine, JournalStanding, Slab, Wanted
from client.domain.resident import AtenaNo
from client.jobs.ports import JournalEntry, Ledger, Now, Register
from client.jobs.restrictions import read_household
from client.rules import gate
from client.rules.sign_in import right_error, session_error

PAGE = 100  # lines a person can read
SPAN = 10_000  # numbers of one look: some hundredths of a second, and others who ask the ledger come between
MOST_NAMED = 12  # people of one line who are named at once
_NUMBER = re.compile(r"[0-9]{10}")  # 宛名番号
_STAFF_ID = re.compile(r"[A-Za-z0-9_-]{1,20}")
Tell = Callable[[int, int], object]  # how many numbers were gone through, of how many


class Lines(Protocol):
    """The journal, asked for its lines."""

    async def standing(self) -> JournalStanding:
        """Return how far the journal has come."""
        ...

    async def search(self, wanted: Wanted, *, below: int, span: int, most: int) -> Slab:
        """Return at most ``most`` lines among the ``span`` numbers below one, newest first."""
        ...


@dataclass(frozen=True, slots=True)
class Page:
    """Lines newest first, the number below which the next page begins, 0 where there is none."""

    lines: tuple[BookLine, ...] = ()
    below: int = 0


@dataclass(frozen=True, slots=True)
class Named:
    """A person of a line as this officer may read them: without a name where the number is all that may be shown."""

    number: AtenaNo
    name: str = field(default="", repr=False)
    protected: bool = False


@dataclass(frozen=True, slots=True)
class Told:
    """What stands behind a line: its people, and words typed by hand beside it, which are in no log."""

    people: tuple[Named, ...] = ()
    note: str = field(default="", repr=False)


class Notes(Protocol):
    """The words beside the lines."""

    async def note_of(self, seq: int) -> str:
        """Return the words typed by hand beside a line; empty where there are none."""
        ...


class LookInBook:
    """What an officer may have read out of the journal."""

    def __init__(self, lines: Lines, notes: Notes, ledger: Ledger, register: Register, *, now: Now) -> None:
        self._lines = lines
        self._notes = notes
        self._ledger = ledger
        self._register = register
        self._now = now

    async def page(
        self, sign_in: SignIn, wanted: Wanted, below: int = 0, *, tell: Tell = lambda _done, _of: None
    ) -> Page:
        """Return a page of lines; the look is in the book before. RefusedError, SignInNeededError.

        ``below`` is the last page's; the first, at 0, does not show its own look.
        """
        self._check(sign_in)
        wanted = checked(wanted)
        found: list[BookLine] = []
        below = below or (await self._lines.standing()).entries + 1
        top = below
        while below and len(found) < PAGE:
            slab = await self._lines.search(wanted, below=below, span=SPAN, most=PAGE - len(found))
            found += slab.lines
            below = slab.below
            tell(top - below, top)
        await self._record(sign_in, "searched", wanted, len(found))
        return Page(tuple(found), below)

    async def told(self, sign_in: SignIn, line: BookLine) -> Told:
        """Return whom a line concerns, by name where that may be shown, and what was typed beside it. RefusedError.

        Of whom is protected, and of who lives with them, only the number is told and no word, unless the officer may
        know. That it was looked at is a line too.
        """
        self._check(sign_in)
        everybody = tuple(dict.fromkeys(line.subjects))
        numbers = everybody[:MOST_NAMED]
        facts: dict[str, str | int] = {"what": "named", "line": line.seq}
        await self._ledger.record(JournalEntry("book", sign_in.clerk.staff_id, numbers, facts))
        may = Right.SHIEN_SOCHI in sign_in.clerk.rights
        people = tuple([await self._named(number, may=may) for number in numbers])
        hidden = any(one.protected and not may for one in people)
        if not hidden and not may:  # the words beside a line are about everybody of it, named or not
            rest = [await self._named(number, may=may) for number in everybody[MOST_NAMED:]]
            hidden = any(one.protected for one in rest)
        return Told(people, "" if hidden else await self._notes.note_of(line.seq))

    async def _named(self, number: AtenaNo, *, may: bool) -> Named:
        try:
            answer, restrictions = await read_household(self._register, self._ledger, number)
        except RefusedError:  # a newcomer's, or one that is gone: there is no name to it
            return Named(number)
        protected = gate.shelters(restrictions)
        if protected and not may:
            return Named(number, protected=True)
        member = next((one for one in answer.value.members if one.atena_no == number), None)
        return Named(number, member.shown_name if member else "", protected=protected)

    async def _record(self, sign_in: SignIn, what: str, wanted: Wanted, count: int) -> None:
        who = (AtenaNo(wanted.subject),) if wanted.subject else ()
        facts: dict[str, str | int] = {"what": what, "by": wanted.asked_by, "lines": count}
        if wanted.staff:
            facts["who"] = wanted.staff
        await self._ledger.record(JournalEntry("book", sign_in.clerk.staff_id, who, facts))

    def _check(self, sign_in: SignIn) -> None:
        missing = session_error(sign_in, self._now()) or right_error(sign_in, Right.OFFICER)
        if missing:
            raise missing


def checked(wanted: Wanted) -> Wanted:
    """Return what was typed as it is looked for. RefusedError ``refused.input`` where it is no number, id or period."""
    for name, text in (("atena_no", wanted.subject), ("staff_id", wanted.staff)):
        refuse_forbidden_number(name, text)
    subject, staff = _narrow(wanted.subject), _narrow(wanted.staff)
    if subject and not _NUMBER.fullmatch(subject):
        raise RefusedError("refused.input", field="atena_no")
    if staff and not _STAFF_ID.fullmatch(staff):
        raise RefusedError("refused.input", field="staff_id")
    if wanted.since and wanted.until and wanted.since >= wanted.until:
        raise RefusedError("refused.input", field="period")
    return replace(wanted, subject=subject, staff=staff)


def _narrow(text: str) -> str:
    return unicodedata.normalize("NFKC", text).strip()
