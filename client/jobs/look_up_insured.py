"""Look up whether people are in 国保, to hold a notification against; each look is in the journal (P12)."""

from collections.abc import Collection
from contextlib import suppress
from typing import Protocol

from client.domain.as_of import Answer
from client.domain.clerk import Right, SignIn
from client.domain.errors import StoreError
from client.domain.nhi import Insured
from client.domain.resident import AtenaNo
from client.jobs.ports import JournalEntry, Ledger, Now
from client.rules.deciding import prepare_error
from client.rules.sign_in import may, session_error


class InsuredAtHand(Protocol):
    """The replica, asked who is a member."""

    async def insured(self, who: Collection[AtenaNo]) -> Answer[Insured]:
        """Return the spells of some people, of those that have any. StoreError where one may be missing."""
        ...


class LookUpInsured:
    """Asks the replica alone: what it says is shown with its time, and stops nothing."""

    def __init__(self, replica: InsuredAtHand, ledger: Ledger, *, now: Now) -> None:
        self._replica = replica
        self._ledger = ledger
        self._now = now

    async def __call__(self, sign_in: SignIn, who: tuple[AtenaNo, ...]) -> Insured:
        """Return what is known of some people; of no time where it cannot be known, or is not this clerk's to know.

        Errors: SignInNeededError, RefusedError.
        """
        missing = session_error(sign_in, self._now()) or prepare_error(sign_in, Right.ACCEPT)
        if missing:
            raise missing
        # Nothing is looked at then, and the notification is taken all the same.
        if not may(sign_in.clerk, Right.NHI):
            return Insured(withheld=True)
        with suppress(StoreError):  # whoever needs the replica is told; the form says that it cannot say
            told = await self._replica.insured(who)
            facts = {"what": "nhi", "source": told.as_of.source.value, "version": told.as_of.register_version}
            await self._ledger.record(JournalEntry("view", sign_in.clerk.staff_id, who, facts))
            return told.value
        return Insured()
