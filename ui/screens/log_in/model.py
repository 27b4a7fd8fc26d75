"""Sign-in: what the clerk has typed is checked for gaps, sent once, and never kept."""

from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING

from client.domain.errors import CounterError
from ui.text import Words
from ui.work import Starter

if TYPE_CHECKING:  # the first window is painted without it
    from client.domain.clerk import SignIn
    from ui.notices import Note

SignInJob = Callable[[str, str, str], "Awaitable[SignIn]"]


class LogInModel:
    """The sign-in screen without its toolkit. ``signed_in`` is called with the SignIn; what it returns is waited for."""

    def __init__(self, words: Words, *, second: str = "code") -> None:
        self._words = words
        self.second = second  # code; pin of a card, key: the PIN of a FIDO2 key
        self._job: SignInJob | None = None
        self._starter: Starter | None = None
        self._early: tuple[str, str, str] | None = None
        self.busy = False
        self.locked_name = ""
        self.note: Note | None = None
        self.wrong: frozenset[str] = frozenset()
        self.changed: Callable[[], None] = lambda: None
        self.forget_secrets: Callable[[], None] = lambda: None  # password and code are to be typed again
        self.signed_in: Callable[[SignIn], Awaitable[None] | None] = lambda _sign_in: None

    @property
    def ready(self) -> bool:
        """Tell whether the job behind this screen is there yet; the window is painted before it is."""
        return self._job is not None

    @property
    def button_text(self) -> str:
        """Return what the button says."""
        return self._words("log_in.busy" if self.busy else "log_in.button")

    def serve(self, job: SignInJob, starter: Starter) -> None:
        """Take the job in; a sign-in asked for before it was there begins now."""
        self._job, self._starter = job, starter
        early, self._early = self._early, None
        if early is not None:
            self.submit(*early)
        self.changed()

    def submit(self, staff_id: str, password: str, code: str) -> None:
        """Sign in with what was typed, or say what is missing."""
        fields = {
            "staff": staff_id.strip(),
            "password": password,
            "code": code.strip() if self.second == "code" else code,
        }
        self.wrong = frozenset(name for name, value in fields.items() if not value)
        if self.wrong:
            self.note = self._note(
                "warn", "log_in.missing" if self.second == "code" else "log_in.missing_pin"
            )
            self.changed()
            return
        self.note = None
        self.busy = True
        self.changed()
        if self._job is None or self._starter is None:
            self._early = (staff_id, password, code)
            return
        job = self._job
        self._starter.start("sign_in", lambda: self._sign_in(job, fields["staff"], password, fields["code"]))

    def lock(self, name: str) -> None:
        """Say who is away; the visit stays as it is behind this screen."""
        self.locked_name = name
        self.note = self._note("info", "log_in.locked", name=name) if name else None
        self.busy = False
        self.changed()

    def dismiss(self) -> None:
        """Take the note away."""
        self.note = None
        self.changed()

    def refuse(self, note: "Note") -> None:
        """Show trouble found elsewhere: at start, or a bug."""
        self.note = note
        self.busy = False
        self.changed()

    def tell(self, note: "Note") -> None:
        """Show how far a sign-in is that takes its time; where none is under way, nothing."""
        if self.busy:
            self.note = note
            self.changed()

    async def _sign_in(self, job: SignInJob, staff_id: str, password: str, code: str) -> None:
        try:
            sign_in = await job(staff_id, password, code)
        except CounterError as error:
            from ui.notices import note_of  # as above

            self.note = note_of(error, self._words)
            self.forget_secrets()
        else:
            self.note = None
            self.locked_name = ""
            if (rest := self.signed_in(sign_in)) is not None:
                await rest
        finally:
            self.busy = False
            self.changed()

    def _note(self, tone: str, key: str, **facts: object) -> "Note":
        from ui.notices import Note  # as above

        return Note(tone, self._words(key, **facts))
