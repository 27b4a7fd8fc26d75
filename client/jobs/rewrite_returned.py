"""Write an intake anew that the office returned (差戻し): its form opened again, or left to the back office.

The one that was returned stays as it is, with its receipt; the new one has a key of its own and names it.
"""

from collections.abc import Callable, Collection
from dataclasses import dataclass, field
from typing import Protocol
from uuid import UUID

from client.domain.attachment import Attachment
from client.domain.change import ChangeState, QueuedChange
from client.domain.clerk import Right, SignIn
from client.domain.errors import RefusedError
from client.domain.intake import Entry, is_newcomer, newcomer_id, refuse_forbidden_number
from client.domain.query import Query
from client.domain.resident import AtenaNo
from client.jobs.compare_change import Comparison
from client.jobs.find_resident import FindResident, HouseholdView
from client.jobs.follow_intakes import RETURNED, IntakesTold
from client.jobs.ports import JournalEntry, Ledger, Now
from client.jobs.queue_change import QueueChange
from client.jobs.settle_change import SettleChange
from client.rules.intakes.form import Form
from client.rules.intakes.reopen import Reopened, joined_home, reopen, with_new_ids
from client.rules.sign_in import right_error, session_error

_ID_BYTES = 16


class RewrittenBook(Ledger, Protocol):
    """The ledger, asked also what was written anew and who was called."""

    async def rewritten(self, keys: Collection[str]) -> frozenset[str]:
        """Return which of some changes were written anew."""
        ...

    async def note_call(self, key: str, *, actor: str) -> None:
        """Write into the journal that the resident was called about a change."""
        ...


@dataclass(frozen=True, slots=True)
class ToRewrite:
    """A returned intake as its form shows it, over the household as it may be shown now."""

    key: str
    told: Reopened
    view: HouseholdView | None = field(repr=False)
    subject: AtenaNo | None


class RewriteReturned:
    """What a clerk can do with what the office returned."""

    def __init__(
        self,
        find: FindResident,
        register: IntakesTold,
        queue: QueueChange,
        settle: SettleChange,
        book: RewrittenBook,
        *,
        now: Now,
        random: Callable[[int], bytes],
    ) -> None:
        self._find = find
        self._register = register
        self._queue = queue
        self._settle = settle
        self._book = book
        self._now = now
        self._random = random

    async def open(self, sign_in: SignIn, key: str) -> ToRewrite:
        """Return its form filled in. RefusedError ``refused.office_alone`` where what it says is not to be read here."""
        change = await self._returned(sign_in, key)
        if not change.readable:
            raise RefusedError("refused.office_alone")
        subject = await self._whose(sign_in, change)
        view = (await self._find.household(sign_in, subject)).value if subject else None
        if view is not None and view.masked:  # protected since
            raise RefusedError("refused.office_alone")
        told = reopen(change.kind, change.payload, view.household if view else None, self._new_id)
        return ToRewrite(key, told, view, subject)

    async def save(
        self, sign_in: SignIn, key: str, form: Form, entry: Entry, attachments: tuple[Attachment, ...]
    ) -> QueuedChange:
        """Take the form in anew, in the place of what was returned. Errors as ``QueueChange.take``."""
        change = await self._returned(sign_in, key)
        if form.kind is not change.kind:
            raise RefusedError("refused.input", field="kind")
        return await self._queue.take(sign_in, form, entry, attachments, instead_of=change)

    async def to_office(self, sign_in: SignIn, seen: Comparison, *, reason: str) -> bool:
        """Leave it to the back office, for a reason; False where the office must be told its number by a person.

        So it is of what only the cloud can read: nothing of it can be sent from here again, and the office has it.
        """
        change = await self._returned(sign_in, seen.change.key)
        if not reason.strip():
            raise RefusedError("refused.input", field="reason")
        refuse_forbidden_number("reason", reason)
        if seen.sealed or not change.readable:
            facts: dict[str, str | int] = {"what": "to_office", "change": change.key}
            actor = sign_in.clerk.staff_id
            await self._book.record(JournalEntry("intake", actor, change.residents, facts, reason.strip()))
            await self._book.note_call(change.key, actor=actor)
            return False
        payload, ids = with_new_ids(change.payload, self._new_id)
        residents = tuple(ids.get(one, one) for one in change.residents)
        await self._settle.for_office(sign_in, change, seen.seen, payload, reason=reason, residents=residents)
        return True

    async def _whose(self, sign_in: SignIn, change: QueuedChange) -> AtenaNo | None:
        """Return whose household the form is over; None where nobody on it has a number and they join nobody."""
        told = AtenaNo(str(change.payload["subject"]))
        if not is_newcomer(told):
            return told
        home = joined_home(change.kind, change.payload)
        if not home:
            return None
        hits = (await self._find.find(sign_in, Query(number=home))).value.hits
        found = next((hit.atena_no for hit in hits if hit.household_no == home), None)
        if found is None:
            raise RefusedError("refused.not_found")
        return found

    async def _returned(self, sign_in: SignIn, key: str) -> QueuedChange:
        """Return an own intake, or any with the officer's right, that the office returned and nobody wrote anew."""
        missing = session_error(sign_in, self._now()) or right_error(sign_in, Right.ACCEPT)
        change = await self._book.change(key)
        if change is None:
            raise RefusedError("refused.not_found")
        if change.made_by != sign_in.clerk.staff_id:
            missing = missing or right_error(sign_in, Right.OFFICER)
        if missing:
            raise missing
        told = (await self._register.intakes_told((key,), returned=0)).value
        returned = any(row["command_key"] == key and row.get("state") == RETURNED for row in told)
        if not returned or change.state is not ChangeState.LANDED or await self._book.rewritten((key,)):
            raise RefusedError("refused.under_way")
        return change

    def _new_id(self) -> AtenaNo:
        return newcomer_id(str(UUID(bytes=self._random(_ID_BYTES), version=4)))
