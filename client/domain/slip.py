"""仮受付票: what a resident takes home when a notification is accepted but not yet registered."""

from dataclasses import dataclass, field
from datetime import date, datetime

from client.domain.intake import Filer


@dataclass(frozen=True, slots=True)
class IntakeSlip:
    """仮受付票: proof that something was handed in, never that it was registered.

    ``address`` is None where the notification names none, or where it stands on no paper: ``withheld``, for a person
    under support measures. ``ido_date`` is None where nothing happens on a day, or only the cloud can read it.
    """

    number: str  # the change's key, as the clerk can find it again
    kind: str  # the change's kind; its name on paper is the form's
    town: str
    terminal: str
    clerk: str
    received_at: datetime  # UTC
    todoke_date: date  # 届出の年月日, decisive in law
    ido_date: date | None
    filer: str = field(repr=False)  # the name it is made out to
    members: tuple[str, ...] = field(repr=False)
    address: str | None = field(repr=False)
    offline: bool = False
    drill: bool = False
    filed_by: Filer = Filer.SELF  # whether that person came, or somebody for them
    withheld: bool = False

    def __post_init__(self) -> None:
        if not self.members or self.received_at.tzinfo is None:
            raise ValueError("a slip names who moves, and when it was taken in")
