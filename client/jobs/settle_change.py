"""Settle a change the cloud said no to: take it back, write it again on what the register holds now, or hand it
to the back office.

A person decides; nothing is merged and nothing is retried by itself.
"""

from collections.abc import Callable, Mapping

from client.domain.change import (
    OFFICE_NOTE,
    ChangeState,
    NewChange,
    QueuedChange,
    WithdrawnFor,
    change_key,
)
from client.domain.clerk import Right, SignIn
from client.domain.errors import RefusedError
from client.domain.intake import is_newcomer, refuse_forbidden_number
from client.domain.resident import AtenaNo, Household
from client.jobs.ports import CloudCommands, Ledger, Link, Now
from client.rules import outbox
from client.rules.holds import stands
from client.rules.sign_in import right_error, session_error

_KEY_RANDOM = 10


class SettleChange:
    """What a clerk can do with a change that waits for a person."""

    def __init__(
        self,
        cloud: CloudCommands,
        ledger: Ledger,
        *,
        now: Now,
        random: Callable[[int], bytes],
        clock_offset_ms: Callable[[], int],
        link: Link | None = None,
    ) -> None:
        self._cloud = cloud
        self._link = link  # none: no line
        self._ledger = ledger
        self._now = now
        self._random = random
        self._clock_offset_ms = clock_offset_ms

    async def withdraw(
        self, sign_in: SignIn, key: str, reason: str, why: WithdrawnFor = WithdrawnFor.OTHER
    ) -> None:
        """Take back what was never sent, or was answered with no; why is in the journal, the words beside it are not.

        What stops papers (死亡, 転出, 印鑑, 支援措置 申出) an officer alone takes back, and on line: papers go out again.
        """
        change = await self._mine(sign_in, key)
        if kept := self.kept(sign_in, change):
            raise kept
        if why is WithdrawnFor.OTHER and not reason.strip():
            raise RefusedError("refused.input", field="reason")
        refuse_forbidden_number("reason", reason)
        await self._ledger.withdraw(key, actor=sign_in.clerk.staff_id, reason=reason.strip(), why=why.value)

    def kept(self, sign_in: SignIn, change: QueuedChange) -> RefusedError | None:
        """Return why this clerk cannot take a change back now; None where they can. The screens ask before they offer it."""
        if error := _not_theirs(sign_in, change):
            return error
        if stands(change):
            if missing := right_error(sign_in, Right.OFFICER):
                return missing
            if self._link is None or not self._link.usable:
                return RefusedError("refused.withdraw_offline")
        return None if outbox.may_withdraw(change) else RefusedError("refused.under_way")

    async def send_again(self, sign_in: SignIn, key: str) -> None:
        """Let a parked change go again, facts too: whoever looked at it says that the cloud takes it now."""
        missing = session_error(sign_in, self._now()) or right_error(sign_in, Right.ACCEPT)
        if missing:
            raise missing
        await self._find(key)
        await self._ledger.send_again(key, actor=sign_in.clerk.staff_id)

    async def rewrite(self, sign_in: SignIn, key: str, household: Household | None) -> QueuedChange:
        """Write a change again on the household as the clerk has just seen it; None where nobody has a number yet.

        It gets a new key; the old one is superseded, and the journal says so, in the same transaction.
        """
        change = await self._no(sign_in, key)
        living = household.living if household else ()
        seen = {member.atena_no: member.history_no for member in living}
        if not set(_numbered(change)) <= set(seen):
            raise RefusedError("refused.not_resident")
        payload = {name: value for name, value in change.payload.items() if name != OFFICE_NOTE}
        return await self._again(sign_in, change, seen, payload)

    async def to_office(
        self, sign_in: SignIn, key: str, seen: Mapping[AtenaNo, int], *, reason: str
    ) -> QueuedChange:
        """Hand a change to the back office: written again on the versions the clerk saw, with why it is left to them.

        As with ``rewrite`` the old one is superseded, and the journal says what was decided.
        """
        change = await self._no(sign_in, key)
        if not reason.strip():
            raise RefusedError("refused.input", field="reason")
        refuse_forbidden_number("reason", reason)
        return await self.for_office(sign_in, change, seen, change.payload, reason=reason)

    async def for_office(
        self,
        sign_in: SignIn,
        change: QueuedChange,
        seen: Mapping[AtenaNo, int],
        payload: Mapping[str, object],
        *,
        reason: str,
        residents: tuple[AtenaNo, ...] = (),
    ) -> QueuedChange:
        """Write a change that may be settled again with what it says, and why it is left to the back office."""
        noted = {**payload, OFFICE_NOTE: reason.strip()}
        return await self._again(sign_in, change, seen, noted, residents)

    async def _again(
        self,
        sign_in: SignIn,
        change: QueuedChange,
        seen: Mapping[AtenaNo, int],
        payload: Mapping[str, object],
        residents: tuple[AtenaNo, ...] = (),
    ) -> QueuedChange:
        now = self._now()
        return await self._ledger.queue(
            NewChange(
                key=change_key(now, self._random(_KEY_RANDOM)),
                kind=change.kind,
                residents=residents or change.residents,
                base={one: seen[one] for one in _numbered(change) if one in seen},
                payload=payload,
                made_at=now,
                made_by=sign_in.clerk.staff_id,
                clock_offset_ms=self._clock_offset_ms(),
                todoke_date=change.todoke_date,
                supersedes=change.key,
            )
        )

    async def ask(self, key: str) -> QueuedChange:
        """Ask the cloud what became of an unknown change, and write its answer down. LinkDownError."""
        change = await self._find(key)
        if change.state is ChangeState.UNKNOWN:
            answer = await self._cloud.ask(key)
            if answer is not None:
                state = outbox.step(change.state, outbox.EVENT_OF_OUTCOME[answer.outcome])
                await self._ledger.settle(key, state, receipt=answer.receipt, words=answer.words)
        return await self._find(key)

    async def _no(self, sign_in: SignIn, key: str) -> QueuedChange:
        """Return a change that was answered with no and whose words are here: what only the cloud reads stays as it is."""
        change = await self._mine(sign_in, key)
        if change.state not in outbox.NEEDS_A_PERSON:
            raise RefusedError("refused.under_way")
        if not change.readable:
            raise RefusedError("refused.office_alone")
        return change

    async def _mine(self, sign_in: SignIn, key: str) -> QueuedChange:
        """Return a request this clerk may settle; RefusedError where it is not theirs to."""
        change = await self._find(key)
        if missing := session_error(sign_in, self._now()) or _not_theirs(sign_in, change):
            raise missing
        return change

    async def _find(self, key: str) -> QueuedChange:
        change = await self._ledger.change(key)
        if change is None:
            raise RefusedError("refused.not_found")
        return change


def _not_theirs(sign_in: SignIn, change: QueuedChange) -> RefusedError | None:
    """Return why a clerk may not settle a request: it is neither an own one nor are they an officer. Facts stay.

    Of a no to what only the cloud can read, an officer alone decides, whoever took it in.
    """
    if missing := right_error(sign_in, Right.ACCEPT):
        return missing
    if change.kind.is_fact:
        return RefusedError("refused.under_way")
    sealed = (
        change.state in outbox.NEEDS_A_PERSON and not change.readable
    )  # 支援措置: nobody here can look at it
    foreign = change.made_by != sign_in.clerk.staff_id or sealed
    return right_error(sign_in, Right.OFFICER) if foreign else None


def _numbered(change: QueuedChange) -> tuple[AtenaNo, ...]:
    """Return those it is about who have a number; of a newcomer there is no version."""
    return tuple(one for one in change.residents if not is_newcomer(one))
