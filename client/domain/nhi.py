"""国民健康保険 membership."""

from dataclasses import dataclass
from datetime import date

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
