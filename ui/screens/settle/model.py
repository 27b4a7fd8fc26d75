"""A conflict or a refusal: what it was, what was written, what the register says now, what is decided. No toolkit."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import date

from client.domain.calendar import wareki
from client.domain.change import QueuedChange, WithdrawnFor
from client.domain.clerk import Right, SignIn
from client.domain.errors import CounterError, RefusedError
from client.jobs.compare_change import Comparison, Standing
from client.jobs.follow_intakes import IntakeFate
from client.jobs.ports import Now
from client.rules import gate
from client.rules.comparison import Differ, Item, compare
from client.rules.intakes.read_back import Said, read_back
from client.rules.outbox import NEEDS_A_PERSON, may_withdraw
from ui.clock import short_time
from ui.marks import Mark
from ui.notices import Note, note_of
from ui.refusals import kept_of, refusal_of
from ui.text import Words
from ui.work import Starter, nothing

COLUMNS = ("differ", "item", "was", "wrote", "now")
_TAIL = 8
_LOOKS = {
    Differ.CLASH: (Mark.SQUARE, "bad"),
    Differ.MOVED: (Mark.TRIANGLE, "warn"),
    Differ.WROTE: (Mark.UP, "info"),
    Differ.AGREED: (Mark.CIRCLE, "ok"),
    Differ.UNKNOWN: (Mark.TRIANGLE, "warn"),
    Differ.SAME: (Mark.DOCUMENT, "quiet"),
}
_ORDER = tuple(_LOOKS)


@dataclass(frozen=True, slots=True)
class SettleLine:
    """A line: its mark and its cells in the order of the columns."""

    mark: Mark
    tone: str
    cells: tuple[str, ...] = field(repr=False)
    atena_no: str = ""  # whose record it is of


@dataclass(frozen=True, slots=True)
class SettleJobs:
    """What this screen may ask for, of the change with a key."""

    compare: Callable[[SignIn, str], Awaitable[Comparison]]
    rewrite: Callable[[SignIn, Comparison], Awaitable[object]]
    to_office: Callable[[SignIn, Comparison, str], Awaitable[object]]
    withdraw: Callable[[SignIn, str, str, WithdrawnFor], Awaitable[object]]
    kept: Callable[[SignIn, QueuedChange], RefusedError | None]  # why it cannot be taken back
    reopen: Callable[[SignIn, Comparison], Awaitable[object]]  # the form of what the office returned
    leave_to_office: Callable[[SignIn, Comparison, str], Awaitable[bool]]  # what it returned; False: tell it


class SettleModel:
    """The screen. ``finished`` is called at Esc, ``decided`` once something was decided, with what is said of it."""

    def __init__(
        self, words: Words, jobs: SettleJobs, starter: Starter, now: Now, who: Callable[[], SignIn | None]
    ) -> None:
        self.words = words
        self._jobs = jobs
        self._starter = starter
        self._now = now
        self._who = who
        self.seen: Comparison | None = None
        self.returned: IntakeFate | None = None  # where the office returned it
        self.busy = False
        self.note: Note | None = None
        self.changed: Callable[[], None] = lambda: None
        self.finished: Callable[[], None] = lambda: None
        self.decided: Callable[[Note], None] = lambda note: None

    def open(self, key: str, returned: IntakeFate | None = None) -> None:
        """Read a change and what it is held against; ``returned`` where the office returned it."""
        self.seen, self.note, self.returned = None, None, returned
        self.changed()
        if (present := self._who()) is not None:
            self._starter.replace("compare", lambda: self._load(present, key))

    def forget(self) -> None:
        """Forget what was shown; another clerk sits down."""
        self.seen, self.note, self.returned = None, None, None
        self._starter.replace("compare", nothing)  # what was asked for is shown to nobody else
        self.changed()

    def back(self) -> None:
        """Leave; nothing of it stays behind the screen."""
        self.forget()
        self.finished()

    def dismiss(self) -> None:
        """Take the note away."""
        self.note = None
        self.changed()

    # -- what is shown

    @property
    def heading(self) -> str:
        """Return kind, end of the number and state."""
        if self.seen is None:
            return self.words("settle.heading")
        change = self.seen.change
        kind = self.words(f"change_kind.{change.kind.value}")
        state = self.words(f"change_state.{'returned' if self.returned else change.state.value}")
        return self.words("settle.heading_of", kind=kind, key=change.key[-_TAIL:], state=state)

    @property
    def taken_in(self) -> str:
        """Return the day of it, and, where it may be read here, who took it in and of whom it is."""
        if self.seen is None:
            return ""
        change = self.seen.change
        day = wareki(change.todoke_date) if change.todoke_date else ""
        if self.seen.sealed:
            return self.words("settle.day", day=day)
        at, residents = short_time(change.made_at, self._now()), "、".join(change.residents)
        return self.words("settle.taken_in", by=change.made_by, at=at, day=day, residents=residents)

    @property
    def said(self) -> str:
        """Return what the cloud said, why, and what helps."""
        if self.seen is None or self.seen.sealed:
            return ""
        if self.returned is not None:
            return self.words("settle.returned", reason=self.returned.reason)
        told = refusal_of(self.seen.change, self.words, self._now)
        return " ".join(filter(None, (told.what, told.why, told.do)))

    def version(self, atena_no: str) -> str:
        """Return of a record which version the clerk saw, which stands now, and what is told of its 異動.

        Where it is nobody's, that of the first.
        """
        people = () if self.seen is None or self.seen.sealed else self.seen.people
        chosen = [one for one in people if one.atena_no == atena_no] or [*people[:1]]
        return "".join(map(self._version, chosen))

    @property
    def lines(self) -> tuple[SettleLine, ...]:
        """Return what differs in the records, item by item, then everything that was written, then what is the same."""
        seen = self.seen
        if seen is None or seen.sealed:
            return ()
        many = len(seen.people) > 1
        items = [
            (item, one.atena_no)
            for one in seen.people
            for item in compare(seen.change, one.was, one.now)
            if any((item.was, item.wrote, item.now))
        ]
        items.sort(key=lambda pair: _ORDER.index(pair[0].differ))
        present = self._who()
        unseen = gate.unseen_pieces(seen.change, present) if present else frozenset[str]()
        told = [
            self._told(said, unseen=said.text in unseen)
            for said in read_back(seen.change.kind, seen.change.payload)
        ]
        records = [self._item(item, whose, many=many) for item, whose in items]
        same = sum(item.differ is Differ.SAME for item, _ in items)
        differing = len(records) - same
        return (*records[:differing], *told, *records[differing:])

    @property
    def why_not(self) -> str:
        """Return why nothing, or not everything, can be decided here; empty where all can."""
        seen, present = self.seen, self._who()
        if seen is None or present is None:
            return ""
        rights = present.clerk.rights
        if Right.ACCEPT not in rights:
            return self.words("settle.no_right")
        if self.returned is None and seen.change.state not in NEEDS_A_PERSON:
            return self.words("settle.over")
        officer = Right.OFFICER in rights
        mine = seen.change.made_by == present.clerk.staff_id
        if self.returned is not None and (mine or officer):
            return self.words("settle.cannot_reopen", key=seen.change.key[-_TAIL:]) if seen.sealed else ""
        if seen.sealed:
            return self.words("settle.sealed" if officer else "settle.sealed_officer")
        return "" if mine or officer else self.words("settle.not_mine")

    @property
    def may_withdraw(self) -> bool:
        """Tell whether it can be taken back: of what only the cloud can read by an officer alone."""
        seen, present = self.seen, self._who()
        if seen is None or present is None or self.busy or not may_withdraw(seen.change):
            return False
        theirs = not self.why_not or (seen.sealed and Right.OFFICER in present.clerk.rights)
        return theirs and self._jobs.kept(present, seen.change) is None

    @property
    def why_kept(self) -> str:
        """Return why it is not this clerk's to take back now, though the rest is theirs to decide; else empty."""
        seen, present = self.seen, self._who()
        if seen is None or present is None or self.returned is not None or self.why_not:
            return ""
        return kept_of(self._jobs.kept(present, seen.change), self.words) if may_withdraw(seen.change) else ""

    @property
    def may_rewrite(self) -> bool:
        """Tell whether it can be written again on what is shown."""
        ready = self.may_hand_over and self.returned is None
        return ready and self.seen is not None and self._all_shown(self.seen)

    @property
    def may_reopen(self) -> bool:
        """Tell whether the form of what was returned can be opened again."""
        return self.returned is not None and self.seen is not None and not self.busy and not self.why_not

    @property
    def may_hand_over(self) -> bool:
        """Tell whether it can be handed to the back office; of what was returned also where only the cloud reads it."""
        seen, present = self.seen, self._who()
        if seen is None or present is None or self.busy:
            return False
        mine = seen.change.made_by == present.clerk.staff_id or Right.OFFICER in present.clerk.rights
        number_alone = self.returned is not None and seen.sealed and mine
        return not self.why_not or (number_alone and Right.ACCEPT in present.clerk.rights)

    # -- what is decided

    def rewrite(self) -> None:
        """Write it again on the versions that are shown."""
        seen = self.seen
        if seen is not None and self.may_rewrite:
            self._run(lambda who: self._decide(self._jobs.rewrite(who, seen), seen, "rewritten"))

    def reopen(self) -> None:
        """Open the form of what was returned, filled in."""
        seen = self.seen
        if seen is not None and self.may_reopen:
            self._run(lambda who: self._reopen(who, seen))

    def withdraw(self, reason: str, why: WithdrawnFor = WithdrawnFor.OTHER) -> None:
        """Take it back, for a reason; words are needed where none of the choices fits."""
        seen = self.seen
        if seen is not None and self.may_withdraw and (why is not WithdrawnFor.OTHER or self._has(reason)):
            told = seen.change.key, reason, why
            self._run(lambda who: self._decide(self._jobs.withdraw(who, *told), seen, "withdrawn"))

    def hand_over(self, reason: str) -> None:
        """Hand it to the back office, for a reason."""
        seen = self.seen
        if seen is None or not self.may_hand_over or not self._has(reason):
            return
        if self.returned is not None:
            self._run(lambda who: self._leave(who, seen, reason))
        else:
            self._run(lambda who: self._decide(self._jobs.to_office(who, seen, reason), seen, "handed_over"))

    def _has(self, reason: str) -> bool:
        if not reason.strip():
            self.note = Note("warn", self.words("settle.reason_needed"))
            self.changed()
        return bool(reason.strip())

    def _all_shown(self, seen: Comparison) -> bool:
        """Tell whether every record is before the clerk's eyes: nothing is written on a version nobody saw."""
        return all(one.now is not None for one in seen.people)

    def _run(self, work: Callable[[SignIn], Awaitable[None]]) -> None:
        present, seen = self._who(), self.seen
        if present is not None:
            self.busy = True
            if not self._starter.start("settle", lambda: self._do(work, present, seen)):
                self.busy = False

    async def _do(
        self, work: Callable[[SignIn], Awaitable[None]], present: SignIn, seen: Comparison | None
    ) -> None:
        try:
            await work(present)
        except CounterError as error:
            if self.seen is seen:  # else the clerk is before another
                self.note = note_of(error, self.words)
        finally:
            self.busy = False
            self.changed()

    async def _load(self, who: SignIn, key: str) -> None:
        try:
            self.seen = await self._jobs.compare(who, key)
        except CounterError as error:
            self.note = note_of(error, self.words)
        self.changed()

    async def _reopen(self, who: SignIn, seen: Comparison) -> None:
        await self._jobs.reopen(who, seen)
        if self.seen is seen:
            self.forget()

    async def _leave(self, who: SignIn, seen: Comparison, reason: str) -> None:
        sent = await self._jobs.leave_to_office(who, seen, reason)
        told = "settle.handed_over" if sent else "settle.tell_office"
        self._settled(seen, Note("ok" if sent else "info", self.words(told, key=seen.change.key[-_TAIL:])))

    async def _decide(self, job: Awaitable[object], seen: Comparison, told: str) -> None:
        await job
        self._settled(seen, Note("ok", self.words(f"settle.{told}")))

    def _settled(self, seen: Comparison, note: Note) -> None:
        if self.seen is seen:
            self.seen = None
        self.decided(note)

    # -- words

    def _version(self, one: Standing) -> str:
        told = {
            name: self._day(one.told.get(name)) for name in ("ido_date", "ido_todoke_date", "processed_date")
        }
        base = "―" if one.base is None else one.base
        now = "―" if one.now is None else one.now.history_no
        reason = one.told.get("ido_reason") or "―"
        return self.words("settle.version", atena_no=one.atena_no, base=base, now=now, reason=reason, **told)

    def _item(self, item: Item, whose: str, *, many: bool) -> SettleLine:
        mark, tone = _LOOKS[item.differ]
        cells = [self._value(item.name, text) for text in (item.was, item.wrote, item.now)]
        if item.wrote is None:
            cells[1] = self.words("settle.not_written")
        name = (f"{whose}　" if many else "") + self.words(f"settle_item.{item.name}")
        return SettleLine(mark, tone, (self.words(f"settle_differ.{item.differ.value}"), name, *cells), whose)

    def _value(self, name: str, text: str | None) -> str:
        if text is None:
            return self.words("settle.not_known")
        if name == "status":
            return self.words(f"settle_status.{text}")
        return self._day(text) if name == "tenshutsu_planned" else text or "―"

    def _told(self, said: Said, *, unseen: bool) -> SettleLine:
        label = f"field.{said.text}"
        name = (f"{said.of[-_TAIL:]}　" if said.of else "") + (
            self.words(label) if self.words.has(label) else said.text
        )
        value = self.words("settle.unseen") if unseen else self._said(said)
        cells = (self.words("settle.as_written"), name, "", value, "")
        return SettleLine(Mark.DOCUMENT, "quiet", cells)

    def _said(self, said: Said) -> str:
        value = said.value
        if value is None:
            return self.words("settle.for_cloud")
        if isinstance(value, bool):
            return self.words("settle.yes" if value else "settle.no")
        for table in (f"field_choice.{said.text}_{value}", f"{said.text}.{value}"):
            if self.words.has(table):
                return self.words(table)
        return self._day(value)

    @staticmethod
    def _day(value: object) -> str:
        text = "―" if value is None else str(value)
        try:
            return wareki(date.fromisoformat(text)) if len(text) == len("2026-11-20") else text
        except ValueError:
            return text
