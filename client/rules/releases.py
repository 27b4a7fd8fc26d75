"""What a release (一時解除) asks for and what it covers: one issue, of that very paper, while nothing else has come."""

from collections.abc import Iterable
from datetime import datetime
from types import MappingProxyType

from client.domain.blocks import Restrictions
from client.domain.certificate import CertificateRequest
from client.domain.clerk import Right
from client.domain.errors import RefusedError
from client.domain.release import Release

# Who is in charge of a refusal, and so sets it aside with the right to this act. What is not here nobody can: identity,
# age of data, a right that is missing.
RELEASED_BY = MappingProxyType(
    {
        "refused.shien_sochi": Right.SHIEN_SOCHI,  # the 支援措置責任者 alone [STD j440]
        "refused.blocked": Right.OFFICER,
        "refused.held": Right.OFFICER,
    }
)


def rights_needed(refusals: Iterable[RefusedError]) -> frozenset[Right]:
    """Return every right somebody must have to set these refusals aside, of those that can be."""
    in_charge = frozenset(RELEASED_BY[one.code] for one in refusals if one.code in RELEASED_BY)
    return in_charge | {Right.BLOCK_RELEASE} if in_charge else in_charge


def only_released(refusals: Iterable[RefusedError]) -> RefusedError | None:
    """Return the first refusal that no release sets aside, or None."""
    return next((one for one in refusals if one.code not in RELEASED_BY), None)


def standing(restrictions: Restrictions) -> frozenset[str]:
    """Return the ids of all that stands, held or registered: a hold and the row that follows it have the same."""
    blocks = (block.block_id for block in restrictions.blocks)
    return frozenset((*blocks, *(measure.measure_id for measure in restrictions.shien_sochi)))


def covers(
    release: Release, request: CertificateRequest, clerk: str, restrictions: Restrictions, now: datetime
) -> bool:
    """Tell whether a release holds for this request, by this clerk, now.

    Not for other people, items, requester or copies; not for a block that has come since; not after its return time,
    nor by a clock that went back before it was made.
    """
    return (
        request == release.request
        and clerk == release.clerk
        and release.made_at <= now < release.until
        and standing(restrictions) <= release.set_aside
    )
