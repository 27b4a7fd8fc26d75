"""Conflicts and refusals joined to the face: the screen behind a line of the outbox, its way back, what follows."""

from client.domain.change import QueuedChange, WithdrawnFor
from client.domain.clerk import SignIn
from client.domain.errors import RefusedError
from client.jobs.compare_change import CompareChange, Comparison
from client.jobs.follow_intakes import RETURNED
from client.jobs.ports import Now
from client.jobs.rewrite_returned import RewriteReturned
from client.jobs.settle_change import SettleChange
from ui.face import Face
from ui.notices import Note
from ui.screens.settle.model import SettleJobs, SettleModel
from ui.screens.settle.view import SettleView
from ui.work import Starter

SCREEN = "settle"


class SettleDesk:
    """Opens the screen from the outbox; it is made when it is first wanted."""

    def __init__(
        self,
        face: Face,
        compare: CompareChange,
        settle: SettleChange,
        starter: Starter,
        now: Now,
        *,
        returned: RewriteReturned,
    ) -> None:
        self._face = face

        async def withdraw(who: SignIn, key: str, reason: str, why: WithdrawnFor) -> None:
            await settle.withdraw(who, key, reason, why)

        async def rewrite(who: SignIn, seen: Comparison) -> None:
            await settle.rewrite(who, seen.change.key, seen.household)

        async def to_office(who: SignIn, seen: Comparison, reason: str) -> None:
            await settle.to_office(who, seen.change.key, seen.seen, reason=reason)

        async def reopen(who: SignIn, seen: Comparison) -> None:
            opened = await returned.open(who, seen.change.key)
            if self._is_waited_for(who, seen):
                face.taking_in.rewrite(opened, face.show_outbox)

        async def leave_to_office(who: SignIn, seen: Comparison, reason: str) -> bool:
            return await returned.to_office(who, seen, reason=reason)

        def kept(change: QueuedChange) -> RefusedError | None:
            present = face.present_clerk
            return None if present is None else settle.kept(present, change)

        jobs = SettleJobs(compare, rewrite, to_office, withdraw, settle.kept, reopen, leave_to_office)
        self.model = SettleModel(face.words, jobs, starter, now, lambda: face.present_clerk)
        self.model.finished = face.show_outbox
        self.model.decided = self._decided
        self.view: SettleView | None = None
        face.back_from[SCREEN] = self.model.back
        face.forgetting.append(self.model.forget)
        face.outbox.kept = kept
        face.outbox.to_settle = lambda key: self.show(key)  # noqa: PLW0108 - a bound method would not keep this alive

    def show(self, key: str) -> None:
        """Go to a change that waits for a person."""
        face = self._face
        if face.present_clerk is None or face.letters is None or not face.may_leave():
            return
        if self.view is None:
            self.view = SettleView(self.model, face.words, face.letters)
            face.shell.add(SCREEN, self.view)
        fate = face.outbox.followed.fates.get(key)
        self.model.open(key, fate if fate is not None and fate.state == RETURNED else None)
        face.shell.show_screen(SCREEN)
        self.view.begin()

    def _is_waited_for(self, who: SignIn, seen: Comparison) -> bool:
        """Tell whether the clerk who asked sits before this change still: the lock and other screens are not covered."""
        return self._face.present_clerk is who and self._is_in_front and self.model.seen is seen

    @property
    def _is_in_front(self) -> bool:
        return self._face.shell.present == SCREEN

    def _decided(self, note: Note) -> None:
        if self._is_in_front and self.model.seen is None:
            self._face.outbox.note = note
            self._face.show_outbox()
        self._face.changed_outbox()
