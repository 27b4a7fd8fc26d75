"""The one gate before any screen, paper or export: rights, identity, blocks, support measures, freshness.

It fails closed (P08). An end date that has passed lifts nothing; a support measure stops a paper even before its
first day; nothing is dropped from an answer, it is refused or masked. What it says off line it says on line too:
the cloud decides first, the gate checks again.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime
from types import MappingProxyType

from client.domain.as_of import AsOf
from client.domain.blocks import Block, BlockLevel, BlockProcess, Restrictions
from client.domain.calendar import TOKYO, RegisterDate, tokyo_day
from client.domain.certificate import CertificateKind, CertificateRequest, IdentityCheck, Requester
from client.domain.change import QueuedChange
from client.domain.clerk import Right, SignIn
from client.domain.errors import RefusedError
from client.domain.resident import (
    Address,
    AtenaNo,
    Hit,
    Household,
    Resident,
    ResidentKind,
    ResidentStatus,
)
from client.rules import freshness
from client.rules.deciding import prepare_error
from client.rules.on_day import lives_here, stands, status_on, stay_expired
from client.rules.sign_in import may, right_error

WARN_BLOCK = "warning.block"  # 抑止 at the level アラート
WARN_SHIEN_SOCHI = (
    "warning.shien_sochi_household"  # a protected person's record stands there, not on this paper
)
WARN_STAY_EXPIRED = "warning.stay_expired"  # 在留期間 is over by its date
WARN_STAY_UNSEEN = "warning.stay_unseen"  # 在留期間 may be over; it is not this clerk's to know
WARN_THIRD_PARTY = (
    "warning.third_party_items"  # items a third party gets only for a reason (住基法 第12条の3)
)
WARN_RELEASED = "warning.released"  # blocked, and an officer has released this one issue
WARNINGS = (
    WARN_RELEASED,
    WARN_BLOCK,
    WARN_SHIEN_SOCHI,
    WARN_STAY_EXPIRED,
    WARN_STAY_UNSEEN,
    WARN_THIRD_PARTY,
    freshness.WARN_REGISTER,
    freshness.WARN_BLOCKS,
)

# Items a paper shows whatever is asked for; every kind of paper stands here, or none of it is issued.
_ITEMS_OF: Mapping[CertificateKind, tuple[Right, ...]] = MappingProxyType({CertificateKind.JUMINHYO_COPY: ()})
# What of a notification is such an item, by the names of its pieces.
_PIECES: Mapping[Right, frozenset[str]] = MappingProxyType(
    {
        Right.HONSEKI: frozenset({"honseki", "hittosha"}),
        Right.ZAIRYU: frozenset(
            (
                *("nationality", "foreigner_category", "residence_status"),
                *("residence_period", "residence_until", "residence_card_no"),
            )
        ),
    }
)
_HIDDEN = Address(town="", banchi="")
_UNSAID = RegisterDate("", None)
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
    limits: freshness.Table = freshness.DEFAULTS,
) -> Verdict:
    """Judge a paper. ``officer_released`` is the release of blocks by an officer with that right, for this one paper."""
    today = tokyo_day(now)
    age = freshness.judge(request.kind, as_of, now, declared=declared, table=limits)
    refusals = [
        *_about_blocks(request, household, restrictions, today, offline=offline, released=officer_released),
        *_about_clerk(request, household, sign_in),
        *_about_members(request, household, today),
        *_about_requester(request),
        *([age.refusal] if age.refusal else []),
    ]
    officer = freshness.needs_officer(request.kind, request.requester, request.identity, table=limits)
    if freshness.self_only(request.kind, request.requester, request.identity, as_of, now, table=limits):
        refusals.append(RefusedError("refused.self_only"))
    elif offline and officer and not declared:
        refusals.append(RefusedError("refused.officer_needed"))
    warnings = _warnings(request, household, restrictions, sign_in, today)
    return Verdict(tuple(refusals), (*warnings, *age.warnings))


def view_verdict(
    *,
    household: Household,
    restrictions: Restrictions,
    sign_in: SignIn,
    now: datetime,
) -> Verdict:
    """Judge a look at a household's record; protected addresses are a matter of ``masked_household``."""
    return _process_verdict(
        BlockProcess.VIEW,
        right_error(sign_in, Right.VIEW),
        household,
        restrictions,
        tokyo_day(now),
    )


