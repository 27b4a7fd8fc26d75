"""Issuing: the pages are looked at, printed, and every copy gets its word. No toolkit.

Nothing resumes by itself: a copy stays open until the clerk has said what became of it.
"""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from enum import Enum

from client.domain.as_of import Source
from client.domain.certificate import IssuedCopy, SerialNo, SheetState
from client.domain.errors import CounterError
from client.jobs.issue_copy import Issued, Prepared
from client.jobs.ports import Picture
from client.rules.releases import RELEASED_BY
from ui.notices import Note, note_of
from ui.text import Words
from ui.work import Starter, nothing

SPOIL_REASONS = ("jam", "smudge", "wrong", "not_out", "other")
_SETTLED = frozenset({SheetState.HANDED_OVER, SheetState.SPOILED})
_TONES = {
    SheetState.HANDED_OVER: "ok",
    SheetState.SPOILED: "warn",
    SheetState.UNKNOWN: "bad",
}


class Phase(Enum):
    """Where the screen stands."""

    PREVIEW = "preview"
    PRINTING = "printing"
    CONFIRM = "confirm"
    DONE = "done"


@dataclass(frozen=True, slots=True)
class CopyLine:
    """A copy on the screen."""

    serial: SerialNo
    number: str
    state: SheetState
    tone: str
    text: str
    present: bool


@dataclass(frozen=True, slots=True)
class IssueJobs:
    """What this screen may ask for."""

    preview: Callable[[Prepared], Awaitable[tuple[Picture, ...]]]
    issue: Callable[[Prepared], Awaitable[tuple[Issued, ...]]]
    confirm: Callable[[SerialNo, bool, str], Awaitable[None]]
    by_decision: Callable[[], bool] = lambda: False  # somebody else decides whether it is issued


