"""Decide what somebody who may only receive has put together: a member of staff shows both factors at the same PC.

The decision is the act itself: it is made while the one who decides is there, and nothing of it stays that could be
used again. Where the cloud answers it is asked in that person's name, and their session ends with the act.
"""

from collections.abc import Awaitable, Callable
from typing import TypeVar

from client.domain.clerk import Right, SignIn
from client.domain.errors import RefusedError
from client.domain.release import Secrets
from client.domain.resident import AtenaNo
from client.jobs.check_person import CheckPerson
from client.jobs.ports import JournalEntry, Ledger, Now
from client.rules.deciding import decider_error
from client.rules.sign_in import session_error

T = TypeVar("T")


class Decide:
    """Has an act of outsourced staff decided by the town's own.

    ``card_wanted`` is told whose card is not in, and tells whether it is to be waited for.
    """

    def __init__(self, check: CheckPerson, ledger: Ledger, *, now: Now, cards: bool = False) -> None:
        self._check = check
        self._ledger = ledger
        self._now = now
        self.cards = cards  # the town signs in with IC cards
        self.card_wanted: Callable[[str], bool] = lambda _staff_id: False

    async def __call__(
        self,
        sign_in: SignIn,
        shown: Secrets,
        right: Right,
        about: tuple[AtenaNo, ...],
        act: Callable[[SignIn], Awaitable[T]],
    ) -> T:
        """Do an act that wants a right in the name of who shows it. SignInNeededError, RefusedError, StoreError, its own."""
        if over := session_error(sign_in, self._now()):
            raise over
        if shown.staff_id.strip() == sign_in.clerk.staff_id:
            raise RefusedError("refused.decision_self")
        wanted = lambda: self.card_wanted(shown.staff_id)  # noqa: E731 - one word, asked more than once
        async with self._check.beside(sign_in, shown, wanted=wanted) as decider:
            if error := decider_error(sign_in, decider, right, self._now()):
                facts = {"what": "decision", "who": decider.clerk.staff_id, "code": error.code}
                await self._ledger.record(JournalEntry("refusal", sign_in.clerk.staff_id, about, facts))
                raise error
            return await act(decider)
