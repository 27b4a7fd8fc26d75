"""What waits to be sent, what the cloud said, and what wants a clerk. No toolkit."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Protocol

from client.domain.calendar import wareki
from client.domain.certificate import Printed, SheetState
from client.domain.change import ChangeState, OutboxCounts, QueuedChange, WithdrawnFor
from client.domain.errors import CounterError, RefusedError
from client.jobs.follow_intakes import REGISTERED, RETURNED, REVIEWING, Followed, IntakeFate
from client.jobs.ports import Now
from client.rules import attachments as rules
from client.rules.outbox import NEEDS_A_PERSON, may_withdraw, needs_a_person
from ui.clock import short_time
from ui.marks import Mark
from ui.notices import Note, note_of, slip_note
from ui.refusals import kept_of, refusal_of
from ui.screens.outbox.line import LOOKS, OutboxLine
from ui.text import Words
from ui.work import Starter

_MANY = 2
_TAIL = 8  # letters of a number, as the slip's reader says it
_ARRIVED = 2
_KEPT = 50  # lines of what has arrived
_SHOWN = 200  # of those that wait; how many there are is said above the list
_WRONG_PLACE = frozenset({"refused.not_found", "link.fault"})  # of a whole batch: not our cloud answers there
_TAKEN_BACK = frozenset({ChangeState.WITHDRAWN, ChangeState.SUPERSEDED})
_FATES = frozenset({REVIEWING, REGISTERED, RETURNED})  # received there is what was sent here
_UNSENT = frozenset({ChangeState.QUEUED, ChangeState.SENDING, ChangeState.UNKNOWN})


class Sender(Protocol):
    """Who sends."""

    @property
    def stopped(self) -> CounterError | None:
        """Return what keeps the whole queue back, if anything does."""
        ...

    async def at_once(self) -> object:
        """Send without waiting."""
        ...


@dataclass(frozen=True, slots=True)
class OutboxJobs:
    """What this screen may ask for."""

    listing: Callable[[int], Awaitable[Followed]]  # at most so many of each kind
    counts: Callable[[], Awaitable[OutboxCounts]]
    sender: Sender
    send_again: Callable[[str], Awaitable[object]]  # a parked one, by its key
    withdraw: Callable[[str, str, WithdrawnFor], Awaitable[object]]  # key, words, why
    note_call: Callable[[str], Awaitable[object]]  # the resident was called about it
    slip: Callable[[QueuedChange], Awaitable[Printed]]  # 仮受付票 once more


class OutboxModel:
    """The outbox screen. ``finished`` is called at Esc."""

    def __init__(self, words: Words, jobs: OutboxJobs, starter: Starter, now: Now) -> None:
        self.words = words
        self._jobs = jobs
        self._starter = starter
        self._now = now
        self.followed = Followed()
        self.only_calls = False
        self.counts = OutboxCounts()
        self.chosen: str | None = None
        self.sending = False
        self.note: Note | None = None
        self.changed: Callable[[], None] = lambda: None
        self.finished: Callable[[], None] = lambda: None
        self.to_settle: Callable[[str], None] = lambda key: None
        self.kept: Callable[[QueuedChange], RefusedError | None] = lambda change: None

    @property
    def changes(self) -> tuple[QueuedChange, ...]:
        """Return the changes that are listed."""
        return self.followed.changes

    @property
    def chosen_change(self) -> QueuedChange | None:
        """Return the change of the chosen line."""
        return next((change for change in self.changes if change.key == self.chosen), None)

    @property
    def may_withdraw(self) -> bool:
        """Tell whether the chosen change may be taken back: never sent, in conflict, or refused, and by this clerk."""
        change = self.chosen_change
        return change is not None and _is_open(change) and self.kept(change) is None

    @property
    def why_kept(self) -> str:
        """Return why the chosen change, which could be taken back, is not this clerk's to take back now; else empty."""
        change = self.chosen_change
        return kept_of(self.kept(change), self.words) if change is not None and _is_open(change) else ""

    @property
    def may_settle(self) -> bool:
        """Tell whether the chosen change was answered with no, or returned, so that it can be looked at and decided."""
        change = self.chosen_change
        if change is None or change.kind.is_fact:
            return False
        return change.state in NEEDS_A_PERSON or self.followed.may_rewrite(change)

    @property
    def may_note_call(self) -> bool:
        """Tell whether somebody is still to be called about the chosen change."""
        change = self.chosen_change
        return change is not None and self.followed.wants_a_call(change)

    @property
    def may_print(self) -> bool:
        """Tell whether the chosen line has a 仮受付票 to print."""
        change = self.chosen_change
        if change is None or not change.sealed:  # cleared out after its time
            return False
        return not change.kind.is_fact and change.state not in _TAKEN_BACK

    @property
    def may_send_again(self) -> bool:
        """Tell whether the chosen change is parked: it goes again only where a person says so."""
        change = self.chosen_change
        return change is not None and change.is_parked

    @property
    def stop(self) -> str:
        """Return in one line why nothing of the queue is sent, and what to do; empty where it is sent."""
        error = self._jobs.sender.stopped
        if error is None:
            return ""
        if error.code in _WRONG_PLACE:
            return self.words("outbox.stopped", what=self.words("outbox.wrong_place"), do="")
        said = self.words.error(error.code, error.facts)
        return self.words("outbox.stopped", what=said.what, do=said.do)

    @property
    def summary(self) -> str:
        """Return how many wait and how many want a clerk."""
        waiting, asking = self.counts.waiting, self.counts.wants_a_clerk + self.counts.attachments_lost
        beside = self.counts.attachments
        told = self.words("outbox.attachments_left", n=beside) if beside else ""
        if not waiting and not asking:
            return told or self.words("outbox.nothing")
        return self.words("outbox.summary", waiting=waiting, asking=asking) + told

    def lines(self) -> tuple[OutboxLine, ...]:
        """Return what waits for a clerk first, then what waits for the line, then what arrived today."""
        listed = self.calls if self.only_calls else self.changes
        ordered = sorted(listed, key=lambda change: (self._rank(change), -change.seq))
        open_ones = sum(self._rank(change) < _ARRIVED for change in ordered)
        return tuple(self._line(change) for change in ordered[: open_ones + _KEPT])

    @property
    def calls(self) -> tuple[QueuedChange, ...]:
        """Return 要連絡一覧: what was refused or returned, and nobody was called about yet."""
        return tuple(one for one in self.changes if self.followed.wants_a_call(one))

    def load(self) -> None:
        """Read the outbox again."""
        self._starter.replace("outbox", self._load)

    def choose(self, key: str | None) -> None:
        """Choose a line."""
        if key != self.chosen:
            self.chosen = key
            self.changed()

    def send_now(self) -> None:
        """Send without waiting for the next try."""
        if not self.sending:
            self.sending, self.note = True, None
            self.changed()
            self._starter.start("send_now", self._send)

    def send_again(self) -> None:
        """Let the chosen parked change go again."""
        change = self.chosen_change
        if self.may_send_again and change is not None and not self.sending:
            self.sending, self.note = True, None
            self.changed()
            self._starter.start("send_now", lambda: self._send(change.key))

    def withdraw(self, reason: str, why: WithdrawnFor = WithdrawnFor.OTHER) -> None:
        """Take the chosen change back, for a reason; words are needed where none of the choices fits."""
        change = self.chosen_change
        if not self.may_withdraw or change is None:
            return
        if why is WithdrawnFor.OTHER and not reason.strip():
            self.note = Note("warn", self.words("outbox.reason_needed"))
            self.changed()
            return
        self._starter.start(
            "settle", lambda: self._settle(self._jobs.withdraw(change.key, reason.strip(), why), "withdrawn")
        )

    def settle(self) -> None:
        """Look at the chosen change and what it is held against, to decide."""
        change = self.chosen_change
        if self.may_settle and change is not None:
            self.to_settle(change.key)

    def note_call(self) -> None:
        """Write down that the resident was called about the chosen change: it goes off 要連絡一覧."""
        change = self.chosen_change
        if self.may_note_call and change is not None:
            self._starter.start("settle", lambda: self._settle(self._jobs.note_call(change.key), "called"))

    def list_calls(self) -> None:
        """Show 要連絡一覧 alone, or everything again."""
        self.only_calls = not self.only_calls
        self.changed()

    def print_slip(self) -> None:
        """Print the 仮受付票 of the chosen change again."""
        change = self.chosen_change
        if self.may_print and change is not None:
            self.note = Note("info", self.words("change.slip_printing"))
            self.changed()
            self._starter.start(f"slip {change.key}", lambda: self._slip(change))

    def back(self) -> None:
        """Leave."""
        self.finished()

    def dismiss(self) -> None:
        """Take the note away."""
        self.note = None
        self.changed()

    async def _read(self) -> None:
        """Read the list; what wants a clerk is chosen first."""
        self.followed, self.counts = await self._jobs.listing(_SHOWN), await self._jobs.counts()
        chosen = self.chosen_change
        if chosen is None or not needs_a_person(chosen):
            asking = [change for change in self.changes if needs_a_person(change)]
            self.chosen = asking[0].key if asking else self.chosen

    async def _load(self) -> None:
        try:
            await self._read()
        except CounterError as error:
            self.note = note_of(error, self.words)
        self.changed()

    async def _send(self, again: str = "") -> None:
        try:
            if again:
                await self._jobs.send_again(again)
            await self._jobs.sender.at_once()
            await self._read()
        except CounterError as error:
            self.note = note_of(error, self.words)
        finally:
            self.sending = False
            self.changed()

    async def _settle(self, job: Awaitable[object], told: str) -> None:
        try:
            await job
            await self._read()
        except CounterError as error:
            self.note = note_of(error, self.words)
        else:
            self.note = Note("ok", self.words(f"outbox.{told}"))
        self.changed()

    async def _slip(self, change: QueuedChange) -> None:
        try:
            printed = await self._jobs.slip(change)
        except CounterError as error:
            self.note = slip_note(error, self.words)
        else:
            sure = printed.state is SheetState.PRINTED
            said = self.words("change.slip_printed" if sure else "change.slip_look")
            self.note = Note("ok" if sure else "warn", said, printed.words)
        self.changed()

    def _line(self, change: QueuedChange) -> OutboxLine:
        mark, tone = LOOKS[ChangeState.REFUSED if change.is_parked else change.state]
        if change.attached.lost:
            mark, tone = Mark.SQUARE, "bad"
        elif _is_under_way(change) and change.state in rules.FOLLOWS:
            mark, tone = Mark.UP, "info"
        fate = self._fate(change)
        state = "parked" if change.is_parked else change.state.value
        if fate == RETURNED:
            over = "rewritten" if change.key in self.followed.rewritten else "returned_called"
            wanted = self.followed.wants_a_call(change)
            mark, tone = (Mark.SQUARE, "bad") if wanted else (Mark.DOCUMENT, "quiet")
            state = "returned" if wanted else over
        now = self._now()
        tries = change.next_try_at is not None and change.state in _UNSENT
        return OutboxLine(
            key=change.key,
            mark=mark,
            tone=tone,
            state=self.words(f"change_state.{state}"),
            fate=self.words(f"intake_fate.{fate}") if fate else "",
            kind=self.words(f"change_kind.{change.kind.value}"),
            residents=self._residents(change),
            made=short_time(change.made_at, now),
            attempts=self.words("outbox.times", n=change.attempts) if change.attempts else "",
            next_try=short_time(change.next_try_at, now) if tries and change.next_try_at else "",
            words=self._last_words(change),
        )

    def _fate(self, change: QueuedChange) -> str:
        """Return how far a request is: 仮受付, 送信済, and from the register 審査中, 本登録 or 差戻し; empty of others."""
        if change.kind.is_fact or change.state in _TAKEN_BACK | NEEDS_A_PERSON:
            return ""
        if change.state in _UNSENT:
            return "taken_in"
        told = self.followed.fates.get(change.key)
        return told.state if told and told.state in _FATES else "sent"

    def _rank(self, change: QueuedChange) -> int:
        wanted = needs_a_person(change) or change.attached.lost or self.followed.wants_a_call(change)
        if wanted:
            return 0
        return 1 if _is_under_way(change) else _ARRIVED

    def _residents(self, change: QueuedChange) -> str:
        if len(change.residents) < _MANY:
            return "".join(change.residents)
        return self.words("outbox.and_others", first=change.residents[0], n=len(change.residents) - 1)

    def _last_words(self, change: QueuedChange) -> str:
        """Return what was said of a change, how far attachments are before it; where the cloud forgot its answer, that."""
        told = self._told(change)
        if change.forgotten is None:
            return told
        day = short_time(change.forgotten.at, self._now())
        return self.words("outbox.forgotten", day=day, words=told)

    def _returned(self, change: QueuedChange, fate: IntakeFate) -> str:
        """Return why the office returned it; of what only the cloud can read not even that (支援措置, P08)."""
        reason = fate.reason if change.readable else self.words("outbox.ask_office")
        day = wareki(change.todoke_date) if change.todoke_date else ""
        return self.words("outbox.returned", key=change.key[-_TAIL:], day=day, reason=reason)

    def _told(self, change: QueuedChange) -> str:
        attached = change.attached
        if attached.lost:
            return self.words("outbox.attachments_lost", n=attached.lost)
        if attached.of and change.state not in _TAKEN_BACK:
            how = "outbox.attachments_there" if attached.all_there else "outbox.attachments"
            told = self.words(how, there=attached.there, of=attached.of)
            return "　".join(filter(None, (told, self._said(change))))
        return self._said(change)

    def _said(self, change: QueuedChange) -> str:
        """Return what the office, the cloud or the line said; our own codes in words."""
        told_there = self.followed.fates.get(change.key)
        if told_there is not None and told_there.state == RETURNED:
            return self._returned(change, told_there)
        if change.receipt and change.receipt.text:
            return change.receipt.text
        if change.last_words == "quarantined":
            return self.words("outbox.quarantined")
        told = refusal_of(change, self.words, self._now)
        return " ".join(filter(None, (told.what, told.do))) if needs_a_person(change) else told.what


def _is_open(change: QueuedChange) -> bool:
    return not change.kind.is_fact and may_withdraw(change)


def _is_under_way(change: QueuedChange) -> bool:
    """Tell whether the cloud lacks the change, or what lies beside it."""
    if change.state in rules.FOLLOWS:
        return not rules.is_fully_sent(change.state, change.attached)
    return change.state in _UNSENT
