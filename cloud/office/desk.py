"""The back office of one town: its desks, put together."""

from dataclasses import dataclass

from cloud.attachments import Attachments
from cloud.journals import journal_trouble
from cloud.office.blocks import Blocks
from cloud.office.decisions import Office
from cloud.office.log import OfficeLog
from cloud.office.measures import Measures
from cloud.office.quarantine_desk import QuarantineDesk
from cloud.office.reading import Reading
from cloud.office.residents import Records
from cloud.office.staff_desk import StaffDesk
from cloud.office.terminals import Machines
from cloud.register import Register
from cloud.tenant import Tenant


@dataclass(frozen=True, slots=True)
class Desk:
    """All that an officer works with; none of it keeps a state of its own."""

    intakes: Office
    blocks: Blocks
    measures: Measures
    residents: Records
    terminals: Machines
    quarantine: QuarantineDesk
    attachments: Attachments
    staff: StaffDesk
    log: OfficeLog
    reading: Reading
    register: Register

    def journal_trouble(self) -> list[dict[str, object]]:
        """Return where the journals of terminals do not hold together."""
        with self.register.reading() as connection:
            return journal_trouble(connection, self.register.municipality)


def desk_of(tenant: Tenant) -> Desk:
    """Return a town's back office."""
    log = OfficeLog(tenant.register, tenant.now)
    return Desk(
        intakes=tenant.office,
        blocks=Blocks(tenant.register, log, tenant.now),
        measures=Measures(tenant.register, log, tenant.keys.measures),
        residents=Records(tenant.register, log, tenant.now),
        terminals=Machines(tenant.register, tenant.terminals, tenant.states, tenant.orders, tenant.now),
        quarantine=tenant.quarantine,
        attachments=tenant.attachments,
        staff=StaffDesk(tenant.register, tenant.personnel, tenant.now),
        log=log,
        reading=Reading(tenant.register, log, tenant.now),
        register=tenant.register,
    )
