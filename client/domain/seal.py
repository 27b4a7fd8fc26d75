"""印鑑登録: the seal a resident has registered, and until when."""

from dataclasses import dataclass, field
from datetime import date

from client.domain.resident import AtenaNo


@dataclass(frozen=True, slots=True)
class SealRegistration:
    """印鑑登録 of one seal; the card (印鑑登録証) bears ``registration_no``."""

    atena_no: AtenaNo
    registration_no: str
    image: bytes | None = field(repr=False)
    registered: date | None
    registered_name: str | None
    abolished: date | None
    abolished_reason: str | None
