"""The one gate before any screen, paper or export: rights, identity, blocks, support measures, freshness.

It fails closed (P08). An end date that has passed lifts nothing; a support measure stops a paper even before its
first day; nothing is dropped from an answer, it is refused or masked. What it says off line it says on line too:
the cloud decides first, the gate checks again.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import date, datetime

from client.domain.as_of import AsOf
from client.domain.blocks import Block, BlockLevel, BlockProcess, Restrictions
from client.domain.calendar import TOKYO, tokyo_day
from client.domain.certificate import CertificateRequest, IdentityCheck, Requester
from client.domain.clerk import Right, SignIn
from client.domain.errors import RefusedError
from client.domain.resident import Address, AtenaNo, Hit, Household, Resident, ResidentStatus
from client.rules import freshness
from client.rules.on_day import stands, status_on, stay_expired
from client.rules.sign_in import right_error

WARN_BLOCK = "warning.block"  # 抑止 at the level アラート
WARN_SHIEN_SOCHI = "warning.shien_sochi_household"  # a protected person lives there but is not on this paper
WARN_STAY_EXPIRED = "warning.stay_expired"  # 在留期間 is over by its date
WARN_THIRD_PARTY = (
    "warning.third_party_items"  # items a third party gets only for a reason (住基法 第12条の3)
)
WARN_RELEASED = "warning.released"  # blocked, and an officer has released this one issue
WARNINGS = (
    WARN_RELEASED,
    WARN_BLOCK,
    WARN_SHIEN_SOCHI,
    WARN_STAY_EXPIRED,
    WARN_THIRD_PARTY,
    freshness.WARN_REGISTER,
    freshness.WARN_BLOCKS,
)

_HIDDEN = Address(town="", banchi="")
_NEEDS_PURPOSE = frozenset({Requester.THIRD_PARTY, Requester.OFFICIAL})


@dataclass(frozen=True, slots=True)
class Verdict:
    """What the gate says: every refusal, most serious first, and every warning; without refusals it is open."""

    refusals: tuple[RefusedError, ...] = ()
    warnings: tuple[str, ...] = ()

    @property
    def allowed(self) -> bool:
        """Tell whether nothing stands against it."""
        return not self.refusals


def verdict(
    *,
    request: CertificateRequest,
    household: Household,
    restrictions: Restrictions,
    sign_in: SignIn,
    as_of: AsOf,
    now: datetime,
    offline: bool,
    declared: bool,
    officer_released: bool = False,
) -> Verdict:
    """Judge a paper. ``officer_released`` is the release of blocks by an officer with that right, for this one paper."""
    today = tokyo_day(now)
    age = freshness.judge(request.kind, as_of, now, declared=declared)
    refusals = [
        *_about_blocks(request, household, restrictions, today, offline=offline, released=officer_released),
        *_about_clerk(request, sign_in),
        *_about_members(request, household, today),
        *_about_requester(request),
        *([age.refusal] if age.refusal else []),
    ]
    officer = freshness.needs_officer(request.kind, request.requester, request.identity)
    if offline and officer and not declared:
        refusals.append(RefusedError("refused.officer_needed"))
    return Verdict(tuple(refusals), (*_warnings(request, household, restrictions, today), *age.warnings))


def view_verdict(
    *,
    household: Household,
    restrictions: Restrictions,
    sign_in: SignIn,
    now: datetime,
    officer_released: bool = False,
) -> Verdict:
    """Judge a look at a household's record; protected addresses are a matter of ``masked_household``."""
    return _process_verdict(
        BlockProcess.VIEW,
        right_error(sign_in, Right.VIEW),
        household,
        restrictions,
        tokyo_day(now),
        released=officer_released,
    )


def intake_verdict(
    *,
    household: Household,
    restrictions: Restrictions,
    sign_in: SignIn,
    now: datetime,
    officer_released: bool = False,
) -> Verdict:
    """Judge taking in a notification for a household; a support measure does not stop a notification."""
    return _process_verdict(
        BlockProcess.IDO,
        right_error(sign_in, Right.ACCEPT),
        household,
        restrictions,
        tokyo_day(now),
        released=officer_released,
    )


def protected_members(household: Household, restrictions: Restrictions) -> frozenset[AtenaNo]:
    """Return the members under support measures, provisional and past ones too."""
    numbers = {member.atena_no for member in household.members}
    return frozenset(measure.atena_no for measure in restrictions.shien_sochi if measure.atena_no in numbers)


def shelters(restrictions: Restrictions) -> bool:
    """Tell whether a household's address is somebody's to hide, by the register's answer for that household.

    A measure for anybody counts, also for one who is not among the members shown: of somebody who has moved
    out the record is read alone, and still says where the others live.
    """
    return bool(restrictions.shien_sochi)


def masked_hits(hits: Iterable[Hit]) -> tuple[Hit, ...]:
    """Return search results without the address of any protected person or housemate; no line is left out.

    The registers leave these addresses out themselves; here it is done again with what the answer itself tells.
    """
    found = tuple(hits)
    homes = {hit.household_no for hit in found if hit.protected}
    return tuple(
        replace(hit, address=None) if hit.protected or hit.household_no in homes else hit for hit in found
    )


