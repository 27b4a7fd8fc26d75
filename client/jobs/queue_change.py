"""Queue a change: what a clerk takes in at the counter is on the disk, sealed, before it is called accepted."""

from collections.abc import Callable
from contextlib import suppress
from typing import NoReturn

from client.domain.attachment import Attachment
from client.domain.blocks import Restrictions
from client.domain.calendar import tokyo_day
from client.domain.change import ChangeKind, ChangeState, NewChange, QueuedChange, change_key
from client.domain.clerk import SignIn
from client.domain.errors import LinkDownError, RefusedError
from client.domain.intake import TenkyoDraft
from client.domain.resident import AtenaNo
from client.jobs.ports import JournalEntry, Ledger, Now, Register
from client.jobs.reach import Reach
from client.jobs.restrictions import and_held, read_household
from client.rules import gate
from client.rules.services import RESIDENTS
from client.rules.sign_in import session_error

_KEY_RANDOM = 10
# A notification in one of these was refused or taken back: writing it anew is no second one.
_OVER = frozenset({ChangeState.REFUSED, ChangeState.WITHDRAWN, ChangeState.SUPERSEDED})


class QueueChange:
    """Takes in notifications (仮受付); the register decides later."""

    def __init__(
        self,
        live: Register,
        replica: Register,
        reach: Reach,
        ledger: Ledger,
        *,
        now: Now,
        random: Callable[[int], bytes],
        clock_offset_ms: Callable[[], int],
    ) -> None:
        self._live = live
        self._replica = replica
        self._reach = reach
        self._ledger = ledger
        self._now = now
        self._random = random
        self._clock_offset_ms = clock_offset_ms

    async def tenkyo(
        self, sign_in: SignIn, draft: TenkyoDraft, attachments: tuple[Attachment, ...] = ()
    ) -> QueuedChange:
        """Take in a 転居届. RefusedError for a right, a block, a date, an input, or one that is there already.

        SignInNeededError where the lease has ended.

        What lies beside it was sealed for one key, which becomes its own. What only warns (``draft.check``) is for the
        screen before; it does not stop here.
        """
        if over := session_error(sign_in, self._now()):
            raise over
        draft.check(tokyo_day(self._now()))
        await self._gate(sign_in, draft)
        await self._not_twice(sign_in, draft)
        now = self._now()
        return await self._ledger.queue(
            NewChange(
                key=attachments[0].command_key if attachments else change_key(now, self._random(_KEY_RANDOM)),
                kind=ChangeKind.TENKYO,
                residents=tuple(dict.fromkeys(draft.members)),
                base=draft.base,
                payload=draft.payload(),
                made_at=now,
                made_by=sign_in.clerk.staff_id,
                clock_offset_ms=self._clock_offset_ms(),
                todoke_date=draft.todoke_date,
                attachments=attachments,
            )
        )

    async def _gate(self, sign_in: SignIn, draft: TenkyoDraft) -> None:
        """Judge by the blocks as they stand now; the household stays as the clerk saw it."""
        restrictions = await self._restrictions(sign_in, draft)
        verdict = gate.intake_verdict(
            household=draft.household, restrictions=restrictions, sign_in=sign_in, now=self._now()
        )
        if verdict.refusals:
            await self._refuse(sign_in, draft.members, verdict.refusals[0])

    async def _restrictions(self, sign_in: SignIn, draft: TenkyoDraft) -> Restrictions:
        if self._reach.worth_trying(sign_in, RESIDENTS):
            with suppress(LinkDownError):  # noted by the reach; the replica answers
                told = await self._reach.ask(RESIDENTS, lambda: self._live.restrictions_of(draft.household))
                return await and_held(self._ledger, draft.household, told)
        return (await read_household(self._replica, self._ledger, draft.subject))[1]

    async def _not_twice(self, sign_in: SignIn, draft: TenkyoDraft) -> None:
        wanted = draft.payload()
        for change in await self._ledger.changes_of(draft.members, settled=True):
            if change.kind is not ChangeKind.TENKYO or change.state in _OVER:
                continue
            landed = change.state is ChangeState.LANDED
            # What landed is in the register's hands; only the very same notification is a second one.
            if not landed or _same_move(change, wanted):
                await self._refuse(sign_in, draft.members, RefusedError("refused.duplicate_intake"))

    async def _refuse(self, sign_in: SignIn, subjects: tuple[AtenaNo, ...], error: RefusedError) -> NoReturn:
        await self._ledger.record(
            JournalEntry(
                "refusal",
                sign_in.clerk.staff_id,
                subjects,
                {"what": ChangeKind.TENKYO.value, "code": error.code},
            )
        )
        raise error


def _same_move(change: QueuedChange, wanted: dict[str, object]) -> bool:
    return all(change.payload.get(name) == wanted[name] for name in ("ido_date", "to"))
