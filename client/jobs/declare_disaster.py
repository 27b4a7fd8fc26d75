"""Declare a disaster at this terminal by two, one of them an officer, while the line is down; or end it."""

from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Protocol

from client.domain.declaration import Cause, Declaration
from client.domain.errors import CounterError
from client.domain.keys import Unlocked
from client.jobs.hear_word import HearWord
from client.jobs.log_in import LogIn
from client.jobs.ports import JournalEntry, Keys, Ledger, Now
from client.rules.declared import declaring_error, ending_error, in_force
from client.rules.staff_terms import Pair


class Declarations(Protocol):
    """Where the terminal keeps it."""

    @property
    def present(self) -> Declaration | None:
        """Return what was declared last."""
        ...

    def declare(self, declaration: Declaration) -> Awaitable[None]:
        """Write one down, in place of one before. StoreError."""
        ...

    def end(self) -> Awaitable[None]:
        """Write down that there is none. StoreError."""
        ...


class DeclareDisaster:
    """Hears two, then declares; ``last`` is how long it holds, ``most`` how much longer a lease holds by it."""

    def __init__(
        self,
        log_in: LogIn,
        keys: Keys,
        kept: Declarations,
        ledger: Ledger,
        *,
        now: Now,
        on_line: Callable[[], bool],
        last: timedelta,
        most: timedelta,
    ) -> None:
        self.hear = HearWord(log_in, keys, ledger, now=now)
        self._log_in = log_in
        self._kept = kept
        self._ledger = ledger
        self._now = now
        self._on_line = on_line
        self._last = last
        self._most = most

    @property
    def present(self) -> Declaration | None:
        """Return what is declared now."""
        declared = self._kept.present
        return declared if in_force(declared, self._now()) else None

    async def __call__(self, first: Unlocked, second: Unlocked, cause: Cause) -> Declaration:
        """Write it into the book, then let it count.

        RefusedError ``refused.declared_on_line``, SignInNeededError, StoreError.
        """
        now, pair = self._now(), Pair(first.sign_in, second.sign_in)
        async with self._log_in.opened_for(first):
            if refusal := declaring_error(pair, now, on_line=self._on_line()):
                await self.hear.refuse(pair.officer, refusal)
            officer, other = pair.ids
            since = now if self.present is None else self.present.since
            made = Declaration(officer, other, cause, now, now + self._last, since, self._most)
            facts = {"how": "made", "other": other, "cause": cause.value, "until": made.until.isoformat()}
            await self._ledger.record(JournalEntry("declaration", officer, facts=facts))
            await self._kept.declare(made)
        return made

    async def end(self, word: Unlocked) -> None:
        """End it by an officer's word, which the book has first. RefusedError, SignInNeededError, StoreError."""
        refusal: CounterError | None = ending_error(word.sign_in, self._now())
        async with self._log_in.opened_for(word):
            if refusal:
                await self.hear.refuse(word.sign_in, refusal)
            await self._ledger.record(
                JournalEntry("declaration", word.sign_in.clerk.staff_id, facts={"how": "ended"})
            )
            await self._kept.end()
