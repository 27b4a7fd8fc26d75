"""国民健康保険 membership."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime

from client.domain.resident import AtenaNo


@dataclass(frozen=True, slots=True)
class NhiMember:
    """A spell of membership, from acquisition to loss."""

    atena_no: AtenaNo
    acquired: date
    acquired_reason: str | None
    symbol: str | None
    number: str | None
    branch: str | None
    householder_atena_no: AtenaNo | None
    lost: date | None
    lost_reason: str | None
    burden: int | None
    valid_until: date | None


@dataclass(frozen=True, slots=True)
class Insured:
    """Of some people, from when until when the register has them in it; ``at`` is as of when, None where it cannot say.

    No number of a paper and no householder: this much is enough to hold a notification against (P08).
    """

    spells: Mapping[AtenaNo, tuple[tuple[date, date | None], ...]] = field(default_factory=dict, repr=False)
    at: datetime | None = None
    withheld: bool = False  # not this clerk's to know
