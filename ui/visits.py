"""Visits behind the lock: each waits for its own clerk, and is asked for anew before anything of it is shown (P08).

They are in memory alone, without what the register said of anybody, and end with the day and with the program.
"""

from dataclasses import dataclass
from datetime import date

from client.domain.calendar import tokyo_day
from client.jobs.ports import Now
from ui.notices import Note
from ui.screens.change.aside import HalfTyped, put_aside, take_up
from ui.screens.counter.kept import Kept, newly_sheltered
from ui.screens.counter.model import CounterModel
from ui.taking_in import CHANGE, TakingIn
from ui.text import Words

COUNTER = "counter"
_MOST = 12  # clerks who may have left one at this terminal; whoever left first finds theirs gone


@dataclass(frozen=True, slots=True)
class _Visit:
    kept: Kept | None
    half: HalfTyped | None
    form_gone: bool
    day: date


class Visits:
    """Puts the visit of who has left aside when another clerk sits down, and brings it back to who left it."""

    def __init__(self, counter: CounterModel, taking_in: TakingIn, words: Words, now: Now) -> None:
        self._counter = counter
        self._taking_in = taking_in
        self._words = words
        self._now = now
        self._aside: dict[str, _Visit] = {}

    def put_aside(self, staff_id: str, left: str) -> None:
        """Put aside what a clerk has left, on which screen."""
        today = tokyo_day(self._now())
        change = self._taking_in.change
        typing = left == CHANGE and change.form is not None and change.accepted is None
        half = put_aside(change) if typing else None
        before = self._aside.pop(staff_id, None)
        if before is not None and half is None:
            half = before.half  # could not be taken up again
        elif before is not None:
            self._drop(before)
        kept = self._counter.keep()
        if kept is not None or half is not None or typing:
            self._aside[staff_id] = _Visit(kept, half, typing and half is None, today)
        over = [who for who, one in self._aside.items() if one.day != today]
        for who in over or list(self._aside)[:-_MOST]:
            self._drop(self._aside.pop(who))

    def is_waiting(self, staff_id: str) -> bool:
        """Tell whether there is something for a clerk to come back to."""
        return staff_id in self._aside or self._counter.keep() is not None

    async def come_back(self, staff_id: str, left: str) -> str:
        """Bring a clerk's visit back and return the screen to go on with; what cannot be brought back is said."""
        visit = self._aside.get(staff_id)
        if visit is not None and visit.day != tokyo_day(self._now()):
            self._drop(visit)
            visit = None
        counter = self._counter
        kept = counter.keep() or (visit.kept if visit else None)
        read = kept is None or await counter.come_back(kept)
        self._aside.pop(staff_id, None)
        sheltered = bool(kept and counter.view and newly_sheltered(kept, counter.view))
        if visit is None or (visit.half is None and not visit.form_gone):
            return self._with_own_form(left, sheltered=sheltered)
        if visit.half is None or sheltered or (read and visit.half.subject not in {None, counter.subject}):
            self._drop(visit)
            self._say_form_gone()
            return COUNTER
        if not read:
            self._aside[staff_id] = visit  # whoever signs in again has it read again
            return COUNTER
        take_up(self._taking_in.change, visit.half, counter.view if visit.half.subject else None)
        self._taking_in.insured.begin()
        if visit.half.attached.reading:
            self._taking_in.change.note = Note("warn", self._words("visit.files_gone"))
        return CHANGE

    def _with_own_form(self, left: str, *, sheltered: bool) -> str:
        """Go on with a form nobody else has sat down before: it is still where it was left."""
        if left != CHANGE:
            return COUNTER
        if sheltered and self._taking_in.change.subject is not None:
            self._taking_in.forget()
            self._say_form_gone()
            return COUNTER
        return CHANGE

    def _say_form_gone(self) -> None:
        said = self._counter.note
        more = " ".join(filter(None, (said.what, said.more))) if said else ""
        self._counter.note = Note("warn", self._words("visit.form_gone"), more)
        self._counter.changed()

    def _drop(self, visit: _Visit) -> None:
        if visit.half is not None:
            self._taking_in.change.attached.drop_aside(visit.half.attached)
