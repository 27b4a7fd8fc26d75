"""国民健康保険 membership."""

from dataclasses import dataclass
from datetime import date

from client.domain.resident import AtenaNo


@dataclass(frozen=True, slots=True)
class NhiMember:
    """A spell of membership, from acquisition to loss."""

    atena_no: AtenaNo
    symbol: str
    number: str
    branch: str
    acquired: date
    lost: date | None
    burden: int
    valid_until: date | None
