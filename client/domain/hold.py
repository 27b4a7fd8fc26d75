"""A hold: what a restrictive request stops at once, from its receipt at a counter until the register itself rules."""

from dataclasses import dataclass, field
from datetime import date, datetime

from client.domain.change import ChangeKind
from client.domain.resident import AtenaNo


@dataclass(frozen=True, slots=True)
class Hold:
    """仮受付による留保: a restrictive request as far as it stops papers; which one, of whom, received when and where.

    ``planned`` is 転出予定日 and None for the other kinds. ``landed_at`` is when the cloud took in a request whose
    receipt the replica has reached: a blocks feed that is younger rules in its place.
    """

    key: str
    kind: ChangeKind
    residents: tuple[AtenaNo, ...]
    planned: date | None
    made_at: datetime
    terminal: str  # its number
    landed_at: datetime | None = field(default=None, compare=False)
