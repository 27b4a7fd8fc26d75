"""A notification taken in, kept here and sent when the line allows (仮受付): one screen for every form. No toolkit."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from datetime import date
from uuid import uuid4

from client.domain.attachment import Attachment
from client.domain.calendar import parse_day, tokyo_day, wareki
from client.domain.certificate import Printed, SheetState
from client.domain.change import QueuedChange
from client.domain.errors import CounterError, RefusedError
from client.domain.forbidden_numbers import is_forbidden_number
from client.domain.intake import Ask, Entry, Field, Filer, newcomer_id
from client.domain.nhi import Insured
from client.domain.resident import AtenaNo, Household, Resident
from client.jobs.find_resident import HouseholdView
from client.jobs.ports import Now
from client.rules.intakes.form import Form, Who, forbidden, gaps
from client.rules.intakes.reopen import Reopened
from client.rules.on_day import household_on
from ui.notices import Note, note_of, slip_note
from ui.screens.change.attached import Attach, AttachedModel
from ui.screens.change.hints import hint_of
from ui.text import Words
from ui.work import Starter

TODOKE_DATE = "todoke_date"
_MOST_NEWCOMERS = 30  # what the contract takes


@dataclass(frozen=True, slots=True)
class ChangeJobs:
    """What this screen may ask for."""

    queue: Callable[[Form, Entry, tuple[Attachment, ...]], Awaitable[QueuedChange]]
    rewrite: Callable[
        [str, Form, Entry, tuple[Attachment, ...]], Awaitable[QueuedChange]
    ]  # of what was returned
    slip: Callable[[QueuedChange], Awaitable[Printed]]  # 仮受付票, the first time and again
    seal: Callable[[str], bytes]  # words for the cloud alone
    attach: Attach
    by_decision: Callable[[], bool] = lambda: False  # somebody else decides whether it is taken in


class ChangeModel:
    """A form being filled in. ``finished`` is called at Esc, ``accepted_one`` when one was taken in, and
    ``slip_told`` with what became of its 仮受付票, which may be after the clerk has gone on.
    """

    def __init__(self, words: Words, jobs: ChangeJobs, starter: Starter, now: Now) -> None:
        self.words = words
        self._jobs = jobs
        self._starter = starter
        self._now = now
        self.attached = AttachedModel(words, jobs.attach, starter)
        self.attached.changed = self._attached_changed
        self.form: Form | None = None
        self.household: Household | None = None
        self.subject: AtenaNo | None = None
        self.members: frozenset[AtenaNo] = frozenset()
        self.values: dict[str, str] = {}
        self.todoke = ""
        self.newcomers: tuple[AtenaNo, ...] = ()
        self.sealed: dict[str, bytes] = {}
        self.insured: Insured | None = None
        self.instead_of = ""  # the key of what was returned and is written anew
        self.filer = Filer.SELF
        self.wrong: frozenset[str] = frozenset()
        self.busy = False
        self.printing = False
        self.accepted: QueuedChange | None = None
        self.note: Note | None = None
        self.changed: Callable[[], None] = lambda: None
        self.finished: Callable[[], None] = lambda: None
        self.accepted_one: Callable[[QueuedChange], None] = lambda _change: None
        self.slip_told: Callable[[Note], None] = lambda _note: None

    def begin(self, form: Form, view: HouseholdView | None, subject: AtenaNo | None) -> None:
        """Begin a form; where several may be on it, everyone who lives there is, until taken off."""
        today = tokyo_day(self._now())
        self._clear()
        self.form, self.subject = form, subject
        self.household = household_on(view.household, today) if view else None
        if form.who is Who.MEMBERS:
            self.members = frozenset(one.atena_no for one in self.candidates)
        if form.who is Who.NEWCOMERS or (form.who is Who.ANYBODY and subject is None):
            self.newcomers = (newcomer_id(str(uuid4())),)
        self.todoke = wareki(today)
        self.attached.begin()
        self._fill_in()
        self.changed()

    def refill(self, told: Reopened, key: str) -> None:
        """Fill the form in with what was returned under a key, to be written anew in its place."""
        self.instead_of = key
        self.members = frozenset(told.members)
        self.newcomers = told.newcomers or self.newcomers
        self.values, self.todoke, self.filer = dict(told.values), told.todoke, told.filer
        self._fill_in()
        anew = self.words("change.asked_anew", n=len(told.asked_anew)) if told.asked_anew else ""
        beside = self.words("change.attached_before", n=told.attachments) if told.attachments else ""
        self.note = Note("info", self.words("change.rewriting", key=key[-8:]), f"{anew}{beside}")
        self.changed()

    # -- what is shown

    @property
    def entry(self) -> Entry:
        """Return what was typed so far."""
        return Entry(
            household=self.household,
            subject=self.subject,
            members=tuple(one.atena_no for one in self.candidates if one.atena_no in self.members),
            values=dict(self.values),
            todoke=self.todoke,
            filer=self.filer,
            newcomers=self.newcomers,
            sealed=dict(self.sealed),
            insured=self.insured,
        )

    @property
    def fields(self) -> tuple[Field, ...]:
        """Return what the form asks, as far as it depends on what was answered before."""
        return self.form.fields(self.entry) if self.form else ()

    @property
    def candidates(self) -> tuple[Resident, ...]:
        """Return who may be on the notification, in the stored order."""
        several = self.form is not None and self.form.who in {Who.MEMBERS, Who.MORE}
        return self.household.living if self.household and several else ()

    @property
    def resident(self) -> Resident | None:
        """Return the resident at the window."""
        return self.household.member(self.subject) if self.household and self.subject else None

    @property
    def takes_newcomers(self) -> bool:
        """Tell whether people can be added who have no 宛名番号."""
        return self.form is not None and self.form.who is Who.NEWCOMERS

    @property
    def hint(self) -> str:
        """Return what the answers mean in law: the day as read, and what the clerk is to be warned of."""
        return hint_of(self.form, self.entry, self.words, self._now()) if self.form else ""

    @property
    def may_accept(self) -> bool:
        """Tell whether the notification can still be taken in; once it is, the form is over."""
        return not self.busy and self.accepted is None

    @property
    def accept_key(self) -> str:
        """Return the words on the button that takes in."""
        return "decide.accept" if self.may_press and self._jobs.by_decision() else "change.accept"

    @property
    def may_press(self) -> bool:
        """Tell whether it can be taken in now: what is being attached is waited for."""
        return self.may_accept and not self.attached.busy

    @property
    def may_print(self) -> bool:
        """Tell whether the slip of what was taken in can be printed, again if it was before."""
        return self.accepted is not None and not self.printing

    def value(self, name: str) -> str:
        """Return a field as typed."""
        return self.values.get(name, "").strip()

    def day(self, name: str) -> date | None:
        """Return a date field as read."""
        typed = self.todoke if name == TODOKE_DATE else self.value(name)
        return parse_day(typed) if typed else None

    def know_insured(self, insured: Insured) -> None:
        """Take what the register knows of 国保."""
        self.insured = insured
        self.changed()

    # -- what a clerk does

    def set(self, name: str, value: str) -> None:
        """Take a field as typed."""
        before = self.todoke if name == TODOKE_DATE else self.values.get(name, "")
        if before == value:
            return
        if name == TODOKE_DATE:
            self.todoke = value
        else:
            self.values[name] = value
        self.wrong = self.wrong - {name}
        self._fill_in()
        self.changed()

    def seal(self, name: str, typed: str) -> bool:
        """Seal a 個人番号 or 住民票コード as it was typed; False, and the field is wrong, where it is none.

        What was typed is kept nowhere: the caller empties its field.
        """
        digits = "".join(typed.split()).replace("-", "")
        if not digits:
            return False
        good = is_forbidden_number(digits)
        if good:
            self.sealed[name] = self._jobs.seal(digits)
            self.wrong = self.wrong - {name}
        else:
            self.wrong = self.wrong | {name}
        self.note = None if good else Note("warn", self.words("change.no_such_number"))
        self.changed()
        return good

    def unseal(self, name: str) -> None:
        """Throw a sealed number away, to type it anew."""
        if self.sealed.pop(name, None) is not None:
            self.changed()

    def set_filer(self, filer: Filer) -> None:
        """Take who files."""
        self.filer = filer
        self.changed()

    def check(self, atena_no: AtenaNo, *, on: bool) -> None:
        """Put a member on the notification or take them off."""
        members = self.members | {atena_no} if on else self.members - {atena_no}
        if members != self.members:
            self.members = members
            self.changed()

    def add_newcomer(self) -> None:
        """Ask about one more person."""
        if self.takes_newcomers and self.may_accept and len(self.newcomers) < _MOST_NEWCOMERS:
            self.newcomers = (*self.newcomers, newcomer_id(str(uuid4())))
            self._fill_in()
            self.changed()

    def remove_newcomer(self) -> None:
        """Take the last person off, and all that was typed of them."""
        if self.may_accept and len(self.newcomers) > 1:
            gone = self.newcomers[-1]
            self.newcomers = self.newcomers[:-1]
            self.values = {name: said for name, said in self.values.items() if not name.startswith(gone)}
            self.sealed = {name: said for name, said in self.sealed.items() if not name.startswith(gone)}
            self.changed()

    def accept(self) -> None:
        """Take the notification in, or say what is missing."""
        if not self.may_press or self.form is None:
            return
        entry = self.entry
        self.wrong = frozenset(gaps(self.form, entry))
        if name := forbidden(self.form, entry):
            self._refuse(RefusedError("refused.forbidden_number", field=name))
            return
        no_members = self.form.who is Who.MEMBERS and not self.members
        if self.wrong or no_members:
            self.note = Note("warn", self.words("change.gaps" if self.wrong else "change.no_members"))
            self.changed()
            return
        form, self.busy, self.note = self.form, True, Note("info", self.words("change.accepting"))
        self.changed()
        self._starter.start("queue_change", lambda: self._accept(form, entry))

    def print_slip(self) -> None:
        """Print the slip again: the first one did not come out, or was spoiled."""
        if self.may_print and self.accepted is not None:
            self._start_slip(self.accepted)

    def back(self) -> None:
        """Leave; what was typed is gone, from the fields too (P08). Not while it is being taken in: that is told first."""
        if not self.busy:
            self.forget()
            self.finished()

    def forget(self) -> None:
        """Forget the household and what was typed; another clerk sits down."""
        self._clear()
        self.attached.forget()
        self.changed()

    def dismiss(self) -> None:
        """Take the note away."""
        self.note = None
        self.changed()

    # -- inside

    def _attached_changed(self) -> None:
        self.changed()

    def _clear(self) -> None:
        self.form = self.household = self.subject = self.insured = None
        self.members, self.values, self.sealed, self.newcomers = frozenset(), {}, {}, ()
        self.todoke, self.filer, self.instead_of = "", Filer.SELF, ""
        self.wrong, self.busy, self.printing = frozenset(), False, False
        self.accepted = self.note = None

    def _fill_in(self) -> None:
        """Give new questions their first answer; of those no longer asked nothing is kept."""
        asked = {field.name: field for field in self.fields}
        for name, field in asked.items():
            self.values.setdefault(name, field.default)
        self.values = {name: said for name, said in self.values.items() if name in asked}
        self.sealed = {name: said for name, said in self.sealed.items() if name in asked}

    def _refuse(self, error: RefusedError) -> None:
        """Say no by the field it concerns, in the words of that field."""
        name = str(error.facts.get("field", ""))
        field = next((one for one in self.fields if one.name == name), None)
        if name:
            self.wrong |= {name}
        named = {"field": field.text if field else name.rpartition(".")[2]} if name else {}
        self.note = note_of(RefusedError(error.code, **{**error.facts, **named}), self.words)
        self.changed()

    async def _accept(self, form: Form, entry: Entry) -> None:
        waiting = self.note
        try:
            told = form, self._sealed(entry), self.attached.attachments
            before = self.instead_of
            change = await (self._jobs.rewrite(before, *told) if before else self._jobs.queue(*told))
        except RefusedError as error:
            self._refuse(error)
        except CounterError as error:
            self.note = note_of(error, self.words)
        else:
            self.accepted = change
            self.attached.forget()  # they are the change's now
            self.accepted_one(change)
            self._start_slip(change)
        finally:
            self.busy = False
            self.note = None if self.note is waiting else self.note
            self.changed()

    def _sealed(self, entry: Entry) -> Entry:
        """Seal the words that are for the cloud alone; they leave the entry."""
        private = {one.name for one in self.fields if one.ask is Ask.SEALED and entry.value(one.name)}
        sealed = {name: self._jobs.seal(entry.value(name)) for name in private}
        values = {name: said for name, said in entry.values.items() if name not in private}
        return replace(entry, values=values, sealed={**entry.sealed, **sealed})

    def _start_slip(self, change: QueuedChange) -> None:
        self.printing = True
        self.note = self._accepted_note(change, self.words("change.slip_printing"))
        self.changed()
        self._starter.start(f"slip {change.key}", lambda: self._slip(change))

    async def _slip(self, change: QueuedChange) -> None:
        try:
            note = self._printed_note(change, await self._jobs.slip(change))
        except CounterError as error:
            note = slip_note(error, self.words)
        if self.accepted is change:
            self.printing, self.note = False, note
            self.changed()
        self.slip_told(note)

    def _printed_note(self, change: QueuedChange, printed: Printed) -> Note:
        if printed.state is SheetState.PRINTED:
            return self._accepted_note(change, self.words("change.slip_printed"))
        more = self.words("change.accepted_more", key=change.key[-8:])
        return Note(
            "warn",
            f"{self.words('change.accepted')} {self.words('change.slip_look')}",
            f"{printed.words}　{more}",
        )

    def _accepted_note(self, change: QueuedChange, slip: str) -> Note:
        more = self.words("change.accepted_more", key=change.key[-8:])
        return Note("ok", f"{self.words('change.accepted')} {slip}", more)
