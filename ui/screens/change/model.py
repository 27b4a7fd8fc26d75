"""転居: a notification taken in, kept here and sent when the line allows (仮受付). No toolkit."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import date

from client.domain.calendar import parse_day, tokyo_day, wareki
from client.domain.certificate import Printed, SheetState
from client.domain.change import QueuedChange
from client.domain.errors import CounterError, RefusedError
from client.domain.forbidden_numbers import holds_forbidden_number
from client.domain.intake import TENKYO_WITHIN, Filer, TenkyoDraft
from client.domain.resident import Address, AtenaNo, Household, Resident
from client.jobs.find_resident import HouseholdView
from client.jobs.ports import Now
from client.rules.on_day import household_on
from ui.notices import Note, note_of, slip_note
from ui.text import Words
from ui.work import Starter

FIELDS = ("town", "banchi", "katagaki", "postcode", "ido_date", "todoke_date")
_NEEDED = ("town", "banchi")
DAYS = ("ido_date", "todoke_date")


@dataclass(frozen=True, slots=True)
class TenkyoJobs:
    """What this screen may ask for."""

    queue: Callable[[TenkyoDraft], Awaitable[QueuedChange]]
    slip: Callable[[QueuedChange], Awaitable[Printed]]  # 仮受付票, the first time and again


class TenkyoModel:
    """The form of 転居届. ``finished`` is called at Esc, ``accepted_one`` when one was taken in, and
    ``slip_told`` with what became of its 仮受付票, which may be after the clerk has gone on.
    """

    def __init__(self, words: Words, jobs: TenkyoJobs, starter: Starter, now: Now) -> None:
        self.words = words
        self._jobs = jobs
        self._starter = starter
        self._now = now
        self.household: Household | None = None
        self.subject: AtenaNo | None = None
        self.members: frozenset[AtenaNo] = frozenset()
        self.values: dict[str, str] = dict.fromkeys(FIELDS, "")
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

    def begin(self, view: HouseholdView, subject: AtenaNo) -> None:
        """Begin for a household; everyone who lives there is on the notification until taken off."""
        today = tokyo_day(self._now())
        self.household, self.subject = household_on(view.household, today), subject
        self.members = frozenset(one.atena_no for one in self.candidates)
        self.values = dict.fromkeys(FIELDS, "") | {"todoke_date": wareki(today)}
        self.filer = Filer.SELF
        self.wrong, self.busy, self.accepted, self.note = frozenset(), False, None, None
        self.printing = False
        self.changed()

    @property
    def candidates(self) -> tuple[Resident, ...]:
        """Return who may be on the notification, in the stored order."""
        return self.household.living if self.household else ()

    @property
    def resident(self) -> Resident | None:
        """Return the resident at the window."""
        return self.household.member(self.subject) if self.household and self.subject else None

    @property
    def new_address(self) -> Address:
        """Return the new address as typed."""
        to = {name: self.values[name].strip() for name in ("town", "banchi", "katagaki", "postcode")}
        return Address(to["town"], to["banchi"], to["katagaki"], postcode=to["postcode"] or None)

    @property
    def hint(self) -> str:
        """Return what the dates mean in law: the day as read, and whether the 14 days are over."""
        moved = self.day("ido_date")
        if moved is None:
            return self.words("change.unread_day") if self.values["ido_date"].strip() else ""
        filed = self.day("todoke_date") or tokyo_day(self._now())
        late = filed - moved > TENKYO_WITHIN
        return self.words("change.late" if late else "change.read_as", day=wareki(moved))

    @property
    def may_accept(self) -> bool:
        """Tell whether the notification can still be taken in; once it is, the form is over."""
        return not self.busy and self.accepted is None

    @property
    def may_print(self) -> bool:
        """Tell whether the slip of what was taken in can be printed, again if it was before."""
        return self.accepted is not None and not self.printing

    def day(self, name: str) -> date | None:
        """Return a date field as read."""
        typed = self.values[name].strip()
        return parse_day(typed) if typed else None

    def set(self, name: str, value: str) -> None:
        """Take a field as typed."""
        if self.values[name] != value:
            self.values[name] = value
            self.wrong = self.wrong - {name}
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

    def accept(self) -> None:
        """Take the notification in, or say what is missing."""
        if not self.may_accept:
            return
        missing = {name for name in _NEEDED if not self.values[name].strip()}
        self.wrong = frozenset(missing | {name for name in DAYS if self.day(name) is None})
        if self._holds_a_number():
            return
        draft = self._draft()
        if self.wrong or not self.members or draft is None:
            self.note = Note("warn", self.words("change.gaps" if self.wrong else "change.no_members"))
            self.changed()
            return
        self.busy, self.note = True, None
        self.changed()
        self._starter.start("queue_change", lambda: self._accept(draft))

    def print_slip(self) -> None:
        """Print the slip again: the first one did not come out, or was spoiled."""
        if self.may_print and self.accepted is not None:
            self._start_slip(self.accepted)

    def back(self) -> None:
        """Leave; what was typed is gone, from the fields too (P08)."""
        self.forget()
        self.finished()

    def forget(self) -> None:
        """Forget the household and what was typed; another clerk sits down."""
        self.household = self.subject = None
        self.members, self.values = frozenset(), dict.fromkeys(FIELDS, "")
        self.accepted = self.note = None
        self.changed()

    def dismiss(self) -> None:
        """Take the note away."""
        self.note = None
        self.changed()

    def _holds_a_number(self) -> bool:
        """Tell of the first field with 個人番号 or 住民票コード in it, and say where such numbers go."""
        held = [name for name in FIELDS if holds_forbidden_number(self.values[name])]
        if held:
            self.wrong |= frozenset(held)
            self.note = note_of(RefusedError("refused.forbidden_number", field=held[0]), self.words)
            self.changed()
        return bool(held)

    def _draft(self) -> TenkyoDraft | None:
        moved, filed = self.day("ido_date"), self.day("todoke_date")
        if moved is None or filed is None or self.household is None or self.subject is None:
            return None
        return TenkyoDraft(
            subject=self.subject,
            members=tuple(one.atena_no for one in self.candidates if one.atena_no in self.members),
            ido_date=moved,
            todoke_date=filed,
            to=self.new_address,
            filer=self.filer,
            household=self.household,
        )

    async def _accept(self, draft: TenkyoDraft) -> None:
        try:
            change = await self._jobs.queue(draft)
        except CounterError as error:
            self.note = note_of(error, self.words)
        else:
            self.accepted = change
            self.accepted_one(change)
            self._start_slip(change)
        finally:
            self.busy = False
            self.changed()

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
