"""A bundle taken in at the counter: looked at, opened by two officers one after the other, followed. No toolkit."""

import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from enum import Enum
from pathlib import Path

from client.domain.bundle import Bundle, Share, ShareLetter
from client.domain.clerk import SignIn
from client.domain.errors import CounterError, RefusedError
from client.domain.feed import Position
from client.jobs.ports import Now
from client.rules.filling import Pace
from ui.clock import left_words, short_time
from ui.line_report import size_words
from ui.notices import Note, note_of
from ui.screens.replica.carried import Carried, facts_of, needs_of
from ui.screens.replica.share_entry import ShareEntry
from ui.text import Words
from ui.work import Starter, nothing

_LOOK, _SHARE, _OPEN = "carry_look", "carry_share", "carry_open"
_TRIES = 3  # at a passphrase, as on the command line
_OFFICERS = 2
_SHOW_EVERY = 0.2  # seconds
Looked = Callable[[int, int], object]  # hears of further bytes that were read, and of how many


@dataclass(frozen=True, slots=True)
class TakenIn:
    """Who hears how taking a bundle in goes."""

    bytes: Callable[[int], object]
    proving: Callable[[], object]


@dataclass(frozen=True, slots=True)
class CarryJobs:
    """What the screen asks for; ``town`` is this terminal's, by number and name."""

    town: tuple[str, str]
    look: Callable[[Path, Looked], Awaitable[Carried]]
    text: Callable[[Path], Awaitable[str]]
    must_fit: Callable[[Sequence[ShareLetter], Bundle], None]
    open_share: Callable[[ShareLetter, str], Awaitable[Share]]
    take_in: Callable[[SignIn, Carried, Sequence[Share], TakenIn], Awaitable[Position]]
    refused: Callable[[SignIn, Carried, RefusedError], Awaitable[None]]


class Stage(Enum):
    """Where the officers are."""

    AWAY = "away"  # no bundle is at hand
    LOOKING = "looking"
    SHOWN = "shown"
    SHARES = "shares"
    OPENING = "opening"
    PROVING = "proving"


