"""The screens joined: who follows whom, which key does what. It knows jobs, no doors."""

import time
from collections.abc import Awaitable, Callable, Iterator

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QApplication

from client.domain.attachment import Attachment
from client.domain.certificate import SerialNo
from client.domain.change import QueuedChange
from client.domain.clerk import SignIn
from client.domain.errors import CounterError, SignInNeededError
from client.domain.intake import Entry
from client.jobs.issue_copy import Issued, Prepared
from client.jobs.ports import Now, Printed
from client.rules.intakes.form import Form
from ui.asking import find_jobs, outbox_jobs
from ui.deciding import SCREEN as DECIDE
from ui.deciding import DecisionDesk
from ui.floating import forget_typed, put_away, show_help
from ui.jobs import Jobs
from ui.leaving import leave_soon
from ui.notices import Note, note_of, note_of_bug
from ui.screens.certificate.model import CertificateModel, IssueJobs, Phase
from ui.screens.certificate.view import CertificateView
from ui.screens.change.model import ChangeJobs
from ui.screens.counter.find import FindModel
from ui.screens.counter.model import CounterJobs, CounterModel
from ui.screens.counter.view import CounterView
from ui.screens.drill.model import DrillModel
from ui.screens.drill.view import DrillView
from ui.screens.log_in.model import LogInModel
from ui.screens.log_in.view import LogInView
from ui.screens.outbox.model import OutboxModel
from ui.screens.outbox.view import OutboxView
from ui.screens.replica.model import ReplicaModel
from ui.screens.replica.view import ReplicaView
from ui.shell import Shell
from ui.taking_in import CHANGE, TakingIn, aids
from ui.text import Words
from ui.visits import Visits
from ui.widgets.letters import Letters
from ui.work import Starter

_TOO_SOON = 0.6  # seconds after the sheet came out in which F12 is still the one that printed it


