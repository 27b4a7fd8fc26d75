"""Hear somebody who answers for an act of two: both factors shown at this PC, no line asked, and nothing kept after it."""

from typing import NoReturn

from client.domain.clerk import SignIn
from client.domain.errors import CounterError
from client.domain.keys import Unlocked
from client.jobs.log_in import LogIn
from client.jobs.ports import JournalEntry, Keys, Ledger, Now
from client.jobs.tell_wraps import tell_wraps
from client.rules.staff_terms import Pair, pair_error, word_error


class HearWord:
    """Hears one, and the other beside the first."""

    def __init__(self, log_in: LogIn, keys: Keys, ledger: Ledger, *, now: Now) -> None:
        self._log_in = log_in
        self._keys = keys
        self._ledger = ledger
        self._now = now

    async def __call__(
        self, staff_id: str, password: str, code: str, *, beside: Unlocked | None = None
    ) -> Unlocked:
        """Return who has shown both factors. SignInNeededError, RefusedError, StoreError.

        A wrong try counts against this person as at any sign-in. With ``beside``, the first of the two, also where these
        two cannot act together.
        """
        word = await self._keys.unlock(staff_id, password, code, now=self._now())
        async with self._log_in.opened_for(word):
            await self._log_in.tell_failures(word)
            await tell_wraps(self._ledger, word)
            word = Unlocked(await self._log_in.within_terms(word.sign_in), word.keys)
            if (refusal := word_error(word.sign_in, self._now())) is None and beside is not None:
                refusal = pair_error(Pair(beside.sign_in, word.sign_in), self._now())
            if refusal:
                await self.refuse(word.sign_in, refusal)
            facts = {"how": "word_of_two"}
            await self._ledger.record(JournalEntry("sign_in", word.sign_in.clerk.staff_id, facts=facts))
        return word

    async def refuse(self, by: SignIn, refusal: CounterError, staff_id: str = "") -> NoReturn:
        """Write a refusal down, and raise it; the stores are open."""
        facts = {"code": refusal.code} | ({"staff": staff_id} if staff_id else {})
        await self._ledger.record(JournalEntry("refusal", by.clerk.staff_id, facts=facts))
        raise refusal
