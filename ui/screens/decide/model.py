"""決裁: a member of staff shows both factors beside who may only receive. No toolkit; no secret is kept."""

import asyncio
from collections.abc import Callable

from client.domain.errors import CounterError, RefusedError
from client.domain.release import Secrets
from ui.notices import Note, note_of
from ui.text import Words

PARTS = ("staff", "password", "code")


class DecideModel:
    """The decision screen: asks for one person's secrets, again after wrong ones, until they count or nobody decides."""

    def __init__(self, words: Words, *, cards: bool = False) -> None:
        self.words = words
        self._cards = cards  # the town signs in with IC cards
        self._shown: asyncio.Future[Secrets] | None = None
        self.summary = ""
        self.working = False
        self.note: Note | None = None
        self.wrong: frozenset[str] = frozenset()
        self.changed: Callable[[], None] = lambda: None
        self.forget_secrets: Callable[[], None] = lambda: None

    @property
    def waiting(self) -> bool:
        """Tell whether nothing goes on until somebody shows their secrets."""
        return self._shown is not None and not self._shown.done()

    @property
    def explain(self) -> str:
        """Return who is needed, and where cards go."""
        who = self.words("decide.explain")
        return f"{who}\n{self.words('release.explain_cards')}" if self._cards else who

    def begin(self, summary: str) -> None:
        """Ask for a decision on what the summary says, without a name."""
        self.summary, self.note, self.wrong = summary, None, frozenset()
        self._shown = asyncio.get_running_loop().create_future()
        self.changed()

    async def secrets(self) -> Secrets:
        """Return what somebody has shown. RefusedError ``refused.decision_dropped`` where nobody does."""
        if self._shown is None:
            raise RefusedError("refused.decision_dropped")
        shown = await self._shown
        self.working = True
        self.changed()
        return shown

    def again(self, error: CounterError) -> None:
        """Say why it was none, and ask again; where it was dropped meanwhile it stays so."""
        self.working, self.note = False, note_of(error, self.words)
        if self._shown is not None:
            self._shown = asyncio.get_running_loop().create_future()
        self.forget_secrets()
        self.changed()

    def submit(self, staff: str, password: str, code: str) -> None:
        """Decide with what was typed, or say what is missing."""
        if self._shown is None or self._shown.done():
            return
        typed = dict(zip(PARTS, (staff.strip(), password, code.strip()), strict=True))
        self.wrong = frozenset(name for name, text in typed.items() if not text)
        self.note = Note("warn", self.words("release.missing")) if self.wrong else None
        self.changed()
        if not self.wrong:
            self._shown.set_result(Secrets(typed["staff"], typed["password"], typed["code"]))

    def card_wanted(self, staff_id: str) -> bool:
        """Ask for somebody's card while it is waited for; tells whether there is still anybody who waits."""
        if not self.working:
            return False
        wanted = Note("info", self.words("release.card_wanted", staff=staff_id))
        if self.note != wanted:
            self.note = wanted
            self.changed()
        return True

    def drop(self) -> None:
        """Have nobody decide, unless it is being done."""
        shown = self._shown
        if shown is not None and not shown.done():
            shown.set_exception(RefusedError("refused.decision_dropped"))
        if not self.working:
            self._shown = None

    def end(self) -> None:
        """Forget what was asked."""
        self._shown, self.working, self.summary, self.note = None, False, "", None
        self.forget_secrets()
        self.changed()

    def dismiss(self) -> None:
        """Take the note away."""
        self.note = None
        self.changed()
