"""Which press the jobs get: in production the guarded one, so that no paper becomes a file unasked."""

from client.config import Config
from client.jobs.guard_paper import GuardPaper, Paper
from client.jobs.log_in import LogIn
from ui.doors import Doors


def paper_of(config: Config, doors: Doors, log_in: LogIn) -> Paper:
    """Return the press of every job; elsewhere than in production papers are files by design, and of no real record."""
    if config.environment != "production":
        return doors.press
    return GuardPaper(
        doors.press, doors.stores.ledger, present=lambda: log_in.present, allowed=config.allow_pdf_files
    )