def intake_verdict(
    *,
    household: Household,
    restrictions: Restrictions,
    sign_in: SignIn,
    now: datetime,
) -> Verdict:
    """Judge taking in a notification for a household; a support measure does not stop a notification."""
    return _process_verdict(
        BlockProcess.IDO,
        prepare_error(sign_in, Right.ACCEPT),
        household,
        restrictions,
        tokyo_day(now),
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

    Of whom nobody may look at (抑止 of 照会) the name alone is left, by which the match is told and the officer asked.
    The registers leave these addresses out themselves; here it is done again with what the answer itself tells.
    """
    found = tuple(hits)
    homes = {hit.household_no for hit in found if hit.protected}
    return tuple(
        _named_only(hit)
        if hit.unseen
        else replace(hit, address=None)
        if hit.protected or hit.household_no in homes
        else hit
        for hit in found
    )


def _named_only(hit: Hit) -> Hit:
    return replace(hit, furigana=None, birth=_UNSAID, sex=None, address=None)


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


def withheld(resident: Resident, sign_in: SignIn) -> tuple[Right, ...]:
    """Return the items of a record a clerk may not see: 本籍・筆頭者 of a Japanese, 在留資格等 of a foreigner.

    A foreigner's record without 在留資格等 came so from the cloud, which took the right away meanwhile.
    """
    if resident.kind is ResidentKind.JAPANESE:
        return () if may(sign_in.clerk, Right.HONSEKI) else (Right.HONSEKI,)
    seen = resident.foreign is not None and may(sign_in.clerk, Right.ZAIRYU)
    return () if seen else (Right.ZAIRYU,)


def resident_without_items(resident: Resident, sign_in: SignIn) -> Resident:
    """Return a record without the items this clerk may not see."""
    if not withheld(resident, sign_in):
        return resident
    return replace(resident, honseki=None, hittosha=None, foreign=None)


def without_items(household: Household, sign_in: SignIn) -> Household:
    """Return a household as this clerk may see it; what is left out, ``withheld`` names member by member."""
    if not any(withheld(member, sign_in) for member in household.members):
        return household
    members = tuple(resident_without_items(member, sign_in) for member in household.members)
    return replace(household, members=members)


def unseen_pieces(change: QueuedChange, sign_in: SignIn) -> frozenset[str]:
    """Return which pieces of what was taken in a clerk may not read; who took it in has written them."""
    if change.made_by == sign_in.clerk.staff_id:
        return frozenset()
    return frozenset().union(*(names for right, names in _PIECES.items() if not may(sign_in.clerk, right)))


def _process_verdict(
    process: BlockProcess,
    missing: RefusedError | None,
    household: Household,
    restrictions: Restrictions,
    today: date,
) -> Verdict:
    """Judge an act that no release covers: a release (一時解除) is for one issue, and who lifts does it in the register."""
    refusals = [missing] if missing else []
    numbers = tuple(member.atena_no for member in household.members)
    standing = _standing(restrictions, process, household, numbers, today)
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
    # One address is the address of all who live there [STD j440]; off line who left counts too: nobody can be asked.
    housemates = {one.atena_no for one in household.members if offline or lives_here(one, today)}
    if protected & (on_paper | housemates):
        refusals.append(RefusedError("refused.shien_sochi"))
    standing = _standing(restrictions, BlockProcess.ISSUE, household, tuple(on_paper), today)
    return refusals + [_blocked(block) for block in standing if block.level is BlockLevel.ERROR]


def _about_clerk(request: CertificateRequest, household: Household, sign_in: SignIn) -> list[RefusedError]:
    options = request.options
    members = [household.member(number) for number in (request.subject, *request.members)]
    foreign = any(one and one.kind is ResidentKind.FOREIGN for one in members)
    needed = [*_ITEMS_OF[request.kind]]
    if options.honseki:
        needed.append(Right.HONSEKI)
    if foreign and (options.honseki or options.foreign_items):  # 国籍・地域 stands where a Japanese has 本籍
        needed.append(Right.ZAIRYU)
    missing = [right_error(sign_in, right) for right in needed]
    return [error for error in (prepare_error(sign_in, Right.ISSUE), *missing) if error]


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
    request: CertificateRequest,
    household: Household,
    restrictions: Restrictions,
    sign_in: SignIn,
    today: date,
) -> list[str]:
    on_paper = (request.subject, *request.members)
    standing = _standing(restrictions, BlockProcess.ISSUE, household, on_paper, today)
    members = [
        resident_without_items(one, sign_in) for number in on_paper if (one := household.member(number))
    ]
    options = request.options
    told = {
        WARN_BLOCK: any(block.level is BlockLevel.ALERT for block in standing),
        WARN_SHIEN_SOCHI: bool(protected_members(household, restrictions) - set(on_paper)),
        WARN_STAY_EXPIRED: any(stay_expired(one, today) for one in members),
        WARN_STAY_UNSEEN: any(Right.ZAIRYU in withheld(one, sign_in) for one in members),
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
