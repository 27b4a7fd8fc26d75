"""How old is too old for which paper: the age of each feed against warn and stop limits (P07).

The table below is the default; a town sets its own ages (settings). A paper that is not in the table is never made from the
replica. ``at_once`` says who gets it without a declaration by the responsible officer.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from types import MappingProxyType

from client.domain.as_of import AsOf, Source
from client.domain.certificate import CertificateKind, IdentityCheck, Requester
from client.domain.errors import RefusedError
from client.rules.sign_in import CLOCK_TOLERANCE

WARN_REGISTER = "warning.register_old"
WARN_BLOCKS = "warning.blocks_old"

_HOUR = timedelta(hours=1)
_DAY = timedelta(days=1)
ALWAYS = timedelta.min  # at any age, and where a clock makes it look younger than none


@dataclass(frozen=True, slots=True)
class Limits:
    """Ages at which a feed warns and stops; ``declared_stop`` holds once the officer has declared a disaster.

    ``self_only_after``: from this age of the older feed on a paper goes to 本人 with photo identity alone, declared or not,
    for a measure taken in elsewhere meanwhile is not known here; None: never. ``ALWAYS`` at a shelter.
    """

    register_warn: timedelta
    register_stop: timedelta
    blocks_warn: timedelta = 4 * _HOUR
    blocks_stop: timedelta = 24 * _HOUR
    declared_stop: timedelta | None = None
    self_only_after: timedelta | None = None
    at_once: frozenset[Requester] = frozenset({Requester.SELF, Requester.HOUSEHOLD})
    at_once_identity: frozenset[IdentityCheck] = frozenset({IdentityCheck.PHOTO})


Table = Mapping[CertificateKind, Limits]

DEFAULTS: Table = MappingProxyType(
    {
        CertificateKind.JUMINHYO_COPY: Limits(
            register_warn=24 * _HOUR, register_stop=72 * _HOUR, declared_stop=7 * _DAY
        ),
    }
)


def with_hours(
    *, register: tuple[int, int, int], blocks: tuple[int, int], self_only_after: timedelta | None = None
) -> Table:
    """Return the table of a town that sets its own: hours to warn, to stop, to stop once declared."""
    warn, stop, declared = (hours * _HOUR for hours in register)
    blocks_warn, blocks_stop = (hours * _HOUR for hours in blocks)
    return {
        kind: replace(
            limits,
            register_warn=warn,
            register_stop=stop,
            declared_stop=declared,
            blocks_warn=blocks_warn,
            blocks_stop=blocks_stop,
            self_only_after=self_only_after,
        )
        for kind, limits in DEFAULTS.items()
    }


@dataclass(frozen=True, slots=True)
class Freshness:
    """Whether data is fresh enough for a paper: a refusal or none, and what to tell the clerk."""

    refusal: RefusedError | None = None
    warnings: tuple[str, ...] = ()


def judge(
    kind: CertificateKind,
    as_of: AsOf,
    now: datetime,
    *,
    declared: bool,
    table: Table = DEFAULTS,
) -> Freshness:
    """Return whether a paper may be made from data this old; what the cloud just said is always fresh."""
    if as_of.source is Source.CLOUD:
        return Freshness()
    limits = table.get(kind)
    if limits is None:
        return Freshness(RefusedError("refused.not_offline"))
    if max(as_of.register_at, as_of.blocks_at) - now > CLOCK_TOLERANCE:
        return Freshness(RefusedError("refused.clock_off"))  # an age cannot be known: never read as "new"
    stop = limits.register_stop
    if declared and limits.declared_stop:
        stop = max(stop, limits.declared_stop)  # a town may set the one and leave the other at its default
    register, blocks = as_of.register_age(now), as_of.blocks_age(now)
    for age, limit in ((register, stop), (blocks, limits.blocks_stop)):
        if age > limit:
            return Freshness(RefusedError("refused.too_old", hours=int(age / _HOUR)))
    warnings = (
        (WARN_REGISTER, register > limits.register_warn),
        (WARN_BLOCKS, blocks > limits.blocks_warn),
    )
    return Freshness(None, tuple(code for code, told in warnings if told))


def needs_officer(
    kind: CertificateKind,
    requester: Requester,
    identity: IdentityCheck,
    *,
    table: Table = DEFAULTS,
) -> bool:
    """Tell whether this requester gets a paper off line only after the officer's declaration."""
    limits = table.get(kind)
    return limits is None or requester not in limits.at_once or identity not in limits.at_once_identity


def self_only(
    kind: CertificateKind,
    requester: Requester,
    identity: IdentityCheck,
    as_of: AsOf,
    now: datetime,
    *,
    table: Table = DEFAULTS,
) -> bool:
    """Tell whether a paper from data this old goes to 本人 with photo identity alone, and this is somebody else."""
    limits = table.get(kind)
    if as_of.source is Source.CLOUD or limits is None or limits.self_only_after is None:
        return False
    if (requester, identity) == (Requester.SELF, IdentityCheck.PHOTO):
        return False
    return max(as_of.register_age(now), as_of.blocks_age(now)) >= limits.self_only_after
