"""What the town has put in force on a day: who certifies, at what fee, in which words; letters, guides, staff, payers."""

from collections.abc import Iterable
from datetime import date
from typing import Protocol, TypeVar

from client.domain.clerk import Right
from client.domain.in_force import (
    AttestationText,
    CertifierTerm,
    FeeRule,
    FormText,
    GaijiTerm,
    GuideTree,
    RightGrant,
    SealTerm,
    StaffMember,
)
from client.domain.payer import Corporation
from client.rules.on_day import Dated, in_force, of_day

ALL_BUSINESS = "all"


class ForBusiness(Dated, Protocol):
    """Something a business has of its own, or all share."""

    @property
    def business(self) -> str:
        """Return the business, or ``all``."""
        ...


B = TypeVar("B", bound=ForBusiness)


def certifier_on(terms: Iterable[CertifierTerm], day: date) -> CertifierTerm | None:
    """Return who certifies on a day."""
    return of_day(terms, day)


def seal_on(seals: Iterable[SealTerm], certifier: CertifierTerm, day: date) -> SealTerm | None:
    """Return the certifier's 公印 on a day."""
    return of_day((seal for seal in seals if seal.certifier_id == certifier.certifier_id), day)


def fee_on(rules: Iterable[FeeRule], certificate: str, day: date) -> FeeRule | None:
    """Return the fee of a certificate on a day."""
    return of_day((rule for rule in rules if rule.certificate == certificate), day)


def attestation_on(
    texts: Iterable[AttestationText], certificate: str, scope: str, day: date
) -> AttestationText | None:
    """Return the 認証文 of a certificate on a day."""
    return of_day((text for text in texts if (text.certificate, text.scope) == (certificate, scope)), day)


def form_on(forms: Iterable[FormText], certificate: str, day: date) -> FormText | None:
    """Return the form of a certificate on a day; None where the one that came with the program holds."""
    return of_day((form for form in forms if form.certificate == certificate), day)


def guide_on(trees: Iterable[GuideTree], occasion: str, day: date) -> GuideTree | None:
    """Return the guide of an occasion on a day."""
    return of_day((tree for tree in trees if tree.occasion == occasion), day)


def gaiji_on(letters: Iterable[GaijiTerm], day: date) -> dict[str, GaijiTerm]:
    """Return the town's own letters in force on a day, by code point."""
    return {letter.code: letter for letter in letters if in_force(letter, day)}


def rights_on(member: StaffMember, grants: Iterable[RightGrant], day: date) -> frozenset[Right]:
    """Return what somebody may do on a day, by own grants and the section's; nothing while not in service.

    A right this program does not know gives nothing.
    """
    known = {right.value: right for right in Right}
    return frozenset(known[grant.right] for grant in held_on(member, grants, day) if grant.right in known)


def held_on(member: StaffMember, grants: Iterable[RightGrant], day: date) -> tuple[RightGrant, ...]:
    """Return the grants somebody holds on a day, none while not in service."""
    if not in_force(member, day):
        return ()
    return tuple(grant for grant in grants if in_force(grant, day) and _is_for(grant, member))


def for_business(items: Iterable[B], business: str, day: date) -> B | None:
    """Return a business's own delivery address or bank account on a day, else the one for all."""
    rows = tuple(items)
    own = of_day((row for row in rows if row.business == business), day)
    return own or of_day((row for row in rows if row.business == ALL_BUSINESS), day)


def is_open(corporation: Corporation, day: date) -> bool:
    """Tell whether a corporation is not closed on a day."""
    return corporation.closed is None or day < corporation.closed


def _is_for(grant: RightGrant, member: StaffMember) -> bool:
    if grant.staff_id is not None:
        return grant.staff_id == member.staff_id
    # As at the cloud: what a section may do was decided for the town's own people, not for those lent to it.
    return member.lent_by is None and grant.section is not None and grant.section == member.section
