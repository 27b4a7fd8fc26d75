"""Let a clerk in off line by two: somebody new to this PC, or who has forgotten the password or lost the factor."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Protocol

from client.domain.clerk import SignIn
from client.domain.errors import CounterError, SignInNeededError
from client.domain.keys import NewFactor, Unlocked
from client.jobs.hear_word import HearWord
from client.jobs.log_in import LogIn, StaffRows
from client.jobs.ports import JournalEntry, Keys, Ledger, Now
from client.rules import totp
from client.rules.staff_terms import Pair, admitted, pair_error, password_objection

SEED = 20  # bytes, as long as the hash of RFC 4226 asks


class VouchedKeys(Keys, Protocol):
    """Keys that also take a clerk in whom the cloud has not seen here."""

    async def check_vouching(self) -> None:
        """Raise RefusedError ``refused.card_needed`` where two can let nobody in."""
        ...

    async def vouch(self, made: Unlocked, factor: NewFactor, password: str, *, now: datetime) -> None:
        """Write the wrap of a clerk whom two let in off line. StoreError."""
        ...


@dataclass(frozen=True, slots=True)
class Newcomer:
    """Who is to be let in: the id, the password they chose, the seed they were shown, and a code made from it."""

    staff_id: str
    password: str = field(repr=False)
    seed: bytes = field(repr=False)
    code: str = field(repr=False)


class LetIn:
    """Hears two, one after the other, then lets a third in; nothing of it is kept between two acts.

    ``longest`` is the most a clerk let in so may work without the cloud.
    """

    def __init__(
        self,
        log_in: LogIn,
        keys: VouchedKeys,
        staff: StaffRows,
        ledger: Ledger,
        *,
        now: Now,
        random: Callable[[int], bytes],
        longest: timedelta,
    ) -> None:
        self._log_in = log_in
        self._keys = keys
        self._hear = HearWord(log_in, keys, ledger, now=now)
        self._staff = staff
        self._ledger = ledger
        self._now = now
        self._random = random
        self._longest = longest

    def new_seed(self) -> bytes:
        """Return the seed of a second factor for the newcomer, to be shown once."""
        return self._random(SEED)

    async def hear(
        self, staff_id: str, password: str, code: str, *, beside: Unlocked | None = None
    ) -> Unlocked:
        """Return one of the two, who has shown both factors on this PC. SignInNeededError, RefusedError, StoreError.

        A wrong try counts against this person as at any sign-in, and no line is asked. With ``beside``, the first of
        the two, also where these two cannot act together.
        """
        await self._keys.check_vouching()
        return await self._hear(staff_id, password, code, beside=beside)

    async def __call__(self, first: Unlocked, second: Unlocked, newcomer: Newcomer) -> SignIn:
        """Write the journal, then the wrap; returns what it holds. RefusedError, SignInNeededError, StoreError."""
        await self._keys.check_vouching()
        now = self._now()
        pair = Pair(first.sign_in, second.sign_in)
        async with self._log_in.opened_for(first):
            if refusal := pair_error(pair, now) or password_objection(newcomer.staff_id, newcomer.password):
                await self._hear.refuse(pair.officer, refusal, newcomer.staff_id)
            entry = await self._staff.staff_of(newcomer.staff_id)
            made = admitted(pair, newcomer.staff_id, entry, now, self._longest)
            if isinstance(made, CounterError):
                await self._hear.refuse(pair.officer, made, newcomer.staff_id)
            step = totp.accepts(newcomer.seed, newcomer.code, now)
            if step is None:
                raise SignInNeededError("sign_in.first_code")
            officer, other = pair.ids
            facts: dict[str, str | int] = {
                "staff": made.clerk.staff_id,
                "other": other,
                "until": made.lease.until.isoformat(),
                "rights": " ".join(sorted(right.value for right in made.clerk.rights)),
            }
            await self._ledger.record(JournalEntry("let_in", officer, facts=facts))
            await self._keys.vouch(
                Unlocked(made, first.keys), NewFactor(newcomer.seed, step), newcomer.password, now=now
            )
        return made
