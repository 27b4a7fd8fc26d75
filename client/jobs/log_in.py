"""Log in: at the cloud while it answers, else by unwrapping the keys on this PC."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import replace
from typing import Protocol

from client.domain.clerk import HowSignedIn, SignIn
from client.domain.errors import CounterError, LinkDownError, SignInNeededError, StoreError
from client.domain.in_force import StaffEntry
from client.jobs.ports import CloudSessions, JournalEntry, Keys, Ledger, Link, Now, Stores, Unlocked
from client.jobs.reach import Reach
from client.rules.services import SESSIONS
from client.rules.sign_in import access_over, may_renew, offline_error, renewal_due
from client.rules.staff_terms import within_terms as terms

_WRONG_PINS = {"card.wrong_pin", "key.wrong_pin"}
_TURNED_DOWN = {"sign_in.wrong_secret", "sign_in.code_used", "sign_in.locked_out"}  # by the cloud
CLOUD_WAIT = 6.0  # seconds; both sides stretch a password, and a clerk waits here once a day


class StaffRows(Protocol):
    """The replica, asked who works here."""

    async def staff_of(self, staff_id: str) -> StaffEntry:
        """Return what the register says of a staff id. StoreError."""
        ...


async def _nothing() -> None:
    """Do nothing."""


async def _forget_none(_up_to: int) -> None:
    """Forget nothing."""


class LogIn:
    """Lets a clerk in, opens the stores, and holds who is at the counter."""

    def __init__(
        self,
        sessions: CloudSessions,
        keys: Keys,
        stores: Stores,
        ledger: Ledger,
        link: Link,
        *,
        now: Now,
        wait: float = CLOUD_WAIT,
        shut: Callable[[], bool] = lambda: False,
        staff: StaffRows | None = None,
        last: Callable[[], Awaitable[object]] = _nothing,
        told: Callable[[int], Awaitable[object]] = _forget_none,
    ) -> None:
        self._sessions = sessions
        self._keys = keys
        self._stores = stores
        self._ledger = ledger
        self._link = link
        self._reach = Reach(link, wait)
        self._now = now
        self._shut = shut  # by order of the town
        self._staff = staff
        self._last = last  # what is to be done before the book is shut: nobody may ever open it again
        self._told = told  # up to which number the book tells of wrong secrets
        self._present: SignIn | None = None
        self._ended: SignInNeededError | None = None  # the town's word that this session is over
        self._turn = (
            asyncio.Lock()
        )  # whoever comes while the last one is leaving waits until the stores are shut

    @property
    def present(self) -> SignIn | None:
        """Return who is signed in."""
        return self._present

    def token(self) -> str | None:
        """Return the access token of who is signed in; None off line, where it is over, or where nobody is."""
        present = self._present
        return present.access_token if present and not access_over(present, self._now()) else None

    @property
    def has_session(self) -> bool:
        """Tell whether who is signed in has a session at the cloud, as far as the cloud has said."""
        return self._present is not None and self._present.access_token is not None

    async def keep_session(self) -> None:
        """Take the session at the cloud on where that is due; called again and again, by one caller.

        Without a session the work goes on from the replica, until a new sign-in. Where the town ended it,
        SignInNeededError, at every call: this clerk may not go on.
        """
        present = self._present
        if present is None:
            return
        if self._ended is not None:
            raise self._ended
        if access_over(present, self._now()) and not may_renew(present):
            self._present = replace(present, access_token=None)
        elif self._link.usable_for(SESSIONS) and renewal_due(present, self._now()):
            await self._renew(present)

    async def __call__(self, staff_id: str, password: str, code: str) -> SignIn:
        """Check both factors, open the stores, write it in the journal. SignInNeededError, StoreError."""
        if self._shut():
            raise SignInNeededError("sign_in.shut")
        unlocked = await self._unlock(staff_id, password, code)
        async with self._turn:
            if self._shut():  # ordered while the password was being looked at
                raise SignInNeededError("sign_in.shut")
            try:
                return await self._enter(unlocked)
            except BaseException:
                if self._present is None:
                    await self._stores.close()  # nobody is here: nothing stays open
                raise

    @asynccontextmanager
    async def opened_for(self, word: Unlocked) -> AsyncIterator[None]:
        """Open the stores for an act of two of whom this is one; where nobody is signed in they close after it."""
        if self._shut():
            raise SignInNeededError("sign_in.shut")
        async with self._turn:
            try:
                await self._stores.open(word.keys)
                await self._check_clock(word.sign_in)
                yield
            finally:
                if self._present is None:
                    await self._stores.close()

    async def sign_out(self) -> None:
        """End the sign-in here and, where the line allows, at the cloud; the stores close and the keys go."""
        sign_in = await self.leave()
        if sign_in is not None:
            await self.end_session(sign_in)

    async def leave(self) -> SignIn | None:
        """End the sign-in here, asking no line: the stores close and the keys go; returns who was signed in. StoreError."""
        async with self._turn:
            sign_in, self._present = self._present, None
            try:
                if sign_in is not None:
                    out = JournalEntry("sign_in", sign_in.clerk.staff_id, facts={"how": "out"})
                    await self._ledger.record(out)
                    await self._last()
                    await self._keep_time()
            finally:  # also where the book cannot be written: nobody stays signed in for that
                await self._stores.close()
        return sign_in

    async def _renew(self, present: SignIn) -> None:
        try:
            renewed = await self._reach.ask(SESSIONS, lambda: self._sessions.renew(present))
        except LinkDownError:  # noted by the reach; asked again while the token works
            return
        except SignInNeededError as error:
            if error.code != "sign_in.expired":
                return  # a wrong clock: others say so, and it may be set right
            renewed = replace(present, access_token=None)
            self._ended = error if error.facts.get("reason") == "ended" and self._present is present else None
        if self._present is present:  # nobody has left meanwhile
            self._present = renewed
        if self._ended is not None:
            raise self._ended

    async def _enter(self, unlocked: Unlocked) -> SignIn:
        await self._stores.open(unlocked.keys, seen=unlocked.seen)
        sign_in = unlocked.sign_in
        if sign_in.how is HowSignedIn.OFFLINE:
            await self._check_clock(sign_in)
            sign_in = await self.within_terms(sign_in)
        await self.tell_failures(unlocked)
        facts: dict[str, str | int] = {"how": sign_in.how.value}
        if unlocked.wraps_word:
            facts["wraps"] = unlocked.wraps_word
        if sign_in.let_in_by:
            facts["let_in_by"] = " ".join(sign_in.let_in_by)
        await self._ledger.record(JournalEntry("sign_in", sign_in.clerk.staff_id, facts=facts))
        self._present, self._ended = sign_in, None
        return sign_in

    async def tell_failures(self, unlocked: Unlocked) -> None:
        """Write what was tried with wrong secrets while the book was shut: each try of anybody with its own moment.

        Then how many this clerk had since the last right ones. Only what is in the book is forgotten outside of it: after
        a kill between the two the same numbers are told again.
        """
        for one in unlocked.tries:
            moment: dict[str, str | int] = {"how": "tried", "no": one.no, "at": one.at.isoformat()}
            await self._ledger.record(JournalEntry("sign_in", one.staff_id, facts=moment))
        if unlocked.tries:
            await self._told(unlocked.tries[-1].no)
        if unlocked.failed:
            tries: dict[str, str | int] = {"how": "failed", "tries": unlocked.failed}
            await self._ledger.record(JournalEntry("sign_in", unlocked.sign_in.clerk.staff_id, facts=tries))

    async def within_terms(self, sign_in: SignIn) -> SignIn:
        """Hold the wrap, which the cloud wrote some day, against the register's rows, which may be newer."""
        if self._staff is None:
            return sign_in
        try:
            entry = await self._staff.staff_of(sign_in.clerk.staff_id)
        except (
            StoreError
        ):  # no replica that can be trusted: the cloud's last word holds, until its lease ends
            return sign_in
        kept = terms(sign_in, entry, self._now())
        if isinstance(kept, CounterError):
            await self._ledger.record(
                JournalEntry("refusal", sign_in.clerk.staff_id, facts={"code": kept.code})
            )
            raise kept
        return kept

    async def _check_clock(self, sign_in: SignIn) -> None:
        """Hold the clock against the book, which knows a later time than the wraps where the program was killed."""
        seen = await self._ledger.latest_time()
        error = offline_error(sign_in.lease, self._now(), seen)
        if error is not None:
            await self._keep_time()
            raise error

    async def _keep_time(self) -> None:
        seen = await self._ledger.latest_time()
        if seen is not None:
            with suppress(StoreError):  # the book knows it too
                await self._keys.note_time(seen)

    async def _unlock(self, staff_id: str, password: str, code: str) -> Unlocked:
        if not self._link.usable_for(SESSIONS):
            return await self._offline(staff_id, password, code)
        try:
            return await self._online(staff_id, password, code)
        except LinkDownError:  # noted by the reach; the keys on this PC decide
            return await self._keys.unlock(staff_id, password, code, now=self._now())

    async def _online(self, staff_id: str, password: str, code: str) -> Unlocked:
        try:
            cloud = await self._reach.ask(SESSIONS, lambda: self._sessions.sign_in(staff_id, password, code))
        except SignInNeededError as error:
            if error.code in _WRONG_PINS:  # the cloud was not asked: it is counted here
                await self._keys.note_failure(staff_id, now=self._now())
            await self._note_turned_down(staff_id, error)
            raise
        try:
            unlocked = await self._keys.admit(cloud, password, now=self._now())
        except SignInNeededError as error:  # a code used here without a line, or this PC is shut
            await self.end_session(cloud.sign_in)
            await self._note_turned_down(staff_id, error)
            raise
        return replace(unlocked, seen=cloud.seen)

    async def _note_turned_down(self, staff_id: str, error: SignInNeededError) -> None:
        """Have the book tell of it too: counted it is by the cloud, or it is a code that was right once."""
        if error.code in _TURNED_DOWN:
            with suppress(StoreError):
                await self._keys.note_failure(staff_id, now=self._now(), counted=False)

    async def _offline(self, staff_id: str, password: str, code: str) -> Unlocked:
        """Unwrap; only for somebody unknown here the line is tried although it seems down."""
        try:
            return await self._keys.unlock(staff_id, password, code, now=self._now())
        except SignInNeededError as error:
            if error.code != "sign_in.unknown_here":
                raise
            unknown = error
        try:
            return await self._online(staff_id, password, code)
        except LinkDownError:
            raise unknown from None

    async def end_session(self, sign_in: SignIn) -> None:
        """End the session of who has left at the cloud, where the line allows."""
        if not self._reach.worth_trying(sign_in, SESSIONS):
            return
        with suppress(LinkDownError):  # noted by the reach; a session ends by itself
            await self._reach.ask(SESSIONS, lambda: self._sessions.sign_out(sign_in))