class Face:
    """Holds the models and views, and goes from one to the next."""

    def __init__(
        self,
        shell: Shell,
        words: Words,
        log_in: tuple[LogInModel, LogInView],
        *,
        jobs: Jobs,
        starter: Starter,
        now: Now,
        town: str = "",
    ) -> None:
        self._town = town
        self.shell = shell
        self.words = words
        self.log_in, self._log_in_view = log_in
        self._jobs = jobs
        self._starter = starter
        self._now = now
        self._sign_in: SignIn | None = None
        self._last_clerk = self._left = ""  # whose visit it is; the screen behind the lock
        self.forgetting: list[Callable[[], None]] = []  # screens joined later, as another clerk sits down
        self.covered: Callable[[], None] = lambda: None  # the counter was just locked
        self.letters: Letters | None = None
        self._sheet_out_at = 0.0
        self.changed_outbox: Callable[[], None] = lambda: None  # something was written that should be sent
        self._make_models()

    # -- built in small steps, after the first window is painted

    def _make_models(self) -> None:
        words, start, now = self.words, self._starter, self._now
        find = FindModel(words, find_jobs(self._jobs, self._who), start, now, town=self._town)
        self.counter = CounterModel(
            words,
            find,
            CounterJobs(
                household=lambda atena_no, checked: self._jobs.find.household(
                    self._who(), atena_no, identity_checked=checked
                ),
                prepare=lambda request: self._jobs.issue.prepare(self._who(), request),
                fee=self._jobs.fee,
                offline=self._jobs.offline,
                declared=self._jobs.declared,
                released=lambda *paper: (
                    self._sign_in is not None and self._jobs.issue.released(self._sign_in, *paper) is not None
                ),
            ),
            start,
            now,
        )
        self.deciding = DecisionDesk(self.shell, words, self._jobs.decide, lambda: self._sign_in)
        issue = IssueJobs(self._jobs.issue.preview, self._issue, self._confirm, self.deciding.issues)
        self.certificate = CertificateModel(words, issue, start)
        intake = ChangeJobs(
            self._take_in,
            lambda key, *told: self._jobs.returned.save(self._who(), key, *told),
            self._slip,
            self._jobs.seal,
            self._jobs.attach,
            self.deciding.accepts,
        )
        self.taking_in = TakingIn(self.shell, words, intake, start, now, helped=aids(self._jobs, self._who))
        self.visits = Visits(self.counter, self.taking_in, words, now)
        self.outbox = OutboxModel(words, outbox_jobs(self._jobs, self._who, self._slip), start, now)
        self.drill = DrillModel(words, self._jobs.drill, start, now)
        self.replica = ReplicaModel(words, self._jobs.prove, start, now, self._jobs.carry)
        plain = {"outbox": self.outbox.back, "drill": self.drill.back, "replica": self.replica.back}
        self.back_from = {DECIDE: self.deciding.drop, **plain}  # Esc, by screen

    def build(self, letters: Letters) -> Iterator[None]:
        """Make one screen a step, so that no step holds the window up."""
        self.letters = letters
        self.counter_view = CounterView(self.counter, self.words, letters)
        self.shell.add("counter", self.counter_view)
        yield
        self.certificate_view = CertificateView(self.certificate, self.words)
        self.shell.add("certificate", self.certificate_view)
        yield
        yield from self.taking_in.build(letters)
        self.outbox_view = OutboxView(self.outbox, self.words)
        self.shell.add("outbox", self.outbox_view)
        yield
        self.drill_view = DrillView(self.drill, self.words)
        self.shell.add("drill", self.drill_view)
        self.replica_view = ReplicaView(self.replica, self.words)
        self.shell.add("replica", self.replica_view)
        self._join()
        yield

    def _join(self) -> None:
        self.counter.to_certificate = self.show_certificate
        self.counter.to_change = self.taking_in.begin
        self.certificate.finished = self._after_certificate
        self.taking_in.join(self.show_counter)
        self.taking_in.change.accepted_one = self._after_intake
        self.taking_in.change.slip_told = self._after_slip
        self.outbox.finished = self.drill.finished = self.replica.finished = self.show_counter
        self.log_in.signed_in = self.signed_in
        keys = {
            "F1": self.help,
            "F2": self._signed(self.search),
            "F4": self._signed(self.show_replica),
            "F5": self._signed(self.show_outbox),
            "F6": self._signed(self._begin_change),
            "F8": self._signed(self.show_drill),
            "F9": self._signed(self.lock),
            "F12": self._signed(self.go_on),
            "Esc": self.back,  # with nobody signed in too: acts of two begin at the sign-in window
        }
        for key, pressed in keys.items():
            self.shell.on_key(key, pressed)
        self.shell.on_key_over_all(Qt.Key.Key_F9.value, self.lock)

    def _signed(self, pressed: Callable[[], None]) -> Callable[[], None]:
        return lambda: pressed() if self._sign_in is not None else None

    # -- who is here

    def signed_in(self, sign_in: SignIn) -> Awaitable[None] | None:
        """Let a clerk to the desk: to their own visit where one waits; of another clerk's they find nothing."""
        staff_id = sign_in.clerk.staff_id
        if self._last_clerk and staff_id != self._last_clerk:
            self.visits.put_aside(self._last_clerk, self._left)
            self._end_visit()
        self.counter.find.seat(staff_id)
        self.follow(sign_in)
        self._last_clerk = staff_id
        self.shell.header.show_clerk(sign_in.clerk.section, sign_in.clerk.name, self.letters)
        self._log_in_view.clear()
        if self.visits.is_waiting(staff_id):
            return self._come_back(staff_id)
        self._sit_down(self._left)
        return None

    async def _come_back(self, staff_id: str) -> None:
        screen = await self.visits.come_back(staff_id, self._left)
        if self.shell.present == "log_in" and self._sign_in is not None:  # not locked, nor elsewhere by a key
            self._sit_down(screen)

    def _sit_down(self, screen: str) -> None:
        self.show_counter()
        if screen == CHANGE:  # what was typed there is worth going on with
            self.taking_in.resume(CHANGE)
        self._left = ""
        self.changed_outbox()

    def _end_visit(self) -> None:
        self.counter.close_visit()
        self.certificate.forget()
        self.taking_in.forget()
        for forget in self.forgetting:
            forget()
        forget_typed(self.shell)
        self._left = ""

    @property
    def busy(self) -> bool:
        """Tell whether a sheet is on its way, or a notification is being taken in: not a moment to lock or to close."""
        printing = self.certificate.phase is Phase.PRINTING or self.certificate.saving
        return (printing or self.taking_in.change.busy) and not self.deciding.waiting

    def lock(self, *, even_busy: bool = False) -> None:
        """Lock the screen (F9); the visit stays as it is behind it, and nothing of it floats above."""
        if self._sign_in is None or (self.busy and not even_busy):
            return
        put_away(self.shell)
        self.deciding.drop()
        self.counter.find.pause()
        self.replica.leave()
        self.log_in.lock(self._sign_in.clerk.name)
        self._sign_in, self._left = None, self._left or self.shell.present
        self.shell.header.show_clerk("", "", self.letters)
        self.shell.show_screen("log_in")
        self.covered()
        leave_soon(self._jobs.log_in, self._starter)

    def stop(self, error: SignInNeededError) -> None:
        """End a session that may not go on, and say why; the visit stays for who signs in again."""
        self.lock()
        if self._sign_in is None:
            self.log_in.refuse(note_of(error, self.words))

    def offer_sign_in(self) -> bool:
        """Say that a new sign-in brings the newest data, where that covers nothing else; tells whether it was said."""
        if self.shell.present != "counter" or self.counter.note is not None:
            return False
        self.show_note(Note("info", self.words("log_in.back"), self.words("log_in.back_do")))
        return True

    def follow(self, sign_in: SignIn) -> None:
        """Take who is here with what they may do now: the town may have changed it since the sign-in."""
        self._sign_in = self.counter.sign_in = self.drill.sign_in = self.replica.sign_in = sign_in

    @property
    def present_clerk(self) -> SignIn | None:
        """Return who is signed in."""
        return self._sign_in

    def _who(self) -> SignIn:
        if self._sign_in is None:
            raise RuntimeError("nobody is signed in")
        return self._sign_in

    # -- from screen to screen

    def show_counter(self) -> None:
        """Go to the counter; a sheet whose end nobody has told is asked about there."""
        self.shell.show_screen("counter")
        if self._sign_in is not None:
            self._starter.start("open_sheets", lambda: self._ask_open_sheets("counter"))
        self.counter.changed()
        self.counter_view.begin()

    def search(self) -> None:
        """Go to the search field (F2), unless a sheet waits for its word."""
        if self.may_leave():
            self.show_counter()

    def show_certificate(self, prepared: Prepared) -> None:
        """Go on to the preview; not over a locked screen, where it is to be asked for again."""
        if self._sign_in is None:
            return
        self.certificate.begin(prepared)
        self.shell.show_screen("certificate")
        self.certificate_view.begin()

    def show_outbox(self) -> None:
        """Go to the outbox (F5)."""
        if self.may_leave():
            self.outbox.load()
            self.shell.show_screen("outbox")
            self.outbox_view.begin()

    def show_drill(self) -> None:
        """Go to the drill (F8)."""
        if self.may_leave():
            self.drill.changed()
            self.shell.show_screen("drill")
            self.drill_view.begin()

    def show_replica(self) -> None:
        """Go to the replica (F4)."""
        if self.may_leave():
            self.replica.changed()
            self.shell.show_screen("replica")
            self.replica_view.begin()

    def go_on(self) -> None:
        """Do the next step of the screen in front (F12)."""
        match self.shell.present:
            case "counter":
                self.counter.issue()
            case "certificate":
                if self.certificate.may_print or time.monotonic() - self._sheet_out_at > _TOO_SOON:
                    self.certificate_view.confirm()
            case _:
                self.taking_in.go_on()

    def back(self) -> None:
        """Go back (Esc)."""
        match self.shell.present:
            case "counter":
                self.counter.dismiss()
                self.counter_view.begin()
            case "certificate":
                self.certificate.back()
            case "change" | "choose":
                self.taking_in.back()
            case other:
                self.back_from.get(other, lambda: None)()

    def help(self) -> None:
        """Show the keys (F1)."""
        show_help(self.shell, self.words)

    def show_note(self, note: Note) -> None:
        """Show trouble on the screen in front."""
        match self.shell.present:
            case "certificate":
                self.certificate.note = note
                self.certificate.changed()
            case "log_in":
                self.log_in.refuse(note)
            case _:
                self.counter.note = note
                self.counter.changed()

    def show_error(self, error: CounterError) -> None:
        """Show known trouble found in the background."""
        self.show_note(note_of(error, self.words))

    def show_bug(self, number: str) -> None:
        """Show that something went wrong that never should; the window goes on."""
        self.show_note(note_of_bug(number, self.words))

    def _begin_change(self) -> None:
        if self.shell.present == "counter":
            self.counter.begin_change()

    def may_leave(self) -> bool:
        """Tell whether another screen may come: no sheet waits for its word, nothing is being taken in."""
        if self.shell.present == "certificate" and self.certificate.phase in {Phase.PRINTING, Phase.CONFIRM}:
            self.certificate.back()
            return False
        return not self.taking_in.change.busy and QApplication.activeModalWidget() is None

    # -- what follows from what

    async def _issue(self, prepared: Prepared) -> tuple[Issued, ...]:
        issued: tuple[Issued, ...] = ()
        try:
            issued = await self.deciding.issue(self._jobs.issue, prepared)
        finally:
            self._sheet_out_at = time.monotonic()
            self.changed_outbox()
            if not issued:  # a number may be in the book and a sheet in the printer all the same
                self._starter.start("open_sheets", lambda: self._ask_open_sheets("certificate"))
        return issued

    async def _confirm(self, serial: SerialNo, handed_over: bool, reason: str) -> None:
        await self._jobs.issue.confirm(self._who(), serial, handed_over=handed_over, reason=reason)
        self.changed_outbox()

    async def _take_in(self, form: Form, entry: Entry, attachments: tuple[Attachment, ...]) -> QueuedChange:
        return await self.deciding.take(self._jobs.queue, form, entry, attachments)

    async def _slip(self, change: QueuedChange) -> Printed:
        return await self._jobs.slip(self._who(), change)

    async def _ask_open_sheets(self, screen: str) -> None:
        copies = await self._jobs.issue.open_sheets()
        if copies and self.shell.present == screen and not self.busy:
            self._sheet_out_at = time.monotonic()
            self.certificate.resume(copies, self.certificate.note if screen == "certificate" else None)
            self.shell.show_screen("certificate")
            self.certificate_view.begin()

    def _after_certificate(self) -> None:
        if self.certificate.phase is Phase.DONE:
            self.counter.remove_juminhyo()
        self.show_counter()

    def _after_slip(self, note: Note) -> None:
        if note.tone != "ok" and self.shell.present != "change":
            self.show_note(note)

    def _after_intake(self, _change: QueuedChange) -> None:
        self.counter.refresh()
        self.changed_outbox()
