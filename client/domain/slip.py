"""仮受付票: what a resident takes home when a notification is accepted but not yet registered."""

from dataclasses import dataclass, field
from datetime import date, datetime

from client.domain.intake import Filer


@dataclass(frozen=True, slots=True)
class IntakeSlip:
    """仮受付票: proof that something was handed in, never that it was registered.

    ``address`` is None for a person under support measures, whose new address stands on no paper.
    """

    number: str  # the change's key, as the clerk can find it again
    kind: str  # the change's kind; its name on paper is the form's
    town: str
    terminal: str
    clerk: str
    received_at: datetime  # UTC
    todoke_date: date  # 届出の年月日, decisive in law
    ido_date: date
    filer: str = field(repr=False)  # the name it is made out to
    members: tuple[str, ...] = field(repr=False)
    address: str | None = field(repr=False)
    offline: bool = False
    drill: bool = False
    filed_by: Filer = Filer.SELF  # whether that person came, or somebody for them

    def __post_init__(self) -> None:
        if not self.members or self.received_at.tzinfo is None:
            raise ValueError("a slip names who moves, and when it was taken in")
