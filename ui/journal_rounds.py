"""The journal's way to the cloud joined: cut, sent before all else, taken out here after its time."""

from datetime import timedelta

from client.config import Config
from client.domain.journal import JournalStanding
from client.jobs.send_journal import SendJournal
from client.jobs.watch_link import LinkWatch
from client.rules.retention import Retention
from ui.doors import Doors, utc_now
from ui.upkeep_file import UpkeepFile


def send_journal_of(config: Config, doors: Doors, link: LinkWatch) -> SendJournal:
    """Join the job of the rounds."""
    ledger = doors.stores.ledger

    def tell(stands: JournalStanding) -> None:
        told = {"entries": stands.entries, "received": stands.received}
        UpkeepFile(config.terminal_dir, utc_now).tell("journal", told)

    return SendJournal(
        ledger.journal, ledger, link, now=utc_now, retention=retention_of(config), received=tell
    )


def retention_of(config: Config) -> Retention:
    """Return how long the book is kept here."""
    least, most = timedelta(days=config.book_keep_least_days), timedelta(days=config.book_keep_days)
    return Retention(least, most or None)
