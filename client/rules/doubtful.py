"""Which papers issued off line are doubtful: what they rest on, and what of it the register knew before (P07).

A row counts that does not stand at the issue as it stood at the version the paper was made from. The issue is taken a
little later than written down: no two clocks agree to the second. What cannot be known is doubtful.
"""

from collections.abc import Collection, Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from types import MappingProxyType

from client.domain.certificate import CertificateKind
from client.domain.clerk import Right
from client.domain.doubtful import Certified, Doubt, DoubtfulPaper, OfflinePaper, Told, Touch, Verdict, Why
from client.domain.feed import Feed
from client.rules.deputy import same

GRAIN = timedelta(minutes=1)
_WHY = MappingProxyType(
    {
        "resident": Why.IDO,
        "block": Why.BLOCK,
        "shien_sochi": Why.SHIEN_SOCHI,
        "juminzei": Why.TAX,
        "light_vehicle": Why.TAX,
        "fixed_asset": Why.TAX,
        "tax_account": Why.ARREARS,
        "nhi_member": Why.NHI,
        "seal_registration": Why.SEAL,
    }
)
_OF_STATUS = MappingProxyType({"tenshutsu": Why.TENSHUTSU, "death": Why.DEATH, "shojo": Why.SHOJO})
_TOLD_TO = MappingProxyType(
    {
        Why.SHIEN_SOCHI: Right.SHIEN_SOCHI,
        Why.TAX: Right.TAX,
        Why.ARREARS: Right.TAX,
        Why.NHI: Right.NHI,
        Why.SEAL: Right.SEAL,
    }
)
_RESTRICTIONS = frozenset({"block", "shien_sochi"})
# What papers of a kind rest on; one that is not named here rests on all of it.
_RESTS_ON = MappingProxyType(
    {CertificateKind.JUMINHYO_COPY.value: frozenset({"resident", "block", "shien_sochi"})}
)
_STOPPED_BY = MappingProxyType({CertificateKind.JUMINHYO_COPY.value: frozenset({"issue"})})
_STOP = frozenset({"issue", "seal"})


def until(paper: OfflinePaper) -> datetime:
    """Return the moment up to which what was registered counts as registered before the issue."""
    return paper.issued_at + GRAIN


def verdict(paper: OfflinePaper, told: Mapping[Feed, Told], certified: Certified | None = None) -> Verdict:
    """Judge a paper by what the register told of both feeds, and of who certifies where a deputy stands on it."""
    doubts = {
        doubt: None
        for one in told.values()
        for doubt in (
            [Doubt(Why.UNKNOWN, None)]
            if one.touches is None
            else [Doubt(_why(touch), touch.at) for touch in one.touches if _matters(paper.kind, touch)]
        )
    }
    final = all(one.at > until(paper) for one in told.values())
    if paper.deputy is not None:
        known = certified is not None and certified.at > until(paper)
        final = final and known
        if certified is not None and known and not same(certified.certifier, paper.deputy):
            doubts[Doubt(Why.CERTIFIER, None)] = None
    return Verdict(paper.serial, tuple(doubts), final)


def as_told(paper: DoubtfulPaper, held: Collection[Right]) -> DoubtfulPaper:
    """Return a line as somebody with these rights may see it: a measure, tax, insurance or seal only with its own right."""
    seen = tuple(one for one in paper.doubts if one.why not in _TOLD_TO or _TOLD_TO[one.why] in held)
    return replace(paper, doubts=seen, withheld=len(seen) < len(paper.doubts))


def _why(touch: Touch) -> Why:
    return _OF_STATUS.get(touch.status or "", _WHY[touch.table])


def _matters(kind: str, touch: Touch) -> bool:
    if touch.table not in _RESTS_ON.get(kind, _WHY.keys()):
        return False
    if touch.table in _RESTRICTIONS and touch.gone:
        return False  # what was lifted stopped more than it had to
    return touch.process is None or touch.process in _STOPPED_BY.get(kind, _STOP)
