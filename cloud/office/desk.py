"""The back office of one town: its desks, put together."""

from dataclasses import dataclass

from cloud.office.blocks import Blocks
from cloud.office.decisions import Office
from cloud.office.log import OfficeLog
from cloud.office.measures import Measures
from cloud.office.residents import Records
from cloud.office.terminals import Machines
from cloud.tenant import Tenant


@dataclass(frozen=True, slots=True)
class Desk:
    """All that an officer works with; none of it keeps a state of its own."""

    intakes: Office
    blocks: Blocks
    measures: Measures
    residents: Records
    terminals: Machines
    log: OfficeLog


def desk_of(tenant: Tenant) -> Desk:
    """Return a town's back office."""
    log = OfficeLog(tenant.register, tenant.now)
    return Desk(
        intakes=tenant.office,
        blocks=Blocks(tenant.register, log, tenant.now),
        measures=Measures(tenant.register, log),
        residents=Records(tenant.register, log, tenant.now),
        terminals=Machines(tenant.register, tenant.terminals, tenant.states, tenant.orders, log),
        log=log,
    )
