"""Two let a third in while the line is down: each shows both factors, then the third chooses a password. No toolkit."""

from base64 import b32encode
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from enum import Enum

from client.domain.errors import CounterError
from client.domain.keys import Unlocked
from client.jobs.let_in import LetIn, Newcomer
from ui.clock import in_tokyo
from ui.notices import Note, note_of
from ui.text import Words
from ui.work import Starter

_GROUP = 4  # letters of the key that stand together


class Step(Enum):
    """Who is asked; DONE once the third is let in."""

    FIRST = "first"
    SECOND = "second"
    THIRD = "third"
    DONE = "done"


@dataclass(frozen=True, slots=True)
class Typed:
    """What stands in the fields; ``again`` is the new password once more, and empty but for the third."""

    staff: str
    password: str = field(repr=False)
    again: str = field(repr=False)
    code: str = field(repr=False)


class TwoModel:
    """The screen. ``finished`` is called on the way back, ``step_begun`` where the fields are to be empty again."""

    def __init__(self, words: Words, job: LetIn, starter: Starter) -> None:
        self.words = words
        self._job = job
        self._starter = starter
        self._heard: tuple[Unlocked, ...] = ()
        self._seed = b""
        self._visit = 0
        self.step = Step.FIRST
        self.busy = False
        self.note: Note | None = None
        self.wrong: frozenset[str] = frozenset()
        self.changed: Callable[[], None] = lambda: None
        self.step_begun: Callable[[], None] = lambda: None
        self.forget_secrets: Callable[[], None] = lambda: None
        self.finished: Callable[[], None] = lambda: None

    @property
    def fields(self) -> tuple[str, ...]:
        """Return which fields this step asks for."""
        match self.step:
            case Step.DONE:
                return ()
            case Step.THIRD:
                return ("staff", "password", "again", "code")
            case _:
                return ("staff", "password", "code")

    @property
    def heard(self) -> str:
        """Return who has confirmed so far."""
        names = "、".join(f"{one.sign_in.clerk.name}（{one.sign_in.clerk.staff_id}）" for one in self._heard)
        return self.words("two.heard", names=names) if names else ""

    @property
    def key_text(self) -> str:
        """Return the key of the new codes as it is typed into a code app, in groups; empty but for the third."""
        letters = b32encode(self._seed).decode() if self.step is Step.THIRD else ""
        return " ".join(letters[at : at + _GROUP] for at in range(0, len(letters), _GROUP))

    def submit(self, typed: Typed) -> None:
        """Take what was typed, or say what is missing."""
        if self.busy or self.step is Step.DONE:
            return
        given = {"staff": typed.staff, "password": typed.password, "again": typed.again, "code": typed.code}
        self.wrong = frozenset(name for name in self.fields if not given[name].strip())
        if self.wrong:
            self._say(Note("warn", self.words("two.missing")))
            return
        if self.step is Step.THIRD and typed.password != typed.again:
            self.wrong = frozenset({"password", "again"})
            self._say(Note("warn", self.words("two.not_the_same")))
            return
        self.busy, self.note = True, None
        self.changed()
        visit = self._visit
        self._starter.start("two", lambda: self._do(typed, visit))

    def forget(self) -> None:
        """Let go of everything: who confirmed, the key, what was said."""
        self._visit += 1
        self._heard, self._seed, self.step = (), b"", Step.FIRST
        self.busy, self.note, self.wrong = False, None, frozenset()
        self.step_begun()
        self.changed()

    def back(self) -> None:
        """Leave; nothing that was confirmed stays."""
        self.forget()
        self.finished()

    def dismiss(self) -> None:
        """Take the note away."""
        self._say(None)

    async def _do(self, typed: Typed, visit: int) -> None:
        work: Awaitable[None] = (
            self._let_in(typed, visit) if self.step is Step.THIRD else self._hear(typed, visit)
        )
        try:
            await work
        except CounterError as error:
            if visit == self._visit:
                self.note = note_of(error, self.words)
                if error.code == "sign_in.word_stale":
                    self._heard, self._seed, self.step = (), b"", Step.FIRST
                    self.step_begun()
                else:
                    self.forget_secrets()
        finally:
            if visit == self._visit:
                self.busy = False
                self.changed()

    async def _hear(self, typed: Typed, visit: int) -> None:
        beside = self._heard[0] if self._heard else None
        word = await self._job.hear(typed.staff.strip(), typed.password, typed.code.strip(), beside=beside)
        if visit != self._visit:  # left meanwhile: it counts for nothing
            return
        self._heard = (*self._heard, word)
        self.step = Step.SECOND if beside is None else Step.THIRD
        self._seed = self._job.new_seed() if self.step is Step.THIRD else b""
        self.step_begun()

    async def _let_in(self, typed: Typed, visit: int) -> None:
        first, second = self._heard
        newcomer = Newcomer(typed.staff.strip(), typed.password, self._seed, typed.code.strip())
        made = await self._job(first, second, newcomer)
        if visit != self._visit:
            return
        self._heard, self._seed, self.step = (), b"", Step.DONE
        until = in_tokyo(made.lease.until).strftime("%Y-%m-%d %H:%M")
        rights = "、".join(sorted(self.words(f"right.{right.value}") for right in made.clerk.rights))
        done = self.words("two.done", name=made.clerk.name, staff=made.clerk.staff_id, until=until)
        self.note = Note("ok", done, self.words("two.done_rights", rights=rights))
        self.step_begun()

    def _say(self, note: Note | None) -> None:
        self.note = note
        self.changed()