class CarryModel:
    """One bundle at a time; opening it goes on while the clerk is elsewhere."""

    def __init__(
        self,
        words: Words,
        jobs: CarryJobs,
        starter: Starter,
        now: Now,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.words = words
        self._jobs = jobs
        self._starter = starter
        self._now = now
        self._clock = clock
        self._who: SignIn | None = None
        self._visit = 0  # what comes back from an earlier one is not heard
        self._letters: list[ShareLetter] = []
        self._shares: list[Share] = []
        self.carried: Carried | None = None
        self.entry: ShareEntry | None = None
        self.busy = False  # a passphrase is being tried
        self._heard: float | None = None
        self._forget()
        self.note: Note | None = None
        self.changed: Callable[[], None] = lambda: None
        self.followed: Callable[[], object] = lambda: None  # the replica has changed
        self.ended: Callable[[Note], None] = lambda _: None  # there is no bundle at hand any more

    # -- what is shown

    @property
    def running(self) -> bool:
        """Tell whether a bundle is being taken in."""
        return self.stage in {Stage.OPENING, Stage.PROVING}

    @property
    def usable(self) -> bool:
        """Tell whether the bundle shown can be opened here."""
        return self.carried is not None and self.carried.refused is None

    @property
    def facts(self) -> tuple[tuple[str, str], ...]:
        """Return what the bundle says of itself, line by line, and where this terminal stands."""
        return (
            () if self.carried is None else facts_of(self.carried, self._jobs.town, self.words, self._now())
        )

    @property
    def verdict(self) -> Note | None:
        """Return whether the bundle can be used here; where not, why, and what to do."""
        if self.carried is None or self.stage is not Stage.SHOWN:
            return None
        if self.carried.refused is None:
            return Note("ok", self.words("carry.usable"), self.words("carry.usable_more"))
        note = note_of(self.carried.refused, self.words)
        what = self.words("carry.not_usable", what=note.what)
        return Note(note.tone, what, note.more + needs_of(self.carried, self.words), note.code)

    @property
    def doing(self) -> str:
        """Return what is under way, how far it is, how fast, and how long it still takes."""
        if self.stage is Stage.PROVING:
            return self.words("carry.proving")
        if self.stage not in {Stage.LOOKING, Stage.OPENING}:
            return ""
        done, of = self.progress
        text = self.words(f"carry.doing_{self.stage.value}", done=size_words(done), of=size_words(of))
        if (rate := self._pace.rate) is not None:
            text += self.words("carry.rate", rate=size_words(rate))
        if (left := self._pace.left(of - done)) is not None:
            text += self.words("status.fill_left", left=left_words(left, self.words))
        return text

    @property
    def progress(self) -> tuple[int, int]:
        """Return how many bytes of how many; (0, 0) where nobody can say."""
        return (0, 0) if self.stage is Stage.PROVING else (min(self._done, self._of), self._of)

    # -- what is done

    def choose(self, who: SignIn, path: Path) -> None:
        """Look at a file somebody brought."""
        if self.running:
            return
        self._forget()
        self._who, self.stage, self.note = who, Stage.LOOKING, None
        self.changed()
        visit = self._visit
        self._starter.replace(_LOOK, lambda: self._look(path, visit))

    def choose_again(self, path: Path) -> None:
        """Look at another file."""
        if self._who is not None and self.stage is Stage.SHOWN:
            self.choose(self._who, path)

    def begin(self) -> None:
        """Ask the first officer for a share."""
        if self.stage is Stage.SHOWN and self.usable:
            self.stage, self.note, self.entry = Stage.SHARES, None, ShareEntry(1, self.words)
            self.changed()

    def type(self, written: str) -> None:
        """Hear what stands in the field of the line."""
        entry = self.entry
        if entry is None or entry.letter is not None:
            return
        try:
            if entry.type(written):
                self.note = None
                self._fits(entry)
        except RefusedError as error:
            self._again(error)
        self.changed()

    def take_file(self, path: Path) -> None:
        """Take a share from its file."""
        visit = self._visit
        self._starter.start(_SHARE, lambda: self._read(path, visit))

    def say(self, passphrase: str) -> None:
        """Open the share at hand with its officer's passphrase."""
        if self.entry is not None and self.entry.letter is not None and passphrase and not self.busy:
            entry, letter, visit = self.entry, self.entry.letter, self._visit
            self.busy, self.note = True, None
            self.changed()
            self._starter.start(_SHARE, lambda: self._open_share(entry, letter, passphrase, visit))

    def back(self) -> bool:
        """Go a step back; False where there is none, or where a bundle goes on being taken in meanwhile."""
        if self.stage is Stage.AWAY or self.running:
            return False
        if self.stage is Stage.SHARES:
            self._give_up(None)
        else:
            self._put_away()
            self.changed()
        return True

    def stop(self) -> None:
        """Break off what can be undone: the replica stays at a version it proved."""
        if self.stage is Stage.OPENING:
            self._put_away()
            self.ended(Note("info", self.words("carry.stopped"), self.words("carry.stopped_more")))

    def leave(self) -> None:
        """Forget all of it, for a clerk who has locked."""
        self._put_away()
        self.changed()

    def dismiss(self) -> None:
        """Take the note away."""
        self.note = None
        self.changed()

    # -- behind it

    def _forget(self) -> None:
        self._visit += 1
        self.stage = Stage.AWAY
        self.carried = None
        self._forget_shares()
        self._done = self._of = 0
        self._pace, self._shown = Pace(), 0.0
        self._heard = None

    def _forget_shares(self) -> None:
        self.entry = None
        self.busy = False
        self._letters.clear()
        self._shares.clear()

    def _put_away(self) -> None:
        for name in (_LOOK, _SHARE, _OPEN) if self.stage is not Stage.AWAY else ():
            self._starter.replace(name, nothing)
        self._forget()
        self.note = None

    async def _look(self, path: Path, visit: int) -> None:
        try:
            carried = await self._jobs.look(path, lambda count, of: self._tell(count, of, visit))
        except CounterError as error:
            if visit == self._visit:
                self._forget()
                self.ended(note_of(error, self.words))
            return
        if visit == self._visit:
            self.carried, self.stage = carried, Stage.SHOWN
            self.changed()

    async def _read(self, path: Path, visit: int) -> None:
        text = await self._jobs.text(path)
        if visit != self._visit or self.entry is None:
            return
        try:
            self.entry.take(text)
            self._fits(self.entry)
        except RefusedError as error:
            self._again(error)
        self.changed()

    def _fits(self, entry: ShareEntry) -> None:
        """Hold a share against the bundle and the other one. RefusedError ``bundle.same_share``, ``bundle.other_share``."""
        if entry.letter is not None and self.carried is not None:
            self._jobs.must_fit([*self._letters, entry.letter], self.carried.bundle)

    def _again(self, error: RefusedError) -> None:
        """Let the same officer begin anew."""
        self.note = note_of(error, self.words)
        self.entry = self._next_entry()
        if error.code != "bundle.share":  # a slip of the finger is nothing for the book
            self._write_down(error)

    def _next_entry(self) -> ShareEntry:
        first = self._letters[0] if self._letters else None
        return ShareEntry(len(self._letters) + 1, self.words, first)

    async def _open_share(self, entry: ShareEntry, letter: ShareLetter, passphrase: str, visit: int) -> None:
        try:
            share = await self._jobs.open_share(letter, passphrase)
        except RefusedError as error:
            if visit == self._visit and entry is self.entry:
                self._wrong_passphrase(entry, error)
            return
        if visit != self._visit or entry is not self.entry:
            return
        self.busy = False
        self._letters.append(letter)
        self._shares.append(share)
        if len(self._shares) < _OFFICERS:
            self.entry = self._next_entry()
            self.changed()
        else:
            self._open()

    def _wrong_passphrase(self, entry: ShareEntry, error: RefusedError) -> None:
        self.busy, entry.tries = False, entry.tries + 1
        if entry.tries >= _TRIES:
            self._write_down(error)
            self._give_up(Note("warn", self.words("carry.tries"), self.words("carry.tries_more")))
        else:
            self.note = note_of(error, self.words)
            self.changed()

    def _give_up(self, note: Note | None) -> None:
        """Go back to the bundle; both shares are forgotten."""
        self._visit += 1
        self._starter.replace(_SHARE, nothing)
        self._forget_shares()
        self.stage, self.note = Stage.SHOWN, note
        self.changed()

    def _write_down(self, error: RefusedError) -> None:
        who, carried = self._who, self.carried
        if who is not None and carried is not None:
            self._starter.start("carry_refused", lambda: self._refused(who, carried, error))

    async def _refused(self, who: SignIn, carried: Carried, error: RefusedError) -> None:
        await self._jobs.refused(who, carried, error)

    def _open(self) -> None:
        who, carried, shares, visit = self._who, self.carried, tuple(self._shares), self._visit
        self._forget_shares()
        if who is None or carried is None:
            return
        self.stage, self._done, self._of = Stage.OPENING, 0, carried.bundle.size
        self._pace, self._heard, self._shown = Pace(), None, 0.0
        self.changed()
        self._starter.start(_OPEN, lambda: self._take_in(who, carried, shares, visit))

    async def _take_in(self, who: SignIn, carried: Carried, shares: Sequence[Share], visit: int) -> None:
        told = TakenIn(
            lambda count: self._tell(count, carried.bundle.size, visit), lambda: self._prove(visit)
        )
        try:
            reached = await self._jobs.take_in(who, carried, shares, told)
        except CounterError as error:
            note = note_of(error, self.words)
        except BaseException:
            if visit == self._visit:  # a bug that the roof tells of
                self._forget()
            raise
        else:
            note = self._arrived(reached)
            self.followed()
        if visit == self._visit:
            self._forget()
            self.ended(note)

    def _tell(self, count: int, of: int, visit: int) -> None:
        if visit != self._visit:
            return
        now = self._clock()
        if self._heard is not None:  # the first bytes begin the count of seconds
            self._pace = self._pace.after(count, now - self._heard)
        self._done, self._of, self._heard = self._done + count, of, now
        if now - self._shown >= _SHOW_EVERY:
            self._shown = now
            self.changed()

    def _prove(self, visit: int) -> None:
        if visit == self._visit:
            self.stage = Stage.PROVING
            self.changed()

    def _arrived(self, reached: Position) -> Note:
        at = reached.register
        more = self.words("carry.arrived_more", version=at.version) if at else ""
        time_ = short_time(at.at, self._now()) if at else ""
        return Note("ok", self.words("carry.arrived", time=time_), more)