def masked_household(
    household: Household, restrictions: Restrictions, *, identity_checked: bool
) -> Household:
    """Return a household as a screen may show it: while the visitor's identity is not checked, no address in a
    household with a protected person, because they live at the same one.
    """
    if identity_checked or not shelters(restrictions):
        return household
    return replace(household, members=tuple(map(masked_resident, household.members)))


def masked_resident(resident: Resident) -> Resident:
    """Return a record without anything that says where the person lives, lived or went."""
    return replace(
        resident,
        address=_HIDDEN,
        honseki=None,
        tennyu_from=None,
        before_move=None,
        tenshutsu_to=None,
        removal=replace(resident.removal, destination=None) if resident.removal else None,
        remarks=None,
    )


def _process_verdict(
    process: BlockProcess,
    missing: RefusedError | None,
    household: Household,
    restrictions: Restrictions,
    today: date,
    *,
    released: bool,
) -> Verdict:
    refusals = [missing] if missing else []
    numbers = tuple(member.atena_no for member in household.members)
    standing = _standing(restrictions, process, household, numbers, today)
    if not released:
        refusals += [_blocked(block) for block in standing if block.level is BlockLevel.ERROR]
    alerts = any(block.level is BlockLevel.ALERT for block in standing)
    return Verdict(tuple(refusals), (WARN_BLOCK,) if alerts else ())


def _about_blocks(
    request: CertificateRequest,
    household: Household,
    restrictions: Restrictions,
    today: date,
    *,
    offline: bool,
    released: bool,
) -> list[RefusedError]:
    if released:
        return []
    refusals = []
    protected = {measure.atena_no for measure in restrictions.shien_sochi}
    on_paper = {request.subject, *request.members}
    # Off line nobody can be asked, and one address is the address of all: the whole household counts.
    scope = on_paper | {member.atena_no for member in household.members} if offline else on_paper
    if protected & scope:
        refusals.append(RefusedError("refused.shien_sochi"))
    standing = _standing(restrictions, BlockProcess.ISSUE, household, tuple(on_paper), today)
    return refusals + [_blocked(block) for block in standing if block.level is BlockLevel.ERROR]


def _about_clerk(request: CertificateRequest, sign_in: SignIn) -> list[RefusedError]:
    needed = [Right.ISSUE, *([Right.HONSEKI] if request.options.honseki else [])]
    return [error for right in needed if (error := right_error(sign_in, right))]


def _about_members(request: CertificateRequest, household: Household, today: date) -> list[RefusedError]:
    asked = [household.member(number) for number in dict.fromkeys((request.subject, *request.members))]
    if None in asked:
        return [RefusedError("refused.not_found")]
    if any(one and status_on(one, today) is not ResidentStatus.RESIDENT for one in asked):
        return [RefusedError("refused.not_resident")]
    return []


def _about_requester(request: CertificateRequest) -> list[RefusedError]:
    refusals = []
    if request.identity is IdentityCheck.NONE:
        refusals.append(RefusedError("refused.identity"))
    if request.requester in _NEEDS_PURPOSE and not request.purpose.strip():
        refusals.append(RefusedError("refused.input", field="purpose"))
    return refusals


def _warnings(
    request: CertificateRequest, household: Household, restrictions: Restrictions, today: date
) -> list[str]:
    on_paper = (request.subject, *request.members)
    standing = _standing(restrictions, BlockProcess.ISSUE, household, on_paper, today)
    members = [one for number in on_paper if (one := household.member(number))]
    options = request.options
    told = {
        WARN_BLOCK: any(block.level is BlockLevel.ALERT for block in standing),
        WARN_SHIEN_SOCHI: bool(protected_members(household, restrictions) - set(on_paper)),
        WARN_STAY_EXPIRED: any(stay_expired(one, today) for one in members),
        WARN_THIRD_PARTY: request.requester is Requester.THIRD_PARTY
        and (options.relationship or options.honseki or options.foreign_items),
    }
    return [code for code, holds in told.items() if holds]


def _standing(
    restrictions: Restrictions,
    process: BlockProcess,
    household: Household,
    numbers: tuple[AtenaNo, ...],
    today: date,
) -> tuple[Block, ...]:
    """Return the blocks that stand: begun, and never over by date alone [STD j410]."""
    return tuple(
        block
        for block in restrictions.blocks
        if block.process is process
        and stands(block, today)
        and (block.atena_no in numbers or block.household_no == household.household_no)
    )


def _blocked(block: Block) -> RefusedError:
    held = block.held
    if held is None:
        return RefusedError("refused.blocked", reason=block.reason)
    at = held.made_at.astimezone(TOKYO).strftime("%Y-%m-%d %H:%M")
    return RefusedError("refused.held", change_kind=held.kind.value, at=at, terminal=held.terminal)
