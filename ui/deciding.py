"""決裁 joined to the face: what somebody who only receives asks for is done when a member of staff has decided it."""

from collections.abc import Awaitable, Callable
from functools import partial
from typing import TypeVar

from client.domain.attachment import Attachment
from client.domain.change import QueuedChange
from client.domain.clerk import Right, SignIn
from client.domain.errors import CounterError
from client.domain.intake import Entry
from client.domain.resident import AtenaNo
from client.jobs.decide import Decide
from client.jobs.issue_certificate import IssueCertificate
from client.jobs.issue_copy import Issued, Prepared
from client.jobs.queue_change import QueueChange
from client.rules.deciding import only_prepares
from client.rules.intakes.form import Form
from ui.screens.decide.model import DecideModel
from ui.screens.decide.view import DecideView
from ui.shell import Shell
from ui.text import Words

T = TypeVar("T")
SCREEN = "decide"


class DecisionDesk:
    """Does at once what the clerk may decide, and all else once somebody has; its screen is made when it is first wanted."""

    def __init__(self, shell: Shell, words: Words, job: Decide, present: Callable[[], SignIn | None]) -> None:
        self._shell = shell
        self._words = words
        self._job = job
        self._present = present
        self.model = DecideModel(words, cards=job.cards)
        job.card_wanted = self.model.card_wanted
        self._view: DecideView | None = None
        self._from = ""

    @property
    def waiting(self) -> bool:
        """Tell whether somebody is asked to decide, and nothing goes on until then."""
        return self.model.waiting

    def issues(self) -> bool:
        """Tell whether a paper takes somebody else's decision."""
        return self._asks(Right.ISSUE)

    def accepts(self) -> bool:
        """Tell whether a notification takes somebody else's decision."""
        return self._asks(Right.ACCEPT)

    async def issue(self, job: IssueCertificate, prepared: Prepared) -> tuple[Issued, ...]:
        """Have a paper issued."""
        request = prepared.request
        what = self._words("decide.paper", paper=self._words(f"paper.{request.kind.value}"))
        act = partial(job.issue, self._who(), prepared)
        return await self.decided(Right.ISSUE, what, request.members, act)

    async def take(
        self, job: QueueChange, form: Form, entry: Entry, attachments: tuple[Attachment, ...]
    ) -> QueuedChange:
        """Have a notification taken in."""
        what = self._words("decide.intake", kind=self._words(f"change_kind.{form.kind.value}"))
        who = self._who()
        return await self.decided(
            Right.ACCEPT,
            what,
            (),
            lambda decider: job.take(who, form, entry, attachments, decider=decider),
        )

    async def decided(
        self,
        right: Right,
        what: str,
        about: tuple[AtenaNo, ...],
        act: Callable[[SignIn | None], Awaitable[T]],
    ) -> T:
        """Do an act that wants a right; ``what`` it is, without a name. CounterError: the act's own, or nobody decided."""
        if not self._asks(right):
            return await act(None)
        self._show(what)
        try:
            return await self._until_decided(right, about, act)
        finally:
            self.model.end()
            self._go_back()

    def drop(self) -> None:
        """Have nobody decide: the counter is locked, or left."""
        self.model.drop()
        self._go_back()

    async def _until_decided(
        self, right: Right, about: tuple[AtenaNo, ...], act: Callable[[SignIn | None], Awaitable[T]]
    ) -> T:
        begun = False

        async def once(decider: SignIn) -> T:
            nonlocal begun
            begun = True
            return await act(decider)

        while True:
            shown = await self.model.secrets()
            try:
                return await self._job(self._who(), shown, right, about, once)
            except CounterError as error:
                if begun:
                    raise
                self.model.again(error)

    def _asks(self, right: Right) -> bool:
        present = self._present()
        return present is not None and only_prepares(present, right)

    def _who(self) -> SignIn:
        present = self._present()
        if present is None:
            raise RuntimeError("nobody is signed in")
        return present

    def _show(self, what: str) -> None:
        self._from = self._shell.present
        if self._view is None:
            self._view = DecideView(self.model, self._words)
            self._shell.add(SCREEN, self._view)
        self.model.begin(what)
        self._shell.show_screen(SCREEN)
        self._view.begin()

    def _go_back(self) -> None:
        if self._shell.present == SCREEN:
            self._shell.show_screen(self._from)
