"""Print a 仮受付票: what was taken in is in the ledger before; a printer's trouble undoes nothing, it is printed again."""

from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import date

from client.domain.as_of import Answer
from client.domain.blocks import Restrictions
from client.domain.calendar import tokyo_day
from client.domain.change import QueuedChange
from client.domain.clerk import Right, SignIn
from client.domain.errors import LinkDownError, RefusedError
from client.domain.intake import Filer, is_newcomer
from client.domain.resident import AtenaNo, Household, shown_name
from client.domain.slip import IntakeSlip
from client.jobs.ports import JournalEntry, Ledger, Printed, Register, SlipPress
from client.jobs.reach import Reach
from client.jobs.restrictions import read_household
from client.rules import gate
from client.rules.deciding import prepare_error
from client.rules.intakes import DAY_OF, WITH_PLACES
from client.rules.projection import address_to
from client.rules.services import RESIDENTS


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
        if missing := prepare_error(sign_in, Right.ACCEPT):
            raise missing
        if change.kind.is_fact or not change.sealed:  # cleared out after its time
            raise RefusedError("refused.not_found")
        slip, offline = await self._slip(sign_in, change)
        slip = replace(slip, offline=offline)
        facts: dict[str, str | int] = {"what": "slip", "change": change.key}
        await self._ledger.record(JournalEntry("intake", sign_in.clerk.staff_id, change.residents, facts))
        return await self._press.print_slip(slip)

    async def _read(
        self, sign_in: SignIn, subject: AtenaNo
    ) -> tuple[tuple[Answer[Household], Restrictions], bool]:
        if self._reach.worth_trying(sign_in, RESIDENTS):
            with suppress(LinkDownError):  # noted by the reach; the replica answers
                live = await self._reach.ask(
                    RESIDENTS, lambda: read_household(self._live, self._ledger, subject)
                )
                return live, False
        return await read_household(self._replica, self._ledger, subject), True

    async def _slip(self, sign_in: SignIn, change: QueuedChange) -> tuple[IntakeSlip, bool]:
        """Return the slip, and whether it is made off line; of newcomers the names are those of the notification."""
        subject = _subject(change)
        names, householder, sheltered = _newcomers(change), "", False
        if is_newcomer(subject):
            offline = not self._reach.worth_trying(sign_in, RESIDENTS)
        else:
            (household, restrictions), offline = await self._read(sign_in, subject)
            names |= {member.atena_no: member.shown_name for member in household.value.members}
            householder, sheltered = _householder(household.value), gate.shelters(restrictions)
        to, filer = address_to(change), _filer(change)
        by_householder = filer is Filer.HOUSEHOLDER and householder
        withheld = sheltered or not change.readable
        slip = IntakeSlip(
            number=change.key,
            kind=_kind(change),
            town=self._place.town,
            terminal=self._place.terminal,
            clerk=sign_in.clerk.name,
            received_at=change.made_at,
            todoke_date=change.todoke_date or tokyo_day(change.made_at),
            ido_date=_day(change),
            filer=by_householder or _named((subject,), names)[0],
            filed_by=filer,
            members=_named(change.residents, names),
            address=None if withheld or to is None else to.text,
            withheld=withheld and change.kind in WITH_PLACES,
            drill=self._place.drill,
        )
        return slip, offline


def _kind(change: QueuedChange) -> str:
    """Return what was handed in; what is kept and not accepted (預かり) is another thing on paper."""
    return f"{change.kind.value}.azukari" if change.payload.get("azukari") else change.kind.value


def _filer(change: QueuedChange) -> Filer:
    said = change.payload.get("filer")
    return Filer(said) if said in {one.value for one in Filer} else Filer.SELF


def _newcomers(change: QueuedChange) -> dict[AtenaNo, str]:
    """Return the names of those who have no number yet, as they were written down."""
    members = change.payload.get("members")
    people = [one for one in members if isinstance(one, dict)] if isinstance(members, list) else []
    return {
        AtenaNo(str(one["id"])): shown_name(str(one.get("full_name") or ""), one.get("latin_name"))
        for one in people
    }


def _subject(change: QueuedChange) -> AtenaNo:
    subject = change.payload.get("subject")
    return AtenaNo(subject) if isinstance(subject, str) else change.residents[0]


def _named(numbers: Iterable[AtenaNo], names: dict[AtenaNo, str]) -> tuple[str, ...]:
    """Return names in the order of the change; who has left the household since is named by number."""
    return tuple(names.get(number, str(number)) for number in numbers)


def _householder(household: Household) -> str:
    return next((one.householder_name for one in household.members if one.householder_name), "")


def _day(change: QueuedChange) -> date | None:
    """Return the day it happens, where the notification is of one and its words are here."""
    said = change.payload.get(DAY_OF.get(change.kind, ""))
    return date.fromisoformat(said) if isinstance(said, str) else None
