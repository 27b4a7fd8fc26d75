"""The declaration of disaster of this terminal: whether one holds, and the job that makes it."""

from collections.abc import Callable
from datetime import timedelta

from client.config import Config
from client.domain.declaration import Declaration
from client.jobs.declare_disaster import DeclareDisaster
from client.jobs.log_in import LogIn
from client.rules.declared import in_force
from ui.doors import Doors, utc_now


def declared_now(doors: Doors) -> Declaration | None:
    """Return the declaration of disaster in force here."""
    declared = doors.vault.declarations.present
    return declared if in_force(declared, utc_now()) else None


def declare_of(config: Config, doors: Doors, log_in: LogIn, on_line: Callable[[], bool]) -> DeclareDisaster:
    """Join the declaration to vault and book."""
    return DeclareDisaster(
        log_in,
        doors.vault,
        doors.vault.declarations,
        doors.stores.ledger,
        now=utc_now,
        on_line=on_line,
        last=timedelta(days=config.declared_days),
        most=timedelta(days=config.declared_lease_days),
    )
