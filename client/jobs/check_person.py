"""Check somebody beside the clerk: both factors at this PC, opening nothing, changing nobody's sign-in.

Where the cloud answers it decides, as at a sign-in, and its session ends at once. Wrong secrets count against that
person, here or at the cloud, and stand in the journal.
"""

import asyncio
import re
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import replace

from client.domain.clerk import Right, SignIn
from client.domain.errors import LinkDownError, RefusedError, SignInNeededError
from client.domain.release import Secrets
from client.jobs.ports import CloudSessions, JournalEntry, Keys, Ledger, Link, Now
from client.jobs.reach import Reach
from client.jobs.tell_wraps import tell_wraps
from client.rules.services import SESSIONS
from client.rules.sign_in import may

_WAIT = 6.0  # seconds, as at a sign-in: both sides stretch a password
_CARD_WAIT, _CARD_LOOK = 45.0, 0.5  # seconds in which cards change places; between two looks
_CARD_TO_COME = frozenset({"card.absent", "card.other"})
_STAFF_ID = re.compile(r"[A-Za-z0-9_-]{1,20}")  # else it is no id: a name, or a password in the wrong field
_NOBODY_HERE = "sign_in.unknown_here"
_WRONG_PINS = frozenset({"card.wrong_pin", "key.wrong_pin"})


async def _as_kept(sign_in: SignIn) -> SignIn:
    """Return it as the wrap has it."""
    return sign_in


class CheckPerson:
    """Says who somebody is, by their secrets, and lets them act for as long as an act takes.

    ``within_terms`` holds what this PC kept of them against the register's newer rows. SignInNeededError.
    """

    def __init__(
        self,
        sessions: CloudSessions,
        keys: Keys,
        ledger: Ledger,
        link: Link,
        *,
        now: Now,
        wait: float = _WAIT,
        within_terms: Callable[[SignIn], Awaitable[SignIn]] = _as_kept,
    ) -> None:
        self._sessions = sessions
        self._keys = keys
        self._ledger = ledger
        self._link = link
        self._reach = Reach(link, wait)
        self._now = now
        self._within_terms = within_terms

    async def __call__(
        self, clerk: SignIn, shown: Secrets, *, wanted: Callable[[], bool] = lambda: False
    ) -> SignIn:
        """Return who it is, and whether the cloud or this PC said so; errors as ``beside``."""
        async with self.beside(clerk, shown, wanted=wanted) as person:
            return person

    @asynccontextmanager
    async def beside(
        self, clerk: SignIn, shown: Secrets, *, wanted: Callable[[], bool] = lambda: False
    ) -> AsyncIterator[SignIn]:
        """Have somebody there whose session at the cloud ends with the block. SignInNeededError, RefusedError, StoreError.

        A card that is not in yet is waited for as long as it is ``wanted``, 45 seconds at the most.
        """
        person = await self._shown(clerk, shown, wanted)
        try:
            await self._note(clerk.clerk.staff_id, person)
            yield person
        finally:
            if person.access_token is not None:
                with suppress(LinkDownError):  # it ends by itself
                    await self._reach.ask(SESSIONS, lambda: self._sessions.sign_out(person))

    async def _shown(self, clerk: SignIn, shown: Secrets, wanted: Callable[[], bool]) -> SignIn:
        try:
            return await self._once_it_is_in(shown, wanted)
        except SignInNeededError as error:
            known = error.code != _NOBODY_HERE and _STAFF_ID.fullmatch(shown.staff_id)
            facts = {"how": "failed", "who": shown.staff_id if known else "", "code": error.code}
            await self._ledger.record(JournalEntry("sign_in", clerk.clerk.staff_id, facts=facts))
            raise

    async def _note(self, actor: str, person: SignIn) -> None:
        if person.let_in_by:
            refusal = {"code": "refused.let_in_by_two", "who": person.clerk.staff_id}
            await self._ledger.record(JournalEntry("refusal", actor, facts=refusal))
            raise RefusedError("refused.let_in_by_two")
        facts = {"how": f"beside_{person.how.value}", "who": person.clerk.staff_id}
        await self._ledger.record(JournalEntry("sign_in", actor, facts=facts))

    async def _once_it_is_in(self, shown: Secrets, wanted: Callable[[], bool]) -> SignIn:
        until = time.monotonic() + _CARD_WAIT
        while True:
            try:
                return await self._check(shown)
            except (
                SignInNeededError
            ) as error:  # of these no secret was shown to anything, and nothing counted
                if error.code not in _CARD_TO_COME or time.monotonic() > until or not wanted():
                    raise
            await asyncio.sleep(_CARD_LOOK)

    async def _check(self, shown: Secrets) -> SignIn:
        if self._link.usable_for(SESSIONS):
            with suppress(LinkDownError):  # noted by the reach; the keys on this PC decide
                return await self._online(shown)
        unlocked = await self._keys.unlock(shown.staff_id, shown.password, shown.code, now=self._now())
        await tell_wraps(self._ledger, unlocked)
        return _with_key(await self._within_terms(unlocked.sign_in), unlocked.measures_key)

    async def _online(self, shown: Secrets) -> SignIn:
        try:
            cloud = await self._reach.ask(
                SESSIONS, lambda: self._sessions.sign_in(shown.staff_id, shown.password, shown.code)
            )
        except SignInNeededError as error:
            if error.code in _WRONG_PINS:  # the cloud was not asked: it is counted here
                await self._keys.note_failure(shown.staff_id, now=self._now())
            raise
        try:  # the code that was just used is used here too, with the line cut in the same half minute
            await tell_wraps(self._ledger, await self._keys.admit(cloud, shown.password, now=self._now()))
        except BaseException:
            with suppress(LinkDownError):
                await self._reach.ask(SESSIONS, lambda: self._sessions.sign_out(cloud.sign_in))
            raise
        return _with_key(cloud.sign_in, cloud.measures_key)


def _with_key(person: SignIn, key: bytes) -> SignIn:
    """Return a person with the key of whom measures protect from, where the right to it is theirs today."""
    return replace(person, measures_key=key) if key and may(person.clerk, Right.SHIEN_SOCHI) else person
