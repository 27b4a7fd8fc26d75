"""What two do together while the line is down: let a third in, declare a disaster or a 職務代理者. No toolkit."""

from base64 import b32encode
from collections.abc import Awaitable, Callable
from dataclasses import asdict, dataclass, field
from enum import Enum

from client.domain.calendar import parse_day, wareki
from client.domain.declaration import Cause, Declaration
from client.domain.deputy import Appointed, Deputy
from client.domain.errors import CounterError
from client.domain.keys import Unlocked
from client.jobs.declare_deputy import DeclareDeputy
from client.jobs.declare_disaster import DeclareDisaster
from client.jobs.let_in import LetIn, Newcomer
from ui.clock import in_tokyo
from ui.notices import Note, note_of
from ui.text import Words
from ui.work import Starter

_GROUP = 4  # letters of the key that stand together


class Act(Enum):
    """What the two are here for; the end of a declaration of disaster takes an officer alone."""

    LET_IN = "let_in"
    DECLARE = "declare"
    END = "end"
    DEPUTY = "deputy"
    END_DEPUTY = "end_deputy"


class Step(Enum):
    """Who is asked; THIRD is the newcomer, or what is declared; DONE once it is done."""

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
    title: str = ""
    name: str = ""
    first: str = ""
    last: str = ""


def declared_words(declaration: Declaration | None, words: Words) -> str:
    """Return what was declared, and until when; empty where nothing was."""
    if declaration is None:
        return ""
    until = in_tokyo(declaration.until).strftime("%Y-%m-%d %H:%M")
    return words("two.declared", cause=words(f"disaster.{declaration.cause.value}"), until=until)


def deputy_words(deputy: Deputy | None, words: Words) -> str:
    """Return that a deputy is declared, and for which days; empty where none is. The name is drawn by glyph, elsewhere."""
    if deputy is None:
        return ""
    return words("two.deputy", first=wareki(deputy.first_day), last=wareki(deputy.last_day))


