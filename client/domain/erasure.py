"""The erasure (消去) of a terminal: why, how far it has come, and the certificate it ends with."""

from dataclasses import dataclass, field
from datetime import datetime
from enum import Enum


class WipeStep(Enum):
    """How far a wipe has come; it goes on from there after any end of the program."""

    HANDING_OVER = "handing_over"  # locked; what the cloud does not have is still here
    ERASING = "erasing"  # all of it was handed over
    TELLING = (
        "telling"  # erased; the certificate is on its way, and the terminal's own key is all that is left
    )


@dataclass(frozen=True, slots=True)
class Counts:
    """What was handed over, and the attachments that were lost on this disk before."""

    changes: int = 0
    attachments: int = 0
    lost: int = 0


@dataclass(frozen=True, slots=True)
class Certificate:
    """The certificate of erasure: words (JSON) and the terminal's signature over them (ECDSA P-256 SHA-256, DER).

    ``sealed`` is the same as a fact to the cloud, as one body of POST /v1/carried.
    """

    words: str
    signature: bytes
    sealed: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class Wipe:
    """A wipe under way: by an order of the town, or by somebody at the PC (then there is no order)."""

    begun_at: datetime
    order_id: str = ""
    step: WipeStep = WipeStep.HANDING_OVER
    handed: Counts = Counts()
    found: tuple[str, ...] = ()  # what lay here when the erasing began
    certificate: Certificate | None = None
