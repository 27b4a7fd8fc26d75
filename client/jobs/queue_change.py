"""Queue a change: what a clerk takes in at the counter is on the disk, sealed, before it is called accepted."""

from collections.abc import Callable
from contextlib import suppress
from typing import NoReturn

from client.domain.attachment import MOST_OF_CHANGE, Attachment
from client.domain.blocks import Restrictions
from client.domain.calendar import tokyo_day
from client.domain.change import ChangeKind, ChangeState, NewChange, QueuedChange, change_key
from client.domain.clerk import Right, SignIn
from client.domain.errors import CounterError, LinkDownError, RefusedError
from client.domain.intake import Entry, Intake, is_newcomer
from client.domain.resident import Household
from client.jobs.ports import JournalEntry, Ledger, Now, Register
from client.jobs.reach import Reach
from client.jobs.restrictions import and_held
from client.rules import deciding, gate
from client.rules.intakes.form import Form, read
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

    async def take(
        self,
        sign_in: SignIn,
        form: Form,
        entry: Entry,
        attachments: tuple[Attachment, ...] = (),
        *,
        instead_of: QueuedChange | None = None,
        decider: SignIn | None = None,
    ) -> QueuedChange:
        """Take in what was entered in a form. RefusedError for a right, a block, a date, an input, a second one.

        SignInNeededError where the lease has ended. What only warns is for the screen before; it does not stop here.
        What lies beside it was sealed for one key, which becomes its own. It may take the place of one that was returned,
        and with it what lies beside that. ``decider`` is there where the clerk only receives, and takes it in by their word.
        """
        if over := session_error(sign_in, self._now()):
            raise over
        intake = read(form, entry, tokyo_day(self._now()))
        if error := deciding.door_error(sign_in, decider, Right.ACCEPT, self._now()):
            await self._refuse(sign_in, intake, error)
        sheltered = await self._gate(sign_in, intake)
        await self._not_twice(sign_in, form, intake, instead_of)
        now = self._now()
        return await self._ledger.queue(
            NewChange(
                key=attachments[0].command_key if attachments else change_key(now, self._random(_KEY_RANDOM)),
                kind=intake.kind,
                residents=intake.persons,
                base=intake.base,
                payload={**intake.payload, **_beside(instead_of, attachments)},
                made_at=now,
                made_by=(decider or sign_in).clerk.staff_id,
                received_by=sign_in.clerk.staff_id if decider else "",
                clock_offset_ms=self._clock_offset_ms(),
                todoke_date=intake.todoke_date,
                supersedes=instead_of.key if instead_of else None,
                for_cloud_alone=sheltered or intake.kind is ChangeKind.SHIEN_SOCHI,
                attachments=attachments,
            )
        )

    async def _gate(self, sign_in: SignIn, intake: Intake) -> bool:
        """Judge by the blocks as they stand now; the household stays as the clerk saw it.

        Returns whether somebody there is under support measures: then nothing of it is to be read here again (P08).
        """
        household = intake.household
        if household is None:  # nobody the register knows: a right alone, which was looked at
            return False
        restrictions = await self._restrictions(sign_in, household)
        verdict = gate.intake_verdict(
            household=household, restrictions=restrictions, sign_in=sign_in, now=self._now()
        )
        if verdict.refusals:
            await self._refuse(sign_in, intake, verdict.refusals[0])
        return gate.shelters(restrictions)

    async def _restrictions(self, sign_in: SignIn, household: Household) -> Restrictions:
        if self._reach.worth_trying(sign_in, RESIDENTS):
            with suppress(LinkDownError):  # noted by the reach; the replica answers
                told = await self._reach.ask(RESIDENTS, lambda: self._live.restrictions_of(household))
                return await and_held(self._ledger, household, told)
        return await and_held(self._ledger, household, await self._replica.restrictions_of(household))

    async def _not_twice(
        self, sign_in: SignIn, form: Form, intake: Intake, instead_of: QueuedChange | None
    ) -> None:
        changes = await self._ledger.changes_of(intake.persons, settled=True)
        stand = [change for change in changes if change.state not in _OVER]
        before = {change.key: change.supersedes for change in changes}
        gone = {change.supersedes for change in stand} | {instead_of.key if instead_of else None}
        while more := {before.get(key) for key in gone if key} - gone:  # written anew more than once
            gone |= more
        for change in stand:
            if change.kind is not intake.kind or change.key in gone:
                continue
            # What landed is in the register's hands; only the very same notification is a second one.
            undecided = form.once and change.state is not ChangeState.LANDED
            if undecided or _same_event(form, change, intake):
                await self._refuse(sign_in, intake, RefusedError("refused.duplicate_intake"))

    async def _refuse(self, sign_in: SignIn, intake: Intake, error: CounterError) -> NoReturn:
        facts: dict[str, str | int] = {"what": intake.kind.value, "code": error.code}
        known = tuple(one for one in intake.persons if not is_newcomer(one))
        await self._ledger.record(JournalEntry("refusal", sign_in.clerk.staff_id, known, facts))
        raise error


def _beside(before: QueuedChange | None, more: tuple[Attachment, ...]) -> dict[str, object]:
    """Return what lay beside the one before, as it is named to the cloud. RefusedError ``attachment.too_many``."""
    told = before.payload.get("attachments") if before else None
    if not isinstance(told, list | tuple) or not told:
        return {}
    if len(told) + len(more) > MOST_OF_CHANGE:
        raise RefusedError("attachment.too_many", most=MOST_OF_CHANGE)
    return {"attachments": list(told)}


def _same_event(form: Form, change: QueuedChange, intake: Intake) -> bool:
    """Tell whether two of one kind tell of the same; of one that only the cloud can read that is not known here."""
    pieces = [(change.payload.get(name), intake.payload.get(name)) for name in form.event]
    return bool(pieces) and bool(change.payload) and all(one == other for one, other in pieces)
