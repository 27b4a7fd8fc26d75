"""Print a 仮受付票: what was taken in is in the ledger before; a printer's trouble undoes nothing, it is printed again."""

from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass
from datetime import date

from client.domain.as_of import Answer
from client.domain.blocks import Restrictions
from client.domain.change import QueuedChange
from client.domain.clerk import Right, SignIn
from client.domain.errors import LinkDownError, RefusedError
from client.domain.intake import Filer
from client.domain.resident import AtenaNo, Household
from client.domain.slip import IntakeSlip
from client.jobs.ports import JournalEntry, Ledger, Printed, Register, SlipPress
from client.jobs.reach import Reach
from client.jobs.restrictions import read_household
from client.rules import gate
from client.rules.projection import address_to
from client.rules.services import RESIDENTS
from client.rules.sign_in import right_error


@dataclass(frozen=True, slots=True)
class SlipPlace:
    """Where a slip is handed out, as it says itself."""

    town: str
    terminal: str
    drill: bool = False


class PrintSlip:
    """Makes the slip of a change from the ledger's own words, and prints it."""

    def __init__(
        self,
        live: Register,
        replica: Register,
        reach: Reach,
        ledger: Ledger,
        press: SlipPress,
        *,
        place: SlipPlace,
    ) -> None:
        self._live = live
        self._replica = replica
        self._reach = reach
        self._ledger = ledger
        self._press = press
        self._place = place

    async def __call__(self, sign_in: SignIn, change: QueuedChange) -> Printed:
        """Print, for the first time or again. RefusedError, PaperError, StoreError; the change stays as it is."""
        if missing := right_error(sign_in, Right.ACCEPT):
            raise missing
        if change.kind.is_fact or not change.payload:  # cleared out after its time
            raise RefusedError("refused.not_found")
        (household, restrictions), offline = await self._read(sign_in, change)
        slip = self._slip(sign_in, change, household.value, restrictions, offline=offline)
        facts: dict[str, str | int] = {"what": "slip", "change": change.key}
        await self._ledger.record(JournalEntry("intake", sign_in.clerk.staff_id, change.residents, facts))
        return await self._press.print_slip(slip)

    async def _read(
        self, sign_in: SignIn, change: QueuedChange
    ) -> tuple[tuple[Answer[Household], Restrictions], bool]:
        subject = _subject(change)
        if self._reach.worth_trying(sign_in, RESIDENTS):
            with suppress(LinkDownError):  # noted by the reach; the replica answers
                live = await self._reach.ask(
                    RESIDENTS, lambda: read_household(self._live, self._ledger, subject)
                )
                return live, False
        return await read_household(self._replica, self._ledger, subject), True

    def _slip(
        self,
        sign_in: SignIn,
        change: QueuedChange,
        household: Household,
        restrictions: Restrictions,
        *,
        offline: bool,
    ) -> IntakeSlip:
        names = {member.atena_no: member.shown_name for member in household.members}
        to = address_to(change)
        said = change.payload.get("filer")
        filer = Filer(said) if isinstance(said, str) else Filer.SELF
        by_householder = filer is Filer.HOUSEHOLDER and _householder(household)
        return IntakeSlip(
            number=change.key,
            kind=change.kind.value,
            town=self._place.town,
            terminal=self._place.terminal,
            clerk=sign_in.clerk.name,
            received_at=change.made_at,
            todoke_date=change.todoke_date or _day(change, "todoke_date"),
            ido_date=_day(change, "ido_date"),
            filer=by_householder or _named((_subject(change),), names)[0],
            filed_by=filer,
            members=_named(change.residents, names),
            address=None if gate.shelters(restrictions) or to is None else to.text,
            offline=offline,
            drill=self._place.drill,
        )


def _subject(change: QueuedChange) -> AtenaNo:
    subject = change.payload.get("subject")
    return AtenaNo(subject) if isinstance(subject, str) else change.residents[0]


def _named(numbers: Iterable[AtenaNo], names: dict[AtenaNo, str]) -> tuple[str, ...]:
    """Return names in the order of the change; who has left the household since is named by number."""
    return tuple(names.get(number, str(number)) for number in numbers)


def _householder(household: Household) -> str:
    return next((one.householder_name for one in household.members if one.householder_name), "")


def _day(change: QueuedChange, name: str) -> date:
    return date.fromisoformat(str(change.payload[name]))
