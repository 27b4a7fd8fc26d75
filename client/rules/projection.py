"""Record + pending changes → the record as the clerk should see it. Papers never ask here: they go on showing
what is decided.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import date

from client.domain.change import ChangeKind, ChangeState, QueuedChange
from client.domain.resident import Address, Household, Resident
from client.rules.outbox import NEEDS_A_PERSON
from client.rules.relationships import HOUSEHOLDER

# Not yet in the replica, and nobody has said no.
PENDING = frozenset({ChangeState.QUEUED, ChangeState.SENDING, ChangeState.UNKNOWN, ChangeState.ACCEPTED})


@dataclass(frozen=True, slots=True)
class Projection:
    """A household as it will be, the changes that make it so, and those a person must settle first."""

    household: Household
    pending: tuple[QueuedChange, ...]
    unsettled: tuple[QueuedChange, ...]


def project(household: Household, changes: Iterable[QueuedChange]) -> Projection:
    """Lay the outbox over a household; the order of members never changes."""
    ours = sorted(_concerning(household, changes), key=lambda change: change.seq)
    pending = tuple(change for change in ours if change.state in PENDING)
    members = household.members
    for change in pending:
        members = tuple(_after(member, change) for member in members)
    unsettled = tuple(change for change in ours if change.state in NEEDS_A_PERSON)
    return Projection(replace(household, members=members), pending, unsettled)


def _concerning(household: Household, changes: Iterable[QueuedChange]) -> list[QueuedChange]:
    numbers = {member.atena_no for member in household.members}
    return [change for change in changes if not change.kind.is_fact and numbers & set(change.residents)]


def address_to(change: QueuedChange) -> Address | None:
    """Return where a change inside the town leads; None where it is no move, or its words are not there."""
    to = change.payload.get("to")
    moves = change.kind in {ChangeKind.TENKYO, ChangeKind.TENNYU}
    return _address(to) if moves and isinstance(to, Mapping) else None


def _after(member: Resident, change: QueuedChange) -> Resident:
    if member.atena_no not in change.residents:
        return member
    match change.kind:
        case ChangeKind.TENKYO:
            to = address_to(change)
            return replace(member, address=to, before_move=member.address.text) if to else member
        case ChangeKind.TENSHUTSU:
            return replace(
                member,
                tenshutsu_to=_text(change.payload, "to") or member.tenshutsu_to,
                tenshutsu_planned=_day(change.payload, "planned") or member.tenshutsu_planned,
            )
        case ChangeKind.SETAI_HENKO:
            return _in_household(member, change.payload)
        case _:
            return member


def _in_household(member: Resident, payload: Mapping[str, object]) -> Resident:
    """Return how somebody stands in the household; the householder's name follows where it is told."""
    relations = payload.get("relationships")
    told = relations.get(member.atena_no) if isinstance(relations, Mapping) else None
    if payload.get("householder") == member.atena_no:
        told = HOUSEHOLDER
    return replace(member, relationship=str(told)) if told else member


def _address(to: Mapping[str, object]) -> Address:
    return Address(
        _text(to, "town"),
        _text(to, "banchi"),
        _text(to, "katagaki"),
        postcode=_text(to, "postcode") or None,
    )


def _text(payload: Mapping[str, object], name: str) -> str:
    return str(payload.get(name) or "")


def _day(payload: Mapping[str, object], name: str) -> date | None:
    try:
        return date.fromisoformat(_text(payload, name))
    except ValueError:
        return None
