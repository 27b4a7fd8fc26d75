"""What two declare at this terminal: whether a disaster is declared, and the jobs that declare it or a 職務代理者."""

from collections.abc import Callable
from datetime import timedelta

from client.config import Config
from client.domain.declaration import Declaration
from client.jobs.declare_deputy import DeclareDeputy, EndDeputy
from client.jobs.declare_disaster import DeclareDisaster
from client.jobs.log_in import LogIn
from client.rules.declared import in_force
from ui.doors import Doors, utc_now
from ui.widgets.letters import Letters


def declared_now(doors: Doors) -> Declaration | None:
    """Return the declaration of disaster in force here."""
    declared = doors.vault.declarations.present
    return declared if in_force(declared, utc_now()) else None


def deputy_of(
    config: Config,
    doors: Doors,
    log_in: LogIn,
    on_line: Callable[[], bool],
    letters: Callable[[], Letters | None],
) -> DeclareDeputy:
    """Join the deputy to vault, replica and book; before the fonts are there, papers tell of a letter they lack."""

    def missing(text: str) -> tuple[str, ...]:
        fonts = letters()
        return () if fonts is None else fonts.missing(text)

    return DeclareDeputy(
        log_in,
        doors.vault,
        doors.vault.declarations.deputies,
        doors.stores.ledger,
        doors.stores.replica,
        now=utc_now,
        on_line=on_line,
        missing=missing,
        longest=config.deputy_days,
    )


def end_deputy_of(doors: Doors) -> EndDeputy:
    """Join what writes a deputy's end down to vault and book."""
    return EndDeputy(doors.vault.declarations.deputies, doors.stores.ledger, now=utc_now)


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
