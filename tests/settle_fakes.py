"""The replica's word on past versions and intakes, in memory."""

from collections.abc import Collection
from dataclasses import dataclass, field

from client.domain.as_of import Answer, AsOf, Source
from client.domain.errors import StoreError
from client.domain.resident import AtenaNo, Resident
from client.domain.row import Row
from tests.builders import NOW
from tests.domain.test_record import row_from_resident


def row_of(resident: Resident, **more: object) -> Row:
    """Return a resident as a row of the contract."""
    return row_from_resident(resident) | more


@dataclass
class MemoryVersions:
    """Versions and IntakesTold; ``asked`` counts the looks at intakes."""

    versions: dict[AtenaNo, list[Row]] = field(default_factory=dict)
    intakes: list[Row] = field(default_factory=list)
    missing: StoreError | None = None
    asked: int = 0

    async def history_of(self, atena_no: AtenaNo) -> Answer[tuple[Row, ...]]:
        if self.missing:
            raise self.missing
        return Answer(tuple(self.versions.get(atena_no, [])), AsOf(Source.REPLICA, 41, NOW, 7, NOW))

    async def intakes_told(self, keys: Collection[str], *, returned: int) -> Answer[tuple[Row, ...]]:
        self.asked += 1
        if self.missing:
            raise self.missing
        asked = [row for row in self.intakes if row["command_key"] in keys]
        others = [row for row in self.intakes if row["state"] == "returned" and row not in asked]
        return Answer((*asked, *others[:returned]), AsOf(Source.REPLICA, 41, NOW, 7, NOW))

    def tell(self, key: str, state: str, reason: str = "") -> None:
        """Say what became of an intake."""
        self.intakes.append(
            {"command_key": key, "state": state, "reason": reason, "changed_at": NOW.isoformat()}
        )