class CertificateModel:
    """The certificate screen. ``finished`` is called when every copy has its word, or at Esc in the preview."""

    def __init__(self, words: Words, jobs: IssueJobs, starter: Starter) -> None:
        self.words = words
        self._jobs = jobs
        self._starter = starter
        self.prepared: Prepared | None = None
        self.copies_wanted = 1
        self.phase = Phase.PREVIEW
        self.pictures: tuple[Picture, ...] = ()
        self.copies: tuple[IssuedCopy, ...] = ()
        self.note: Note | None = None
        self.saving = False
        self.changed: Callable[[], None] = lambda: None
        self.finished: Callable[[], None] = lambda: None

    def begin(self, prepared: Prepared) -> None:
        """Show a decided paper."""
        self.prepared, self.copies_wanted = prepared, prepared.request.copies
        self.phase, self.pictures, self.copies, self.note = Phase.PREVIEW, (), (), None
        self.changed()
        self._starter.replace("preview", lambda: self._load(prepared))

    def forget(self) -> None:
        """Forget the paper; another clerk sits down. A copy whose end nobody has told is asked about anew."""
        self.prepared, self.pictures, self.copies, self.note = None, (), (), None
        self.phase = Phase.PREVIEW
        self._starter.replace("preview", nothing)
        self.changed()

    def resume(self, copies: tuple[IssuedCopy, ...], note: Note | None = None) -> None:
        """Ask for the word on copies whose end is not known: after a restart, or trouble that ``note`` tells of."""
        self.prepared, self.pictures, self.copies = None, (), copies
        self.phase = Phase.CONFIRM
        self.note = note or Note("warn", self.words("certificate.unfinished", n=len(copies)))
        self.changed()

    @property
    def resumed(self) -> bool:
        """Tell whether the copies asked about are not those the clerk has just printed."""
        return self.prepared is None and self.phase is Phase.CONFIRM

    @property
    def heading(self) -> str:
        """Return what is to be done."""
        return self.words(f"certificate.{self.phase.value}")

    @property
    def facts(self) -> tuple[tuple[str, str], ...]:
        """Return what the paper is, as caption and value."""
        if self.prepared is None:
            return ()
        decided = self.prepared.decided
        total = self.prepared.fee_yen * self.copies_wanted
        here = decided.as_of.source is Source.REPLICA
        scope = "whole" if decided.whole_household else "part"
        return (
            (self.words("certificate.kind"), self.words(f"paper.{decided.kind.value}")),
            (self.words("certificate.scope"), self.words(f"basket.{scope}", n=len(decided.members))),
            (self.words("certificate.pages"), self.words("certificate.pages_n", n=self.prepared.pages)),
            (self.words("certificate.copies"), self.words("certificate.copies_n", n=self.copies_wanted)),
            (self.words("certificate.fee"), self.words("basket.yen", yen=f"{total:,}")),
            (
                self.words("certificate.source"),
                self.words("certificate.from_replica" if here else "certificate.from_cloud"),
            ),
        )

    @property
    def warnings(self) -> tuple[str, ...]:
        """Return what to look at before printing."""
        if self.prepared is None or self.phase is not Phase.PREVIEW:
            return ()
        return tuple(self.words(code) for code in self.prepared.warnings)

    @property
    def print_key(self) -> str:
        """Return the words on the print button."""
        return "decide.print" if self.may_print and self._jobs.by_decision() else "certificate.print"

    @property
    def may_print(self) -> bool:
        """Tell whether the print button does something."""
        return self.prepared is not None and self.phase is Phase.PREVIEW

    @property
    def present(self) -> IssuedCopy | None:
        """Return the copy to be asked about now."""
        if self.phase is not Phase.CONFIRM:
            return None
        return next((copy for copy in self.copies if copy.state not in _SETTLED), None)

    @property
    def may_reprint(self) -> bool:
        """Tell whether a spoiled copy may be made again, under a new number."""
        spoiled = sum(copy.state is SheetState.SPOILED for copy in self.copies)
        good = sum(copy.state is not SheetState.SPOILED for copy in self.copies)
        return (
            self.prepared is not None
            and self.phase is Phase.DONE
            and spoiled > 0
            and good < self.copies_wanted
        )

    def lines(self) -> tuple[CopyLine, ...]:
        """Return every copy with its number and state."""
        present = self.present
        return tuple(
            CopyLine(
                copy.serial,
                copy.serial.key,
                copy.state,
                _TONES.get(copy.state, "info"),
                self.words(f"sheet.{copy.state.value}"),
                copy is present,
            )
            for copy in self.copies
        )

    def print_it(self) -> None:
        """Write the issue down, then print."""
        if not self.may_print or self.prepared is None:
            return
        prepared = self.prepared
        self.phase, self.note = Phase.PRINTING, None
        self.changed()
        self._starter.start("issue", lambda: self._issue(prepared))

    def reprint(self) -> None:
        """Make one more copy, under a new number, in place of a spoiled one."""
        if not self.may_reprint or self.prepared is None:
            return
        prepared = one_copy(self.prepared)
        self.phase, self.note = Phase.PRINTING, None
        self.changed()
        self._starter.start("issue", lambda: self._issue(prepared))

    def hand_over(self) -> None:
        """Say that the present copy is in the visitor's hand."""
        self._say(handed_over=True, reason="")

    def spoil(self, reason: str) -> None:
        """Say that the present copy is waste, and why."""
        self._say(handed_over=False, reason=reason)

    def back(self) -> None:
        """Leave: only when nothing is open."""
        if self.phase in {Phase.PREVIEW, Phase.DONE}:
            self.finished()
            self.forget()  # no page of it stays behind the next visit
        elif self.phase is Phase.CONFIRM:
            self.note = Note("warn", self.words("certificate.say_first"))
            self.changed()

    def dismiss(self) -> None:
        """Take the note away."""
        self.note = None
        self.changed()

    def _say(self, *, handed_over: bool, reason: str) -> None:
        copy = self.present
        if copy is None or self.saving:
            return
        self.saving, self.note = True, None
        self.changed()
        self._starter.start("confirm", lambda: self._confirm(copy, handed_over=handed_over, reason=reason))

    async def _load(self, prepared: Prepared) -> None:
        try:
            self.pictures = await self._jobs.preview(prepared)
        except CounterError as error:
            self.note = note_of(error, self.words)
        self.changed()

    async def _issue(self, prepared: Prepared) -> None:
        try:
            issued = await self._jobs.issue(prepared)
        except CounterError as error:
            self.note = note_of(error, self.words)
            self.phase = Phase.DONE if self.copies else Phase.PREVIEW
            if error.code in RELEASED_BY:  # who is on it is blocked (again): nor is it shown any longer
                self.prepared, self.pictures = None, ()
        else:
            self.copies = (*self.copies, *(one.copy for one in issued))
            self.phase = Phase.CONFIRM
            trouble = next((one.trouble for one in issued if one.trouble), None)
            self.note = note_of(trouble, self.words) if trouble else None
        finally:
            if self.phase is Phase.PRINTING:  # a mistake of ours: nobody is to wait here for ever
                self.phase = Phase.DONE if self.copies else Phase.PREVIEW
            self.changed()

    async def _confirm(self, copy: IssuedCopy, *, handed_over: bool, reason: str) -> None:
        try:
            await self._jobs.confirm(copy.serial, handed_over, reason)
        except CounterError as error:
            self.note = note_of(error, self.words)
        else:
            state = SheetState.HANDED_OVER if handed_over else SheetState.SPOILED
            self.copies = tuple(replace(one, state=state) if one is copy else one for one in self.copies)
            if self.present is None:
                self.phase = Phase.DONE
                self.note = self._done_note()
        finally:
            self.saving = False
            self.changed()

    def _done_note(self) -> Note:
        handed = sum(copy.state is SheetState.HANDED_OVER for copy in self.copies)
        spoiled = len(self.copies) - handed
        key = "certificate.done_spoiled" if spoiled else "certificate.done_all"
        return Note("warn" if spoiled else "ok", self.words(key, n=handed, spoiled=spoiled))


def one_copy(prepared: Prepared) -> Prepared:
    """Return the same paper for a single copy."""
    return replace(prepared, request=replace(prepared.request, copies=1))