class TwoModel:
    """The screen. ``finished`` is called on the way back, ``step_begun`` where the fields are to be empty again."""

    def __init__(
        self, words: Words, job: LetIn, declare: DeclareDisaster, deputy: DeclareDeputy, starter: Starter
    ) -> None:
        self.words = words
        self._job = job
        self._declare = declare
        self._deputy = deputy
        self.act = Act.LET_IN
        self.cause = Cause.EARTHQUAKE
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
        match self.step, self.act:
            case (Step.DONE, _) | (Step.THIRD, Act.DECLARE):
                return ()
            case (Step.THIRD, Act.DEPUTY):
                return ("title", "name", "first", "last")
            case (Step.THIRD, _):
                return ("staff", "password", "again", "code")
            case _:
                return ("staff", "password", "code")

    @property
    def acts(self) -> tuple[Act, ...]:
        """Return what can be done here now."""
        end = (Act.END,) if self._declare.present else ()
        end_deputy = (Act.END_DEPUTY,) if self._deputy.present else ()
        return (Act.LET_IN, Act.DECLARE, *end, Act.DEPUTY, *end_deputy)

    @property
    def text(self) -> str:
        """Return the name under which the words of this step stand."""
        return self.step.value if self.act is Act.LET_IN else f"{self.act.value}_{self.step.value}"

    @property
    def declared(self) -> str:
        """Return what is declared now, and until when; empty where nothing is."""
        return declared_words(self._declare.present, self.words)

    @property
    def deputy(self) -> str:
        """Return title and name of the deputy declared now; empty where none is."""
        deputy = self._deputy.present
        return f"{deputy.title}　{deputy.name}" if deputy else ""

    @property
    def deputy_days(self) -> str:
        """Return the days of the deputy declared now; empty where none is."""
        return deputy_words(self._deputy.present, self.words)

    @property
    def today(self) -> str:
        """Return today as it is written on papers: the first day, unless another is typed."""
        return wareki(self._deputy.today)

    def choose(self, act: Act) -> None:
        """Choose what the two are here for, before the first has confirmed."""
        if self.step is Step.FIRST and not self.busy:
            self.act, self.note = act, None
            self.changed()

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
        given = asdict(typed)
        self.wrong = frozenset(name for name in self.fields if not given[name].strip())
        if self.wrong:
            self._say(Note("warn", self.words("two.missing")))
            return
        if Step.THIRD is self.step and self.act is Act.LET_IN and typed.password != typed.again:
            self.wrong = frozenset({"password", "again"})
            self._say(Note("warn", self.words("two.not_the_same")))
            return
        if self.step is Step.THIRD and self.act is Act.DEPUTY:
            self.wrong = frozenset(name for name in ("first", "last") if parse_day(given[name]) is None)
            if self.wrong:
                self._say(Note("warn", self.words("change.unread_day")))
                return
        self.busy, self.note = True, None
        self.changed()
        visit = self._visit
        self._starter.start("two", lambda: self._do(typed, visit))

    def forget(self) -> None:
        """Let go of everything: who confirmed, the key, what was said."""
        self._visit += 1
        self._heard, self._seed, self.step, self.act = (), b"", Step.FIRST, Act.LET_IN
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
        last = {Act.LET_IN: self._let_in, Act.DECLARE: self._declare_it, Act.DEPUTY: self._declare_deputy}
        work: Awaitable[None] = (last[self.act] if self.step is Step.THIRD else self._hear)(typed, visit)
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
        of_deputy = self.act in {Act.DEPUTY, Act.END_DEPUTY}
        others = self._deputy.hear if of_deputy else self._declare.hear
        hear = self._job.hear if self.act is Act.LET_IN else others
        word = await hear(typed.staff.strip(), typed.password, typed.code.strip(), beside=beside)
        if visit != self._visit:  # left meanwhile: it counts for nothing
            return
        if self.act is Act.END:
            await self._declare.end(word)
            self._done(Note("ok", self.words("two.ended")))
            return
        if self.act is Act.END_DEPUTY and beside is not None:
            await self._deputy.end(beside, word)
            self._done(Note("ok", self.words("two.deputy_ended")))
            return
        self._heard = (*self._heard, word)
        self.step = Step.SECOND if beside is None else Step.THIRD
        newcomer = self.step is Step.THIRD and self.act is Act.LET_IN
        self._seed = self._job.new_seed() if newcomer else b""
        self.step_begun()

    async def _let_in(self, typed: Typed, visit: int) -> None:
        first, second = self._heard
        newcomer = Newcomer(typed.staff.strip(), typed.password, self._seed, typed.code.strip())
        made = await self._job(first, second, newcomer)
        if visit != self._visit:
            return
        until = in_tokyo(made.lease.until).strftime("%Y-%m-%d %H:%M")
        rights = "、".join(sorted(self.words(f"right.{right.value}") for right in made.clerk.rights))
        done = self.words("two.done", name=made.clerk.name, staff=made.clerk.staff_id, until=until)
        self._done(Note("ok", done, self.words("two.done_rights", rights=rights)))

    async def _declare_it(self, _typed: Typed, visit: int) -> None:
        first, second = self._heard
        made = await self._declare(first, second, self.cause)
        if visit == self._visit:
            self._done(Note("ok", declared_words(made, self.words), self.words("two.declared_do")))

    async def _declare_deputy(self, typed: Typed, visit: int) -> None:
        one, other = self._heard
        first, last = parse_day(typed.first), parse_day(typed.last)
        if first is None or last is None:
            return  # said before it was begun
        made = await self._deputy(one, other, Appointed(typed.title, typed.name, first, last))
        if visit == self._visit:
            self._done(Note("ok", deputy_words(made, self.words), self.words("two.deputy_do")))

    def _done(self, note: Note) -> None:
        self._heard, self._seed, self.step, self.note = (), b"", Step.DONE, note
        self.step_begun()

    def _say(self, note: Note | None) -> None:
        self.note = note
        self.changed()
