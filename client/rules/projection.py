"""Record + pending changes → the record as the clerk should see it. Papers never ask here: they go on showing
what is decided.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

from client.domain.change import ChangeKind, ChangeState, QueuedChange
from client.domain.resident import Address, Household, Resident
from client.rules.outbox import NEEDS_A_PERSON

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
    """Return where a change leads; None where it is no move, or its words are not there."""
    to = change.payload.get("to")
    return _address(to) if change.kind is ChangeKind.TENKYO and isinstance(to, Mapping) else None


def _after(member: Resident, change: QueuedChange) -> Resident:
    to = address_to(change)
    if to is not None and member.atena_no in change.residents:
        return replace(member, address=to, before_move=member.address.text)
    return member


def _address(to: Mapping[str, object]) -> Address:
    def text(piece: str) -> str:
        return str(to.get(piece) or "")

    return Address(text("town"), text("banchi"), text("katagaki"), postcode=text("postcode") or None)
