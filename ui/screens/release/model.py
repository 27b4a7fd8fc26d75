"""一時解除: somebody with the right shows both factors beside the clerk, and says why. No toolkit; no secret is kept."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from client.domain.calendar import parse_day
from client.domain.certificate import CertificateRequest
from client.domain.errors import CounterError, RefusedError
from client.domain.release import Release, Secrets
from client.rules.other_side import Asking
from ui.notices import Note, note_of
from ui.text import Words
from ui.work import Starter

ReleaseJob = Callable[[CertificateRequest, Secrets, str, Asking, Secrets | None], Awaitable[Release]]
_MISSING_SECOND = "refused.release_second"


@dataclass(frozen=True, slots=True)
class Typed:
    """What stands in the fields as it is sent; ``second`` is asked for off line only."""

    reason: str
    asking_name: str
    asking_birth: str
    officer: tuple[str, str, str]
    second: tuple[str, str, str]


class ReleaseModel:
    """The release screen. ``released`` is called once it is written down, ``finished`` when nothing was."""

    def __init__(
        self,
        words: Words,
        job: ReleaseJob,
        offline: Callable[[], bool],
        minutes: int,
        starter: Starter,
        *,
        cards: bool = False,
    ) -> None:
        self.words = words
        self._job = job
        self._offline = offline
        self._minutes = minutes
        self._starter = starter
        self._cards = cards  # the town signs in with IC cards
        self.request: CertificateRequest | None = None
        self.wants_second = False
        self.busy = False
        self.note: Note | None = None
        self.wrong: frozenset[str] = frozenset()
        self.changed: Callable[[], None] = lambda: None
        self.forget_secrets: Callable[[], None] = lambda: None
        self.released: Callable[[CertificateRequest], None] = lambda _request: None
        self.finished: Callable[[], None] = lambda: None

    def begin(self, request: CertificateRequest) -> None:
        """Ask for the release of one paper."""
        self.request, self.note, self.wrong = request, None, frozenset()
        self.wants_second = self._offline()
        self.changed()

    @property
    def summary(self) -> str:
        """Return which paper it is, without a name."""
        if self.request is None:
            return ""
        return self.words(
            "release.summary",
            paper=self.words(f"paper.{self.request.kind.value}"),
            people=len(self.request.members),
            copies=self.request.copies,
            requester=self.words(f"requester.{self.request.requester.value}"),
            minutes=self._minutes,
        )

    @property
    def explain(self) -> str:
        """Return who is needed, and where cards go."""
        who = self.words("release.explain_offline" if self.wants_second else "release.explain")
        return f"{who}\n{self.words('release.explain_cards')}" if self._cards else who

    def submit(self, typed: Typed) -> None:
        """Have it released with what was typed, or say what is missing."""
        request = self.request
        if self.busy or request is None:
            return
        officer, second = _secrets(typed.officer), _secrets(typed.second)
        told = [("reason", typed.reason), ("askingName", typed.asking_name), *_named("officer", officer)]
        if self.wants_second:
            told += _named("second", second)
        self.wrong = frozenset(name for name, text in told if not text.strip())
        birth = parse_day(typed.asking_birth) if typed.asking_birth.strip() else None
        if typed.asking_birth.strip() and birth is None:
            self.wrong |= {"askingBirth"}
        if self.wrong:
            self.note = Note("warn", self.words("release.missing"))
            self.changed()
            return
        self.busy, self.note = True, None
        beside = second if self.wants_second else None
        asking = Asking(typed.asking_name.strip(), birth)
        self.changed()
        self._starter.start("release", lambda: self._release(request, officer, typed.reason, asking, beside))

    def card_wanted(self, staff_id: str) -> bool:
        """Ask for somebody's card while it is waited for; tells whether there is still anybody who waits."""
        if self.request is None or not self.busy:
            return False
        wanted = Note("info", self.words("release.card_wanted", staff=staff_id))
        if self.note != wanted:
            self.note = wanted
            self.changed()
        return True

    def back(self) -> None:
        """Leave without a release."""
        if not self.busy:
            self.forget()
            self.finished()

    def forget(self) -> None:
        """Forget what was asked; another clerk sits down, or the screen is left."""
        self.request, self.note = None, None
        self.forget_secrets()
        self.changed()

    def dismiss(self) -> None:
        """Take the note away."""
        self.note = None
        self.changed()

    async def _release(
        self,
        request: CertificateRequest,
        officer: Secrets,
        reason: str,
        asking: Asking,
        second: Secrets | None,
    ) -> None:
        try:
            await self._job(request, officer, reason, asking, second)
        except CounterError as error:
            if isinstance(error, RefusedError) and error.code == _MISSING_SECOND:
                self.wants_second = True  # the line went while this was being typed
            self.note = note_of(error, self.words)
            self.forget_secrets()
        else:
            asked, self.request = self.request, None
            self.forget_secrets()
            if asked is request:  # nobody has left or locked meanwhile
                self.released(request)
        finally:
            self.busy = False
            self.changed()


def _secrets(typed: tuple[str, str, str]) -> Secrets:
    staff_id, password, code = typed
    return Secrets(staff_id.strip(), password, code.strip())


def _named(who: str, shown: Secrets) -> list[tuple[str, str]]:
    parts = (("Staff", shown.staff_id), ("Password", shown.password), ("Code", shown.code))
    return [(f"{who}{part}", text) for part, text in parts]
